"""The grid: any rows on the screen, ten million or none, by keys and by mouse."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from functools import partial
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.coordinate import Coordinate

from amltui.tables.rows import Rows
from amltui.tui.grid import messages
from amltui.tui.grid.cell_copies import CopiedCells, Selection, TextFormat, copy
from amltui.tui.grid.grid_view import GridView
from amltui.tui.grid.mouse import Mouse
from amltui.tui.grid.navigation import Navigation
from amltui.tui.grid.styles import CSS
from amltui.tui.keymap import bound


def _moving(keys: str, action: str, description: str) -> Binding:
    return Binding(keys, action, description, show=False)


def _navigating(move: Callable[[Navigation], None]) -> Callable[[Grid], None]:
    """The action of a key that only moves."""

    def action(self: Grid) -> None:
        move(self._navigation)

    return action


class Grid(GridView, inherit_bindings=False):
    """Shows `Rows`: reads only what is in view, so their number costs nothing.

    It reports by messages and never changes the rows: sorting, filtering and searching are the
    screen's to do, which then calls `show` again. It fills the place its container gives it.
    """

    DEFAULT_CSS = CSS

    BINDINGS: ClassVar[list[BindingType]] = [
        _moving("enter", "select_cursor", "Select"),
        bound("up", "cursor_up", "Cursor up"),
        bound("down", "cursor_down", "Cursor down"),
        bound("right", "cursor_right", "Cursor right"),
        bound("left", "cursor_left", "Cursor left"),
        bound("page_up", "page_up", "Page up"),
        bound("page_down", "page_down", "Page down"),
        bound("half_page_up", "half_page_up", "Half a page up"),
        bound("half_page_down", "half_page_down", "Half a page down"),
        _moving("ctrl+pageup", "page_left", "Page left"),
        _moving("ctrl+pagedown", "page_right", "Page right"),
        bound("first", "scroll_top", "First row"),
        bound("last", "scroll_bottom", "Last row"),
        _moving("g", "first_of_pair", "First row (gg)"),
        bound("first_column", "scroll_home", "First column"),
        bound("last_column", "scroll_end", "Last column"),
        _moving("shift+up", "extend(-1, 0)", "Select upwards"),
        _moving("shift+down", "extend(1, 0)", "Select downwards"),
        _moving("shift+left", "extend(0, -1)", "Select to the left"),
        _moving("shift+right", "extend(0, 1)", "Select to the right"),
        _moving("shift+pageup", "extend_page(-1)", "Select a page upwards"),
        _moving("shift+pagedown", "extend_page(1)", "Select a page downwards"),
        bound("select", "toggle_selecting", "Select while moving"),
        bound("select_all", "select_all", "Select everything"),
        bound("freeze", "freeze", "Freeze"),
        bound("hide_column", "hide_column", "Hide column"),
        bound("show_columns", "show_columns", "Show hidden columns"),
        bound("sort_ascending", "sort(False)", "Sort ascending"),
        bound("sort_descending", "sort(True)", "Sort descending"),
        bound("narrower", "resize_column(-2)", "Narrower"),
        bound("wider", "resize_column(2)", "Wider"),
        bound("fit_column", "fit_column", "Fit width"),
        Binding("escape", "clear_selection", "Drop selection", show=False),
    ]

    CellHighlighted = messages.CellHighlighted
    CellSelected = messages.CellSelected
    RowHighlighted = messages.RowHighlighted
    RowSelected = messages.RowSelected
    RowLabelSelected = messages.RowLabelSelected
    ColumnHighlighted = messages.ColumnHighlighted
    ColumnSelected = messages.ColumnSelected
    HeaderSelected = messages.HeaderSelected
    SortRequested = messages.SortRequested
    LayoutChanged = messages.LayoutChanged
    SelectionChanged = messages.SelectionChanged

    def __init__(
        self,
        *,
        name: str | None = None,
        id: str | None = None,  # noqa: A002 - as Textual names it
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._navigation = Navigation(self, self._content)
        self._mouse = Mouse(self, self._content, self._navigation, self.set_width)

    # What is shown

    def show(self, rows: Rows, *, keep: bool = False, goes_on: bool = False) -> None:
        """Show `rows` from the top.

        Args:
            rows: read from now on, until something else is shown.
            keep: they are the same columns in another order or number (sorted, filtered, whole
                instead of the first rows): cursor, widths, hidden and frozen columns stay.
            goes_on: they begin with those that are shown now: what is in view stays in view, and
                the row that was wanted before it was here is gone to.
        """
        old, scroll = self.cursor_coordinate, self.scroll_offset
        away = goes_on and not self.has_in_view(old.row)
        to_end = away and self._dragged_to_end
        self._content.room_for_summaries = self.show_summaries
        keep = self._content.show(rows, keep=keep)
        self.clear_selection()
        if not keep:
            self.set_reactive(Grid.fixed_columns, 0)
        self._content.know_columns()
        self.layout_columns()
        self.refresh()
        if keep:
            self.scroll_now(scroll.x, self.row_count if to_end else scroll.y)
            self.move_cursor(row=old.row, column=old.column, scroll=not away)
        else:
            self.scroll_now(0, 0)
            self.cursor_coordinate = Coordinate(0, 0)
            self._navigation.report_highlight()
        if goes_on:
            self._navigation.go_on()
        else:
            self._navigation.want(old.row)
        if not away:
            self._navigation.scroll_to_cursor()

    def grew(self) -> None:
        """Take notice that the rows shown grew, or that more is known about their columns.

        Costs the same however many there are; nothing that is in view moves.
        """
        had = self._place_of_end()
        row = self.cursor_row - self.scroll_offset.y
        changed = self._content.cache.grew()
        if self._content.know_columns() or changed:
            self.refresh_view()
        self.layout_columns()
        if had < self.scroll_offset.y + self.page_height:
            self.refresh_view()
        if changed and 0 <= row < self.page_height:
            # What came may be wider, and a scrollbar takes the line that the cursor is in.
            self.load_visible(self.scroll_offset.x, self.scroll_offset.y)
            self._navigation.scroll_to_cursor()
        self._navigation.go_on()

    def follow(self, row: int, top: int, by: int) -> None:
        """Stay on what was in view: its rows, `row` under the cursor, are `by` further now."""
        self._content.read_again()
        self.layout_columns()
        self.scroll_now(y=top + by)
        self.move_cursor(row=row + by)
        self.refresh_view()

    def _place_of_end(self) -> int:
        return self.virtual_size.height - self.header_height

    # The cursor

    def validate_cursor_coordinate(self, value: Coordinate) -> Coordinate:
        """Keep the cursor on a cell that is there and visible."""
        return self._navigation.nearest(value)

    def watch_cursor_coordinate(self, old: Coordinate, new: Coordinate) -> None:
        """Draw the two places again and report the new one."""
        if self.is_mounted:
            self._navigation.moved(old, new)

    def move_cursor(
        self,
        *,
        row: int | None = None,
        column: int | None = None,
        scroll: bool = True,
        extend: bool = False,
    ) -> None:
        """Put the cursor on a row as shown or a column of the rows: see `Navigation`."""
        self._navigation.move_cursor(row=row, column=column, scroll=scroll, extend=extend)

    def go_to(self, row: int) -> None:
        """Jump to a row as shown (from 0); one far away comes to the middle of the widget."""
        self._navigation.go_to(row)

    @property
    def selection(self) -> Selection:
        """What is selected; without a range, the cell, row or column of the cursor."""
        return self._navigation.selection

    @property
    def has_selection(self) -> bool:
        """Whether a range is selected, beyond the cursor."""
        return self._navigation.has_selection

    def clear_selection(self) -> bool:
        """Drop the selected range; false when there was none."""
        return self._navigation.clear_selection()

    # Columns

    def set_width(self, column: int, width: int | None) -> None:
        """Give `column` room for `width` cells of text; None: as its texts ask for."""
        self._layout.choose_width(column, width)
        self._changed_layout()

    def _changed_layout(self) -> None:
        self.layout_changed()
        self.cursor_coordinate = self.cursor_coordinate
        self._navigation.scroll_to_cursor()
        self.post_message(messages.LayoutChanged(self))

    @property
    def hidden_columns(self) -> frozenset[int]:
        """Columns that are not shown."""
        return frozenset(self._layout.hidden)

    @property
    def chosen_widths(self) -> dict[int, int]:
        """Widths in cells that somebody gave to columns."""
        return dict(self._layout.chosen)

    def lay_out(self, *, widths: Mapping[int, int], hidden: Container[int], frozen: int) -> None:
        """Give columns the widths and places that they had before."""
        for column, width in widths.items():
            self.set_width(column, width)
        self.hide_columns(hidden)
        self.fixed_columns = min(frozen, len(self._layout.order))
        self._changed_layout()

    def hide_columns(self, columns: Container[int]) -> None:
        """Hide exactly these columns; one column always stays."""
        hidden = {column for column in range(len(self._content.columns)) if column in columns}
        if len(hidden) == len(self._content.columns):
            hidden.discard(self.cursor_column)
        self._layout.fixed = self.fixed_columns
        self._layout.hide(hidden)
        self.set_reactive(Grid.fixed_columns, self._layout.fixed)
        self._changed_layout()

    def action_freeze(self) -> None:
        """Freeze the columns up to the cursor; the same again thaws them."""
        if not self._layout.order:
            return
        count = self._layout.position(self.cursor_column) + 1
        self.fixed_columns = 0 if count == self.fixed_columns else count
        self._changed_layout()

    def action_hide_column(self) -> None:
        """Hide the cursor's column."""
        self.hide_columns(self._layout.hidden | {self.cursor_column})

    def action_show_columns(self) -> None:
        """Show all columns that were hidden."""
        if self._layout.hidden:
            self.hide_columns(())

    def action_resize_column(self, cells: int) -> None:
        """Make the cursor's column wider by `cells`."""
        slot = self._layout.slot(self.cursor_column, 0)
        if slot is not None:
            self.set_width(slot.column, slot.width + cells)

    def action_fit_column(self) -> None:
        """Let the texts seen decide the width of the cursor's column again."""
        self.set_width(self.cursor_column, None)

    def action_sort(self, descending: bool) -> None:  # noqa: FBT001 - an action's arguments are positional
        """Ask for the rows in the order of the cursor's column."""
        if self._layout.order:
            self.post_message(self.SortRequested(self, self.cursor_column, descending=descending))
        else:
            self.post_message(messages.AskedTooEarly(partial(self.action_sort, descending)))

    def action_clear_selection(self) -> None:
        """Drop the selected range; where there is none, escape means something else above."""
        self.clear_selection()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave escape to the screen unless something is selected."""
        del parameters
        if action == "clear_selection":
            return self._navigation.selects
        return True

    # Cells as text

    def copy(
        self,
        what: str = "selection",
        *,
        form: TextFormat = "tsv",
        header: bool = False,
        limit: int | None = None,
    ) -> CopiedCells:
        """Cells as text: see `cell_copies.copy`.

        Args:
            what: `selection`, or the `cell`, `row` (visible columns) or `column` of the cursor.
            form: fields parted by tabs or commas.
            header: begin with the names of the columns.
            limit: bytes at most; what is left out is said in the answer.
        """
        row, column = self.cursor_coordinate
        chosen = {
            "cell": lambda: Selection(range(row, row + 1), (column,)),
            "row": lambda: Selection(range(row, row + 1), tuple(self._layout.order)),
            "column": lambda: Selection(range(self.row_count), (column,)),
            "selection": lambda: self.selection,
        }[what]()
        if not self.row_count or not self._layout.order:
            return CopiedCells("", 0, 0, complete=True)
        return copy(self._content.rows, chosen, form=form, header=header, limit=limit)

    # Keys and mouse: DataTable's actions and Textual's events, handed on

    def action_extend(self, rows: int, columns: int) -> None:
        """Move by `rows` and `columns`, selecting."""
        self._navigation.extend(rows, columns)

    def action_extend_page(self, pages: int) -> None:
        """Move by `pages`, selecting."""
        self._navigation.extend_page(pages)

    action_select_cursor = _navigating(Navigation.select_cursor)
    action_cursor_up = _navigating(Navigation.cursor_up)
    action_cursor_down = _navigating(Navigation.cursor_down)
    action_cursor_right = _navigating(Navigation.cursor_right)
    action_cursor_left = _navigating(Navigation.cursor_left)
    action_page_up = _navigating(Navigation.page_up)
    action_page_down = _navigating(Navigation.page_down)
    action_half_page_up = _navigating(Navigation.half_page_up)
    action_half_page_down = _navigating(Navigation.half_page_down)
    action_page_left = _navigating(Navigation.page_left)
    action_page_right = _navigating(Navigation.page_right)
    action_scroll_top = _navigating(Navigation.scroll_top)
    action_scroll_bottom = _navigating(Navigation.scroll_bottom)
    action_first_of_pair = _navigating(Navigation.first_of_pair)
    action_scroll_home = _navigating(Navigation.scroll_home)
    action_scroll_end = _navigating(Navigation.scroll_end)
    action_toggle_selecting = _navigating(Navigation.toggle_selecting)
    action_select_all = _navigating(Navigation.select_all)

    # The container's names for the same, so that whatever calls them does not animate either.
    action_scroll_up = action_cursor_up
    action_scroll_down = action_cursor_down
    action_scroll_left = action_cursor_left
    action_scroll_right = action_cursor_right

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Begin what may become a drag."""
        self._mouse.press(event)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Drag, or show what lies under the mouse."""
        self._mouse.move(event)

    def on_mouse_up(self, _event: events.MouseUp) -> None:
        """End a drag."""
        self._mouse.release()

    def on_leave(self, _event: events.Leave) -> None:
        """Nothing lies under the mouse any more."""
        self._mouse.leave()

    def on_click(self, event: events.Click) -> None:
        """Move the cursor, or report a click on a header or row number."""
        self._mouse.click(event)

    # Reactions

    def on_hide(self, event: events.Hide) -> None:
        """Keep the focus: words stand in its place for a moment, then rows come again."""
        event.prevent_default()

    def on_resize(self, event: events.Resize) -> None:
        """Lay out for the new size, keeping the cursor in view."""
        del event
        self.layout_columns()
        self._navigation.scroll_to_cursor()
        self.refresh()

    def _watch_look(self) -> None:
        if self.is_mounted:
            self.layout_changed()
            self._navigation.scroll_to_cursor()

    def watch_show_header(self) -> None:
        """Lay out again."""
        self._watch_look()

    watch_show_types = watch_show_summaries = watch_show_row_labels = watch_fixed_columns = (
        watch_show_header
    )

    def watch_cursor_type(self) -> None:
        """Draw the other cursor and report what it is on."""
        if self.is_mounted:
            self.clear_selection()
            self.refresh_view()
            self._navigation.report_highlight()
