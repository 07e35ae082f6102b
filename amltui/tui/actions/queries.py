"""Queries about the rows of the preview: filter, sort, find, SQL, profile, malformed rows."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from textual.coordinate import Coordinate

from amltui.errors import QueryError, UsageError
from amltui.tables.rows import Rows
from amltui.tui.actions.column_summaries import column_summaries, loaded
from amltui.tui.actions.filter_syntax import conditions
from amltui.tui.actions.query_stack import Query, QueryStack, Result
from amltui.tui.sql_completion import Completions, completions

if TYPE_CHECKING:
    from amltui.tables import Table
    from amltui.tables.queries import Answer, Histogram, Statistics, View
    from amltui.tables.table import MalformedRows
    from amltui.tui.actions.host import PreviewHost
    from amltui.tui.widgets.query_line import Kind
    from amltui.tui.widgets.sql_editor import Complete


_CALM: Final = 0.5
"""Seconds between two frames that only bring summaries of columns."""
LABEL: Final = 40
"""Characters of a statement that stand above its result."""
MARKED: Final = 100_000
"""Malformed rows that are marked in the grid at most; `m` shows all."""


class QueryActions:
    """What the keys of the preview ask, and how the results come into the grid."""

    def __init__(
        self,
        host: PreviewHost,
        changed: Callable[[], None],
        want: Callable[[], None],
        plain: Callable[[], Rows | None],
    ) -> None:
        """Begin with no result.

        Args:
            host: the screen.
            changed: told when there is something new to say.
            want: begins to make the table of the dataset.
            plain: the dataset's rows as they are.
        """
        self._host = host
        self._changed = changed
        self._plain = plain
        self.stack = QueryStack(want=want, plain=plain, show=self._show, changed=changed)
        self._summaries: dict[Result | None, dict[int, str]] = {}
        """Of the columns of the rows that a filter kept; None: of those of the table."""
        self._malformed: frozenset[int] = frozenset()
        self._sought = ""

    def problem(self, kind: str, text: str) -> str:
        """What is wrong with a query before it is run, or ""."""
        if kind == "filter":
            rows = self._host.preview.rows
            try:
                conditions(text, rows.columns if rows else ())
            except QueryError as error:
                return f"{error}\n{error.hint}"
        return ""

    def detach(self) -> Callable[[], None]:
        """Forget all results; what is returned closes them, once the screen shows none of them."""
        self._summaries = {}
        self._malformed = frozenset()
        return self.stack.detach()

    async def answer(self, kind: Kind, text: str) -> None:
        """Run what was typed; an error is said beside its line, which stays."""
        run = {"find": self.find, "filter": self.filter, "sql": self.sql}
        line = self._host.preview.line
        try:
            await run[kind](text)
        except QueryError as error:
            told = str(error)
            if error.position is not None and "\n" in text:
                number = text.count("\n", 0, error.position) + 1
                told = f"Line {number}: {told}"
            if error.hint:
                told = f"{told}\n{error.hint}"
            line.refused(kind, text, told, position=error.position)
        else:
            line.answered(kind)

    # Queries whose result takes the place of the rows

    async def filter(self, text: str) -> None:
        """`&`: keep the rows that meet what was typed; nothing typed takes a filter back."""
        await loaded()
        from amltui.tables.queries import filter_rows, in_thread

        if not text.strip():
            if self.stack.top is not None and self.stack.top.kind == "filter":
                self.stack.pop()
            return
        await self.stack.run(
            "filtering",
            Query(
                "filter",
                f"& {text.strip()}",
                lambda rows: in_thread(filter_rows, rows, conditions(text, rows.columns)),
                text=text,
            ),
        )

    async def sort(self, column: int, *, descending: bool) -> None:
        """`[` and `]`: order by a column; the same again takes the order back."""
        await loaded()
        from amltui.tables.queries import SortKey, in_thread, sort

        top = self.stack.top
        order = (column, descending)
        if top is not None and top.kind == "sort":
            self.stack.pop()
            if top.order == order:
                return
        loop = asyncio.get_running_loop()
        name = (await self.stack.rows()).columns[column].name
        await self.stack.run(
            f"sorting by {name}",
            Query(
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
        """`s`: the result of a SELECT on `data`: the rows as they are filtered, in no order.

        It may read other datasets by their names, and versions of this one as `"@2"`.
        """
        await loaded()
        from amltui.services.whole_tables import tables_in
        from amltui.tables.queries import in_thread, sql

        dataset = self._host.preview_dataset
        if dataset is None:
            raise UsageError("No rows are shown.", hint="Choose a dataset first.")

        async def run(rows: Table | View) -> Answer:
            session = await self._host.session()
            async with tables_in(session, text, dataset) as others:
                return await in_thread(sql, rows, text, others=others)

        await self.stack.run("asking", Query("sql", f"SQL {_short(text)}", run, text=text))

    async def completing(self) -> Complete:
        """What completes the words of an SQL statement about the rows on the screen."""
        await loaded()
        from amltui.tables.queries import sql_words
        from amltui.tables.queries.select import sql_names

        words = await asyncio.to_thread(sql_words)
        session = await self._host.session()
        listed = await session.cached_list()
        names = [one.name for one in listed.datasets] if listed is not None else []

        def complete(text: str) -> Completions:
            plain = self._plain()
            columns = sql_names(plain.columns) if plain is not None else []
            return completions(text, columns=columns, datasets=names, words=words)

        return complete

    async def malformed(self) -> None:
        """`m`: the rows that are not as the format wants them: where, why, and their text."""
        if self.stack.top is not None and self.stack.top.kind == "malformed":
            self.stack.pop()
            return
        await self.stack.all_rows()
        table = self.stack.table
        if table is None or not table.malformed_count:
            self._host.say("All rows are well formed.")
            return
        query = Query("malformed", "malformed rows", self._malformed_rows)
        self.stack.push(Result(query, table.malformed, (table, table.row_count)))

    async def _malformed_rows(self, rows: Table | View) -> MalformedRows:
        del rows  # They are the table's, however it is filtered.
        assert self.stack.table is not None
        return self.stack.table.malformed

    # Queries that are answered beside the rows

    async def find(self, text: str, step: int = 1) -> None:
        """`/`, `n` and `N`: go to the next (1) or previous (-1) cell that contains the text."""
        await loaded()
        from amltui.tables.queries import Condition, Hit, find, in_thread

        pane = self._host.preview
        self._sought = text
        pane.grid.search(text)
        if not text:
            return
        rows = await self.stack.all_rows()
        at = pane.grid.cursor_coordinate
        with self.stack.working(f"looking for {text}"):
            hit = await in_thread(
                find,
                rows,
                Condition(None, "contains", text),
                start=Hit(at.row, at.column),
                backwards=step < 0,
            )
        if hit is None:
            self._host.say("That text is in no cell.", warning=True)
            return
        pane.grid.cursor_coordinate = Coordinate(hit.row, hit.column)
        passed = (hit.row, hit.column) <= (at.row, at.column)
        if passed is (step > 0) and (hit.row, hit.column) != (at.row, at.column):
            self._host.say("Went on from the top." if step > 0 else "Went on from the bottom.")

    async def find_again(self, step: int) -> None:
        """Go on with the last find."""
        if not self._sought:
            raise UsageError("Nothing was looked for yet.", hint="Press / and type a text.")
        await self.find(self._sought, step)

    async def profile(self, column: int) -> tuple[Statistics, Histogram]:
        """A column of the rows on top in numbers, and how its values are spread."""
        await loaded()
        from amltui.tables.queries import histogram, in_thread, statistics

        rows = await self.stack.all_rows()
        with self.stack.working(f"looking at {rows.columns[column].name}"):
            found = await in_thread(statistics, rows, column)
            spread = await in_thread(histogram, rows, column, bins=16)
        return found, spread

    # What the grid shows of it

    def _show_first(self, view: View, order: tuple[int, bool]) -> None:
        if self.stack.busy:  # else the whole order is there, or the query was left
            pane = self._host.preview
            self.stack.first = True
            pane.show(view, pane.view, keep=True)
            pane.grid.set_sort({order[0]: order[1]})
            self._changed()

    def _show(self, *, keep: bool) -> None:
        pane, stack = self._host.preview, self.stack
        rows: Rows | None = stack.results[-1].rows if stack.results else self._plain()
        if rows is None:
            return
        pane.show(rows, pane.view, keep=keep, summaries=not stack.replaced)
        if not stack.replaced:
            pane.grid.set_summaries(self._summaries.get(stack.filtered, {}))
            self.summarize()
        if not keep and not stack.replaced:
            pane.grid.mark_malformed(self._malformed)
        pane.grid.set_sort({} if stack.order is None else {stack.order[0]: stack.order[1]})
        self._changed()

    def summarize(self) -> None:
        """Say in the header how the values of the rows in force are spread; once all are there."""
        table = self.stack.table
        if table is not None and table.complete and not self.stack.replaced:
            self._host.work(self._summarize, group="summaries", exclusive=True)

    async def _summarize(self) -> None:
        result = self.stack.filtered
        table = self.stack.table
        if table is None or result in self._summaries:
            return
        found: dict[int, str] = {}
        written = time.monotonic()
        rows = table if result is None else result.rows
        async with contextlib.aclosing(column_summaries(rows)) as summaries:
            async for column, summary in summaries:
                found[column] = summary
                if time.monotonic() - written > _CALM:
                    # Not each by itself, which would draw the header again for each.
                    self._host.preview.grid.set_summaries(found)
                    written = time.monotonic()
        self._summaries = {
            kept: of for kept, of in self._summaries.items() if kept in (None, *self.stack.results)
        }
        self._summaries[result] = found
        self._host.preview.grid.set_summaries(found)

    async def mark_malformed(self) -> None:
        """Mark malformed rows in the grid; once all rows are there."""
        if self.stack.table is None:
            return
        found = await asyncio.to_thread(_numbers, self.stack.table)
        self._malformed = found
        if not self.stack.replaced:
            self._host.preview.grid.mark_malformed(found)


def _short(text: str) -> str:
    """A statement in one line of some words."""
    line = " ".join(text.split())
    return line if len(line) <= LABEL else f"{line[: LABEL - 1]}…"


def _numbers(table: Table) -> frozenset[int]:
    """Numbers of the malformed rows in the file, by a reader of this thread's own."""
    with table.reopen() as own:
        rows = own.malformed
        return frozenset(rows.table_row(row) for row in range(min(rows.row_count, MARKED)))
