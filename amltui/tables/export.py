"""Rows as a file: text of several kinds, Parquet with types that all values have, Excel."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from amltui.disk import appearing
from amltui.errors import DiskFull, LocalError, UsageError
from amltui.formats.arrays import strings
from amltui.tables.lines import (
    CHUNK,
    cells,
    write_csv,
    write_json_lines,
    write_markdown,
)
from amltui.tables.queries.cancel import Cancel
from amltui.tables.queries.view import View, own_reader
from amltui.tables.rows import Column
from amltui.tables.table import Table
from amltui.tables.types import missing_mask, reading_of, typed
from amltui.tables.workbook import check_workbook, write_workbook
from amltui.text import reason_of, visible

_TEXT: Final = Column("", "text")
ENDINGS: Final = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".xlsx", ".md")
"""How names of files end that rows can be written to."""


class _Misfit(Exception):
    def __init__(self, column: int) -> None:
        super().__init__(column)
        self.column = column


def check_target(path: Path) -> None:
    """See that rows can be written to a file of this name.

    Raises:
        UsageError: its ending names no format, or one whose library is not there.
    """
    if path.suffix.lower() == ".xlsx":
        check_workbook()
    if path.suffix.lower() not in ENDINGS:
        raise UsageError(
            "The ending of a file's name says how it is written",
            hint=f"End it as one of {' '.join(ENDINGS)}",
        )


def export(
    rows: Table | View, path: Path, columns: Sequence[int], *, cancel: Cancel | None = None
) -> int:
    """Write rows in the order in which they are shown, as the ending of `path` says; how many.

    What is at `path` is replaced, once all is written.

    Args:
        rows: all of them are written.
        path: see `ENDINGS`.
        columns: indexes of the columns to write, in their order.
        cancel: stops it; then nothing is left.

    Raises:
        UsageError: the ending is none of those, or an Excel workbook cannot hold the rows.
        LocalError: the file cannot be written.
        DiskFull: there is no room for it.
        Cancelled: it was stopped.
    """
    check_target(path)
    cancel = cancel or Cancel()
    try:
        with own_reader(rows) as own, appearing(path) as target:
            _write_as(path.suffix.lower(), own, target, columns, cancel)
            return own.row_count
    except OSError as error:
        kind = DiskFull if error.errno in {errno.ENOSPC, errno.EDQUOT} else LocalError
        raise kind(f"Cannot write {visible(str(path))}: {reason_of(error)}") from error


def _write_as(
    ending: str, rows: Table | View, target: Path, columns: Sequence[int], cancel: Cancel
) -> None:
    if ending == ".parquet":
        _write_typed(rows, target, columns, cancel)
        return

    def lines() -> Iterator[Sequence[str | None]]:
        for number, row in enumerate(cells(rows, rows.row_count, columns=columns)):
            if number % CHUNK == 0:
                cancel.check()
            yield row

    about = [rows.columns[index] for index in columns]
    names = [column.name for column in about]
    if ending == ".xlsx":
        check_workbook(rows.row_count, len(columns))
        write_workbook(target, about, lines())
        return
    with target.open("w", encoding="utf-8", newline="") as file:
        if ending == ".md":
            write_markdown(file, about, lines())
        elif ending in {".jsonl", ".ndjson"}:
            write_json_lines(file, about, lines())
        else:
            write_csv(file, names, lines(), "\t" if ending == ".tsv" else ",")


def _write_typed(rows: Table | View, path: Path, columns: Sequence[int], cancel: Cancel) -> None:
    def batches() -> Iterator[Sequence[Any]]:
        waiting = cells(rows, rows.row_count, columns=columns)
        while chunk := list(islice(waiting, CHUNK)):
            cancel.check()
            yield [strings(list(column)) for column in zip(*chunk, strict=True)]

    _write_fitting([rows.columns[index] for index in columns], batches, path)


def write_parquet(table: Table, path: Path) -> None:
    """Write all rows. A column with a value that is not of its type stays text as a whole.

    Raises:
        OSError: the file cannot be written.
    """

    def batches() -> Iterator[Sequence[Any]]:
        for number in range(table.stream.batch_count):
            yield table.stream.batch(number).columns

    _write_fitting(table.columns, batches, path)


def _write_fitting(
    about: Sequence[Column], batches: Callable[[], Iterator[Sequence[Any]]], path: Path
) -> None:
    names = [column.name for column in about]
    columns = [_TEXT if column.misfits else column for column in about]
    while True:
        try:
            _write(names, columns, batches(), path)
        except _Misfit as misfit:
            columns[misfit.column] = _TEXT
        else:
            return


def write_rows(target: Path, names: Sequence[str], rows: Iterator[Sequence[str | None]]) -> None:
    """Write rows of text as CSV, or as Parquet where the name ends so; whole or not at all.

    Raises:
        OSError: the file cannot be written.
    """
    with appearing(target) as path:
        if target.suffix.lower() == ".parquet":
            write_text_parquet(path, names, rows)
            return
        with path.open("w", encoding="utf-8", newline="") as file:
            write_csv(file, names, rows)


def write_text_parquet(
    path: Path, names: Sequence[str], rows: Iterable[Sequence[str | None]]
) -> None:
    """Write rows of text, some thousands at a time.

    Raises:
        OSError: the file cannot be written.
    """
    schema = pa.schema([(name, pa.string()) for name in names])
    waiting = iter(rows)
    with pq.ParquetWriter(str(path), schema, compression="zstd") as writer:
        while chunk := list(islice(waiting, CHUNK)):
            columns = [strings(list(column)) for column in zip(*chunk, strict=True)]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))


def _write(
    names: Sequence[str], columns: Sequence[Column], batches: Iterator[Sequence[Any]], path: Path
) -> None:
    kinds = [pa.string() if (r := reading_of(column)) is None else r.arrow for column in columns]
    schema = pa.schema(list(zip(names, kinds, strict=True)))
    with pq.ParquetWriter(str(path), schema, compression="zstd") as writer:
        for texts in batches:
            values = [_values(array, columns[index], index) for index, array in enumerate(texts)]
            writer.write_batch(pa.RecordBatch.from_arrays(values, schema=schema))


def _values(texts: Any, column: Column, index: int) -> Any:
    values = typed(texts, column)
    if values.null_count > texts.null_count:
        lost = pc.invert(pc.or_(pc.is_valid(values), missing_mask(texts)))
        if pc.any(lost).as_py():
            raise _Misfit(index)
    return values
