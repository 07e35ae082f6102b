"""The third line of the grid's header: how each column's values are spread, in a few cells."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Final

from amltui.tui.actions.questions import loaded

if TYPE_CHECKING:
    from amltui.tables import Table
    from amltui.tables.queries import Histogram

_ROWS: Final = 500_000
"""Rows above which bars come from a sample, which `≈` says: `I` asks all rows of one column."""
_MOST: Final = 20_000_000
"""Rows above which values of texts are not counted: that would take more than half a second."""
_COLUMNS: Final = 60
"""Columns that get a note; each costs a query."""
_BINS: Final = 8
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


async def column_notes(table: Table) -> AsyncGenerator[tuple[int, str]]:
    """A note for each column, one after the other: bars for numbers, else how many values."""
    if not table.row_count:
        return
    await loaded()
    from amltui.tables.queries import distinct, histogram, in_thread

    for index, column in enumerate(table.columns[:_COLUMNS]):
        if column.type in {"int", "float", "date", "datetime"}:
            sampled = table.row_count > _ROWS
            spread = await in_thread(histogram, table, index, bins=_BINS, sampled=sampled)
            yield index, about(sparkline(spread), exact=spread.sampled is None)
        elif table.row_count <= _MOST:
            found = await in_thread(distinct, table, index, limit=1)
            text = f"{found.total:,} value{'' if found.total == 1 else 's'}"
            yield index, about(text, exact=found.exact)


def about(note: str, *, exact: bool) -> str:
    """A note, with `≈` before it where not every row was counted."""
    return note if exact or not note else f"≈ {note}"
