"""Previews: the first rows of a dataset at once, then all of them as its bytes arrive.

    bytes arrive in the cache (a feed of the transfers)
      first 256 KiB  -> first rows, in memory
      everything     -> text table, written by a process of its own while the bytes arrive

A text table that is whole stays in the cache, so the next preview opens it at once, also offline.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from amltui.cache import Cache, Entry
from amltui.errors import AmltuiError, Cancelled, ContentChanged, LocalError
from amltui.formats import format_of
from amltui.models import Dataset, OutputPort
from amltui.tables import (
    HEAD,
    HeaderGoesOn,
    HexRows,
    Rows,
    Table,
    first_rows,
    hex_rows,
    ingest,
    ingest_in_process,
    open_table,
)
from amltui.transfers import Feed, Transfers

SMALL: Final = 4 << 20
"""Bytes up to which a table is written faster here than a process for it starts."""

Source = Dataset | OutputPort
R = TypeVar("R", bound="Rows | None")


class Preview:
    """Rows of one dataset as far as they are here. Close it when they are no longer shown.

    `async for _ in preview.changes()` makes it grow to all rows; leaving that loop stops the
    fetch, and what arrived stays in the cache for the next time.
    """

    def __init__(self, source: Source, entry: Entry, rows: Rows, feed: Feed | None) -> None:
        self.source = source
        self.rows = rows
        """What can be shown now; another object after some changes."""
        self.problem: AmltuiError | None = None
        """Why no more rows will come, although there are more."""
        self._entry = entry
        self._feed = feed
        self._closed = False
        self._building: Path | None = None
        """Where the table is written; it can be read there until `close`."""
        self._shown: list[Rows] = [rows]
        """All that was ever shown: somebody may still draw it, so it is closed at the end."""

    @property
    def table(self) -> Table | None:
        """The text table, once there is one: what sorting, filtering and SQL need."""
        return self.rows if isinstance(self.rows, Table) else None

    @property
    def received(self) -> int:
        """Bytes of the content that are here."""
        if self._feed is not None:
            return self._feed.available
        with contextlib.suppress(OSError):
            return self._entry.raw.stat().st_size
        return 0

    @property
    def size(self) -> int | None:
        """Bytes of the whole content, where known."""
        if self._feed is not None and self._feed.size is not None:
            return self._feed.size
        return self.source.size if isinstance(self.source, Dataset) else None

    def close(self) -> None:
        """Stop fetching and let go of the files; `rows` can be read no longer."""
        self._closed = True
        self._release()
        for rows in self._shown:
            _close(rows)
        if self._building is not None:
            shutil.rmtree(self._building, ignore_errors=True)

    async def changes(self) -> AsyncGenerator[None]:
        """Fetch the rest, and yield each time that `rows`, its types or `problem` changed.

        Ends when all rows are here, or when `problem` says why they will not come.
        """
        try:
            if format_of(self.source.data_type_id).has_rows:
                async with contextlib.aclosing(self._grow()) as steps:
                    async for _ in steps:
                        yield
            elif self._feed is not None:
                path = await self._feed.wait_whole()
                self._show(await _opened(hex_rows, path))
                yield
        except Cancelled:
            return  # The preview was closed meanwhile.
        except AmltuiError as error:
            self.problem = error
            yield
        finally:
            self._release()

    async def _grow(self) -> AsyncGenerator[None]:
        """Write the text table, and show it as soon as it has more than the first rows."""
        if self.table is not None:
            return
        building = self._entry.directory / f"table.{os.getpid()}.{uuid.uuid4().hex[:8]}"
        self._building = building
        changed = asyncio.Event()
        writing = asyncio.ensure_future(self._ingest(building, changed.set))
        writing.add_done_callback(lambda _: changed.set())
        try:
            while not writing.done():
                await changed.wait()
                changed.clear()
                if not writing.done() and await self._refresh(building):
                    yield
            await writing
            self._show(await _opened(self._adopt, building))
            yield
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)

    async def _ingest(self, building: Path, note: Callable[[], None]) -> None:
        fmt = format_of(self.source.data_type_id)
        feed = self._feed
        small = self.size is not None and self.size <= SMALL
        if feed is not None and feed.path is not None and not feed.complete and not small:
            try:
                await ingest_in_process(
                    feed.path,
                    fmt,
                    building,
                    available=_arriving(feed),
                    on_progress=lambda _: note(),
                )
            except ContentChanged:
                pass  # Other bytes came; the file that is whole in the end is the right one.
            except LocalError:
                if not feed.complete:
                    raise
                # It became whole, and so was renamed, before the worker could open it.
            else:
                return
        path = await feed.wait_whole() if feed is not None else self._entry.raw
        if small:
            await asyncio.to_thread(ingest, path, fmt, building)
        else:
            await ingest_in_process(path, fmt, building, on_progress=lambda _: note())

    async def _refresh(self, building: Path) -> bool:
        """Take in what the worker wrote; whether there is something new to show."""
        table = self.table
        if table is not None:
            return table.refresh()
        try:
            table = await _opened(open_table, building, self._entry.raw)
        except LocalError:
            return False  # Not yet.
        if table.row_count <= self.rows.row_count and not table.complete:
            table.close()
            return False
        self._show(table)
        return True

    def _adopt(self, building: Path) -> Table:
        """Move the table to its place, unless another process was faster."""
        with contextlib.suppress(OSError):
            building.rename(self._entry.table)
        return open_table(self._entry.table, self._entry.raw)

    def _show(self, rows: Rows) -> None:
        if self._closed:
            _close(rows)
            return
        self._shown.append(rows)
        self.rows = rows

    def _release(self) -> None:
        feed, self._feed = self._feed, None
        if feed is not None:
            feed.close()


async def open_preview(
    cache: Cache, key: str, transfers: Callable[[], Awaitable[Transfers]], source: Source
) -> Preview:
    """The first rows of a dataset or an intermediate dataset; `key`: the workspace's.

    What is cached opens without asking the workspace.

    Raises:
        DatasetGone: it is no longer there.
        Unreachable: nothing of it is cached, and the workspace does not answer.
        Unreadable: the bytes are not what their type says.
    """
    entry = cache.entry(key, source)
    cached = await _opened(_cached, entry, source)
    if cached is not None:
        return Preview(source, entry, cached, None)
    queue = await transfers()
    feed = queue.feed(source)
    try:
        rows = await _first_of(feed, source)
    except BaseException:
        feed.close()
        raise
    return Preview(source, entry, rows, feed)


async def _first_of(feed: Feed, source: Source) -> Rows:
    """The first rows of what arrives."""
    wanted = HEAD
    while True:
        await feed.wait(wanted)
        # More may be here by now, also all of it: what counts is what is read.
        data = feed.read(0, wanted)
        whole = feed.size is not None and feed.size <= len(data)
        try:
            return await asyncio.to_thread(_first, data, source, whole=whole)
        except HeaderGoesOn:
            wanted *= 4


def _cached(entry: Entry, source: Source) -> Rows | None:
    """What the cache alone can show: the whole table, or the first rows of the whole content."""
    if not entry.whole:
        return None
    entry.touch()
    if not format_of(source.data_type_id).has_rows:
        return hex_rows(entry.raw)
    _remove_leftovers(entry)
    try:
        table = open_table(entry.table, entry.raw)
    except LocalError:
        shutil.rmtree(entry.table, ignore_errors=True)  # another version's, or damaged
    else:
        if table.complete and table.state.typed:
            return table
        table.close()
    with entry.raw.open("rb") as file:
        data = b""
        while True:
            data += file.read(max(HEAD, 3 * len(data)))
            whole = file.tell() == os.fstat(file.fileno()).st_size
            with contextlib.suppress(HeaderGoesOn):
                return _first(data, source, whole=whole)


async def _opened(make: Callable[..., R], *args: Any) -> R:
    """Open rows in a thread; rows that come after the wait was cancelled are closed again."""
    making = asyncio.ensure_future(asyncio.to_thread(make, *args))
    try:
        return await asyncio.shield(making)
    except asyncio.CancelledError:
        # A thread cannot be stopped, and the loop may end next: wait for what it opens.
        with contextlib.suppress(Exception):
            _close(await making)
        raise


def _close(rows: Rows | None) -> None:
    if isinstance(rows, Table | HexRows):
        rows.close()


def _first(data: bytes, source: Source, *, whole: bool) -> Rows:
    fmt = format_of(source.data_type_id)
    return first_rows(data, fmt, whole=whole) if fmt.has_rows else hex_rows(data, complete=whole)


def _remove_leftovers(entry: Entry) -> None:
    """Remove tables that a process which is gone did not finish."""
    for path in entry.directory.glob("table.*.*"):
        pid = path.name.split(".")[1]
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            shutil.rmtree(path, ignore_errors=True)
        except (ValueError, OSError):
            continue


async def _arriving(feed: Feed) -> AsyncIterator[int]:
    """How many of the first bytes are there, as they come, until the content is whole."""
    there = 0
    while not feed.complete:
        there = await feed.wait(there + 1)
        yield there
