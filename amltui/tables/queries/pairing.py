"""Which column of one table belongs to which of another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from amltui.errors import QueryError
from amltui.tables.queries.differences import ColumnPair, ColumnStatus
from amltui.tables.table import Table
from amltui.text import near_names, visible

_LOOK: Final = 500
"""Rows that are looked at to recognise a column that was renamed."""
_ALIKE: Final = 0.9
"""Share of equal cells from which a column of another name is the same one renamed."""
_EVIDENCE: Final = 10
"""Rows below which equal cells prove nothing."""


def pair_columns(
    left: Table,
    right: Table,
    only: Sequence[str] | None = None,
    key: Sequence[str] | None = None,
) -> list[ColumnPair]:
    """Which column of the second table belongs to which of the first, by their names.

    In the order of the second table, those that it lacks at the end. Of columns of one name the
    first belongs to the first, the second to the second.

    Raises:
        QueryError: a name of `only` or `key` is in neither table.
    """
    waiting: dict[str, list[int]] = {}
    for index, column in enumerate(left.columns):
        waiting.setdefault(column.name, []).append(index)
    pairs = []
    for index, column in enumerate(right.columns):
        there = waiting.get(column.name)
        pairs.append(_pair(left, right, there.pop(0) if there else None, index))
    rest = sorted(index for indexes in waiting.values() for index in indexes)
    pairs += [_pair(left, right, index, None) for index in rest]
    names = [pair.name for pair in pairs]
    for wanted in [*(only or ()), *(key or ())]:
        if wanted not in names:
            near = near_names(wanted, names)
            raise QueryError(
                f'No column is named "{visible(wanted)}"',
                hint=f"Did you mean {near}?" if near else None,
            )
    if only is not None:
        return [pair for pair in pairs if pair.name in {*only, *(key or ())}]
    return pairs


def recognise_renamed(left: Table, right: Table, pairs: list[ColumnPair]) -> None:
    """Take a column that is gone and one that is new for one where their cells are alike.

    Rows that have the same place are looked at: a column that was renamed and sorted anew, or
    changed all over, stays removed and added.
    """
    gone = [pair for pair in pairs if pair.status == "removed"]
    new = [pair for pair in pairs if pair.status == "added"]
    if not gone or not new:
        return
    rows = min(_LOOK, left.row_count, right.row_count)
    old_cells = left.window(0, rows, [p.left_index for p in gone if p.left_index is not None])
    new_cells = right.window(0, rows, [p.right_index for p in new if p.right_index is not None])
    for pair, cells in zip(gone, old_cells, strict=True):
        for place, other in enumerate(new):
            if other in pairs and _alike(cells, new_cells[place]):
                merged = _pair(left, right, pair.left_index, other.right_index)
                pairs[pairs.index(other)] = merged
                pairs.remove(pair)
                break


def _pair(left: Table, right: Table, old: int | None, new: int | None) -> ColumnPair:
    before = left.columns[old] if old is not None else None
    after = right.columns[new] if new is not None else None
    status: ColumnStatus
    if before is None or after is None:
        status = "added" if before is None else "removed"
    elif before.name != after.name:
        status = "renamed"
    else:
        status = "same" if before.type == after.type else "retyped"
    return ColumnPair(
        status,
        before.name if before else None,
        after.name if after else None,
        before.type if before else None,
        after.type if after else None,
        old,
        new,
    )


def _alike(old: Sequence[str | None], new: Sequence[str | None]) -> bool:
    if sum(cell is not None for cell in old) < _EVIDENCE:
        return False
    equal = sum(one == other for one, other in zip(old, new, strict=True))
    return equal >= _ALIKE * len(old)
