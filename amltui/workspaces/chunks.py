"""Reading a content in chunks: which bytes an answer gives, and handing them on in any size."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from typing import Final

from amltui.models import ContentInfo

_LARGEST: Final = 1 << 20
"""Bytes of a chunk that is handed on."""


def bytes_given(
    size: int, validator: str, *, start: int, stop: int | None, etag: str | None
) -> tuple[ContentInfo, int]:
    """What `Workspace.read` gives of a content of `size` bytes, and before which byte it ends.

    `etag` is what the reader knows: where it is not `validator`, the content begins at byte 0,
    and comes whole unless it was wanted from there.
    """
    begin = start if etag in {None, validator} else 0
    end = size if stop is None or begin != start else min(stop, size)
    return ContentInfo(min(begin, size), size, validator, ranges=True), end


class ChunkedContent(ABC):
    """A `terms.Content` for a kind that is given chunks of a size that is not its choice."""

    def __init__(self, info: ContentInfo, *, most: int | None = None) -> None:
        """Begin; `most` is how many bytes are handed on, None: all that come."""
        self.info = info
        self._left = most
        self._rest = memoryview(b"")

    @abstractmethod
    async def _next_chunk(self) -> bytes | memoryview | None:
        """The next chunk, also an empty one. None: there are no more."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while await self._more():
            piece, self._rest = bytes(self._rest[:_LARGEST]), self._rest[_LARGEST:]
            yield piece

    async def readinto(self, view: memoryview) -> int:
        """See `terms.Content.readinto`."""
        if not await self._more():
            return 0
        count = min(len(view), len(self._rest))
        view[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    async def _more(self) -> bool:
        """Have something to give, unless all was given."""
        while not self._rest:
            chunk = None if self._left == 0 else await self._next_chunk()
            if chunk is None:
                return False
            if self._left is not None:
                chunk = chunk[: self._left]
                self._left -= len(chunk)
            self._rest = memoryview(chunk)
        return True
