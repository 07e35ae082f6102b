"""What a grid can show: rows of text that may still be growing, in any order.

A text table, the first rows of a download, a sorted or filtered view and an SQL answer all look
like this. Cells are text as it stands in the file; None is a missing value, "" an empty one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

ColumnType = Literal["int", "float", "bool", "date", "datetime", "time", "text"]

RANGED: frozenset[ColumnType | None] = frozenset({"int", "float", "date", "datetime", "time"})
"""Types whose values have an order and distances: they have quartiles and a histogram."""

CELL_LIMIT = 1_000
"""Characters of a cell that a window gives; `cell` gives it whole."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column as far as it is known."""

    name: str
    type: ColumnType | None = None
    """None: not inferred yet."""
    misfits: int = 0
    """Values that are not of `type`."""
    first_misfit: int | None = None
    """Row (0-based) of the first of them."""
    notation: str = ""
    """How the values are written, where the type has several ways: see `tables.types`."""
    present: int = 0
    """Values that are there, misfits among them; not counted in text columns."""
    missing: int = 0
    """Rows without a value or with one of `spellings`; not counted in text columns."""
    spellings: tuple[str, ...] = ()
    """Texts that stand for a missing value in it, like `NA`."""
    sampled: bool = False
    """Whether only the first rows were looked at for all this."""


def about_type(column: Column) -> str:
    """A column's type and what is missing of it, for people: `int, 5 % missing (NA)`.

    `int?` is what the first rows show.
    """
    text: str = column.type or "not known yet"
    if column.sampled and column.type:
        text += "?"
    if column.notation:
        text += f" ({column.notation})"
    if column.missing:
        share = 100 * column.missing / (column.missing + column.present)
        text += f", {f'{share:.0f}' if share >= 1 else 'under 1'} % missing"
        if spelled := ", ".join(spelling for spelling in column.spellings if spelling):
            text += f" ({spelled})"
    return text


class Rows(Protocol):
    """Rows 0 to `row_count - 1`. All methods are fast enough for the thread that draws."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns, in the file's order."""

    @property
    def row_count(self) -> int:
        """Rows that can be read now; grows while `complete` is false."""

    @property
    def complete(self) -> bool:
        """Whether no more rows will come."""

    def window(self, start: int, stop: int, columns: Sequence[int]) -> list[Sequence[str | None]]:
        """Cells of rows `start` to before `stop`: one sequence for each column asked for.

        Texts longer than `CELL_LIMIT` are cut there. Rows past the end are left out, so the
        sequences may be shorter than asked for, but all have one length.
        """

    def row_numbers(self, start: int, stop: int) -> Sequence[int]:
        """For each row of the window, its row in the file (0-based): what a sorted view labels."""

    def cell(self, row: int, column: int) -> str | None:
        """One cell, whole."""


@runtime_checkable
class CutRows(Protocol):
    """What `Rows` can say besides where cells may be too long to hold."""

    def cut_size(self, row: int, column: int) -> int | None:
        """Bytes in the file of a cell that is too long to hold; None for all others."""

    def cell_start(self, row: int, column: int) -> str | None:
        """What is held of a cell: its first bytes, where it is too long, and else all of it."""

    def cell_parts(self, row: int, column: int) -> Iterator[str]:
        """Such a cell, whole, in parts that fit into memory."""


@runtime_checkable
class PlacedRows(Protocol):
    """What `Rows` can say besides where only places of a content are here."""

    @property
    def exact(self) -> bool:
        """Whether `row_count` is known, and not only what is expected."""

    def state(self, row: int) -> int:
        """0: a row with its number; 1: with a number that is only expected; 2: not here yet."""

    def is_doubtful(self, row: int) -> bool:
        """Whether a row may have been cut out of its file in the wrong place."""


@dataclass(frozen=True, slots=True)
class WantedRows:
    """Rows of a view that are to be read together."""

    first: int
    """The first of them in the view."""
    numbers: Sequence[int]
    """Their numbers in the table."""
    columns: tuple[int, ...]


@runtime_checkable
class SlowRows(Protocol):
    """What `Rows` can do besides where rows may come too slowly for the thread that draws."""

    wanted: WantedRows | None
    """What `is_here` asked for last and `put` has not brought."""
    on_wanted: Callable[[], None] | None
    """Called when `wanted` is set. None: nobody would bring it, and `window` waits for all."""

    def is_here(self, start: int, stop: int, columns: Sequence[int]) -> bool:
        """Whether `window` has these at once. If not, some of them are asked for."""

    def read_wanted(self, wanted: WantedRows) -> list[Any]:
        """The texts of what was asked for, for `put`. Blocks; for another thread.

        Raises:
            Unreadable: the file was damaged meanwhile.
        """

    def put(self, wanted: WantedRows, arrays: Sequence[Any]) -> None:
        """Take in what `read_wanted` gave."""
