"""The grid: any rows on the screen, ten million or none, by keys and by mouse."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.coordinate import Coordinate

from amltui.tables.rows import Rows
from amltui.tui.grid import messages
from amltui.tui.grid.copying import CopiedCells, Selection, TextFormat, copy
from amltui.tui.grid.mouse import Mouse
from amltui.tui.grid.styles import CSS


class Grid(Mouse):
    """Shows `Rows`: reads only what is in view, so their number costs nothing.

    It reports by messages and never changes the rows: sorting, filtering and searching are the
    screen's to do, which then calls `show` again. It fills the place its container gives it.
    """

    DEFAULT_CSS = CSS

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "freeze", "Freeze", show=False),
        Binding("minus", "hide_column", "Hide column", show=False),
        Binding("underscore", "show_columns", "Show hidden columns", show=False),
        Binding("left_square_bracket", "sort(False)", "Sort ascending", show=False),
        Binding("right_square_bracket", "sort(True)", "Sort descending", show=False),
        Binding("less_than_sign", "resize_column(-2)", "Narrower", show=False),
        Binding("greater_than_sign", "resize_column(2)", "Wider", show=False),
        Binding("equals_sign", "fit_column", "Fit width", show=False),
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

    # What is shown

    @property
    def rows(self) -> Rows:
        """What is shown."""
        return self._content.rows

    def show(self, rows: Rows, *, keep: bool = False) -> None:
        """Show `rows` from the top.

        Args:
            rows: read from now on, until something else is shown.
            keep: they are the same columns in another order or number (sorted, filtered, whole
                instead of the first rows): cursor, widths, hidden and frozen columns stay.
        """
        old, scroll = self.cursor_coordinate, self.scroll_offset
        self._content.room_for_summaries = self.show_summaries
        keep = self._content.show(rows, keep=keep)
        self._anchor, self._selecting = None, False
        self._set_selection(None)
        if not keep:
            self.set_reactive(Grid.fixed_columns, 0)
        self._content.know_columns()
        self._layout_columns()
        self.refresh()
        if keep:
            self._scroll(scroll.x, scroll.y)
            self.cursor_coordinate = old
        else:
            self._scroll(0, 0)
            self.cursor_coordinate = Coordinate(0, 0)
            self._report_highlight()
        self._scroll_to_cursor()

    def grew(self) -> None:
        """Take notice that the rows shown grew, or that more is known about their columns.

        Costs the same however many there are; nothing that is in view moves.
        """
        had = self._place_of_end()
        row = self.cursor_row - self.scroll_offset.y
        changed = self._content.cache.grew()
        if self._content.know_columns() or changed:
            self._refresh_view()
        self._layout_columns()
        if had < self.scroll_offset.y + self.page_height:
            self._refresh_view()
        if changed and 0 <= row < self.page_height:
            # What came may be wider, and a scrollbar takes the line that the cursor is in.
            self._load_visible(self.scroll_offset.x, self.scroll_offset.y)
            self._scroll_to_cursor()

    def follow(self, row: int, top: int, by: int) -> None:
        """Stay on what was in view: its rows, `row` under the cursor, are `by` further now."""
        self._content.read_again()
        self._layout_columns()
        self._scroll(y=top + by)
        self.move_cursor(row=row + by)
        self._refresh_view()

    def _place_of_end(self) -> int:
        return self.virtual_size.height - self.header_height

    def set_summaries(self, summaries: Mapping[int, str]) -> None:
        """Give columns a third line in the header: a small histogram, a count of values."""
        before = self.header_height, self._layout.total
        self._content.room_for_summaries = self.show_summaries
        self._content.set_summaries(summaries)
        self._layout_columns()
        if before == (self.header_height, self._layout.total):
            self._refresh_header()
        else:
            self._refresh_view()

    def set_sort(self, columns: Mapping[int, bool]) -> None:
        """Mark the columns that the rows are sorted by; the value: whether descending."""
        self._content.room_for_summaries = self.show_summaries
        self._content.set_sort(columns)
        self._layout_changed()

    def search(self, text: str) -> None:
        """Mark `text` wherever it stands in the cells, in capitals or small letters; "": nothing.

        Plain text and no pattern, for it is matched while drawing: a pattern can take for ever.
        """
        self._content.pattern = re.compile(re.escape(text), re.IGNORECASE) if text else None
        self._refresh_view()

    def mark_malformed(self, rows: Container[int]) -> None:
        """Mark rows, by their number in the file (from 0), as not well formed."""
        if rows != self._content.malformed:
            self._content.malformed = rows
            self._refresh_view()

    # Columns

    @property
    def hidden_columns(self) -> frozenset[int]:
        """Columns that are not shown."""
        return frozenset(self._layout.hidden)

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

    def action_clear_selection(self) -> None:
        """Drop the selected range; where there is none, escape means something else above."""
        self.clear_selection()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave escape to the screen unless something is selected."""
        del parameters
        if action == "clear_selection":
            return self.has_selection or self._selecting
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
        """Cells as text: see `copying.copy`.

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

    # Reactions

    def on_hide(self, event: events.Hide) -> None:
        """Keep the focus: words stand in its place for a moment, then rows come again."""
        event.prevent_default()

    def on_resize(self, event: events.Resize) -> None:
        """Lay out for the new size, keeping the cursor in view."""
        del event
        self._layout_columns()
        self._scroll_to_cursor()
        self.refresh()

    def _watch_look(self) -> None:
        if self.is_mounted:
            self._layout_changed()
            self._scroll_to_cursor()

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
            self._refresh_view()
            self._report_highlight()
