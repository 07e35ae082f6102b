"""A table's rows in another order, or only some of them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from amltui.tables.cells import texts
from amltui.tables.rows import CELL_LIMIT, Column, WantedRows
from amltui.tables.scratch import Scratch
from amltui.tables.table import Table
from amltui.tables.table_state import QUERIES

Order = npt.NDArray[np.uint32]
_IN_MEMORY = 100_000
"""Row numbers up to which an order is held in memory."""
_TOGETHER: Final = 1_000
"""Rows that are read together where rows far apart come slowly."""
_MANY: Final = 200_000
"""Cells of those that are read together where more rows are asked for: all of them, then."""
_KEPT: Final = 64 << 20
"""Bytes of them that are kept."""
_FIRST_COLUMNS: Final = 12
"""Columns of the first rows that are read before anyone looks."""


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
        self._read: OrderedDict[tuple[int, int, int], Any] = OrderedDict()
        """Of the first and the last row of some, and a column: their texts."""
        self.wanted: WantedRows | None = None
        """See `SlowRows.wanted`."""
        self.on_wanted: Callable[[], None] | None = None
        """See `SlowRows.on_wanted`."""
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
        self._read.clear()
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
        if not self.table.scattered_slowly:
            return self.table.take(self.row_numbers(start, stop), columns)
        start, stop = max(start, 0), min(stop, self.row_count)
        size = _TOGETHER
        if stop - start > size:
            size = max(size, _MANY // max(1, len(columns)))
        found: list[list[str | None]] = [[] for _ in columns]
        while start < stop:
            first = start - start % size
            end = min(stop, first + size)
            arrays = self._together(self.table, first, first + size, columns)
            for cells, array in zip(found, arrays, strict=True):
                cells.extend(texts(array, start - first, end - first))
            start = end
        return list(found)

    def read_first(self, table: Table) -> None:
        """Have the first rows here before they are shown, where they come slowly.

        `table`: a reader of the calling thread's own, which alone has this view as yet.
        """
        if table.scattered_slowly and self.row_count:
            self._together(table, 0, _TOGETHER, range(min(_FIRST_COLUMNS, len(table.columns))))

    def is_here(self, start: int, stop: int, columns: Sequence[int]) -> bool:
        """See `SlowRows`."""
        if self.on_wanted is None or not self.table.scattered_slowly:
            return True
        for first in range(start - start % _TOGETHER, stop, _TOGETHER):
            if any((first, first + _TOGETHER, column) not in self._read for column in columns):
                numbers = self.row_numbers(first, first + _TOGETHER)
                self.wanted = WantedRows(first, numbers, tuple(columns))
                self.on_wanted()
                return False
        return True

    def read_wanted(self, wanted: WantedRows) -> list[Any]:
        """See `SlowRows.read_wanted`."""
        with self.table.reopen() as table:
            return table.beginnings(wanted.numbers, wanted.columns)

    def put(self, wanted: WantedRows, arrays: Sequence[Any]) -> None:
        """See `SlowRows.put`."""
        if self.wanted is wanted:
            self.wanted = None
        stop = wanted.first + _TOGETHER
        for column, array in zip(wanted.columns, arrays, strict=True):
            self._read[wanted.first, stop, column] = array
        # Those that a grid shows together are never dropped: it would ask for them in turn.
        self._drop({wanted.first - _TOGETHER, wanted.first, stop})

    def _drop(self, kept: Container[int]) -> None:
        """Drop what was read least recently, but no rows of those that begin at `kept`."""
        size = sum(array.nbytes for array in self._read.values())
        for key in [key for key in self._read if key[0] not in kept]:
            if size <= _KEPT:
                break
            size -= self._read.pop(key).nbytes

    def _together(self, table: Table, first: int, stop: int, columns: Sequence[int]) -> list[Any]:
        """The beginnings of the texts of rows `first` to before `stop`, as arrays."""
        missing = [column for column in columns if (first, stop, column) not in self._read]
        if missing:
            for column, array in zip(
                missing, table.beginnings(self.row_numbers(first, stop), missing), strict=True
            ):
                self._read[first, stop, column] = array
        keys = [(first, stop, column) for column in columns]
        for key in keys:
            self._read.move_to_end(key)
        arrays = [self._read[key] for key in keys]
        self._drop({first})
        return arrays

    def row_numbers(self, start: int, stop: int) -> Sequence[int]:
        """See `Rows.row_numbers`."""
        numbers: list[int] = self.order[max(start, 0) : max(stop, 0)].tolist()
        return numbers

    def cell(self, row: int, column: int) -> str | None:
        """See `Rows.cell`."""
        if row < 0:
            raise IndexError(row)
        number = int(self.order[row])
        if not self.table.scattered_slowly:
            return self.table.cell(number, column)
        first = row - row % _TOGETHER
        [array] = self._together(self.table, first, first + _TOGETHER, [column])
        value: str | None = array[row - first].as_py()
        if value is not None and len(value) > CELL_LIMIT:
            value = self.table.arrays([number], [column])[0][0].as_py()
        return value


@contextmanager
def own_reader(rows: Table | View) -> Iterator[Table | View]:
    """The same rows by a reader of the calling thread's own."""
    with table_of(rows).reopen() as table:
        if isinstance(rows, View):
            own = copy(rows)
            own.table = table
            own._read = OrderedDict()  # noqa: SLF001 - that of the other thread changes meanwhile
            own.on_wanted = None
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
