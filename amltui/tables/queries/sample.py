"""The rows that are asked about: all of them, or a random sample."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa

from amltui.formats.arrays import booleans, numbers
from amltui.tables.queries.cancel import Cancel
from amltui.tables.queries.view import View
from amltui.tables.table import Table

SAMPLE: Final = 100_000
"""Rows: ranks in it are right within about 0.3 %."""


def row_total(own: Table, rows: Table | View) -> int:
    """How many rows there are to ask about."""
    return len(rows.order) if isinstance(rows, View) else own.row_count


def row_mask(own: Table, rows: Table | View) -> Any:
    """For each row of the table whether it is asked about; None: all are."""
    if not isinstance(rows, View):
        return None
    mask = np.zeros(own.row_count, dtype=np.bool_)
    mask[np.asarray(rows.order)] = True
    return mask


def sample(own: Table, rows: Table | View, column: int, cancel: Cancel) -> Any:
    """A column's text in `SAMPLE` random rows, or in all where there are no more.

    The same rows each time, and rows far apart: a sorted column must not mislead.
    """
    random = np.random.default_rng(7)
    total = row_total(own, rows)
    picked = np.arange(total) if total <= SAMPLE else random.integers(0, total, SAMPLE)
    if isinstance(rows, View):
        picked = np.asarray(rows.order)[picked]
    picked.sort()
    if own.scattered_slowly:
        return pa.chunked_array(own.arrays(picked, [column]), pa.string())
    parts = []
    for number in range(own.stream.batch_count):
        cancel.check()
        first, end = own.stream.span(number)
        low, high = np.searchsorted(picked, [first, end])
        if low < high:
            places = numbers(picked[low:high] - first, pa.int64())
            parts.append(own.stream.batch(number).column(column).take(places))
    return pa.chunked_array(parts, pa.string())


def batches(
    own: Table, rows: Table | View, columns: Sequence[int], cancel: Cancel
) -> Iterator[list[Any]]:
    """The texts of columns in the rows asked about, batch by batch."""
    chosen = row_mask(own, rows)
    for number in range(own.stream.batch_count):
        cancel.check()
        batch = own.stream.batch(number)
        arrays = [batch.column(index) for index in columns]
        if chosen is not None:
            only = booleans(chosen[slice(*own.stream.span(number))])
            arrays = [array.filter(only) for array in arrays]
        yield arrays
