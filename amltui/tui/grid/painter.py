"""Drawing the grid's lines, from its content and what all lines of a frame have in common."""

from __future__ import annotations

from dataclasses import dataclass

from rich.style import Style
from textual.coordinate import Coordinate
from textual.strip import Strip

from amltui.config.look import MISSING
from amltui.tui.grid.cell_copies import Selection
from amltui.tui.grid.cell_text import EMPTY, fit, width_of
from amltui.tui.grid.column_layout import PADDING, Slot
from amltui.tui.grid.grid_content import GridContent
from amltui.tui.grid.strips import StripBuilder, marked, titled
from amltui.tui.grid.styles import GridStyles

_ARROWS = {False: "▲", True: "▼"}
_PAD = " " * PADDING


@dataclass(frozen=True, slots=True)
class Frame:
    """What all lines of a frame have in common, looked up once."""

    styles: GridStyles
    width: int
    header: int
    """LineView of the header."""
    top: int
    """The first row in view."""
    slots: list[Slot]
    columns: list[int]
    """Those of the slots."""
    skipped: int
    """Cells of the first scrolling slot that lie behind what is frozen."""
    zebra: bool
    cursor_row: int | None
    """None: the cursor is not in one row."""
    cursor_column: int | None
    types: bool
    """Whether a line of the header gives the types."""
    hover: Coordinate | None
    """The cell under the mouse; row -1: the header."""
    selection: Selection | None

    def on_cursor(self, row: int, column: int) -> bool:
        """Whether the cursor covers a cell."""
        at_row, at_column = self.cursor_row, self.cursor_column
        if at_row is None and at_column is None:
            return False
        return at_row in {None, row} and at_column in {None, column}


class GridPainter:
    """Draws lines of a content."""

    def __init__(self, content: GridContent) -> None:
        self._content = content
        self.missing = MISSING
        """What stands for a missing value; its style tells it from a text that is the same."""

    def line(self, y: int, frame: Frame) -> Strip:
        """Line `y` of the widget."""
        row = frame.top + y - frame.header
        if y >= frame.header and row >= self._content.rows.row_count:
            return Strip.blank(frame.width, frame.styles.base)
        fixed = StripBuilder()
        # Where nothing is cut off, all goes into one line: the fewer segments.
        rest = StripBuilder() if frame.skipped else fixed
        if y < frame.header:
            end = self._draw_header(y, frame, fixed, rest)
        else:
            end = self._draw_row(row, frame, fixed, rest)
        return fixed.strip(frame.width, end, rest if frame.skipped else None, frame.skipped)

    def _draw_header(self, y: int, frame: Frame, fixed: StripBuilder, rest: StripBuilder) -> Style:
        """Draw a line of the header; the style of what is behind the last column."""
        styles = frame.styles
        fixed.add(" " * self._content.layout.gutter, styles.header)
        separator = self._content.layout.separator
        for slot in frame.slots:
            if separator and not slot.frozen:
                fixed.add("│", styles.header + styles.line)
                separator = False
            column = slot.column
            style = styles.header
            if column == frame.cursor_column:
                style += styles.header_cursor
            if frame.hover == (-1, column):
                style += styles.header_hover
            right = self._content.is_right(column)
            if y == 0:
                arrow = (
                    _ARROWS[self._content.sorted[column]] if column in self._content.sorted else ""
                )
                text = titled(self._content.title(column), arrow, slot.width, right=right)
            elif y == 1 and frame.types:
                text = fit(self._content.kind(column, slot.width), slot.width, right=right)
                style += styles.misfit if self._content.columns[column].misfits else styles.kind
            else:
                summary = self._content.summaries.get(column, "")
                if width_of(summary) > slot.width:
                    summary = summary.partition(" ")[0]  # the figure without its word
                text = fit(summary, slot.width, right=right)
                style += styles.summary
            (fixed if slot.frozen else rest).add(f"{_PAD}{text}{_PAD}", style)
        if separator:
            fixed.add("│", styles.header + styles.line)
        return styles.header

    def _draw_row(self, row: int, frame: Frame, fixed: StripBuilder, rest: StripBuilder) -> Style:
        """Draw a row; the style of what is behind its last column."""
        styles = frame.styles
        block = self._content.cache.block_of(row, frame.columns)
        index = row - block.start
        number = block.numbers[index]
        base = (styles.odd if row % 2 else styles.even) if frame.zebra else styles.base
        wrong = number in self._content.malformed
        if wrong:
            base += styles.malformed
        whole = row == frame.cursor_row and frame.cursor_column is None
        end = styles.cursor if whole else base
        if self._content.layout.gutter:
            style = base if wrong else base + styles.label
            if row == frame.cursor_row:
                style = styles.header + styles.header_cursor
            mark = "!" if wrong else " "
            near = "~" if block.states and block.states[index] else ""
            fixed.add(f"{f'{near}{number + 1}':>{self._content.layout.gutter - 1}}{mark}", style)
        separator = self._content.layout.separator
        for slot in frame.slots:
            if separator and not slot.frozen:
                fixed.add("│", end + styles.line)
                separator = False
            text = block.cells[slot.column][index]
            style = self._cell_style(row, slot, text, base, frame)
            self._add_cell(fixed if slot.frozen else rest, slot, text, style, styles)
        if separator:
            fixed.add("│", end + styles.line)
        return end

    def _cell_style(
        self, row: int, slot: Slot, text: str | None, base: Style, frame: Frame
    ) -> Style:
        styles = frame.styles
        faint = styles.missing if text is None else styles.empty if not text else None
        if frame.on_cursor(row, slot.column):
            style = styles.fixed_cursor if slot.frozen else styles.cursor
            return style + Style(italic=faint.italic) if faint else style
        style = base + styles.fixed if slot.frozen else base
        if faint:
            style += faint
        if frame.selection and frame.selection.has(row, slot.column):
            style += styles.selection
        if frame.hover == (row, slot.column):
            style += styles.hover
        return style

    def _add_cell(
        self, line: StripBuilder, slot: Slot, text: str | None, style: Style, styles: GridStyles
    ) -> None:
        right = self._content.is_right(slot.column)
        line.add(_PAD, style)
        pattern = self._content.pattern
        # What is looked for stands in the text as it is written, so there it is shown as that.
        if pattern is not None and text and pattern.search(text):
            for piece, hit in marked(text, pattern, slot.width, right=right):
                line.add(piece, style + styles.match if hit else style)
        else:
            # More characters than this never show; combining marks take several a cell.
            if text is None:
                short = self.missing
            else:
                short = self._content.shown(slot.column, text[: 8 * slot.width + 8]) or EMPTY
            line.add(fit(short, slot.width, right=right), style)
        line.add(_PAD, style)
