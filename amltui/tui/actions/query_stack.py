"""Results of queries over one table, each put on those before it; escape takes the top one away.

A query is asked of the rows on top. What was asked while only some rows of the dataset were here is
asked again once all of them are. What is running is stopped by escape or by the next query.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from amltui.errors import AmltuiError, UsageError
from amltui.tables.hexrows import HexRows
from amltui.tables.rows import Rows
from amltui.tui.keymap import key_of

if TYPE_CHECKING:
    from amltui.tables import Table
    from amltui.tables.queries import Answer, View
    from amltui.tables.table import MalformedRows

_REPLACING: Final = ("sql", "malformed", "compare", "profile")
"""Kinds of queries whose result has no rows of the dataset."""
_LABEL: Final = 40
"""Characters of a statement that stand above its result."""


def in_one_line(text: str) -> str:
    """A statement in one line of some words."""
    line = " ".join(text.split())
    return line if len(line) <= _LABEL else f"{line[: _LABEL - 1]}…"


@dataclass(frozen=True, slots=True)
class Query:
    """What was asked; it can be asked again."""

    kind: Literal["filter", "sort", "sql", "malformed", "compare", "profile"]
    label: str
    """For a person."""
    run: Callable[[Any], Awaitable[Any]]
    """Asks it of a table or a view."""
    order: tuple[int, bool] | None = None
    """Column and direction of a sort."""
    text: str = ""
    """What was typed."""
    of_result: bool = False
    """Whether SQL is asked of the result that is shown, and not of the dataset's rows."""

    @property
    def replaces(self) -> bool:
        """Whether the result has no rows of the dataset."""
        return self.kind in _REPLACING


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """One result on the stack."""

    query: Query
    rows: Table | View | Answer | MalformedRows
    asked_of: tuple[Table | None, int]
    """The table, and how many rows it had by then; None: a cluster was asked."""

    @property
    def label(self) -> str:
        """What was asked, and how much of the result is left out."""
        if getattr(self.rows, "partial", False):
            return f"{self.query.label}, cut after {self.rows.row_count:,} rows"
        return self.query.label

    def close(self) -> None:
        """Free what the rows hold."""
        from amltui.tables.table import MalformedRows

        if not isinstance(self.rows, MalformedRows):  # these are the table's own
            self.rows.close()


