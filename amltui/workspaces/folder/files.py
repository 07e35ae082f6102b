"""What workspaces of files have in common, wherever the files lie.

A dataset's name is its path, which is its key too; `path@version` is its id. Only the present
version of a file is there, so an id names it or nothing. A folder whose files are one table can be
named as one dataset: its path ends in `/`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Final

from amltui.errors import DatasetGone, NotFound, NotSupportedByServer
from amltui.models import Dataset
from amltui.text import visible
from amltui.workspaces.base import Workspace
from amltui.workspaces.chunks import bytes_given
from amltui.workspaces.folder.directory import file_key
from amltui.workspaces.joining import MOST, is_data, one_table
from amltui.workspaces.parts import Part, PiecesContent, etag_of, pieces, size_of
from amltui.workspaces.terms import Content

_KEPT: Final = 64
"""Folders of which it is remembered where their bytes lie."""


class FileWorkspace(Workspace):
    """A workspace whose datasets are files."""

    named_by_key = True

    def __init__(self) -> None:
        self._folders: dict[str, tuple[Part, ...]] = {}
        """Of folders that are one table, by id, where their bytes lie."""

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
        files = [one for one in await self._below(key) if is_data(one.key.removeprefix(key))]
        files = sorted([one for one in files if one.size] or files, key=lambda one: one.key)
        if not files:
            return None
        found = await one_table(self, files)
        if found is None:
            count = f"more than {MOST}" if len(files) > MOST else str(len(files))
            raise NotSupportedByServer(
                f"{visible(key)} is a folder of {count} files that are not one table",
                405,
                hint=f"Name one of them; `amltui ls --folder {visible(key)}` lists them.",
            )
        etag = etag_of(found.parts)
        while len(self._folders) >= _KEPT:
            del self._folders[next(iter(self._folders))]
        made = f"{key}@{etag.strip(chr(34))}"
        self._folders[made] = found.parts
        times = [one.created_date for one in files if one.created_date is not None]
        name = key.rstrip("/").rpartition("/")[2]
        return Dataset(
            id=made,
            family_id=key,
            name=key,
            data_type_id=found.data_type_id,
            size=size_of(found.parts),
            created_date=max(times, default=None),
            uploaded_from_filename=f"{name}{found.extension}",
            source_origin="Folder",
            note=found.note,
            typed=False,
        )

    @asynccontextmanager
    async def _read_folder(
        self, dataset: Dataset, start: int, stop: int | None, etag: str | None
    ) -> AsyncIterator[Content]:
        """Read files one after the other; one that changed since ends it with an error."""
        parts = self._folders.get(dataset.id)
        if parts is None:
            await self.dataset(dataset.id)
            parts = self._folders[dataset.id]
        validator = etag_of(parts)
        info, end = bytes_given(size_of(parts), validator, start=start, stop=stop, etag=etag)
        async with aclosing(PiecesContent(info, pieces(parts, info.start, end), None)) as content:
            yield content

    def name_for(self, dataset: Dataset, name: str) -> str:
        """A name of a file."""
        return file_key(dataset, name)


def changed(key: str) -> DatasetGone:
    """The file is not any more what was listed."""
    return DatasetGone(
        f"{visible(key)} was changed since", 404, hint="Refresh the list to see it anew."
    )
