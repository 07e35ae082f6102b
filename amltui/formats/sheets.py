"""SQLite files and Excel workbooks, of which one table or sheet is read as batches of text."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pyarrow as pa

from amltui.errors import NotFound, Unreadable, UnsupportedDataType
from amltui.formats.arrays import strings
from amltui.formats.arrow import schema
from amltui.formats.arrow_text import text_of
from amltui.formats.blocks import MOST_COLUMNS, rows_of_batch
from amltui.formats.read_errors import mapped
from amltui.formats.registry import EXCEL, SQLITE
from amltui.formats.row_fields import unique_names
from amltui.text import near_names, visible

_EXCEL_MISSING: Final = "Excel workbooks are read by python-calamine, which is not installed"


class SqliteBatches:
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
        """See `batches.Batches.batches`."""
        rows = rows_of_batch(len(self.columns))
        with mapped(SQLITE):
            while part := self._rows.fetchmany(rows):
                yield _batch_of_values(part, self.columns)

    def close(self) -> None:
        """See `batches.Batches.close`."""
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


class ExcelBatches:
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
        names = [text_of(_of_excel(cell)) or "" for cell in first[:MOST_COLUMNS]]
        self.columns = unique_names(names)
        self.declared: tuple[str | None, ...] = (None,) * len(self.columns)
        self._rows = rows
        self.row_count: int | None = None

    def batches(self) -> Iterator[Any]:
        """See `batches.Batches.batches`. Rows without any value are none."""
        count = rows_of_batch(len(self.columns))
        filled = (
            [_of_excel(cell) for cell in row]
            for row in self._rows
            if any(cell != "" for cell in row)
        )
        while part := list(itertools.islice(filled, count)):
            yield _batch_of_values(part, self.columns)

    def close(self) -> None:
        """See `batches.Batches.close`."""
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
        texts = [text_of(row[at]) if at < len(row) else None for row in rows]
        arrays.append(strings(texts))
    return pa.RecordBatch.from_arrays(arrays, schema=schema(names))
