"""The third line of the grid's header: how each column's values are spread, in a few cells."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from amltui.tables.rows import RANGED

if TYPE_CHECKING:
    from amltui.tables.queries import Histogram

_ROWS: Final = 500_000
"""Rows above which bars come from a sample, which `≈` says: `I` asks all rows of one column."""
_MOST: Final = 20_000_000
"""Rows above which values of texts are not counted: that would take more than half a second."""
_COLUMNS: Final = 60
"""Columns that are summed up; each costs a query."""
_BINS: Final = 8
"""Cells of the bars; those of a sample leave one for the sign that says so."""
_LEVELS: Final = "▁▂▃▄▅▆▇█"


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
