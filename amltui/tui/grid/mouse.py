"""The grid under the mouse: click, wheel, dragging a range and a column's edge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from textual import events
from textual.coordinate import Coordinate
from textual.scrollbar import ScrollTo

from amltui.tui.grid import messages
from amltui.tui.grid.navigation import Navigation


@dataclass(frozen=True, slots=True)
class HitTarget:
    """What lies at a place of the widget; None: nothing of that kind."""

    row: int | None
    column: int | None
    header: bool
    edge: int | None
    """In the header, the column whose right edge this is."""


class Mouse(Navigation):
    """Mouse events, by the place they happen at."""

    def __init__(
        self,
        *,
        name: str | None = None,
        id: str | None = None,  # noqa: A002 - as Textual names it
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._held: HitTarget | None = None
        """Where the button went down and is still held."""
        self._dragged = False
        self._held_width = 0
        self._held_x = 0

    def target_at(self, x: int, y: int) -> HitTarget:
        """What lies at cell `x` of line `y` of the widget."""
        scroll_x, scroll_y = self.scroll_offset
        slot = self._layout.at(x, scroll_x)
        column = slot.column if slot else None
        if y < self.header_height:
            edge = column if slot and x == slot.stop - 1 else None
            return HitTarget(None, column, header=True, edge=edge)
        row = scroll_y + y - self.header_height
        return HitTarget(row if row < self.row_count else None, column, header=False, edge=None)

    def _scroll_to(self, *args: Any, **options: Any) -> bool:
        """Scroll at once, whoever asks: the scrollbar's own messages would animate.

        A private method of Textual: the public ones do not pass the scrollbar's messages.
        """
        options["animate"] = False
        return super()._scroll_to(*args, **options)

    def on_scroll_to(self, message: ScrollTo) -> None:
        """Follow the dragged thumb, whose last place is the last row.

        Textual takes each cell of the bar for as many rows. But a thumb is at least one cell
        long, so of ten million rows its way would end half a million too early.
        """
        bar = self.vertical_scrollbar
        if message.y is None or not bar.window_size:
            return
        message.prevent_default().stop()
        rows, page, start = bar.window_virtual_size, bar.window_size, bar.grabbed_position
        cells = (message.y - start) * page / rows
        way = bar.size.height - max(1.0, bar.size.height * page / rows)
        if way > 0:
            self.scroll_to(y=start + cells * (rows - page) / way, animate=False)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Begin what may become a drag."""
        if event.button != 1:
            return
        target = self.target_at(event.x, event.y)
        self._dragged = False
        if target.edge is not None:
            slot = self._layout.slot(target.edge, self.scroll_offset.x)
            self._held_width, self._held_x = (slot.width if slot else 0), event.x
        elif target.row is None or target.column is None:
            return
        self._held = target
        self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Resize or select while the button is held; else show what lies under the mouse."""
        held = self._held
        if held is None:
            self._hover_over(self.target_at(event.x, event.y))
            return
        if held.edge is not None:
            if event.x != self._held_x or self._dragged:
                self._dragged = True
                self.set_width(held.edge, self._held_width + event.x - self._held_x)
            return
        # Beyond an edge the nearest row and column count, so that dragging there scrolls.
        top = self.header_height
        row = self.scroll_offset.y + max(-1, min(event.y - top, self.page_height))
        slot = self._layout.at(max(0, min(event.x, self.view.width - 1)), self.scroll_offset.x)
        column = slot.column if slot else self.cursor_column
        if not self._dragged:
            if (row, column) == (held.row, held.column) or self.cursor_type == "none":
                return
            self._dragged = True
            self.clear_selection()
            self.move_cursor(row=held.row, column=held.column)
        self.move_cursor(row=row, column=column, extend=True)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """End a drag."""
        del event
        if self._held is not None:
            self._held = None
            self.release_mouse()

    def on_leave(self, event: events.Leave) -> None:
        """Nothing lies under the mouse any more."""
        del event
        self._hover_over(None)

    def _hover_over(self, target: HitTarget | None) -> None:
        old = self._hover
        row = -1 if target and target.header else target.row if target else None
        self._hover = (
            None
            if target is None or row is None or target.column is None
            else Coordinate(row, target.column)
        )
        if old == self._hover:
            return
        for at in (old, self._hover):
            if at is not None and at.row < 0:
                self._refresh_header()
            elif at is not None:
                self._refresh_rows(at.row, at.row)

    def on_click(self, event: events.Click) -> None:
        """Move the cursor, or report a click on a header or row number."""
        event.stop()
        if self._dragged:
            self._dragged = False
            return
        target = self.target_at(event.x, event.y)
        if target.edge is not None and event.chain > 1:
            self.set_width(target.edge, None)
        elif target.header:
            if target.column is not None:
                self.post_message(messages.HeaderSelected(self, target.column))
        elif target.row is None:
            return
        elif target.column is None:
            if event.x < self._layout.gutter:
                number = self._number(target.row)
                self.post_message(messages.RowLabelSelected(self, target.row, number))
        elif self.show_cursor and self.cursor_type != "none":
            at = Coordinate(target.row, target.column)
            again = at == self.cursor_coordinate and not event.shift
            self.move_cursor(row=target.row, column=target.column, extend=event.shift)
            if again:
                self.action_select_cursor()
