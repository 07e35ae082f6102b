"""A table's rows in another order, or only some of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from typing import Any

import numpy as np
import numpy.typing as npt

from amltui.tables.rows import Column
from amltui.tables.scratch import Scratch
from amltui.tables.table import Table
from amltui.tables.table_state import QUERIES

Order = npt.NDArray[np.uint32]
_IN_MEMORY = 100_000
"""Row numbers up to which an order is held in memory."""


class View:
    """`Rows` of a table by their numbers. Close it when done; the table is not its own."""

    def __init__(
        self, table: Table, order: Order, *, complete: bool = True, description: str = ""
    ) -> None:
        """Make a view; see `sort` and `filter_rows`.

        Args:
            table: whose rows these are; used in the thread that uses the view.
            order: row numbers (0-based); more than 100,000 are moved to a file.
            complete: whether all rows that belong to the view are in it.
            description: what it shows, for people.
        """
        self.table = table
        self.description = description
        self._complete = complete
        self._scratch: Scratch | None = None
        self.order: Any = order
        """Row numbers in the view's order."""
        if len(order) > _IN_MEMORY:
            self._scratch = scratch_of(table)
            path = self._scratch.path / "order"
            order.tofile(path)
            self.order = np.memmap(path, dtype=np.uint32, mode="r")

    def close(self) -> None:
        """Remove the view's file."""
        self.order = np.empty(0, dtype=np.uint32)
        if self._scratch is not None:
            self._scratch.close()

    @property
    def columns(self) -> tuple[Column, ...]:
        """See `Rows.columns`."""
        return self.table.columns

    @property
    def row_count(self) -> int:
        """See `Rows.row_count`."""
        return len(self.order)

    @property
    def complete(self) -> bool:
        """See `Rows.complete`. False: these are the first rows, and the rest is being sorted."""
        return self._complete

    def window(self, start: int, stop: int, columns: Sequence[int]) -> list[Sequence[str | None]]:
        """See `Rows.window`."""
        return self.table.take(self.row_numbers(start, stop), columns)

    def row_numbers(self, start: int, stop: int) -> Sequence[int]:
        """See `Rows.row_numbers`."""
        numbers: list[int] = self.order[max(start, 0) : max(stop, 0)].tolist()
        return numbers

    def cell(self, row: int, column: int) -> str | None:
        """See `Rows.cell`."""
        if row < 0:
            raise IndexError(row)
        return self.table.cell(int(self.order[row]), column)


@contextmanager
def own_reader(rows: Table | View) -> Iterator[Table | View]:
    """The same rows by a reader of the calling thread's own."""
    with table_of(rows).reopen() as table:
        if isinstance(rows, View):
            own = copy(rows)
            own.table = table
            yield own
        else:
            yield table


def scratch_of(table: Table) -> Scratch:
    """A new directory for files that live as long as a question or its answer."""
    return Scratch(table.directory, QUERIES)


def table_of(rows: Table | View) -> Table:
    """The table that rows belong to."""
    return rows.table if isinstance(rows, View) else rows


def restrict(rows: Table | View, order: Order) -> Order:
    """Those of an order's rows that a view shows, still in that order."""
    if not isinstance(rows, View):
        return order
    # The order may be of more rows than the view's table knew when it was opened: it grows.
    shown = np.zeros(max(table_of(rows).row_count, len(order)), dtype=np.bool_)
    shown[rows.order] = True
    kept: Order = order[shown[order]]
    return kept
