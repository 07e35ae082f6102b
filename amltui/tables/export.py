"""Writing a text table as Parquet, each column with the type that all its values have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from amltui.formats.arrays import strings
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
