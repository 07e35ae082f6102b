"""How a column's values are spread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow.compute as pc

from amltui.formats.arrays import booleans
from amltui.tables.queries.cancel import Cancel
from amltui.tables.queries.numeric import as_numbers, as_text, unit_of
from amltui.tables.queries.sample import SAMPLE, row_mask, row_total, sample
from amltui.tables.queries.value_counts import distinct
from amltui.tables.queries.values import Bin, Histogram
from amltui.tables.queries.view import View, base
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
    if about.type in {None, "text"}:
        return _of_texts(rows, column, about.name, bins, cancel)
    with base(rows).reopen() as own:
        total = row_total(own, rows)
        if about.type == "bool":
            return _of_words(about, _arrays(own, column, row_mask(own, rows), cancel))
        if sampled and total > SAMPLE:
            chunks = sample(own, rows, column, cancel).chunks
            return _of_range(about, bins, lambda: iter(chunks), sampled=SAMPLE)
        mask = row_mask(own, rows)
        return _of_range(about, bins, lambda: _arrays(own, column, mask, cancel))


def _arrays(own: Table, column: int, mask: Any, cancel: Cancel) -> Iterator[Any]:
    """A column's text batch by batch."""
    for number in range(own.stream.batch_count):
        cancel.check()
        array = own.stream.batch(number).column(column)
        if mask is not None:
            array = array.filter(booleans(mask[slice(*own.stream.span(number))]))
        yield array


def _of_range(
    column: Column,
    bins: int,
    arrays: Callable[[], Iterator[Any]],
    sampled: int | None = None,
) -> Histogram:
    """Equal parts of the range of all values in `arrays`, which are gone through twice."""
    name, kind = column.name, column.type or "text"
    lows, highs, missing, total = [], [], 0, 0
    for array in arrays():
        values = typed(array, column)
        missing += _missing(array, values)
        total += len(array)
        numbers = _finite(values)
        if len(numbers):
            lows.append(numbers.min())
            highs.append(numbers.max())
    if not lows:
        return Histogram(name, kind, (), missing, total - missing, sampled)
    low, high = float(min(lows)), float(max(highs))
    whole = kind != "float"
    count = max(1, min(bins, int(high - low) + 1) if whole else bins)
    edges = np.linspace(low, high, count + 1)
    counts = np.zeros(count, dtype=np.int64)
    width = high - low
    for array in arrays():
        numbers = _finite(typed(array, column))
        if width:
            place = ((numbers - low) * (count / width)).astype(np.int64)
            np.clip(place, 0, count - 1, out=place)
            counts += np.bincount(place, minlength=count)
        else:
            counts[0] += len(numbers)
    texts = [_edge(edge, column) for edge in edges]
    made = tuple(
        Bin(texts[place], texts[place + 1], int(found)) for place, found in enumerate(counts)
    )
    other = total - missing - int(counts.sum())
    return Histogram(name, kind, made, missing, other, sampled, tuple(edges.tolist()))


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


def _of_words(column: Column, arrays: Iterator[Any]) -> Histogram:
    """How many values are false, and how many true; the commoner first."""
    missing = total = 0
    counts = {"false": 0, "true": 0}
    for array in arrays:
        values = typed(array, column)
        missing += _missing(array, values)
        total += len(array)
        true = pc.sum(values).as_py() or 0
        counts["true"] += true
        counts["false"] += len(values) - values.null_count - true
    made = sorted((Bin(word, word, n) for word, n in counts.items() if n), key=lambda b: -b.count)
    other = total - missing - sum(counts.values())
    return Histogram(column.name, "bool", tuple(made), missing, other)


def _of_texts(rows: Table | View, column: int, name: str, bins: int, cancel: Cancel) -> Histogram:
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
    return Histogram(name, "text", made, missing, other, None if answer.exact else SAMPLE)
