"""The grid under the mouse: click, wheel, dragging a selection and a column's edge."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.coordinate import Coordinate

from amltui.tui.grid import messages
from amltui.tui.grid.moves import Moves


@dataclass(frozen=True, slots=True)
class Spot:
    """What lies at a place of the widget; None: nothing of that kind."""

    row: int | None
    column: int | None
    header: bool
    edge: int | None
    """In the header, the column whose right edge this is."""


class Mouse(Moves):
    """Mouse events, by the place they happen at."""

    def spot(self, x: int, y: int) -> Spot:
        """What lies at cell `x` of line `y` of the widget."""
        scroll_x, scroll_y = self.scroll_offset
        slot = self._layout.at(x, scroll_x)
        column = slot.column if slot else None
        if y < self.header_height:
            edge = column if slot and x == slot.stop - 1 else None
            return Spot(None, column, header=True, edge=edge)
        row = scroll_y + y - self.header_height
        return Spot(row if row < self.row_count else None, column, header=False, edge=None)

    def on_click(self, event: events.Click) -> None:
        """Move the cursor, or report a click on a header or row number."""
        spot = self.spot(event.x, event.y)
        if spot.header:
            if spot.column is not None:
                self.post_message(messages.HeaderSelected(self._grid, spot.column))
        elif spot.row is None:
            return
        elif spot.column is None:
            if event.x < self._layout.gutter:
                number = self._number(spot.row)
                self.post_message(messages.RowLabelSelected(self._grid, spot.row, number))
        elif self.show_cursor and self.cursor_type != "none":
            target = Coordinate(spot.row, spot.column)
            again = target == self.cursor_coordinate and not event.shift
            self.move_cursor(row=spot.row, column=spot.column, extend=event.shift)
            if again:
                self.action_select_cursor()
        event.stop()
