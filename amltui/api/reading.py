"""Reading contents: whole and verified, as an async stream, or as a file for other threads."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import IO, TYPE_CHECKING, Any, Final, Protocol, Self, TypeVar

from amltui.api.streams import Stream
from amltui.errors import Damaged, UsageError
from amltui.models import ContentInfo, Dataset, OutputPort

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from amltui.workspaces.base import Workspace as Base

T = TypeVar("T")
Connect = Callable[[], Awaitable["Base"]]

BUFFER: Final = 1 << 20
"""Bytes that a file object holds; it gives what has come without waiting for so many."""


def check(info: ContentInfo, size: int, digest: Callable[[str], str]) -> None:
    """Hold what came against what the host promised. `digest` gives a hash by its name.

    Raises:
        Damaged: length or hash differ.
    """
    if info.size is not None and info.size != size:
        raise Damaged(f"{size:,} bytes came, {info.size:,} were promised")
    for name, promised in (("sha256", info.sha256), ("md5", info.md5)):
        if promised is not None:
            if digest(name) != promised:
                raise Damaged(f"The {name.upper()} of what came is not what was promised")
            return


async def read_whole(connect: Connect, source: Dataset | OutputPort) -> bytes:
    """All bytes of a content, verified.

    Raises:
        TransferCut, ContentError: they did not come as promised.
    """
    stream = Stream(connect, source)
    whole = io.BytesIO()
    try:
        info = await stream.info()
        while (piece := await stream.take()) is not None:
            whole.write(piece)
    finally:
        await stream.aclose()
    data = whole.getvalue()  # the buffer itself, not a copy

    def digest(name: str) -> str:
        return hashlib.new(name, data, usedforsecurity=False).hexdigest()

    await asyncio.to_thread(check, info, len(data), digest)
    return data


class AsyncContents:
    """A content opened for reading. Use it with `async with`; iterate for chunks."""

    def __init__(self, connect: Connect, source: Dataset | OutputPort) -> None:
        self._connect = connect
        self._source = source
        self._stream: Stream | None = None
        self._position = 0
        self._info: ContentInfo | None = None

    async def __aenter__(self) -> Self:
        self._stream = Stream(self._connect, self._source)
        self._info = await self._stream.info()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Let go of the connection; safe to call twice."""
        stream, self._stream = self._stream, None
        if stream is not None:
            await stream.aclose()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Chunks from the present position on, at most 1 MiB each."""
        while (piece := await self._opened.take()) is not None:
            self._position += len(piece)
            yield bytes(piece)

    async def read(self, size: int = -1) -> bytes:
        """`size` bytes, fewer only at the end; all that is left when `size` is negative."""
        pieces = []
        while size != 0 and (piece := await self._opened.take(size if size > 0 else None)):
            pieces.append(piece)
            self._position += len(piece)
            size -= len(piece) if size > 0 else 0
        return b"".join(pieces)

    async def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a byte (0-based), from the start, the position or the end."""
        position = _place(offset, whence, self._position, self._info)
        if position != self._position:
            stream = Stream(self._connect, self._source, position, self._info)
            await self.aclose()
            self._stream = stream
            self._position = position
        return position

    def tell(self) -> int:
        """The present position in bytes."""
        return self._position

    @property
    def size(self) -> int | None:
        """Bytes of the whole content. None: the host did not say."""
        return self._info.size if self._info else None

    @property
    def _opened(self) -> Stream:
        if self._stream is None:
            raise UsageError("The contents are not open: use them within `async with`")
        return self._stream


class Host(Protocol):
    """How a file object in one thread reaches streams on a loop in another."""

    generation: int

    def call(self, func: Callable[..., Awaitable[T]], *args: Any) -> T:
        """The result of `await func(*args)` on the loop."""

    def adopt(self, resident: Stream) -> None:
        """Close this when the loop ends."""

    def dismiss(self, resident: Stream | None) -> None:
        """Close this now."""


