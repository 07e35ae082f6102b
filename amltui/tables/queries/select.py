"""Read-only SQL against a table, named `data`, and others by names of their own."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa

from amltui.errors import QueryError
from amltui.formats.arrays import booleans, numbers
from amltui.tables.queries.answers import (
    LIMIT,
    Answer,
    only_select,
    renamed,
    sql_names,
    write_answer,
)
from amltui.tables.queries.cancel import Cancel
from amltui.tables.queries.engine import connection, lock, mapped
from amltui.tables.queries.parquet import KEEP_NAN, ParquetTable
from amltui.tables.queries.view import View, scratch_of, table_of
from amltui.tables.rows import Column, ColumnType
from amltui.tables.table import Table
from amltui.tables.types import INT128, NANOSECONDS, WITH_ZONE, Reading, reading_of

_NO_COLUMNS: Final = "(no columns)"
"""A column for data without any, which DuckDB does not have; it is in no answer."""


def sql(
    rows: Table | View,
    text: str,
    *,
    others: Mapping[str, Table] | None = None,
    name: str = "data",
    limit: int = LIMIT,
    cancel: Cancel | None = None,
) -> Answer:
    """The answer of a SELECT on `data`, whose columns have the types that the table's have.

    Values that do not fit their column's type are NULL there. Nothing but `data` and `others` can
    be read, nothing can be written, and no setting changed.

    Args:
        rows: the table, or a view of one: then only its rows are in `data`.
        text: one statement.
        others: more tables, by their names in the statement.
        name: of the first table in the statement.
        limit: rows to keep; `Answer.partial` says when there were more.
        cancel: stops it.

    Raises:
        QueryError: the text is wrong, or no SELECT, or needs too much memory.
        DiskFull: no space for the answer.
        Cancelled: it was stopped.
    """
    cancel = cancel or Cancel()
    table = table_of(rows)
    scratch = scratch_of(table)
    try:
        with ExitStack() as stack:
            own = stack.enter_context(table.reopen())
            named = {
                other: stack.enter_context(of.reopen()) for other, of in (others or {}).items()
            }
            cut = _write(own, rows, name, named, text, scratch.path, limit, cancel)
    except BaseException:
        scratch.close()
        raise
    answer = Answer(scratch)
    answer.partial = cut
    answer.renamed = renamed(table.columns)
    return answer


def tables_named(text: str) -> frozenset[str]:
    """The tables that a statement reads, `data` and those that it defines itself left out.

    Empty where it cannot be read: what is wrong with it is said when it is asked.
    """
    found: set[str] = set()
    own = {"data"}

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if node.get("type") == "BASE_TABLE" and not node.get("schema_name"):
                found.add(node["table_name"])
            own.update(one["key"] for one in (node.get("cte_map") or {}).get("map", ()))
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    with duckdb.connect() as parser:
        try:
            answer = parser.execute("SELECT json_serialize_sql(?)", [text]).fetchone()
        except duckdb.Error:
            return frozenset()
    walk(json.loads(answer[0]) if answer else None)
    return frozenset(name for name in found if name.lower() not in own)


def _only_select(found: Any, text: str) -> str:
    statements = found.extract_statements(text)
    if len(statements) != 1:
        raise QueryError("Write one SELECT statement." if not statements else "Only one statement.")
    if statements[0].type != duckdb.StatementType.SELECT:
        raise only_select()
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


def _register(found: Any, name: str, table: Table, rows: Table | View, number: int) -> None:
    """Make a table known by a name; `number` is another one for each."""
    if isinstance(table, ParquetTable):
        _register_file(found, name, table, rows, number)
        return
    raw = f"raw_text_{number}"
    found.register(raw, _batches(table, rows))
    chosen = ", ".join(
        f"{value} AS {_quoted(column)}"
        for value, column in zip(
            _values(found, table.columns, number), sql_names(table.columns), strict=True
        )
    )
    only = " WHERE shown" if isinstance(rows, View) else ""
    wanted = chosen or f"NULL AS {_quoted(_NO_COLUMNS)}"
    found.execute(f"CREATE VIEW {_quoted(name)} AS SELECT {wanted} FROM {raw}{only}")  # noqa: S608 - names are quoted


def _register_file(
    found: Any, name: str, table: ParquetTable, rows: Table | View, number: int
) -> None:
    chosen = ", ".join(
        f"{value} AS {_quoted(column)}"
        for value, column in zip(table.values(), sql_names(table.columns), strict=True)
    )
    only = ""
    if isinstance(rows, View):
        shown = f"shown_{number}"
        order = numbers(np.sort(np.asarray(rows.order)), pa.uint32())
        found.register(shown, pa.table({"row": order}))
        only = f" WHERE row IN (SELECT row FROM {shown})"  # noqa: S608
    found.execute(f"CREATE VIEW {_quoted(name)} AS SELECT {chosen} FROM {table.relation}{only}")  # noqa: S608 - names are quoted


def _write(
    table: Table,
    rows: Table | View,
    called: str,
    others: Mapping[str, Table],
    text: str,
    directory: Path,
    limit: int,
    cancel: Cancel,
) -> bool:
    """Run a query and write its rows; returns whether there were more than the limit."""
    with connection(table, cancel) as found:
        with _placed(text, text, "", cancel):
            query = _only_select(found, text)
        _register(found, called, table, rows, 0)
        for number, (name, other) in enumerate(others.items(), 1):
            _register(found, name, other, other, number)
        found.execute("SET TimeZone = 'UTC'")
        files = [one for one in (table, *others.values()) if isinstance(one, ParquetTable)]
        if files:
            found.execute(KEEP_NAN)
        lock(found, [one.source for one in files if one.source is not None])
        with _placed(text, query, _CHECK, cancel):
            found.execute(_CHECK + query)
        described = found.sql(query)
        answered = [
            (place, name, str(kind))
            for place, (name, kind) in enumerate(
                zip(described.columns, described.types, strict=True)
            )
            if name != _NO_COLUMNS
        ]
        wanted = ", ".join(f"CAST(#{place + 1} AS VARCHAR)" for place, _, _ in answered) or "NULL"
        prefix = f"SELECT {wanted} FROM ("  # noqa: S608 - it is the user's own
        with _placed(text, query, prefix, cancel):
            reader = found.sql(f"{prefix}{query}\n) LIMIT {limit + 1}").to_arrow_reader(50_000)
        columns = tuple(_column(name, kind) for _, name, kind in answered)
        return write_answer(directory, columns, _kept(reader, len(columns)), limit, cancel)


def _kept(batches: Iterable[Any], count: int) -> Iterator[list[Any]]:
    """The first `count` columns of batches, as texts."""
    for batch in batches:
        yield [column.cast(pa.string()) for column in batch.columns[:count]]


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
    if not fields:
        fields.append((_NO_COLUMNS, pa.string()))  # DuckDB has no tables without columns
        return pa.Table.from_batches([], schema=pa.schema(fields))
    schema = pa.schema(fields)
    batches = []
    for number in range(stream.batch_count):
        arrays = stream.batch(number).columns
        if shown is not None:
            arrays = [*arrays, booleans(shown[slice(*stream.span(number))])]
        batches.append(pa.RecordBatch.from_arrays(arrays, schema=schema))
    return pa.Table.from_batches(batches, schema=schema)


def _values(found: Any, columns: Sequence[Column], number: int) -> Iterator[str]:
    """Expressions of the columns' values: read as everywhere else, by functions of DuckDB."""
    names: dict[Reading, str] = {}
    for index, column in enumerate(columns):
        reading = reading_of(column)
        if reading is None:
            yield f"c{index}"
            continue
        if reading not in names:
            names[reading] = f"typed_{number}_{len(names)}"
            kind = "DECIMAL(38,0)" if reading is INT128 else reading.sql
            found.create_function(
                names[reading],
                partial(_read, reading),
                [duckdb.sqltype("VARCHAR")],
                duckdb.sqltype(kind),
                type="arrow",
                null_handling="special",
            )
        yield f"CAST({names[reading]}(c{index}) AS {reading.sql})"


