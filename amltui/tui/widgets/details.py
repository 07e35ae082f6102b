"""The details pane: what is known about a dataset and about the column under the cursor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.binding import BindingType
from textual.geometry import Size
from textual.strip import Strip

from amltui.config.display import Display
from amltui.tables.rows import Column, Rows, about_type
from amltui.text import human_size, visible, visible_lines
from amltui.times import local_time
from amltui.tui.keymap import bound
from amltui.tui.line_view import LineView
from amltui.tui.theme import colour

if TYPE_CHECKING:
    from amltui.models import Dataset

LABEL: Final = 8
"""Cells of a label, with the space behind it."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the pane shows. `rows` and `column` belong to the preview, where one is open."""

    dataset: Dataset | None = None
    rows: Rows | None = None
    column: Column | None = None
    encoding: str = ""
    """What the rows' bytes are taken for; "" where they are no text."""


class Details(LineView, can_focus=True, inherit_bindings=False):
    """Facts about one dataset, label and value."""

    HELP_TITLE = "details"
    BINDINGS: ClassVar[list[BindingType]] = [
        bound("up", "scroll(-1)", "up"),
        bound("down", "scroll(1)", "down"),
        bound("page_up", "scroll_page(-1)", "page up"),
        bound("page_down", "scroll_page(1)", "page down"),
        bound("first", "scroll(-1000000)", "top"),
        bound("last", "scroll(1000000)", "bottom"),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  Textual's own name for it
        super().__init__(id=id, classes="pane")
        self.border_title = "3 Details"
        self._facts = Facts()
        self._formats = Display()
        self._shown: tuple[object, ...] | None = None
        self._strips: list[Strip] = []
        self._style = Style()
        """What the lines are drawn in, as they were made."""
        self._width = 0
        """Cells that they were made for."""

    def show(self, facts: Facts) -> None:
        """Show these facts; of what is shown already only the lines that differ are drawn."""
        rows = facts.rows
        shown = (
            facts.dataset,
            facts.column,
            rows and (rows.complete, len(rows.columns), rows.row_count),
            facts.encoding,
            self._formats,
            self.app.theme,
            self.rich_style,
            self.scrollable_content_region.width,
        )
        if shown == self._shown:
            return
        same = self._shown is not None and self._shown[0] == facts.dataset
        self._facts, self._shown = facts, shown
        *_, self._style, self._width = shown
        self._strips = list(self._lines(facts))
        self.hold(Size(1, len(self._strips)))
        if not same:
            self.scroll_to(y=0, animate=False, force=True, immediate=True)
        self.refresh()

    def show_dates_as(self, formats: Display) -> None:
        """Show dates in the format of these."""
        self._formats = formats
        self.show(self._facts)

    def on_resize(self) -> None:
        """Wrap for the new width."""
        self.show(self._facts)

    def action_scroll(self, by: int) -> None:
        """Scroll by lines."""
        self.scroll_to(y=self.scroll_offset.y + by, animate=False, force=True, immediate=True)

    def action_scroll_page(self, by: int) -> None:
        """Scroll by what is in view."""
        self.action_scroll(by * max(self.size.height - 1, 1))

    def draw(self, y: int) -> Strip:
        """A line of the facts."""
        index = y + self.scroll_offset.y
        line = self._strips[index] if index < len(self._strips) else Strip([])
        return line.extend_cell_length(self.size.width, self._style)

    def _lines(self, facts: Facts) -> Iterator[Strip]:
        # Line by line: a table of Rich takes ten times as long, and this is drawn with the rows.
        dataset = facts.dataset
        if dataset is None:
            yield from self._text("Nothing is selected.", self._in("foreground-muted"))
            return
        bold = Style(bold=True)
        yield from self._text(visible(dataset.name), self._in("foreground") + bold)
        yield from self._pairs(_dataset_pairs(facts, dataset, self._formats))
        heading = self._in("text-primary") + bold
        if facts.column is not None:
            yield from self._text(f"\ncolumn {visible(facts.column.name)}", heading)
            yield from self._pairs(_column_pairs(facts.column))
        if dataset.description:
            yield from self._text("\ndescription", heading)
            yield from self._text(visible_lines(dataset.description), self._style)
        yield from self._text("\nidentity", heading)
        yield from self._pairs(_identity_pairs(dataset))

    def _in(self, name: str) -> Style:
        return self._style + Style(color=colour(self.app, name))

    def _text(self, text: str, style: Style) -> Iterator[Strip]:
        for line in self._wrapped(text, self._width):
            yield Strip([Segment(line, style)])

    def _pairs(self, pairs: Iterable[tuple[str, str]]) -> Iterator[Strip]:
        faint = self._in("foreground-muted")
        for label, value in pairs:
            if not value:
                continue
            before = label
            for line in self._wrapped(value, self._width - LABEL):
                yield Strip([Segment(before.ljust(LABEL), faint), Segment(line, self._style)])
                before = ""

    def _wrapped(self, text: str, width: int) -> Iterable[str]:
        """A text in lines; words that are longer than one go on in the next."""
        width = max(width, 1)
        if "\n" not in text and cell_len(text) <= width:
            return [text]
        lines = Text(text).wrap(self.app.console, width, overflow="fold")
        return [line.plain for line in lines]


def _dataset_pairs(facts: Facts, dataset: Dataset, formats: Display) -> Iterable[tuple[str, str]]:
    yield "format", visible(dataset.data_type_id)
    yield "size", human_size(dataset.size)
    if dataset.size is not None and dataset.size >= 1024:
        yield "bytes", f"{dataset.size:,}"
    if facts.rows is not None:
        more = "" if facts.rows.complete else " so far"
        yield "rows", f"{facts.rows.row_count:,}{more}"
        yield "columns", f"{len(facts.rows.columns):,}"
        yield "charset", _encoding(facts.encoding)
    yield "owner", visible(dataset.owner)
    yield "by", visible(dataset.created_by)
    if dataset.created_date:
        yield "created", formats.moment(local_time(dataset.created_date))
    yield "file", visible(dataset.uploaded_from_filename)
    yield "tags", visible(", ".join(f"{key}={value}" for key, value in dataset.tags))
    if dataset.note:
        yield "note", visible(dataset.note)
    if dataset.is_example:
        yield "note", "an example: cannot be changed"


def _encoding(name: str) -> str:
    """What bytes are taken for; only UTF-8, UTF-16 and UTF-32 can be told for certain."""
    return name if not name or name.startswith("utf") else f"{name}, a guess"


def _column_pairs(column: Column) -> Iterable[tuple[str, str]]:
    yield "type", visible(about_type(column))
    if column.misfits:
        first = "" if column.first_misfit is None else f", first in row {column.first_misfit + 1:,}"
        yield "misfits", f"{column.misfits:,}{first}"


def _identity_pairs(dataset: Dataset) -> Iterable[tuple[str, str]]:
    yield "family", visible(dataset.family_id)
    yield "id", visible(dataset.id)
    yield "origin", visible(dataset.source_origin)
