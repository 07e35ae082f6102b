"""Filter and find, batch by batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import numpy as np
import pyarrow.compute as pc

from amltui.errors import QueryError
from amltui.formats.arrays import mask, strings
from amltui.tables.queries.cancel import Cancel
from amltui.tables.queries.regex import Regex
from amltui.tables.queries.values import Condition, Hit
from amltui.tables.queries.view import Order, View, table_of
from amltui.tables.rows import Column, ColumnType
from amltui.tables.table import Table
from amltui.tables.types import ZONED, missing_mask, typed
from amltui.times import parse_time

THREADS: Final = 2
_FEW: Final = 50_000
"""Rows of a view that are read by themselves where rows far apart come slowly."""
_COMPARE = {
    "<": pc.less,
    "<=": pc.less_equal,
    ">": pc.greater,
    ">=": pc.greater_equal,
}


def filter_rows(
    rows: Table | View, conditions: Sequence[Condition], *, cancel: Cancel | None = None
) -> View:
    """The rows that meet all conditions, in the order they have in `rows`.

    Rows that are written to the table later are not in it.

    Raises:
        QueryError: a regular expression is wrong, or a text is not of the column's type.
        Cancelled: it was stopped.
    """
    table = table_of(rows)
    known = table.row_count
    with table.reopen() as own:
        order = _matching(own, conditions, cancel or Cancel())
        # Of a table that grows, the view's own reader may not have the last of them yet.
        order = order[order < known]
        if isinstance(rows, View):
            mask = np.zeros(max(own.row_count, table.row_count), dtype=np.bool_)
            mask[order] = True
            order = rows.order[mask[rows.order]]
        text = " and ".join(describe(condition, table.columns) for condition in conditions)
        view = View(table, order, complete=rows.complete, description=text)
        view.read_first(own)
    return view


def find(
    rows: Table | View,
    condition: Condition,
    *,
    start: Hit,
    backwards: bool = False,
    wrap: bool = True,
    cancel: Cancel | None = None,
) -> Hit | None:
    """The next cell, or the one before, that meets a condition; None when there is none.

    Args:
        rows: where to look, in their order.
        condition: its column may be None for any.
        start: the cell to go on from; it is the last to be looked at.
        backwards: look before it instead of after.
        wrap: go on from the other end.
        cancel: stops it.

    Raises:
        QueryError: a regular expression is wrong, or a text is not of the column's type.
        Cancelled: it was stopped.
    """
    cancel = cancel or Cancel()
    table = table_of(rows)
    with table.reopen() as own:
        columns = range(len(own.columns)) if condition.column is None else [condition.column]
        tests = {
            index: Test(condition, index, own.columns[index], cancel, typed_whole=own.state.typed)
            for index in columns
        }
        if isinstance(rows, View):
            found = _in_view(own, rows, condition, start, backwards=backwards, cancel=cancel)
        else:
            found = _in_table(own, tests, start, backwards=backwards, cancel=cancel)
        hit = next(found, None)
        if hit is None or wrap:
            return hit
        here, there = (start.row, start.column), (hit.row, hit.column)
        return hit if (there < here if backwards else there > here) else None


def _in_table(
    table: Table, tests: dict[int, Test], start: Hit, *, backwards: bool, cancel: Cancel
) -> Iterator[Hit]:
    """Hits from the start's row on, then from the other end up to it."""
    stream = table.stream
    count = stream.batch_count
    if not count:
        return
    here = min(stream.find(start.row), count - 1)
    around = [*range(here, count), *range(here + 1)]
    if backwards:
        around = [*range(here, -1, -1), *range(count - 1, here - 1, -1)]
    for step, number in enumerate(around):
        cancel.check()
        first, _ = stream.span(number)
        batch = stream.batch(number)
        hits = [
            (first + int(row), index)
            for index, test in tests.items()
            if not test.never and not test.beyond(table.bounds(number, index))
            for row in np.flatnonzero(test.mask(batch.column(index)))
        ]
        hits.sort(reverse=backwards)
        origin = (start.row, start.column)
        for hit in hits:
            if step == 0 and (hit >= origin if backwards else hit <= origin):
                continue
            yield Hit(*hit)


