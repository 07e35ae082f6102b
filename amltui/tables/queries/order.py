"""Sorting: the first screen at once, the whole order after it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from amltui.formats.arrays import plain
from amltui.tables.queries.cancel import Cancel
from amltui.tables.queries.engine import connection, typed_reader
from amltui.tables.queries.values import SortKey
from amltui.tables.queries.view import Order, View, restrict, table_of
from amltui.tables.table import Table

TOP: Final = 1_000
"""Rows of the first answer."""
_SHARE: Final = 160
"""MiB for DuckDB: the order itself and the runs being merged come on top, up to 70 MiB."""


def sort(
    rows: Table | View,
    keys: Sequence[SortKey],
    *,
    first: Callable[[View], None] | None = None,
    cancel: Cancel | None = None,
) -> View:
    """Rows by the values of columns, each as its type says; equal ones in the table's order.

    Args:
        rows: a table, or a view whose rows are to be sorted.
        keys: the first counts most.
        first: called in this thread with the first 1,000 rows, long before the rest is sorted.
        cancel: stops it.

    Raises:
        DiskFull: no space for the order.
        Cancelled: it was stopped.
    """
    cancel = cancel or Cancel()
    table = table_of(rows)
    text = ", ".join(
        table.columns[key.column].name + (" descending" if key.descending else "") for key in keys
    )
    known = table.row_count  # more may come before the rows are read again
    with table.reopen() as own:
        if first is not None and not isinstance(rows, View) and own.row_count > TOP * 10:
            order = _order(own, keys, cancel, limit=TOP)
            top = View(table, order[order < known], complete=False, description=f"sorted by {text}")
            top.read_first(own)
            first(top)
        order = restrict(rows, _order(own, keys, cancel))
        order = order[order < known]
        view = View(table, order, complete=rows.complete, description=f"sorted by {text}")
        view.read_first(own)
    return view


def _order(
    table: Table, keys: Sequence[SortKey], cancel: Cancel, *, limit: int | None = None
) -> Order:
    by = ", ".join(
        f"c{place} {'DESC' if key.descending else 'ASC'} NULLS LAST"
        for place, key in enumerate(keys)
    )
    query = f"SELECT row FROM data ORDER BY {by}, row"  # noqa: S608 - only our own names
    if limit is not None:
        query += f" LIMIT {limit}"
    order = np.empty(limit or table.row_count, dtype=np.uint32)
    filled = 0
    with connection(table, cancel, memory=_SHARE) as found:
        found.register("data", typed_reader(table, [key.column for key in keys], cancel))
        for batch in found.sql(query).to_arrow_reader(100_000):
            cancel.check()
            order[filled : filled + batch.num_rows] = plain(batch.column(0), np.uint32)
            filled += batch.num_rows
    return order[:filled]