class QueryStack:
    """The results over one table, and the table itself once a query needs it."""

    def __init__(
        self,
        *,
        want: Callable[[], None],
        plain: Callable[[], Rows | None],
        show: Callable[..., None],
        changed: Callable[[], None],
    ) -> None:
        """Begin with no result.

        Args:
            want: begins to make the table; then `set_table` is called as it grows, or `fail`.
            plain: the dataset's rows as they are, for when no result is shown.
            show: shows the rows on top; `keep=True`: the columns are the same; `goes_on=True`: the
                first of these rows are shown already.
            changed: told when there is something new to say.
        """
        self._want = want
        self._plain = plain
        self._show = show
        self._changed = changed
        self._failure: Exception | None = None
        self._arrived = asyncio.Event()
        self._turn = asyncio.Lock()
        """Held while the stack is being built: a new query waits for one that is asked again."""
        self.table: Table | None = None
        """What queries are asked of."""
        self.results: list[Result] = []
        self.busy = ""
        """What is being worked on, for a person."""
        self.first = False
        """Whether the first rows of an order are shown while the rest is being sorted."""
        self.asking = 0
        """Rows that what runs is asked of."""
        self.part = False
        """Whether the person asks of the first rows only, as no more are fetched."""
        self.needs_all = False
        """Whether the table that is wanted must be that of all rows."""
        self.settling = False
        """Whether what runs is on the stack already, and is asked again of all rows."""

    @property
    def labels(self) -> tuple[str, ...]:
        """What was asked, from the bottom up."""
        return tuple(result.label for result in self.results)

    @property
    def asked_of(self) -> int:
        """Rows that the result shown was asked of: the table may have more by now."""
        return min((result.asked_of[1] for result in self.results), default=0)

    @property
    def elsewhere(self) -> bool:
        """Whether a cluster was asked, of all rows there are."""
        return bool(self.results) and self.results[0].asked_of[0] is None

    @property
    def replaced(self) -> bool:
        """Whether what is on the screen are no rows of the dataset: an SQL result, for one."""
        return any(result.query.replaces for result in self.results)

    @property
    def answered(self) -> bool:
        """Whether an SQL result is shown, or rows of one."""
        return any(result.query.kind == "sql" for result in self.results)

    @property
    def compares(self) -> bool:
        """Whether the rows are those that differ from another table's."""
        return any(result.query.kind == "compare" for result in self.results)

    @property
    def top(self) -> Query | None:
        """What was asked last."""
        return self.results[-1].query if self.results else None

    @property
    def order(self) -> tuple[int, bool] | None:
        """Column and direction by which the rows on top are sorted."""
        queries = (result.query for result in reversed(self.results))
        return next((query.order for query in queries if query.kind != "filter"), None)

    @property
    def filtered(self) -> Result | None:
        """The last filter: summaries of columns are of its rows."""
        filters = [result for result in self.results if result.query.kind == "filter"]
        return filters[-1] if filters else None

    # The table

    def set_table(self, table: Table) -> None:
        """The table that queries are asked of is there, or another one took its place."""
        self.table = table
        self._arrived.set()

    def fail(self, error: Exception) -> None:
        """The table will not come."""
        self._failure = error
        self._arrived.set()

    async def _await_table(self, *, whole: bool, part: bool = True) -> None:
        """Have a table made, and wait for its first rows, or for all.

        `part`: where the person says so, the first rows of a content that is not fetched will do.
        """
        self._failure = None
        self.needs_all = not part
        self._want()
        while self.table is None or (
            whole and not self.table.complete and not (part and self.part)
        ):
            self._arrived.clear()
            await self._arrived.wait()
            if self._failure is not None:
                raise self._failure

    async def rows(self) -> Table | View:
        """The rows on top, of which there may be more later."""
        return await self.rows_on(self.results)

    async def all_rows(self, *, part: bool = True) -> Table | View:
        """The rows on top, once all there are were asked for them; `part`: see `_await_table`."""
        plain = self._plain()
        raw = plain is None or isinstance(plain, HexRows)
        known = self.table is not None and (self.table.complete or (part and self.part))
        if not raw and not known and not self.elsewhere:
            with self.working("reading the columns"):
                await self._await_table(whole=True, part=part)
        await self.rerun()
        return await self.rows()

    async def whole_table(self) -> Table:
        """The table of all rows of the dataset, however it is filtered and sorted."""
        if self.table is None or not self.table.complete:
            with self.working("reading the columns"):
                await self._await_table(whole=True, part=False)
        assert self.table is not None  # that is what arrived
        return self.table

    async def rows_on(self, results: list[Result]) -> Table | View:
        """The rows of the last of `results`, or those of the dataset."""
        if results:
            from amltui.tables.table import MalformedRows

            rows = results[-1].rows
            if isinstance(rows, MalformedRows):
                raise UsageError(
                    "Malformed rows cannot be asked.", hint="esc goes back to the dataset's rows."
                )
            return rows
        plain = self._plain()
        if plain is None:
            raise UsageError("No rows are shown.", hint="Choose a dataset first.")
        if isinstance(plain, HexRows):
            raise UsageError(
                f"This dataset has no rows that can be asked: {plain.shows} are shown.",
                hint=f"{key_of('download')} downloads it.",
            )
        if self.table is None:
            with self.working("reading the columns"):
                await self._await_table(whole=False)
        assert self.table is not None  # that is what arrived
        return self.table

    # The stack

    async def run(self, what: str, query: Query) -> None:
        """Put a query's result on the stack; `what` is said meanwhile."""
        async with self._turn:
            while True:
                rows, table = await self.rows_on(self._below(query, self.results)), self.table
                asked_of = table, table.row_count if table is not None else 0
                self.asking = asked_of[1]
                try:
                    with self.working(what):
                        answer = await query.run(rows)
                    break
                except (AmltuiError, OSError):
                    if self.table is table:
                        raise
                    # The growing table became the whole one, in another place: ask that.
                    await self._rerun()
            self.push(Result(query, answer, asked_of))
            if self.table is not table:
                self.settling = True
                try:
                    await self._rerun()
                finally:
                    self.settling = False

    def tell(self, what: str) -> None:
        """Say how far what runs is; nothing once it is over."""
        if self.busy:
            self.busy = what
            self._changed()

    def push(self, result: Result) -> None:
        """Put a result on top and show it."""
        self.results.append(result)
        self._show_answer(keep=not result.query.replaces)

    def _show_answer(self, *, keep: bool) -> None:
        """Show the rows on top, of which the first may be shown already."""
        goes_on, self.first = self.first, False
        self._show(keep=keep, goes_on=goes_on)

    async def rerun(self) -> None:
        """Ask again, of all rows, what was asked while only some of them were here."""
        async with self._turn:
            await self._rerun()

    async def _rerun(self) -> None:
        while not await self._asked_again():
            pass  # Some were taken back meanwhile: the others are asked.

    async def _asked_again(self) -> bool:
        """Ask again of all rows what is older than they are; false when the stack changed."""
        table, old = self.table, list(self.results)
        if table is None:
            return True
        now = table, table.row_count
        if all(result.asked_of == now for result in old) or self.elsewhere:
            return True
        self.asking = table.row_count
        fresh: list[Result] = []
        try:
            with self.working("asking again of all rows"):
                for result in old:
                    below = self._below(result.query, fresh)
                    answer = await result.query.run(below[-1].rows if below else table)
                    fresh.append(Result(result.query, answer, now))
        except BaseException:
            for result in fresh:
                result.close()
            raise
        unchanged = self.results == old and self.table is table
        if unchanged:
            self.results = fresh
            self._show_answer(keep=True)
        else:
            self._drop_first()
        for result in old if unchanged else fresh:
            result.close()
        return unchanged

    @property
    def profiled(self) -> list[Result] | None:
        """The results below the profile of all columns that is shown; None: none is."""
        kinds = [result.query.kind for result in self.results]
        return self.results[: kinds.index("profile")] if "profile" in kinds else None

    @staticmethod
    def _below(query: Query, results: list[Result]) -> list[Result]:
        """The results that a query is asked of.

        SQL is asked of another SQL's result only where it says so, and a profile is asked nothing
        but the order and the filter of its lines.
        """
        kinds = [result.query.kind for result in results]
        if query.kind in {"sql", "profile"} and "profile" in kinds:
            results = results[: kinds.index("profile")]
        if query.kind == "sql" and "sql" in kinds and not query.of_result:
            results = results[: kinds.index("sql")]
        return results

    def pop(self) -> bool:
        """Take the last result away; false when there is none."""
        if not self.results:
            return False
        dropped = self.results.pop()
        self._show(keep=not dropped.query.replaces)
        dropped.close()
        return True

    def detach(self) -> Callable[[], None]:
        """Forget all results; what is returned closes them, once the screen shows none of them."""
        results, self.results = self.results, []

        def close() -> None:
            for result in results:
                result.close()

        self.table = None
        self.part = False
        self._arrived.clear()
        self.busy = ""
        self.first = False
        return close

    @contextlib.contextmanager
    def working(self, what: str) -> Iterator[None]:
        """Say what is being worked on while the block runs."""
        self.busy = what
        self._changed()
        try:
            yield
        except BaseException:
            self.busy = ""
            self._drop_first()
            raise
        finally:
            self.busy = ""
            self._changed()

    def _drop_first(self) -> None:
        """What was shown on the way is no result."""
        if self.first:
            self.first = False
            self._show(keep=True)
