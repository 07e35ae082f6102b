"""Writing a text table as Parquet, each column with the type that all its values have."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from amltui.tables.rows import Column
from amltui.tables.table import Table
from amltui.tables.types import missing_mask, reading_of, typed

_TEXT: Final = Column("", "text")


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
