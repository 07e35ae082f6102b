"""Previews of contents that are tables and no text: Parquet, Arrow, Excel and SQLite."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

from amltui.cache import Cache, Entry, Source
from amltui.formats.batches import open_batches
from amltui.formats.lens import Lens
from amltui.formats.registry import PARQUET
from amltui.services.previews.columns import check_content
from amltui.services.previews.handles import opened
from amltui.services.previews.preview import Preview
from amltui.tables import Rows, Table
from amltui.tables.batched import batch_rows
from amltui.tables.scratch import Scratch
from amltui.tables.table_state import QUERIES
from amltui.text import human_size
from amltui.transfers import Feed


class BatchedPreview(Preview):
    """See `Preview`. Such a content is read where it lies, once all of it does."""

    def __init__(
        self, source: Source, cache: Cache, entry: Entry, rows: Rows, feed: Feed | None, lens: Lens
    ) -> None:
        super().__init__(source, cache, entry, rows, feed, lens)
        self._sheet = lens.sheet
        self._scratch: Scratch | None = None

    async def _index(self) -> AsyncGenerator[None]:
        """Show what came, and make the table where the rows are not all at hand."""
        if self._feed is not None and not self.rows.complete:
            path = await self._feed.wait_whole()
            self._show(await asyncio.to_thread(batch_rows, path, self._fmt, self._sheet))
            yield
        if self.table is None and not self.rows.complete:
            async for _ in self.build():
                yield

    def close(self) -> None:
        """See `Preview.close`."""
        super().close()
        if self._scratch is not None:
            self._scratch.close()

    async def table_in_place(self) -> Table | None:
        """See `Preview.table_in_place`. Of a Parquet file of usual types."""
        if self._fmt != PARQUET or self.table is not None:
            return None
        await self.fetch_all()
        path = self._entry.raw if self._feed is None else await self._feed.wait_whole()
        if self._feed is None:
            await check_content(self._entry, self.source, once=True)
        from amltui.tables.queries.parquet import parquet_table

        if self._scratch is None:
            self._scratch = Scratch(self._entry.directory, QUERIES)
        kept = self._entry.table.with_name("table-in-place")  # goes with the content
        table = await opened(parquet_table, path, self._scratch.path, kept)
        if table is not None:
            self.table = table
            self._shown.append(table)
        return table

    async def sheets(self) -> tuple[str, ...]:
        """Names of the tables that the content has; empty where it is one by its format.

        Raises:
            Unreadable: it is damaged.
            AmltuiError: what keeps it away.
        """
        path = self._entry.raw if self._feed is None else await self._feed.wait_whole()

        def read() -> tuple[str, ...]:
            source = open_batches(self._fmt, path, self._sheet)
            try:
                return source.sheets
            finally:
                source.close()

        return await asyncio.to_thread(read)

    async def window_of(self, start: int | None, count: int) -> tuple[Rows, range]:
        """See `Preview.window_of`. Of Parquet elsewhere only their row groups are fetched."""
        if self.remote is None or not self.waits:
            return await super().window_of(start, count)
        total = self.remote.row_count
        first = max(0, total - count) if start is None else min(start, total)
        return await self.remote.rows(first, count), range(first, min(first + count, total))

    async def part_table(self) -> Table:
        """See `Preview.part_table`. Its rows are shown where they are more than those that were."""
        table = await super().part_table()
        if not self.rows.complete and table.row_count > self.rows.row_count:
            self.rows = table
        return table

    async def _beginning(self, room: int) -> tuple[Path, int]:
        """See `Preview._beginning`; the bytes are those of a table."""
        path, _ = await super()._beginning(room)
        return path, room

    @property
    def part_words(self) -> str:
        """See `Shown.part_words`."""
        rows = f"{self.rows.row_count:,} rows" if self.rows.complete else "the table"
        return f"part of {rows}"

    @property
    def fetched(self) -> str:
        """How much of a Parquet file elsewhere was fetched, in one line; "" for others."""
        if self.remote is None or not self.waits:
            return ""
        return (
            f"{human_size(self.remote.fetched)} of {human_size(self.size)} fetched in "
            f"{self.remote.requests} requests; the footer counts {self.remote.row_count:,} rows."
        )

    @property
    def _small(self) -> bool:
        return False
