"""Distinct values, statistics and histograms of a column."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amltui.formats.arrays import booleans, numbers, plain, strings
from amltui.formats.arrays import mask as bits
from amltui.formats.arrow import one_batch
from amltui.tables.memory import MemoryRows
from amltui.tables.queries.cancel import Cancel
from amltui.tables.queries.engine import connection, lens
from amltui.tables.queries.values import Bin, Distinct, Histogram, Statistics
from amltui.tables.queries.view import View, base
from amltui.tables.rows import CELL_LIMIT, Column, ColumnType
from amltui.tables.table import Table
from amltui.tables.types import typed

_EXACT: Final = 20_000
"""Estimated different values up to which they are counted exactly."""
_SAMPLE: Final = 100_000
"""Rows that quartiles are taken from: their ranks are right within about 0.3 %."""
_ROW_FILTER: Final = "shown"


def _register(found: Any, own: Table, rows: Table | View, column: int, cancel: Cancel) -> str:
    """Make the column's text known as `data`; returns the FROM clause that selects the rows."""
    found.register("data", lens(own, [column], cancel, text=True))
    if not isinstance(rows, View):
        return "data"
    found.register(
        _ROW_FILTER, pa.Table.from_arrays([numbers(rows.order, pa.uint32())], names=["row"])
    )
    return f"data SEMI JOIN {_ROW_FILTER} USING (row)"


def distinct(
    rows: Table | View, column: int, *, limit: int = 10_000, cancel: Cancel | None = None
) -> Distinct:
    """A column's values as text with their counts, the commonest first.

    Args:
        rows: a table or a view.
        column: its index.
        limit: values to give; `total` counts all.
        cancel: stops it.

    Raises:
        Cancelled: it was stopped.
    """
    cancel = cancel or Cancel()
    with base(rows).reopen() as own, connection(own, cancel) as found:
        source = _register(found, own, rows, column, cancel)
        table = found.sql(
            f"WITH counted AS (SELECT c0 AS value, count(*) AS n FROM {source} GROUP BY 1) "  # noqa: S608 - only our own names
            "SELECT value, n::VARCHAR AS count, count(*) OVER () AS total FROM counted "
            f"ORDER BY n DESC, value NULLS FIRST LIMIT {int(limit)}"
        ).to_arrow_table()
        name = own.columns[column].name
    total = table.column("total")[0].as_py() if table.num_rows else 0
    values = one_batch(table.select(["value", "count"]).cast(_VALUES))
    columns = (Column(name, "text"), Column("count", "int"))
    return Distinct(MemoryRows(columns, [values]), total)


_VALUES = pa.schema([("value", pa.string()), ("count", pa.string())])


def statistics(rows: Table | View, column: int, *, cancel: Cancel | None = None) -> Statistics:
    """A column in numbers.

    Raises:
        Cancelled: it was stopped.
    """
    cancel = cancel or Cancel()
    table = base(rows)
    about = table.columns[column]
    kind: ColumnType = about.type or "text"
    cast, is_text = _SQL[kind], kind == "text"
    with table.reopen() as own:
        with connection(own, cancel) as found:
            source = _register(found, own, rows, column, cancel)
            answer = found.execute(
                f"WITH typed AS (SELECT c0 AS t, {cast} AS v FROM {source}) "  # noqa: S608 - only our own names
                f"SELECT count(*), count(t), count(*) FILTER (t = ''), count(v), "
                f"approx_count_distinct(t), {_EXTREMES[kind]}, {_MOMENTS[kind]}, "
                f"{_LENGTHS if is_text else _NO_MOMENTS} FROM typed"
            ).fetchone()
        count, present, empty, fitting, different, low, high, mean, deviation = answer[:9]
        quartiles = _quartiles(own, rows, column, kind, cancel)
        exact = different <= _EXACT
        if exact:
            with connection(own, cancel) as found:
                source = _register(found, own, rows, column, cancel)
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


