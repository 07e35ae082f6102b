"""A pane: a box with a title and a line of words in its lower border."""

from __future__ import annotations

from typing import Self

from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Region
from textual.widget import Widget


class BorderTitles(Widget):
    """Draws no more than the line of its border in which other words stand.

    Textual draws all of a widget, and all that is in it, when its title changes.
    """

    _border_line: int | None = None
    """The line of the border that is all to be drawn again: its first (0) or its last (-1)."""

    _title: str | None = None
    _subtitle: str | None = None

    def write_title(self, text: str) -> None:
        """Have other words in the upper border."""
        if text != self._title:
            self._title, self._border_line = text, 0
            self.border_title = Content(text)
            self._border_line = None

    def write_subtitle(self, text: str) -> None:
        """Have other words in the lower border."""
        if text != self._subtitle:
            self._subtitle, self._border_line = text, -1
            self.border_subtitle = Content(text)
            self._border_line = None

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Self:
        """As any widget's; while the border's text is set, only of that line of the border."""
        width, height = self.outer_size
        if self._border_line is not None and self.is_mounted and height:
            x, y = self.content_offset
            regions = (Region(-x, self._border_line % height - y, width, 1),)
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)


class Pane(BorderTitles, Vertical):
    """A pane that holds other widgets."""
