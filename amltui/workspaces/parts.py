"""Several files as one content, one after the other, in pieces."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from amltui.models import ContentInfo, Dataset
from amltui.workspaces.base import Workspace
from amltui.workspaces.chunks import ChunkedContent


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

    @property
    def size(self) -> int:
        """Its bytes."""
        if self.file is None:
            return len(self.between)
        size = self.file.size or 0
        return max(0, min(size if self.stop is None else self.stop, size) - self.start)


def size_of(parts: tuple[Part, ...]) -> int:
    """Bytes of all parts together."""
    return sum(part.size for part in parts)


def etag_of(parts: tuple[Part, ...], more: str = "") -> str:
    """A validator, with its quotes, that changes with each of the files."""
    digest = hashlib.sha256(more.encode())
    for part in parts:
        name = part.file.id if part.file else ""
        digest.update(f"{name}\0{part.start}\0".encode("utf-8", "surrogatepass"))
    return f'"{digest.hexdigest()[:32]}"'


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
        async with part.source.read(part.file, start=begin, stop=end) as content:
            async for piece in content:
                yield piece


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
