"""What makes the rows that are shown more: the rest of the bytes, their index and the table."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from amltui.errors import AmltuiError, Cancelled, DiskFull, UnsupportedDataType
from amltui.formats.blocks import CELLS
from amltui.formats.dialect import Dialect
from amltui.formats.many_cells import are_too_many, too_many
from amltui.formats.recognition import mismatch
from amltui.services.previews.columns import (
    Columns,
    check_content,
    fitting,
    ingest_arriving,
    room_for,
)
from amltui.services.previews.first import first_in
from amltui.services.previews.handles import close, content_file, opened
from amltui.services.previews.indexing import Indexing
from amltui.services.previews.kept_index import BegunIndex, save_index
from amltui.services.previews.peeking import Partial, Peeking
from amltui.services.previews.shown import Shown
from amltui.tables import (
    HEAD,
    HeaderGoesOn,
    HexRows,
    Rows,
    Table,
    hex_rows,
    ingest,
    ingest_in_process,
)
from amltui.tables.indexed import IndexedRows
from amltui.tables.memory import MemoryRows
from amltui.tables.row_index import FileIdentity, RowIndex
from amltui.tables.source import OpenFile

SMALL: Final = 4 << 20
"""Bytes up to which a table is written at once: that takes no longer than an index is worth."""


class Preview(Shown):
    """Rows of one dataset as far as they are here. Close it when they are no longer shown.

    `async for _ in preview.changes()` makes it grow to all rows; leaving that loop stops the
    fetch, and what arrived stays in the cache for the next time. `build` makes the table.
    """

    def peek(self, peeking: Peeking | None, partial: Partial | None = None) -> None:
        """Show any row by its place; with `partial` fetch no more until `fetch_all`."""
        self._peeking, self._partial = peeking, partial
        if partial is not None:
            self._fetching.clear()

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
            return first_in(data, self._lens.written(dialect), whole=whole)
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
            close(rows)
        for columns in (self._columns, self._part_columns):
            if columns is not None:
                columns.remove()

    async def changes(self) -> AsyncGenerator[None]:
        """Fetch the rest, and yield each time that `rows`, its types or `problem` changed.

        Ends when all rows are here, or when `problem` says why they will not come. The table of
        a small content is made, too.
        """
        try:
            if isinstance(self.rows, HexRows):
                if self._feed is not None:
                    path = await self._feed.wait_whole()
                    self._show(await opened(partial(hex_rows, note=self.note), path))
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

    async def table_in_place(self) -> Table | None:
        """The content as a table where it lies; None: `build` makes one. Closed with the preview.

        It answers questions about all rows as the other does; single rows come slower from it.
        """
        return None

    async def sheets(self) -> tuple[str, ...]:
        """Names of the tables that the content has; empty where it is one."""
        return ()

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
        try:
            identity = await asyncio.to_thread(FileIdentity.of, file) if whole else None
            path = self._content if feed is None or feed.path is None else feed.path
            begun = BegunIndex(self._entry, file, path, identity)
            available = None if feed is None or whole else feed.available
            if isinstance(self.rows, IndexedRows):
                begun.index = self.rows.index  # somebody left these changes before
            else:
                await asyncio.to_thread(begun.load, self._fmt, available)
            indexing = Indexing(file, self._fmt, begun=begun)
            async with contextlib.aclosing(indexing.run(feed)) as steps:
                async for index in steps:
                    if self._take(indexing, index, file, identity):
                        yield
            assert indexing.index is not None
            self._take(indexing, indexing.index, file, identity)
            yield
            await asyncio.to_thread(
                save_index, self._entry, indexing.index, self._content, identity
            )
            await asyncio.to_thread(begun.forget)
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
        return room_for(self.size or self.received, cells)

    async def has_room(self) -> bool:
        """Whether the table fits on this disk at the cost of nothing else that is cached."""
        if not self._cache.fits(self._needed):
            return False
        try:
            return not await asyncio.to_thread(self._cache.choose, self._needed, keep=self._entry)
        except DiskFull:
            return False

    def _check_cells(self) -> None:
        rows, columns = self.rows.row_count, len(self.rows.columns)
        if not self.rows.complete or self._fmt.kind == "batches":
            return
        with contextlib.suppress(FileNotFoundError):
            if are_too_many(rows, columns, self._content.stat().st_size):
                raise too_many(rows, columns)

    async def build(self) -> AsyncGenerator[None]:
        """Write the text table, and yield each time that it has more rows or types.

        When it is whole, `rows` is that table. Nothing is done where it is whole already; for one
        caller at a time. Who leaves stops the work.

        Raises:
            DiskFull: neither the cache's quota nor the disk has room for it.
            Unreadable: the bytes are not what their type says.
            UnsupportedDataType: they are of a type without rows.
            TooManyCells: see `formats.many_cells`.
            AmltuiError: what keeps the rest of the bytes away.
        """
        if not self.has_rows:
            raise mismatch(self.note) if self.note else UnsupportedDataType(self._fmt.data_type_id)
        await self.fetch_all()
        if self.table is not None and self.table.complete and self.table.state.typed:
            return
        if self.problem is not None and self._feed is None and not self._entry.whole:
            raise self.problem
        self.table = None
        await asyncio.to_thread(self._check_cells)
        if not self._small:
            await asyncio.to_thread(self._cache.make_room, self._needed, keep=self._entry)
        kept = self._lens.sheet is None  # What one looks at by name is not kept.
        self._columns = Columns(self._entry, self._content, kept=kept)
        async with contextlib.aclosing(self._columns.write(self._ingest)) as steps:
            async for table in steps:
                if self._closed:
                    close(table)
                    return
                if table is not self.table:
                    self.table = table
                    self._shown.append(table)
                if table.complete and table.state.typed:
                    self._show(table)
                yield

    async def part_table(self) -> Table:
        """A table of the first rows: of a content that waits those that are here, else what fits.

        It says that it is not complete, and is closed with the preview. `part_words` says of how
        much it is.

        Raises:
            DiskFull: there is no room for it.
            LocalError: the rows cannot be read any more.
        """
        room = await asyncio.to_thread(self._cache.room, keep=self._entry)
        path, there = await self._beginning(room)
        room = await asyncio.to_thread(self._cache.room, keep=self._entry)  # the text took some
        # Where not even the first rows fit, it is said that they do not.
        size = max(min(there, fitting(room)), min(there, HEAD))
        await asyncio.to_thread(self._cache.make_room, room_for(size, 0), keep=self._entry)

        async def ingest_part(directory: Path, note: Callable[[], None]) -> None:
            sheet = self._lens.sheet
            if size <= SMALL:
                work = partial(ingest, path, self._fmt, directory, sheet=sheet, part=size)
                await asyncio.to_thread(work)
            else:
                await ingest_in_process(
                    path,
                    self._fmt,
                    directory,
                    sheet=sheet,
                    part=size,
                    on_progress=lambda _: note(),
                )

        self._part_columns = Columns(self._entry, path, kept=False)
        async with contextlib.aclosing(self._part_columns.write(ingest_part)) as steps:
            async for table in steps:
                if table not in self._shown:
                    self._shown.append(table)
        self.part = table
        return table

    async def _beginning(self, room: int) -> tuple[Path, int]:
        """A file of the first bytes that rows are read from, and how many these are.

        `room`: bytes that may be written for it and for a table of it.
        """
        del room  # it is there
        if self._partial is not None and self._partial.content.path is not None:
            return self._partial.content.path, self.part_size
        came = self._came_to if self._feed is None else self._feed.path
        if came is not None and await asyncio.to_thread(came.exists):
            return came, self.received
        return self._entry.raw, self.received

    async def _ingest(self, directory: Path, note: Callable[[], None]) -> None:
        """Write the table into a directory, and call `note` when there is more of it."""
        feed = self._feed
        if feed is not None:
            if not self._small and await ingest_arriving(feed, self._fmt, directory, note):
                return
            path = await feed.wait_whole()
        else:
            path = self._entry.raw
            await check_content(self._entry, self.source)
        await self._ingest_file(path, directory, note)

    async def _ingest_file(self, path: Path, directory: Path, note: Callable[[], None]) -> None:
        if self._small:
            await asyncio.to_thread(ingest, path, self._fmt, directory)
        else:
            await ingest_in_process(
                path, self._fmt, directory, on_progress=lambda _: note(), sheet=self._lens.sheet
            )
