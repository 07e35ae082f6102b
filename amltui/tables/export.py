"""Writing a text table as Parquet, each column with the type that all its values have."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from amltui.formats.arrays import strings
from amltui.tables.csv_rows import write_csv
from amltui.tables.rows import Column
from amltui.tables.table import Table
from amltui.tables.types import missing_mask, reading_of, typed

_TEXT: Final = Column("", "text")
_CHUNK: Final = 5_000


class _Misfit(Exception):
    def __init__(self, column: int) -> None:
        super().__init__(column)
        self.column = column


def write_parquet(table: Table, path: Path) -> None:
    """Write all rows. A column with a value that is not of its type stays text as a whole.

    Raises:
        OSError: the file cannot be written.
    """
    columns = [_TEXT if column.misfits else column for column in table.columns]
    while True:
        try:
            _write(table, columns, path)
        except _Misfit as misfit:
            columns[misfit.column] = _TEXT
        else:
            return


@contextmanager
def appearing(target: Path) -> Iterator[Path]:
    """A path beside `target` to write to; at the end it is renamed to it.

    So the file appears whole or not at all. What failed leaves nothing behind.
    """
    temporary = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


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
        while chunk := list(islice(waiting, _CHUNK)):
            columns = [strings(list(column)) for column in zip(*chunk, strict=True)]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))


def _write(table: Table, columns: list[Column], path: Path) -> None:
    kinds = [pa.string() if (r := reading_of(column)) is None else r.arrow for column in columns]
    names = [column.name for column in table.columns]
    schema = pa.schema(list(zip(names, kinds, strict=True)))
    with pq.ParquetWriter(str(path), schema, compression="zstd") as writer:
        for number in range(table.stream.batch_count):
            texts = table.stream.batch(number).columns
            values = [_values(array, columns[index], index) for index, array in enumerate(texts)]
            writer.write_batch(pa.RecordBatch.from_arrays(values, schema=schema))


def _values(texts: Any, column: Column, index: int) -> Any:
    values = typed(texts, column)
    if values.null_count > texts.null_count:
        lost = pc.invert(pc.or_(pc.is_valid(values), missing_mask(texts)))
        if pc.any(lost).as_py():
            raise _Misfit(index)
    return values