def _read(reading: Reading, texts: Any) -> Any:
    """A chunked array of texts, as DuckDB gives them, as values."""
    return reading(texts.chunk(0) if texts.num_chunks == 1 else pa.concat_arrays(texts.chunks))


def as_texts(batch: Any) -> list[Any]:
    """The columns of a batch of values as texts, in the same words as an answer has."""
    with duckdb.connect() as found:
        wanted = ", ".join(f"CAST(#{place + 1} AS VARCHAR)" for place in range(batch.num_columns))
        found.register("batch", batch)
        answer = found.sql(f"SELECT {wanted} FROM batch").to_arrow_table()  # noqa: S608 - our own
    return [column.cast(pa.string()).combine_chunks() for column in answer.columns]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""').replace("\0", "") + '"'


def _column(name: str, kind: str) -> Column:
    """A column of an answer, whose values DuckDB has written as text."""
    types: dict[str, tuple[ColumnType, str]] = {
        **dict.fromkeys(("HUGEINT", "UHUGEINT", "UBIGINT"), ("int", INT128.notation)),
        **dict.fromkeys(("INTEGER", "UINTEGER"), ("int", "")),
        **dict.fromkeys(("DOUBLE", "FLOAT"), ("float", "")),
        "TIMESTAMP_NS": ("datetime", NANOSECONDS),
        "TIMESTAMP WITH TIME ZONE": ("datetime", WITH_ZONE),
        "BOOLEAN": ("bool", ""),
        "DATE": ("date", ""),
        "TIME": ("time", ""),
    }
    found = types.get(kind)
    if found is None:
        starts: dict[str, ColumnType] = {"DECIMAL": "float", "TIMESTAMP": "datetime"}
        likely = [type_ for start, type_ in starts.items() if kind.startswith(start)]
        found = ("int" if kind.endswith("INT") else (likely or ["text"])[0]), ""
    return Column(name, found[0], notation=found[1])
