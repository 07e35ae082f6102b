"""Previews of contents that are tables and no text: Parquet, Arrow, Excel and SQLite."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

from amltui.cache import Cache, Entry
from amltui.formats.lens import Lens
from amltui.services.previews import Preview, Source
from amltui.tables import Rows, Table, ingest_in_process, open_table
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

    async def _ingest(self, building: Path, note: Callable[[], None]) -> None:
        path = self._entry.raw
        if self._feed is not None:
            path = await self._feed.wait_whole()
        else:
            await self._check()
        await ingest_in_process(
            path, self._fmt, building, on_progress=lambda _: note(), sheet=self._sheet
        )

    def _adopt(self, building: Path) -> Table:
        if self._sheet is None:
            return super()._adopt(building)
        return open_table(building, self._content)  # what one looks at by name is not kept
