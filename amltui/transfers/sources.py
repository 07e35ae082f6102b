"""What an upload reads: a file on this disk, or bytes that come from elsewhere, in order."""

from __future__ import annotations

import os
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from amltui.disk import disk_errors
from amltui.errors import LocalError
from amltui.text import visible
from amltui.transfers.spool import is_spooled
from amltui.transfers.threads import in_thread

if TYPE_CHECKING:
    from amltui.transfers.content_stream import ContentStream


class UploadSource(Protocol):
    """Bytes to upload. `open` comes first, `close` last, also after an error."""

    size: int
    """In bytes; known once it is open."""
    mtime_ns: int
    """When a file was last written; 0 for what is no file."""
    filename: str
    """What the server is told; "" for what is no file."""
    repeatable: bool
    """Whether it can be read more than once."""

    async def open(self) -> None:
        """Find out the size.

        Raises:
            LocalError: it cannot be read.
        """

    async def read(self, start: int, count: int) -> bytes:
        """`count` bytes from `start` on; fewer only where it became shorter.

        Called in order, from 0 on; again from 0 on only if it is `repeatable`.
        """

    async def unchanged(self) -> bool:
        """After the last byte: whether what was read is what there was from the beginning on."""

    async def close(self) -> None:
        """Let go of it."""


class FileSource:
    """A regular file."""

    repeatable = True

    def __init__(self, path: Path) -> None:
        self.size = 0
        self.mtime_ns = 0
        self.filename = "" if is_spooled(path) else path.name
        self._path = path
        self._fd = -1
        self._begun: tuple[int, ...] = ()

    async def open(self) -> None:
        """See `UploadSource`."""
        with disk_errors(self._path, "read"):
            self._fd = await in_thread(os.open, self._path, os.O_RDONLY)
            now = os.fstat(self._fd)
        if not stat.S_ISREG(now.st_mode):
            raise LocalError(f"Not a regular file: {visible(str(self._path))}")
        self.size, self.mtime_ns, self._begun = now.st_size, now.st_mtime_ns, _mark(now)

    async def read(self, start: int, count: int) -> bytes:
        """See `UploadSource`."""
        with disk_errors(self._path, "read"):
            return await in_thread(os.pread, self._fd, count, start)

    async def unchanged(self) -> bool:
        """Whether the path still leads to what was opened, and nobody wrote to it."""
        with disk_errors(self._path, "read"):
            now = await in_thread(self._path.stat)
        return _mark(now) == self._begun == _mark(os.fstat(self._fd))

    async def close(self) -> None:
        """See `UploadSource`."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class PieceSource:
    """Bytes that come once, in pieces of any length; None ends them."""

    repeatable = False
    mtime_ns = 0

    def __init__(
        self,
        size: int,
        take: Callable[[], Awaitable[bytes | memoryview | None]],
        filename: str = "",
    ) -> None:
        self.size = size
        self.filename = filename
        self._take = take
        self._pending = bytearray()

    async def open(self) -> None:
        """See `UploadSource`."""

    async def read(self, start: int, count: int) -> bytes:
        """See `UploadSource`."""
        del start
        while len(self._pending) < count and (piece := await self._take()) is not None:
            self._pending += piece
        data = bytes(self._pending[:count])
        del self._pending[:count]
        return data

    async def unchanged(self) -> bool:
        """Whether no more comes; whoever gives the pieces verifies them at their end."""
        return not self._pending and await self._take() is None

    async def close(self) -> None:
        """See `UploadSource`: whoever gives the pieces closes what they come from."""


class StreamSource:
    """A content of a workspace, read in order, and from its first byte when it is opened again.

    Its hash is held against what was promised at its end: so it is all read, also where a part of
    it was sent before.
    """

    repeatable = True
    mtime_ns = 0

    def __init__(self, begin: Callable[[], ContentStream], size: int, filename: str) -> None:
        """Take what `begin` gives, each time anew, as a source of `size` bytes."""
        self.size = size
        self.filename = filename
        self._begin = begin
        self._stream: ContentStream | None = None
        self._pieces: PieceSource | None = None
        self._at = 0

    async def open(self) -> None:
        """See `UploadSource`."""
        await self.close()
        self._stream = self._begin()
        self._pieces = PieceSource(self.size, self._stream.take)
        self._at = 0

    async def read(self, start: int, count: int) -> bytes:
        """See `UploadSource`."""
        if start != self._at:
            await self.open()
        assert start == self._at, "it is read in order"
        assert self._pieces is not None
        data = await self._pieces.read(start, count)
        self._at += len(data)
        return data

    async def unchanged(self) -> bool:
        """See `PieceSource`."""
        return self._pieces is not None and await self._pieces.unchanged()

    async def close(self) -> None:
        """See `UploadSource`."""
        if self._stream is not None:
            await self._stream.aclose()
            self._stream = None


def _mark(status: os.stat_result) -> tuple[int, ...]:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino
