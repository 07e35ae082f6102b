"""All columns in numbers as a table of their own: one line for each column."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, Final

import pyarrow as pa

from amltui.formats.arrays import strings
from amltui.tables.queries.answers import Answer
from amltui.tables.queries.cancel import Cancel
from amltui.tables.queries.summary import table_statistics
from amltui.tables.queries.values import Statistics
from amltui.tables.queries.view import View, scratch_of, table_of
from amltui.tables.rows import Column, ColumnType
from amltui.tables.stream import StreamWriter
from amltui.tables.table import Table
from amltui.tables.table_state import ROWS, TableState, write_state

_COLUMNS: Final[tuple[tuple[str, ColumnType], ...]] = (
    ("column", "text"),
    ("type", "text"),
    ("missing", "int"),
    ("missing %", "float"),
    ("distinct", "int"),
    ("estimated", "text"),
    ("min", "text"),
    ("25 %", "text"),
    ("median", "text"),
    ("75 %", "text"),
    ("max", "text"),
    ("mean", "float"),
    ("std", "float"),
    ("misfits", "int"),
)
_SOMETIMES: Final = ("estimated", "misfits")
"""Columns that are left out where no line has anything there."""


def profile_table(
    rows: Table | View,
    *,
    cancel: Cancel | None = None,
    done: Callable[[int], None] = lambda _columns: None,
) -> Answer:
    """The statistics of each column as one row, in the order of the columns.

    `min` and its neighbours are texts, for each column has its own type; what that has no
    meaning for is missing. `estimated` names what is not exact in a line, and
    is there when something is not.

    Args:
        rows: a table, or a view: then of its rows only.
        cancel: stops it.
        done: told how many columns are looked at so far, in the calling thread.

    Raises:
        Cancelled: it was stopped.
    """
    found = table_statistics(rows, cancel=cancel, done=done)
    lines = [dict(zip((name for name, _ in _COLUMNS), _line(one), strict=True)) for one in found]
    columns = tuple(
        Column(name, kind)
        for name, kind in _COLUMNS
        if name not in _SOMETIMES or any(line[name] for line in lines)
    )
    scratch = scratch_of(table_of(rows))
    try:
        schema = pa.schema([(f"c{place}", pa.string()) for place in range(len(columns))])
        with (
            StreamWriter(scratch.path / ROWS, schema) as writer,
            StreamWriter(scratch.path / "malformed.arrow", schema),
        ):
            if lines:
                arrays: list[Any] = [strings([line[one.name] for line in lines]) for one in columns]
                writer.write(pa.RecordBatch.from_arrays(arrays, schema=schema))
        write_state(scratch.path, TableState("", columns, complete=True, typed=True))
        return Answer(scratch)
    except BaseException:
        scratch.close()
        raise


def _line(found: Statistics) -> Iterator[str | None]:
    yield found.name
    yield found.type
    yield str(found.missing)
    yield _brief(100 * found.missing / found.rows) if found.rows else None
    yield str(found.distinct)
    guesses = (("distinct", found.distinct_exact), ("quartiles", found.quartiles_exact))
    yield ", ".join(name for name, exact in guesses if not exact) or None
    low, middle, high = found.quartiles or (None, None, None)
    yield from (found.minimum, low, middle, high, found.maximum)
    yield _brief(found.mean)
    yield _brief(found.std)
    yield str(found.misfits) if found.misfits else None


def _brief(value: float | None) -> str | None:
    """Six digits, as a number that is read back; with an exponent where zeros would hide them."""
    if value is None:
        return None
    size = abs(value)
    if not size or not math.isfinite(value) or not 1e-4 <= size < 1e15:
        return f"{value:.6g}"
    text = f"{value:.{max(0, 5 - math.floor(math.log10(size)))}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
