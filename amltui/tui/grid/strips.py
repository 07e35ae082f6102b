"""Drawing one line of the grid: texts and styles of its cells into a strip of exact width."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from rich.segment import Segment, Segments
from rich.style import Style
from textual.css.styles import RulesMap
from textual.scrollbar import ScrollBarRender
from textual.strip import Strip
from textual.style import Style as VisualStyle
from textual.visual import RenderOptions, Visual

from amltui.tui.grid.cell_text import CUT, fit, shown, take, width_of


class StripBuilder:
    """Text collected from left to right; neighbours of one style become one segment.

    Each segment costs some forty bytes on the wire to the terminal, so merging is what keeps a
    page small.
    """

    __slots__ = ("_pieces", "_style", "segments", "width")

    def __init__(self) -> None:
        self.segments: list[Segment] = []
        self.width = 0
        """Cells so far."""
        self._pieces: list[str] = []
        self._style: Style | None = None

    def add(self, text: str, style: Style) -> None:
        """Append `text`, which is safe to draw."""
        if not text:
            return
        if self._style is not style and self._style != style:
            self.flush()
            self._style = style
        self._pieces.append(text)
        self.width += width_of(text)

    def flush(self) -> None:
        """Make a segment of what waits for one."""
        if self._pieces:
            self.segments.append(Segment("".join(self._pieces), self._style))
            self._pieces = []

    def strip(
        self, width: int, end: Style, rest: StripBuilder | None = None, skipped: int = 0
    ) -> Strip:
        """What was added, in exactly `width` cells; what they leave free is in the style `end`.

        Args:
            width: cells of the strip.
            end: style of the space behind the last text.
            rest: a line to follow this one, without its first `skipped` cells.
            skipped: may cut a wide character, whose other half is then a space.
        """
        if rest is None:
            self.add(" " * (width - self.width), end)
            self.flush()
            strip = Strip(self.segments, self.width)
            return strip if self.width == width else strip.crop(0, width)
        rest.add(" " * (width - self.width - rest.width + skipped), end)
        self.flush()
        rest.flush()
        follows = Strip(rest.segments, rest.width).crop(skipped, skipped + width - self.width)
        return Strip.join([Strip(self.segments, self.width), follows])


class MergedBar(ScrollBarRender):
    """A scrollbar that lies, drawn in three segments: one for each of its cells costs 4 KB."""

    @classmethod
    def render_bar(cls, *args: Any, **options: Any) -> Segments:
        """As the inherited, neighbours of one style merged."""
        bar = super().render_bar(*args, **options)
        return Segments(Segment.simplify(bar.segments))


class StandingBar(ScrollBarRender):
    """A scrollbar that stands, drawn without Rich's console, which looks at each of its cells."""

    def visualize(self) -> Visual:
        """What Textual draws in place of a renderable."""
        return _StandingBar(self)


class _StandingBar(Visual):
    def __init__(self, bar: StandingBar) -> None:
        self._bar = bar

    def get_optimal_width(self, rules: RulesMap, container_width: int) -> int:
        """See `Visual`."""
        del rules, container_width
        return self._bar.thickness

    def get_height(self, rules: RulesMap, width: int) -> int:
        """See `Visual`."""
        del rules, width
        return 1

    def render_strips(
        self, width: int, height: int | None, style: VisualStyle, options: RenderOptions
    ) -> list[Strip]:
        """See `Visual`; cells of one kind are one strip."""
        del options
        bar = self._bar
        colours = bar.style
        assert isinstance(colours, Style)
        assert colours.color is not None
        assert colours.bgcolor is not None
        cells = bar.render_bar(
            size=height or 0,
            virtual_size=bar.virtual_size,
            window_size=bar.window_size,
            position=bar.position,
            thickness=width,
            vertical=True,
            back_color=colours.bgcolor,
            bar_color=colours.color,
        ).segments
        below = style.rich_style
        kinds = {id(cell): cell for cell in cells}
        strips = {
            kind: Strip([Segment(cell.text, below + (cell.style or Style()))], width)
            for kind, cell in kinds.items()
        }
        return [strips[id(cell)] for cell in cells]


def marked(
    text: str, pattern: re.Pattern[str], width: int, *, right: bool
) -> Iterator[tuple[str, bool]]:
    """`text` in exactly `width` cells as pieces, each with whether `pattern` matched there.

    Where a match lies beyond the cut, the ellipsis counts as matched.
    """
    pieces = [(shown(piece), hit) for piece, hit in _split(text, pattern)]
    spare = width - sum(width_of(piece) for piece, _ in pieces)
    if spare >= 0:
        if right:
            yield " " * spare, False
        yield from pieces
        if not right:
            yield " " * spare, False
        return
    room = width - 1
    for index, (piece, hit) in enumerate(pieces):
        size = width_of(piece)
        if size <= room:
            yield piece, hit
            room -= size
            continue
        start = take(piece, room)
        yield start, hit
        yield " " * (room - width_of(start)), False
        yield CUT, any(hit for _, hit in pieces[index:])
        return


def _split(text: str, pattern: re.Pattern[str]) -> Iterator[tuple[str, bool]]:
    done = 0
    for match in pattern.finditer(text):
        start, stop = match.span()
        if start == stop:
            continue
        while stop < len(text) and unicodedata.combining(text[stop]):
            stop += 1  # A mark stays on its letter.
        start = max(start, done)
        if start > done:
            yield text[done:start], False
        yield text[start:stop], True
        done = stop
    if done < len(text):
        yield text[done:], False


def titled(name: str, arrow: str, width: int, *, right: bool) -> str:
    """A column's name in `width` cells with its sort arrow, which is never cut off."""
    if not arrow:
        return fit(name, width, right=right)
    room = width - width_of(arrow) - 1
    if room < 1:
        return fit(arrow, width, right=right)
    text = fit(name, min(room, width_of(name)))
    return fit(f"{text} {arrow}", width, right=right)
