"""Rows as an Excel workbook of one sheet, for people; XlsxWriter makes it.

A cell is a number, a truth value or a date where its column is of that type and Excel keeps it
exactly; everything else is text as it stands in the file. Nothing becomes a formula or a link.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from amltui.errors import UsageError
from amltui.formats.arrays import strings
from amltui.tables.lines import CHUNK
from amltui.tables.rows import Column
from amltui.tables.types import missing_mask, reading_of, typed
from amltui.text import visible

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

ROWS: Final = 1_048_575
"""Rows that a sheet holds below the names of its columns."""
COLUMNS: Final = 16_384
LENGTH: Final = 32_767
"""UTF-16 units that a cell holds."""
_EXACT: Final = 10**15
"""From here on a number of Excel's has not all digits of a whole one."""
_INSTEAD: Final = "Write them as .csv or .parquet, which hold them all"


def check_workbook(row_count: int | None = None, column_count: int | None = None) -> None:
    """See that a workbook can be written, of so many rows and columns.

    Raises:
        UsageError: it cannot be: too large, or the library is not there.
    """
    if find_spec("xlsxwriter") is None:
        raise UsageError(
            "XlsxWriter, which writes Excel workbooks, is not installed",
            hint="pip install 'amltui[excel]'",
        )
    for count, most, what in ((row_count, ROWS, "rows"), (column_count, COLUMNS, "columns")):
        if count is not None and count > most:
            raise UsageError(
                f"A sheet of Excel holds {most:,} {what}, and these are {count:,}", hint=_INSTEAD
            )


def write_workbook(
    path: Path, columns: Sequence[Column], rows: Iterable[Sequence[str | None]]
) -> None:
    """Write rows below the names of their columns; some thousands are in memory at once.

    Raises:
        UsageError: a cell holds more text than one of Excel's.
        OSError: the file cannot be written.
    """
    from xlsxwriter import Workbook
    from xlsxwriter.exceptions import FileCreateError

    with tempfile.TemporaryDirectory(prefix="amltui-") as scratch:
        book = Workbook(str(path), {"constant_memory": True, "tmpdir": scratch})
        book.use_zip64()
        sheet = book.add_worksheet()
        sheet.freeze_panes(1, 0)
        formats: dict[type, Format] = {
            date: book.add_format({"num_format": "yyyy-mm-dd"}),
            datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        }
        bold = book.add_format({"bold": True})
        try:
            for at, column in enumerate(columns):
                _write_text(sheet, 0, at, column, column.name, bold)
            _write_cells(sheet, columns, rows, formats)
        except BaseException:
            sheet.row_data_fh.close()  # where rows wait; `close` would write the whole book
            raise
        try:
            book.close()
        except FileCreateError as error:
            raise error.args[0] from error


def _write_cells(
    sheet: Worksheet,
    columns: Sequence[Column],
    rows: Iterable[Sequence[str | None]],
    formats: Mapping[type, Format],
) -> None:
    for number, cells in enumerate(_values(columns, rows), 1):
        for at, (text, value) in enumerate(cells):
            if value is None:
                if text:
                    _write_text(sheet, number, at, columns[at], text)
            elif isinstance(value, bool):
                sheet.write_boolean(number, at, value)
            elif isinstance(value, date):
                sheet.write_datetime(number, at, value, formats[type(value)])
            else:
                sheet.write_number(number, at, value)


def _write_text(
    sheet: Worksheet, row: int, at: int, column: Column, text: str, look: Any = None
) -> None:
    if len(text) > LENGTH // 2 and len(text.encode("utf-16-le")) // 2 > LENGTH:
        raise UsageError(
            f"A cell of Excel holds {LENGTH:,} characters; one has more in row {row:,} of "
            f"{visible(column.name)}",
            hint=_INSTEAD,
        )
    sheet.write_string(row, at, text, look)


def _values(
    columns: Sequence[Column], rows: Iterable[Sequence[str | None]]
) -> Iterator[Iterable[tuple[str | None, Any]]]:
    """Of each cell its text, "" where it is missing, and its value where Excel keeps that."""
    waiting = iter(rows)
    while chunk := list(islice(waiting, CHUNK)):
        yield from zip(
            *(_column(column, texts) for column, *texts in zip(columns, *chunk, strict=True)),
            strict=True,
        )


def _column(column: Column, texts: list[str | None]) -> list[tuple[str | None, Any]]:
    if reading_of(column) is None or column.type == "text":
        return [(text, None) for text in texts]
    array = strings(texts)
    missing = missing_mask(array).to_pylist()
    return [
        ("", None) if gone else (text, _kept(value))
        for text, value, gone in zip(texts, typed(array, column).to_pylist(), missing, strict=True)
    ]


def _kept(value: Any) -> Any:
    """A value that Excel keeps as it is, or None."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < _EXACT else None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime):
        # No time zones there, and no fractions of a second in how they are shown.
        whole = value.tzinfo is None and not value.microsecond and value.year >= _FIRST_YEAR
        return value if whole else None
    if isinstance(value, date):
        return value if value.year >= _FIRST_YEAR else None
    return None


_FIRST_YEAR: Final = 1901
"""Before it Excel has no dates, or counts a day that never was."""
