"""A bucket or a container as a workspace: S3, Azure Blob, Google Cloud Storage.

Read through obstore, written in parts by the clouds' own clients, see `store_writing`. All of it
is called in threads: obstore's async interface can abort the interpreter at exit.
"""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, Self, TypeVar

import anyio.to_thread

from amltui.errors import (
    AmltuiError,
    Conflict,
    ContentChanged,
    DatasetGone,
    NotFound,
    Rejected,
    ServerFailed,
)
from amltui.formats import data_type_of_name
from amltui.models import ContentInfo, Dataset, Level, Listing, OutputPort, WorkspaceInfo
from amltui.text import visible
from amltui.workspaces.base import Workspace
from amltui.workspaces.capabilities import CAN, OPENED_READ_ONLY, Capabilities, Capability
from amltui.workspaces.chunks import ChunkedContent, bytes_given
from amltui.workspaces.folder.directory import check_new_name, overtaken
from amltui.workspaces.folder.files import FileWorkspace
from amltui.workspaces.folder.notes import NAME, Note
from amltui.workspaces.folder.store_connect import connected, writer_of
from amltui.workspaces.folder.store_errors import DELETE, LIST, READ, WRITE, OddName, mapped
from amltui.workspaces.folder.store_listing import (
    HIDDEN,
    Object,
    account_of,
    container_of,
    is_hidden,
    object_of,
    pages_of,
)
from amltui.workspaces.folder.store_notes import StoreNotes, notes_of
from amltui.workspaces.folder.store_versions import (
    VersionId,
    kept,
    restore,
    version_of,
    versions_of,
)
from amltui.workspaces.folder.store_writing import Place, Writer
from amltui.workspaces.joining import MOST
from amltui.workspaces.lists import ListBuilder
from amltui.workspaces.terms import Content, PartSizes, Route, Seen, Upload

