"""DuckDB over a table's batches: bounded memory, no access to anything else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa

from amltui.errors import Cancelled, DiskFull, QueryError
from amltui.formats.arrays import numbers
from amltui.tables.queries.cancel import Cancel
from amltui.tables.queries.view import scratch_of
from amltui.tables.rows import Column
from amltui.tables.stream import unreadable_rows
from amltui.tables.table import Table
from amltui.tables.types import reading_of, typed

MEMORY_LIMIT: Final = 256
"""MiB that a question may take; above that it spills to disk."""
SHARE: Final = 224
"""MiB of these that DuckDB counts as its own; batches on their way come on top."""
THREADS: Final = 2


@contextmanager
def connection(table: Table, cancel: Cancel, *, memory: int = SHARE) -> Iterator[Any]:
    """A DuckDB connection in memory that spills beside the table and sees no other file.

    Yields:
        The connection; `lock` it once everything it may see is registered.

    Raises:
        QueryError: what DuckDB says is wrong with the text.
        DiskFull: no space for the spill.
        Cancelled: it was stopped.
    """
    with scratch_of(table) as scratch:
        found = duckdb.connect(
            config={
                "memory_limit": f"{memory}MiB",
                "temp_directory": str(scratch.path),
                "threads": THREADS,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "python_enable_replacements": False,
                "errors_as_json": True,  # with the place, also in the fifth of ten lines
            }
        )
        try:
            # It would go to standard output after two seconds, between the lines of an answer.
            found.execute("SET enable_progress_bar = false")
            with cancel.calling(found.interrupt):
                yield found
        except duckdb.Error as error:
            raise mapped(error, cancel) from error
        finally:
            found.close()


def lock(found: Any, paths: Sequence[Path] = ()) -> None:
    """From here on nothing outside but `paths` is within reach, and no setting can change that."""
    if paths:
        quoted = ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)
        found.execute(f"SET allowed_paths = [{quoted}]")
    found.execute("SET enable_external_access = false")
    found.execute("SET lock_configuration = true")


def mapped(error: Exception, cancel: Cancel, *, asked: str = "", before: int = 0) -> Exception:
    """DuckDB's error as one of ours.

    Args:
        error: what DuckDB raised.
        cancel: of the question; an interrupted one fails in many ways.
        asked: the text that a person typed, for the place in it.
        before: bytes of the statement before the first byte of `asked`; negative: it begins later.
    """
    if isinstance(error, duckdb.InterruptException) or cancel.cancelled:
        return Cancelled("The question was stopped.")
    text = str(error)
    if isinstance(error, duckdb.OutOfMemoryException):
        return QueryError(
            f"This needs more than the {MEMORY_LIMIT} MiB of memory allowed",
            hint="Ask for fewer rows or columns at a time.",
        )
    if "No space left" in text:
        return DiskFull("No space left for the intermediate results")
    if "Traceback" in text or "Python exception" in text:
        # Ours, while a batch was read: the statement is not to blame, and paths are not shown.
        return unreadable_rows()
    kind, brace, rest = text.partition("{")
    try:
        about = json.loads(brace + rest)
    except ValueError:
        return QueryError(text.strip())
    message = f"{kind}{about.get('exception_message', '')}".strip()
    place = int(about.get("position") or -1) - before
    position = None
    if 0 <= place <= len(asked.encode()):
        position = len(asked.encode()[:place].decode("utf-8", "ignore"))
    return QueryError(message, position=position)


def typed_reader(
    table: Table,
    columns: Sequence[int],
    cancel: Cancel,
    *,
    as_text: bool = False,
    change: Callable[[Any, int, int], Any] | None = None,
) -> Any:
    """A reader that gives some columns as `c0`, `c1` ..., and the row as `row`.

    It reads a batch at a time and only once.

    Args:
        table: used by whoever pulls from the reader, so by nobody else meanwhile.
        columns: indexes of columns.
        cancel: stops the reader.
        as_text: give the texts, not the values of the columns' types.
        change: makes other cells of an array, the number of its first row, and its column's index.
    """
    about = [Column("", "text") if as_text else table.columns[index] for index in columns]
    kinds = [pa.string() if (r := reading_of(column)) is None else r.arrow for column in about]
    schema = pa.schema(
        [*((f"c{place}", kind) for place, kind in enumerate(kinds)), ("row", pa.uint32())]
    )

    def batches() -> Iterator[Any]:
        stream = table.stream
        for number in range(stream.batch_count):
            cancel.check()
            batch = stream.batch(number)
            arrays = [
                typed(batch.column(index), column)
                for index, column in zip(columns, about, strict=True)
            ]
            first, stop = stream.span(number)
            if change is not None:
                arrays = [
                    change(array, first, index)
                    for array, index in zip(arrays, columns, strict=True)
                ]
            rows = numbers(np.arange(first, stop, dtype=np.uint32), pa.uint32())
            yield pa.RecordBatch.from_arrays([*arrays, rows], schema=schema)

    return pa.RecordBatchReader.from_batches(schema, batches())
