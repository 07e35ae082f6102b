"""A bucket or a container as a workspace: S3, Azure Blob, Google Cloud Storage.

Read through obstore, written in parts by the clouds' own clients, see `store_writing`. All of it
is called in threads: obstore's async interface can abort the interpreter at exit.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final, Self

import anyio
import anyio.to_thread

from amltui.errors import Cancelled, DatasetGone, NotFound, Rejected
from amltui.models import ContentInfo, Dataset, Level, Listing, OutputPort, WorkspaceInfo
from amltui.text import visible
from amltui.workspaces.base import Workspace, opened
from amltui.workspaces.capabilities import CAN, OPENED_READ_ONLY, Capabilities, Capability
from amltui.workspaces.chunks import ChunkedContent, bytes_given
from amltui.workspaces.folder.directory import check_new_name
from amltui.workspaces.folder.files import TOP, FileWorkspace
from amltui.workspaces.folder.notes import NAME
from amltui.workspaces.folder.store_changes import (
    BegunUpload,
    Probed,
    StoreChanges,
    note_of,
    probed,
)
from amltui.workspaces.folder.store_connect import connected
from amltui.workspaces.folder.store_errors import LIST, READ, OddName, mapped
from amltui.workspaces.folder.store_listing import (
    Object,
    account_of,
    hadoop_address,
    is_hidden,
    pages_of,
)
from amltui.workspaces.folder.store_notes import notes_of
from amltui.workspaces.folder.store_objects import StoreObjects
from amltui.workspaces.folder.store_versions import (
    VersionId,
    kept,
    restore,
    version_of,
    versions_of,
)
from amltui.workspaces.lists import ListBuilder
from amltui.workspaces.terms import Content, PartSizes, Route, Seen, Upload

_COPY: Final = Capability("Contents are copied by way of this machine.")
_LONGEST: Final = 1_024
"""Bytes of a key: what S3 and Google take, and less than Azure."""


class StoreWorkspace(FileWorkspace):
    """The objects below a prefix, each a dataset named by its path from there."""

    part_sizes = PartSizes(smallest=5 << 20, largest=64 << 20, most=10_000)

    def __init__(self, url: str, *, write: bool = False) -> None:
        """Take `scheme://bucket/prefix` as a workspace; it is connected when it is entered.

        Args:
            url: the address, without credentials.
            write: whether objects may be made, changed and deleted.
        """
        super().__init__()
        self._url = url
        self._write = write
        self._connected: StoreObjects | None = None
        self._changes: StoreChanges | None = None
        self._can: Capabilities | None = None

    @property
    def key(self) -> str:
        """The address; credentials are never part of it."""
        return self._url

    async def __aenter__(self) -> Self:
        store = await anyio.to_thread.run_sync(connected, self._url)
        self._connected = StoreObjects(self._url, store)
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._connected = self._changes = None

    @property
    def _objects(self) -> StoreObjects:
        return opened(self._connected)

    async def addresses(self, dataset: Dataset) -> tuple[str, ...]:
        """The object, or the prefix of one table, in the store."""
        root = hadoop_address(self._url)
        return () if root is None else (f"{root}/{dataset.key.removeprefix(TOP)}",)

    async def info(self) -> WorkspaceInfo:
        """The address, when the store has answered."""
        import obstore

        def ask() -> None:
            with contextlib.suppress(OddName), mapped(self._url, LIST):
                next(iter(obstore.list(self._objects.store, chunk_size=1)), None)

        await anyio.to_thread.run_sync(ask)
        return WorkspaceInfo(self._url, friendly_name=self._url)

    async def route(self) -> Route | None:
        """Which way obstore takes is not known here."""
        return None

    async def capabilities(self) -> Capabilities:
        """Reading; where writing was allowed, what one small object shows of the store."""
        if self._can is None:
            found = Probed(OPENED_READ_ONLY)
            if self._write:
                found = await anyio.to_thread.run_sync(probed, self._objects)
            self._changes, write = found.changes, found.write
            versions = CAN
            if not found.versioned:
                versions = await anyio.to_thread.run_sync(kept, self._url)
            self._can = Capabilities(
                write=write,
                edit=write,
                versions=versions,
                restore=versions and write,
                experiments=Capability("An object store has no experiments."),
                copy=CAN if write else _COPY,
                exclusive=found.exclusive,
                tables=CAN,
            )
        return self._can

    async def datasets(self, *, etag: str | None = None) -> Listing | None:
        """All objects below the prefix; a change of any of them changes the list's validator."""
        return await self.listed(lambda _: None, etag=etag)

    async def listed(self, seen: Seen, *, etag: str | None = None) -> Listing | None:
        """As `datasets`; what the last page may say more of, its notes, is given with the next."""
        found: list[Object] = []
        sidecars: dict[str, str] = {}
        waiting: list[Object] = []
        unreadable = 0
        async for page, missing in self._pages():
            unreadable += missing
            here = {one.key: one.etag for one in page if one.key.rpartition("/")[2] == NAME}
            if here:
                await anyio.to_thread.run_sync(self._objects.notes.add, here)
                sidecars |= here
            found += page
            # Lists are in the order of their names: what comes before the place of its notes waits.
            last = page[-1].key if page else ""
            ready = [one for one in (*waiting, *page) if last >= notes_of(one.key)]
            waiting = [one for one in (*waiting, *page) if last < notes_of(one.key)]
            seen(self._objects.shown(ready))
        seen(self._objects.shown(waiting))
        await anyio.to_thread.run_sync(self._objects.notes.listed, sidecars)
        listed = ListBuilder()
        listed.add(
            (self._objects.noted(one.dataset) for one in found if not is_hidden(one.key)),
            unreadable,
        )
        return listed.listing(etag=etag)

    async def pages(self) -> AsyncIterator[tuple[Dataset, ...]]:
        """As `datasets`, a page of the store at a time, without what is noted of objects."""
        async for page, _ in self._pages():
            yield tuple(one.dataset for one in page if not is_hidden(one.key))

    async def level(self, prefix: str) -> Level:
        """One folder, asked of the store as such: what lies deeper is not listed."""
        try:
            level = await anyio.to_thread.run_sync(self._objects.level, prefix)
        except OddName:
            return await super().level(prefix)
        if prefix and not level.folders and not level.datasets:
            raise NotFound(f"There is no folder {visible(prefix)}", 404)
        return level

    async def _pages(self) -> AsyncIterator[tuple[tuple[Object, ...], int]]:
        """Objects, and how many beside them have names that cannot be read here."""
        pages = pages_of(self._objects.store, self._url)
        while True:
            page = await anyio.to_thread.run_sync(next, pages, None)
            if page is None:
                return
            yield page

    def _shows(self, key: str) -> bool:
        return bool(key) and not is_hidden(key)

    def copies_from(self, other: Workspace) -> bool:
        """From another bucket or folder of the same store."""
        return isinstance(other, StoreWorkspace) and account_of(other.key) == account_of(self.key)

    async def copy_from(
        self,
        other: Workspace,
        dataset: Dataset,
        *,
        name: str,
        begun: Callable[[str], None] = lambda _: None,
        copied: Callable[[int], None] = lambda _: None,
    ) -> str:
        """Copy inside the store."""
        changes = await self._changing()
        self.check_name(name)
        assert isinstance(other, StoreWorkspace)  # as `copies_from` says
        source = other._objects.place(dataset.key)  # noqa: SLF001
        stop, loop = threading.Event(), asyncio.get_running_loop()

        def go_on(count: int) -> None:
            if stop.is_set():
                raise Cancelled(f"Stopped: {visible(name)}")
            loop.call_soon_threadsafe(copied, count)

        copying = asyncio.ensure_future(
            asyncio.to_thread(changes.copy, source, dataset, name, begun, go_on)
        )
        try:
            return await asyncio.shield(copying)
        except asyncio.CancelledError:
            stop.set()
            with anyio.CancelScope(shield=True):
                await asyncio.wait([copying])
            if copying.exception() is None:
                return copying.result()
            raise

    @asynccontextmanager
    async def read(
        self,
        source: Dataset | OutputPort,
        *,
        start: int = 0,
        stop: int | None = None,
        etag: str | None = None,
    ) -> AsyncIterator[Content]:
        """Read a range of the object in the version that was listed, or say that it changed."""
        dataset = await self._dataset_to_read(source)
        version = VersionId.of(dataset.id)
        if dataset.key.endswith("/"):
            async with self._read_folder(dataset, start, stop, etag) as folder:
                yield folder
            return
        validator = f'"{version.etag}"'
        info, end = bytes_given(dataset.size or 0, validator, start=start, stop=stop, etag=etag)
        wanted = (info.start, end)
        if info.start >= end:
            yield _StoreContent(info, iter(()))
            return

        chunks = await anyio.to_thread.run_sync(self._objects.chunks, version, wanted)
        yield _StoreContent(info, chunks)

    async def versions(self, key: str) -> tuple[Dataset, ...]:
        """All versions of an object that the store keeps."""
        await self._require("versions")
        found = await anyio.to_thread.run_sync(
            versions_of, self._url, self._objects.place(key), key
        )
        return await anyio.to_thread.run_sync(lambda: tuple(map(self._objects.noted, found)))

    async def dataset(self, dataset_id: str) -> Dataset:
        """An object in the version that an id names, also an older one that the store keeps."""
        try:
            if not VersionId.of(dataset_id).version:
                return await super().dataset(dataset_id)
        except DatasetGone:
            if VersionId.of(dataset_id).key.endswith("/"):
                raise
            if not (await self.capabilities()).versions:
                raise
        key = VersionId.of(dataset_id).key
        found = await anyio.to_thread.run_sync(
            version_of, self._url, self._objects.place(key), dataset_id
        )
        return await anyio.to_thread.run_sync(self._objects.noted, found)

    async def restore(self, dataset_id: str) -> Dataset:
        """Copy an older version onto the object, inside the store."""
        await self._require("restore")
        version = await self.dataset(dataset_id)
        if not version.is_latest:
            await anyio.to_thread.run_sync(
                restore, self._url, self._objects.place(version.key), version
            )
        return await self._present(version.key)

    async def _below(self, folder: str) -> list[Dataset]:
        return await anyio.to_thread.run_sync(self._objects.below, folder)

    def check_name(self, name: str) -> None:
        """See that an object can have this name."""
        check_new_name(name)
        if len(self._objects.place(name).key.encode()) > _LONGEST:
            raise Rejected(f"An object's key has at most {_LONGEST:,} bytes", 400)

    async def begin_upload(
        self, data_type_id: str, *, name: str = "", replaces: str | None = None
    ) -> Upload:
        """Begin one at the store; the version that is there now is the one it may replace."""
        changes = await self._changing()
        self.check_name(name)
        begun = await anyio.to_thread.run_sync(changes.begin, name, replaces)
        return Upload(begun.text, data_type_id)

    async def send_part(self, upload: Upload, index: int, data: bytes, *, total: int) -> None:
        """Send a part to the store."""
        del total
        changes, begun = await self._changing(), BegunUpload.of(upload.id)
        await anyio.to_thread.run_sync(changes.send, begun, index, data)

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
        """Make the object of its parts, on the condition that nobody came before."""
        changes, begun = await self._changing(), BegunUpload.of(upload.id)
        del filename
        if begun.name != name:
            raise NotFound("This upload was begun for another name", 404)
        note = note_of(name, description, data_type_id or upload.data_type_id)
        return await anyio.to_thread.run_sync(changes.commit, begun, note, replaces)

    async def abort(self, upload: Upload) -> None:
        """Give the parts up."""
        changes, begun = await self._changing(), BegunUpload.of(upload.id)
        await anyio.to_thread.run_sync(changes.abort, begun)

    async def abort_unnamed(
        self, name: str, *, since: datetime, known: Callable[[], Collection[str]]
    ) -> None:
        """Give up what holds no part, where the store lists it."""
        changes = await self._changing()
        await anyio.to_thread.run_sync(changes.abort_unnamed, name, since, known)

    async def edit(
        self,
        dataset: Dataset,
        *,
        name: str | None = None,
        description: str | None = None,
        begun: Callable[[str], None] = lambda _: None,
    ) -> Dataset:
        """Note a description; a new name is a copy inside the store, and then a deletion."""
        changes = await self._changing()
        if name is not None:
            self.check_name(name)
        key = await anyio.to_thread.run_sync(changes.edit, dataset.key, name, description, begun)
        return await self._present(key)

    async def delete(self, key: str) -> None:
        """Delete the object, and what is noted of it."""
        changes = await self._changing()
        await anyio.to_thread.run_sync(changes.delete, key)

    async def _changing(self) -> StoreChanges:
        """What changes objects here.

        Raises:
            NotSupportedByServer: nothing does.
        """
        (await self.capabilities()).write.require()
        assert self._changes is not None
        return self._changes

    async def _present(self, key: str) -> Dataset:
        return await anyio.to_thread.run_sync(self._objects.present, key)


class _StoreContent(ChunkedContent):
    """The chunks of one answer."""

    def __init__(self, info: ContentInfo, chunks: Iterator[Any]) -> None:
        super().__init__(info)
        self._chunks = chunks

    async def _next_chunk(self) -> memoryview | None:
        return await anyio.to_thread.run_sync(self._next)

    def _next(self) -> memoryview | None:
        with mapped("the contents", READ):
            chunk = next(self._chunks, None)
            return None if chunk is None else memoryview(chunk)
