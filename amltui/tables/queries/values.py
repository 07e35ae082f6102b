"""What is asked and answered, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from amltui.tables.memory import MemoryRows
from amltui.tables.rows import ColumnType

Operator = Literal[
    "contains", "=", "!=", "<", "<=", ">", ">=", "regex", "is missing", "is not missing"
]


@dataclass(frozen=True, slots=True)
class Condition:
    """What a row must meet."""

    column: int | None
    """Index of the column; None: any column will do."""
    operator: Operator
    text: str = ""
    """To compare with. For `<` and its like it is read as the column's type."""
    case: bool = False
    """Whether `contains` and `regex` tell capitals from small letters."""


@dataclass(frozen=True, slots=True)
class SortKey:
    """A column to sort by. Missing values come last, values that do not fit the type too."""

    column: int
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """A cell that meets a condition."""

    row: int
    """In the `Rows` that were searched (0-based)."""
    column: int


@dataclass(frozen=True, slots=True)
class Distinct:
    """Values of a column, the most common first."""

    values: MemoryRows
    """Columns `value` and `count`."""
    total: int
    """How many different values there are, the missing one included."""
    exact: bool = True
    """False: there are so many that `total` is an estimate, within a few per cent, and `values`
    are what a random sample of rows had most often. Their counts are those of all rows, but one
    that fewer than about one row in 10,000 has may be left out."""

    @property
    def partial(self) -> bool:
        """Whether `values` holds only the most common of them."""
        return self.values.row_count < self.total


@dataclass(frozen=True, slots=True)
class Statistics:
    """A column in numbers. What its type has no meaning for is None."""

    name: str
    type: ColumnType
    notation: str
    """How its values are written, where the type has several ways."""
    rows: int
    missing: int
    """Rows without a value, and in typed columns those with one of `spellings`."""
    spellings: tuple[str, ...]
    """Texts of this column that stand for a missing value."""
    empty: int
    """Values that are an empty string."""
    misfits: int
    """Values that are not of the type; they are left out of all that follows."""
    distinct: int
    """Distinct values, the missing one not included."""
    distinct_exact: bool
    """False: an estimate, within a few per cent."""
    minimum: str | None = None
    """For text: the first in code point order, at most 1,000 characters."""
    maximum: str | None = None
    mean: float | None = None
    """Of the finite values, like `std` and `quartiles`; of bool: the share that is true."""
    std: float | None = None
    """Standard deviation of the sample (divided by n - 1)."""
    quartiles: tuple[str, str, str] | None = None
    """25th, 50th and 75th percentile, interpolated linearly between two values."""
    quartiles_exact: bool = True
    """False: those of 100,000 random rows, whose ranks are right within about 0.3 %."""
    shortest: int | None = None
    """Characters of the shortest text."""
    longest: int | None = None

    @property
    def differing(self) -> str:
        """How many rows have a value of their own: `all`, `nearly all`, or "" for fewer."""
        present = self.rows - self.missing
        if present < 10:
            return ""
        if self.distinct_exact and self.distinct == present:
            return "all"
        return "nearly all" if self.distinct >= 0.9 * present else ""


@dataclass(frozen=True, slots=True)
class Bin:
    """A part of a histogram."""

    low: str
    high: str
    """Above the last value in it, except in the last bin, which ends with it."""
    count: int


@dataclass(frozen=True, slots=True)
class Histogram:
    """How a column's values are spread. For text, bins are the most common values."""

    name: str
    type: ColumnType
    bins: tuple[Bin, ...]
    missing: int
    other: int
    """Values in no bin: of another type, infinite, or text less common than those shown."""
    sampled: int | None = None
    """Random rows that this was found in; None: in all. Of numbers and times only these are
    counted; texts are counted in all rows, see `Distinct.exact`."""
    edges: tuple[float, ...] = ()
    """The bins' ends as numbers, one more than there are bins; none for text and bool. Dates are
    days, other times micro- or nanoseconds."""
