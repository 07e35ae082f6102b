"""Several blobs as one content, one after the other, in pieces."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from amltui.models import ContentInfo, Dataset
from amltui.workspaces.azureml.stores import BlobStore
from amltui.workspaces.chunks import ChunkedContent


@dataclass(frozen=True, slots=True)
class Part:
    """A blob from some byte on, or bytes that stand between two blobs."""

    store: BlobStore | None = None
    blob: Dataset | None = None
    start: int = 0
    between: bytes = b""

    @property
    def size(self) -> int:
        """Its bytes."""
        if self.blob is None:
            return len(self.between)
        return max(0, (self.blob.size or 0) - self.start)


def size_of(parts: tuple[Part, ...]) -> int:
    """Bytes of all parts together."""
    return sum(part.size for part in parts)


def etag_of(parts: tuple[Part, ...], more: str = "") -> str:
    """A validator, with its quotes, that changes with each of the blobs."""
    digest = hashlib.sha256(more.encode())
    for part in parts:
        digest.update(f"{part.blob.id if part.blob else ''}\0{part.start}\0".encode())
    return f'"{digest.hexdigest()[:32]}"'


async def pieces(parts: tuple[Part, ...], start: int, stop: int) -> AsyncGenerator[bytes]:
    """The bytes from `start` to before `stop` of all parts, one after the other."""
    place = 0
    for part in parts:
        first, last = max(start - place, 0), min(stop - place, part.size)
        place += part.size
        if first >= last:
            continue
        if part.store is None or part.blob is None:
            yield part.between[first:last]
            continue
        begin, end = part.start + first, part.start + last
        async with part.store.read(part.blob, start=begin, stop=end) as content:
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
