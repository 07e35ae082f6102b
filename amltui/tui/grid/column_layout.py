"""Where each column stands: order, widths, what is frozen, what is hidden, what is in view.

All positions are in terminal cells. The gutter and the frozen columns stand still at the left;
the others scroll beside them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

PADDING: Final = 1
"""Cells before and after each cell's text."""
MIN_WIDTH: Final = 1
MAX_WIDTH: Final = 40
"""The widest that a column grows by itself while others want the room."""
MAX_NATURAL: Final = 400
"""Cells of a text that are looked at for its width."""
MAX_CHOSEN: Final = 1_000
"""The widest that a user can make a column."""
_ROOM: Final = 8
"""Cells that gutter and frozen columns together leave to the columns that scroll."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A column's place on the screen."""

    column: int
    """Index into the columns of the rows shown."""
    x: int
    """First cell, padding included, from the widget's left edge; negative: partly scrolled out."""
    width: int
    """Cells of text; the slot takes `PADDING` more on either side."""
    frozen: bool = False

    @property
    def stop(self) -> int:
        """The cell after the slot."""
        return self.x + self.width + 2 * PADDING


class ColumnLayout:
    """Widths and order of the columns, and the placement that follows from them."""

    def __init__(self, count: int = 0) -> None:
        self.natural = [MIN_WIDTH] * count
        """Width that the texts seen ask for."""
        self.chosen: dict[int, int] = {}
        """Widths that the user gave."""
        self.hidden: set[int] = set()
        self.fixed = 0
        """How many of the first visible columns are frozen."""
        self.order: list[int] = list(range(count))
        """Visible columns from left to right."""
        self.gutter = 0
        """Cells of the row numbers, 0: none."""
        self.left = 0
        """Where the scrolling columns begin on the screen."""
        self._view = 0
        self._fixed: list[Slot] = []
        self._scrolling: Sequence[int] = []
        self._stops: list[int] = []

    def choose_width(self, column: int, width: int | None) -> None:
        """Give a column room for `width` cells of text; None: as its texts ask for."""
        if width is None:
            self.chosen.pop(column, None)
        else:
            self.chosen[column] = max(MIN_WIDTH, min(width, MAX_CHOSEN))

    def hide(self, columns: set[int]) -> None:
        """Leave `columns` out; a frozen one that goes takes the frost with it."""
        frozen = set(self.order[: self.fixed])
        self.hidden = columns
        self.order = [column for column in range(len(self.natural)) if column not in columns]
        self.fixed = sum(1 for column in self.order if column in frozen)

    def place(self, view: int, gutter: int) -> None:
        """Compute all positions for a widget `view` cells wide and row numbers of `gutter` cells.

        In a widget too narrow for them, row numbers go first, then columns thaw from the right.
        """
        self._view = view
        self.gutter = gutter if view - gutter >= _ROOM else 0
        self._fixed = []
        x = self.gutter
        for column in self.order[: self.fixed]:
            slot = Slot(column, x, self._width(column, view), frozen=True)
            if view - slot.stop - 1 < _ROOM and len(self.order) > 1:
                break
            self._fixed.append(slot)
            x = slot.stop
        self.left = x + bool(self._fixed)
        self._scrolling = self.order[len(self._fixed) :]
        room = view - self.left
        widths = [self._width(column, room) + 2 * PADDING for column in self._scrolling]
        spare = room - sum(widths)
        for place, column in enumerate(self._scrolling):
            if spare <= 0:
                break
            if column not in self.chosen:
                # Where there is room for all columns, long texts get what is left of it.
                more = min(spare, self.natural[column] + 2 * PADDING - widths[place])
                widths[place] += max(more, 0)
                spare -= max(more, 0)
        self._stops = list(accumulate(widths))

    def _width(self, column: int, room: int) -> int:
        chosen = self.chosen.get(column)
        if chosen is not None:
            return chosen
        return max(MIN_WIDTH, min(self.natural[column], MAX_WIDTH, room - 2 * PADDING))

    @property
    def separator(self) -> bool:
        """Whether a line stands between the frozen columns and the others, at `left - 1`."""
        return bool(self._fixed)

    @property
    def total(self) -> int:
        """Cells of everything, as if the widget were wide enough."""
        return self.left + (self._stops[-1] if self._stops else 0)

    def in_view(self, scroll: int) -> list[Slot]:
        """Slots that are at least partly in view when `scroll` cells are scrolled out."""
        return self._fixed + self._scrolled(scroll)

    def _scrolled(self, scroll: int) -> list[Slot]:
        slots = []
        room = self._view - self.left
        index = bisect_right(self._stops, scroll)
        while index < len(self._stops):
            start = self._stops[index - 1] if index else 0
            if start - scroll >= room:
                break
            width = self._stops[index] - start - 2 * PADDING
            slots.append(Slot(self._scrolling[index], self.left + start - scroll, width))
            index += 1
        return slots

    def slot(self, column: int, scroll: int) -> Slot | None:
        """Where `column` stands, in view or not; None: hidden."""
        for slot in self._fixed:
            if slot.column == column:
                return slot
        try:
            index = self.position(column) - len(self._fixed)
        except ValueError:
            return None
        start = self._stops[index - 1] if index else 0
        width = self._stops[index] - start - 2 * PADDING
        return Slot(column, self.left + start - scroll, width)

    def position(self, column: int) -> int:
        """Place of `column` among the visible ones, from 0.

        Raises:
            ValueError: it is hidden or does not exist.
        """
        place = bisect_right(self.order, column) - 1
        if place < 0 or self.order[place] != column:
            raise ValueError(f"column {column} is not visible")
        return place

    def nearest(self, column: int) -> int:
        """`column` if visible, else the next visible one, else the last; 0 when none is."""
        if not self.order:
            return 0
        place = min(bisect_left(self.order, column), len(self.order) - 1)
        return self.order[place]

    def step(self, column: int, count: int) -> int:
        """The visible column `count` places after (negative: before) `column`, or the end."""
        if not self.order:
            return 0
        place = bisect_left(self.order, column) + count
        return self.order[max(0, min(place, len(self.order) - 1))]

    def at(self, x: int, scroll: int) -> Slot | None:
        """The slot that the widget's cell `x` belongs to; None: gutter, line or empty space."""
        for slot in self.in_view(scroll):
            if slot.x <= x < slot.stop and (slot.frozen or x >= self.left):
                return slot
        return None

    def reveal(self, column: int, scroll: int) -> int:
        """The scroll, nearest to `scroll`, that has all of `column` in view (its start if wide)."""
        slot = self.slot(column, scroll)
        if slot is None or slot.frozen:
            return scroll
        if slot.stop > self._view:
            scroll += min(slot.stop - self._view, slot.x - self.left)
        elif slot.x < self.left:
            scroll -= self.left - slot.x
        return max(0, scroll)
