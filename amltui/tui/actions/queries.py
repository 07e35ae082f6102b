"""Queries about the rows of the preview: filter, sort, find, SQL, profile, malformed rows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

from textual.coordinate import Coordinate

from amltui.errors import QueryError, UsageError
from amltui.tables.rows import Rows, SlowRows
from amltui.tui.actions.clusters import ClusterQueries
from amltui.tui.actions.column_summaries import ColumnSummaries, loaded
from amltui.tui.actions.preview_state import part_words
from amltui.tui.actions.query_stack import Query, QueryStack, Result, in_one_line
from amltui.tui.actions.slow_rows import SlowRowsReader
from amltui.tui.keymap import key_of

if TYPE_CHECKING:
    from amltui.services.previews import Preview
    from amltui.tables import Table
    from amltui.tables.queries import Answer, Histogram, Statistics, View
    from amltui.tables.table import MalformedRows
    from amltui.tui.actions.host import PreviewHost
    from amltui.tui.sql_completion import Completions
    from amltui.tui.widgets.query_line import Kind
    from amltui.tui.widgets.sql_editor import Complete

T = TypeVar("T")
RESULT: Final = "result"
"""What a statement calls the SQL result that is shown."""
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
        current: Callable[[], Preview | None],
        shown: Callable[..., None],
    ) -> None:
        """Begin with no result.

        Args:
            host: the screen.
            changed: told when there is something new to say.
            want: begins to make the table of the dataset.
            plain: the dataset's rows as they are.
            current: what they are read by.
            shown: told when other rows of the dataset are shown; `anew=True`: without the
                layout that they had.
        """
        self._shown = shown
        self._host = host
        self._current = current
        self._changed = changed
        self._plain = plain
        self.stack = QueryStack(want=want, plain=plain, show=self._show, changed=changed)
        self.summaries = ColumnSummaries(host, self.stack)
        self._cluster = ClusterQueries(host, self.stack, current)
        self._malformed: frozenset[int] = frozenset()
        self._sought = ""

    def problem(self, kind: str, text: str) -> str:
        """What is wrong with a query before it is run, or ""."""
        if kind == "filter":
            from amltui.tui.actions.filter_syntax import conditions

            rows = self._host.preview.rows
            try:
                conditions(text, rows.columns if rows else ())
            except QueryError as error:
                return f"{error}\n{error.hint}"
        return ""

    def detach(self) -> Callable[[], None]:
        """Forget all results; what is returned closes them, once the screen shows none of them."""
        self.summaries.forget()
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
        from amltui.tui.actions.filter_syntax import conditions

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

        It may read other datasets by their names, and versions of this one as `"@2"`. While a
        result is shown, a statement on `result` is asked of that, and not of `data`.
        """
        await loaded()
        from amltui.services.whole_tables import tables_in
        from amltui.tables.queries import in_thread, sql, tables_named

        dataset = self._host.preview_dataset
        if dataset is None:
            raise UsageError("No rows are shown.", hint="Choose a dataset first.")

        cluster = await self._cluster.offered()
        if cluster is not None:
            await self._cluster.sql(cluster, text, dataset)
            return

        of_result = self.stack.answered and RESULT in await asyncio.to_thread(tables_named, text)

        async def run(rows: Table | View) -> Answer:
            session = await self._host.session()
            async with tables_in(session, text, dataset) as others:
                if of_result:
                    others.pop(RESULT, None)  # a dataset of that name
                name = RESULT if of_result else "data"
                return await in_thread(sql, rows, text, others=others, name=name)

        query = Query("sql", f"SQL {in_one_line(text)}", run, text=text, of_result=of_result)
        await self.stack.run("asking", query)

    async def completing(self) -> Complete:
        """What completes the words of an SQL statement about the rows on the screen."""
        await loaded()
        from amltui.tables.queries import sql_words
        from amltui.tables.queries.answers import sql_names
        from amltui.tui.sql_completion import completions

        words = await asyncio.to_thread(sql_words)
        session = await self._host.session()
        listed = await session.cached_list()
        names = [one.name for one in listed.datasets] if listed is not None else []

        def complete(text: str) -> Completions:
            plain, shown = self._plain(), self._host.preview.rows
            columns = sql_names(plain.columns) if plain is not None else []
            tables = names
            if self.stack.answered and shown is not None:
                tables = [RESULT, *names]
                columns = list(dict.fromkeys([*sql_names(shown.columns), *columns]))
            return completions(text, columns=columns, datasets=tables, words=words)

        return complete

    async def malformed(self) -> None:
        """`m`: the rows that are not as the format wants them: where, why, and their text."""
        if self.stack.top is not None and self.stack.top.kind == "malformed":
            self.stack.pop()
            return
        await self.stack.all_rows()
        table = self.stack.table
        if table is None or not table.malformed_count:
            some = part_words(self._current(), self.stack)
            self._host.say(
                f"All of {some} are well formed." if some else "All rows are well formed."
            )
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
                start=Hit(min(at.row, max(0, rows.row_count - 1)), at.column),
                backwards=step < 0,
            )
        if hit is None:
            some = part_words(self._current(), self.stack)
            where = f" of {some}" if some else ""
            self._host.say(f"That text is in no cell{where}.", warning=True)
            return
        pane.grid.cursor_coordinate = Coordinate(hit.row, hit.column)
        passed = (hit.row, hit.column) <= (at.row, at.column)
        if passed is (step > 0) and (hit.row, hit.column) != (at.row, at.column):
            self._host.say("Went on from the top." if step > 0 else "Went on from the bottom.")

    async def find_again(self, step: int) -> None:
        """Go on with the last find."""
        if not self._sought:
            raise UsageError(
                "Nothing was looked for yet.", hint=f"Press {key_of('find')} and type a text."
            )
        await self.find(self._sought, step)

    async def profile(self, column: int) -> tuple[Statistics, Histogram]:
        """A column of the rows on top in numbers, and how its values are spread."""
        await loaded()
        from amltui.tables.queries import histogram, in_thread, statistics

        cluster = await self._cluster.offered()
        if cluster is not None:
            return await self._cluster.profile(cluster, column)
        preview = self._current()
        ranged = preview is not None and preview.remote is not None and preview.waits
        if preview is not None and ranged and not self.stack.results:
            with self.stack.working("fetching this column"):
                return await _profile_by_ranges(preview, column)
        rows = await self.stack.all_rows()
        if (below := self.stack.profiled) is not None:
            rows = await self.stack.rows_on(below)
        with self.stack.working(f"looking at {rows.columns[column].name}"):
            found = await in_thread(statistics, rows, column)
            spread = await in_thread(histogram, rows, column, bins=16)
        return found, spread

    async def profile_all(self) -> None:
        """`C`: all columns of the rows on top in numbers, a line each; the same again goes back."""
        await loaded()
        from amltui.tables.queries import in_thread, profile_table

        below = self.stack.profiled
        if below is not None:
            while self.stack.results != below:
                self.stack.pop()
            return
        count = len((await self.stack.all_rows()).columns)
        loop = asyncio.get_running_loop()

        def done(columns: int) -> None:
            what = f"looked at {columns:,} of {count:,} columns"
            loop.call_soon_threadsafe(self.stack.tell, what)

        await self.stack.run(
            f"looking at {count:,} columns",
            Query(
                "profile",
                "all columns",
                lambda rows: in_thread(profile_table, rows, done=done),
            ),
        )
        self._host.preview.grid.fixed_columns = 1  # their names stay in view

    # What the grid shows of it

    def _show_first(self, view: View, order: tuple[int, bool]) -> None:
        if self.stack.busy:  # else the whole order is there, or the query was left
            pane = self._host.preview
            self.stack.first = True
            pane.show(view, pane.view, keep=True)
            pane.grid.set_sort({order[0]: order[1]})
            self._changed()

    def _show(self, *, keep: bool, goes_on: bool = False) -> None:
        pane, stack = self._host.preview, self.stack
        rows: Rows | None = stack.results[-1].rows if stack.results else self._plain()
        if rows is None:
            return
        if isinstance(rows, SlowRows):
            SlowRowsReader(self._host, rows)
        pane.show(rows, pane.view, keep=keep, goes_on=goes_on, summaries=not stack.replaced)
        if not stack.replaced:
            self.summaries.show()
        if not keep and not stack.replaced:
            pane.grid.mark_malformed(self._malformed)
        pane.grid.set_sort({} if stack.order is None else {stack.order[0]: stack.order[1]})
        if not stack.replaced:
            self._shown(anew=not keep)
        self._changed()

    async def mark_malformed(self) -> None:
        """Mark malformed rows in the grid; once all rows are there."""
        if self.stack.table is None:
            return
        found = await asyncio.to_thread(_numbers, self.stack.table)
        self._malformed = found
        if not self.stack.replaced:
            self._host.preview.grid.mark_malformed(found)


async def _profile_by_ranges(preview: Preview, column: int) -> tuple[Statistics, Histogram]:
    """Of a Parquet file elsewhere, of which no other column is fetched."""
    from amltui.services.whole_tables import column_table
    from amltui.tables.queries import histogram, in_thread, statistics

    async with column_table(preview, column) as table:
        found = await in_thread(statistics, table, 0)
        return found, await in_thread(histogram, table, 0, bins=16)


def _numbers(table: Table) -> frozenset[int]:
    """Numbers of the malformed rows in the file, by a reader of this thread's own."""
    with table.reopen() as own:
        if not own.malformed_count:
            return frozenset()
        rows = own.malformed
        return frozenset(rows.table_row(row) for row in range(min(rows.row_count, MARKED)))
