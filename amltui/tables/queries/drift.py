"""How a column's values moved from one table to another."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from amltui.tables.queries.cancel import Cancel
from amltui.tables.queries.differences import ColumnPair, Drift
from amltui.tables.queries.numeric import as_numbers
from amltui.tables.queries.sample import batches, sample
from amltui.tables.queries.summary import EXACT_QUARTILES, VALUES_AT_ONCE, table_statistics
from amltui.tables.queries.values import Statistics
from amltui.tables.rows import RANGED, Column
from amltui.tables.table import Table
from amltui.tables.types import typed

_CATEGORIES: Final = 1_000
"""Distinct values of a text column up to which each is a category."""
_NAMED: Final = 20
_TENTHS: Final = [part / 10 for part in range(1, 10)]


def drift_of(
    left: Table,
    right: Table,
    columns: Sequence[ColumnPair],
    changed: Mapping[str, int] | None,
    cancel: Cancel,
) -> tuple[Drift, ...]:
    """The drift of each column that both tables have.

    Args:
        left: the first table.
        right: the second table.
        columns: as `comparison.pair_columns` gives them.
        changed: cells that differ, by column; one that is not named has none. None: not known.
        cancel: stops it.
    """
    pairs = [p for p in columns if p.left_index is not None and p.right_index is not None]
    statistics = zip(
        table_statistics(left, [pair.left_index or 0 for pair in pairs], cancel=cancel),
        table_statistics(right, [pair.right_index or 0 for pair in pairs], cancel=cancel),
        strict=True,
    )
    found = [
        _Column(pair, before, after)
        for pair, (before, after) in zip(pairs, statistics, strict=True)
    ]
    parts = _parts(left, right, [column for column in found if column.parted], cancel)
    return tuple(column.drift(changed, next(parts) if column.parted else {}) for column in found)


@dataclass(frozen=True, slots=True)
class _Column:
    """A column that both tables have."""

    pair: ColumnPair
    before: Statistics
    after: Statistics

    @property
    def old(self) -> int:
        """Its index in the first table."""
        return self.pair.left_index or 0

    @property
    def new(self) -> int:
        """Its index in the second table."""
        return self.pair.right_index or 0

    @property
    def ranged(self) -> bool:
        """Whether the parts of its values are tenths of its numbers; else they are the values."""
        before, after = self.before, self.after
        same_type = (before.type, before.notation) == (after.type, after.notation)
        return same_type and before.type in RANGED

    @property
    def parted(self) -> bool:
        """Whether its values fall into parts at all: there are not too many different texts."""
        return self.ranged or max(self.before.distinct, self.after.distinct) <= _CATEGORIES

    def drift(
        self, changed: Mapping[str, int] | None, parts: Mapping[Any, tuple[int, int]]
    ) -> Drift:
        """How its values moved; `parts`: rows of either table in each part of them."""
        before, after = self.before, self.after
        new: list[str] = []
        vanished: list[str] = []
        if not self.ranged:
            # The most common first.
            by_count = sorted(parts.items(), key=lambda item: (-sum(item[1]), str(item[0])))
            new = [v for v, (old, now) in by_count if v is not None and now and not old]
            vanished = [v for v, (old, now) in by_count if v is not None and old and not now]
        return Drift(
            self.pair.name,
            None if changed is None else changed.get(self.pair.name, 0),
            (before.missing, after.missing),
            (before.distinct, after.distinct),
            before.distinct_exact and after.distinct_exact,
            (before.mean, after.mean),
            (before.quartiles, after.quartiles),
            before.quartiles_exact and after.quartiles_exact,
            tuple(new[:_NAMED]),
            tuple(vanished[:_NAMED]),
            _stability(list(parts.values())) if parts else None,
        )


_Part = Callable[[Any], Mapping[Any, int]]
"""Gives for a batch of texts how many are in each part of a column's values."""


