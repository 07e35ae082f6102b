"""What a comparison of two tables found, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from amltui.tables.rows import ColumnType

ColumnStatus = Literal["same", "retyped", "renamed", "added", "removed"]
RowStatus = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class ColumnPair:
    """A column of the first table and the one of the second that it is compared with."""

    status: ColumnStatus
    left: str | None
    """Its name in the first table; None: the second alone has it."""
    right: str | None
    left_type: ColumnType | None = None
    right_type: ColumnType | None = None
    left_index: int | None = None
    right_index: int | None = None

    @property
    def name(self) -> str:
        """What to call it: its name in the second table, if it is there."""
        return self.right if self.right is not None else self.left or ""


@dataclass(frozen=True, slots=True)
class CellChange:
    """One cell of a row that both tables have."""

    column: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class RowChange:
    """A row that is not the same in both tables."""

    status: RowStatus
    left_row: int | None
    """Its number in the first table (0-based); None: it is not there."""
    right_row: int | None
    key: tuple[str | None, ...]
    """Its values in the columns of the key; without a key all its values."""
    cells: tuple[CellChange, ...] = ()
    """What is different, for a changed row."""


@dataclass(frozen=True, slots=True)
class Drift:
    """How the values of a column moved from one table to the other."""

    column: str
    changed: int | None
    """Cells that differ in rows that both tables have; None: rows were compared without a key."""
    missing: tuple[int, int]
    distinct: tuple[int, int]
    distinct_exact: bool
    mean: tuple[float | None, float | None]
    quartiles: tuple[tuple[str, str, str] | None, tuple[str, str, str] | None]
    quartiles_exact: bool
    """False: those of random rows, see `Statistics.quartiles_exact`."""
    new_values: tuple[str, ...]
    """Values of a text or bool column of at most 1,000 distinct ones that only the second table
    has, the most common first, at most 20."""
    vanished_values: tuple[str, ...]
    stability: float | None
    """Population stability index over tenths of the first table's values, or over the values of
    a text column; missing values are a part of their own. Below 0.1 is usually called stable,
    above 0.25 a shift. None: there are too many distinct values, or no rows."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """How the second table differs from the first."""

    columns: tuple[ColumnPair, ...]
    key: tuple[str, ...]
    """Columns that tell rows apart; empty: rows were compared as a whole, and none is "changed"."""
    key_found: bool
    """Whether the key was not given but found: the first columns that are unique in both."""
    left_rows: int
    right_rows: int
    added: int
    removed: int
    changed: int
    changes: tuple[RowChange, ...]
    """The first of the rows that differ, in the order of the second table."""
    drift: tuple[Drift, ...] = ()
    cut: int = 0
    """Cells of which only the first 64 KiB were compared: the rest is not on this disk."""

    @property
    def same_columns(self) -> bool:
        """Whether both have the same columns of the same types in the same order."""
        places = [pair.left_index for pair in self.columns]
        return places == sorted(places, key=lambda place: (place is None, place)) and all(
            pair.status == "same" for pair in self.columns
        )

    @property
    def equal(self) -> bool:
        """Whether nothing differs: columns, their order and types, and rows."""
        return self.same_columns and not (self.added or self.removed or self.changed)

    @property
    def partial(self) -> bool:
        """Whether `changes` holds only the first of them."""
        return len(self.changes) < self.added + self.removed + self.changed
