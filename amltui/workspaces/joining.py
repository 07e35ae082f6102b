"""Several files of one form as one content, where that can be done without changing a row.

Delimited text whose first lines are the same goes one after the other with one of them, plain text
and JSON Lines as it is, and Parquet of one schema with one footer, see `formats.parquet_join`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import anyio
import anyio.to_thread

from amltui.errors import AmltuiError
from amltui.formats import UNKNOWN_BINARY, data_type_of_name
from amltui.formats.parquet_join import (
    LARGEST,
    MAGIC,
    TAIL,
    NotParquet,
    footer_length,
    joined,
)
from amltui.models import Dataset, DataTypeIds
from amltui.workspaces.base import Workspace
from amltui.workspaces.parts import Part

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


async def one_table(
    source: Workspace, files: Sequence[Dataset], *, data_type_id: str = ""
) -> OneTable | None:
    """Files as one table, in their order; None: they are none, as far as their beginnings tell.

    `data_type_id`: what somebody said that all of them are; "": what their names say.
    """
    if not files or len(files) > MOST:
        return None
    named = {data_type_of_name(one.key) for one in files}
    kind = data_type_id or (named.pop() if len(named) == 1 else "")
    note = _note(files)
    if kind in _LINES | _HEADED:
        texts = await _joined_text(source, files, headed=kind in _HEADED)
        extension = "." + files[0].key.rpartition(".")[2]
        return None if texts is None else OneTable(kind, texts, extension, note)
    if all(one.key.lower().endswith((".parquet", ".pq")) for one in files):
        parquet = await _joined_parquet(source, files)
        kind = data_type_id or UNKNOWN_BINARY
        return None if parquet is None else OneTable(kind, parquet, ".parquet", note)
    return None


def is_data(path: str) -> bool:
    """Whether a file of a folder holds data, and is no mark of a program."""
    return bool(path) and not any(part[:1] in {"_", ".", ""} for part in path.split("/"))


def _note(files: Sequence[Dataset]) -> str:
    names = [
        part.partition("=")[0]
        for part in files[0].key.split("/")[:-1]
        if "=" in part and part.partition("=")[0]
    ]
    note = f"The {len(files):,} files of a folder, in order."
    if names:
        note += f" Not in it is what only the names of folders say: {', '.join(names)}."
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
    async with source.read(file, start=start, stop=min(stop, file.size or 0)) as content:
        return b"".join([piece async for piece in content])


async def _joined_text(
    source: Workspace, files: Sequence[Dataset], *, headed: bool
) -> tuple[Part, ...] | None:
    """Files of lines one after the other; None: their headers differ."""

    async def ends(file: Dataset) -> tuple[bytes, bytes]:
        size = file.size or 0
        head = await _bytes(source, file, 0, _HEAD) if headed else b""
        if size <= len(head):
            return head, head[-1:]
        return head, await _bytes(source, file, size - 1, size)

    parts: list[Part] = []
    header: bytes | None = None
    for file, (head, last) in zip(files, await _each(files, ends), strict=True):
        start = 0
        if headed:
            line, newline, _ = head.partition(b"\n")
            plain = line.rstrip(b"\r").removeprefix(_MARK)
            if plain.count(b'"') % 2 or b"\0" in plain or (not newline and len(head) == _HEAD):
                return None  # the first row is more than a line of plain text
            if header is None:
                header = plain
            elif plain != header:
                return None
            else:
                start = len(line) + len(newline)
        parts.append(Part(source, file, start))
        if (file.size or 0) > start and last != b"\n":
            parts.append(Part(between=b"\n"))
    return tuple(parts)


async def _joined_parquet(source: Workspace, files: Sequence[Dataset]) -> tuple[Part, ...] | None:
    """Parquet files with one footer; None: their schemas differ, or one is something else."""

    async def footer(file: Dataset) -> tuple[int, bytes] | None:
        size = file.size or 0
        tail = await _bytes(source, file, max(size - _HEAD, 0), size)
        try:
            length = footer_length(tail)
        except NotParquet:
            return None
        if length > min(size, LARGEST // len(files)):
            return None
        if length + TAIL > len(tail):
            tail = await _bytes(source, file, size - TAIL - length, size)
        return size, tail[-TAIL - length : -TAIL]

    footers = await _each(files, footer)
    try:
        found = [one for one in footers if one is not None]
        made = await anyio.to_thread.run_sync(joined, found) if found == footers else None
    except NotParquet:
        made = None
    if made is None:
        return None
    kept = (
        Part(source, file, start, stop)
        for file, (start, stop) in zip(files, made.kept, strict=True)
    )
    return Part(between=MAGIC), *kept, Part(between=made.footer)
