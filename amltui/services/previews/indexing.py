"""The index of a content's rows, made by a thread while the bytes arrive."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Final

from amltui.errors import AmltuiError, Cancelled, ContentChanged, Damaged, DiskFull, LocalError
from amltui.formats import Format
from amltui.formats.blocks import Codec
from amltui.formats.input import Stream
from amltui.priority import thread_gives_way
from amltui.services.previews.kept_index import BegunIndex
from amltui.tables.index_making import index_rows
from amltui.tables.row_index import RowIndex
from amltui.tables.source import GrowingFile, OpenFile
from amltui.tables.unpacking import UnpackingStream
from amltui.transfers import Feed

_PAUSE: Final = 0.05
"""Seconds between two reports."""


class Indexing:
    """One pass over a content. Close the file that it was given afterwards."""

    def __init__(
        self,
        file: OpenFile,
        fmt: Format,
        *,
        begun: BegunIndex | None = None,
        unpack: Callable[[Stream], UnpackingStream] | None = None,
    ) -> None:
        """Prepare.

        Args:
            file: the content.
            fmt: how it is read.
            begun: what is gone on with, and keeps the index when the work is stopped.
            unpack: gives the text that the file's bytes hold, where it is compressed.
        """
        self._file = file
        self._fmt = fmt
        self._begun = begun
        self._unpack = unpack
        self.index: RowIndex | None = None
        """None: not even the columns are known yet."""
        self.codec: Codec | None = None
        """What parses the pieces."""
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._reported = 0.0

    async def run(self, feed: Feed | None) -> AsyncGenerator[RowIndex]:
        """Index the content, and yield each time that more is known.

        Args:
            feed: what brings the bytes. None: all are in the file.

        Raises:
            Unreadable: the bytes are not what the format says.
            AmltuiError: what keeps the rest of the bytes away.
        """
        with GrowingFile(self._file) as stream:
            done: asyncio.Future[None] = self._loop.create_future()
            done.add_done_callback(lambda _: self._changed.set())
            thread = threading.Thread(
                target=self._work, args=(stream, done), name="row index", daemon=True
            )
            feeding = asyncio.ensure_future(_feed(stream, feed))
            feeding.add_done_callback(lambda _: self._changed.set())
            thread.start()
            try:
                while not done.done():
                    await self._changed.wait()
                    self._changed.clear()
                    if feeding.done():
                        feeding.result()
                    if self.index is not None:
                        yield self.index
                if self.index is not None:
                    yield self.index
                done.result()
            finally:
                feeding.cancel()
                stream.cancel()
                await asyncio.gather(feeding, return_exceptions=True)
                # It reads from the file, which the caller closes next.
                await asyncio.to_thread(thread.join)

    def _work(self, stream: GrowingFile, done: asyncio.Future[None]) -> None:
        thread_gives_way()
        problem: BaseException | None = None
        try:
            if self._unpack is None:
                begun = None if self._begun is None else self._begun.index
                index_rows(stream, self._fmt, self._report, begun=begun)
            else:
                text = self._unpack(stream)
                index_rows(text, self._fmt, self._report, check=text.check)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                problem = DiskFull("No space left for the text of the compressed content")
            else:
                problem = LocalError(f"The content cannot be read: {error.strerror or error}")
        except BaseException as error:  # noqa: BLE001  whatever it is, it is raised where it is awaited
            problem = error
            stopped = isinstance(error, Cancelled) or error is stream.failed
            if stopped and self._begun and self.index is not None:
                self._begun.keep(self.index)
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(_settle, done, problem)

    def _report(self, index: RowIndex, codec: Codec) -> None:
        self.index, self.codec = index, codec
        if self._begun is not None:
            self._begun.note(index)
        now = time.monotonic()
        if index.complete or now - self._reported >= _PAUSE:
            self._reported = now
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._changed.set)


def _settle(done: asyncio.Future[None], problem: BaseException | None) -> None:
    if done.done():
        return
    if problem is None:
        done.set_result(None)
    else:
        done.set_exception(problem)
        done.exception()  # whoever left before this does not hear of it, and nor does the log


async def _feed(stream: GrowingFile, feed: Feed | None) -> None:
    if feed is not None:
        try:
            async for count in arriving(feed):
                stream.advance(count)
        except (ContentChanged, Damaged):
            raise  # the bytes that are there do not count
        except AmltuiError as error:
            stream.advance(feed.available)
            stream.fail(error)
            return
    stream.finish()


async def arriving(feed: Feed) -> AsyncIterator[int]:
    """How many of the first bytes are there, as they come, until the content is whole."""
    there = 0
    while not feed.complete:
        there = await feed.wait(there + 1)
        yield there
