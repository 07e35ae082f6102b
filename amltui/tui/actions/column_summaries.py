"""The third line of the grid's header: how each column's values are spread, in a few cells."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from amltui.tables.rows import RANGED
from amltui.tui.pace import PACE

if TYPE_CHECKING:
    from amltui.tables.queries import Histogram
    from amltui.tui.actions.host import PreviewHost
    from amltui.tui.actions.query_stack import QueryStack, Result

_ROWS: Final = 500_000
"""Rows above which bars come from a sample, which `≈` says: `I` asks all rows of one column."""
_MOST: Final = 20_000_000
"""Rows above which values of texts are not counted: that would take more than half a second."""
_COLUMNS: Final = 60
"""Columns that are summed up; each costs a query."""
_BINS: Final = 8
"""Cells of the bars; those of a sample leave one for the sign that says so."""
_LEVELS: Final = "▁▂▃▄▅▆▇█"
_CALM: Final = 0.5
"""Seconds between two frames that only bring summaries."""


class ColumnSummaries:
    """Those of the rows that are shown; each result is summed up once."""

    def __init__(self, host: PreviewHost, stack: QueryStack) -> None:
        """Begin with none; `stack` has the rows."""
        self._host = host
        self._stack = stack
        self._known: dict[Result | None, dict[int, str]] = {}
        """Of the columns of the rows that a filter kept; None: of those of the table."""

    def forget(self) -> None:
        """Begin anew: other rows come."""
        self._known = {}

    def show(self) -> None:
        """Put those that are known into the header, and make the others."""
        self._host.preview.grid.set_summaries(self._known.get(self._stack.filtered, {}))
        self.make()

    def make(self) -> None:
        """Say in the header how the values of the rows in force are spread; once all are there."""
        table = self._stack.table
        if PACE.low:
            return
        if table is not None and table.complete and not self._stack.replaced:
            self._host.work(self._make, group="summaries", exclusive=True)

    async def _make(self) -> None:
        result, table = self._stack.filtered, self._stack.table
        if table is None or result in self._known:
            return
        found: dict[int, str] = {}
        written = time.monotonic()
        rows = table if result is None else result.rows
        async with contextlib.aclosing(column_summaries(rows)) as summaries:
            async for column, summary in summaries:
                found[column] = summary
                if time.monotonic() - written > _CALM and PACE.allows(last=written):
                    # Not each by itself, which would draw the header again for each.
                    self._put(result, found)
                    written = time.monotonic()
        kept = (None, *self._stack.results)
        self._known = {one: of for one, of in self._known.items() if one in kept}
        self._known[result] = found
        self._put(result, found)

    def _put(self, result: Result | None, found: dict[int, str]) -> None:
        """Show what was found of a filter's rows, unless others are shown by now."""
        if self._stack.filtered is result and not self._stack.replaced:
            self._host.preview.grid.set_summaries(found)


def sparkline(spread: Histogram) -> str:
    """The bins of a histogram as one character each; an empty bin is a space."""
    most = max((part.count for part in spread.bins), default=0)
    if not most:
        return ""
    top = len(_LEVELS) - 1
    return "".join(
        _LEVELS[round(part.count / most * top)] if part.count else " " for part in spread.bins
    )


async def loaded() -> None:
    """Import what answers queries beside the loop that draws: DuckDB takes a quarter second."""
    for module in ("histograms", "match", "order", "select", "summary"):
        await asyncio.to_thread(import_module, f"amltui.tables.queries.{module}")


async def column_summaries(rows: Any) -> AsyncGenerator[tuple[int, str]]:
    """A summary of each column, one after the other: bars for numbers, else how many values.

    `rows`: a table or a view of one.
    """
    if not rows.row_count:
        return
    await loaded()
    from amltui.tables.queries import distinct, histogram, in_thread

    for index, column in enumerate(rows.columns[:_COLUMNS]):
        if column.type in RANGED:
            sampled = rows.row_count > _ROWS
            spread = await in_thread(histogram, rows, index, bins=_BINS - sampled, sampled=sampled)
            yield index, about(sparkline(spread), exact=spread.sampled is None)
        elif rows.row_count <= _MOST:
            found = await in_thread(distinct, rows, index, limit=1)
            text = f"{found.total:,} value{'' if found.total == 1 else 's'}"
            yield index, about(text, exact=found.exact)


def about(summary: str, *, exact: bool) -> str:
    """A summary, with `≈` before it where not every row was counted."""
    return summary if exact or not summary else f"≈{summary}"
