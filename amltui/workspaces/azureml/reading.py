"""From what an asset points at to one content: a file, files of a folder, rows of a table."""

from __future__ import annotations

import posixpath
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from amltui.errors import DatasetGone, NotFound, NotSupportedByServer, Unauthorized
from amltui.formats import UNKNOWN_BINARY, data_type_of_name
from amltui.formats.guess import guess_from
from amltui.models import Dataset, DataTypeIds
from amltui.text import visible
from amltui.workspaces.azureml import messages
from amltui.workspaces.azureml.contents import Part, etag_of, pieces, size_of
from amltui.workspaces.azureml.mltable import FILE, LARGEST, MLTable, Rows, matching, read_mltable
from amltui.workspaces.azureml.stores import BlobStore, Stores, forbidden, missing
from amltui.workspaces.azureml.uris import Place, place_of

T = TypeVar("T")

_FILES: Final = 200
"""Files that are put together as one table at most: each costs requests."""
_HEAD: Final = 64 << 10
_LINES: Final = frozenset({DataTypeIds.PlainText})
"""Types whose files can follow each other."""
_HEADED: Final = frozenset({DataTypeIds.GenericCSV, DataTypeIds.GenericTSV})
"""Types whose files can follow each other where their first lines are the same."""
_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Data:
    """What is read of a version."""

    data_type_id: str
    parts: tuple[Part, ...]
    filename: str = ""
    note: str = ""
    rows: MLTable | None = None
    """What is done to the rows; None: the bytes are handed out as they are."""

    @property
    def size(self) -> int | None:
        """Bytes. None: they are made while they are read."""
        return size_of(self.parts) if self.rows is None else None

    @property
    def etag(self) -> str:
        """A validator, with its quotes."""
        return etag_of(self.parts, repr(self.rows))

    def made(self) -> AsyncGenerator[bytes]:
        """The bytes of a table whose rows are changed."""
        assert self.rows is not None

        async def files() -> AsyncGenerator[AsyncGenerator[bytes]]:
            for part in self.parts:
                yield pieces((part,), 0, part.size)

        return Rows(self.rows).of(files())


class Reader:
    """Finds what versions point at."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    async def data(self, name: str, about: messages.AssetProperties, inner: str) -> Data:
        """What a version's content is; `inner` is the path of a file in it, or "".

        Raises:
            DatasetGone: nothing is there.
            NotSupportedByServer: it is a folder of files that are no one table, or lies where
                nothing can be read here.
        """
        place = place_of(about.data_uri or "")
        if inner:
            return await self._file(_below(place, inner), about)
        if about.kind == "uri_folder":
            return await self._folder(name, place, about)
        if about.kind == "mltable":
            return await self._table(name, place)
        return await self._file(place, about)

    async def _using(
        self, place: Place, ask: Callable[[BlobStore, str], Awaitable[T]]
    ) -> tuple[BlobStore, T]:
        """What a place's store answers; where it refuses, once more with new credentials."""
        refused: Unauthorized | None = None
        for renew in (False, True):
            try:
                store, path = await self._stores.open(place, renew=renew)
            except NotFound as error:
                raise DatasetGone(str(error), 404) from None
            try:
                return store, await ask(store, path)
            except Unauthorized:
                account = store.container.account if store.container else "of the file"
                refused = forbidden(place, account)
            except NotFound:
                raise missing(place) from None
        assert refused is not None
        raise refused

    async def _file(self, place: Place, about: messages.AssetProperties) -> Data:
        async def head(store: BlobStore, path: str) -> Dataset:
            return await store.head(path)

        store, blob = await self._using(place, head)
        kind = (about.tags or {}).get(messages.TYPE_TAG) or await _type(store, blob)
        return Data(kind, (Part(store, blob),), posixpath.basename(blob.key))

    async def _folder(self, name: str, place: Place, about: messages.AssetProperties) -> Data:
        store, files = await self._files(place)
        said = (about.tags or {}).get(messages.TYPE_TAG)
        if len(files) == 1:
            kind = said or await _type(store, files[0])
            return Data(kind, (Part(store, files[0]),), posixpath.basename(files[0].key))
        kinds = {data_type_of_name(one.key) for one in files}
        kind = kinds.pop() if len(kinds) == 1 else ""
        parts = None
        if kind in _LINES | _HEADED and len(files) <= _FILES:
            parts = await _joined(store, files, headed=kind in _HEADED)
        if parts is None:
            raise _no_table(name, files, place.path)
        return Data(said or kind, parts, note=f"The {len(files)} files of a folder, in order.")

    async def _files(self, place: Place) -> tuple[BlobStore, list[Dataset]]:
        """The files of a folder that are data."""
        prefix = f"{place.path.rstrip('/')}/" if place.path.strip("/") else ""

        async def files(store: BlobStore, _path: str) -> list[Dataset]:
            return await store.files(prefix, _FILES)

        store, found = await self._using(place, files)
        shown = [one for one in found if _is_data(one.key.removeprefix(prefix))]
        shown = [one for one in shown if one.size] or shown
        if not shown:
            raise missing(place)
        return store, shown

    async def _table(self, name: str, place: Place) -> Data:
        async def read(store: BlobStore, path: str) -> bytes:
            file = path if posixpath.basename(path) == FILE else posixpath.join(path, FILE)
            return await store.bytes(await store.head(file), 0, LARGEST)

        _, said = await self._using(place, read)
        table = read_mltable(said)
        folder = place
        if posixpath.basename(place.path) == FILE:
            folder = replace(place, path=posixpath.dirname(place.path))
        parts: list[Part] = []
        for kind, path in table.paths:
            parts += await self._listed(folder, kind, path)
        if not parts:
            raise missing(place)
        return _read_as(name, table, tuple(parts))

    async def _listed(self, folder: Place, kind: str, path: str) -> list[Part]:
        """The files that one entry of an MLTable's paths names."""
        whole = ":" in path.partition("/")[0]
        if kind == "pattern":
            base = place_of(path.partition("*")[0].rpartition("/")[0]) if whole else folder
            pattern = path.removeprefix("./")
            if whole:
                fixed = path.partition("*")[0].rpartition("/")[0]
                pattern = path[len(fixed) + 1 :]
            store, files = await self._files(base)
            prefix = f"{base.path.rstrip('/')}/" if base.path else ""
            chosen = [one for one in files if matching(pattern, one.key.removeprefix(prefix))]
            return [Part(store, one) for one in chosen]
        place = place_of(path) if whole else _below(folder, path)
        if kind == "folder":
            store, files = await self._files(place)
            return [Part(store, one) for one in files]

        async def head(store: BlobStore, path: str) -> Dataset:
            return await store.head(path)

        store, blob = await self._using(place, head)
        return [Part(store, blob)]


