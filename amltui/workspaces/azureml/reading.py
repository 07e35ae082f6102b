"""From what an asset points at to one content: a file, files of a folder, rows of a table."""

from __future__ import annotations

import posixpath
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final, TypeVar
from urllib.parse import urlsplit

from amltui.errors import DatasetGone, NotFound, NotSupportedByServer, Unauthorized
from amltui.formats import UNKNOWN_BINARY, data_type_of_name
from amltui.formats.guess import guess_from
from amltui.models import TYPE_TAG, Dataset, DataTypeIds, Level
from amltui.text import visible
from amltui.workspaces.azureml import messages
from amltui.workspaces.azureml.mltable import FILE, LARGEST, MLTable, matching, read_mltable
from amltui.workspaces.azureml.mltable_parquet import parquet_rows
from amltui.workspaces.azureml.mltable_rows import DelimitedRows, JsonRows
from amltui.workspaces.azureml.stores import BlobStore, Stores, forbidden, missing
from amltui.workspaces.azureml.uris import Place, place_of
from amltui.workspaces.joining import MOST, is_data, is_parquet, one_table
from amltui.workspaces.parts import Part, etag_of, pieces, size_of

T = TypeVar("T")

_HEAD: Final = 64 << 10
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
    columns: str = ""
    """See `OneTable.columns`."""
    folder: str = ""
    """The folder whose names are columns, with a slash at its end; "" where there are none."""

    @property
    def size(self) -> int | None:
        """Bytes. None: they are made while they are read."""
        return size_of(self.parts) if self.rows is None else None

    @property
    def etag(self) -> str:
        """A validator, with its quotes."""
        return etag_of(self.parts, f"{self.rows!r}{self.columns}")

    def addresses(self) -> tuple[str, ...]:
        """Where a cluster finds the files, see `Workspace.addresses`.

        None: they lie in no account of Azure, or what comes out is made of them first.
        """
        files = [part for part in self.parts if part.file is not None]
        found = []
        for part in files:
            container = part.source.container if isinstance(part.source, BlobStore) else None
            host = (urlsplit(container.address).hostname or "") if container else ""
            account, service, rest = (*host.split(".", 2), "", "")[:3]
            if container is None or service != "blob" or self.rows is not None or part.file is None:
                return ()
            root = f"abfss://{container.container}@{account}.dfs.{rest}"
            found.append(f"{root}/{self.folder or part.file.key}")
        return tuple(dict.fromkeys(found))

    def made(self) -> AsyncGenerator[bytes]:
        """The bytes of a table whose rows are changed."""
        assert self.rows is not None
        if self.rows.reader == "read_parquet":
            return parquet_rows(self.rows, self.parts)

        async def files() -> AsyncGenerator[AsyncGenerator[bytes]]:
            for part in self.parts:
                yield pieces((part,), 0, part.size)

        if self.rows.reader == "read_json_lines":
            return JsonRows(self.rows).of(files())
        return DelimitedRows(self.rows).of(files())


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

    async def level(self, version: Dataset, uri: str, inner: str) -> Level:
        """One level of a version that is a folder; `inner` is "" or ends in a slash.

        Raises:
            NotFound: nothing lies there.
        """
        place = place_of(uri)
        if inner:
            place = _below(place, inner)
        root = _folder_of(place)

        async def ask(store: BlobStore, _path: str) -> Level:
            return await store.level(root)

        _, level = await self._using(place, ask)
        here = f"{version.name}/{inner}"
        files = (
            replace(
                one,
                id=f"{version.id}/{inner}{one.key.removeprefix(root)}",
                family_id=f"{here}{one.key.removeprefix(root)}",
                name=f"{here}{one.key.removeprefix(root)}",
                is_brief=True,
            )
            for one in level.datasets
        )
        folders = (f"{here}{one.removeprefix(root)}" for one in level.folders)
        return Level(tuple(folders), tuple(files), level.unreadable)

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
        kind = (about.tags or {}).get(TYPE_TAG) or await _type(store, blob)
        return Data(kind, (Part(store, blob),), posixpath.basename(blob.key))

    async def _folder(self, name: str, place: Place, about: messages.AssetProperties) -> Data:
        store, files = await self._files(place)
        said = (about.tags or {}).get(TYPE_TAG) or ""
        folder = _folder_of(place)
        found = None
        if len(files) > 1 or "=" in files[0].key.removeprefix(folder):
            found = await one_table(store, files, data_type_id=said, folder=folder)
        if found is None and len(files) == 1:
            kind = said or await _type(store, files[0])
            return Data(kind, (Part(store, files[0]),), posixpath.basename(files[0].key))
        if found is None:
            raise _no_table(name, files, place.path)
        filename = f"{name}{found.extension}"
        return Data(
            found.data_type_id,
            found.parts,
            filename,
            found.note,
            columns=found.columns,
            folder=folder if found.columns else "",
        )

    async def _files(self, place: Place) -> tuple[BlobStore, list[Dataset]]:
        """The files of a folder that are data."""
        prefix = _folder_of(place)

        async def files(store: BlobStore, _path: str) -> list[Dataset]:
            return await store.files(prefix, MOST)

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
        return await _read_as(name, table, tuple(parts))

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
            prefix = _folder_of(base)
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