_SQL: Final[dict[ColumnType, str]] = {
    "int": "TRY_CAST(c0 AS BIGINT)",
    "float": "TRY_CAST(c0 AS DOUBLE)",
    "bool": "TRY_CAST(c0 AS BOOLEAN)",
    "date": "TRY_CAST(c0 AS DATE)",
    "datetime": "TRY_CAST(c0 AS TIMESTAMP)",
    "text": "c0",
}
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
    random = np.random.default_rng(7)
    total = len(rows.order) if isinstance(rows, View) else own.row_count
    picked = np.arange(total) if total <= _SAMPLE else random.integers(0, total, _SAMPLE)
    if isinstance(rows, View):
        picked = np.asarray(rows.order)[picked]
    picked.sort()
    parts = []
    for number in range(own.stream.batch_count):
        cancel.check()
        first, end = own.stream.span(number)
        low, high = np.searchsorted(picked, [first, end])
        if low < high:
            array = own.stream.batch(number).column(column)
            values = typed(
                array.take(numbers(picked[low:high] - first, pa.int64())), kind
            ).drop_null()
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
    rows: Table | View, column: int, *, bins: int = 20, cancel: Cancel | None = None
) -> Histogram:
    """How a column's values are spread: equal parts of its range, or its commonest values.

    Args:
        rows: a table or a view.
        column: its index.
        bins: parts, at most; text and bool columns give so many of their values.
        cancel: stops it.

    Raises:
        Cancelled: it was stopped.
    """
    cancel = cancel or Cancel()
    about = base(rows).columns[column]
    kind: ColumnType = about.type or "text"
    if kind in {"text", "bool"}:
        return _of_values(rows, column, about.name, kind, bins, cancel)
    shown = np.asarray(rows.order) if isinstance(rows, View) else None
    with base(rows).reopen() as own:
        mask = None
        if shown is not None:
            mask = np.zeros(own.row_count, dtype=np.bool_)
            mask[shown] = True
        lows, highs, missing = [], [], 0
        for array, nulls in _numbers(own, column, kind, mask, cancel):
            missing += nulls
            if len(array):
                lows.append(array.min())
                highs.append(array.max())
        total = own.row_count if shown is None else len(shown)
        if not lows:
            return Histogram(about.name, kind, (), missing, total - missing)
        low, high = min(lows), max(highs)
        whole = kind != "float"
        count = min(bins, int(high - low) + 1) if whole else bins
        edges = np.linspace(float(low), float(high), max(count, 1) + 1)
        counts = np.zeros(max(count, 1), dtype=np.int64)
        width = float(high) - float(low)
        for array, _ in _numbers(own, column, kind, mask, cancel):
            if width:
                place = ((array - float(low)) * (len(counts) / width)).astype(np.int64)
                np.clip(place, 0, len(counts) - 1, out=place)
                counts += np.bincount(place, minlength=len(counts))
            else:
                counts[0] += len(array)
    made = tuple(
        Bin(_edge(edges[i], kind), _edge(edges[i + 1], kind), int(counts[i]))
        for i in range(len(counts))
    )
    return Histogram(about.name, kind, made, missing, total - missing - int(counts.sum()))


def _numbers(own: Table, column: int, kind: ColumnType, mask: Any, cancel: Cancel) -> Any:
    """Batch by batch the finite values as floats, and how many are missing."""
    stream = own.stream
    for number in range(stream.batch_count):
        cancel.check()
        array = stream.batch(number).column(column)
        if mask is not None:
            array = array.filter(booleans(mask[slice(*stream.span(number))]))
        values = typed(array, kind).drop_null()
        if kind == "date":
            values = pc.cast(values, pa.int32())
        elif kind == "datetime":
            values = pc.cast(values, pa.int64())
        floats = plain(pc.cast(values, pa.float64(), safe=False), np.float64)
        yield floats[np.isfinite(floats)], array.null_count


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
    found = distinct(rows, column, limit=bins + 1, cancel=cancel).values
    values, counts = found.window(0, found.row_count, [0, 1])
    pairs = [(value, int(count or 0)) for value, count in zip(values, counts, strict=True)]
    made = tuple(Bin(value, value, count) for value, count in pairs if value is not None)[:bins]
    with base(rows).reopen() as own:
        total, missing = 0, 0
        for _, nulls in _nulls(own, column, rows):
            missing += nulls
        total = len(rows.order) if isinstance(rows, View) else own.row_count
    return Histogram(name, kind, made, missing, total - missing - sum(b.count for b in made))


def _nulls(own: Table, column: int, rows: Table | View) -> Any:
    mask = None
    if isinstance(rows, View):
        mask = np.zeros(own.row_count, dtype=np.bool_)
        mask[np.asarray(rows.order)] = True
    for number in range(own.stream.batch_count):
        array = own.stream.batch(number).column(column)
        if mask is None:
            yield number, array.null_count
        else:
            nulls = bits(array.is_null())
            yield number, int((nulls & mask[slice(*own.stream.span(number))]).sum())