def _read_as(name: str, table: MLTable, parts: tuple[Part, ...]) -> Data:
    """The content of a table's files, and in words what is not done to them."""
    ignored = list(table.ignored)
    first = parts[0].blob
    assert first is not None
    if table.reader == "read_delimited" and len(parts) <= _FILES:
        headed = Rows(table).has_header
        kind = DataTypeIds.GenericCSV if headed else DataTypeIds.GenericCSVNoHeader
        if table.header == "all_files_different_headers" and len(parts) > 1:
            ignored.append("headers that differ from file to file")
        return Data(kind, parts, note=_said(ignored), rows=replace(table, ignored=()))
    ignored += [f"{step.name}_columns" if step.columns else step.name for step in table.steps]
    lines = table.reader == "read_json_lines"
    kind = DataTypeIds.PlainText if lines else data_type_of_name(first.key)
    if len(parts) == 1:
        return Data(kind, parts, posixpath.basename(first.key), _said(ignored))
    if not lines or len(parts) > _FILES:
        blobs = [part.blob for part in parts if part.blob is not None]
        raise _no_table(name, blobs, posixpath.dirname(first.key))
    between: list[Part] = []
    for part in parts:  # an empty line between two files does no harm
        between += [part, Part(between=b"\n")]
    return Data(kind, tuple(between), note=_said(ignored))


def _said(ignored: list[str]) -> str:
    if not ignored:
        return ""
    names = ", ".join(visible(one)[:60] for one in ignored)
    return f"The MLTable file asks for more than was done here: {names}."


async def _joined(
    store: BlobStore, files: list[Dataset], *, headed: bool
) -> tuple[Part, ...] | None:
    """Files of lines one after the other; None: their headers differ."""
    parts: list[Part] = []
    header: bytes | None = None
    for file in files:
        size = file.size or 0
        start = 0
        if headed:
            head = await store.bytes(file, 0, _HEAD)
            line, newline, _ = head.partition(b"\n")
            if header is None:
                header = line.rstrip(b"\r")
            elif line.rstrip(b"\r") != header:
                return None
            else:
                start = len(line) + len(newline)
        parts.append(Part(store, file, start))
        if size > start and await store.bytes(file, size - 1, size) != b"\n":
            parts.append(Part(between=b"\n"))
    return tuple(parts)


async def _type(store: BlobStore, blob: Dataset) -> str:
    """The data type that a blob's name tells, or else its first bytes."""
    kind = data_type_of_name(blob.key)
    if kind != UNKNOWN_BINARY or not blob.size:
        return kind
    extension = posixpath.splitext(blob.key)[1].lower()
    return guess_from(extension, await store.bytes(blob, 0, _HEAD))


def _below(place: Place, path: str) -> Place:
    """A path in a folder; one that leads out of it is none.

    Raises:
        DatasetGone: it leads out.
    """
    inner = posixpath.normpath(path.removeprefix("./"))
    if inner.startswith(("../", "/")) or inner in {"..", "."}:
        raise DatasetGone(f"{visible(path)} leads out of the folder", 404)
    return replace(place, path=posixpath.join(place.path, inner))


def _is_data(path: str) -> bool:
    """Whether a file of a folder holds data, and is no mark that a program left."""
    return bool(path) and not any(part[:1] in {"_", ".", ""} for part in path.split("/"))


def _no_table(name: str, files: list[Dataset], prefix: str) -> NotSupportedByServer:
    shown = [one.key.removeprefix(prefix).lstrip("/") for one in files[:_SHOWN]]
    names = ", ".join(f"{visible(name)}/{visible(one)}" for one in shown)
    more = " and others" if len(files) > _SHOWN else ""
    count = f"{_FILES} or more" if len(files) > _FILES else str(len(files))
    return NotSupportedByServer(
        f"{visible(name)} is a folder of {count} files that are not one table",
        405,
        hint=f"Name one of its files: {names}{more}.",
    )
