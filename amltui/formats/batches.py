"""Formats that hold tables and no text: Parquet, Arrow, Excel and SQLite, read as batches of text.

Each cell gets the text that a person would write. What is nested is compact JSON; bytes that are
no text are hexadecimal. Nothing is read before it is asked for: of a Parquet file the footer, then
the row groups and columns that are wanted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import pyarrow as pa

from amltui.errors import NotFound, Unreadable
from amltui.formats.arrow_text import declared, text_batch
from amltui.formats.blocks import BATCH_ROWS, MOST_COLUMNS, Parsed, rows_of_batch
from amltui.formats.read_errors import mapped
from amltui.formats.registry import ARROW, ARROW_STREAM, EXCEL, PARQUET, SQLITE, Format
from amltui.formats.row_fields import unique_names
from amltui.formats.sheets import ExcelBatches, SqliteBatches

_BYTES: Final = 64 << 20
"""Bytes of a Parquet file's values that a batch has on average at most."""


class Batches(Protocol):
    """A table in a file."""

    columns: tuple[str, ...]
    declared: tuple[str | None, ...]
    row_count: int | None
    """None: nobody knows before all were read."""
    sheets: tuple[str, ...]
    """Tables that the file has; empty where it is one."""

    def batches(self) -> Iterator[Any]:
        """The rows, as Arrow record batches of text."""

    def close(self) -> None:
        """Let go of the file."""


def open_batches(fmt: Format, path: Path, sheet: str | None = None) -> Batches:
    """The table in a file, or one of its tables; close it when done.

    Args:
        fmt: what the file is.
        path: the file.
        sheet: the sheet of a workbook or the table of a database. None: the first that has rows.

    Raises:
        Unreadable: the file is damaged, encrypted, or packed in a way that is not known.
        NotFound: it has no such sheet.
        UnsupportedDataType: what reads it is not installed.
    """
    with mapped(fmt):
        if fmt == SQLITE:
            return SqliteBatches(path, sheet)
        if fmt == EXCEL:
            return ExcelBatches(path, sheet)
        if sheet is not None:
            raise NotFound(f"{fmt.data_type_id} has no sheets", 404, hint="Leave out --sheet.")
        if fmt == PARQUET:
            return ParquetBatches(pa.OSFile(str(path)))
        return ArrowBatches(pa.memory_map(str(path)), stream=fmt == ARROW_STREAM)


class ParquetBatches:
    """See `Batches`. Reads the footer only, until rows are asked for."""

    sheets: tuple[str, ...] = ()

    def __init__(self, source: Any, buffer_size: int = 0) -> None:
        """Open.

        Args:
            source: a file of pyarrow's, or a binary file object.
            buffer_size: bytes of a column that are read at once. 0: all of a row group's.
        """
        import pyarrow.parquet as pq

        self._file = pq.ParquetFile(source, pre_buffer=False, buffer_size=buffer_size)
        self.arrow_schema = self._file.schema_arrow
        names = self.arrow_schema.names[:MOST_COLUMNS]
        self.columns = unique_names(list(names))
        self.declared = declared(self.arrow_schema)
        self.metadata = self._file.metadata
        if len(set(self.arrow_schema.names)) < len(self.arrow_schema.names):
            raise Unreadable("The Parquet file has several columns of one name")
        self.row_count: int | None = self.metadata.num_rows
        groups = [self.metadata.row_group(i) for i in range(self._file.num_row_groups)]
        self.groups = [one.num_rows for one in groups]
        size = max((one.total_byte_size // max(1, one.num_rows) for one in groups), default=0)
        self.rows_at_once = max(1, min(rows_of_batch(len(self.columns)), _BYTES // max(1, size)))
        """Rows of a batch at most: of long texts not many, by what the footer says of them."""

    def batches(self) -> Iterator[Any]:
        """See `Batches.batches`."""
        yield from self.some(range(len(self.groups)))

    def values(self, group: int, column: int) -> Any:
        """A column of a row group as an Arrow table of its values, not of texts."""
        with mapped(PARQUET):
            name = self.arrow_schema.names[column]
            return self._file.read_row_group(group, columns=[name], use_threads=False)

    def some(
        self, groups: Sequence[int], columns: Sequence[int] | None = None, rows: int = BATCH_ROWS
    ) -> Iterator[Any]:
        """The rows of some row groups, only some columns of them, at most `rows` at a time."""
        size = min(self.rows_at_once, rows)
        with mapped(PARQUET):
            wanted = list(range(len(self.columns))) if columns is None else list(columns)
            known = self.arrow_schema.names
            names = [known[at] for at in wanted]
            for batch in self._file.iter_batches(
                batch_size=size, row_groups=list(groups), columns=names, use_threads=False
            ):
                # They come in the file's order, whatever order they are asked for in.
                place = {name: at for at, name in enumerate(batch.schema.names)}
                ordered = batch.select([place[name] for name in names])
                yield text_batch(ordered, [self.columns[at] for at in wanted])

    def close(self) -> None:
        """See `Batches.close`."""
        self._file.close()


class ArrowBatches:
    """An Arrow IPC file, which is Feather, or an Arrow IPC stream."""

    sheets: tuple[str, ...] = ()

    def __init__(self, source: Any, *, stream: bool) -> None:
        self._source = source
        self._fmt = ARROW_STREAM if stream else ARROW
        self._reader = pa.ipc.open_stream(source) if stream else pa.ipc.open_file(source)
        self.columns = unique_names(list(self._reader.schema.names[:MOST_COLUMNS]))
        self.declared = declared(self._reader.schema)
        self.row_count: int | None = None
        self.groups: list[int] | None = None
        if not stream:
            count = self._reader.num_record_batches
            self.groups = [self._reader.get_batch(at).num_rows for at in range(count)]
            self.row_count = sum(self.groups)

    def batches(self) -> Iterator[Any]:
        """See `Batches.batches`."""
        if self.groups is not None:
            yield from self.some(range(len(self.groups)))
            return
        with mapped(self._fmt):
            for batch in self._reader:
                yield from self._cut(batch, range(len(self.columns)))

    def some(self, groups: Sequence[int], columns: Sequence[int] | None = None) -> Iterator[Any]:
        """The rows of some of its batches, only some columns of them."""
        with mapped(self._fmt):
            for group in groups:
                batch = self._reader.get_batch(group)
                yield from self._cut(batch, columns or range(len(self.columns)))

    def _cut(self, batch: Any, columns: Sequence[int]) -> Iterator[Any]:
        rows = rows_of_batch(len(columns))
        part = batch.select(list(columns))
        for start in range(0, batch.num_rows, rows):
            yield text_batch(part.slice(start, rows), [self.columns[at] for at in columns])

    def close(self) -> None:
        """See `Batches.close`."""
        self._source.close()


class BatchReader:
    """What `formats.reader.RowReader` is for text, over `Batches`."""

    encoding = "utf-8"
    recoded = 0
    goes_on = False
    grows = False

    def __init__(self, source: Batches) -> None:
        """Read rows of `source`, which the caller closes."""
        self._source = source
        self.codec = source
        self.columns = source.columns

    def read_header(self) -> bool:
        """There is nothing to wait for."""
        return True

    def parsed(self, pool: object = None) -> Iterator[tuple[Any, Parsed]]:
        """All rows, in order."""
        del pool
        for batch in self._source.batches():
            yield _NOWHERE, Parsed(batch)


class _Nowhere:
    """Rows of such formats are at no place of their own."""

    stop = 0


_NOWHERE: Final = _Nowhere()
