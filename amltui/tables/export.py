"""Writing a text table as Parquet, each column with the type that all its values have."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from amltui.tables.rows import ColumnType
from amltui.tables.table import Table

_TYPES: Final[dict[ColumnType, Any]] = {
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "date": pa.date32(),
    "datetime": pa.timestamp("us"),
    "text": pa.string(),
}


class _Misfit(Exception):
    def __init__(self, column: int) -> None:
        super().__init__(column)
        self.column = column


def write_parquet(table: Table, path: Path) -> None:
    """Write all rows. A column with a value that is not of its type stays text as a whole.

    Raises:
        OSError: the file cannot be written.
    """
    kinds = [
        pa.string() if column.misfits else _TYPES[column.type or "text"] for column in table.columns
    ]
    while True:
        try:
            _write(table, kinds, path)
        except _Misfit as misfit:
            kinds[misfit.column] = pa.string()
        else:
            return


def _write(table: Table, kinds: list[Any], path: Path) -> None:
    names = [column.name for column in table.columns]
    schema = pa.schema(list(zip(names, kinds, strict=True)))
    with pq.ParquetWriter(str(path), schema, compression="zstd") as writer:
        for number in range(table.stream.batch_count):
            columns = table.stream.batch(number).columns
            typed = [_typed(column, kinds, index) for index, column in enumerate(columns)]
            writer.write_batch(pa.RecordBatch.from_arrays(typed, schema=schema))


def _typed(column: Any, kinds: list[Any], index: int) -> Any:
    kind = kinds[index]
    if kind == pa.string():
        return column
    try:
        return pc.cast(pc.utf8_trim_whitespace(column), kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise _Misfit(index) from error
