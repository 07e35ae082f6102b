"""What the grid tells its screen: DataTable's messages by their names, and a few of its own."""

from __future__ import annotations

from collections.abc import Callable

from textual.coordinate import Coordinate
from textual.message import Message
from textual.widget import Widget


class GridMessage(Message, namespace="grid"):
    """Something that a grid reports."""

    def __init__(self, grid: Widget) -> None:
        self.grid = grid
        """The grid that it happened in."""
        super().__init__()

    @property
    def control(self) -> Widget:
        """The sender, for `on(..., selector)`."""
        return self.grid


class CellMessage(GridMessage, namespace="grid"):
    """About one cell."""

    def __init__(self, grid: Widget, coordinate: Coordinate, value: str | None) -> None:
        super().__init__(grid)
        self.coordinate = coordinate
        """Row as shown and column of the rows, both from 0."""
        self.value = value
        """Its text, at most `CELL_LIMIT` characters; None: missing."""


class CellHighlighted(CellMessage, namespace="grid"):
    """The cursor came to a cell."""


class CellSelected(CellMessage, namespace="grid"):
    """A cell was chosen: enter, or a click on the cursor."""


class RowMessage(GridMessage, namespace="grid"):
    """About one row."""

    def __init__(self, grid: Widget, cursor_row: int, row_number: int) -> None:
        super().__init__(grid)
        self.cursor_row = cursor_row
        """Row as shown, from 0."""
        self.row_number = row_number
        """Row in the file, from 0."""


class RowHighlighted(RowMessage, namespace="grid"):
    """The cursor came to a row."""


class RowSelected(RowMessage, namespace="grid"):
    """A row was chosen."""


class RowLabelSelected(RowMessage, namespace="grid"):
    """A row's number was clicked."""


class ColumnMessage(GridMessage, namespace="grid"):
    """About one column."""

    def __init__(self, grid: Widget, column_index: int) -> None:
        super().__init__(grid)
        self.column_index = column_index
        """Column of the rows, from 0; also as `cursor_column`."""
        self.cursor_column = column_index


class ColumnHighlighted(ColumnMessage, namespace="grid"):
    """The cursor came to a column."""


class ColumnSelected(ColumnMessage, namespace="grid"):
    """A column was chosen."""


class HeaderSelected(ColumnMessage, namespace="grid"):
    """A column's header was clicked."""


class SortRequested(ColumnMessage, namespace="grid"):
    """The user asks for the rows in the order of a column; the grid itself never sorts."""

    def __init__(self, grid: Widget, column_index: int, *, descending: bool) -> None:
        super().__init__(grid, column_index)
        self.descending = descending


class LayoutChanged(GridMessage, namespace="grid"):
    """Columns were hidden, shown, frozen, thawed or resized by the user."""


class SelectionChanged(GridMessage, namespace="grid"):
    """The range of selected cells changed; `grid.selection` has it."""


class AskedTooEarly(Message, namespace="grid"):
    """Something was asked of rows that are not here."""

    def __init__(self, again: Callable[[], None]) -> None:
        super().__init__()
        self.again = again
        """Asks the same again."""
