"""Moving through the grid: the cursor, what comes into view, what is selected."""

from __future__ import annotations

import sys
from time import monotonic
from typing import Final

from textual.coordinate import Coordinate

from amltui.tui.grid import messages
from amltui.tui.grid.cell_copies import Selection
from amltui.tui.grid.column_layout import ColumnLayout
from amltui.tui.grid.grid_content import GridContent
from amltui.tui.grid.grid_view import GridView
from amltui.tui.grid.selecting import Selecting

_LAST: Final = sys.maxsize
"""Stands for the last row, whichever that will be."""
_PAIR: Final = 1.0
"""Seconds between the two keys of `gg`."""


class Navigation:
    """Moves the cursor of a view; its names are those of DataTable's actions."""

    def __init__(self, view: GridView, content: GridContent) -> None:
        """Begin.

        Args:
            view: what is scrolled and drawn; its `cursor_coordinate` is the cursor.
            content: the rows that it shows.
        """
        self._view = view
        self._content = content
        self._selecting = Selecting(content)
        self._follows = True
        """Whether the cursor's new place is brought into view."""
        self._g_pressed = float("-inf")
        self._beyond: tuple[int, int] | None = None
        """A row that is wanted and not here yet, and the one that the cursor stands on instead."""

    @property
    def _layout(self) -> ColumnLayout:
        return self._content.layout

    # The cursor

    def nearest(self, value: Coordinate) -> Coordinate:
        """The nearest cell that is there and visible."""
        row = max(0, min(value.row, self._view.row_count - 1))
        return Coordinate(row, self._layout.nearest(value.column))

    def moved(self, old: Coordinate, new: Coordinate) -> None:
        """Draw the two places of the cursor again and report the new one."""
        self._view.mark_selection(self._selecting.reach(new, self._view.cursor_type))
        if self._follows:
            self.scroll_to_cursor()
        if old != new:
            self._refresh_cursor(old, new)
            self.report_highlight()

    def _refresh_cursor(self, old: Coordinate, new: Coordinate) -> None:
        if old.column != new.column and self._view.cursor_type in {"cell", "column"}:
            self._view.refresh_header()
        if self._view.cursor_type == "column":
            if old.column != new.column:
                self._view.refresh_view()
            return
        for at in {old.row: old, new.row: new}.values():
            width = None
            if self._view.cursor_type == "cell" and old.column == new.column:
                slot = self._layout.slot(at.column, self._view.scroll_offset.x)
                width = slot.stop if slot else None
            self._view.refresh_rows(at.row, at.row, width)

    def report_highlight(self) -> None:
        """Tell what the cursor is on."""
        if not self._view.row_count or not self._layout.order or not self._view.show_cursor:
            return
        at = self._view.cursor_coordinate
        match self._view.cursor_type:
            case "cell":
                self._view.post_message(messages.CellHighlighted(self._view, at, self._value(at)))
            case "row":
                number = self.number(at.row)
                self._view.post_message(messages.RowHighlighted(self._view, at.row, number))
            case "column":
                self._view.post_message(messages.ColumnHighlighted(self._view, at.column))

    def _value(self, at: Coordinate) -> str | None:
        block = self._content.cache.block_of(at.row, [at.column])
        return block.cells[at.column][at.row - block.start]

    def number(self, row: int) -> int:
        """Row in the file of a row as shown, both from 0."""
        block = self._content.cache.block_of(row, [])
        return block.numbers[row - block.start]

    def move_cursor(
        self,
        *,
        row: int | None = None,
        column: int | None = None,
        scroll: bool = True,
        extend: bool = False,
    ) -> None:
        """Put the cursor on a row as shown or a column of the rows, both from 0.

        Args:
            row: None: stay. Past either end: that end.
            column: None: stay. A hidden one: the nearest visible.
            scroll: bring the place into view.
            extend: select from where the cursor was.
        """
        at = self._view.cursor_coordinate
        target = Coordinate(at.row if row is None else row, at.column if column is None else column)
        self._selecting.move_from(at, extend=extend)
        self._follows = scroll
        try:
            self._view.cursor_coordinate = target
        finally:
            self._follows = True

    def go_to(self, row: int) -> None:
        """Jump to a row as shown (from 0); one far away comes to the middle of the widget.

        Of rows that are still coming the last one is gone to until it is here: see `go_on`.
        """
        at = max(0, min(row, self._view.row_count - 1))
        if not self._view.has_in_view(at):
            self._view.scroll_now(y=at - self._view.page_height // 2)
        self.move_cursor(row=at)
        self.want(row)

    def want(self, row: int) -> None:
        """Go to a row (from 0) once it is here, if the cursor is still where it is now."""
        rows = self._content.rows
        coming = not rows.complete and row >= rows.row_count
        self._beyond = (row, self._view.cursor_row) if coming else None

    def go_on(self) -> None:
        """More rows are here: go to the one that was wanted, unless the person went elsewhere."""
        if self._beyond is not None:
            row, instead = self._beyond
            self._beyond = None
            if self._view.cursor_row == instead and self._view.has_in_view(instead):
                self.go_to(row)

    def scroll_to_cursor(self) -> None:
        """Scroll as little as brings the cursor into view, by widths as they are there."""
        row, column = self._view.cursor_coordinate
        y = self._view.scroll_offset.y
        if self._view.cursor_type in {"cell", "row"}:
            y = max(min(y, row), row - self._view.page_height + 1)
        x = self._view.scroll_offset.x
        for _ in range(3):
            if self._view.cursor_type in {"cell", "column"}:
                x = self._layout.reveal(column, x)
            if not self._view.load_visible(x, y):
                break
        self._view.scroll_now(x, y)

    # Selecting

    @property
    def selection(self) -> Selection:
        """What is selected; without a range, the cell, row or column of the cursor."""
        if self._view.selected_range is not None:
            return self._view.selected_range
        at = self._view.cursor_coordinate
        return self._selecting.between(at, at, self._view.cursor_type)

    @property
    def has_selection(self) -> bool:
        """Whether a range is selected, beyond the cursor."""
        return self._view.selected_range is not None

    @property
    def selects(self) -> bool:
        """Whether a range is selected, or each move selects."""
        return self.has_selection or self._selecting.is_on

    def clear_selection(self) -> bool:
        """Drop the selected range; false when there was none."""
        had = self.selects
        self._selecting.stop()
        self._view.mark_selection(None)
        return had

    def toggle_selecting(self) -> None:
        """Begin to select from here while moving, or end that and drop the range."""
        if not self.clear_selection():
            at = self._view.cursor_coordinate
            self._selecting.start(at)
            self._view.mark_selection(self._selecting.reach(at, self._view.cursor_type))

    def select_all(self) -> None:
        """Select every row and every visible column."""
        self._view.mark_selection(self._selecting.everything())

    def extend(self, rows: int, columns: int) -> None:
        """Move by `rows` and `columns`, selecting."""
        at = self._view.cursor_coordinate
        column = self._layout.step(at.column, columns)
        self.move_cursor(row=at.row + rows, column=column, extend=True)

    def extend_page(self, pages: int) -> None:
        """Move by `pages`, selecting."""
        view = self._view
        self.move_cursor(row=view.cursor_row + pages * view.page_height, extend=True)

    # Keys

    @property
    def _moves_rows(self) -> bool:
        return self._view.show_cursor and self._view.cursor_type in {"cell", "row"}

    @property
    def _moves_columns(self) -> bool:
        return self._view.show_cursor and self._view.cursor_type in {"cell", "column"}

    def _by_rows(self, count: int, *, page: bool = False) -> None:
        """Move the cursor by `count` rows; a page takes what is in view along."""
        if page or not self._moves_rows:
            self._view.scroll_now(y=self._view.scroll_offset.y + count)
        if self._moves_rows:
            self.move_cursor(row=self._view.cursor_row + count)

    def _by_columns(self, count: int) -> None:
        if self._moves_columns:
            self.move_cursor(column=self._layout.step(self._view.cursor_column, count))
        else:
            self._view.scroll_now(x=self._view.scroll_offset.x + 8 * count)

    def cursor_up(self) -> None:
        """One row up."""
        self._by_rows(-1)

    def cursor_down(self) -> None:
        """One row down."""
        self._by_rows(1)

    def cursor_left(self) -> None:
        """One visible column to the left."""
        self._by_columns(-1)

    def cursor_right(self) -> None:
        """One visible column to the right."""
        self._by_columns(1)

    def page_up(self) -> None:
        """One page up, at once: the inherited action would animate."""
        self._by_rows(-self._view.page_height, page=True)

    def page_down(self) -> None:
        """One page down, at once."""
        self._by_rows(self._view.page_height, page=True)

    def half_page_up(self) -> None:
        """Half a page up."""
        self._by_rows(-max(1, self._view.page_height // 2), page=True)

    def half_page_down(self) -> None:
        """Half a page down."""
        self._by_rows(max(1, self._view.page_height // 2), page=True)

    def page_left(self) -> None:
        """The columns before those in view."""
        self._page_columns(-1)

    def page_right(self) -> None:
        """The columns after those in view."""
        self._page_columns(1)

    def _page_columns(self, direction: int) -> None:
        view, layout = self._view, self._layout
        room = max(1, view.view.width - layout.left)
        view.scroll_now(x=view.scroll_offset.x + direction * room)
        view.load_visible(view.scroll_offset.x, view.scroll_offset.y)
        slots = [slot for slot in layout.in_view(view.scroll_offset.x) if not slot.frozen]
        if slots and self._moves_columns:
            whole = [s for s in slots if s.x >= layout.left and s.stop <= view.view.width]
            slot = (whole or slots)[0 if direction > 0 else -1]
            self.move_cursor(column=slot.column)

    def scroll_top(self) -> None:
        """The first row."""
        self._by_rows(-self._view.row_count)

    def scroll_bottom(self) -> None:
        """The last row: of those there are now, and of all once they are here."""
        self._by_rows(self._view.row_count)
        self.want(_LAST)

    def scroll_home(self) -> None:
        """The first column."""
        self._by_columns(-len(self._layout.order))

    def scroll_end(self) -> None:
        """The last column."""
        self._by_columns(len(self._layout.order))

    def first_of_pair(self) -> None:
        """The first of two `g`, or the second."""
        now = monotonic()
        if now - self._g_pressed <= _PAIR:
            self._g_pressed = float("-inf")
            self.scroll_top()
        else:
            self._g_pressed = now

    def select_cursor(self) -> None:
        """Report what the cursor is on as chosen."""
        if not self._view.row_count or not self._layout.order or not self._view.show_cursor:
            return
        at = self._view.cursor_coordinate
        match self._view.cursor_type:
            case "cell":
                self._view.post_message(messages.CellSelected(self._view, at, self._value(at)))
            case "row":
                number = self.number(at.row)
                self._view.post_message(messages.RowSelected(self._view, at.row, number))
            case "column":
                self._view.post_message(messages.ColumnSelected(self._view, at.column))
