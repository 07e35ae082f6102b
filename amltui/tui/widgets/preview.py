"""The preview pane: a line that says what is seen, the grid, and the line for queries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message
from textual.widgets import Static

from amltui.tables.hexrows import HexRows
from amltui.tables.rows import PlacedRows, Rows
from amltui.text import visible
from amltui.tui.grid import Grid
from amltui.tui.grid.messages import AskedTooEarly, LayoutChanged, SortRequested
from amltui.tui.grid.row_cache import NoRows
from amltui.tui.keymap import bound, key_of
from amltui.tui.pace import PACE
from amltui.tui.widgets.palette import Palette, PaletteCommand
from amltui.tui.widgets.pane import Pane
from amltui.tui.widgets.query_line import Kind, QueryLine

HEX_WIDTHS: Final = (10, 49, 16)
"""Cells of offset, bytes and text of a row of sixteen bytes."""


@dataclass(frozen=True, slots=True)
class PreviewState:
    """What the rows on the screen are of the whole."""

    title: str = ""
    note: str = ""
    """How complete it is: `complete`, `first 256 KiB of 1.9 GiB`."""
    labels: tuple[str, ...] = ()
    """What was asked: filters, orders."""
    busy: str = ""
    """What is being worked on."""
    whole: int | None = None
    """Rows of the dataset, where those shown are some of them."""
    expected: int = 0
    """Rows that there will be, as far as that can be told while they come; 0: it cannot."""
    first: bool = False
    """Whether they are the first of an order that is still being made."""
    part: bool = False
    """Whether `whole` counts the first rows of the dataset, and nobody asked of the others."""


Moved = Callable[[int], int]


def _short(count: int) -> str:
    """A number that is only expected, with no more figures than that is worth: `12.4 M`."""
    for size, letter in ((10**9, "G"), (10**6, "M")):
        if count >= size:
            return f"{count / size:.1f} {letter}"
    digits = max(0, len(str(count)) - 3)
    return f"{round(count, -digits):,}"


class PreviewPane(Pane):
    """Rows of a dataset."""

    HELP_TITLE = "preview"
    BINDINGS: ClassVar[list[BindingType]] = [
        bound("find", "query('find')", "find", show=True),
        bound("find_next", "again(1)", "find the next"),
        bound("find_previous", "again(-1)", "find the previous"),
        bound("filter_rows", "query('filter')", "filter rows", show=True),
        bound("sql", "query('sql')", "SQL", show=True),
        bound("columns", "columns", "go to a column by its name"),
        bound("profile", "profile", "column profile"),
        bound("profile_all", "profile_all", "all columns in numbers"),
        bound("malformed", "malformed", "malformed rows"),
        bound("fetch_all", "fetch_all", "fetch all of a large content"),
        bound("record", "record", "the row as a record"),
        bound("export", "export", "export what is seen"),
        bound("dialect", "dialect", "how the text is written; which sheet"),
    ]

    class FindAgain(Message):
        """The last find is to go on, down (1) or up (-1)."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    class DialectRequested(Message):
        """Somebody wants to say how the text is written."""

    class RecordRequested(Message):
        """The row under the cursor is wanted as a record."""

    class ExportRequested(Message):
        """What is seen is to be written to a file."""

    class ProfileRequested(Message):
        """The profile of a column of what is shown is wanted."""

        def __init__(self, column: int) -> None:
            super().__init__()
            self.column = column

    class AllColumnsRequested(Message):
        """The profile of all columns of what is shown is wanted, or no longer."""

    class Malformed(Message):
        """The malformed rows are wanted, or no longer."""

    class FetchAllRequested(Message):
        """What is missing of the content is wanted."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  Textual's own name for it
        super().__init__(id=id, classes="pane")
        self._rows: Rows | None = None
        self._view = PreviewState()
        self._state = ""
        """What stands above the grid."""
        self._coming = False
        """Whether rows are on their way."""
        self._is_page = False
        """Whether what is shown was kept: only what is seen can be asked of it."""
        self._later: Callable[[], None] | None = None
        """What a key asked of the rows that are on their way."""

    def compose(self) -> ComposeResult:
        """State, grid or the words in its place, query line."""
        yield Static("", id="state", markup=False)
        yield Static("", id="preview-empty", markup=False)
        yield Grid(id="grid")
        yield QueryLine(lambda: self.screen.set_focus(self.grid))

    def on_mount(self) -> None:
        """Begin empty."""
        # By its message it would come a frame later.
        self.watch(self.grid, "cursor_coordinate", self._cursor_moved, init=False)
        self.say("Choose a dataset: enter shows its rows.")

    @on(LayoutChanged)
    def _layout_changed(self) -> None:
        self._describe_place()

    @property
    def line(self) -> QueryLine:
        """Where queries are typed."""
        return self.query_one(QueryLine)

    @property
    def grid(self) -> Grid:
        """The rows on the screen."""
        return self.query_one(Grid)

    @property
    def rows(self) -> Rows | None:
        """What the grid shows."""
        return self._rows

    def expect(self) -> None:
        """Rows of another dataset are on their way."""
        self._coming, self._later = True, None

    def say(self, words: str, *, title: str = "", coming: bool = False) -> None:
        """Show words in place of rows, which may be `coming`."""
        self._rows = None
        self._coming, self._is_page = coming, False
        if not coming:
            self._later = None
        self._view = PreviewState(title)
        self.grid.show(NoRows())  # It keeps nothing that is about to be closed.
        self.grid.display = False
        empty = self.query_one("#preview-empty", Static)
        empty.display = True
        empty.update(words)
        self._describe()

    @property
    def view(self) -> PreviewState:
        """What is said about the rows."""
        return self._view

    @property
    def title(self) -> str:
        """The dataset's name."""
        return self._view.title

    def show(
        self,
        rows: Rows,
        view: PreviewState,
        *,
        keep: bool = False,
        goes_on: bool = False,
        summaries: bool = True,
        moved: Moved | None = None,
        is_page: bool = False,
    ) -> None:
        """Show these rows.

        Args:
            rows: what to show.
            view: what they are of the whole.
            keep: cursor and widths stay, for the columns are the same.
            goes_on: they begin with those that are shown now.
            summaries: leave room for summaries of the columns from the start, so that nothing
                moves when they come.
            moved: by how much the row of a number until now is further.
            is_page: whether they were kept, and the rows themselves are on their way.
        """
        row, top = self.grid.cursor_row, self.grid.scroll_offset.y
        self._rows = rows
        self.grid.show_summaries = summaries and not PACE.low and not isinstance(rows, HexRows)
        self._view = view
        nothing = rows.complete and not rows.columns
        empty = self.query_one("#preview-empty", Static)
        empty.display = nothing
        if nothing:
            empty.update("This dataset is empty: it has neither rows nor columns.")
        self.grid.display = not nothing
        self.grid.show(rows, keep=keep, goes_on=goes_on)
        self.grid.expect_rows(view.expected)
        if keep and moved is not None and (by := moved(row)):
            self.grid.follow(row, top, by)
        if not keep or isinstance(rows, HexRows):
            self._fit_bytes(rows)
        self._describe()
        self._is_page = is_page
        if not is_page:
            self._do_later()

    def _do_later(self) -> None:
        """Do what was asked before the rows were here, unless the person went elsewhere."""
        later, self._later, self._coming = self._later, None, False
        if later is not None and self.has_class("-current"):
            # By the grid: what a parent posts through its child stays with the child.
            self.grid.call_later(later)

    @on(AskedTooEarly)
    def _asked_too_early(self, event: AskedTooEarly) -> None:
        event.stop()
        self._wait_for_rows(event.again)

    @on(SortRequested)
    def _sort_requested(self, event: SortRequested) -> None:
        if self._others_come:
            event.stop()
            self._wait_for_rows(partial(self.grid.action_sort, event.descending))

    @property
    def _others_come(self) -> bool:
        """Whether a key means other rows than those that are shown: they are on their way."""
        return self._coming or self._is_page

    @property
    def _too_early(self) -> bool:
        """Whether there are no rows of which something can be asked."""
        return self._rows is None or self._others_come

    def _wait_for_rows(self, action: Callable[[], None]) -> None:
        if self._coming:
            self._later = action

    def _fit_bytes(self, rows: Rows) -> None:
        """Bytes line up only when none of them is cut; types and row numbers say nothing there."""
        raw = isinstance(rows, HexRows) and not rows.lists_entries
        self.grid.show_types = not raw
        self.grid.show_row_labels = not raw
        if raw:
            for column, width in enumerate(HEX_WIDTHS):
                self.grid.set_width(column, width)

    def describe(self, view: PreviewState, moved: Moved | None = None) -> None:
        """The same rows, which may have grown, are now of this view; `moved`: see `show`."""
        self._view = view
        if self._rows is not None:
            row, top = self.grid.cursor_row, self.grid.scroll_offset.y
            self.grid.expect_rows(view.expected)
            self.grid.grew()
            if moved is not None and (by := moved(row)):
                self.grid.follow(row, top, by)
        self._describe()

    def action_query(self, kind: Kind) -> None:
        """Open the line for a query."""
        if self._too_early:
            self._wait_for_rows(partial(self.action_query, kind))
        else:
            self.line.open(kind)

    def action_again(self, step: int) -> None:
        """Go on with the last find."""
        if self._others_come:
            self._wait_for_rows(partial(self.action_again, step))
            return
        self.post_message(self.FindAgain(step))

    def action_columns(self) -> None:
        """Choose a column to go to."""
        if self._too_early:
            self._wait_for_rows(self.action_columns)
            return
        columns = [
            PaletteCommand(f"column:{at}", visible(column.name) or f"column {at}", f"{at:,}")
            for at, column in enumerate(self._rows.columns if self._rows is not None else (), 1)
        ]
        self.screen.query_one(Palette).open(
            columns,
            self._go_to_column,
            title=f"Columns ({len(columns):,})",
            asks="the name of a column, or its number",
            number="column",
        )

    def _go_to_column(self, chosen: str) -> None:
        if self._rows is not None:
            at = min(max(int(chosen.partition(":")[2]), 1), len(self._rows.columns)) - 1
            if at in self.grid.hidden_columns:
                self.grid.hide_columns(self.grid.hidden_columns - {at})
            self.grid.move_cursor(column=at)

    def action_dialect(self) -> None:
        """Say how the text is written."""
        if self._is_page:
            self._wait_for_rows(self.action_dialect)
            return
        self.post_message(self.DialectRequested())

    def action_record(self) -> None:
        """Ask for the row under the cursor as a record."""
        if self._too_early:
            self._wait_for_rows(self.action_record)
        else:
            self.post_message(self.RecordRequested())

    def action_export(self) -> None:
        """Ask for what is seen as a file."""
        if self._too_early:
            self._wait_for_rows(self.action_export)
        else:
            self.post_message(self.ExportRequested())

    def action_profile(self) -> None:
        """Ask for the profile of the column under the cursor."""
        if self._too_early:
            self._wait_for_rows(self.action_profile)
        else:
            self.post_message(self.ProfileRequested(self.grid.cursor_column))

    def action_profile_all(self) -> None:
        """Ask for the profile of all columns."""
        if self._too_early:
            self._wait_for_rows(self.action_profile_all)
        else:
            self.post_message(self.AllColumnsRequested())

    def action_fetch_all(self) -> None:
        """Ask for all of the content."""
        if self._too_early:
            self._wait_for_rows(self.action_fetch_all)
        else:
            self.post_message(self.FetchAllRequested())

    def action_malformed(self) -> None:
        """Ask for the malformed rows."""
        if self._too_early:
            self._wait_for_rows(self.action_malformed)
        else:
            self.post_message(self.Malformed())

    def _describe(self) -> None:
        view, rows = self._view, self._rows
        self.write_title(f"2 {visible(view.title)}" if view.title else "2 Preview")
        parts: list[str] = []
        if rows is not None:
            shown = self._count(rows)
            if view.whole is not None:
                first = "first " if view.first else ""
                of = "the first " if view.part else ""
                shown = f"{first}{rows.row_count:,} of {of}{view.whole:,} rows"
            parts = [shown, *([view.note] if view.note else []), *view.labels]
        if view.busy:
            parts[1:1] = [f"{view.busy}…"]  # in a narrow pane the end of the line is cut
        text = visible(" · ".join(parts))
        if text != self._state:
            self._state = text
            state = self.query_one("#state", Static)
            state.display = bool(parts)
            state.update(text, layout=False)
        self._describe_place()

    def _count(self, rows: Rows) -> str:
        """How many rows there are; of which only places are here, where one is."""
        count = rows.row_count
        if isinstance(rows, PlacedRows) and not rows.exact:
            row = self.grid.cursor_row
            total = f"about {_short(count)}"
            if not rows.state(row):
                return f"{total} rows"
            doubt = ", perhaps cut in the wrong place" if rows.is_doubtful(row) else ""
            return f"rows near {_short(row + 1)} of {total}{doubt}"
        return f"{count:,} {'row' if count == 1 else 'rows'}"

    def _cursor_moved(self) -> None:
        rows: object = self._rows
        if isinstance(rows, PlacedRows):
            self._describe()
        else:
            self._describe_place()

    def _describe_place(self) -> None:
        """Say in the lower border where the cursor is, and draw no more than that border."""
        rows, where = self._rows, ""
        if rows is not None and rows.row_count:
            row = rows.row_numbers(self.grid.cursor_row, self.grid.cursor_row + 1)
            at = row[0] + 1 if len(row) else self.grid.cursor_row + 1
            near = "~" if isinstance(rows, PlacedRows) and rows.state(self.grid.cursor_row) else ""
            column = self.grid.cursor_column + 1
            where = f"row {near}{at:,} · col {column:,} of {len(rows.columns):,}"
            hidden = len(self.grid.hidden_columns)
            if hidden:
                where += f" · {hidden:,} hidden: {key_of('show_columns')} shows"
        self.write_subtitle(where)
