"""Rows of a Parquet, Arrow, Excel or SQLite file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from amltui.formats.batches import ArrowBatches, Batches, ParquetBatches, open_batches
from amltui.formats.registry import Format
from amltui.tables.grouped import GroupedRows
from amltui.tables.inference import infer
from amltui.tables.memory import MemoryRows
from amltui.tables.rows import Rows


def batch_rows(path: Path, fmt: Format, sheet: str | None = None) -> Rows:
    """The rows of a file; close them if they can be.

    Of a Parquet or Arrow file all of them; else the first, which are all where they are not many.

    Raises:
        Unreadable, NotFound, UnsupportedDataType: see `open_batches`.
    """
    source = open_batches(fmt, path, sheet)
    try:
        if isinstance(source, ParquetBatches | ArrowBatches) and source.groups is not None:
            return GroupedRows(source, source.groups, _reader(source))
        rows = first_batch(source)
    except BaseException:
        source.close()
        raise
    source.close()
    return rows


def _reader(source: ParquetBatches | ArrowBatches) -> Any:
    def read(group: int, columns: Sequence[int]) -> Iterator[Any]:
        return source.some([group], columns)

    return read


def first_batch(source: Batches) -> MemoryRows:
    """The first rows of a table."""
    batches = source.batches()
    first = next(batches, None)
    rows = [] if first is None else [first]
    complete = first is None or next(batches, None) is None
    columns = infer(source.columns, source.declared, rows)
    return MemoryRows(
        [replace(column, sampled=not complete) for column in columns], rows, complete=complete
    )