def _parts(
    left: Table, right: Table, columns: Sequence[_Column], cancel: Cancel
) -> Iterator[dict[Any, tuple[int, int]]]:
    """For each column, the rows of either table in each part of its values.

    Many columns in one pass, as long as they have few rows.
    """
    at_once = max(1, VALUES_AT_ONCE // max(1, left.row_count, right.row_count))
    for start in range(0, len(columns), at_once):
        group = columns[start : start + at_once]
        parts = _ways(left, group, cancel)
        before = _counts(left, [one.old for one in group], parts, cancel)
        after = _counts(right, [one.new for one in group], parts, cancel)
        for old, now in zip(before, after, strict=True):
            yield {part: (old[part], now[part]) for part in {**old, **now}}


def _ways(left: Table, group: Sequence[_Column], cancel: Cancel) -> list[_Part]:
    """How each column is parted: in tenths of the first table's numbers, else by its values."""
    ranged = [one for one in group if one.ranged]
    edges = iter(_edges(left, [one.old for one in ranged], cancel))
    return [
        partial(_by_tenth, left.columns[one.old], next(edges)) if one.ranged else _by_value
        for one in group
    ]


def _counts(
    table: Table, indexes: Sequence[int], parts: Sequence[_Part], cancel: Cancel
) -> list[Counter[Any]]:
    counts: list[Counter[Any]] = [Counter() for _ in indexes]
    for arrays in batches(table, table, indexes, cancel):
        for count, part, texts in zip(counts, parts, arrays, strict=True):
            count.update(part(texts))
    return counts


def _by_value(texts: Any) -> Mapping[Any, int]:
    found = pc.value_counts(texts)
    values, counts = found.field(0).to_pylist(), found.field(1).to_pylist()
    return dict(zip(values, counts, strict=True))


def _by_tenth(column: Column, edges: npt.NDArray[np.float64], texts: Any) -> Mapping[Any, int]:
    numbers = as_numbers(typed(texts, column)).astype(np.float64)
    places = np.bincount(np.searchsorted(edges, numbers), minlength=1)
    counts: dict[Any, int] = {place: int(n) for place, n in enumerate(places) if n}
    lacking = len(texts) - len(numbers)
    return counts | ({None: lacking} if lacking else {})


def _edges(
    table: Table, indexes: Sequence[int], cancel: Cancel
) -> Iterator[npt.NDArray[np.float64]]:
    """Where the tenths of columns' numbers end; of very many rows those of a sample."""
    columns = [table.columns[index] for index in indexes]
    held: list[list[npt.NDArray[np.float64]]] = [[] for _ in indexes]
    if table.row_count <= EXACT_QUARTILES:
        for arrays in batches(table, table, indexes, cancel):
            for parts, column, texts in zip(held, columns, arrays, strict=True):
                parts.append(_finite(typed(texts, column)))
    else:
        for parts, column, index in zip(held, columns, indexes, strict=True):
            chunks = sample(table, table, index, cancel).chunks
            parts += [_finite(typed(texts, column)) for texts in chunks]
    for parts in held:
        values = np.concatenate(parts) if parts else np.empty(0)
        parts.clear()
        yield (
            np.unique(np.quantile(values, _TENTHS, method="inverted_cdf"))
            if len(values)
            else np.empty(0)
        )


def _finite(values: Any) -> npt.NDArray[np.float64]:
    found = as_numbers(values).astype(np.float64)
    return found[np.isfinite(found)]


def _stability(parts: Sequence[tuple[int, int]]) -> float | None:
    """Population stability index. A part that one of them lacks counts as half a row there."""
    before, after = (sum(part[side] for part in parts) for side in (0, 1))
    if not before or not after:
        return None
    total = 0.0
    for old, new in parts:
        share, other = max(old, 0.5) / before, max(new, 0.5) / after
        total += (other - share) * math.log(other / share)
    return round(total, 6)
