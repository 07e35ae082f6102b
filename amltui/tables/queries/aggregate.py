"""Statistics and histograms of a column."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amltui.formats.arrays import booleans, plain, strings
from amltui.tables.queries.cancel import Cancel
from amltui.tables.queries.commonest import distinct, register
from amltui.tables.queries.engine import connection
from amltui.tables.queries.sample import SAMPLE, row_mask, row_total, sample
from amltui.tables.queries.values import Bin, Histogram, Statistics
from amltui.tables.queries.view import View, base
from amltui.tables.rows import CELL_LIMIT, ColumnType
from amltui.tables.table import Table
from amltui.tables.types import typed

_EXACT: Final = 20_000
"""Estimated different values up to which they are counted exactly."""


def statistics(rows: Table | View, column: int, *, cancel: Cancel | None = None) -> Statistics:
    """A column in numbers.

    Raises:
        Cancelled: it was stopped.
    """
    cancel = cancel or Cancel()
    table = base(rows)
    about = table.columns[column]
    kind: ColumnType = about.type or "text"
    is_text = kind == "text"
    with table.reopen() as own:
        with connection(own, cancel) as found:
            kinds: tuple[ColumnType, ...] = ("text",) if is_text else ("text", kind)
            source = register(found, own, rows, column, cancel, kinds)
            answer = found.execute(
                f"WITH typed AS (SELECT c0 AS t, {'c0' if is_text else 'c1'} AS v FROM {source}) "  # noqa: S608 - only our own names
                f"SELECT count(*), count(t), count(*) FILTER (t = ''), count(v), "
                f"approx_count_distinct(t), {_EXTREMES[kind]}, {_MOMENTS[kind]}, "
                f"{_LENGTHS if is_text else _NO_MOMENTS} FROM typed"
            ).fetchone()
        count, present, empty, fitting, different, low, high, mean, deviation = answer[:9]
        quartiles = _quartiles(own, rows, column, kind, cancel)
        exact = different <= _EXACT
        if exact:
            with connection(own, cancel) as found:
                source = register(found, own, rows, column, cancel)
                different = found.execute(
                    f"SELECT count(DISTINCT c0) FROM {source}"  # noqa: S608 - only our own names
                ).fetchone()[0]
    return Statistics(
        about.name,
        kind,
        rows=count,
        missing=count - present,
        empty=empty,
        misfits=present - fitting,
        distinct=different,
        distinct_exact=exact,
        minimum=low,
        maximum=high,
        mean=mean,
        deviation=deviation,
        quartiles=quartiles,
        shortest=answer[9],
        longest=answer[10],
    )


_FINITE: Final = "FILTER (isfinite(v))"
_PLAIN: Final = "min(v)::VARCHAR, max(v)::VARCHAR"
_EXTREMES: Final[dict[ColumnType, str]] = {
    "int": _PLAIN,
    "float": _PLAIN,
    "bool": _PLAIN,
    "date": _PLAIN,
    "datetime": _PLAIN,
    "text": f"left(min(v), {CELL_LIMIT}), left(max(v), {CELL_LIMIT})",
}
_LENGTHS: Final = "min(length(t)), max(length(t))"
_NO_MOMENTS: Final = "NULL, NULL"
_MOMENTS: Final[dict[ColumnType, str]] = {
    "int": "avg(v), stddev_samp(v)",
    "float": f"avg(v) {_FINITE}, stddev_samp(v) {_FINITE}",
    "bool": "avg(v::INT), stddev_samp(v::INT)",
    "date": _NO_MOMENTS,
    "datetime": _NO_MOMENTS,
    "text": _NO_MOMENTS,
}


def _quartiles(
    own: Table, rows: Table | View, column: int, kind: ColumnType, cancel: Cancel
) -> tuple[str, str, str] | None:
    """Quartiles of a random sample of rows: a sketch of all of them takes four times as long."""
    if kind in {"text", "bool"}:
        return None
    parts = []
    for array in sample(own, rows, column, cancel).chunks:
        values = typed(array, kind).drop_null()
        if kind == "float":
            values = values.filter(pc.is_finite(values))
        parts.append(values)
    values = pa.chunked_array(parts) if parts else strings([])
    if not len(values):
        return None
    ordered = values.take(pc.sort_indices(values))
    low, middle, high = (
        str(ordered[int(share * (len(ordered) - 1))].as_py()) for share in (0.25, 0.5, 0.75)
    )
    return low, middle, high


def histogram(
    rows: Table | View,
    column: int,
    *,
    bins: int = 20,
    sampled: bool = False,
    cancel: Cancel | None = None,
) -> Histogram:
    """How a column's values are spread: equal parts of its range, or its commonest values.

    Args:
        rows: a table or a view.
        column: its index.
        bins: parts, at most; text and bool columns give so many of their values.
        sampled: for numbers and times look at a sample of the rows only.
        cancel: stops it.

    Raises:
        Cancelled: it was stopped.
    """
    cancel = cancel or Cancel()
    about = base(rows).columns[column]
    kind: ColumnType = about.type or "text"
    if kind in {"text", "bool"}:
        return _of_values(rows, column, about.name, kind, bins, cancel)
    with base(rows).reopen() as own:
        total = row_total(own, rows)
        if sampled and total > SAMPLE:
            chunks = sample(own, rows, column, cancel).chunks
            return _of_range(about.name, kind, bins, lambda: iter(chunks), sampled=SAMPLE)
        mask = row_mask(own, rows)
        return _of_range(about.name, kind, bins, lambda: _arrays(own, column, mask, cancel))


def _arrays(own: Table, column: int, mask: Any, cancel: Cancel) -> Iterator[Any]:
    """A column's text batch by batch."""
    for number in range(own.stream.batch_count):
        cancel.check()
        array = own.stream.batch(number).column(column)
        if mask is not None:
            array = array.filter(booleans(mask[slice(*own.stream.span(number))]))
        yield array


