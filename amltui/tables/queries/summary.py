"""Statistics of columns: one pass over the rows, in their order, so that each run says the same."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from amltui.formats.arrays import numbers, plain, strings
from amltui.tables.queries.cancel import Cancel
from amltui.tables.queries.numeric import Number, as_numbers, as_text, end_text, unit_of
from amltui.tables.queries.sample import batches, row_total, sample
from amltui.tables.queries.values import Statistics
from amltui.tables.queries.view import View, table_of
from amltui.tables.rows import RANGED, Column
from amltui.tables.table import Table
from amltui.tables.types import missing_mask, typed

EXACT_QUARTILES: Final = 10_000_000
"""Rows up to which quartiles are those of all values: 80 MB and less than a second."""
_EXACT_DISTINCT: Final = 1_000_000
"""Rows up to which distinct values are counted exactly, however many there are."""
_FEW_DISTINCT: Final = 20_000
"""Distinct values that are counted exactly in more rows than that."""
VALUES_AT_ONCE: Final = 4_000_000
"""Values that a pass over several columns keeps."""
_THREADS: Final = 2
_EMPTY: Final = strings([""])


def statistics(rows: Table | View, column: int, *, cancel: Cancel | None = None) -> Statistics:
    """A column in numbers.

    Raises:
        Cancelled: it was stopped.
    """
    return table_statistics(rows, [column], cancel=cancel)[0]


def table_statistics(
    rows: Table | View,
    columns: Sequence[int] | None = None,
    *,
    cancel: Cancel | None = None,
    done: Callable[[int], None] = lambda _columns: None,
) -> list[Statistics]:
    """Columns in numbers, as many at once as memory allows.

    Args:
        rows: a table or a view.
        columns: their indexes; None: all.
        cancel: stops it.
        done: told how many columns are looked at so far, in the calling thread.

    Raises:
        Cancelled: it was stopped.
    """
    cancel = cancel or Cancel()
    table = table_of(rows)
    if columns is None:
        columns = range(len(table.columns))
    with table.reopen() as own, ThreadPoolExecutor(_THREADS, "statistics") as pool:
        total = row_total(own, rows)
        at_once = max(1, VALUES_AT_ONCE // max(1, total))
        found = []
        for start in range(0, len(columns), at_once):
            group = columns[start : start + at_once]
            tallies = [_Tally(table.columns[index], total) for index in group]
            for arrays in batches(own, rows, group, cancel):
                # In the order of the rows: sums of fractions depend on it.
                list(pool.map(_Tally.add, tallies, arrays))
            found += [
                _finished(own, rows, index, tally, cancel)
                for index, tally in zip(group, tallies, strict=True)
            ]
            done(len(found))
    return found


class _Tally:
    """What is learnt of one column, batch by batch."""

    def __init__(self, column: Column, total: int) -> None:
        self.column = column
        self.rows = 0
        self.missing = 0
        self.empty = 0
        self.fitting = 0
        self.low: Any = None
        self.high: Any = None
        self.shortest: int | None = None
        self.longest: int | None = None
        self.moments = _Moments()
        self.ordered: list[npt.NDArray[Any]] | None = None
        """All values, for the quartiles; None: the type has none, or there are too many."""
        if column.type in RANGED and total <= EXACT_QUARTILES:
            self.ordered = []
        self.distinct = _Distinct(total)

    def add(self, texts: Any) -> None:
        """Take in a batch."""
        values = typed(texts, self.column)
        there = len(values) - values.null_count
        self.rows += len(texts)
        self.fitting += there
        if values.null_count == texts.null_count and self.column.type != "text":
            self.missing += texts.null_count
        else:
            self._lacking(texts)
        if not there:
            return
        self.distinct.add(values)
        if self.column.type in {None, "text"}:
            self._measure(values)
        else:
            self._take(as_numbers(values))

    def _lacking(self, texts: Any) -> None:
        self.empty += pc.sum(pc.is_in(texts, _EMPTY)).as_py() or 0
        text = self.column.type in {None, "text"}
        self.missing += texts.null_count if text else pc.sum(missing_mask(texts)).as_py() or 0

    def _measure(self, texts: Any) -> None:
        ends = pc.min_max(texts).as_py()
        lengths = pc.min_max(pc.utf8_length(texts)).as_py()
        if self.low is None:
            self.low, self.high = ends["min"], ends["max"]
            self.shortest, self.longest = lengths["min"], lengths["max"]
            return
        # Python compares by code points, as Arrow does bytes of UTF-8: the same order.
        self.low, self.high = min(self.low, ends["min"]), max(self.high, ends["max"])
        self.shortest = min(self.shortest or 0, lengths["min"])
        self.longest = max(self.longest or 0, lengths["max"])

    def _take(self, values: npt.NDArray[Any]) -> None:
        low, high = values.min(), values.max()
        self.low = low if self.low is None else min(self.low, low)
        self.high = high if self.high is None else max(self.high, high)
        if values.dtype == np.float64 and not (math.isfinite(low) and math.isfinite(high)):
            values = values[np.isfinite(values)]
            if not len(values):
                return
        if not unit_of(self.column):
            self.moments.add(values)
        if self.ordered is not None:
            self.ordered.append(values)


class _Distinct:
    """The distinct values of a column, unless there are too many."""

    def __init__(self, total: int) -> None:
        self._all = total <= _EXACT_DISTINCT
        self._parts: list[Any] | None = []
        self._held = 0

    def add(self, values: Any) -> None:
        """Take in a batch."""
        if self._parts is None:
            return
        if values.type == pa.float64():
            values = numbers(plain(values.drop_null(), np.float64) + 0.0, pa.float64())  # no -0.0
        # To compare all values once at the end is faster, where there is room for them.
        self._parts.append(values if self._all else pc.unique(values))
        self._held += len(self._parts[-1])
        if not self._all and self._held > 2 * _FEW_DISTINCT:
            merged = pc.unique(pa.chunked_array(self._parts))
            self._parts = [merged] if len(merged) <= _FEW_DISTINCT else None
            self._held = len(merged)

    @property
    def count(self) -> int | None:
        """How many there are; None: too many to hold them all."""
        if not self._parts:
            return 0 if self._parts is not None else None
        found = len(pc.unique(pa.chunked_array(self._parts)).drop_null())
        return found if self._all or found <= _FEW_DISTINCT else None


class _Moments:
    """Mean and standard deviation; batches are joined in Chan's way."""

    def __init__(self) -> None:
        self._count = 0
        self._sum: int | None = 0
        """Exact; None: of fractions there is none."""
        self._origin: Any = None
        """The first value: the distances from it keep more digits than the values."""
        self._centre = 0.0
        """The mean's distance from it."""
        self._squares = 0.0

    def add(self, values: npt.NDArray[Any]) -> None:
        """Take in values, at least one, all of them finite."""
        count, before = len(values), self._count
        total = self._count = before + count
        if self._origin is None:
            self._origin = _origin(values)
        if values.dtype == np.float64:
            self._sum, apart = None, values - self._origin
        else:
            self._sum = (self._sum or 0) + _exact_sum(values)
            apart = _apart(values, self._origin)
        # Numbers near the largest there are must not add up to infinity.
        with np.errstate(over="ignore", invalid="ignore"):
            centre = float(apart.mean())
            if not math.isfinite(centre):
                centre = float((apart * _SMALL).mean()) / _SMALL
            rest = apart - centre
            squares = float(np.square(rest, out=rest).sum())
        delta = centre - self._centre
        self._squares += squares + delta * delta * before * count / total
        step = delta * count / total
        if math.isfinite(step):
            self._centre += step
        else:
            self._centre = self._centre * (before / total) + centre * (count / total)

    @property
    def mean(self) -> float | None:
        """The mean; of whole numbers from their exact sum."""
        if not self._count:
            return None
        if self._sum is not None:
            return float(Fraction(self._sum, self._count))
        return float(self._origin + self._centre)

    @property
    def std(self) -> float | None:
        """The standard deviation of a sample; None for fewer than two values."""
        if self._count < 2:
            return None
        found = math.sqrt(self._squares / (self._count - 1))
        return found if math.isfinite(found) else None


