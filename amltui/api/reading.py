"""Reading contents: whole and verified, as an async stream, or as a file for other threads."""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from typing import IO, TYPE_CHECKING, Any, Final, Protocol, Self, TypeVar

from amltui.api.progress import Furthest, Progress
from amltui.api.threads import apart
from amltui.errors import Damaged, UsageError
from amltui.models import ContentInfo, Dataset, OutputPort
from amltui.transfers.content_stream import ContentStream

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from amltui.workspaces.base import Workspace as Base

T = TypeVar("T")
Connect = Callable[[], Awaitable["Base"]]

BUFFER: Final = 1 << 20
"""Bytes that a file object holds; it gives what has come without waiting for so many."""


async def read_whole(
    connect: Connect, source: Dataset | OutputPort, progress: Progress | None = None
) -> bytes:
    """All bytes of a content, verified; what arrives damaged is fetched once more.

    Raises:
        TransferCut, ContentError: they did not come as promised.
    """
    furthest = Furthest(progress)
    try:
        return await _read_once(connect, source, furthest)
    except Damaged:
        return await _read_once(connect, source, furthest)


async def _read_once(connect: Connect, source: Dataset | OutputPort, furthest: Furthest) -> bytes:
    stream = ContentStream(connect, source)
    whole = io.BytesIO()
    try:
        size = (await stream.info()).size
        while (piece := await stream.take()) is not None:
            whole.write(piece)
            furthest.at(whole.tell(), size)
    finally:
        await stream.aclose()
    return whole.getvalue()  # the buffer itself, not a copy


class AsyncContents:
    """A content opened for reading. Use it with `async with`; iterate for chunks.

    Read from byte 0 to the end without seeking, its hash is verified at the end: what comes after
    the last byte is then the end, or `Damaged`.
    """

    def __init__(self, connect: Connect, source: Dataset | OutputPort) -> None:
        self._connect = connect
        self._source = source
        self._stream: ContentStream | None = None
        self._position = 0
        self._info: ContentInfo | None = None

    async def __aenter__(self) -> Self:
        self._stream = ContentStream(self._connect, self._source)
        try:
            self._info = await self._stream.info()
        except BaseException:
            await self.aclose()
            raise
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
            stream = ContentStream(self._connect, self._source, position, self._info)
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
    def _opened(self) -> ContentStream:
        if self._stream is None:
            raise UsageError("The contents are not open: use them within `async with`")
        return self._stream


class Host(Protocol):
    """How a file object in one thread reaches streams on a loop in another."""

    generation: int
    """Changes when everything on the loop is gone."""

    def use(self) -> AbstractContextManager[None]:
        """Keep the generation for the length of the block."""

    def call(self, func: Callable[..., Coroutine[Any, Any, T]], *args: Any) -> T:
        """The result of `await func(*args)` on the loop."""

    def adopt(self, resident: ContentStream) -> None:
        """Close this when the loop ends."""

    def dismiss(self, resident: ContentStream | None) -> None:
        """Close this now."""


class RawContents(io.RawIOBase):
    """A content as a raw binary file: readable, seekable, fetched as it is read.

    Read from byte 0 to the end without seeking, its hash is verified at the end, as that of
    `AsyncContents`.
    """

    def __init__(
        self,
        host: Host,
        connect: Callable[[], Connect],
        source: Dataset | OutputPort,
        progress: Progress | None = None,
    ) -> None:
        """Open it. `connect` gives what reaches the workspace in the host's generation."""
        super().__init__()
        self._host = host
        self._connect = connect
        self._source = source
        self._position = 0
        self._info: ContentInfo | None = None
        self._stream: ContentStream | None = None
        self._generation = -1
        self._furthest = Furthest(progress)
        with host.use():
            try:
                self._info = host.call(self._current().info)
            except BaseException:
                self._leave()
                raise

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
        if not view:
            return 0
        with self._host.use():
            count = self._host.call(self._current().fill, view)
        self._position += count
        self._furthest.at(self._position, self._info.size if self._info else None)
        return count

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go to a byte (0-based), from the start, the position or the end."""
        self._checkClosed()
        position = _place(offset, whence, self._position, self._info)
        if position != self._position:
            self._leave()
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

    def _current(self) -> ContentStream:
        if self._stream is None or self._generation != self._host.generation:
            self._stream = ContentStream(self._connect(), self._source, self._position, self._info)
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


class _Worker:
    """The loop that an async caller runs on, for one worker thread."""

    generation = 0

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._residents: set[ContentStream] = set()
        self._pending: Future[Any] | None = None
        self._stopped = False

    def use(self) -> AbstractContextManager[None]:
        """Nothing to keep: the caller waits for the thread."""
        return nullcontext()

    def call(self, func: Callable[..., Coroutine[Any, Any, T]], *args: Any) -> T:
        """The result of `await func(*args)` on the loop."""

        async def run() -> T:
            self._go_on()  # once more, on the loop, where `stop` runs: nothing slips past it
            return await func(*args)

        self._go_on()
        pending = asyncio.run_coroutine_threadsafe(run(), self._loop)
        self._pending = pending
        return pending.result()

    def _go_on(self) -> None:
        if self._stopped:
            raise UsageError("Nobody waits for this any more")

    def adopt(self, resident: ContentStream) -> None:
        """Close this when the caller stops waiting."""
        self._residents.add(resident)

    def dismiss(self, resident: ContentStream | None) -> None:
        """Close this on the loop."""
        if resident is not None and not self._stopped:
            self._residents.discard(resident)
            self.call(resident.aclose)

    async def stop(self) -> None:
        """Let the thread's next read fail, and close what it left."""
        self._stopped = True
        if self._pending is not None:
            self._pending.cancel()
        for resident in tuple(self._residents):
            await resident.aclose()


async def with_reader(
    connect: Connect,
    source: Dataset | OutputPort,
    work: Callable[[IO[bytes]], T],
    progress: Progress | None = None,
) -> T:
    """The result of `work` in a worker thread on a file object of the content."""
    worker = _Worker()

    def read() -> T:
        reader = io.BufferedReader(RawContents(worker, lambda: connect, source, progress), BUFFER)
        try:
            return work(reader)
        finally:
            reader.close()

    try:
        return await apart(read)
    except asyncio.CancelledError:
        await worker.stop()
        raise
