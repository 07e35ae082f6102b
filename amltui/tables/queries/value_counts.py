"""Distinct values of a column with their counts."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amltui.formats.arrays import booleans, numbers, plain, strings
from amltui.formats.arrow import one_batch
from amltui.tables.memory import MemoryRows
from amltui.tables.queries.cancel import Cancel
from amltui.tables.queries.engine import connection, typed_reader
from amltui.tables.queries.sample import SAMPLE, row_mask, row_total, sample
from amltui.tables.queries.values import Distinct
from amltui.tables.queries.view import View, table_of
from amltui.tables.rows import Column
from amltui.tables.table import Table

_EXACT: Final = 1_000_000
"""Rows up to which every value is counted, however many there are."""
_MANY: Final = 0.5
"""Share of different values in a sample above which there are too many to count each."""
_ROW_FILTER: Final = "shown"
_VALUES: Final = pa.schema([("value", pa.string()), ("count", pa.string())])


def register(
    found: Any, own: Table, rows: Table | View, column: int, cancel: Cancel, *, as_text: bool = True
) -> str:
    """Make a column known as `c0` of `data`; returns the FROM clause that selects the rows."""
    found.register("data", typed_reader(own, [column], cancel, as_text=as_text))
    if not isinstance(rows, View):
        return "data"
    found.register(
        _ROW_FILTER, pa.Table.from_arrays([numbers(rows.order, pa.uint32())], names=["row"])
    )
    return f"data SEMI JOIN {_ROW_FILTER} USING (row)"


def distinct(
    rows: Table | View, column: int, *, limit: int = 10_000, cancel: Cancel | None = None
) -> Distinct:
    """A column's values as text with their counts, the most common first.

    Where nearly every row has a value of its own, to count each of millions takes seconds and
    tells nothing: then those that are found in a sample are counted, in all rows.

    Args:
        rows: a table or a view.
        column: its index.
        limit: values to give; `total` counts all.
        cancel: stops it.

    Raises:
        Cancelled: it was stopped.
    """
    with table_of(rows).reopen() as own:
        return value_counts(own, rows, column, limit, cancel or Cancel())


def value_counts(
    own: Table, rows: Table | View, column: int, limit: int, cancel: Cancel
) -> Distinct:
    """See `distinct`; `own` is the table, opened for this thread."""
    columns = (Column(own.columns[column].name, "text"), Column("count", "int"))
    rows_asked = row_total(own, rows)
    if rows_asked <= SAMPLE:
        seen = pc.value_counts(sample(own, rows, column, cancel))
        counts = seen.field("counts").to_pylist()
        counted = zip(seen.field("values").to_pylist(), counts, strict=True)
        return Distinct(MemoryRows(columns, [_listed(counted, limit)]), len(seen))
    if rows_asked > _EXACT:
        seen = pc.value_counts(sample(own, rows, column, cancel))
        if len(seen) > _MANY * pc.sum(seen.field("counts")).as_py():
            values = _counted(own, rows, column, _candidates(seen, limit), cancel)
            total = sum(estimate(own, rows, column, cancel))
            return Distinct(MemoryRows(columns, [values]), total, exact=False)
    with connection(own, cancel) as found:
        source = register(found, own, rows, column, cancel)
        table = found.sql(
            f"WITH counted AS (SELECT c0 AS value, count(*) AS n FROM {source} GROUP BY 1) "  # noqa: S608 - only our own names
            "SELECT value, n::VARCHAR AS count, count(*) OVER () AS total FROM counted "
            f"ORDER BY n DESC, value NULLS FIRST LIMIT {int(limit)}"
        ).to_arrow_table()
    total = table.column("total")[0].as_py() if table.num_rows else 0
    values = one_batch(table.select(["value", "count"]).cast(_VALUES))
    return Distinct(MemoryRows(columns, [values]), total)


def estimate(
    own: Table, rows: Table | View, column: int, cancel: Cancel, *, as_text: bool = True
) -> tuple[int, bool]:
    """Distinct values that are there, within a few per cent, and whether any is missing."""
    with connection(own, cancel) as found:
        source = register(found, own, rows, column, cancel, as_text=as_text)
        distinct_values, missing = found.execute(
            f"SELECT approx_count_distinct(c0), count(*) > count(c0) FROM {source}"  # noqa: S608 - only our own names
        ).fetchone()
    return int(distinct_values), bool(missing)


def _candidates(seen: Any, limit: int) -> Any:
    """The values that a sample has most often, the missing one always among them."""
    order = pc.array_sort_indices(seen.field("counts"), order="descending")[:limit]
    values = seen.field("values").take(order)
    return values if values.null_count else pa.concat_arrays([values, strings([None])])


def _counted(own: Table, rows: Table | View, column: int, values: Any, cancel: Cancel) -> Any:
    """Values and in how many rows each of them is, the most common first."""
    mask = row_mask(own, rows)
    counts = np.zeros(len(values), dtype=np.int64)
    for number in range(own.stream.batch_count):
        cancel.check()
        array = own.stream.batch(number).column(column)
        if mask is not None:
            array = array.filter(booleans(mask[slice(*own.stream.span(number))]))
        places = pc.index_in(array, value_set=values).drop_null()
        counts += np.bincount(plain(places, np.int32), minlength=len(values))
    return _listed(zip(values.to_pylist(), counts.tolist(), strict=True), len(values))


def _listed(counted: Iterable[tuple[str | None, int]], limit: int) -> Any:
    """Values with their counts, the most common first, as a batch of texts."""
    pairs = heapq.nsmallest(
        limit,
        ((text, count) for text, count in counted if count),
        key=lambda pair: (-pair[1], pair[0] is not None, pair[0] or ""),
    )
    return pa.RecordBatch.from_arrays(
        [strings([text for text, _ in pairs]), strings([str(count) for _, count in pairs])],
        schema=_VALUES,
    )
