"""Questions about the rows of the preview: filter, sort, find, SQL. Each answer can be taken back.

Answers form a pile: a question is asked of the rows on top and puts its answer there; escape
takes the top away. What is running is stopped by escape or by the next question.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from textual.coordinate import Coordinate

from amltui.errors import AmltuiError, QueryError, UsageError
from amltui.tables.hexrows import HexRows
from amltui.tables.rows import Rows
from amltui.tui.actions.conditions import conditions
from amltui.tui.actions.notes import column_notes, loaded

if TYPE_CHECKING:
    from amltui.tables import Table
    from amltui.tables.queries import Answer, Histogram, Statistics, View
    from amltui.tables.table import MalformedRows
    from amltui.tui.actions.desk import PreviewDesk
    from amltui.tui.widgets.preview import PreviewPane


_CALM: Final = 0.5
"""Seconds between two frames that only bring notes on columns."""
_REPLACING: Final = ("sql", "malformed")
MARKED: Final = 100_000
"""Malformed rows that are marked in the grid at most; `m` shows all."""


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked; it can be asked again."""

    kind: Literal["filter", "sort", "sql", "malformed"]
    chip: str
    """For a person."""
    ask: Callable[[Any], Awaitable[Any]]
    """Asks it of a table or a view."""
    order: tuple[int, bool] | None = None
    """Column and direction of a sort."""


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One answer on the pile."""

    question: Question
    rows: Table | View | Answer | MalformedRows
    asked_of: tuple[Table, int]
    """The table, and how many rows it had by then."""

    @property
    def chip(self) -> str:
        """What was asked, and how much of the answer is left out."""
        if getattr(self.rows, "partial", False):
            return f"{self.question.chip}, cut after {self.rows.row_count:,} rows"
        return self.question.chip


class Questions:
    """The pile of answers over one table."""

    def __init__(
        self,
        desk: PreviewDesk,
        changed: Callable[[], None],
        want: Callable[[], None],
        plain: Callable[[], Rows | None],
    ) -> None:
        """Begin with no answer.

        Args:
            desk: the screen.
            changed: told when there is something new to say.
            want: begins to make the table; then `has` is called as it grows, or `failed`.
            plain: the dataset's rows as they are, for when no answer is shown.
        """
        self._desk = desk
        self._changed = changed
        self._want = want
        self._plain = plain
        self._failure: Exception | None = None
        self._table: Table | None = None
        self._arrived = asyncio.Event()
        self._steps: list[Step] = []
        self._notes: dict[Step | None, dict[int, str]] = {}
        """Notes on the columns of the rows that a filter kept; None: on those of the table."""
        self._malformed: frozenset[int] = frozenset()
        self._sought = ""
        self._turn = asyncio.Lock()
        """Held while the pile is being built: a new question waits for one that is asked again."""
        self.busy = ""
        """What is being worked on, for a person."""
        self.first = False
        """Whether the first rows of an order are shown while the rest is being sorted."""

    @property
    def chips(self) -> tuple[str, ...]:
        """What was asked, from the bottom up."""
        return tuple(step.chip for step in self._steps)

    @property
    def asked_of(self) -> int:
        """Rows that the answer shown was asked of: the table may have more by now."""
        return min((step.asked_of[1] for step in self._steps), default=0)

    @property
    def asked(self) -> bool:
        """Whether an answer is shown, not the dataset as it is."""
        return bool(self._steps)

    @property
    def replaced(self) -> bool:
        """Whether what is on the screen are no rows of the dataset: an SQL answer, for one."""
        return any(step.question.kind in _REPLACING for step in self._steps)

    def has(self, table: Table) -> None:
        """The table that questions go to is there, or another one took its place."""
        self._table = table
        self._arrived.set()

    def failed(self, error: Exception) -> None:
        """The table will not come."""
        self._failure = error
        self._arrived.set()

    async def _columns(self, *, whole: bool) -> None:
        """Have a table made, and wait for its first rows, or for all."""
        self._failure = None
        self._want()
        while self._table is None or (whole and not self._table.complete):
            self._arrived.clear()
            await self._arrived.wait()
            if self._failure is not None:
                raise self._failure

    async def _all_rows(self) -> Table | View:
        """The rows on top, once they are known to be all there are."""
        rows = self._plain()
        raw = rows is None or isinstance(rows, HexRows)
        if not self._steps and not raw and (self._table is None or not self._table.complete):
            with self._working("reading the columns"):
                await self._columns(whole=True)
        return await self._rows()

    def problem(self, kind: str, text: str) -> str:
        """What is wrong with a question before it is asked, or ""."""
        if kind == "filter":
            try:
                conditions(text, self._desk.preview.rows.columns if self._desk.preview.rows else ())
            except QueryError as error:
                return f"{error}\n{error.hint}"
        return ""

    @property
    def _narrowed(self) -> Step | None:
        """The last filter: what the header says is said of its rows."""
        filters = [step for step in self._steps if step.question.kind == "filter"]
        return filters[-1] if filters else None

    def annotate(self) -> None:
        """Say in the header how the values of the rows in force are spread; once all are there."""
        if self._table is not None and self._table.complete and not self.replaced:
            self._desk.work(self._annotate, group="notes", exclusive=True)

    async def _annotate(self) -> None:
        step = self._narrowed
        table = self._table
        if table is None or step in self._notes:
            return
        found: dict[int, str] = {}
        written = time.monotonic()
        rows = table if step is None else step.rows
        async with contextlib.aclosing(column_notes(rows)) as notes:
            async for column, note in notes:
                found[column] = note
                if time.monotonic() - written > _CALM:
                    # Not each by itself, which would draw the header again for each.
                    self._desk.preview.grid.set_notes(found)
                    written = time.monotonic()
        self._notes[step] = found
        self._desk.preview.grid.set_notes(found)

    def detach(self) -> Callable[[], None]:
        """Forget all answers; what is returned closes them, once the screen shows none of them."""
        steps, self._steps = self._steps, []

        def drop() -> None:
            for step in steps:
                self._drop(step)

        self._table = None
        self._notes = {}
        self._malformed = frozenset()
        self._arrived.clear()
        self.busy = ""
        self.first = False
        return drop

    def back(self) -> bool:
        """Take the last answer away; false when there is none."""
        if not self._steps:
            return False
        dropped = self._steps.pop()
        self._show(keep=dropped.question.kind not in _REPLACING)
        self._drop(dropped)
        return True

    async def renew(self) -> None:
        """Ask again, of all rows, what was asked while only some of them were here."""
        async with self._turn:
            await self._renew()

    async def filter(self, text: str) -> None:
        """`&`: keep the rows that meet what was typed; nothing typed takes a filter back."""
        await loaded()
        from amltui.tables.queries import filter_rows, in_thread

        if not text.strip():
            if self._steps and self._steps[-1].question.kind == "filter":
                self.back()
            return
        await self._ask(
            "filtering",
            Question(
                "filter",
                f"& {text.strip()}",
                lambda rows: in_thread(filter_rows, rows, conditions(text, rows.columns)),
            ),
        )

    async def sort(self, column: int, *, descending: bool) -> None:
        """`[` and `]`: order by a column; the same again takes the order back."""
        await loaded()
        from amltui.tables.queries import SortKey, in_thread, sort

        top = self._steps[-1].question if self._steps else None
        order = (column, descending)
        if top is not None and top.kind == "sort":
            self.back()
            if top.order == order:
                return
        loop = asyncio.get_running_loop()
        name = (await self._rows()).columns[column].name
        await self._ask(
            f"sorting by {name}",
            Question(
                "sort",
                f"{'▼' if descending else '▲'} {name}",
                lambda rows: in_thread(
                    sort,
                    rows,
                    [SortKey(column, descending=descending)],
                    first=lambda view: loop.call_soon_threadsafe(self._show_first, view, order),
                ),
                order,
            ),
        )

    async def sql(self, text: str) -> None:
        """`s`: the answer of a SELECT on `data`: the rows as they are filtered, in no order."""
        await loaded()
        from amltui.tables.queries import in_thread, sql

        await self._ask("asking", Question("sql", "SQL", lambda rows: in_thread(sql, rows, text)))

    async def _ask(self, what: str, question: Question) -> None:
        """Put a question's answer on the pile."""
        async with self._turn:
            while True:
                below = self._below(question)
                rows, table = await self._rows(below), self._table
                assert table is not None
                asked_of = table, table.row_count
                try:
                    with self._working(what):
                        answer = await question.ask(rows)
                    break
                except (AmltuiError, OSError):
                    if self._table is table:
                        raise
                    # The growing table became the whole one, in another place: ask that.
                    await self._renew()
            self._steps.append(Step(question, answer, asked_of))
            self._show(keep=question.kind not in _REPLACING)
            if self._table is not table:
                await self._renew()

    async def _renew(self) -> None:
        table, old = self._table, list(self._steps)
        if table is None or all(step.asked_of == (table, table.row_count) for step in old):
            return
        fresh: list[Step] = []
        try:
            with self._working("asking again of all rows"):
                for step in old:
                    below = self._below(step.question, fresh)
                    answer = await step.question.ask(below[-1].rows if below else table)
                    fresh.append(Step(step.question, answer, (table, table.row_count)))
        except BaseException:
            for step in fresh:
                self._drop(step)
            raise
        if self._steps != old or self._table is not table:
            old = fresh  # They were taken back meanwhile.
        else:
            self._steps = fresh
            self._show(keep=True)
        for step in old:
            self._drop(step)

    def _below(self, question: Question, steps: list[Step] | None = None) -> list[Step]:
        """The answers whose rows a question goes to: SQL never goes to another SQL's answer."""
        steps = self._steps if steps is None else steps
        if question.kind != "sql":
            return steps
        kinds = [step.question.kind for step in steps]
        return steps[: kinds.index("sql")] if "sql" in kinds else steps

    async def malformed(self) -> None:
        """`m`: the rows that are not as the format wants them: where, why, and their text."""
        if self._steps and self._steps[-1].question.kind == "malformed":
            self.back()
            return
        await self._all_rows()
        table = self._table
        if table is None or not table.malformed_count:
            self._desk.say("All rows are well formed.")
            return
        question = Question("malformed", "malformed rows", self._malformed_rows)
        self._steps.append(Step(question, table.malformed, (table, table.row_count)))
        self._show(keep=False)

    async def _malformed_rows(self, rows: Table | View) -> MalformedRows:
        del rows  # They are the table's, however it is filtered.
        assert self._table is not None
        return self._table.malformed

    async def mark_malformed(self) -> None:
        """Mark these rows in the grid; once all rows are there."""
        if self._table is None:
            return
        found = await asyncio.to_thread(_numbers, self._table)
        self._malformed = found
        if not self.replaced:
            self._desk.preview.grid.mark_malformed(found)

    async def find(self, text: str, step: int = 1) -> None:
        """`/`, `n` and `N`: go to the next (1) or previous (-1) cell that contains the text."""
        await loaded()
        from amltui.tables.queries import Condition, Hit, find, in_thread

        pane = self._desk.preview
        self._sought = text
        pane.grid.search(text)
        if not text:
            return
        rows = await self._all_rows()
        at = pane.grid.cursor_coordinate
        with self._working(f"looking for {text}"):
            hit = await in_thread(
                find,
                rows,
                Condition(None, "contains", text),
                start=Hit(at.row, at.column),
                backwards=step < 0,
            )
        if hit is None:
            self._desk.say("That text is in no cell.", warning=True)
            return
        pane.grid.cursor_coordinate = Coordinate(hit.row, hit.column)
        passed = (hit.row, hit.column) <= (at.row, at.column)
        if passed is (step > 0) and (hit.row, hit.column) != (at.row, at.column):
            self._desk.say("Went on from the top." if step > 0 else "Went on from the bottom.")

    async def again(self, step: int) -> None:
        """Go on with the last find."""
        if not self._sought:
            raise UsageError("Nothing was looked for yet.", hint="Press / and type a text.")
        await self.find(self._sought, step)

    async def profile(self, column: int) -> tuple[Statistics, Histogram]:
        """A column of the rows on top in numbers, and how its values are spread."""
        await loaded()
        from amltui.tables.queries import histogram, in_thread, statistics

        rows = await self._all_rows()
        with self._working(f"looking at {rows.columns[column].name}"):
            found = await in_thread(statistics, rows, column)
            spread = await in_thread(histogram, rows, column, bins=16)
        return found, spread

    async def _rows(self, steps: list[Step] | None = None) -> Table | View:
        steps = self._steps if steps is None else steps
        if steps:
            from amltui.tables.table import MalformedRows

            rows = steps[-1].rows
            if isinstance(rows, MalformedRows):
                raise UsageError(
                    "Malformed rows cannot be asked.", hint="esc goes back to the dataset's rows."
                )
            return rows
        if self._desk.preview.rows is None:
            raise UsageError("No rows are shown.", hint="Choose a dataset first.")
        if isinstance(self._desk.preview.rows, HexRows):
            raise UsageError(
                "This dataset has no rows that can be asked: its bytes are shown.",
                hint="d downloads it.",
            )
        if self._table is None:
            with self._working("reading the columns"):
                await self._columns(whole=False)
        assert self._table is not None  # that is what arrived
        return self._table

    def _working(self, what: str) -> _Busy:
        return _Busy(self, what)

    def _show_first(self, view: View, order: tuple[int, bool]) -> None:
        if self.busy:  # else the whole order is there, or the question was left
            pane = self._desk.preview
            self.first = True
            pane.show(view, pane.view, keep=True)
            pane.grid.set_sort({order[0]: order[1]})
            self._changed()

    def _show(self, *, keep: bool) -> None:
        pane: PreviewPane = self._desk.preview
        rows: Rows | None = self._steps[-1].rows if self._steps else self._plain()
        if rows is None:
            return
        pane.show(rows, pane.view, keep=keep, notes=not self.replaced)
        if not self.replaced:
            pane.grid.set_notes(self._notes.get(self._narrowed, {}))
            self.annotate()
        if not keep and not self.replaced:
            pane.grid.mark_malformed(self._malformed)
        order = next(
            (
                step.question.order
                for step in reversed(self._steps)
                if step.question.kind != "filter"
            ),
            None,
        )
        pane.grid.set_sort({} if order is None else {order[0]: order[1]})
        self._changed()

    def _drop(self, step: Step) -> None:
        self._notes.pop(step, None)
        from amltui.tables.table import MalformedRows

        if not isinstance(step.rows, MalformedRows):  # these are the table's own
            step.rows.close()

    def works(self, what: str) -> None:
        """Let the pane say what is being worked on."""
        self.busy = what
        self._changed()

    def worked(self) -> None:
        """It came to an end, or was stopped: what it showed on the way is no answer."""
        self.busy = ""
        if self.first:
            self.first = False
            self._show(keep=True)
        self._changed()


def _numbers(table: Table) -> frozenset[int]:
    """Numbers of the malformed rows in the file, by a reader of this thread's own."""
    with table.reopen() as own:
        rows = own.malformed
        return frozenset(rows.table_row(row) for row in range(min(rows.row_count, MARKED)))


class _Busy:
    """Says what is being worked on while a question runs."""

    def __init__(self, questions: Questions, what: str) -> None:
        self._questions = questions
        self._what = what

    def __enter__(self) -> None:
        self._questions.works(self._what)

    def __exit__(self, *exc: object) -> None:
        self._questions.worked()
