"""Write to the terminal only the cells that changed.

Textual writes every line of a widget that asks for a repaint, each piece of text with its whole
style. Most of that stands on the screen already: a dialog that opens moves nothing outside of it.
So the program remembers what each cell shows and writes what differs: the shortest cursor move,
the change of style, the new characters.

Terminals do not agree on how many cells some characters take: an emoji with a modifier, a
combining mark, a sign of a newer Unicode. Where such a cell changes, or any behind it, the line
is written again from the cell before it to the end, each part at its absolute place.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from rich.cells import cell_len, get_character_cell_size
from rich.color import ColorSystem
from rich.console import COLOR_SYSTEMS, Console

# Textual has no public way to see an update before it is written; `AmltuiApp._display` says why.
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.strip import Strip

from amltui.tui.cell_styles import CellStyles
from amltui.tui.plain_glyphs import ascii_of

UNKNOWN: Final = "\0"
"""The text of a cell of which it is not known what it shows: no cell is ever to show this."""
SHORT: Final = 4
"""Cells that are written again rather than moved over: a move takes as many bytes."""
FEW: Final = 16
"""Pieces up to which nothing is gained by another order."""
UNCERTAIN: Final = -1
"""Where the cursor stands behind a piece of which that is not known."""


class Line:
    """What a line of the screen shows, cell by cell, or a piece of one."""

    __slots__ = ("styles", "texts", "uncertain")

    def __init__(self, texts: list[str], styles: list[int], uncertain: set[int]) -> None:
        self.texts = texts
        """The character of each cell; "" in the second cell of a wide one."""
        self.styles = styles
        """Numbers of `CellStyles`."""
        self.uncertain = uncertain
        """Columns of cells that terminals do not agree on."""

    def with_piece(self, x: int, piece: Line) -> Line:
        """This line with other cells from column `x` on."""
        end = x + len(piece.texts)
        texts = [*self.texts[:x], *piece.texts, *self.texts[end:]]
        if x and not self.texts[x]:
            texts[x - 1] = " "  # half a wide character went, and the other with it
        if end < len(texts) and not texts[end]:
            texts[end] = " "
        uncertain = self.uncertain
        if uncertain or piece.uncertain:
            uncertain = {one for one in uncertain if not x <= one < end}
            uncertain |= {x + one for one in piece.uncertain}
        return Line(texts, [*self.styles[:x], *piece.styles, *self.styles[end:]], uncertain)


class ScreenMemory:
    """What the terminal shows, as far as it is known."""

    def __init__(self, *, plain: bool = False) -> None:
        """Nothing is known yet.

        Args:
            plain: whether the terminal knows ASCII only.
        """
        self.plain = plain
        self._lines: list[Line] = []
        self._size = (0, 0)
        self._styles = CellStyles()

    def forget(self) -> None:
        """Take nothing on the terminal for known: all of the next update is written."""
        self._size = (0, 0)

    def changes(self, update: CompositorUpdate, console: Console) -> str:
        """What to write for an update, which stands on the screen from now on.

        An update of a kind that is neither a whole screen nor pieces of lines is written as it is.
        """
        if isinstance(update, LayoutUpdate):
            pieces, size = _whole(update), (update.region.right, update.region.bottom)
        elif isinstance(update, ChopsUpdate):
            pieces, size = _parts(update), (update.chop_ends[0][-1], len(update.chops))
        else:
            self.forget()
            return update.render_segments(console)
        if size != self._size:
            self._size = (width, height) = size
            self._lines = [Line([UNKNOWN] * width, [0] * width, set()) for _ in range(height)]
        colours = COLOR_SYSTEMS.get(console.color_system or "", ColorSystem.TRUECOLOR)
        new: dict[int, Line] = {}
        for y, x, strip in pieces:
            piece = self._cells(strip, colours)
            if piece.texts:
                new[y] = new.get(y, self._lines[y]).with_piece(x, piece)
        writer = _Writer(self._styles)
        for y, line in new.items():
            writer.write(y, self._lines[y], line)
            self._lines[y] = line
        return writer.finish()

    def _cells(self, strip: Strip, colours: ColorSystem) -> Line:
        texts: list[str] = []
        styles: list[int] = []
        uncertain: set[int] = set()
        for text, style, control in strip:
            if control:
                continue
            number = self._styles.number(style, colours)
            if text.isascii() and text.isprintable():
                texts += text
            else:
                _append(text, texts, uncertain)
            styles += [number] * (len(texts) - len(styles))
        missing = strip.cell_length - len(texts)
        if missing:  # a mark at the edge of a cut may be counted otherwise
            texts = texts[:missing] if missing < 0 else [*texts, *" " * missing]
            styles = styles[:missing] if missing < 0 else [*styles, *[0] * missing]
        if self.plain:
            texts = [ascii_of(text or " ") for text in texts]
            uncertain = set()
        return Line(texts, styles, {at for at in uncertain if at < len(texts)})


class Changes(CompositorUpdate):
    """An update that writes only what differs from what the terminal shows.

    It is compared when it is written: until then it may still be dropped.
    """

    def __init__(self, memory: ScreenMemory, update: CompositorUpdate) -> None:
        self.memory = memory
        self.update = update

    def render_segments(self, console: Console) -> str:
        """The sequences that are to be written, for Textual."""
        return self.memory.changes(self.update, console)


class _Run(NamedTuple):
    """Neighbouring cells that are written in one go."""

    y: int
    x: int
    text: str
    style: int
    stop: int
    """The column behind them."""


class _Writer:
    """The cells that are to be written, and the shortest way to."""

    def __init__(self, styles: CellStyles) -> None:
        self._styles = styles
        self._runs: list[_Run] = []
        self._in_order = False
        """Whether some of them must be written one behind the other, as they come."""

    def write(self, y: int, old: Line, new: Line) -> None:
        """Write the cells of a line that differ."""
        texts, width = new.texts, len(new.texts)
        start = stop = -1
        for at in self._changed(old, new):
            if at < stop:
                continue
            if not texts[at]:
                at -= 1  # noqa: PLW2901  a wide character is written from its first cell
            if start < 0:
                start = at
            elif at > stop and (at > stop + SHORT or not _cheaper(new, stop - 1, at)):
                self._write_cells(y, start, stop, new)
                start = at
            stop = at + 1
            while stop < width and not texts[stop]:
                stop += 1
            if at in new.uncertain:
                self._write_uncertain(y, start, at, stop, new)
                start = -1
        if start >= 0:
            self._write_cells(y, start, stop, new)

    def _changed(self, old: Line, new: Line) -> list[int]:
        """Columns that have to be written."""
        if new.texts == old.texts and new.styles == old.styles:
            return []
        blank = self._styles.blank
        cells = zip(new.texts, new.styles, old.texts, old.styles, strict=True)
        changed = [
            at
            for at, (text, style, shown, worn) in enumerate(cells)
            if text != shown or (style != worn and (text != " " or blank[style] != blank[worn]))
        ]
        if changed and (old.uncertain or new.uncertain):
            sure = max(0, min(old.uncertain | new.uncertain) - 1)
            if changed[-1] >= sure:
                tail = range(sure, len(new.texts))
                changed = [at for at in changed if at < sure]
                changed += [at for at in tail if new.texts[at] != UNKNOWN]
        return changed

    def _write_uncertain(self, y: int, start: int, at: int, stop: int, new: Line) -> None:
        """Write up to a cell of uncertain width, and that on cleared ground."""
        self._in_order = True
        texts = [*new.texts[:at], *" " * (stop - at)]
        self._write_cells(y, start, stop, Line(texts, new.styles, set()))
        self._runs.append(_Run(y, at, new.texts[at], new.styles[at], UNCERTAIN))

    def _write_cells(self, y: int, start: int, stop: int, new: Line) -> None:
        """Write neighbouring cells."""
        texts, styles, blank = new.texts, new.styles, self._styles.blank
        at = start
        while at < stop:
            first, style = at, styles[at]
            at += 1
            while at < stop and (
                styles[at] == style or (texts[at] == " " and blank[styles[at]] == blank[style])
            ):
                at += 1
            # Terminals do not agree on where the cursor stands behind the last column.
            end = at if at < len(styles) else UNCERTAIN
            self._runs.append(_Run(y, first, "".join(texts[first:at]), style, end))

    def finish(self) -> str:
        """All that is to be written; the terminal's style is plain again behind it.

        Line by line, or style by style where that is shorter: of a screen in true colours the
        changes of style are most of the bytes, and a move takes a third of one.
        """
        told = self._told(self._runs)
        if self._in_order or len(self._runs) <= FEW:
            return told
        blank = self._styles.blank

        def style_of(run: _Run) -> tuple[int, int]:
            ground = blank[run.style]
            return ground, ground if run.text.isspace() else run.style

        return min(told, self._told(sorted(self._runs, key=style_of)), key=len)

    def _told(self, runs: list[_Run]) -> str:
        """What writes these runs, in their order."""
        styles, blank = self._styles, self._styles.blank
        out: list[str] = []
        x = y = -1
        style = 0
        for run in runs:
            if run.y != y or run.x < x:
                out.append(f"\x1b[{run.y + 1};{run.x + 1}H" if run.x else f"\x1b[{run.y + 1}H")
            elif run.x > x:
                steps = run.x - x
                out.append(f"\x1b[{steps}C" if steps > 1 else "\x1b[C")
            if run.style != style and not (run.text.isspace() and blank[run.style] == blank[style]):
                out.append(styles.change(style, run.style))
                style = run.style
            out.append(run.text)
            x, y = run.stop, run.y if run.stop != UNCERTAIN else -1
        out.append(styles.change(style, 0))
        return "".join(out)


def _cheaper(line: Line, start: int, stop: int) -> bool:
    """Whether these cells are of one style and one byte each: cheaper than to move over them."""
    style = line.styles[start]
    return all(
        line.styles[at] == style and line.texts[at].isascii() and line.texts[at] not in {"", "\0"}
        for at in range(start + 1, stop)
    )


def _whole(update: LayoutUpdate) -> Iterator[tuple[int, int, Strip]]:
    """The pieces of all lines: row, column, text."""
    for y, line in enumerate(update.strips, update.region.y):
        x = update.region.x
        for strip in line:
            yield y, x, strip
            x += strip.cell_length


def _parts(update: ChopsUpdate) -> Iterator[tuple[int, int, Strip]]:
    """The pieces of lines that an update covers, cut as Textual would write them."""
    for y, x1, x2 in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is None or x > x2 or end <= x1:
                continue
            if not (x1 <= x < x2 and end <= x2):
                strip = strip.crop(0, min(end, x2) - x)  # noqa: PLW2901  as Textual does
            yield y, x, strip


def _append(text: str, texts: list[str], uncertain: set[int]) -> None:
    """Add the cells of a text; what follows a character of uncertain width is one cell with it."""
    for at, character in enumerate(text):
        width = _width(character)
        if width:
            texts += [character] if width == 1 else [character, ""]
            continue
        rest = text[at:]
        cells = cell_len(text) - sum(map(_width, text[:at]))
        if texts and not get_character_cell_size(character):
            while not texts[-1]:  # it joins the character before it
                cells += 1
                texts.pop()
            cells += 1
            rest = texts.pop() + rest
        if cells > 0:
            uncertain.add(len(texts))
            texts += [rest, *[""] * (cells - 1)]
        return


@lru_cache(8192)
def _width(character: str) -> int:
    """Cells that a character takes on every terminal, 1 or 2; 0 where they do not agree."""
    kind = unicodedata.category(character)
    if kind[0] in "MC" or 0x1F000 <= ord(character) < 0x20000:
        return 0
    width = get_character_cell_size(character)
    wide = unicodedata.east_asian_width(character) in "WF"
    if width == 2:
        return 2 if wide and kind not in {"So", "Sk"} else 0
    return 0 if wide else width
