"""Formats that hold tables and no text: Parquet, Arrow, Excel and SQLite, read as batches of text.

Each cell gets the text that a person would write. What is nested is compact JSON; bytes that are
no text are hexadecimal. Nothing is read before it is asked for: of a Parquet file the footer, then
the row groups and columns that are wanted.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc

from amltui.errors import AmltuiError, NotFound, Unreadable, UnsupportedDataType
from amltui.formats.arrays import strings
from amltui.formats.arrow import schema
from amltui.formats.blocks import CELLS, MOST_COLUMNS, Parsed
from amltui.formats.fields import unique_names
from amltui.formats.registry import ARROW, ARROW_STREAM, EXCEL, PARQUET, SQLITE, Format
from amltui.text import near_names, visible

ROWS: Final = 65_536
"""Rows of a batch at most."""
_EXCEL_MISSING: Final = "Excel workbooks are read by python-calamine, which is not installed"


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
            return _Sqlite(path, sheet)
        if fmt == EXCEL:
            return _Excel(path, sheet)
        if sheet is not None:
            raise NotFound(f"{fmt.data_type_id} has no sheets", 404, hint="Leave out --sheet.")
        if fmt == PARQUET:
            return ParquetBatches(pa.OSFile(str(path)))
        return ArrowBatches(pa.memory_map(str(path)), stream=fmt == ARROW_STREAM)


@contextlib.contextmanager
def mapped(fmt: Format) -> Iterator[None]:
    """Say what is wrong with a file in the program's own errors."""
    try:
        yield
    except (AmltuiError, MemoryError):
        raise
    except (pa.ArrowException, OSError, sqlite3.Error, ValueError, OverflowError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        words = visible(str(error).strip().partition("\n")[0])[:200]
        raise Unreadable(f"The {fmt.data_type_id} file cannot be read: {words}") from error


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
        self.declared = _declared(self.arrow_schema)
        self.metadata = self._file.metadata
        if len(set(self.arrow_schema.names)) < len(self.arrow_schema.names):
            raise Unreadable("The Parquet file has several columns of one name")
        self.row_count: int | None = self.metadata.num_rows
        self.groups = [
            self.metadata.row_group(i).num_rows for i in range(self._file.num_row_groups)
        ]

    def batches(self) -> Iterator[Any]:
        """See `Batches.batches`."""
        yield from self.some(range(len(self.groups)))

    def some(
        self, groups: Sequence[int], columns: Sequence[int] | None = None, rows: int = ROWS
    ) -> Iterator[Any]:
        """The rows of some row groups, only some columns of them, `rows` at a time."""
        rows = max(1, min(rows, CELLS // max(1, len(self.columns))))
        with mapped(PARQUET):
            wanted = list(range(len(self.columns))) if columns is None else list(columns)
            known = self.arrow_schema.names
            names = [known[at] for at in wanted]
            for batch in self._file.iter_batches(
                batch_size=rows, row_groups=list(groups), columns=names, use_threads=False
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
        self.declared = _declared(self._reader.schema)
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
        rows = max(1, min(ROWS, CELLS // max(1, len(columns))))
        part = batch.select(list(columns))
        for start in range(0, batch.num_rows, rows):
            yield text_batch(part.slice(start, rows), [self.columns[at] for at in columns])

    def close(self) -> None:
        """See `Batches.close`."""
        self._source.close()


class _Sqlite:
    """A table or a view of an SQLite file, which is never changed."""

    def __init__(self, path: Path, sheet: str | None) -> None:
        _check_length(path)
        address = f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1"
        self._database = sqlite3.connect(address, uri=True, check_same_thread=False)
        try:
            # A file that was made to harm could hold views that never end.
            self._database.execute("pragma trusted_schema = off")
            self._database.text_factory = lambda data: data.decode("utf-8", "replace")
            found = self._database.execute(
                "select name from sqlite_master where type in ('table', 'view') "
                "and name not like 'sqlite\\_%' escape '\\' order by type, rowid"
            )
            self.sheets = tuple(str(row[0]) for row in found)
            name = _chosen(self.sheets, sheet, "table", "The SQLite file")
            self._rows = self._database.execute(f"select * from {_quoted(name)}")  # noqa: S608
        except BaseException:
            self._database.close()
            raise
        names = [str(one[0]) for one in self._rows.description]
        self.columns = unique_names(names)
        self.declared: tuple[str | None, ...] = (None,) * len(names)
        self.row_count: int | None = None

    def batches(self) -> Iterator[Any]:
        """See `Batches.batches`."""
        rows = max(1, min(ROWS, CELLS // max(1, len(self.columns))))
        with mapped(SQLITE):
            while part := self._rows.fetchmany(rows):
                yield _batch_of_values(part, self.columns)

    def close(self) -> None:
        """See `Batches.close`."""
        self._database.close()


def _check_length(path: Path) -> None:
    """See that the file has all pages that its header counts: SQLite itself looks only later."""
    with path.open("rb") as file:
        header = file.read(100)
    page = int.from_bytes(header[16:18]) or 512
    page = 65_536 if page == 1 else page
    counted = header[24:28] == header[92:96]
    if counted and path.stat().st_size < page * int.from_bytes(header[28:32]):
        raise Unreadable("The SQLite file cannot be read: it is cut off, its end is missing")


class _Excel:
    """A sheet of a workbook; its first row that is not empty names the columns."""

    def __init__(self, path: Path, sheet: str | None) -> None:
        try:
            from python_calamine import CalamineError, CalamineWorkbook
        except ImportError as error:
            raise UnsupportedDataType(
                EXCEL.data_type_id, hint=f"{_EXCEL_MISSING}: pip install 'amltui[excel]'"
            ) from error
        try:
            self._book: Any = CalamineWorkbook.from_path(str(path))
            self.sheets = tuple(self._book.sheet_names)
            name = _chosen(self.sheets, sheet, "sheet", "The workbook")
            self._sheet: Any = self._book.get_sheet_by_name(name)
            rows = self._sheet.iter_rows()
        except CalamineError as error:
            words = visible(str(error))[:200]
            raise Unreadable(f"The workbook cannot be read: {words}") from error
        first = next((row for row in rows if any(cell != "" for cell in row)), [])
        names = [_text(_of_excel(cell)) or "" for cell in first[:MOST_COLUMNS]]
        self.columns = unique_names(names)
        self.declared: tuple[str | None, ...] = (None,) * len(self.columns)
        self._rows = rows
        self.row_count: int | None = None

    def batches(self) -> Iterator[Any]:
        """See `Batches.batches`. Rows without any value are none."""
        count = max(1, min(ROWS, CELLS // max(1, len(self.columns))))
        filled = (
            [_of_excel(cell) for cell in row]
            for row in self._rows
            if any(cell != "" for cell in row)
        )
        while part := list(itertools.islice(filled, count)):
            yield _batch_of_values(part, self.columns)

    def close(self) -> None:
        """See `Batches.close`."""
        self._book.close()


def _chosen(names: Sequence[str], wanted: str | None, kind: str, what: str) -> str:
    if not names:
        raise Unreadable(f"{what} has no {kind}s")
    if wanted is None:
        return names[0]
    if wanted in names:
        return wanted
    near = near_names(wanted, list(names))
    listed = ", ".join(visible(name) for name in names[:10])
    raise NotFound(
        f'{what} has no {kind} "{visible(wanted)}"',
        404,
        hint=f"Did you mean {near}?" if near else f"It has: {listed}.",
    )


def _of_excel(cell: Any) -> Any:
    """A cell's value; Excel has no whole numbers of its own, and no empty text."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return int(cell)
    return None if cell == "" else cell


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _batch_of_values(rows: Sequence[Sequence[Any]], names: Sequence[str]) -> Any:
    arrays = []
    for at in range(len(names)):
        texts = [_text(row[at]) if at < len(row) else None for row in rows]
        arrays.append(strings(texts))
    return pa.RecordBatch.from_arrays(arrays, schema=schema(names))


def _text(value: Any) -> str | None:
    """A value of a database or of a workbook as text; None where it is missing."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, bytes | bytearray):
        return _of_bytes(bytes(value))
    return str(value)


def _of_bytes(value: bytes) -> str:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return value.hex()
    return text if text.isprintable() else value.hex()


def _declared(found: Any) -> tuple[str | None, ...]:
    """`text` for columns that the file says are text: no type is guessed for them."""
    kinds = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return tuple(
        "text"
        if any(kind(_plain(one.type)) for kind in kinds) or pa.types.is_nested(one.type)
        else None
        for one in list(found)[:MOST_COLUMNS]
    )


def _plain(kind: Any) -> Any:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def text_batch(batch: Any, names: Sequence[str]) -> Any:
    """A record batch of any types as one of text."""
    arrays = [_texts(batch.column(at)) for at in range(len(names))]
    return pa.RecordBatch.from_arrays(arrays, schema=schema(names))


def _texts(array: Any) -> Any:
    kind = array.type
    types = pa.types
    if types.is_dictionary(kind):
        return _texts(array.dictionary_decode())
    if isinstance(array, pa.ExtensionArray):
        return _texts(array.storage)
    write = _writer(kind)
    if write is not None:
        return strings([None if one is None else write(one) for one in array.to_pylist()])
    if types.is_timestamp(kind) or types.is_time(kind):
        array = _shortest(array)
    if types.is_float16(kind):
        array = array.cast(pa.float32())
    found = array.cast(pa.string())
    if types.is_floating(kind):
        # Arrow writes 2.0 as 2, and a column of such would be taken for one of whole numbers.
        whole = pc.match_substring_regex(found, r"^-?\d+$")
        found = pc.if_else(whole, pc.binary_join_element_wise(found, "0", "."), found)
    return found


def _writer(kind: Any) -> Callable[[Any], str] | None:
    """What writes values of a type one by one. None: Arrow does it."""
    types = pa.types
    if types.is_nested(kind):
        return _json
    if types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind):
        return _of_bytes
    return str if types.is_duration(kind) or types.is_null(kind) else None


def _shortest(array: Any) -> Any:
    """Times without zeros at the end of their fractions, where no value loses anything."""
    kind = array.type
    for unit in ("s", "ms", "us"):
        if unit == kind.unit:
            break
        if pa.types.is_timestamp(kind):
            shorter = pa.timestamp(unit, kind.tz)
        elif unit == "us":
            shorter = pa.time64(unit)
        else:
            shorter = pa.time32(unit)
        with contextlib.suppress(pa.ArrowInvalid, pa.ArrowNotImplementedError):
            return pc.cast(array, shorter, safe=True)
    return array


def _json(value: Any) -> str:
    return json.dumps(_keyed(value), ensure_ascii=False, separators=(",", ":"), default=_text)


def _keyed(value: Any) -> Any:
    """A value that JSON can have; the pairs of a map are an object where its keys are texts."""
    if isinstance(value, dict):
        return {str(key): _keyed(one) for key, one in value.items()}
    if isinstance(value, list):
        if value and all(isinstance(one, tuple) and isinstance(one[0], str) for one in value):
            return {key: _keyed(one) for key, one in value}
        return [_keyed(list(one) if isinstance(one, tuple) else one) for one in value]
    return value


class BatchReader:
    """What `formats.reader.RowReader` is for text, over `Batches`."""

    encoding = "utf-8"
    recoded = 0
    goes_on = False

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

__all__ = [
    "ArrowBatches",
    "BatchReader",
    "Batches",
    "ParquetBatches",
    "mapped",
    "open_batches",
    "text_batch",
]