def _of_range(
    name: str,
    kind: ColumnType,
    bins: int,
    arrays: Callable[[], Iterator[Any]],
    sampled: int | None = None,
) -> Histogram:
    """Equal parts of the range of all values in `arrays`, which are gone through twice."""
    lows, highs, missing, total = [], [], 0, 0
    for array in arrays():
        missing += array.null_count
        total += len(array)
        values = _finite(array, kind)
        if len(values):
            lows.append(values.min())
            highs.append(values.max())
    if not lows:
        return Histogram(name, kind, (), missing, total - missing, sampled)
    low, high = float(min(lows)), float(max(highs))
    whole = kind != "float"
    count = max(1, min(bins, int(high - low) + 1) if whole else bins)
    edges = np.linspace(low, high, count + 1)
    counts = np.zeros(count, dtype=np.int64)
    width = high - low
    for array in arrays():
        values = _finite(array, kind)
        if width:
            place = ((values - low) * (count / width)).astype(np.int64)
            np.clip(place, 0, count - 1, out=place)
            counts += np.bincount(place, minlength=count)
        else:
            counts[0] += len(values)
    made = tuple(
        Bin(_edge(edges[i], kind), _edge(edges[i + 1], kind), int(counts[i])) for i in range(count)
    )
    return Histogram(name, kind, made, missing, total - missing - int(counts.sum()), sampled)


def _finite(array: Any, kind: ColumnType) -> Any:
    """The finite values of a text array as floats."""
    values = typed(array, kind).drop_null()
    if kind == "date":
        values = pc.cast(values, pa.int32())
    elif kind == "datetime":
        values = pc.cast(values, pa.int64())
    floats = plain(pc.cast(values, pa.float64(), safe=False), np.float64)
    return floats[np.isfinite(floats)]


def _edge(value: float, kind: ColumnType) -> str:
    if kind == "date":
        return str(np.datetime64(round(value), "D"))
    if kind == "datetime":
        return str(np.datetime64(round(value), "us").astype("datetime64[s]"))
    return f"{value:.6g}"


def _of_values(
    rows: Table | View, column: int, name: str, kind: ColumnType, bins: int, cancel: Cancel
) -> Histogram:
    # One more than asked for, because the missing value may be among them.
    answer = distinct(rows, column, limit=bins + 1, cancel=cancel)
    found = answer.values
    values, counts = found.window(0, found.row_count, [0, 1])
    pairs = [(value, int(count or 0)) for value, count in zip(values, counts, strict=True)]
    made = tuple(Bin(value, value, count) for value, count in pairs if value is not None)[:bins]
    with base(rows).reopen() as own:
        mask, total = row_mask(own, rows), row_total(own, rows)
        missing = sum(array.null_count for array in _arrays(own, column, mask, cancel))
    other = total - missing - sum(b.count for b in made)
    return Histogram(name, kind, made, missing, other, None if answer.exact else SAMPLE)
