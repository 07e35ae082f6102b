"""What a folder answers to the workspace interface."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, Final, Self

import anyio.to_thread

from amltui.errors import TransferCut
from amltui.formats import UNKNOWN_BINARY, data_type_of_name, guess_data_type
from amltui.models import ContentInfo, Dataset, Level, Listing, OutputPort, WorkspaceInfo
from amltui.text import visible
from amltui.workspaces.capabilities import (
    CAN,
    ONE_FILE,
    OPENED_READ_ONLY,
    Capabilities,
    Capability,
)
from amltui.workspaces.chunks import bytes_given
from amltui.workspaces.folder.directory import PART, Directory, File
from amltui.workspaces.folder.files import FileWorkspace, changed
from amltui.workspaces.folder.notes import Note
from amltui.workspaces.lists import ListBuilder
from amltui.workspaces.terms import Content, LocalContent, PartSizes, Route, Upload

_PIECE: Final = 1 << 18
"""Bytes that are read in one step."""
_PAGE: Final = 1_000


class FolderWorkspace(FileWorkspace):
    """The files below a directory of this machine, each a dataset named by its path."""

    part_sizes = PartSizes(smallest=PART, largest=PART, most=1 << 20)

    def __init__(self, root: Path, *, write: bool = False) -> None:
        """Take a directory as a workspace.

        Args:
            root: an absolute path; of a file, its folder is shown with that file alone.
            write: whether files may be made, changed and deleted.
        """
        super().__init__()
        self._root = root
        self._directory = Directory(root)
        self._only: str | None = None
        """The one file that is shown; None: all."""
        self._write = CAN if write else OPENED_READ_ONLY

    @property
    def only(self) -> str | None:
        """The file that was named; None: it is a folder."""
        return self._only

    @property
    def key(self) -> str:
        """The directory's address."""
        return self._root.as_uri()

    async def __aenter__(self) -> Self:
        await anyio.to_thread.run_sync(self._open)
        return self

    def _open(self) -> None:
        if self._root.is_file():
            self._directory, self._only = Directory(self._root.parent), self._root.name
        else:
            self._directory.open()

    async def __aexit__(self, *exc: object) -> None:
        pass

    async def info(self) -> WorkspaceInfo:
        """The directory's path."""
        return WorkspaceInfo(self.key, friendly_name=self._root.name or str(self._root))

    async def route(self) -> Route | None:
        """By no network."""
        return None

    async def capabilities(self) -> Capabilities:
        """A folder keeps the present contents of its files and nothing else."""
        return Capabilities(
            write=self._write,
            edit=self._write,
            versions=Capability("A folder keeps only the present version of a file."),
            restore=Capability("A folder keeps only the present version of a file."),
            experiments=Capability("A folder has no experiments."),
            tables=CAN if self._only is None else ONE_FILE,
        )

    async def datasets(self, *, etag: str | None = None) -> Listing | None:
        """All files below the directory; a change of any of them changes the list's validator."""
        found = ListBuilder()
        async for page, unreadable in self._pages():
            found.add(page, unreadable)
        return found.listing(etag=etag)

    async def pages(self) -> AsyncIterator[tuple[Dataset, ...]]:
        """As `datasets`, a thousand at a time."""
        async for page, _ in self._pages():
            yield page

    async def level(self, prefix: str) -> Level:
        """One folder; what lies deeper is not looked at."""
        if self._only is not None:
            return await super().level(prefix)

        def look() -> Level:
            folders = self._directory.folders(prefix)
            files = list(self._directory.list(prefix, deep=False))
            there = tuple(self._dataset(one) for one in files if one is not None)
            return Level(tuple(folders), there, len(files) - len(there))

        return await anyio.to_thread.run_sync(look)

    async def _pages(self) -> AsyncIterator[tuple[tuple[Dataset, ...], int]]:
        """Datasets, and how many entries beside them could not be read."""
        files: Iterator[File | None] = self._directory.list()
        if self._only is not None:
            files = iter([await anyio.to_thread.run_sync(self._directory.file, self._only)])

        def take() -> list[Dataset | None]:
            page = [one for _, one in zip(range(_PAGE), files, strict=False)]
            return [None if one is None else self._dataset(one) for one in page]

        while page := await anyio.to_thread.run_sync(take):
            there = tuple(one for one in page if one is not None)
            yield there, len(page) - len(there)

    def _shows(self, key: str) -> bool:
        return bool(key) and self._only in {None, key}

    async def local_content(self, dataset: Dataset) -> LocalContent | None:
        """Where the file lies, as long as it is the one that was listed."""
        if dataset.key.endswith("/"):
            return None
        file = await anyio.to_thread.run_sync(self._directory.file, dataset.key)
        if _id(file) != dataset.id:
            return None
        return LocalContent(self._directory.path(dataset.key))

    async def addresses(self, dataset: Dataset) -> tuple[str, ...]:
        """The path of the file, or of the folder of one table."""
        if dataset.key.endswith("/"):
            below = dataset.key.rstrip("/")
            return (f"file://{self._directory.path(below) if below else self._root}/",)
        return await super().addresses(dataset)

    @asynccontextmanager
    async def read(
        self,
        source: Dataset | OutputPort,
        *,
        start: int = 0,
        stop: int | None = None,
        etag: str | None = None,
    ) -> AsyncIterator[Content]:
        """Read the file itself; one that changes while it is read is noticed."""
        dataset = await self._dataset_to_read(source)
        if dataset.key.endswith("/"):
            async with self._read_folder(dataset, start, stop, etag) as folder:
                yield folder
            return
        file, about = await anyio.to_thread.run_sync(self._directory.open_file, dataset.key)
        try:
            if _id(about) != dataset.id:
                raise changed(dataset.key)
            info, end = bytes_given(
                about.size, f'"{about.etag}"', start=start, stop=stop, etag=etag
            )
            yield _FileContent(info, file, about, end)
        finally:
            file.close()

    def check_name(self, name: str) -> None:
        """See that a file can have this name."""
        self._directory.check_name(name)

    async def begin_upload(
        self, data_type_id: str, *, name: str = "", replaces: str | None = None
    ) -> Upload:
        """Begin a hidden file."""
        await self._require("write")
        if name:
            self.check_name(name)
        begun = await anyio.to_thread.run_sync(self._directory.begin, name, replaces)
        return Upload(begun, data_type_id)

    async def send_part(self, upload: Upload, index: int, data: bytes, *, total: int) -> None:
        """Write a part at its place."""
        await self._require("write")
        del total
        await anyio.to_thread.run_sync(self._directory.write_part, upload.id, index, data)

    async def commit(
        self,
        upload: Upload,
        *,
        name: str,
        description: str = "",
        data_type_id: str | None = None,
        replaces: str | None = None,
        filename: str = "",
    ) -> str:
        """Give the hidden file its name."""
        await self._require("write")
        del filename
        kind = data_type_id or upload.data_type_id
        told = kind == data_type_of_name(name) != UNKNOWN_BINARY
        note = Note(description, "" if told else kind)

        def work() -> str:
            return _id(self._directory.commit(upload.id, name, note, replaces=replaces))

        return await anyio.to_thread.run_sync(work)

    async def abort(self, upload: Upload) -> None:
        """Remove the hidden file."""
        await anyio.to_thread.run_sync(self._directory.drop, upload.id)

    async def abort_unnamed(
        self, name: str, *, since: datetime, known: Callable[[], Collection[str]]
    ) -> None:
        """Remove the hidden file, if it is empty."""
        await anyio.to_thread.run_sync(self._directory.drop_unnamed, name, since, known)

    async def edit(
        self,
        dataset: Dataset,
        *,
        name: str | None = None,
        description: str | None = None,
        begun: Callable[[str], None] = lambda _: None,
    ) -> Dataset:
        """Rename the file, which changes its key too, or note a description."""
        del begun
        await self._require("write")

        def work() -> Dataset:
            key = dataset.key
            if name is not None and name != key:
                self._directory.rename(key, name)
                key = name
            if description is not None:
                note = self._directory.file(key).note
                self._directory.describe(key, replace(note, description=description))
            return self._dataset(self._directory.file(key))

        return await anyio.to_thread.run_sync(work)

    async def delete(self, key: str) -> None:
        """Delete the file."""
        await self._require("write")
        await anyio.to_thread.run_sync(self._directory.delete, key)

    async def _present(self, key: str) -> Dataset:
        """A file as it is now."""
        return await anyio.to_thread.run_sync(lambda: self._dataset(self._directory.file(key)))

    def _dataset(self, file: File) -> Dataset:
        """What a file is as a dataset; reads its first bytes where its name does not say."""
        kind = file.note.type or data_type_of_name(file.key)
        if not file.note.type and kind == UNKNOWN_BINARY:
            kind = _looked_at(self._directory.path(file.key), file.etag)
        return Dataset(
            id=_id(file),
            family_id=file.key,
            name=file.key,
            data_type_id=kind,
            description=file.note.description,
            size=file.size,
            created_date=file.modified,
            uploaded_from_filename=file.key.rpartition("/")[2],
            source_origin="Folder",
            typed=bool(file.note.type),
        )


