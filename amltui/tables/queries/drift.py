"""How a column's values moved from one table to another."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pyarrow as pa

from amltui.tables.queries.cancel import Cancel
from amltui.tables.queries.differences import ColumnPair, Drift
from amltui.tables.queries.engine import connection, typed_reader
from amltui.tables.queries.summary import table_statistics
from amltui.tables.rows import RANGED
from amltui.tables.table import Table

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
    pairs = [
        (pair, pair.left_index, pair.right_index)
        for pair in columns
        if pair.left_index is not None and pair.right_index is not None
    ]
    statistics = zip(
        table_statistics(left, [place for _, place, _ in pairs], cancel=cancel),
        table_statistics(right, [place for _, _, place in pairs], cancel=cancel),
        strict=True,
    )
    found = []
    for (pair, old_place, new_place), (before, after) in zip(pairs, statistics, strict=True):
        same_type = (before.type, before.notation) == (after.type, after.notation)
        parts = None
        new: tuple[str, ...] = ()
        vanished: tuple[str, ...] = ()
        sides = ((left, old_place), (right, new_place))
        if same_type and before.type in RANGED:
            parts = _by_tenth(sides, cancel)
        elif max(before.distinct, after.distinct) <= _CATEGORIES:
            parts = _by_value(sides, cancel)
            new = tuple(v for v, (old, now) in parts.items() if v is not None and now and not old)
            vanished = tuple(
                v for v, (old, now) in parts.items() if v is not None and old and not now
            )
        found.append(
            Drift(
                pair.name,
                None if changed is None else changed.get(pair.name, 0),
                (before.missing, after.missing),
                (before.distinct, after.distinct),
                before.distinct_exact and after.distinct_exact,
                (before.mean, after.mean),
                (before.quartiles, after.quartiles),
                before.quartiles_exact and after.quartiles_exact,
                new[:_NAMED],
                vanished[:_NAMED],
                _stability(list(parts.values())) if parts else None,
            )
        )
    return tuple(found)


Sides = Sequence[tuple[Table, int]]


def _by_value(sides: Sides, cancel: Cancel) -> dict[Any, tuple[int, int]]:
    """How often each value stands in either table, the most common first."""
    counts: list[dict[Any, int]] = []
    for table, index in sides:
        with connection(table, cancel) as found:
            found.register("source", typed_reader(table, [index], cancel, as_text=True))
            answer = found.execute("SELECT c0, count(*) FROM source GROUP BY 1").fetchall()
        counts.append(dict(answer))
    before, after = counts
    pairs = {value: (before.get(value, 0), after.get(value, 0)) for value in {**before, **after}}
    return dict(sorted(pairs.items(), key=lambda item: (-sum(item[1]), str(item[0]))))


def _by_tenth(sides: Sides, cancel: Cancel) -> dict[Any, tuple[int, int]]:
    """Rows of either table in each tenth of the first one's values; those without one apart."""
    counts: list[dict[Any, int]] = []
    edges: list[float] | None = None
    for table, index in sides:
        with connection(table, cancel) as found:
            if edges is None:
                edges = _edges(found, _numbers(found, table, index, cancel))
            numbers = _numbers(found, table, index, cancel)
            # NULL compares as NULL with each edge, so it is a part of its own.
            place = " + ".join("(v > ?)::INT" for _ in edges) or "v = v"
            counts.append(
                dict(
                    found.execute(
                        f"SELECT {place}, count(*) FROM ({numbers}) GROUP BY 1",  # noqa: S608 - only our own names
                        edges,
                    ).fetchall()
                )
            )
    before, after = counts
    return {part: (before.get(part, 0), after.get(part, 0)) for part in {**before, **after}}


def _numbers(found: Any, table: Table, index: int, cancel: Cancel) -> str:
    """A query, to be run once, whose `v` is a column's values as numbers."""
    reader = typed_reader(table, [index], cancel)
    found.register("source", reader)
    timely = pa.types.is_temporal(reader.schema.field(0).type)
    return f"SELECT {'epoch(c0)' if timely else 'c0::DOUBLE'} AS v FROM source"  # noqa: S608 - only our own names


def _edges(found: Any, numbers: str) -> list[float]:
    """Where the tenths of some numbers end, about; the same each time."""
    found.execute("SET threads = 1")  # several threads merge their parts in any order
    answer = found.execute(
        f"SELECT approx_quantile(v, {_TENTHS}) FROM ({numbers}) WHERE isfinite(v)"  # noqa: S608 - only our own names
    ).fetchall()[0][0]
    found.execute("RESET threads")
    return sorted(set(answer or ()))


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