async def _read_as(name: str, table: MLTable, parts: tuple[Part, ...]) -> Data:
    """The content of a table's files, and in words what is not done to them."""
    ignored = list(table.ignored)
    first = parts[0].file
    assert first is not None
    kind = _kind_of(table)
    if len(parts) <= MOST and _is_changed(table, parts):
        if table.header == "all_files_different_headers" and len(parts) > 1:
            ignored.append("headers that differ from file to file")
        filename = f"{name}.parquet" if table.reader == "read_parquet" else ""
        return Data(kind, parts, filename, _said(ignored), rows=replace(table, ignored=()))
    ignored += [f"{step.name}_columns" if step.columns else step.name for step in table.steps]
    kind = "" if table.reader == "read_parquet" else kind
    if len(parts) == 1:
        kind = kind or data_type_of_name(first.key)
        return Data(kind, parts, posixpath.basename(first.key), _said(ignored))
    files = [part.file for part in parts if part.file is not None]
    source = parts[0].source
    same = source is not None and all(part.source is source for part in parts)
    found = await one_table(source, files, data_type_id=kind) if same and source else None
    if found is None:
        raise _no_table(name, files, posixpath.dirname(first.key))
    note = f"{found.note} {_said(ignored)}".strip()
    return Data(found.data_type_id, found.parts, f"{name}{found.extension}", note)


def _kind_of(table: MLTable) -> str:
    """The data type of what its files are read as; "": what their names say."""
    match table.reader:
        case "read_delimited" if table.header == "no_header":
            return DataTypeIds.GenericCSVNoHeader
        case "read_delimited":
            return DataTypeIds.GenericCSV
        case "read_json_lines":
            return DataTypeIds.PlainText
        case "read_parquet":
            return UNKNOWN_BINARY
    return ""


def _is_changed(table: MLTable, parts: tuple[Part, ...]) -> bool:
    """Whether what comes out is made while it is read, and is not the files as they lie."""
    match table.reader:
        case "read_delimited":
            return True
        case "read_json_lines":
            return bool(table.steps) or table.encoding != "utf-8"
        case "read_parquet":
            files = (part.file for part in parts if part.file is not None)
            return bool(table.steps) and all(map(is_parquet, files))
    return False


def _said(ignored: list[str]) -> str:
    if not ignored:
        return ""
    names = ", ".join(visible(one)[:60] for one in ignored)
    return f"The MLTable file asks for more than was done here: {names}."


async def _type(store: BlobStore, blob: Dataset) -> str:
    """The data type that a blob's name tells, or else its first bytes."""
    kind = data_type_of_name(blob.key)
    if kind != UNKNOWN_BINARY or not blob.size:
        return kind
    extension = posixpath.splitext(blob.key)[1].lower()
    return guess_from(extension, await store.bytes(blob, 0, _HEAD))


def _folder_of(place: Place) -> str:
    """How the keys of files below a place begin."""
    return f"{place.path.rstrip('/')}/" if place.path.strip("/") else ""


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
    """Whether a file of a folder holds data, and does not say how others are read."""
    return path != FILE and is_data(path)


def _no_table(name: str, files: list[Dataset], prefix: str) -> NotSupportedByServer:
    shown = [one.key.removeprefix(prefix).lstrip("/") for one in files[:_SHOWN]]
    names = ", ".join(f"{visible(name)}/{visible(one)}" for one in shown)
    more = " and others" if len(files) > _SHOWN else ""
    count = f"{MOST} or more" if len(files) > MOST else str(len(files))
    return NotSupportedByServer(
        f"{visible(name)} is a folder of {count} files that are not one table",
        405,
        hint=f"Name one of its files: {names}{more}. `amltui ls --folder {visible(name)}` has all.",
    )