def _id(file: File) -> str:
    return f"{file.key}@{file.etag}"


@lru_cache(maxsize=1 << 14)
def _looked_at(path: Path, etag: str) -> str:
    """The data type that a file's first bytes show; looked at again when it has changed."""
    del etag
    try:
        return guess_data_type(path)
    except OSError:  # it is gone, or not for us: reading it says so
        return UNKNOWN_BINARY


class _FileContent:
    """An open file from one byte to before another."""

    def __init__(self, info: ContentInfo, file: BinaryIO, about: File, end: int) -> None:
        self.info = info
        self._file = file
        self._about = about
        self._place = info.start
        self._end = end

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self._place < self._end:
            size = min(_PIECE, self._end - self._place)
            data = await anyio.to_thread.run_sync(self._read, size)
            yield data

    async def readinto(self, view: memoryview) -> int:
        """See `Content.readinto`."""
        size = min(len(view), self._end - self._place)
        if size <= 0:
            return 0
        data = await anyio.to_thread.run_sync(self._read, size)
        view[: len(data)] = data
        return len(data)

    def _read(self, size: int) -> bytes:
        data = os.pread(self._file.fileno(), size, self._place)
        status = os.fstat(self._file.fileno())
        if not data or (status.st_size, status.st_mtime_ns) != self._as_opened:
            raise TransferCut(
                f"{visible(self._about.key)} was changed while it was read",
                received=self._place - self.info.start,
                hint="Refresh the list and read it again.",
            )
        self._place += len(data)
        return data

    @property
    def _as_opened(self) -> tuple[int, int]:
        _, size, modified = self._about.etag.split("-")
        return int(size, 16), int(modified, 16)