_NO_GUARD: Final = Capability(
    "This store ignores conditions: of two who write one name at the same moment, the later one "
    "silently wins."
)
_COPY: Final = Capability("Contents are copied by way of this machine.")
_LONGEST: Final = 1_024
"""Bytes of a key: what S3 and Google take, and less than Azure."""
_PIECE: Final = 1 << 20
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Begun:
    """An upload that was begun, as its id keeps it."""

    name: str
    token: str
    upload: str
    """What the store calls it."""
    etag: str | None
    """The version that was there when it was begun. None: there was none."""

    @property
    def text(self) -> str:
        """The id."""
        return json.dumps([self.name, self.token, self.upload, self.etag])

    @classmethod
    def of(cls, upload: Upload) -> Self:
        """The upload of an id.

        Raises:
            NotFound: it is no id of one.
        """
        try:
            return cls(*json.loads(upload.id))
        except (ValueError, TypeError):
            raise NotFound("There is no such upload", 404) from None


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
        self._store: Any = None
        self._writer: Writer | None = None
        self._notes = StoreNotes(None)
        self._can: Capabilities | None = None

    @property
    def key(self) -> str:
        """The address; credentials are never part of it."""
        return self._url

    async def __aenter__(self) -> Self:
        self._store = await anyio.to_thread.run_sync(connected, self._url)
        self._notes = StoreNotes(self._store)
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._store = self._writer = None

    async def info(self) -> WorkspaceInfo:
        """The address, when the store has answered."""
        import obstore

        def ask() -> None:
            with contextlib.suppress(OddName), mapped(self._url, LIST):
                next(iter(obstore.list(self._store, chunk_size=1)), None)

        await anyio.to_thread.run_sync(ask)
        return WorkspaceInfo(self._url, friendly_name=self._url)

    async def route(self) -> Route | None:
        """Which way obstore takes is not known here."""
        return None

    async def capabilities(self) -> Capabilities:
        """Reading; where writing was allowed, what one small object shows of the store."""
        if self._can is None:
            write, exclusive = OPENED_READ_ONLY, CAN
            if self._write:
                write, exclusive = await anyio.to_thread.run_sync(self._probe)
            versions = await anyio.to_thread.run_sync(kept, self._url)
            self._can = Capabilities(
                write=write,
                edit=write,
                versions=versions,
                restore=versions and write,
                experiments=Capability("An object store has no experiments."),
                copy=CAN if write else _COPY,
                exclusive=exclusive,
            )
        return self._can

    def _probe(self) -> tuple[Capability, Capability]:
        """Whether objects can be made here, and whether the store honours conditions."""
        import obstore

        key = f"{HIDDEN}-probe-{secrets.token_hex(8)}"
        try:
            self._writer = writer_of(self._url)
            with mapped(key, WRITE):
                obstore.put(self._store, key, b"", mode="create")
        except AmltuiError as error:
            return Capability(f"{error}."), CAN
        honoured = 0
        modes: tuple[Any, Any] = ("create", {"e_tag": '"00000000000000000000000000000000"'})
        for mode in modes:
            try:
                with mapped(key, WRITE):
                    obstore.put(self._store, key, b"", mode=mode)
            except (Conflict, ContentChanged):
                honoured += 1
            except AmltuiError:
                pass
        with contextlib.suppress(AmltuiError), mapped(key, DELETE):
            obstore.delete(self._store, key)
        return CAN, CAN if honoured == 2 else _NO_GUARD

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
                await anyio.to_thread.run_sync(self._notes.add, here)
                sidecars |= here
            found += page
            # Lists are in the order of their names: what comes before the place of its notes waits.
            last = page[-1].key if page else ""
            ready = [one for one in (*waiting, *page) if last >= notes_of(one.key)]
            waiting = [one for one in (*waiting, *page) if last < notes_of(one.key)]
            seen(self._shown(ready))
        seen(self._shown(waiting))
        await anyio.to_thread.run_sync(self._notes.listed, sidecars)
        listed = ListBuilder()
        listed.add(
            (self._noted(one.dataset) for one in found if not is_hidden(one.key)), unreadable
        )
        return listed.listing(etag=etag)

    def _shown(self, objects: Iterable[Object]) -> tuple[Dataset, ...]:
        """What people see of a page: without our own objects, with what is known of notes."""
        return tuple(
            _with_note(one.dataset, self._notes.known(one.key))
            for one in objects
            if not is_hidden(one.key)
        )

    async def pages(self) -> AsyncIterator[tuple[Dataset, ...]]:
        """As `datasets`, a page of the store at a time, without what is noted of objects."""
        async for page, _ in self._pages():
            yield tuple(one.dataset for one in page if not is_hidden(one.key))

    async def level(self, prefix: str) -> Level:
        """One folder, asked of the store as such: what lies deeper is not listed."""
        import obstore

        def ask() -> Level:
            with mapped(prefix or self._url, LIST):
                # By its path, which has no slash at its end.
                found = obstore.list_with_delimiter(self._store, prefix.strip("/") or None)
            self._notes.refresh(prefix)
            objects = [object_of(meta) for meta in found["objects"]]
            folders = tuple(f"{one}/" for one in found["common_prefixes"])
            marks = {one.removesuffix("/") for one in folders} | {prefix.rstrip("/")}
            return Level(
                folders,
                tuple(
                    self._noted(one.dataset)
                    for one in objects
                    if not is_hidden(one.key) and (one.dataset.size or one.key not in marks)
                ),
            )

        try:
            level = await anyio.to_thread.run_sync(ask)
        except OddName:
            return await super().level(prefix)
        if prefix and not level.folders and not level.datasets:
            raise NotFound(f"There is no folder {visible(prefix)}", 404)
        return level

    async def _pages(self) -> AsyncIterator[tuple[tuple[Object, ...], int]]:
        """Objects, and how many beside them have names that cannot be read here."""
        pages = pages_of(self._store, self._url)
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

    async def copy_from(self, other: Workspace, dataset: Dataset, *, name: str) -> str:
        """Copy inside the store."""
        writer = await self._writing()
        self.check_name(name)
        assert isinstance(other, StoreWorkspace)  # as `copies_from` says
        source, etag = other._place(dataset.key), dataset.id.rpartition("@")[2]  # noqa: SLF001

        def work() -> str:
            if not self._guarded and self._etag(name) is not None:
                raise Conflict(f"There is an object {visible(name)} already", 409)
            writer.copy(source, etag, self._place(name))
            kind = dataset.data_type_id
            self._notes.write(
                name, Note(dataset.description, "" if kind == data_type_of_name(name) else kind)
            )
            return self._head(name).dataset.id

        return await anyio.to_thread.run_sync(work)

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
        import obstore

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

        def get() -> Iterator[Any]:
            options: Any = {"range": wanted, "if_match": validator}
            if version.version:
                options["version"] = version.version
            result = obstore.get(self._store, dataset.key, options=options)
            given = tuple(result.range)
            if given != wanted:
                raise ServerFailed(
                    f"Bytes {given[0]} to {given[1]} of {visible(dataset.key)} came, "
                    f"not {info.start} to {end}",
                    502,
                )
            return iter(result.stream(min_chunk_size=_PIECE))

        yield _StoreContent(info, await self._call(dataset.key, get))

    async def versions(self, key: str) -> tuple[Dataset, ...]:
        """All versions of an object that the bucket keeps."""
        await self._require("versions")
        found = await anyio.to_thread.run_sync(versions_of, self._place(key), key)
        return await anyio.to_thread.run_sync(lambda: tuple(map(self._noted, found)))

    async def dataset(self, dataset_id: str) -> Dataset:
        """An object in the version that an id names, also an older one that the bucket keeps."""
        try:
            if not VersionId.of(dataset_id).version:
                return await super().dataset(dataset_id)
        except DatasetGone:
            if VersionId.of(dataset_id).key.endswith("/"):
                raise
            if not (await self.capabilities()).versions:
                raise
        key = VersionId.of(dataset_id).key
        found = await anyio.to_thread.run_sync(version_of, self._place(key), dataset_id)
        return await anyio.to_thread.run_sync(self._noted, found)

    async def restore(self, dataset_id: str) -> Dataset:
        """Copy an older version onto the object, inside the store."""
        await self._require("restore")
        version = await self.dataset(dataset_id)
        if not version.is_latest:
            await anyio.to_thread.run_sync(restore, self._place(version.key), version)
        return await self._present(version.key)

    async def _below(self, folder: str) -> list[Dataset]:
        import obstore

        def take() -> list[Dataset]:
            found: list[Dataset] = []
            chunks = obstore.list(self._store, prefix=folder.rstrip("/"), chunk_size=1_000)
            for chunk in chunks:
                objects = (object_of(meta) for meta in chunk)
                found += [
                    one.dataset
                    for one in objects
                    if one.key.startswith(folder) and not is_hidden(one.key)
                ]
                if len(found) > MOST:
                    break
            return found

        return await self._call(folder, take)

    def check_name(self, name: str) -> None:
        """See that an object can have this name."""
        check_new_name(name)
        if len(self._place(name).key.encode()) > _LONGEST:
            raise Rejected(f"An object's key has at most {_LONGEST:,} bytes", 400)

    async def begin_upload(
        self, data_type_id: str, *, name: str = "", replaces: str | None = None
    ) -> Upload:
        """Begin one at the store; the version that is there now is the one it may replace."""
        writer = await self._writing()
        self.check_name(name)

        def begin() -> Upload:
            token = secrets.token_hex(16)
            # Without a key to replace, this one: an upload of an earlier version did not say it.
            there = self._etag(name if replaces is None else replaces)
            begun = _Begun(name, token, writer.begin(self._place(name), token), there)
            return Upload(begun.text, data_type_id)

        return await anyio.to_thread.run_sync(begin)

    async def send_part(self, upload: Upload, index: int, data: bytes, *, total: int) -> None:
        """Send a part to the store."""
        del total
        writer, begun = await self._writing(), _Begun.of(upload)
        place = self._place(begun.name)
        await anyio.to_thread.run_sync(writer.send, place, begun.upload, index, data)

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
        writer, begun = await self._writing(), _Begun.of(upload)
        del filename
        if begun.name != name:
            raise NotFound("This upload was begun for another name", 404)
        kind = data_type_id or upload.data_type_id
        note = Note(description, "" if kind == data_type_of_name(name) else kind)

        def work() -> str:
            condition = None
            if replaces is not None:
                there = self._head(replaces).etag
                # Asked here too: not every store minds the condition at the end of an upload.
                if begun.etag not in {None, there}:
                    raise overtaken(replaces)
                condition = there if replaces == name else None
            elif not self._guarded and self._etag(name) is not None:
                raise Conflict(f"There is an object {visible(name)} already", 409)
            writer.complete(self._place(name), begun.upload, begun.token, etag=condition)
            self._notes.write(name, note)
            if replaces not in {None, name}:
                assert replaces is not None
                self._delete(replaces)
            return self._head(name).dataset.id

        return await anyio.to_thread.run_sync(work)

    async def abort(self, upload: Upload) -> None:
        """Give the parts up."""
        writer, begun = await self._writing(), _Begun.of(upload)
        with contextlib.suppress(NotFound):
            await anyio.to_thread.run_sync(writer.abort, self._place(begun.name), begun.upload)

    async def edit(
        self, dataset: Dataset, *, name: str | None = None, description: str | None = None
    ) -> Dataset:
        """Note a description; a new name is a copy inside the store, and then a deletion."""
        writer, key = await self._writing(), dataset.key
        if name is not None:
            self.check_name(name)

        def work() -> None:
            nonlocal key
            note, etag = self._notes.of(key), self._head(key).etag
            if description is not None:
                note = replace(note, description=description)
            if name is None or name == key:
                self._notes.write(key, note)
                return
            writer.copy(self._place(key), etag, self._place(name))
            self._notes.write(name, note)
            if self._head(key).etag != etag:
                raise ContentChanged(
                    f"{visible(key)} was changed while it was renamed",
                    hint=f"Both are kept: {visible(name)} is what it was before.",
                )
            self._delete(key)
            key = name

        await anyio.to_thread.run_sync(work)
        return await self._present(key)

    async def delete(self, key: str) -> None:
        """Delete the object, and what is noted of it."""
        await self._writing()

        def work() -> None:
            self._head(key)
            self._delete(key)

        await anyio.to_thread.run_sync(work)

    def _delete(self, key: str) -> None:
        import obstore

        with mapped(key, DELETE):
            obstore.delete(self._store, key)
        self._notes.write(key, Note())

    async def _writing(self) -> Writer:
        """What writes here.

        Raises:
            NotSupportedByServer: nothing does.
        """
        (await self.capabilities()).write.require()
        assert self._writer is not None
        return self._writer

    @property
    def _guarded(self) -> bool:
        return self._can is not None and bool(self._can.exclusive)

    def _place(self, key: str) -> Place:
        container, prefix = container_of(self._url)
        return Place(container, f"{prefix}/{key}" if prefix else key)

    def _etag(self, key: str) -> str | None:
        """The version of an object; None: there is none."""
        try:
            return self._head(key).etag
        except NotFound:
            return None

    async def _present(self, key: str) -> Dataset:
        """An object as it is now, with what is noted of it; asked for together."""

        def ask() -> Dataset:
            with ThreadPoolExecutor(1) as pool:
                note = pool.submit(self._notes.of, key)
                found = self._head(key).dataset
                return _with_note(found, note.result())

        return await anyio.to_thread.run_sync(ask)

    def _noted(self, dataset: Dataset) -> Dataset:
        return _with_note(dataset, self._notes.of(dataset.key))

    def _head(self, key: str) -> Object:
        import obstore

        with mapped(key, READ):
            return object_of(obstore.head(self._store, key))

    async def _call(self, what: str, function: Callable[[], _T]) -> _T:
        """Run it in a thread, its failures mapped."""

        def work() -> _T:
            with mapped(what, READ):
                return function()

        return await anyio.to_thread.run_sync(work)


class _StoreContent(ChunkedContent):
    """The chunks of one answer."""

    def __init__(self, info: ContentInfo, chunks: Iterator[Any]) -> None:
        super().__init__(info)
        self._chunks = chunks

    async def _next_chunk(self) -> bytes | None:
        return await anyio.to_thread.run_sync(self._next)

    def _next(self) -> bytes | None:
        with mapped("the contents", READ):
            chunk = next(self._chunks, None)
            return None if chunk is None else bytes(chunk)


def _with_note(dataset: Dataset, note: Note) -> Dataset:
    if note == Note():
        return dataset
    kind = note.type or dataset.data_type_id
    return replace(dataset, description=note.description, data_type_id=kind, typed=bool(note.type))
