"""Drawing one line of the grid: texts and styles of its cells into a strip of exact width."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from rich.segment import Segment, Segments
from rich.style import Style
from textual.scrollbar import ScrollBarRender
from textual.strip import Strip

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