_SMALL: Final = 2.0**-64


def _origin(values: npt.NDArray[Any]) -> Any:
    first = values[0]
    if values.dtype != np.float64:
        return int(first)
    return float(first) if abs(first) < 1e150 else 0.0


def _apart(values: npt.NDArray[Any], origin: int) -> npt.NDArray[np.float64]:
    """How far whole numbers are from an origin."""
    far = max(abs(int(values.min()) - origin), abs(int(values.max()) - origin))
    if values.dtype == object or far < 2**63:
        return (values - origin).astype(np.float64)
    return values.astype(np.float64) - origin


def _exact_sum(values: npt.NDArray[Any]) -> int:
    if values.dtype == object:
        return sum(values.tolist())
    high = int((values >> 32).sum())
    return (high << 32) + int((values & 0xFFFFFFFF).sum())


def _finished(
    own: Table, rows: Table | View, index: int, tally: _Tally, cancel: Cancel
) -> Statistics:
    column = tally.column
    kind = column.type or "text"
    text = kind == "text"
    counted = distinct = tally.distinct.count
    if distinct is None:
        from amltui.tables.queries.value_counts import estimate

        distinct, _ = estimate(own, rows, index, cancel, as_text=text)
    ordered, all_of_them = tally.ordered, True
    if ordered is None and kind in RANGED:
        ordered = [_finite(typed(part, column)) for part in sample(own, rows, index, cancel).chunks]
        all_of_them = False
    return Statistics(
        name=column.name,
        type=kind,
        notation=column.notation,
        rows=tally.rows,
        missing=tally.missing,
        spellings=column.spellings,
        empty=tally.empty,
        misfits=0 if text else tally.rows - tally.missing - tally.fitting,
        distinct=distinct,
        distinct_exact=counted is not None,
        minimum=end_text(tally.low, column),
        maximum=end_text(tally.high, column),
        mean=tally.moments.mean,
        std=tally.moments.std,
        quartiles=None if ordered is None else _quartiles(ordered, column),
        quartiles_exact=all_of_them,
        shortest=tally.shortest,
        longest=tally.longest,
    )


