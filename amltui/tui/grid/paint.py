"""Drawing one line of the grid: texts and styles of its cells into a strip of exact width."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from amltui.tui.grid.cells import CUT, fit, shown, take, width_of


class Line:
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
            self._flush()
            self._style = style
        self._pieces.append(text)
        self.width += width_of(text)

    def _flush(self) -> None:
        if self._pieces:
            self.segments.append(Segment("".join(self._pieces), self._style))
            self._pieces = []

    def strip(self) -> Strip:
        """What was added, as a strip."""
        self._flush()
        return Strip(self.segments, self.width)


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
