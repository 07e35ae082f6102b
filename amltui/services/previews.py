"""Previews: the first rows of a dataset at once, then any of them, then what questions need.

    the content: where it lies on this disk, or a file of the cache that grows as its bytes come
      first 256 KiB  -> first rows, in memory
      its bytes      -> index of its rows: from then on any window is read from the content
      when asked     -> text table (columns), written by a process of its own
      a place of it  -> rows far from those that are here, by one request; all that is fetched of
                        a content above the limit, until somebody asks for the rest

The index and the table, once whole, stay in the cache: the next preview opens them at once, also
offline.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Container
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from amltui.cache import Cache, Entry, source_name
from amltui.errors import (
    AmltuiError,
    Cancelled,
    ContentChanged,
    ContentError,
    Damaged,
    DiskFull,
    LocalError,
    UnsupportedDataType,
)
from amltui.formats import Format
from amltui.formats.blocks import CELLS
from amltui.formats.dialect import Dialect, dialect_text
from amltui.formats.lens import Lens, look
from amltui.formats.packing import unpack_start
from amltui.formats.recognition import mismatch
from amltui.formats.registry import PARQUET
from amltui.models import Dataset, OutputPort
from amltui.services.indexing import Indexing, arriving, save_index, saved_index
from amltui.services.parquet_ranges import RemoteParquet, open_remote
from amltui.services.peeking import SECONDS, Partial, PartialContent, Peeking, Read
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
from amltui.tables.batched import batch_rows
from amltui.tables.contents import lens_of_file
from amltui.tables.grouped import GroupedRows
from amltui.tables.index import FileIdentity, RowIndex
from amltui.tables.indexed import IndexedRows
from amltui.tables.memory import MemoryRows
from amltui.tables.peeked import Move, PeekedRows
from amltui.tables.source import OpenFile
from amltui.text import visible
from amltui.transfers import Feed, Transfers
from amltui.workspaces.base import Workspace

SMALL: Final = 4 << 20
"""Bytes up to which a table is written at once: that takes no longer than an index is worth."""
_TABLE: Final = 1.5
"""Bytes of a table for each byte of its content, at most, where its cells are written out."""
_CELL: Final = 4
"""Bytes of a table for each cell, at least."""

Source = Dataset | OutputPort
FETCHED: Final = 256 << 20
"""Bytes up to which a content is fetched whole although only its first rows were asked for."""
FIRST: Final = 1_000
"""Rows of a Parquet file elsewhere that are shown first."""
AT_ONCE: Final = 64 << 20
"""Bytes of a cached content up to which all of it is looked at before the first row is shown."""

R = TypeVar("R", bound="Rows | None")


class Preview:
    """Rows of one dataset as far as they are here. Close it when they are no longer shown.

    `async for _ in preview.changes()` makes it grow to all rows; leaving that loop stops the
    fetch, and what arrived stays in the cache for the next time. `build` makes the table.
    """

    def __init__(
        self, source: Source, cache: Cache, entry: Entry, rows: Rows, feed: Feed | None, lens: Lens
    ) -> None:
        self.source = source
        self.rows = rows
        """What can be shown now; another object after some changes."""
        self.table: Table | None = rows if isinstance(rows, Table) else None
        """The text table, once there is one: what sorting, filtering and SQL need."""
        self.problem: AmltuiError | None = None
        """Why no more rows will come, although there are more."""
        self._lens = lens
        self._fmt = lens.fmt
        self._content = entry.raw
        """Where the bytes lie that rows are read from."""
        self._cache = cache
        self._entry = entry
        self._feed = feed
        self._closed = False
        self._partial: Partial | None = None
        self._peeking: Peeking | None = None
        self._moves: list[Move] = []
        self._fetching = asyncio.Event()
        """Set when what is missing is fetched, and when it never will be."""
        self._fetching.set()
        self.remote: RemoteParquet | None = None
        """What reads rows of a Parquet file that is elsewhere."""
        self._building: Path | None = None
        """Where the table is written; it can be read there until `close`."""
        self._shown: list[Rows] = [rows]
        """All that was ever shown: somebody may still draw it, so it is closed at the end."""

    def peek(self, peeking: Peeking | None, partial: Partial | None = None) -> None:
        """Show any row by its place; with `partial` fetch no more until `fetch_all`."""
        self._peeking, self._partial = peeking, partial
        if partial is not None:
            self._fetching.clear()

    @property
    def received(self) -> int:
        """Bytes of the content that are here."""
        if self._partial is not None:
            return self._partial.content.held
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

    @property
    def peeked(self) -> PeekedRows | None:
        """All rows as far as can be told, where `rows` are only the first of them."""
        peeking = self._peeking
        return peeking.rows if peeking is not None and not self.rows.complete else None

    @property
    def waits(self) -> bool:
        """Whether the content is so large that the rest is fetched only by `fetch_all`."""
        return self._partial is not None

    @property
    def peeks_now(self) -> bool:
        """Whether a place is on its way."""
        return self._peeking is not None and self._peeking.fetching

    def take_moves(self) -> list[Move]:
        """Which rows of `peeked` got other numbers since this was asked last."""
        moves, self._moves = self._moves, []
        if self.peeked is not None:
            moves += self.peeked.take_moves()
        return moves

    async def peeks(self) -> AsyncGenerator[None]:
        """Fetch what `peeked` is asked for, and yield each time that something came.

        Raises:
            AmltuiError: a place did not come; call again for the next.
        """
        if self._peeking is not None:
            async with contextlib.aclosing(self._peeking.run()) as steps:
                async for _ in steps:
                    yield

    async def window_of(self, start: int | None, count: int) -> tuple[Rows, range]:
        """`count` rows from row `start` on, or the last ones (None), and where they are in it.

        Of a content on this disk by its index; of one elsewhere only their place is fetched, and
        their numbers may be what is expected (`PlacedRows.state`).

        Raises:
            AmltuiError: they cannot be had.
        """
        peeking = self._peeking
        if peeking is not None and (self._partial is not None or self._feed is not None):
            return peeking.rows, await peeking.window(start, count)
        async with contextlib.aclosing(self.changes()) as changes:
            async for _ in changes:
                if start is not None and self.whole_rows >= start + count:
                    break
        if self.problem is not None:
            raise self.problem
        total = self.rows.row_count
        first = max(0, total - count) if start is None else min(start, total)
        return self.rows, range(first, min(first + count, total))

    async def fetch_all(self) -> None:
        """Fetch what is missing, however large: `changes` goes on with it.

        Raises:
            DiskFull: there is no room for it.
            AmltuiError: nothing comes.
        """
        partial = self._partial
        if partial is None:
            return
        needed = (self.size or 0) - partial.content.held
        await asyncio.to_thread(self._cache.make_room, needed, keep=self._entry)
        partial.content.close()
        self._partial = None
        feed = (await partial.transfers()).feed(self.source)
        try:
            await feed.wait(1)
        except BaseException:
            feed.close()
            raise
        self._feed = feed
        self._fetching.set()

    @property
    def whole_rows(self) -> int:
        """Rows of `rows` that are all here: the last of the first rows may go on."""
        return self.rows.row_count - getattr(self.rows, "goes_on", False)

    @property
    def indexed(self) -> bool:
        """Whether `rows` are read by their index, and no table is needed for them."""
        return isinstance(self.rows, IndexedRows)

    @property
    def note(self) -> str:
        """Why bytes are shown although the type has rows, in one line; else ""."""
        return self.rows.note if isinstance(self.rows, HexRows) else ""

    @property
    def lens(self) -> Lens:
        """How the bytes are read."""
        return self._lens

    @property
    def fetched(self) -> str:
        """How much was fetched for what is shown, in one line, where that is worth a word."""
        return ""

    @property
    def has_rows(self) -> bool:
        """Whether there are rows to ask about, and not only bytes to show."""
        return self._lens.has_rows

    @property
    def changed(self) -> bool:
        """Whether somebody changed the file that is shown."""
        return isinstance(self.rows, IndexedRows) and self.rows.changed

    @property
    def malformed(self) -> Container[int]:
        """Numbers of rows that were found malformed so far; it grows as windows are read."""
        if self.peeked is not None:
            return self.peeked.malformed
        return self.rows.malformed if isinstance(self.rows, IndexedRows) else ()

    @property
    def built(self) -> float:
        """How much of the content is in the table: 0 to 1."""
        if self.table is None:
            return 0.0
        if self.table.complete or not self.size:
            return 1.0
        return self.table.consumed / self.size

    async def first_rows(self, dialect: Dialect) -> Rows:
        """The first rows as another dialect would read them.

        Raises:
            LocalError: the content cannot be read any more.
        """
        if self._partial is not None:
            head = await self._partial.content.read(0, min(HEAD, self.size or HEAD))
        elif self._feed is not None:
            head = self._feed.read(0, HEAD)
        else:
            file = await content_file(self._entry.raw)
            try:
                head = await asyncio.to_thread(file.read, 0, HEAD)
            finally:
                file.close()
        return await asyncio.to_thread(self._first_in, head, dialect)

    def _first_in(self, data: bytes, dialect: Dialect) -> Rows:
        whole = self.size is not None and self.size <= len(data)
        try:
            return _first(data, self._lens.written(dialect), whole=whole)
        except HeaderGoesOn:
            return MemoryRows([], [])

    def close(self) -> None:
        """Stop fetching and let go of the files; `rows` can be read no longer."""
        self._closed = True
        self._fetching.set()
        if self._partial is not None:
            self._partial.content.close()
        self._release()
        for rows in self._shown:
            _close(rows)
        if self._building is not None:
            shutil.rmtree(self._building, ignore_errors=True)

    async def changes(self) -> AsyncGenerator[None]:
        """Fetch the rest, and yield each time that `rows`, its types or `problem` changed.

        Ends when all rows are here, or when `problem` says why they will not come. The table of
        a small content is made, too.
        """
        try:
            if isinstance(self.rows, HexRows):
                if self._feed is not None:
                    path = await self._feed.wait_whole()
                    self._show(await _opened(partial(hex_rows, note=self.note), path))
                    yield
                return
            await self._fetching.wait()
            if self._closed:
                return
            grow = self.build if self._small else self._index
            async with contextlib.aclosing(grow()) as steps:
                async for _ in steps:
                    yield
        except Cancelled:
            return  # The preview was closed meanwhile.
        except AmltuiError as error:
            self.problem = error
            yield
        finally:
            self._release()

    @property
    def _small(self) -> bool:
        # The first rows have more cells than bytes only where most cells are not written out.
        cells = self.rows.row_count * len(self.rows.columns)
        return self.size is not None and self.size <= SMALL and cells < CELLS // 2

    async def _index(self) -> AsyncGenerator[None]:
        """Find the rows, and show them by their index as soon as there are more than the first."""
        if self.table is not None or self.rows.complete:
            return
        feed = self._feed
        whole = feed is None or feed.complete
        file = OpenFile(feed.open()) if feed is not None else await content_file(self._content)
        indexing = Indexing(file, self._fmt)
        try:
            identity = await asyncio.to_thread(FileIdentity.of, file) if whole else None
            async with contextlib.aclosing(indexing.run(feed)) as steps:
                async for index in steps:
                    if self._take(indexing, index, file, identity):
                        yield
            assert indexing.index is not None
            self._take(indexing, indexing.index, file, identity)
            yield
            await asyncio.to_thread(save_index, self._entry, indexing.index, self._content)
        finally:
            file.close()

    def _take(
        self, indexing: Indexing, index: RowIndex, file: OpenFile, identity: FileIdentity | None
    ) -> bool:
        """Take in what the index knows by now; whether there is something new to show."""
        if isinstance(self.rows, IndexedRows):
            new = self.rows.refresh()
            self._peek_on(self.rows)
            return new
        if not index.complete and index.row_count <= self.whole_rows:
            return False
        columns = [replace(column, sampled=True) for column in self.rows.columns]
        own = OpenFile(os.dup(file.descriptor))
        rows = IndexedRows(own, index, indexing.codec, columns, identity)
        self._show(rows)
        self._peek_on(rows)
        return True

    def _peek_on(self, rows: IndexedRows) -> None:
        """Let places follow what the index knows by now."""
        if self._peeking is not None:
            self._peeking.rows.follow(rows)
            self._moves += self._peeking.rows.take_moves()

    @property
    def _needed(self) -> int:
        """Bytes that the table may take."""
        cells = self.rows.row_count * len(self.rows.columns)
        return max(int((self.size or self.received) * _TABLE), cells * _CELL)

    async def has_room(self) -> bool:
        """Whether the table fits on this disk at the cost of nothing else that is cached."""
        if not self._cache.fits(self._needed):
            return False
        try:
            return not await asyncio.to_thread(self._cache.choose, self._needed, keep=self._entry)
        except DiskFull:
            return False

    async def build(self) -> AsyncGenerator[None]:
        """Write the text table, and yield each time that it has more rows or types.

        When it is whole, `rows` is that table. Nothing is done where it is whole already; for one
        caller at a time. Who leaves stops the work.

        Raises:
            DiskFull: neither the cache's quota nor the disk has room for it.
            Unreadable: the bytes are not what their type says.
            UnsupportedDataType: they are of a type without rows.
            AmltuiError: what keeps the rest of the bytes away.
        """
        if not self.has_rows:
            raise mismatch(self.note) if self.note else UnsupportedDataType(self._fmt.data_type_id)
        await self.fetch_all()
        if self.table is not None and self.table.complete and self.table.state.typed:
            return
        self.table = None
        if not self._small:
            await asyncio.to_thread(self._cache.make_room, self._needed, keep=self._entry)
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
            table = await _opened(self._adopt, building)
            self.table = table
            self._show(table)
            yield
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)

    async def _ingest(self, building: Path, note: Callable[[], None]) -> None:
        feed = self._feed
        if feed is not None and feed.path is not None and not feed.complete and not self._small:
            try:
                await ingest_in_process(
                    feed.path,
                    self._fmt,
                    building,
                    available=arriving(feed),
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
        if feed is not None:
            path = await feed.wait_whole()
        else:
            path = self._entry.raw
            await self._check()
        if self._small:
            await asyncio.to_thread(ingest, path, self._fmt, building)
        else:
            await ingest_in_process(path, self._fmt, building, on_progress=lambda _: note())

    async def _check(self) -> None:
        """See that the cached content is as it came.

        Raises:
            Damaged: it is not.
        """
        if await asyncio.to_thread(self._entry.check) == "damaged":
            raise Damaged(
                f'"{visible(source_name(self.source))}" was damaged on this disk',
                hint="It was dropped: the next time it is fetched again.",
            )

    async def _refresh(self, building: Path) -> bool:
        """Take in what the worker wrote; whether the table has more."""
        if self.table is not None:
            return self.table.refresh()
        try:
            self.table = await _opened(open_table, building, self._content)
        except LocalError:
            return False  # Not yet.
        self._shown.append(self.table)
        return True

    def _adopt(self, building: Path) -> Table:
        """Move the table to its place, unless another process was faster."""
        with contextlib.suppress(OSError):
            building.rename(self._entry.table)
        return open_table(self._entry.table, self._content)

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
    cache: Cache,
    key: str,
    transfers: Callable[[], Awaitable[Transfers]],
    source: Source,
    *,
    connect: Callable[[], Awaitable[Workspace]] | None = None,
    limit: int | None = None,
    sheet: str | None = None,
    dialect: Dialect | None = None,
) -> Preview:
    """The first rows of a dataset or an intermediate dataset; `key`: the workspace's.

    What is cached opens without asking the workspace. What lies on this disk is read where it is;
    `connect` gives the workspace that can say so. Of a content of more than `limit` bytes (None:
    `FETCHED`, or what the line brings in `SECONDS`) only what is looked at is fetched.
    `sheet` is the table that is meant of a workbook or a database; None: its first.
    `dialect`: how a person says that it is written.

    Raises:
        DatasetGone: it is no longer there.
        Unreachable: nothing of it is cached, and the workspace does not answer.
        Unreadable: the bytes are not what their type says.
    """
    entry = cache.entry(key, source)
    if dialect is not None:
        entry.read_as(dialect.to_text())
    cached = await _opened(_cached, entry, source, dialect, sheet)
    if cached is None and connect is not None and isinstance(source, Dataset):
        local = await (await connect()).local_content(source)
        if local is not None:
            await asyncio.to_thread(entry.link, source, local.path, local.sha256)
            cached = await _opened(_cached, entry, source, dialect, sheet)
    if cached is not None:
        lens = (await asyncio.to_thread(_lens_of, entry, source, dialect)).of(sheet)
        preview = _preview(source, cache, entry, cached, None, lens)
        preview.peek(await asyncio.to_thread(_peek_here, entry, cached, source, lens))
        return preview
    content = None
    if connect is not None and isinstance(source, Dataset) and source.size is not None:
        content = PartialContent(cache, entry, source, connect)
        waiting = await _waiting(content, source, limit, dialect)
        if waiting is not None:
            rows, lens, places = waiting
            preview = _preview(source, cache, entry, rows, None, lens)
            preview.remote = places if isinstance(places, RemoteParquet) else None
            preview.peek(
                places if isinstance(places, Peeking) else None, Partial(content, transfers)
            )
            return preview
    queue = await transfers()
    feed = queue.feed(source)
    try:
        rows, lens, head = await _first_of(feed, source, dialect, sheet)
        preview = _preview(source, cache, entry, rows, feed, lens)
        if content is not None:
            read = content.read
            preview.peek(await asyncio.to_thread(_peeking, head, rows, source, lens, read))
    except BaseException:
        feed.close()
        raise
    return preview


async def _waiting(
    content: PartialContent, source: Dataset, limit: int | None, dialect: Dialect | None
) -> tuple[Rows, Lens, Peeking | RemoteParquet] | None:
    """The first rows of a content of which no more is fetched; None: all of it is to be."""
    assert source.size is not None
    if source.size <= (FETCHED if limit is None else limit):
        return None
    peeking: Peeking | RemoteParquet | None = None
    try:
        await asyncio.to_thread(content.open)
        wanted = HEAD
        while peeking is None:
            head = await content.read(0, min(wanted, source.size))
            if limit is None and content.rate * SECONDS >= source.size:
                break
            try:
                rows, lens = await asyncio.to_thread(_start, head, source, dialect, whole=False)
            except HeaderGoesOn:
                wanted *= 4
                continue
            if lens.fmt == PARQUET and lens.has_rows:
                remote = await open_remote(content.read, source.size)
                rows = await remote.first(FIRST)
                peeking = remote
                break
            peeking = await asyncio.to_thread(_peeking, head, rows, source, lens, content.read)
            break
    except ContentError:
        pass  # No ranges, or other bytes than were here: all that there is is the whole.
    finally:
        if peeking is None:
            content.close()
    return None if peeking is None else (rows, lens, peeking)


def _peeking(head: bytes, rows: Rows, source: Source, lens: Lens, read: Read) -> Peeking | None:
    """What brings rows from any place of a content that begins with `head` and `rows`.

    None: its rows have no places of their own, or it is too small for that to be of use.
    """
    size = source.size if isinstance(source, Dataset) else None
    if lens.fmt.dialect is not None:
        return None  # what begins a row depends on what comes before it
    if size is None or size <= SMALL or lens.packing or not isinstance(rows, MemoryRows):
        return None
    if lens.fmt.kind == "batches":
        return None
    try:
        found = PeekedRows.begin(head, lens.fmt, rows, size)
    except AmltuiError:
        return None
    return None if found is None else Peeking(found, read)


def _peek_here(entry: Entry, rows: Rows, source: Source, lens: Lens) -> Peeking | None:
    """The same of a content that is whole on this disk, until its index is made."""
    if not isinstance(rows, MemoryRows) or rows.complete:
        return None

    async def read(start: int, stop: int) -> bytes:
        file = await content_file(entry.raw)
        try:
            return await asyncio.to_thread(file.read, start, stop)
        finally:
            file.close()

    with contextlib.suppress(OSError):
        file = OpenFile.at(entry.raw)
        try:
            return _peeking(file.read(0, max(HEAD, rows.consumed)), rows, source, lens, read)
        finally:
            file.close()
    return None


def _preview(
    source: Source, cache: Cache, entry: Entry, rows: Rows, feed: Feed | None, lens: Lens
) -> Preview:
    if lens.packing and lens.has_rows:
        from amltui.services.packed import PackedPreview  # which is made of the above

        return PackedPreview(source, cache, entry, rows, feed, lens)
    if lens.fmt.kind == "batches" and lens.has_rows:
        from amltui.services.batched import BatchedPreview

        return BatchedPreview(source, cache, entry, rows, feed, lens)
    return Preview(source, cache, entry, rows, feed, lens)


def _typed(source: Source) -> bool:
    return not isinstance(source, Dataset) or source.typed


def _lens_of(entry: Entry, source: Source, dialect: Dialect | None) -> Lens:
    """How a whole content is read."""
    try:
        return lens_of_file(
            entry.raw,
            name=source_name(source),
            data_type_id=source.data_type_id,
            dialect=dialect,
            typed=_typed(source),
        )
    except OSError as error:
        raise LocalError(f"The content cannot be read: {error.strerror or error}") from error


def _start(
    head: bytes, source: Source, dialect: Dialect | None, *, whole: bool
) -> tuple[Rows, Lens]:
    """The first rows of a content that begins with `head`, and how it is read.

    Raises:
        HeaderGoesOn: more bytes are needed to say.
    """
    lens = look(
        head,
        source_name(source),
        source.data_type_id,
        whole=whole,
        dialect=dialect,
        typed=_typed(source),
    )
    if lens.undecided:
        raise HeaderGoesOn
    return _first(head, lens, whole=whole), lens


async def _first_of(
    feed: Feed, source: Source, dialect: Dialect | None, sheet: str | None
) -> tuple[Rows, Lens, bytes]:
    """The first rows of what arrives, how it is read, and the bytes that they are in."""
    wanted = HEAD
    while True:
        await feed.wait(wanted)
        # More may be here by now, also all of it: what counts is what is read.
        data = feed.read(0, wanted)
        whole = feed.size is not None and feed.size <= len(data)
        try:
            rows, lens = await asyncio.to_thread(_start, data, source, dialect, whole=whole)
        except HeaderGoesOn:
            wanted *= 4
        else:
            lens = lens.of(sheet)
            if lens.fmt.kind == "batches" and lens.has_rows:
                path = await feed.wait_whole()
                rows = await _opened(batch_rows, path, lens.fmt, lens.sheet)
            return rows, lens, data


def _cached(
    entry: Entry, source: Source, dialect: Dialect | None, sheet: str | None
) -> Rows | None:
    """What this disk alone can show: the table, rows by their index, or the first rows."""
    if not entry.whole:
        return None
    entry.touch()
    lens = _lens_of(entry, source, dialect).of(sheet)
    if not lens.has_rows:
        return hex_rows(entry.raw, note=lens.note) if entry.check() != "damaged" else None
    _remove_leftovers(entry)
    content = entry.unpacked if lens.packing else entry.raw
    table = _cached_table(entry, content, lens.fmt) if sheet is None else None
    if table is not None and not (table.has_cuts and entry.check() == "damaged"):
        return table
    if table is not None:
        table.close()
    file = OpenFile.at(entry.raw)
    try:
        small = os.fstat(file.descriptor).st_size <= AT_ONCE
        if (small and entry.check() == "damaged") or not entry.head_is_good(file.read(0, HEAD)):
            return None
        return _readable(file, entry, lens)
    finally:
        file.close()


def _readable(file: OpenFile, entry: Entry, lens: Lens) -> Rows:
    """Rows of a whole content by their index, or the first rows."""
    if lens.fmt.kind == "batches":
        return batch_rows(entry.raw, lens.fmt, lens.sheet)
    size, _ = file.stat()
    if not lens.packing and (rows := _indexed(file, entry, lens)) is not None:
        return rows
    if lens.packing:
        with contextlib.suppress(OSError):
            text = OpenFile.at(entry.unpacked)
            try:
                if (rows := _indexed(text, entry, lens)) is not None:
                    return rows
            finally:
                text.close()
    wanted = HEAD
    while True:
        with contextlib.suppress(HeaderGoesOn):
            return _first(file.read(0, wanted), lens, whole=wanted >= size)
        wanted *= 4


def _indexed(file: OpenFile, entry: Entry, lens: Lens) -> Rows | None:
    """Rows by the index that an entry has; None: it has none, or needs none for so few."""
    index, identity = saved_index(entry, file, lens.fmt)
    if index is None or identity.size <= SMALL:
        return None
    return IndexedRows(OpenFile(os.dup(file.descriptor)), index, identity=identity)


def _cached_table(entry: Entry, content: Path, fmt: Format) -> Table | None:
    """The whole table, as far as can be told at once; one that is damaged is dropped.

    A small one is looked at wholly. Of a large one each batch is, when it is first read.
    """
    try:
        table = open_table(entry.table, content)
    except LocalError:
        shutil.rmtree(entry.table, ignore_errors=True)  # another version's, or damaged
        return None
    made_as = (table.state.data_type_id, table.state.dialect)
    if table.complete and table.state.typed:
        try:
            if made_as != (fmt.data_type_id, dialect_text(fmt)):
                raise LocalError("The table was read in another dialect.")
            if entry.raw.stat().st_size <= AT_ONCE:
                table.check()
        except (AmltuiError, OSError):
            shutil.rmtree(entry.table, ignore_errors=True)
        else:
            return table
    table.close()
    return None


async def content_file(path: Path) -> OpenFile:
    """A whole content, opened.

    Raises:
        LocalError: it cannot be read.
    """
    try:
        return await asyncio.to_thread(OpenFile.at, path)
    except OSError as error:
        raise LocalError(f"The content cannot be read: {error.strerror or error}") from error


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
    if isinstance(rows, Table | HexRows | IndexedRows | GroupedRows):
        rows.close()


def _first(data: bytes, lens: Lens, *, whole: bool) -> Rows:
    if not lens.has_rows or lens.fmt.kind == "batches":
        return hex_rows(data, complete=whole, note=lens.note)
    if lens.packing:
        data, whole = unpack_start(data, lens.packing, HEAD, whole=whole)
        if not data and not whole:
            raise HeaderGoesOn
    return first_rows(data, lens.fmt, whole=whole)


def _remove_leftovers(entry: Entry) -> None:
    """Remove tables that a process which is gone did not finish."""
    for path in entry.directory.glob("*.*.*"):
        kind, pid, _ = path.name.split(".", 2)
        if kind not in {"table", "unpacked"}:
            continue
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            shutil.rmtree(path, ignore_errors=True)
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
        except (ValueError, OSError):
            continue
