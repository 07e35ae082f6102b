"""Several files of one form as one content, where that can be done without changing a row.

Delimited text whose first lines are the same goes one after the other with one of them, plain text
and JSON Lines as it is, and Parquet of one schema with one footer, see `formats.parquet_join`. What
the names of folders say (`year=2024/`) are columns before those of the files, see `partitions`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

import anyio
import anyio.to_thread

from amltui.errors import AmltuiError, ContentChanged
from amltui.formats import UNKNOWN_BINARY, data_type_of_name
from amltui.formats.parquet_constant import ConstantColumns
from amltui.formats.parquet_join import (
    LARGEST,
    MAGIC,
    TAIL,
    Joined,
    NotParquet,
    footer_length,
    joined,
)
from amltui.models import Dataset, DataTypeIds
from amltui.text import visible
from amltui.workspaces.base import Workspace
from amltui.workspaces.partitions import Partitions, partitions_of
from amltui.workspaces.parts import Part, bytes_of, etag_of, size_of

if TYPE_CHECKING:
    from amltui.workspaces.partition_rows import TextColumns

T = TypeVar("T")

MOST: Final = 200
"""Files that are put together at most: each costs requests."""
_AT_ONCE: Final = 16
_HEAD: Final = 64 << 10
_LINES: Final = frozenset(
    {
        DataTypeIds.PlainText,
        DataTypeIds.GenericCSVNoHeader,
        DataTypeIds.GenericTSVNoHeader,
    }
)
"""Types whose files can follow each other."""
_HEADED: Final = frozenset({DataTypeIds.GenericCSV, DataTypeIds.GenericTSV})
"""Types whose files can follow each other where their first lines are the same."""
_MARK: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class OneTable:
    """Files that are one content."""

    data_type_id: str
    parts: tuple[Part, ...]
    extension: str
    """What the name of a file of this content ends with."""
    note: str
    """In words, what was put together."""
    columns: str = ""
    """What the bytes hold beside those of the files, as it is told from other such."""
    files: tuple[Dataset, ...] = ()
    partitions: Partitions | None = None
    """What the names of their folders say, where some of the files can be taken alone."""
    whole: str = ""
    """Of some files that were taken, the id of the dataset of all."""

    @property
    def size(self) -> int | None:
        """Its bytes. None: they are made while they are read."""
        return size_of(self.parts)

    @property
    def etag(self) -> str:
        """A validator, with its quotes, that changes with each of the files."""
        return etag_of(self.parts, self.columns)


async def one_table(
    source: Workspace,
    files: Sequence[Dataset],
    *,
    data_type_id: str = "",
    folder: str | None = None,
) -> OneTable | None:
    """Files as one table, in their order; None: they are none, as far as their beginnings tell.

    Args:
        source: what reads them.
        files: at most `MOST`.
        data_type_id: what somebody said that all of them are; "": what their names say.
        folder: the beginning of their keys that they have in common; the names of folders behind
            it have values of columns. None: no folder has.

    Raises:
        NotSupportedByServer: the names of folders do not all have values of the same columns.
    """
    if not files or len(files) > MOST:
        return None
    paths = [] if folder is None else [one.key.removeprefix(folder) for one in files]
    found = partitions_of(paths)
    named = {data_type_of_name(one.key) for one in files}
    kind = data_type_id or (named.pop() if len(named) == 1 else "")
    if kind in _LINES | _HEADED:
        return await _joined_texts(source, files, kind, found, typed=bool(data_type_id))
    if all(map(is_parquet, files)):
        parquet = await _joined_parquet(source, files, found)
        kind = data_type_id or UNKNOWN_BINARY
        if parquet is None:
            return None
        parts, renamed = parquet
        note, columns = _note(files, found, renamed), repr(found) if found else ""
        return OneTable(kind, parts, ".parquet", note, columns, tuple(files), found)
    return None


async def some_of(source: Workspace, whole: OneTable, numbers: Sequence[int]) -> OneTable:
    """Some files of a table with partitions, whose columns keep their types.

    Raises:
        ContentChanged: the files are no table any more.
    """
    assert whole.partitions is not None
    files = [whole.files[number] for number in numbers]
    values = [one.take(list(numbers)) for one in whole.partitions.typed()]
    parquet = await _joined_parquet(source, files, whole.partitions, values)
    if parquet is None:
        raise ContentChanged("The files of the folder were changed meanwhile")
    note = f"{len(files):,} of the {len(whole.files):,} files of a folder: no other is asked for."
    columns = repr((whole.columns, tuple(numbers)))
    return OneTable(whole.data_type_id, parquet[0], whole.extension, note, columns)


def parts_of_one(files: Sequence[Dataset]) -> int:
    """How many files a table of all of them has, where their names alone speak for one.

    They are Parquet, or of one type below folders that are partitions, and beside them are only
    marks of programs. 0: their names do not, which does not mean that they are no table.
    """
    data = [one for one in files if is_data(one.key)]
    if not 1 < len(data) <= MOST:
        return 0
    kinds = {data_type_of_name(one.key) for one in data}
    texts = len(kinds) == 1 and kinds <= _LINES | _HEADED
    partitions = all("=" in one.key.partition("/")[0] and "/" in one.key for one in data)
    return len(data) if all(map(is_parquet, data)) or (texts and partitions) else 0


def is_parquet(file: Dataset) -> bool:
    """Whether its name says that a file is Parquet."""
    return file.key.lower().endswith((".parquet", ".pq"))


def is_data(path: str) -> bool:
    """Whether a file of a folder holds data, and is no mark of a program."""
    return bool(path) and not any(part[:1] in {"_", ".", ""} for part in path.split("/"))


def _note(files: Sequence[Dataset], found: Partitions | None, renamed: Sequence[str] = ()) -> str:
    note = f"The {len(files):,} files of a folder, in order."
    if found:
        names = ", ".join(map(visible, found.names))
        note += f" Its first columns are what the names of folders say: {names}."
        if renamed:
            note += (
                " The files have columns of these names, too, which are called "
                f"{', '.join(map(visible, renamed))}."
            )
        return note
    left_out = [
        part.partition("=")[0]
        for part in files[0].key.split("/")[:-1]
        if "=" in part and part.partition("=")[0]
    ]
    if left_out:
        note += f" Not in it is what only the names of folders say: {', '.join(left_out)}."
    return note


async def _each(files: Sequence[Dataset], ask: Callable[[Dataset], Awaitable[T]]) -> list[T]:
    """What `ask` says of each, some at once, in the order of the files."""
    limiter = anyio.Semaphore(_AT_ONCE)
    found: dict[int, T] = {}
    failed: list[AmltuiError] = []

    async def one(number: int, file: Dataset) -> None:
        async with limiter:
            try:
                found[number] = await ask(file)
            except AmltuiError as error:
                failed.append(error)
                group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        for number, file in enumerate(files):
            group.start_soon(one, number, file)
    if failed:
        raise failed[0]
    return [found[number] for number in range(len(files))]


async def _bytes(source: Workspace, file: Dataset, start: int, stop: int) -> bytes:
    content = bytes_of(source, file, start, min(stop, file.size or 0))
    return b"".join([piece async for piece in content])


async def _joined_texts(
    source: Workspace,
    files: Sequence[Dataset],
    kind: str,
    partitions: Partitions | None,
    *,
    typed: bool,
) -> OneTable | None:
    """Texts as one table; None: their headers differ."""
    looked_at = partitions is not None
    begun = await _texts(source, files, headed=kind in _HEADED, looked_at=looked_at)
    if begun is None:
        return None
    extension = "." + files[0].key.rpartition(".")[2]
    columns = None
    if partitions is not None:
        from amltui.workspaces.partition_rows import text_columns  # numpy, which lists do not need

        names, heads = [one.key for one in files], [one.head for one in begun]
        columns = text_columns(partitions, names, heads, data_type_id=kind, typed=typed)
    if columns is None:
        parts = _followed(source, files, begun)
        return OneTable(kind, parts, extension, _note(files, None))
    note = _note(files, partitions, columns.renamed)
    parts = _with_columns(source, files, begun, columns)
    return OneTable(kind, parts, extension, note, repr(partitions))


@dataclass(frozen=True, slots=True)
class _Text:
    """How a text begins and ends."""

    head: bytes
    """Its first bytes, without a byte order mark; empty where they do not matter."""
    mark: int
    """Bytes of that."""
    header: int
    """Bytes of its first line where that names the columns, else 0."""
    last: bytes
    """Its last byte."""


async def _texts(
    source: Workspace, files: Sequence[Dataset], *, headed: bool, looked_at: bool
) -> list[_Text] | None:
    """What there is to know of texts that follow each other; None: their headers differ."""

    async def ends(file: Dataset) -> _Text | None:
        size = file.size or 0
        read = await _bytes(source, file, 0, _HEAD) if headed or looked_at else b""
        head = read.removeprefix(_MARK)
        last = read[-1:] if size <= len(read) else await _bytes(source, file, size - 1, size)
        line, newline, _ = head.partition(b"\n") if headed else (b"", b"", b"")
        if line.count(b'"') % 2 or b"\0" in line or (headed and not newline and size > len(read)):
            return None  # the first row is more than a line of plain text
        return _Text(head, len(read) - len(head), len(line) + len(newline), last)

    found = await _each(files, ends)
    texts = [one for one in found if one is not None]
    lines = {one.head[: one.header].rstrip(b"\r\n") for one in texts}
    return texts if texts == found and len(lines) == 1 else None


def _followed(
    source: Workspace, files: Sequence[Dataset], begun: Sequence[_Text]
) -> tuple[Part, ...]:
    """Texts one after the other."""
    parts: list[Part] = []
    for file, text in zip(files, begun, strict=True):
        start = text.mark + text.header if parts and text.header else 0
        parts.append(Part(source, file, start))
        if (file.size or 0) > start and text.last != b"\n":
            parts.append(Part(between=b"\n"))
    return tuple(parts)


def _with_columns(
    source: Workspace, files: Sequence[Dataset], begun: Sequence[_Text], columns: TextColumns
) -> tuple[Part, ...]:
    """Texts one after the other, with columns before those of theirs."""
    first = begun[0]
    header = first.head[: first.header].rstrip(b"\r\n")
    parts = [Part(between=columns.header + header + b"\n")] if columns.header else []
    for file, text, rows in zip(files, begun, columns.files, strict=True):
        start = text.mark + (text.header if columns.header else 0)
        parts.append(Part(source, file, start, rows=rows))
    return tuple(parts)


async def _footer(source: Workspace, file: Dataset, most: int) -> tuple[int, bytes] | None:
    """The size of a file and its footer of at most `most` bytes; None: it has none."""
    size = file.size or 0
    tail = await _bytes(source, file, max(size - _HEAD, 0), size)
    try:
        length = footer_length(tail)
    except NotParquet:
        return None
    if length > min(size, most):
        return None
    if length + TAIL > len(tail):
        tail = await _bytes(source, file, size - TAIL - length, size)
    return size, tail[-TAIL - length : -TAIL]


async def _joined_parquet(
    source: Workspace,
    files: Sequence[Dataset],
    partitions: Partitions | None,
    values: Sequence[Any] | None = None,
) -> tuple[tuple[Part, ...], list[str]] | None:
    """Parquet files with one footer, and names that columns of the files have now.

    `values`: of each partition an Arrow array, one value for each file. None: of its own types.
    None is given where their schemas differ, or one is something else.
    """

    def put_together() -> tuple[Joined | None, list[str]]:
        if partitions is None:
            return joined(found), []
        constants = ConstantColumns(
            partitions.names, partitions.typed() if values is None else values
        )
        return joined(found, constants), list(constants.renamed.values())

    most = LARGEST // len(files)
    footers = await _each(files, lambda file: _footer(source, file, most))
    found = [one for one in footers if one is not None]
    if found != footers:
        return None
    try:
        made, renamed = await anyio.to_thread.run_sync(put_together)
    except NotParquet:
        return None
    if made is None:
        return None
    parts = [Part(between=MAGIC)]
    for file, (start, stop), between in zip(files, made.kept, made.between, strict=True):
        parts.append(Part(source, file, start, stop))
        if between:
            parts.append(Part(between=between))
    return (*parts, Part(between=made.footer)), renamed
