"""Previews of contents that are tables and no text: Parquet, Arrow, Excel and SQLite."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from amltui.cache import Cache, Entry, Source
from amltui.formats.lens import Lens
from amltui.services.previews.preview import Preview
from amltui.tables import Rows
from amltui.tables.batched import batch_rows
from amltui.text import human_size
from amltui.transfers import Feed


class BatchedPreview(Preview):
    """See `Preview`. Such a content is read where it lies, once all of it does."""

    def __init__(
        self, source: Source, cache: Cache, entry: Entry, rows: Rows, feed: Feed | None, lens: Lens
    ) -> None:
        super().__init__(source, cache, entry, rows, feed, lens)
        self._sheet = lens.sheet

    async def _index(self) -> AsyncGenerator[None]:
        """Show what came, and make the table where the rows are not all at hand."""
        if self._feed is not None and not self.rows.complete:
            path = await self._feed.wait_whole()
            self._show(await asyncio.to_thread(batch_rows, path, self._fmt, self._sheet))
            yield
        if self.table is None and not self.rows.complete:
            async for _ in self.build():
                yield

    async def window_of(self, start: int | None, count: int) -> tuple[Rows, range]:
        """See `Preview.window_of`. Of Parquet elsewhere only their row groups are fetched."""
        if self.remote is None or not self.waits:
            return await super().window_of(start, count)
        total = self.remote.row_count
        first = max(0, total - count) if start is None else min(start, total)
        return await self.remote.rows(first, count), range(first, min(first + count, total))

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
