"""The grid as a widget: what is in view, and what must be drawn again."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from typing import Any, ClassVar

from rich.style import Style
from textual.coordinate import Coordinate
from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.scrollbar import ScrollTo
from textual.strip import Strip

from amltui.config.display import Display
from amltui.tables.rows import Rows
from amltui.tui.grid import messages
from amltui.tui.grid.cell_copies import Selection
from amltui.tui.grid.column_layout import ColumnLayout
from amltui.tui.grid.grid_content import GridContent
from amltui.tui.grid.painter import Frame, GridPainter
from amltui.tui.grid.strips import MergedBar, StandingBar
from amltui.tui.grid.styles import COMPONENTS, GridStyles
from amltui.tui.line_view import SteadyScroll


class GridView(SteadyScroll, can_focus=True, inherit_bindings=False):
    """Shows a `GridContent` by a `GridPainter`; knows nothing of keys and mouse."""

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
        self._content = GridContent()
        self._painter = GridPainter(self._content)
        self.selected_range: Selection | None = None
        """What is selected beyond the cursor."""
        self._styles: GridStyles | None = None
        self._made: list[tuple[object, GridStyles]] = []
        """Those made last, with what they were made of: with the focus, and without it."""
        self._frame: Frame | None = None
        self._dragged_to_end = False
        """Whether the thumb was dragged as far down as it goes, and is there still."""
        self._hover: Coordinate | None = None
        """The cell under the mouse; row -1: the header."""

    def show_missing_as(self, sign: str) -> None:
        """Have another sign for missing values."""
        if sign != self._painter.missing:
            self._painter.missing = sign
            self.refresh()

    def show_values_as(self, formats: Display) -> None:
        """Draw numbers and dates otherwise than they are written; what is read of them stays."""
        if self._content.take_formats(formats):
            self.layout_changed()

    def on_mount(self) -> None:
        """Spare the terminal what Textual's own scrollbar writes, and the time it takes."""
        self.horizontal_scrollbar.renderer = MergedBar  # type: ignore[misc]  # Textual's own way
        self.vertical_scrollbar.renderer = StandingBar  # type: ignore[misc]

    @property
    def cursor_row(self) -> int:
        """Row as shown, from 0."""
        return self.cursor_coordinate.row

    @property
    def cursor_column(self) -> int:
        """Column of the rows, from 0."""
        return self.cursor_coordinate.column

    @property
    def _layout(self) -> ColumnLayout:
        return self._content.layout

    # What is shown

    @property
    def rows(self) -> Rows:
        """What is shown."""
        return self._content.rows

    def set_summaries(self, summaries: Mapping[int, str]) -> None:
        """Give columns a third line in the header: a small histogram, a count of values."""
        before = self.header_height, self._layout.total
        self._content.room_for_summaries = self.show_summaries
        self._content.set_summaries(summaries)
        self.layout_columns()
        if before == (self.header_height, self._layout.total):
            self.refresh_header()
        else:
            self.refresh_view()

    def set_sort(self, columns: Mapping[int, bool]) -> None:
        """Mark the columns that the rows are sorted by; the value: whether descending."""
        self._content.room_for_summaries = self.show_summaries
        self._content.set_sort(columns)
        self.layout_changed()

    def search(self, text: str) -> None:
        """Mark `text` wherever it stands in the cells, in capitals or small letters; "": nothing.

        Plain text and no pattern, for it is matched while drawing: a pattern can take for ever.
        """
        self._content.pattern = re.compile(re.escape(text), re.IGNORECASE) if text else None
        self.refresh_view()

    def mark_malformed(self, rows: Container[int]) -> None:
        """Mark rows, by their number in the file (from 0), as not well formed."""
        if rows != self._content.malformed:
            self._content.malformed = rows
            self.refresh_view()

    def expect_rows(self, count: int) -> None:
        """Keep room for the numbers of so many rows, so that columns stay as they come."""
        if count > self._content.expected:
            self._content.expected = count
            self.layout_changed()

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
        if not self.show_header or not self._content.columns:
            return 0
        lines = 1 + self.show_types + (self.show_summaries or bool(self._content.summaries))
        height = self.view.height
        return min(lines, height // 3 if height > 2 else max(0, height - 1))

    @property
    def page_height(self) -> int:
        """Rows that fit below the header, at least 1."""
        return max(1, self.view.height - self.header_height)

    def has_in_view(self, row: int) -> bool:
        """Whether a row is among those that fit."""
        return self.scroll_offset.y <= row < self.scroll_offset.y + self.page_height

    @property
    def row_count(self) -> int:
        """Rows that can be shown now."""
        return self._content.rows.row_count

    def layout_columns(self) -> None:
        """Put the columns where they belong now, and tell the scrollbars."""
        gutter = 0
        if self.show_row_labels and self.row_count:
            gutter = self._content.label_width + 1 + self._content.room_for_mark
        self._layout.fixed = self.fixed_columns
        for _ in range(3):
            view = self.view
            self._layout.place(view.width, gutter)
            size = Size(self._layout.total, self.row_count + self.header_height)
            self.hold(size)
            if self.view == view:
                break  # Else a scrollbar came or went, and took or gave room.

    def layout_changed(self) -> None:
        """Lay out and draw what columns are now."""
        self.layout_columns()
        self.refresh_view()

    def load_visible(self, scroll_x: int, first: int) -> bool:
        """Read what is in view from row `first` on; true when that made a column wider."""
        columns = [slot.column for slot in self._layout.in_view(scroll_x)]
        if not columns or not self._content.load(columns, first, first + self.page_height):
            return False
        self.layout_columns()
        return True

    def scroll_now(self, x: int | None = None, y: int | None = None) -> None:
        """Scroll without an animation."""
        self.scroll_to(x, y, animate=False, force=True, immediate=True)

    def _scroll_to(self, *args: Any, **options: Any) -> bool:
        """Scroll at once, whoever asks: the scrollbar's own messages would animate.

        A private method of Textual: the public ones do not pass the scrollbar's messages.
        """
        options["animate"] = False
        return super()._scroll_to(*args, **options)

    def on_scroll_to(self, message: ScrollTo) -> None:
        """Follow the dragged thumb, whose last place is the last row.

        Textual takes each cell of the bar for as many rows. But a thumb is at least one cell
        long, so of ten million rows its way would end half a million too early.
        """
        bar = self.vertical_scrollbar
        if message.y is None or not bar.window_size:
            return
        message.prevent_default().stop()
        rows, page, start = bar.window_virtual_size, bar.window_size, bar.grabbed_position
        cells = (message.y - start) * page / rows
        way = bar.size.height - max(1.0, bar.size.height * page / rows)
        self._dragged_to_end = cells >= way
        if way > 0:
            self.scroll_to(y=start + cells * (rows - page) / way, animate=False)

    # What is marked

    def mark_selection(self, selection: Selection | None) -> None:
        """Show what is selected; None: nothing is beyond the cursor."""
        old, self.selected_range = self.selected_range, selection
        if old == selection:
            return
        touched = [each.rows for each in (old, selection) if each is not None]
        self.refresh_rows(min(r.start for r in touched), max(r.stop for r in touched))
        self.post_message(messages.SelectionChanged(self))

    def mark_hover(self, at: Coordinate | None) -> None:
        """Show what lies under the mouse; row -1: the header. None: nothing does."""
        old, self._hover = self._hover, at
        if old == at:
            return
        for each in (old, at):
            if each is not None and each.row < 0:
                self.refresh_header()
            elif each is not None:
                self.refresh_rows(each.row, each.row)

    # Refreshing no more than needed

    def watch_scroll_x(self, old_value: float, new_value: float) -> None:
        """Draw everything again, but not the scrollbars."""
        if self.show_horizontal_scrollbar:
            self.horizontal_scrollbar.position = new_value
        if round(old_value) != round(new_value):
            self.refresh_view()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Draw the rows again, but not the header."""
        if self.show_vertical_scrollbar:
            self.vertical_scrollbar.position = new_value
        if round(old_value) != round(new_value):
            self._dragged_to_end = self._dragged_to_end and new_value >= self.max_scroll_y
            header = self.header_height
            width, height = self.view
            self.refresh(Region(0, header, width, max(0, height - header)))

    def refresh_view(self) -> None:
        """Draw header and rows again. A scrollbar's line of cells would cost 4 KB on the wire."""
        self.refresh(Region(0, 0, *self.view))

    def refresh_rows(self, first: int, last: int, width: int | None = None) -> None:
        """Draw rows `first` to `last`, or the first `width` cells of them, again."""
        header = self.header_height
        top = max(header, first - self.scroll_offset.y + header)
        bottom = min(self.view.height, last + 1 - self.scroll_offset.y + header)
        if top < bottom:
            self.refresh(Region(0, top, self.view.width if width is None else width, bottom - top))

    def refresh_header(self) -> None:
        """Draw the header again."""
        self.refresh(Region(0, 0, self.view.width, self.header_height))

    def notify_style_update(self) -> None:
        """Forget the styles of the theme that was."""
        super().notify_style_update()
        self._styles = None

    # Drawing

    def _current_styles(self) -> GridStyles:
        if self._styles is None:
            base, parts = self.rich_style, list(self._component_styles.values())
            made_of = (base, self.background_colors, parts)
            known = next((styles for of, styles in self._made if of == made_of), None)
            if known is None:
                known = GridStyles.of(base, self.get_component_rich_style, self._part)
                self._made = [*self._made[-1:], (made_of, known)]
            self._styles = known
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
        if self.load_visible(self.scroll_offset.x, self.scroll_offset.y) and crop.size != self.size:
            self.refresh_view()
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
            types=self.show_types,
            hover=self._hover,
            selection=self.selected_range,
        )

    def render_line(self, y: int) -> Strip:
        """Line `y` of the widget."""
        return self._painter.line(y, self._frame or self._compose_frame())
