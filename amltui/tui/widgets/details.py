"""The details pane: what is known about a dataset and about the column under the cursor."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from amltui.models import Dataset
from amltui.tables.rows import Column, Rows, about_type
from amltui.text import human_size, visible, visible_lines
from amltui.times import local_time
from amltui.tui.theme import colour


@dataclass(frozen=True, slots=True)
class Facts:
    """What the pane shows. `rows` and `column` belong to the preview, where one is open."""

    dataset: Dataset | None = None
    rows: Rows | None = None
    column: Column | None = None


class Details(VerticalScroll, inherit_bindings=False):
    """Facts about one dataset, label and value."""

    HELP_TITLE = "details"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_up", "up", show=False),
        Binding("down,j", "scroll_down", "down", show=False),
        Binding("pageup,ctrl+b", "page_up", "page up", show=False),
        Binding("pagedown,ctrl+f", "page_down", "page down", show=False),
        Binding("home", "scroll_home", "top", show=False),
        Binding("end,G", "scroll_end", "bottom", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  Textual's own name for it
        super().__init__(id=id, classes="pane")
        self.border_title = "3 Details"
        self._shown: tuple[object, object] | None = None

    def compose(self) -> ComposeResult:
        """One text that scrolls."""
        yield Static("", id="facts", markup=False)

    def show(self, facts: Facts) -> None:
        """Show these facts; what is shown already is not drawn again at each key."""
        rows = facts.rows
        kind = (
            facts.dataset,
            facts.column,
            rows and (rows.complete, len(rows.columns)),
            self.app.theme,
        )
        shown = kind, rows and rows.row_count
        if shown != self._shown:
            # While rows arrive only a number changes: its line stays one line.
            same = self._shown is not None and kind == self._shown[0]
            self._shown = shown
            self.query_one("#facts", Static).update(self._render_facts(facts), layout=not same)

    def _render_facts(self, facts: Facts) -> Group | Text:
        dataset = facts.dataset
        if dataset is None:
            return Text("Nothing is selected.", style=colour(self.app, "foreground-muted"))
        parts: list[Table | Text] = [
            Text(visible(dataset.name), style=f"bold {colour(self.app, 'foreground')}"),
            self._pairs(_dataset_pairs(facts, dataset)),
        ]
        if facts.column is not None:
            parts += [
                self._heading(f"column {visible(facts.column.name)}"),
                self._pairs(_column_pairs(facts.column)),
            ]
        if dataset.description:
            parts += [self._heading("description"), Text(visible_lines(dataset.description))]
        parts += [self._heading("identity"), self._pairs(_identity_pairs(dataset))]
        return Group(*parts)

    def _heading(self, text: str) -> Text:
        return Text(f"\n{text}", style=f"bold {self.app.theme_variables['text-primary']}")

    def _pairs(self, pairs: Iterable[tuple[str, str]]) -> Table:
        grid = Table.grid(padding=(0, 1))
        grid.add_column(no_wrap=True, width=7, style=colour(self.app, "foreground-muted"))
        grid.add_column(overflow="fold", ratio=1)
        for label, value in pairs:
            if value:
                grid.add_row(Text(label), Text(value))
        return grid


def _dataset_pairs(facts: Facts, dataset: Dataset) -> Iterable[tuple[str, str]]:
    yield "format", visible(dataset.data_type_id)
    yield "size", human_size(dataset.size)
    if dataset.size is not None and dataset.size >= 1024:
        yield "bytes", f"{dataset.size:,}"
    if facts.rows is not None:
        more = "" if facts.rows.complete else " so far"
        yield "rows", f"{facts.rows.row_count:,}{more}"
        yield "columns", f"{len(facts.rows.columns):,}"
    yield "owner", visible(dataset.owner)
    if dataset.created_date:
        yield "created", local_time(dataset.created_date)
    yield "file", visible(dataset.uploaded_from_filename)
    if dataset.is_example:
        yield "note", "an example: cannot be changed"


def _column_pairs(column: Column) -> Iterable[tuple[str, str]]:
    yield "type", visible(about_type(column))
    if column.misfits:
        first = "" if column.first_misfit is None else f", first in row {column.first_misfit + 1:,}"
        yield "misfits", f"{column.misfits:,}{first}"


def _identity_pairs(dataset: Dataset) -> Iterable[tuple[str, str]]:
    yield "family", visible(dataset.family_id)
    yield "id", visible(dataset.id)
    yield "origin", visible(dataset.source_origin)
