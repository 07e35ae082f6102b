"""Views of lines that write no more to the terminal than what changed."""

from __future__ import annotations

from typing import Self

from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget


class SteadyScroll(ScrollView, inherit_bindings=False):
    """Scrolls; its scrollbars are drawn when they change, not at each layout of the screen."""

    _fitted: object = None
    """The sizes that the scrollbars fit."""

    def hold(self, size: Size) -> None:
        """Have so much to scroll through."""
        if size != self.virtual_size:
            # Nothing around it moves, so the screen need not be laid out again.
            self.set_reactive(Widget.virtual_size, size)
            self._scroll_update(size)

    def _scroll_update(self, virtual_size: Size) -> None:
        """Fit the scrollbars, if anything changed: any layout of the screen asks for it.

        Textual's own method, by its name: there is no public one.
        """
        sizes = (virtual_size, self.size, self.container_size, *self.scrollbars_enabled)
        if sizes != self._fitted:
            super()._scroll_update(virtual_size)
            self._fitted = sizes


class LineView(SteadyScroll, inherit_bindings=False):
    """Compares each line with what it was when somebody wants all to be drawn again.

    Textual draws all of a widget that gets or loses the focus, for one, where only the cursor's
    line looks another way.
    """

    _border: object = None
    """As it was when all was drawn last: it is none of the lines."""

    def on_mount(self) -> None:
        """Draw everything again in other colours: the border is none of the lines."""
        self.app.theme_changed_signal.subscribe(self, lambda _theme: self._draw_all())

    def _draw_all(self) -> None:
        self._drawn.clear()
        self.refresh()

    def draw(self, y: int) -> Strip:
        """Line `y` of the widget; each widget draws its own."""
        raise NotImplementedError

    def render_line(self, y: int) -> Strip:
        """Draw a line, and remember it."""
        strip = self.draw(y).simplify()  # each segment costs forty bytes on the wire
        self._drawn[y] = strip
        return strip

    @property
    def _drawn(self) -> dict[int, Strip]:
        return self.__dict__.setdefault("_drawn_lines", {})  # type: ignore[no-any-return]

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Self:
        """As any widget's; where no region is named, only of the lines that changed."""
        if not regions and repaint and self._border != self.styles.border:
            self._border = self.styles.border
        elif not regions and repaint and not layout and not recompose and self._drawn:
            width, height = self.size
            regions = tuple(
                Region(0, y, width, 1)
                for y in range(height)
                if y not in self._drawn or self.draw(y).simplify() != self._drawn[y]
            )
            if not regions:
                return self
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
