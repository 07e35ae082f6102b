"""The rows that differ between two tables as a table of their own, one line for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final

import pyarrow as pa

from amltui.formats.arrays import strings
from amltui.tables.lines import CHUNK
from amltui.tables.queries.answers import Answer
from amltui.tables.queries.cancel import Cancel
from amltui.tables.queries.comparison import differing_rows
from amltui.tables.queries.differences import Comparison
from amltui.tables.queries.view import scratch_of
from amltui.tables.rows import Column
from amltui.tables.stream import StreamWriter
from amltui.tables.table import Table
from amltui.tables.table_state import ROWS, TableState, write_state

MISSING: Final = "(missing)"
"""What stands for a missing value beside another one."""
CHANGED: Final = " → "
"""What stands between an old value and the new one."""


def difference_table(
    left: Table,
    right: Table,
    *,
    key: Sequence[str] | None = None,
    cancel: Cancel | None = None,
) -> tuple[Comparison, Answer]:
    """Compare two tables, and give each row that differs as one line.

    The first column, `change`, is `added`, `removed` or `changed`. In a changed row a cell that
    differs reads `old → new`; the others are as they are in both.

    Raises:
        QueryError, DiskFull, Cancelled: see `compare`.
    """
    scratch = scratch_of(right)
    directory = scratch.path
    columns: list[Column] = []

    def write(names: Sequence[str], lines: Iterator[Sequence[str | None]]) -> None:
        columns.extend(Column(name, "text") for name in names)
        schema = pa.schema([(f"c{place}", pa.string()) for place in range(len(names))])
        merged = _merged(lines)
        with (
            StreamWriter(directory / ROWS, schema) as writer,
            StreamWriter(directory / "malformed.arrow", schema),
        ):
            while chunk := list(islice(merged, CHUNK)):
                arrays: list[Any] = [strings(list(one)) for one in zip(*chunk, strict=True)]
                writer.write(pa.RecordBatch.from_arrays(arrays, schema=schema))

    try:
        found = differing_rows(left, right, write, key=key, cancel=cancel)
        write_state(directory, TableState("", tuple(columns), complete=True, typed=True))
        return found, Answer(scratch)
    except BaseException:
        scratch.close()
        raise


def _merged(lines: Iterator[Sequence[str | None]]) -> Iterator[list[str | None]]:
    """The old and the new line of a changed row as one."""
    for line in lines:
        if line[0] != "old":
            yield list(line)
            continue
        new = next(lines)
        yield [
            "changed",
            *(
                before if before == after else f"{_shown(before)}{CHANGED}{_shown(after)}"
                for before, after in zip(line[1:], new[1:], strict=True)
            ),
        ]


def _shown(cell: str | None) -> str:
    if cell is None:
        return MISSING
    return cell or '""'
