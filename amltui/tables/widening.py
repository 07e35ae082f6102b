"""Rows of a table to which columns may be added while it is written."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, Self

import pyarrow as pa

from amltui.tables.stream import StreamReader, StreamWriter, index_path
from amltui.tables.table_state import NARROW, ROWS


class WideningWriter:
    """A `StreamWriter` that takes batches with more columns than those before had, or fewer.

    Rows with fewer are put aside, and copied once when `widen` says that all columns are known:
    only then the file holds all rows.
    """

    def __init__(self, directory: Path, schema: Any) -> None:
        self._directory = directory
        self._aside: list[Path] = []
        self._rows_aside = 0
        self._begin(schema)

    def _begin(self, schema: Any) -> None:
        self._schema = schema
        self._writer = StreamWriter(self._directory / ROWS, schema)

    def __enter__(self) -> Self:
        self._writer.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._writer.__exit__(*exc)

    @property
    def rows(self) -> int:
        """Rows written."""
        return self._rows_aside + self._writer.rows

    @property
    def size(self) -> int:
        """Bytes written."""
        return self._writer.size

    def write(self, batch: Any, consumed: int = 0) -> None:
        """See `StreamWriter.write`."""
        if batch.num_columns > len(self._schema):
            self._put_aside(batch.schema)
        self._writer.write(padded(batch, self._schema), consumed)

    def widen(self, schema: Any) -> None:
        """Give all rows the columns of `schema`, which begin with those that they have."""
        if not self._aside and len(schema) == len(self._schema):
            return
        self._put_aside(schema)
        narrow, self._aside, self._rows_aside = self._aside, [], 0
        for path in narrow:
            rows = StreamReader(path)
            try:
                for number in range(rows.batch_count):
                    self._writer.write(padded(rows.batch(number), schema), rows.taken(number))
            finally:
                rows.close()
            path.unlink()
        shutil.rmtree(self._directory / NARROW)

    def _put_aside(self, schema: Any) -> None:
        """Go on in a new file with rows that have the columns of `schema`."""
        self._writer.__exit__()
        path = self._directory / NARROW / f"{len(self._aside)}.arrow"
        path.parent.mkdir(exist_ok=True)
        rows = self._directory / ROWS
        rows.rename(path)
        index_path(rows).rename(index_path(path))
        self._aside.append(path)
        self._rows_aside += self._writer.rows
        self._begin(schema)
        self._writer.__enter__()


def padded(batch: Any, schema: Any) -> Any:
    """A batch with the columns of `schema`; those that it has not are null."""
    missing = len(schema) - batch.num_columns
    if not missing:
        return batch
    nulls = pa.nulls(batch.num_rows, pa.string())
    return pa.RecordBatch.from_arrays([*batch.columns, *[nulls] * missing], schema=schema)
