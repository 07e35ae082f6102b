"""What workspaces of files have in common, wherever the files lie.

A dataset's name is its path, which is its key too; `path@version` is its id. Only the present
version of a file is there, so an id names it or nothing. A folder whose files are one table can be
named as one dataset: its path ends in `/`; of all of them together it is `/`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final
from urllib.parse import unquote, urlsplit

import anyio.to_thread

from amltui.errors import DatasetGone, NotFound, NotSupportedByServer
from amltui.models import Dataset
from amltui.text import visible
from amltui.workspaces.base import Workspace
from amltui.workspaces.folder.directory import file_key
from amltui.workspaces.joining import MOST, OneTable, is_data, one_table, some_of
from amltui.workspaces.parts import reading
from amltui.workspaces.terms import Content, FilesAsked

TOP: Final = "/"
"""The key of all files together, where they are one table."""
_KEPT: Final = 64
"""Folders of which it is remembered where their bytes lie."""


class FileWorkspace(Workspace):
    """A workspace whose datasets are files."""

    named_by_key = True

    def __init__(self) -> None:
        self._folders: dict[str, OneTable] = {}
        """Of folders that are one table, by id, where their bytes lie."""

    @property
    def only(self) -> str | None:
        """The one file that is shown, known once this is entered; None: all of a folder."""
        return None

    @abstractmethod
    async def _present(self, key: str) -> Dataset:
        """A file as it is now.

        Raises:
            NotFound: there is none.
        """

    def _shows(self, key: str) -> bool:
        """Whether a file of this path would be listed, if there is one."""
        return bool(key)

    async def find(self, name: str) -> Dataset:
        """One by its path; a wrong one is compared with all."""
        return await self.named(name) or await super().find(name)

    async def named(self, name: str) -> Dataset | None:
        """One by its path; a folder, whose name ends in `/`, where its files are one table.

        Raises:
            NotSupportedByServer: they are none.
        """
        if name.endswith("/"):
            return await self._folder(name)
        if not self._shows(name):
            return None
        try:
            return await self._present(name)
        except NotFound:
            return None

    async def dataset(self, dataset_id: str) -> Dataset:
        """A file in the version that an id names, which is the present one or gone."""
        key = dataset_id.rpartition("@")[0]
        table = self._folders.get(dataset_id)
        if table is not None and table.whole:
            whole = await self.dataset(table.whole)
            return replace(whole, id=dataset_id, size=table.size, note=table.note)
        found = await (self._folder(key) if key.endswith("/") else self._present(key))
        if found is None or found.id != dataset_id:
            raise changed(key)
        return found

    async def _below(self, folder: str) -> list[Dataset]:
        """The files of a folder, at most one more than are put together."""
        found: list[Dataset] = []
        async for page in self.pages():
            found += [one for one in page if one.key.startswith(folder)]
            if len(found) > MOST:
                break
        return found

    async def _folder(self, key: str) -> Dataset | None:
        """A folder whose files are one table, as one dataset. None: there are no files in it.

        Raises:
            NotSupportedByServer: they are no one table.
        """
        if key == TOP and self.only is not None:
            return None
        folder = "" if key == TOP else key
        below = await self._below(folder)
        files = [one for one in below if is_data(one.key.removeprefix(folder))]
        files = sorted([one for one in files if one.size] or files, key=lambda one: one.key)
        if not files:
            return None
        found = await self._one_table(files, folder)
        if found is None:
            count = f"more than {MOST}" if len(files) > MOST else str(len(files))
            raise NotSupportedByServer(
                f"{visible(key)} is a folder of {count} files that are not one table",
                405,
                hint=f"Name one of them; `amltui ls --folder {visible(key)}` lists them.",
            )
        made = self._keep(key, found)
        times = [one.created_date for one in files if one.created_date is not None]
        name = key.rstrip("/").rpartition("/")[2] or _last_part(self.key)
        return Dataset(
            id=made,
            family_id=key,
            name=key,
            data_type_id=found.data_type_id,
            size=found.size,
            created_date=max(times, default=None),
            uploaded_from_filename=f"{name}{found.extension}",
            source_origin="Folder",
            note=found.note,
            typed=False,
        )

    def _keep(self, key: str, table: OneTable) -> str:
        """Remember where the bytes of a table lie; its id."""
        while len(self._folders) >= _KEPT:
            del self._folders[next(iter(self._folders))]
        made = f"{key}@{table.etag.strip(chr(34))}"
        self._folders[made] = table
        return made

    async def narrowed(self, dataset: Dataset, asked: FilesAsked) -> Dataset | None:
        """Of a folder that is one table with partitions, only the files that are asked for."""
        if not dataset.key.endswith("/"):
            return None
        if dataset.id not in self._folders:
            await self.dataset(dataset.id)
        whole = self._folders[dataset.id]
        if whole.partitions is None:
            return None
        names, values = whole.partitions.names, whole.partitions.typed()
        numbers = await anyio.to_thread.run_sync(asked, names, values)
        if numbers is None or len(numbers) == len(whole.files):
            return None
        table = await some_of(self, whole, numbers or [0])  # of none, one: it has the columns
        made = self._keep(dataset.key, replace(table, whole=dataset.id))
        return replace(dataset, id=made, size=table.size, note=table.note)

    async def _one_table(self, files: Sequence[Dataset], folder: str) -> OneTable | None:
        """See `one_table`."""
        return await one_table(self, files, folder=folder)

    @asynccontextmanager
    async def _read_folder(
        self, dataset: Dataset, start: int, stop: int | None, etag: str | None
    ) -> AsyncIterator[Content]:
        """Read files one after the other; one that changed since ends it with an error."""
        table = self._folders.get(dataset.id)
        if table is None:
            await self.dataset(dataset.id)
            table = self._folders[dataset.id]
        content = reading(table.parts, table.etag, start=start, stop=stop, etag=etag)
        async with content as opened:
            yield opened

    def name_for(self, dataset: Dataset, name: str) -> str:
        """A name of a file."""
        return file_key(dataset, name)


def _last_part(address: str) -> str:
    """What an address ends with: a folder, or the bucket or host itself."""
    parts = urlsplit(address)
    return unquote(parts.path).strip("/").rpartition("/")[2] or parts.netloc.partition("@")[0]


def changed(key: str) -> DatasetGone:
    """The file is not any more what was listed."""
    return DatasetGone(
        f"{visible(key)} was changed since", 404, hint="Refresh the list to see it anew."
    )