class RawContents(io.RawIOBase):
    """A content as a raw binary file: readable, seekable, fetched as it is read.

    Read from byte 0 to the end without seeking, its hash is verified at the end.
    """

    def __init__(self, host: Host, connect: Connect, source: Dataset | OutputPort) -> None:
        super().__init__()
        self._host = host
        self._connect = connect
        self._source = source
        self._position = 0
        self._info: ContentInfo | None = None
        self._hashes: Any = None
        self._stream: Stream | None = None
        self._generation = -1
        stream = self._current()
        self._info = host.call(stream.info)
        if self._info.sha256 or self._info.md5:
            name = "sha256" if self._info.sha256 else "md5"
            self._hashes = hashlib.new(name, usedforsecurity=False)

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always: going elsewhere asks the host for the rest from there."""
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill `buffer` with what has come, at least one byte; 0 at the end.

        Raises:
            ValueError: the file is closed.
            TransferCut, ContentError: the bytes did not come as promised.
        """
        self._checkClosed()
        view = memoryview(buffer).cast("B")
        size = self._info.size if self._info else None
        if not view or (size is not None and self._position > size):
            return 0
        count = self._host.call(self._current().fill, view)
        self._position += count
        if self._hashes is not None:
            self._hashes.update(view[:count])
            if count == 0 and self._info is not None:
                check(self._info, self._position, lambda _: str(self._hashes.hexdigest()))
        return count

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go to a byte (0-based), from the start, the position or the end."""
        self._checkClosed()
        position = _place(offset, whence, self._position, self._info)
        if position != self._position:
            self._leave()
            self._hashes = None
            self._position = position
        return position

    def tell(self) -> int:
        """The present position in bytes."""
        self._checkClosed()
        return self._position

    def close(self) -> None:
        """Let go of the connection."""
        if not self.closed:
            self._leave()
            super().close()

    def _current(self) -> Stream:
        if self._stream is None or self._generation != self._host.generation:
            self._stream = Stream(self._connect, self._source, self._position, self._info)
            self._host.adopt(self._stream)
            self._generation = self._host.generation
        return self._stream

    def _leave(self) -> None:
        stream, self._stream = self._stream, None
        if self._generation == self._host.generation:
            self._host.dismiss(stream)

    def _checkClosed(self) -> None:  # noqa: N802 - io's own name for it
        if self.closed:
            raise ValueError("I/O operation on closed file.")


def _place(offset: int, whence: int, position: int, info: ContentInfo | None) -> int:
    if whence == os.SEEK_CUR:
        offset += position
    elif whence == os.SEEK_END:
        if info is None or info.size is None:
            raise io.UnsupportedOperation("The host did not say where the content ends")
        offset += info.size
    if offset < 0:
        raise ValueError(f"There is no byte {offset}")
    return offset


class _Portal:
    """The loop that an async caller runs on, for its worker thread."""

    generation = 0

    def __init__(self, call: Callable[..., Any]) -> None:
        self.call = call

    def adopt(self, resident: Stream) -> None:
        """Nothing to note: the file is closed by whoever opened it."""

    def dismiss(self, resident: Stream | None) -> None:
        """Close it on the loop."""
        if resident is not None:
            self.call(resident.aclose)


async def with_reader(
    connect: Connect, source: Dataset | OutputPort, work: Callable[[IO[bytes]], T]
) -> T:
    """The result of `work` in a worker thread on a file object of the content."""
    from anyio.from_thread import BlockingPortal

    def read(host: _Portal) -> T:
        reader = io.BufferedReader(RawContents(host, connect, source), BUFFER)
        try:
            return work(reader)
        finally:
            reader.close()

    async with BlockingPortal() as portal:
        result = await asyncio.to_thread(read, _Portal(portal.call))
    return result  # noqa: RET504 - mypy takes the portal for one that swallows exceptions
