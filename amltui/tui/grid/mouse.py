"""The grid under the mouse: click, wheel, dragging a range and a column's edge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from textual import events
from textual.coordinate import Coordinate

from amltui.tui.grid import messages
from amltui.tui.grid.column_layout import ColumnLayout
from amltui.tui.grid.grid_content import GridContent
from amltui.tui.grid.grid_view import GridView
from amltui.tui.grid.navigation import Navigation


@dataclass(frozen=True, slots=True)
class HitTarget:
    """What lies at a place of the widget; None: nothing of that kind."""

    row: int | None
    column: int | None
    header: bool
    edge: int | None
    """In the header, the column whose right edge this is."""


class Mouse:
    """What the mouse does to a view, by the place it happens at."""

    def __init__(
        self,
        view: GridView,
        content: GridContent,
        navigation: Navigation,
        set_width: Callable[[int, int | None], None],
    ) -> None:
        """Begin.

        Args:
            view: what lies under the mouse.
            content: the rows that it shows.
            navigation: moves its cursor.
            set_width: gives a column a width in cells; None: as its texts ask for.
        """
        self._view = view
        self._content = content
        self._navigation = navigation
        self._set_width = set_width
        self._held: HitTarget | None = None
        """Where the button went down and is still held."""
        self._dragged = False
        self._held_width = 0
        self._held_x = 0

    @property
    def _layout(self) -> ColumnLayout:
        return self._content.layout

    def target_at(self, x: int, y: int) -> HitTarget:
        """What lies at cell `x` of line `y` of the widget."""
        scroll_x, scroll_y = self._view.scroll_offset
        slot = self._layout.at(x, scroll_x)
        column = slot.column if slot else None
        if y < self._view.header_height:
            edge = column if slot and x == slot.stop - 1 else None
            return HitTarget(None, column, header=True, edge=edge)
        row = scroll_y + y - self._view.header_height
        known = row if row < self._view.row_count else None
        return HitTarget(known, column, header=False, edge=None)

    def press(self, event: events.MouseDown) -> None:
        """Begin what may become a drag."""
        if event.button != 1:
            return
        target = self.target_at(event.x, event.y)
        self._dragged = False
        if target.edge is not None:
            slot = self._layout.slot(target.edge, self._view.scroll_offset.x)
            self._held_width, self._held_x = (slot.width if slot else 0), event.x
        elif target.row is None or target.column is None:
            return
        self._held = target
        self._view.capture_mouse()

    def move(self, event: events.MouseMove) -> None:
        """Resize or select while the button is held; else show what lies under the mouse."""
        held = self._held
        if held is None:
            self._hover_over(self.target_at(event.x, event.y))
            return
        if held.edge is not None:
            if event.x != self._held_x or self._dragged:
                self._dragged = True
                self._set_width(held.edge, self._held_width + event.x - self._held_x)
            return
        # Beyond an edge the nearest row and column count, so that dragging there scrolls.
        view, scroll = self._view, self._view.scroll_offset
        row = scroll.y + max(-1, min(event.y - view.header_height, view.page_height))
        slot = self._layout.at(max(0, min(event.x, view.view.width - 1)), scroll.x)
        column = slot.column if slot else view.cursor_column
        if not self._dragged:
            if (row, column) == (held.row, held.column) or self._view.cursor_type == "none":
                return
            self._dragged = True
            self._navigation.clear_selection()
            self._navigation.move_cursor(row=held.row, column=held.column)
        self._navigation.move_cursor(row=row, column=column, extend=True)

    def release(self) -> None:
        """End a drag."""
        if self._held is not None:
            self._held = None
            self._view.release_mouse()

    def leave(self) -> None:
        """Nothing lies under the mouse any more."""
        self._hover_over(None)

    def _hover_over(self, target: HitTarget | None) -> None:
        row = -1 if target and target.header else target.row if target else None
        self._view.mark_hover(
            None
            if target is None or row is None or target.column is None
            else Coordinate(row, target.column)
        )

    def click(self, event: events.Click) -> None:
        """Move the cursor, or report a click on a header or row number."""
        event.stop()
        if self._dragged:
            self._dragged = False
            return
        target = self.target_at(event.x, event.y)
        if target.edge is not None and event.chain > 1:
            self._set_width(target.edge, None)
        elif target.header:
            if target.column is not None:
                self._view.post_message(messages.HeaderSelected(self._view, target.column))
        elif target.row is None:
            return
        elif target.column is None:
            if event.x < self._layout.gutter:
                number = self._navigation.number(target.row)
                self._view.post_message(messages.RowLabelSelected(self._view, target.row, number))
        elif self._view.show_cursor and self._view.cursor_type != "none":
            at = Coordinate(target.row, target.column)
            again = at == self._view.cursor_coordinate and not event.shift
            self._navigation.move_cursor(row=target.row, column=target.column, extend=event.shift)
            if again:
                self._navigation.select_cursor()
