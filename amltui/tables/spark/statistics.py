"""Statistics and histograms of columns, reckoned on a cluster."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

from pyspark.sql import functions as F  # noqa: N812 - as everybody calls it

from amltui.tables.queries.cancel import Cancel
from amltui.tables.queries.histograms import of_words, parts_of, ranged
from amltui.tables.queries.numeric import as_text, end_text
from amltui.tables.queries.values import Bin, Histogram, Statistics
from amltui.tables.rows import RANGED, Column
from amltui.tables.spark.questions import distinct, value_in
from amltui.tables.spark.reading import SparkTable
from amltui.tables.spark.values import as_number, is_missing

EXACT: Final = 10_000_000
"""Rows up to which quartiles and distinct values are those of all values, as in the other engine.
Above, Spark estimates them."""
_RANKS: Final = 100_000
"""How exact an estimate of a quartile is: its rank is right within a share of 1 / this."""
_QUARTERS: Final = (0.25, 0.5, 0.75)
_WHOLE: Final = 2**53
"""Whole numbers below it are exact as Spark's floats, in which it reckons quartiles."""


def table_statistics(
    table: SparkTable, columns: Sequence[int] | None = None, *, cancel: Cancel | None = None
) -> list[Statistics]:
    """Columns in numbers, see `tables.queries.table_statistics`.

    Raises:
        Unreachable: the cluster is gone.
        Cancelled: it was stopped.
    """
    chosen = range(len(table.columns)) if columns is None else columns
    exact = table.row_count <= EXACT
    cancel = cancel or Cancel()
    with table.spark.asking(cancel):
        asked = [one for index in chosen for one in _asked(table, index, exact=exact)]
        found = table.frame.agg(*asked).toArrow().to_pylist()[0]
    return [_statistics(table, index, found, exact=exact) for index in chosen]


def _asked(table: SparkTable, index: int, *, exact: bool) -> list[Any]:
    column, text, value = table.columns[index], table.text(index), value_in(table, index)
    asked = {"there": F.count(text), "fits": F.count(value), "empty": F.count(_if(text == ""))}
    asked["distinct"] = F.count_distinct(value) if exact else F.approx_count_distinct(value, 0.02)
    if not table.native:
        asked["missing"] = F.count(_if(is_missing(text)))
    if column.type in {None, "text"}:
        asked |= {"low": F.min(text), "high": F.max(text)}
        asked |= {"short": F.min(F.length(text)), "long": F.max(F.length(text))}
    else:
        number = as_number(value, column)
        asked |= {"low": F.min(number), "high": F.max(number)}
        finite = _finite(number)
        if column.type in {"int", "float", "bool"}:
            asked |= {"mean": F.avg(finite), "std": F.stddev_samp(finite)}
        if column.type in RANGED:
            ranks = F.array(*map(F.lit, _QUARTERS))
            asked["quartiles"] = (
                F.percentile(finite, ranks)
                if exact
                else F.percentile_approx(finite, list(_QUARTERS), _RANKS)
            )
    return [one.alias(f"{name}_{index}") for name, one in asked.items()]


def _if(condition: Any) -> Any:
    return F.when(condition, 1)


def _finite(number: Any) -> Any:
    """A number as a float, null where it has no end."""
    value = number.cast("double")
    return F.when(F.abs(value) < F.lit(math.inf), value)


def _statistics(table: SparkTable, index: int, found: dict[str, Any], *, exact: bool) -> Statistics:
    def get(name: str) -> Any:
        return found.get(f"{name}_{index}")

    column = table.columns[index]
    kind = column.type or "text"
    text = kind == "text"
    missing = table.row_count - get("there")
    if not text and not table.native:
        missing = get("missing")
    whole = all(abs(get(end) or 0) < _WHOLE for end in ("low", "high")) if not text else True
    quartiles = get("quartiles")
    return Statistics(
        name=column.name,
        type=kind,
        notation=column.notation,
        rows=table.row_count,
        missing=missing,
        spellings=column.spellings,
        empty=get("empty"),
        misfits=0 if text else table.row_count - missing - get("fits"),
        distinct=get("distinct"),
        distinct_exact=exact,
        minimum=end_text(get("low"), column),
        maximum=end_text(get("high"), column),
        mean=get("mean"),
        std=get("std"),
        quartiles=None if quartiles is None else _quartiles(quartiles, column),
        quartiles_exact=exact and (kind == "float" or whole),
        shortest=get("short"),
        longest=get("long"),
    )


def _quartiles(found: Sequence[float], column: Column) -> tuple[str, str, str]:
    first, second, third = (
        as_text(value if column.type == "float" else _fraction(value), column) for value in found
    )
    return first, second, third


def _fraction(value: float) -> Any:
    return int(value) if value == int(value) else Fraction(value)


def histogram(
    table: SparkTable, column: int, *, bins: int = 20, cancel: Cancel | None = None
) -> Histogram:
    """How a column's values are spread in all rows, see `tables.queries.histogram`.

    Raises:
        Unreachable: the cluster is gone.
        Cancelled: it was stopped.
    """
    cancel = cancel or Cancel()
    about = table.columns[column]
    if about.type in {None, "text"}:
        return _of_texts(table, column, bins, cancel)
    [known] = table_statistics(table, [column], cancel=cancel)
    value = value_in(table, column)
    with table.spark.asking(cancel):
        if about.type == "bool":
            pairs = dict(table.frame.groupBy(value.alias("word")).count().collect())
            counts = {
                word: pairs.get(truth, 0) for word, truth in (("false", False), ("true", True))
            }
            return of_words(about, counts, known.missing, known.rows)
        number = _finite(as_number(value, about))
        low, high = table.frame.agg(F.min(number), F.max(number)).collect()[0]
        if low is None:
            return ranged(about, (0, 0), (), known.missing, known.rows)
        width = high - low
        parts = parts_of(about, bins, width) if 0 < width < math.inf else 1
        place = (
            F.least(F.floor((number - low) * (parts / width)), F.lit(parts - 1))
            if width
            else F.lit(0)
        )
        counted = table.frame.where(number.isNotNull()).groupBy(place.alias("place")).count()
        found = dict(counted.collect())
    return ranged(
        about, (low, high), [found.get(part, 0) for part in range(parts)], known.missing, known.rows
    )


def _of_texts(table: SparkTable, column: int, bins: int, cancel: Cancel) -> Histogram:
    # One more than asked for, because the missing value may be among them.
    found = distinct(table, column, limit=bins + 1, cancel=cancel).values
    values, counts = found.window(0, found.row_count, [0, 1])
    pairs = [(value, int(count or 0)) for value, count in zip(values, counts, strict=True)]
    made = tuple(Bin(value, value, count) for value, count in pairs if value is not None)[:bins]
    with table.spark.asking(cancel):
        [[there]] = table.frame.agg(F.count(table.text(column))).collect()
    missing = table.row_count - there
    other = there - sum(one.count for one in made)
    return Histogram(table.columns[column].name, "text", made, missing, other)
