"""Several files as one content, one after the other, in pieces."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from anyio import to_thread

from amltui.models import ContentInfo, Dataset
from amltui.workspaces.base import Workspace
from amltui.workspaces.chunks import ChunkedContent, bytes_given

if TYPE_CHECKING:
    from amltui.formats.row_columns import RowColumns


@dataclass(frozen=True, slots=True)
class Part:
    """Some bytes of a file, or bytes that stand between two files."""

    source: Workspace | None = None
    """What reads the file."""
    file: Dataset | None = None
    start: int = 0
    stop: int | None = None
    """None: to its end."""
    between: bytes = b""
    rows: RowColumns | None = None
    """What is put before its rows; None: nothing."""
    ranges: bool = True
    """Whether its host sends parts of it."""

    @property
    def size(self) -> int:
        """Its bytes, as they lie."""
        if self.file is None:
            return len(self.between)
        size = self.file.size or 0
        return max(0, min(size if self.stop is None else self.stop, size) - self.start)


def size_of(parts: tuple[Part, ...]) -> int | None:
    """Bytes of all parts together. None: they are made while they are read."""
    return None if any(part.rows for part in parts) else sum(part.size for part in parts)


def etag_of(parts: tuple[Part, ...], more: str = "") -> str:
    """A validator, with its quotes, that changes with each of the files."""
    digest = hashlib.sha256(more.encode())
    for part in parts:
        name = part.file.id if part.file else ""
        digest.update(f"{name}\0{part.start}\0".encode("utf-8", "surrogatepass"))
    return f'"{digest.hexdigest()[:32]}"'


async def bytes_of(
    source: Workspace, file: Dataset, start: int, stop: int
) -> AsyncGenerator[bytes]:
    """The bytes of a file from `start` to before `stop`, also where its host sends it whole."""
    async with source.read(file, start=start, stop=stop) as content:
        skipped = start - content.info.start
        async for piece in content:
            if len(piece) > skipped:
                yield piece[skipped:] if skipped else piece
            skipped = max(0, skipped - len(piece))


async def pieces(parts: tuple[Part, ...], start: int, stop: int) -> AsyncGenerator[bytes]:
    """The bytes from `start` to before `stop` of all parts, one after the other."""
    place = 0
    for part in parts:
        first, last = max(start - place, 0), min(stop - place, part.size)
        place += part.size
        if first >= last:
            continue
        if part.source is None or part.file is None:
            yield part.between[first:last]
            continue
        begin, end = part.start + first, part.start + last
        async with aclosing(bytes_of(part.source, part.file, begin, end)) as content:
            async for piece in content:
                yield piece


async def changed(parts: tuple[Part, ...]) -> AsyncGenerator[bytes]:
    """All parts one after the other, with what is put before their rows."""
    for part in parts:
        change = part.rows.change() if part.rows else None
        async for piece in pieces((part,), 0, part.size):
            yield await to_thread.run_sync(change.feed, piece) if change else piece
        if change:
            yield await to_thread.run_sync(change.finish)


@asynccontextmanager
async def reading(
    parts: tuple[Part, ...], validator: str, *, start: int, stop: int | None, etag: str | None
) -> AsyncIterator[PiecesContent]:
    """The bytes from `start` to before `stop`; what is made while it is read comes from byte 0."""
    size = size_of(parts)
    if size is None:
        info, most = ContentInfo(0, None, validator), stop if start == 0 else None
        source = changed(parts)
    else:
        ranges = all(part.ranges for part in parts)
        begin = start if ranges else 0
        info, end = bytes_given(size, validator, start=begin, stop=stop, etag=etag)
        info = info if ranges else replace(info, ranges=False)
        source, most = pieces(parts, info.start, end), None
    async with aclosing(PiecesContent(info, source, most)) as content:
        yield content


class PiecesContent(ChunkedContent):
    """What a generator gives; close it."""

    def __init__(self, info: ContentInfo, source: AsyncGenerator[bytes], most: int | None) -> None:
        super().__init__(info, most=most)
        self._source = source

    async def aclose(self) -> None:
        """Stop it."""
        await self._source.aclose()

    async def _next_chunk(self) -> bytes | None:
        return await anext(self._source, None)
