"""Read-only SQL against a table, named `data`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa

from amltui.errors import QueryError
from amltui.formats.arrays import booleans
from amltui.tables.queries.cancel import Cancel
from amltui.tables.queries.engine import connection, lock, mapped
from amltui.tables.queries.view import View, base, scratch
from amltui.tables.rows import Column, ColumnType
from amltui.tables.state import ROWS, State, write_state
from amltui.tables.stream import StreamWriter
from amltui.tables.table import Table

LIMIT: Final = 1_000_000
"""Rows of an answer that are kept."""
_SQL_TYPES: Final[dict[ColumnType, str]] = {
    "int": "BIGINT",
    "float": "DOUBLE",
    "bool": "BOOLEAN",
    "date": "DATE",
    "datetime": "TIMESTAMP",
    "text": "VARCHAR",
}


class Answer(Table):
    """An SQL answer as a text table of its own; `close` removes it."""

    partial = False
    """Whether it was cut at the limit of rows."""

    def close(self) -> None:
        """Let go of the files and remove them."""
        super().close()
        shutil.rmtree(self.directory, ignore_errors=True)


def sql(
    rows: Table | View, text: str, *, limit: int = LIMIT, cancel: Cancel | None = None
) -> Answer:
    """The answer of a SELECT on `data`, whose columns have the types that the table's have.

    Values that do not fit their column's type are NULL there. Nothing but `data` can be read,
    nothing can be written, and no setting changed.

    Args:
        rows: the table, or a view of one: then only its rows are in `data`.
        text: one statement.
        limit: rows to keep; `Answer.partial` says when there were more.
        cancel: stops it.

    Raises:
        QueryError: the text is wrong, or no SELECT, or needs too much memory.
        DiskFull: no space for the answer.
        Cancelled: it was stopped.
    """
    cancel = cancel or Cancel()
    table = base(rows)
    directory = scratch(table)
    try:
        with table.reopen() as own:
            partial = _write(own, rows, text, directory, limit, cancel)
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        raise
    answer = Answer(directory)
    answer.partial = partial
    return answer


def _only_select(found: Any, text: str) -> str:
    statements = found.extract_statements(text)
    if len(statements) != 1:
        raise QueryError("Write one SELECT statement." if not statements else "Only one statement.")
    if statements[0].type != duckdb.StatementType.SELECT:
        raise QueryError(
            "Only SELECT can be asked here: the data cannot be changed.",
            hint="Write select ... from data.",
        )
    return str(statements[0].query).strip().rstrip(";")


@contextmanager
def _placed(text: str, query: str, prefix: str, cancel: Cancel) -> Iterator[None]:
    """Inside, `prefix` and then `query` is run: say where in `text` it went wrong."""
    skipped = text[: max(0, text.find(query))]
    try:
        yield
    except duckdb.Error as error:
        before = len(prefix.encode()) - len(skipped.encode())
        raise mapped(error, cancel, asked=text, before=before) from error


_CHECK: Final = "PREPARE asked AS "


def _write(
    table: Table, rows: Table | View, text: str, directory: Path, limit: int, cancel: Cancel
) -> bool:
    """Run a query and write its rows; returns whether there were more than the limit."""
    columns = table.columns
    with connection(table, cancel) as found:
        with _placed(text, text, "", cancel):
            query = _only_select(found, text)
        found.register("raw_text", _batches(table, rows))
        casts = ", ".join(
            f"TRY_CAST({_quoted(f'c{index}')} AS {_SQL_TYPES[column.type or 'text']})"
            f" AS {_quoted(column.name)}"
            for index, column in enumerate(_distinct_names(columns))
        )
        only = " WHERE shown" if isinstance(rows, View) else ""
        found.execute(f"CREATE VIEW data AS SELECT {casts or '1'} FROM raw_text{only}")  # noqa: S608 - names are quoted
        lock(found)
        with _placed(text, query, _CHECK, cancel):
            found.execute(_CHECK + query)
        described = found.sql(query)
        names, kinds = described.columns, [str(kind) for kind in described.types]
        wanted = ", ".join(f"CAST(#{place + 1} AS VARCHAR)" for place in range(len(names)))
        prefix = f"SELECT {wanted} FROM ("  # noqa: S608 - it is the user's own
        with _placed(text, query, prefix, cancel):
            reader = found.sql(f"{prefix}{query}\n) LIMIT {limit + 1}").to_arrow_reader(50_000)
        typed = tuple(Column(name, _type_of(kind)) for name, kind in zip(names, kinds, strict=True))
        schema = pa.schema([(f"c{place}", pa.string()) for place in range(len(names))])
        count, partial = 0, False
        with (
            StreamWriter(directory / ROWS, schema) as writer,
            StreamWriter(directory / "malformed.arrow", schema),
        ):
            for batch in reader:
                cancel.check()
                count += batch.num_rows
                partial = count > limit
                kept = batch.slice(0, batch.num_rows - max(0, count - limit))
                arrays = [column.cast(pa.string()) for column in kept.columns]
                writer.write(pa.RecordBatch.from_arrays(arrays, schema=schema))
    write_state(directory, State("", typed, complete=True, typed=True))
    return partial


def _batches(table: Table, rows: Table | View) -> Any:
    """All batches as one Arrow table: their buffers lie in the file, so this costs no memory.

    Of a view, a column `shown` says which rows are in it: one bit each.
    """
    stream = table.stream
    fields = [(f"c{index}", pa.string()) for index in range(len(table.columns))]
    shown = None
    if isinstance(rows, View):
        fields.append(("shown", pa.bool_()))
        shown = np.zeros(table.row_count, dtype=np.bool_)
        shown[rows.order] = True
    schema = pa.schema(fields)
    batches = []
    for number in range(stream.batch_count):
        arrays = stream.batch(number).columns
        if shown is not None:
            arrays = [*arrays, booleans(shown[slice(*stream.span(number))])]
        batches.append(pa.RecordBatch.from_arrays(arrays, schema=schema))
    return pa.Table.from_batches(batches, schema=schema)


def _distinct_names(columns: tuple[Column, ...]) -> list[Column]:
    """SQL takes names that differ only in capitals for equal: number the later ones."""
    seen: set[str] = set()
    result = []
    for column in columns:
        name, count = column.name, 1
        while name.lower() in seen:
            name = f"{column.name}_{count}"
            count += 1
        seen.add(name.lower())
        result.append(Column(name, column.type))
    return result


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""').replace("\0", "") + '"'


def _type_of(kind: str) -> ColumnType:
    if kind.endswith("INT") or kind in {"INTEGER", "BIGINT", "HUGEINT", "UINTEGER"}:
        return "int"
    if kind in {"DOUBLE", "FLOAT"} or kind.startswith("DECIMAL"):
        return "float"
    if kind.startswith("TIMESTAMP"):
        return "datetime"
    return {"BOOLEAN": "bool", "DATE": "date"}.get(kind, "text")  # type: ignore[return-value]
