"""Moving through the grid by keys: the cursor, what comes into view, what is selected."""

from __future__ import annotations

from time import monotonic
from typing import ClassVar, Final

from textual.binding import Binding, BindingType
from textual.coordinate import Coordinate

from amltui.tui.grid import messages
from amltui.tui.grid.copying import Selection
from amltui.tui.grid.layout import MAX_CHOSEN, MIN_WIDTH
from amltui.tui.grid.view import GridView

_PAIR: Final = 1.0
"""Seconds between the two keys of `gg`."""


def _moving(keys: str, action: str, description: str) -> Binding:
    return Binding(keys, action, description, show=False)


class Navigation(GridView, inherit_bindings=False):
    """The cursor and its keys; DataTable's action names, and those of less and csvlens."""

    BINDINGS: ClassVar[list[BindingType]] = [
        _moving("enter", "select_cursor", "Select"),
        _moving("up,k", "cursor_up", "Cursor up"),
        _moving("down,j", "cursor_down", "Cursor down"),
        _moving("right,l", "cursor_right", "Cursor right"),
        _moving("left,h", "cursor_left", "Cursor left"),
        _moving("pageup,ctrl+b", "page_up", "Page up"),
        _moving("pagedown,ctrl+f", "page_down", "Page down"),
        _moving("ctrl+u", "half_page_up", "Half a page up"),
        _moving("ctrl+d", "half_page_down", "Half a page down"),
        _moving("ctrl+pageup", "page_left", "Page left"),
        _moving("ctrl+pagedown", "page_right", "Page right"),
        _moving("home,ctrl+home", "scroll_top", "First row"),
        _moving("end,ctrl+end,G", "scroll_bottom", "Last row"),
        _moving("g", "first_of_pair", "First row (gg)"),
        _moving("0,circumflex_accent", "scroll_home", "First column"),
        _moving("dollar_sign", "scroll_end", "Last column"),
        _moving("shift+up", "extend(-1, 0)", "Select upwards"),
        _moving("shift+down", "extend(1, 0)", "Select downwards"),
        _moving("shift+left", "extend(0, -1)", "Select to the left"),
        _moving("shift+right", "extend(0, 1)", "Select to the right"),
        _moving("shift+pageup", "extend_page(-1)", "Select a page upwards"),
        _moving("shift+pagedown", "extend_page(1)", "Select a page downwards"),
        _moving("v", "toggle_selecting", "Select while moving"),
        _moving("ctrl+a", "select_all", "Select everything"),
    ]

    def __init__(
        self,
        *,
        name: str | None = None,
        id: str | None = None,  # noqa: A002 - as Textual names it
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._anchor: Coordinate | None = None
        self._selecting = False
        self._follows = True
        """Whether the cursor's new place is brought into view."""
        self._g_pressed = float("-inf")

    # The cursor

    @property
    def cursor_row(self) -> int:
        """Row as shown, from 0."""
        return self.cursor_coordinate.row

    @property
    def cursor_column(self) -> int:
        """Column of the rows, from 0."""
        return self.cursor_coordinate.column

    def validate_cursor_coordinate(self, value: Coordinate) -> Coordinate:
        """Keep the cursor on a cell that is there and visible."""
        row = max(0, min(value.row, self.row_count - 1))
        return Coordinate(row, self._layout.nearest(value.column))

    def watch_cursor_coordinate(self, old: Coordinate, new: Coordinate) -> None:
        """Draw the two places again and report the new one."""
        if not self.is_mounted:
            return
        self._select_to(new)
        if self._follows:
            self._scroll_to_cursor()
        if old != new:
            self._refresh_cursor(old, new)
            self._report_highlight()

    def _refresh_cursor(self, old: Coordinate, new: Coordinate) -> None:
        if old.column != new.column and self.cursor_type in {"cell", "column"}:
            self._refresh_header()
        if self.cursor_type == "column":
            if old.column != new.column:
                self._refresh_view()
            return
        for at in {old.row: old, new.row: new}.values():
            width = None
            if self.cursor_type == "cell" and old.column == new.column:
                slot = self._layout.slot(at.column, self.scroll_offset.x)
                width = slot.stop if slot else None
            self._refresh_rows(at.row, at.row, width)

    def _report_highlight(self) -> None:
        if not self.row_count or not self._layout.order or not self.show_cursor:
            return
        at = self.cursor_coordinate
        match self.cursor_type:
            case "cell":
                self.post_message(messages.CellHighlighted(self, at, self._value(at)))
            case "row":
                self.post_message(messages.RowHighlighted(self, at.row, self._number(at.row)))
            case "column":
                self.post_message(messages.ColumnHighlighted(self, at.column))

    def _value(self, at: Coordinate) -> str | None:
        block = self._content.cache.block_of(at.row, [at.column])
        return block.cells[at.column][at.row - block.start]

    def _number(self, row: int) -> int:
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
        at = self.cursor_coordinate
        target = Coordinate(at.row if row is None else row, at.column if column is None else column)
        if extend or self._selecting:
            self._anchor = self._anchor or at
        else:
            self._anchor = None
        self._follows = scroll
        try:
            self.cursor_coordinate = target
        finally:
            self._follows = True

    def go_to(self, row: int) -> None:
        """Jump to a row as shown (from 0); one far away comes to the middle of the widget."""
        top = self.scroll_offset.y
        row = max(0, min(row, self.row_count - 1))
        if not top <= row < top + self.page_height:
            self._scroll(y=row - self.page_height // 2)
        self.move_cursor(row=row)

    def _scroll_to_cursor(self) -> None:
        """Scroll as little as brings the cursor into view, by widths as they are there."""
        row, column = self.cursor_coordinate
        y = self.scroll_offset.y
        if self.cursor_type in {"cell", "row"}:
            y = max(min(y, row), row - self.page_height + 1)
        x = self.scroll_offset.x
        for _ in range(3):
            if self.cursor_type in {"cell", "column"}:
                x = self._layout.reveal(column, x)
            if not self._load_visible(x, y):
                break
        self._scroll(x, y)

    def _scroll(self, x: int | None = None, y: int | None = None) -> None:
        self.scroll_to(x, y, animate=False, force=True, immediate=True)

    # Widths

    def set_width(self, column: int, width: int | None) -> None:
        """Give `column` room for `width` cells of text; None: as its texts ask for."""
        if width is None:
            self._layout.chosen.pop(column, None)
        else:
            self._layout.chosen[column] = max(MIN_WIDTH, min(width, MAX_CHOSEN))
        self._changed_layout()

    def _changed_layout(self) -> None:
        self._layout_changed()
        self.cursor_coordinate = self.cursor_coordinate
        self._scroll_to_cursor()
        self.post_message(messages.LayoutChanged(self))

    def _layout_changed(self) -> None:
        self._layout_columns()
        self._refresh_view()

    # Selecting

    @property
    def selection(self) -> Selection:
        """What is selected; without a range, the cell, row or column of the cursor."""
        if self._selection is not None:
            return self._selection
        return self._range(self.cursor_coordinate, self.cursor_coordinate)

    @property
    def has_selection(self) -> bool:
        """Whether a range is selected, beyond the cursor."""
        return self._selection is not None

    def _range(self, one: Coordinate, other: Coordinate) -> Selection:
        rows = range(min(one.row, other.row), min(max(one.row, other.row) + 1, self.row_count))
        first, last = sorted((one.column, other.column))
        columns = tuple(column for column in self._layout.order if first <= column <= last)
        if self.cursor_type == "row":
            columns = tuple(self._layout.order)
        elif self.cursor_type == "column":
            rows = range(self.row_count)
        return Selection(rows, columns)

    def _select_to(self, at: Coordinate) -> None:
        selection = None if self._anchor is None else self._range(self._anchor, at)
        self._set_selection(selection)

    def _set_selection(self, selection: Selection | None) -> None:
        old, self._selection = self._selection, selection
        if old == selection:
            return
        touched = [each.rows for each in (old, selection) if each is not None]
        self._refresh_rows(min(r.start for r in touched), max(r.stop for r in touched))
        self.post_message(messages.SelectionChanged(self))

    def clear_selection(self) -> bool:
        """Drop the selected range; false when there was none."""
        had = self._selection is not None or self._selecting
        self._anchor = None
        self._selecting = False
        self._set_selection(None)
        return had

    def action_toggle_selecting(self) -> None:
        """Begin to select from here while moving, or end that and drop the range."""
        if not self.clear_selection():
            self._selecting = True
            self._anchor = self.cursor_coordinate
            self._select_to(self.cursor_coordinate)

    def action_select_all(self) -> None:
        """Select every row and every visible column."""
        self._set_selection(Selection(range(self.row_count), tuple(self._layout.order)))

    def action_extend(self, rows: int, columns: int) -> None:
        """Move by `rows` and `columns`, selecting."""
        at = self.cursor_coordinate
        column = self._layout.step(at.column, columns)
        self.move_cursor(row=at.row + rows, column=column, extend=True)

    def action_extend_page(self, pages: int) -> None:
        """Move by `pages`, selecting."""
        self.move_cursor(row=self.cursor_row + pages * self.page_height, extend=True)

    # Keys

    @property
    def _moves_rows(self) -> bool:
        return self.show_cursor and self.cursor_type in {"cell", "row"}

    @property
    def _moves_columns(self) -> bool:
        return self.show_cursor and self.cursor_type in {"cell", "column"}

    def _by_rows(self, count: int, *, page: bool = False) -> None:
        """Move the cursor by `count` rows; a page takes what is in view along."""
        if page or not self._moves_rows:
            self._scroll(y=self.scroll_offset.y + count)
        if self._moves_rows:
            self.move_cursor(row=self.cursor_row + count)

    def _by_columns(self, count: int) -> None:
        if self._moves_columns:
            self.move_cursor(column=self._layout.step(self.cursor_column, count))
        else:
            self._scroll(x=self.scroll_offset.x + 8 * count)

    def action_cursor_up(self) -> None:
        """One row up."""
        self._by_rows(-1)

    def action_cursor_down(self) -> None:
        """One row down."""
        self._by_rows(1)

    def action_cursor_left(self) -> None:
        """One visible column to the left."""
        self._by_columns(-1)

    def action_cursor_right(self) -> None:
        """One visible column to the right."""
        self._by_columns(1)

    def action_page_up(self) -> None:
        """One page up, at once: the inherited action would animate."""
        self._by_rows(-self.page_height, page=True)

    def action_page_down(self) -> None:
        """One page down, at once."""
        self._by_rows(self.page_height, page=True)

    def action_half_page_up(self) -> None:
        """Half a page up."""
        self._by_rows(-max(1, self.page_height // 2), page=True)

    def action_half_page_down(self) -> None:
        """Half a page down."""
        self._by_rows(max(1, self.page_height // 2), page=True)

    def action_page_left(self) -> None:
        """The columns before those in view."""
        self._page_columns(-1)

    def action_page_right(self) -> None:
        """The columns after those in view."""
        self._page_columns(1)

    def _page_columns(self, direction: int) -> None:
        room = max(1, self.view.width - self._layout.left)
        self._scroll(x=self.scroll_offset.x + direction * room)
        self._load_visible(self.scroll_offset.x, self.scroll_offset.y)
        slots = [slot for slot in self._layout.in_view(self.scroll_offset.x) if not slot.frozen]
        if slots and self._moves_columns:
            whole = [s for s in slots if s.x >= self._layout.left and s.stop <= self.view.width]
            slot = (whole or slots)[0 if direction > 0 else -1]
            self.move_cursor(column=slot.column)

    def action_scroll_top(self) -> None:
        """The first row."""
        self._by_rows(-self.row_count)

    def action_scroll_bottom(self) -> None:
        """The last row there is now."""
        self._by_rows(self.row_count)

    def action_scroll_home(self) -> None:
        """The first column."""
        self._by_columns(-len(self._layout.order))

    def action_scroll_end(self) -> None:
        """The last column."""
        self._by_columns(len(self._layout.order))

    # The container's names for the same, so that whatever calls them does not animate either.
    action_scroll_up = action_cursor_up
    action_scroll_down = action_cursor_down
    action_scroll_left = action_cursor_left
    action_scroll_right = action_cursor_right

    def action_first_of_pair(self) -> None:
        """The first of two `g`, or the second."""
        now = monotonic()
        if now - self._g_pressed <= _PAIR:
            self._g_pressed = float("-inf")
            self.action_scroll_top()
        else:
            self._g_pressed = now

    def action_select_cursor(self) -> None:
        """Report what the cursor is on as chosen."""
        if not self.row_count or not self._layout.order or not self.show_cursor:
            return
        at = self.cursor_coordinate
        match self.cursor_type:
            case "cell":
                self.post_message(messages.CellSelected(self, at, self._value(at)))
            case "row":
                self.post_message(messages.RowSelected(self, at.row, self._number(at.row)))
            case "column":
                self.post_message(messages.ColumnSelected(self, at.column))