def _in_view(
    table: Table,
    view: View,
    condition: Condition,
    start: Hit,
    *,
    backwards: bool,
    cancel: Cancel,
) -> Iterator[Hit]:
    columns = range(len(table.columns)) if condition.column is None else [condition.column]
    tests = [Test(condition, index, table.columns[index], cancel) for index in columns]
    if table.scattered_slowly and len(view.order) <= _FEW:
        masks = map(Test.mask, tests, table.arrays(view.order, columns))
        places = np.flatnonzero(np.logical_or.reduce(list(masks)))
    else:
        mask = np.zeros(table.row_count, dtype=np.bool_)
        mask[_matching(table, [condition], cancel)] = True
        places = np.flatnonzero(mask[view.order])
    here = range(len(places))
    if backwards:
        at = int(np.searchsorted(places, start.row, side="right"))
        around = [*reversed(here[:at]), *reversed(here[max(0, at - 1) :])]
    else:
        at = int(np.searchsorted(places, start.row))
        around = [*here[at:], *here[: at + 1]]
    for step, place in enumerate(around):
        cancel.check()
        row = int(places[place])
        cells = table.arrays([int(view.order[row])], columns)
        for test, cell in list(zip(tests, cells, strict=True))[:: -1 if backwards else 1]:
            beyond = test.index < start.column if backwards else test.index > start.column
            if step == 0 and row == start.row and not beyond:
                continue
            if test.mask(cell)[0]:
                yield Hit(row, test.index)


def _matching(table: Table, conditions: Sequence[Condition], cancel: Cancel) -> Order:
    groups = [
        [
            Test(condition, index, table.columns[index], cancel, typed_whole=table.state.typed)
            for index in (
                range(len(table.columns)) if condition.column is None else [condition.column]
            )
        ]
        for condition in conditions
    ]
    stream = table.stream
    parts: list[Order] = []
    with ThreadPoolExecutor(THREADS, "match") as pool:
        for number in range(stream.batch_count):
            cancel.check()
            possible = [
                [
                    test
                    for test in group
                    if not test.never and not test.beyond(table.bounds(number, test.index))
                ]
                for group in groups
            ]
            if not all(possible):
                continue
            batch = stream.batch(number)
            keep = np.ones(batch.num_rows, dtype=np.bool_)
            for tests in possible:
                arrays = [batch.column(test.index) for test in tests]
                keep &= np.logical_or.reduce(list(pool.map(Test.mask, tests, arrays)))
            parts.append((np.flatnonzero(keep) + stream.span(number)[0]).astype(np.uint32))
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.uint32)


_LETTERS: Final[dict[ColumnType, str]] = {
    "int": "",
    "float": "infinityane",
    "date": "infinitybc",
    "datetime": "infinitybctz",
    "time": "",
}
"""What letters the values of a type may hold, those of an SQL answer among them."""