def _finite(values: Any) -> npt.NDArray[Any]:
    found = as_numbers(values)
    return found[np.isfinite(found)] if found.dtype == np.float64 else found


def _quartiles(parts: list[npt.NDArray[Any]], column: Column) -> tuple[str, str, str] | None:
    """Quartiles as numpy takes them by default: linear between the two values nearest the rank."""
    values = np.concatenate(parts) if parts else np.empty(0)
    if not len(values):
        return None
    ranks = [divmod(quarter * (len(values) - 1), 4) for quarter in (1, 2, 3)]
    places = sorted({place for rank, rest in ranks for place in (rank, rank + bool(rest))})
    if values.dtype == object:
        values.sort()
    else:
        values.partition(places)
    first, second, third = (
        as_text(_between(values[rank], values[rank + bool(rest)], rest), column)
        for rank, rest in ranks
    )
    return first, second, third


def _between(low: Any, high: Any, quarters: int) -> Number:
    if isinstance(low, float):
        # As numpy does, whose results are compared with these.
        share, step = quarters / 4, float(high) - float(low)
        if not math.isfinite(step):
            return float(low) * (1 - share) + float(high) * share
        return float(high) - step * (1 - share) if share >= 0.5 else float(low) + step * share
    return int(low) + Fraction((int(high) - int(low)) * quarters, 4)
