"""How a column's values are spread."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from amltui.tables.queries.cancel import Cancel
from amltui.tables.queries.numeric import as_numbers, as_text, unit_of
from amltui.tables.queries.sample import SAMPLE, batches, row_total, sample
from amltui.tables.queries.values import Bin, Histogram
from amltui.tables.queries.view import View, table_of
from amltui.tables.rows import Column
from amltui.tables.table import Table
from amltui.tables.types import missing_mask, typed


def histogram(
    rows: Table | View,
    column: int,
    *,
    bins: int = 20,
    sampled: bool = False,
    cancel: Cancel | None = None,
) -> Histogram:
    """How a column's values are spread: equal parts of its range, or its most common values.

    Args:
        rows: a table or a view.
        column: its index.
        bins: parts, at most; text and bool columns give so many of their values.
        sampled: for numbers and times look at a sample of the rows only.
        cancel: stops it.

    Raises:
        Cancelled: it was stopped.
    """
    return table_histograms(rows, [column], bins=bins, sampled=sampled, cancel=cancel)[0]


def table_histograms(
    rows: Table | View,
    columns: Sequence[int],
    *,
    bins: int = 20,
    sampled: bool = False,
    cancel: Cancel | None = None,
) -> list[Histogram]:
    """The histograms of several columns, see `histogram`; the rows are gone through twice.

    Raises:
        Cancelled: it was stopped.
    """
    cancel = cancel or Cancel()
    found: dict[int, Histogram] = {}
    ranges: dict[int, _Range] = {}
    with table_of(rows).reopen() as own:
        part = sampled and row_total(own, rows) > SAMPLE
        for index in columns:
            about = table_of(rows).columns[index]
            if about.type in {None, "text"}:
                found[index] = _of_texts(own, rows, index, bins, cancel)
            elif about.type == "bool":
                found[index] = _of_words(about, batches(own, rows, [index], cancel))
            else:
                ranges[index] = _Range(about, bins)
        for take in (_Range.bound, _Range.count):
            for index, one in ranges.items() if part else ():
                for array in sample(own, rows, index, cancel).chunks:
                    take(one, array)
            for arrays in batches(own, rows, list(ranges), cancel) if not part else ():
                for one, array in zip(ranges.values(), arrays, strict=True):
                    take(one, array)
        found |= {index: one.result(SAMPLE if part else None) for index, one in ranges.items()}
    return [found[index] for index in columns]


class _Range:
    """Equal parts of the range of a column's values: first the range is found, then its parts."""

    def __init__(self, column: Column, bins: int) -> None:
        self._column = column
        self._bins = bins
        self._low, self._high = math.inf, -math.inf
        self._missing = self._total = 0
        self._counts: npt.NDArray[np.int64] | None = None

    def bound(self, array: Any) -> None:
        """First time: take in a batch's extremes."""
        values = typed(array, self._column)
        self._missing += _missing(array, values)
        self._total += len(array)
        numbers = _finite(values)
        if len(numbers):
            self._low = min(self._low, float(numbers.min()))
            self._high = max(self._high, float(numbers.max()))

    def count(self, array: Any) -> None:
        """Second time: count a batch's values."""
        width = self._high - self._low
        if self._low > self._high:
            return
        if self._counts is None:
            self._counts = np.zeros(parts_of(self._column, self._bins, width), dtype=np.int64)
        numbers = _finite(typed(array, self._column))
        if 0 < width < math.inf:
            bins = len(self._counts)
            place = ((numbers - self._low) * (bins / width)).astype(np.int64)
            np.clip(place, 0, bins - 1, out=place)
            self._counts += np.bincount(place, minlength=bins)
        else:
            self._counts[0] += len(numbers)

    def result(self, sampled: int | None) -> Histogram:
        """The histogram, after all batches were taken in twice."""
        counts = [] if self._counts is None else self._counts.tolist()
        ends = (self._low, self._high)
        return ranged(self._column, ends, counts, self._missing, self._total, sampled)


def ranged(
    column: Column,
    ends: tuple[float, float],
    counts: Sequence[int],
    missing: int,
    total: int,
    sampled: int | None = None,
) -> Histogram:
    """The histogram of counts in equal parts between a column's least and greatest value.

    Args:
        column: whose values were counted.
        ends: these two, as numbers.
        counts: values of each part; none where the column has no value of its type.
        missing: rows without a value.
        total: rows that were looked at.
        sampled: see `Histogram.sampled`.
    """
    kind = column.type or "text"
    if not counts:
        return Histogram(column.name, kind, (), missing, total - missing, sampled)
    edges = np.linspace(*ends, len(counts) + 1)
    texts = [_edge(edge, column) for edge in edges]
    made = tuple(Bin(texts[place], texts[place + 1], n) for place, n in enumerate(counts))
    other = total - missing - sum(counts)
    return Histogram(column.name, kind, made, missing, other, sampled, tuple(edges.tolist()))


def parts_of(column: Column, bins: int, width: float) -> int:
    """Parts that a range is counted in: of whole numbers no more than there are in it."""
    return max(1, int(min(bins, width + 1)) if column.type != "float" else bins)


def _missing(texts: Any, values: Any) -> int:
    if values.null_count == texts.null_count:
        return int(texts.null_count)
    return pc.sum(missing_mask(texts)).as_py() or 0


def _finite(values: Any) -> Any:
    """The finite values of a typed array as floats."""
    floats = as_numbers(values).astype(np.float64)
    return floats[np.isfinite(floats)]


def _edge(value: float, column: Column) -> str:
    unit = unit_of(column)
    if not unit:
        return f"{value:.6g}"
    ticks = round(value)
    if unit != "D":
        second = {"us": 1_000_000, "ns": 1_000_000_000}[unit]
        ticks -= ticks % second
    return as_text(ticks, column)


def _of_words(column: Column, arrays: Iterator[list[Any]]) -> Histogram:
    """How many values are false, and how many true; the more common first."""
    missing = total = 0
    counts = {"false": 0, "true": 0}
    for (array,) in arrays:
        values = typed(array, column)
        missing += _missing(array, values)
        total += len(array)
        true = pc.sum(values).as_py() or 0
        counts["true"] += true
        counts["false"] += len(values) - values.null_count - true
    return of_words(column, counts, missing, total)


def of_words(column: Column, counts: Mapping[str, int], missing: int, total: int) -> Histogram:
    """The histogram of a bool column from how often it is `false` and `true`."""
    made = sorted((Bin(word, word, n) for word, n in counts.items() if n), key=lambda b: -b.count)
    other = total - missing - sum(counts.values())
    return Histogram(column.name, "bool", tuple(made), missing, other)


def _of_texts(own: Table, rows: Table | View, column: int, bins: int, cancel: Cancel) -> Histogram:
    from amltui.tables.queries.value_counts import value_counts  # DuckDB comes with it

    # One more than asked for, because the missing value may be among them.
    answer = value_counts(own, rows, column, bins + 1, cancel)
    found = answer.values
    values, counts = found.window(0, found.row_count, [0, 1])
    pairs = [(value, int(count or 0)) for value, count in zip(values, counts, strict=True)]
    made = tuple(Bin(value, value, count) for value, count in pairs if value is not None)[:bins]
    total = row_total(own, rows)
    missing = sum(array.null_count for (array,) in batches(own, rows, [column], cancel))
    other = total - missing - sum(b.count for b in made)
    name = own.columns[column].name
    return Histogram(name, "text", made, missing, other, None if answer.exact else SAMPLE)
