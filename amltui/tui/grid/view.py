"""The drawn face of the grid: what is in view, how wide it is, and each of its lines."""

from __future__ import annotations

import re
from collections.abc import Container
from typing import ClassVar, Final

from rich.style import Style
from textual.coordinate import Coordinate
from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.strip import Strip

from amltui.tables.rows import Column, PlacedRows, Rows, about_type
from amltui.tui.grid.cells import EMPTY, MISSING, fit, looks_numeric, shown, width_of
from amltui.tui.grid.copying import Selection
from amltui.tui.grid.layout import MAX_NATURAL, MAX_WIDTH, PADDING, ColumnLayout, Slot
from amltui.tui.grid.row_cache import NoRows, RowBlock, RowCache
from amltui.tui.grid.strips import Frame, MergedBar, StripBuilder, marked, titled
from amltui.tui.grid.styles import COMPONENTS, GridStyles
from amltui.tui.line_view import SteadyScroll

_ARROWS = {False: "▲", True: "▼"}
_PAD = " " * PADDING
SUMMARY_WIDTH: Final = 8
"""Cells kept for a summary: eight bars, `9 values`. A longer one is shown without its word."""


class GridView(SteadyScroll, can_focus=True, inherit_bindings=False):
    """Draws rows; knows nothing of keys and mouse."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = set(COMPONENTS)

    show_header = reactive(default=True)
    show_types = reactive(default=True)
    """Whether a line under the names gives the types."""
    show_summaries = reactive(default=False)
    """Whether a line of the header, and room in each column, is kept for summaries to come."""
    show_row_labels = reactive(default=True)
    """Whether rows have their numbers before them."""
    zebra_stripes = reactive(default=False)
    show_cursor = reactive(default=True)
    cursor_type = reactive("cell")
    """`cell`, `row`, `column` or `none`."""
    fixed_columns = reactive(0)
    """How many of the first visible columns stay while the others scroll."""
    cursor_coordinate: reactive[Coordinate] = reactive(
        Coordinate(0, 0), repaint=False, always_update=True
    )
    """Row as shown and column of the rows; (0, 0) also where there is no such cell."""

    def __init__(
        self,
        *,
        name: str | None = None,
        id: str | None = None,  # noqa: A002 - as Textual names it
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._rows: Rows = NoRows()
        self._columns: tuple[Column, ...] = ()
        self._cache = RowCache(self._rows)
        self._layout = ColumnLayout()
        self._numeric: dict[int, bool] = {}
        self._largest_label = 0
        self._summaries: dict[int, str] = {}
        self._sorted: dict[int, bool] = {}
        self._pattern: re.Pattern[str] | None = None
        self._malformed: Container[int] = frozenset()
        self._selection: Selection | None = None
        self._styles: GridStyles | None = None
        self._frame: Frame | None = None
        self._hover: Coordinate | None = None
        """The cell under the mouse; row -1: the header."""

    def on_mount(self) -> None:
        """Spare the terminal what Textual's own scrollbar writes."""
        self.horizontal_scrollbar.renderer = MergedBar  # type: ignore[misc]  # Textual's own way

    # What is where

    @property
    def view(self) -> Size:
        """The widget without its scrollbars, in cells."""
        width, height = self.size
        return Size(
            max(0, width - self.scrollbar_size_vertical),
            max(0, height - self.scrollbar_size_horizontal),
        )

    @property
    def header_height(self) -> int:
        """Lines of the header now: fewer in a low widget, so that rows stay to be seen."""
        if not self.show_header or not self._columns:
            return 0
        lines = 1 + self.show_types + (self.show_summaries or bool(self._summaries))
        height = self.view.height
        return min(lines, height // 3 if height > 2 else max(0, height - 1))

    @property
    def page_height(self) -> int:
        """Rows that fit below the header, at least 1."""
        return max(1, self.view.height - self.header_height)

    @property
    def row_count(self) -> int:
        """Rows that can be shown now."""
        return self._rows.row_count

    def _layout_columns(self) -> None:
        """Put the columns where they belong now, and tell the scrollbars."""
        gutter = 0
        if self.show_row_labels and self.row_count:
            gutter = len(str(max(self._largest_label, self.row_count))) + 1
            gutter += isinstance(self._rows, PlacedRows)  # room for what marks a number as expected
        self._layout.fixed = self.fixed_columns
        for _ in range(3):
            view = self.view
            self._layout.place(view.width, gutter)
            size = Size(self._layout.total, self.row_count + self.header_height)
            self.hold(size)
            if self.view == view:
                break  # Else a scrollbar came or went, and took or gave room.

    def _load_visible(self, scroll_x: int, first: int) -> bool:
        """Read what is in view from row `first` on; true when that made a column wider."""
        columns = [slot.column for slot in self._layout.in_view(scroll_x)]
        if not columns:
            return False
        wider = False
        for block in self._cache.read(first, first + self.page_height, columns):
            if block.fresh:
                block.fresh = False
                label = max(block.numbers, default=-1) + 1
                if label > self._largest_label:
                    wider = wider or len(str(label)) > len(
                        str(max(1, self.row_count, self._largest_label))
                    )
                    self._largest_label = label
            for column in columns:
                if column not in block.measured:
                    block.measured.add(column)
                    wider = self._measure(column, block) or wider
        if wider:
            self._layout_columns()
        return wider

    def _measure(self, column: int, block: RowBlock) -> bool:
        """Take a block's texts into account for a column's width and alignment."""
        texts = [text for text in block.cells[column] if text]
        if texts and self._columns[column].type is None and self._numeric.get(column, True):
            self._numeric[column] = all(map(looks_numeric, texts))
        width = max((_reach(text) for text in texts), default=0)
        if len(texts) < len(block.cells[column]):
            width = max(width, len(EMPTY))
        if width > self._layout.natural[column]:
            self._layout.natural[column] = width
            return column not in self._layout.chosen
        return False

    def _title_width(self, column: int) -> int:
        name = width_of(self._title(column)) + 2 * (column in self._sorted)
        kind = width_of(self._kind(column, 0))
        summary = (
            SUMMARY_WIDTH if self.show_summaries else width_of(self._summaries.get(column, ""))
        )
        return min(MAX_WIDTH, max(name, kind, summary))

    def _title(self, column: int) -> str:
        return shown(self._columns[column].name[: 4 * MAX_WIDTH]) or f"({column + 1})"

    def _kind(self, column: int, room: int) -> str:
        """A column's type and what is missing of it, shorter where there is no room for it."""
        about = self._columns[column]
        if about.type is None:
            return "?"
        kind = shown(about_type(about))
        if width_of(kind) > room:
            kind = kind.partition(" missing")[0].replace(", ", " ").replace(" %", "%")
        if about.misfits:
            return kind.replace(about.type, f"{about.type} !{about.misfits}", 1)
        return kind

    def _is_right(self, column: int) -> bool:
        kind = self._columns[column].type
        return kind in {"int", "float"} if kind else self._numeric.get(column, False)

    # Refreshing no more than needed

    def watch_scroll_x(self, old_value: float, new_value: float) -> None:
        """Draw everything again, but not the scrollbars."""
        if self.show_horizontal_scrollbar:
            self.horizontal_scrollbar.position = new_value
        if round(old_value) != round(new_value):
            self._refresh_view()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Draw the rows again, but not the header."""
        if self.show_vertical_scrollbar:
            self.vertical_scrollbar.position = new_value
        if round(old_value) != round(new_value):
            header = self.header_height
            width, height = self.view
            self.refresh(Region(0, header, width, max(0, height - header)))

    def _refresh_view(self) -> None:
        """Draw header and rows again. A scrollbar's line of cells would cost 4 KB on the wire."""
        self.refresh(Region(0, 0, *self.view))

    def _refresh_rows(self, first: int, last: int, width: int | None = None) -> None:
        """Draw rows `first` to `last`, or the first `width` cells of them, again."""
        header = self.header_height
        top = max(header, first - self.scroll_offset.y + header)
        bottom = min(self.view.height, last + 1 - self.scroll_offset.y + header)
        if top < bottom:
            self.refresh(Region(0, top, self.view.width if width is None else width, bottom - top))

    def _refresh_header(self) -> None:
        self.refresh(Region(0, 0, self.view.width, self.header_height))

    def notify_style_update(self) -> None:
        """Forget the styles of the theme that was."""
        super().notify_style_update()
        self._styles = None

    # Drawing

    def _current_styles(self) -> GridStyles:
        if self._styles is None:
            self._styles = GridStyles.of(
                self.rich_style,
                self.get_component_rich_style,
                self._part,
            )
        return self._styles

    def _part(self, name: str) -> Style:
        """A component's own style to lay over another, its colours mixed where they let through."""
        style = self.get_component_rich_style(name, partial=True)
        rules = self.get_component_styles(name)
        below = self.background_colors[1]
        color = (below + rules.color).rich_color if style.color is not None else None
        back = (below + rules.background).rich_color if style.bgcolor is not None else None
        return style + Style.from_color(color, back)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Read what is in view, then draw it."""
        if (
            self._load_visible(self.scroll_offset.x, self.scroll_offset.y)
            and crop.size != self.size
        ):
            self._refresh_view()
        self._frame = self._compose_frame()
        try:
            return super().render_lines(crop)
        finally:
            self._frame = None

    def _compose_frame(self) -> Frame:
        scroll_x, scroll_y = self.scroll_offset
        slots = self._layout.in_view(scroll_x)
        kind = self.cursor_type if self.show_cursor else "none"
        at = self.cursor_coordinate
        return Frame(
            styles=self._current_styles(),
            width=self.view.width,
            header=self.header_height,
            top=scroll_y,
            slots=slots,
            columns=[slot.column for slot in slots],
            skipped=next((self._layout.left - slot.x for slot in slots if not slot.frozen), 0),
            zebra=self.zebra_stripes,
            cursor_row=at.row if kind in {"cell", "row"} else None,
            cursor_column=at.column if kind in {"cell", "column"} else None,
        )

    def render_line(self, y: int) -> Strip:
        """Line `y` of the widget."""
        frame = self._frame or self._compose_frame()
        row = frame.top + y - frame.header
        if y >= frame.header and row >= self.row_count:
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
        fixed.add(" " * self._layout.gutter, styles.header)
        separator = self._layout.separator
        for slot in frame.slots:
            if separator and not slot.frozen:
                fixed.add("│", styles.header + styles.line)
                separator = False
            column = slot.column
            style = styles.header
            if column == frame.cursor_column:
                style += styles.header_cursor
            if self._hover == (-1, column):
                style += styles.header_hover
            right = self._is_right(column)
            if y == 0:
                arrow = _ARROWS[self._sorted[column]] if column in self._sorted else ""
                text = titled(self._title(column), arrow, slot.width, right=right)
            elif y == 1 and self.show_types:
                text = fit(self._kind(column, slot.width), slot.width, right=right)
                style += styles.misfit if self._columns[column].misfits else styles.kind
            else:
                summary = self._summaries.get(column, "")
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
        block = self._cache.block_of(row, frame.columns)
        index = row - block.start
        number = block.numbers[index]
        base = (styles.odd if row % 2 else styles.even) if frame.zebra else styles.base
        wrong = number in self._malformed
        if wrong:
            base += styles.malformed
        whole = row == frame.cursor_row and frame.cursor_column is None
        end = styles.cursor if whole else base
        if self._layout.gutter:
            style = base if wrong else base + styles.label
            if row == frame.cursor_row:
                style = styles.header + styles.header_cursor
            mark = "!" if wrong else " "
            near = "~" if block.states and block.states[index] else ""
            fixed.add(f"{f'{near}{number + 1}':>{self._layout.gutter - 1}}{mark}", style)
        separator = self._layout.separator
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
        if self._selection and self._selection.has(row, slot.column):
            style += styles.selection
        if self._hover == (row, slot.column):
            style += styles.hover
        return style

    def _add_cell(
        self, line: StripBuilder, slot: Slot, text: str | None, style: Style, styles: GridStyles
    ) -> None:
        right = self._is_right(slot.column)
        line.add(_PAD, style)
        if self._pattern is not None and text:
            for piece, hit in marked(text, self._pattern, slot.width, right=right):
                line.add(piece, style + styles.match if hit else style)
        else:
            # More characters than this never show; combining marks take several a cell.
            short = MISSING if text is None else shown(text[: 8 * slot.width + 8]) or EMPTY
            line.add(fit(short, slot.width, right=right), style)
        line.add(_PAD, style)


def _reach(text: str) -> int:
    """Cells that `text` asks for, up to `MAX_NATURAL`."""
    return min(MAX_NATURAL, width_of(shown(text[:MAX_NATURAL])))