class Test:
    """A condition made ready for one column."""

    def __init__(
        self,
        condition: Condition,
        index: int,
        column: Column,
        cancel: Cancel,
        *,
        typed_whole: bool = False,
    ) -> None:
        """Prepare.

        Args:
            condition: what to test.
            index: of the column.
            column: what is known about it.
            cancel: stops a slow expression.
            typed_whole: whether that comes from all of its rows, not from a sample.

        Raises:
            QueryError: the text is no regular expression, or not of the column's type.
        """
        if not condition.text.isascii() and any("\ud800" <= c <= "\udfff" for c in condition.text):
            raise QueryError("There are bytes in this text that are no characters.")
        self.index = index
        self._condition = condition
        self._column = column
        self._kind = column.type or "text"
        self._value: Any = None
        self._text = strings([condition.text])[0]
        letters = {char for char in condition.text.lower() if char.isascii() and char.isalpha()}
        # Telling capitals apart is ten times faster, and the same where there are none.
        self._fold = not condition.case and (bool(letters) or not condition.text.isascii())
        self._regex: Regex | None = None
        if condition.operator == "regex":
            self._regex = Regex(condition.text, case=condition.case, cancel=cancel)
        elif condition.operator in {*_COMPARE, "=", "!="}:
            self._value = value_to_compare(condition, column)
        self.never = (
            condition.operator in {"contains", "="}
            and (self._value is None or not self._value.is_valid)
            and typed_whole
            and not column.misfits
            and not column.spellings
            and self._kind in _LETTERS
            and not letters <= set(_LETTERS[self._kind])
        )
        """Whether the column's type rules it out: most columns need not be read for a word."""

    def beyond(self, bounds: tuple[Any, Any] | None) -> bool:
        """Whether no value between the least and the greatest can meet the condition."""
        if bounds is None or self._value is None or not self._value.is_valid:
            return False
        value, (least, greatest) = self._value.as_py(), bounds
        try:
            # Each so that one that is no number rules nothing out.
            return bool(
                {
                    "<": lambda: least >= value,
                    "<=": lambda: least > value,
                    ">": lambda: greatest <= value,
                    ">=": lambda: greatest < value,
                    "=": lambda: value < least or greatest < value,
                }.get(self._condition.operator, lambda: False)()
            )
        except TypeError:
            return False

    def mask(self, array: Any) -> Any:
        """For each value of the column whether it meets the condition; a numpy array."""
        condition = self._condition
        operator, text = condition.operator, condition.text
        missing = operator in {"is missing", "is not missing"}
        if missing:
            found = pc.is_null(array) if self._kind == "text" else missing_mask(array)
            if operator == "is not missing":
                return ~mask(found)
        elif operator == "contains":
            found = pc.match_substring(array, text, ignore_case=self._fold)
        elif self._regex is not None:
            found = self._regex.mask(array)
        elif operator in _COMPARE:
            found = _COMPARE[operator](typed(array, self._column), self._value)
        else:
            found = pc.equal(array, self._text)
            if self._kind != "text" and self._value.is_valid:
                same = pc.equal(typed(array, self._column), self._value)
                found = pc.or_kleene(found, same)
            if operator == "!=":
                return ~mask(found)
        return mask(found)


def value_to_compare(condition: Condition, column: Column) -> Any:
    """The value that a condition's text is in its column; an Arrow scalar, null if it is none.

    Raises:
        QueryError: it is none, and cannot be compared as text either.
    """
    value = _value(condition.text, column)
    if not value.is_valid and condition.operator in _COMPARE:
        raise QueryError(
            f'"{condition.text}" is not {_ARTICLE[column.type or "text"]}, as column '
            f'"{column.name}" is',
            hint=f"{_EXAMPLES.get(column.type or 'text', '')}"
            'Use "contains" or "=" to compare as text.',
        )
    return value


def _value(text: str, column: Column) -> Any:
    """What a person compares a column with; dates also as people type them, `2 weeks ago`."""
    value = typed(strings([text]), column)[0]
    for plain in (text, _as_typed(text, column)):
        if value.is_valid or plain is None or column.type not in {"date", "datetime", "time"}:
            return value
        read = typed(strings([plain]), Column("", column.type))
        if read.null_count == 0:
            value = pc.cast(read, value.type)[0]
    return value


def _as_typed(text: str, column: Column) -> str | None:
    """A date that a person typed as one in ISO 8601; None if it is none."""
    if column.type not in {"date", "datetime"}:
        return None
    try:
        moment = parse_time(text)
    except ValueError:
        return None
    if column.notation not in ZONED:
        moment = moment.astimezone()  # what stands in the column is somebody's own time
    return f"{moment:%Y-%m-%d}" if column.type == "date" else f"{moment:%Y-%m-%d %H:%M:%S.%f}"


_EXAMPLES: Final[dict[ColumnType, str]] = {
    "date": "Write it like 2026-11-01, 1 Nov 2026 or 2 weeks ago. ",
    "datetime": "Write it like 2026-11-01 14:30, 1 Nov 2026 or 2 weeks ago. ",
}
_ARTICLE: Final[dict[ColumnType, str]] = {
    "int": "an int",
    "float": "a float",
    "bool": "a bool",
    "date": "a date",
    "datetime": "a datetime",
    "time": "a time of day",
    "text": "text",
}


def describe(condition: Condition, columns: Sequence[Column]) -> str:
    """A condition for people."""
    name = "any column" if condition.column is None else columns[condition.column].name
    if condition.operator in {"is missing", "is not missing"}:
        return f"{name} {condition.operator}"
    return f"{name} {condition.operator} {condition.text}"
