"""Answers to SQL, whichever engine gave them: a table of texts, its names, and what is refused."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from amltui.errors import QueryError
from amltui.tables.queries.cancel import Cancel
from amltui.tables.rows import Column
from amltui.tables.scratch import Scratch
from amltui.tables.stream import StreamWriter
from amltui.tables.table import Table
from amltui.tables.table_state import ROWS, TableState, write_state

LIMIT: Final = 1_000_000
"""Rows of an answer that are kept."""


class Answer(Table):
    """An SQL answer as a text table of its own; `close` removes it."""

    partial = False
    """Whether it was cut at the limit of rows."""
    renamed: tuple[tuple[int, str], ...] = ()
    """Columns of `data` with another name in SQL than in the file: index, and name in SQL. SQL
    does not tell capitals from small letters."""

    def __init__(self, scratch: Scratch) -> None:
        super().__init__(scratch.path)
        self._scratch = scratch

    def close(self) -> None:
        """Let go of the files and remove them."""
        super().close()
        self._scratch.close()


def write_answer(
    directory: Path,
    columns: Sequence[Column],
    parts: Iterable[Sequence[Any]],
    limit: int,
    cancel: Cancel,
) -> bool:
    """Write the rows of an answer as a table; returns whether there were more than the limit.

    Args:
        directory: an empty one.
        columns: with their types.
        parts: some rows after the other, a string array for each column.
        limit: rows to keep.
        cancel: stops it.
    """
    schema = pa.schema([(f"c{place}", pa.string()) for place in range(len(columns))])
    count = 0
    with (
        StreamWriter(directory / ROWS, schema) as writer,
        StreamWriter(directory / "malformed.arrow", schema),
    ):
        for arrays in parts:
            cancel.check()
            batch = pa.RecordBatch.from_arrays(list(arrays), schema=schema)
            count += batch.num_rows
            writer.write(batch.slice(0, batch.num_rows - max(0, count - limit)))
            if count > limit:
                break
    write_state(directory, TableState("", tuple(columns), complete=True, typed=True))
    return count > limit


def sql_names(columns: Sequence[Column]) -> list[str]:
    """The columns' names in SQL, which takes `Id` and `ID` for one: later ones get a number."""
    seen: set[str] = set()
    names = []
    for column in columns:
        name, count = column.name, 1
        while name.lower() in seen:
            name = f"{column.name}_{count}"
            count += 1
        seen.add(name.lower())
        names.append(name)
    return names


def renamed(columns: Sequence[Column]) -> tuple[tuple[int, str], ...]:
    """See `Answer.renamed`."""
    return tuple(
        (index, name)
        for index, (column, name) in enumerate(zip(columns, sql_names(columns), strict=True))
        if name != column.name
    )


def only_select() -> QueryError:
    """What is said of a statement that is none that reads."""
    return QueryError(
        "Only SELECT can be asked here: the data cannot be changed.",
        hint="Write select ... from data.",
    )
