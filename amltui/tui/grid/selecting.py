"""A range of cells: where it began, and what is in it. Needs no screen."""

from __future__ import annotations

from textual.coordinate import Coordinate

from amltui.tui.grid.cell_copies import Selection
from amltui.tui.grid.grid_content import GridContent


class Selecting:
    """What the cursor selects as it moves."""

    def __init__(self, content: GridContent) -> None:
        self._content = content
        self._anchor: Coordinate | None = None
        """Where the range began; None: there is none."""
        self._stays = False
        """Whether every move selects, until `stop`."""

    @property
    def is_on(self) -> bool:
        """Whether every move selects."""
        return self._stays

    def start(self, at: Coordinate) -> None:
        """Select from here with every move."""
        self._stays = True
        self._anchor = at

    def stop(self) -> None:
        """Select no more, and forget where the range began."""
        self._stays = False
        self._anchor = None

    def move_from(self, at: Coordinate, *, extend: bool) -> None:
        """The cursor is about to leave `at`; whether it selects on its way."""
        if extend or self._stays:
            self._anchor = self._anchor or at
        else:
            self._anchor = None

    def reach(self, at: Coordinate, cursor_type: str) -> Selection | None:
        """What is selected with the cursor here; None: nothing beyond it."""
        return None if self._anchor is None else self.between(self._anchor, at, cursor_type)

    def between(self, one: Coordinate, other: Coordinate, cursor_type: str) -> Selection:
        """The cells between two; of a cursor that is a row or a column, whole ones."""
        count, order = self._content.rows.row_count, self._content.layout.order
        rows = range(min(one.row, other.row), min(max(one.row, other.row) + 1, count))
        first, last = sorted((one.column, other.column))
        columns = tuple(column for column in order if first <= column <= last)
        if cursor_type == "row":
            columns = tuple(order)
        elif cursor_type == "column":
            rows = range(count)
        return Selection(rows, columns)

    def everything(self) -> Selection:
        """Every row and every visible column."""
        return Selection(range(self._content.rows.row_count), tuple(self._content.layout.order))
