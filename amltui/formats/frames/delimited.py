"""Delimited text: pandas decides what it means; Arrow parses it where the result is the same.

Floats are parsed to the last bit (before pandas 3.1 that was an option) and a column has one type
over its whole length (`low_memory=False`); the old client's `read_csv` did neither.
"""

from __future__ import annotations

import csv
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any, Final, Literal

import pandas as pd

from amltui.errors import Unreadable
from amltui.formats.delimited import DelimitedCodec
from amltui.formats.frames import arrow_csv
from amltui.formats.frames.options import CsvOptions
from amltui.formats.frames.streams import as_utf8, from_here
from amltui.formats.reader import RowReader
from amltui.formats.registry import Format

if TYPE_CHECKING:
    import pyarrow as pa

_NARROW: Final = 38
"""Digits of a decimal of 128 bits, at most."""
_DIGITS: Final = 76
"""Digits of one of 256 bits."""


def read(reader: IO[bytes], fmt: Format) -> pd.DataFrame:
    """The frame of all that `reader` still holds."""
    reader, options = _prepared(reader, fmt)
    table = arrow_csv.read(reader, options)
    if table is not None:
        return arrow_csv.frame(table)
    reader.seek(0)
    return by_pandas(reader, options)


def read_table(reader: IO[bytes], fmt: Format, rows: int | None = None) -> pa.Table:
    """The Arrow table of what `reader` still holds; column names as text.

    `rows`: only the first so many.
    """
    reader, options = _prepared(reader, fmt)
    if rows is not None:
        return as_arrow(by_pandas(reader, options, rows))
    parsed = arrow_csv.read(reader, options)
    if parsed is not None:
        return parsed.table.rename_columns([str(name) for name in parsed.names])
    reader.seek(0)
    return as_arrow(by_pandas(reader, options))


def as_arrow(frame: pd.DataFrame) -> pa.Table:
    """A frame as a table. Whole numbers of more than 64 bits are decimals up to 76 digits, or text.

    Python has no bound there, and pandas keeps what Python made of them.
    """
    import pyarrow as pa

    frame = frame.rename(columns=str)
    try:
        return pa.Table.from_pandas(frame, preserve_index=False)
    except (OverflowError, pa.ArrowInvalid, pa.ArrowTypeError):
        columns = [_column_as_arrow(frame.iloc[:, at]) for at in range(frame.shape[1])]
        return pa.Table.from_arrays(columns, names=[str(name) for name in frame.columns])


def _column_as_arrow(column: pd.Series[Any]) -> pa.Array:
    import pyarrow as pa

    try:
        return pa.Array.from_pandas(column)
    except (OverflowError, pa.ArrowInvalid, pa.ArrowTypeError):
        values = [None if pd.isna(value) else value for value in column]
        digits = max(len(str(abs(v))) if isinstance(v, int) else 0 for v in values)
        if digits <= _DIGITS and all(v is None or isinstance(v, int) for v in values):
            wide = pa.decimal128 if digits <= _NARROW else pa.decimal256
            return pa.array([v if v is None else Decimal(v) for v in values], wide(digits))
        return pa.array([v if v is None else str(v) for v in values], pa.large_string())


def _prepared(reader: IO[bytes], fmt: Format) -> tuple[IO[bytes], CsvOptions]:
    """UTF-8 from the header on, and how its fields are told apart: as a preview finds it.

    pandas alone takes the first column for an index where the header is one name short, and takes
    an index that is not written back again.
    """
    reader = from_here(reader)
    rows = RowReader(reader, fmt)
    rows.read_header()
    codec = rows.codec
    assert isinstance(codec, DelimitedCodec)
    reader = as_utf8(reader, rows)
    header, names = fmt.header, None
    before = codec.before
    if codec.short:
        # pandas lets no row have more fields than the first one that it sees, but for names.
        names = codec.columns if header else range(len(codec.columns))
        header, before = False, rows.first_row
    if before:
        reader.seek(before + rows.mark * (rows.input_encoding == "utf-8"))
        reader = from_here(reader)
    delimiter = codec.delimiter.decode()
    return reader, CsvOptions(delimiter, header=header, skip_space=fmt.skip_space, names=names)


def by_pandas(reader: IO[bytes], options: CsvOptions, rows: int | None = None) -> pd.DataFrame:
    """The frame as pandas alone reads it: what the other parser is held against.

    `rows`: only the first so many.
    """
    try:
        frame: pd.DataFrame = pd.read_csv(reader, **options.for_pandas(), nrows=rows)
    except pd.errors.EmptyDataError:
        return pd.DataFrame()
    except UnicodeDecodeError as error:
        raise Unreadable(
            f"The text is not UTF-8: {error.reason} at byte {error.start:,} of a piece",
            hint="Read the bytes with read_as_binary() and decode them yourself.",
        ) from error
    except (pd.errors.ParserError, ValueError) as error:
        raise Unreadable(f"The rows cannot be read as a table: {error}") from error
    if not isinstance(frame.index, pd.RangeIndex):
        raise Unreadable("The rows cannot be read as a table: the first has more fields than names")
    return frame


def write(writer: IO[bytes], frame: pd.DataFrame, *, delimiter: str, header: bool) -> None:
    """Write `frame` row by row in blocks."""
    # pandas reads unquoted text without its first spaces, and a lone CR as a line's end.
    quoting: Literal[0, 2] = csv.QUOTE_NONNUMERIC if _needs_quotes(frame) else csv.QUOTE_MINIMAL
    frame.to_csv(
        writer,
        sep=delimiter,
        header=header,
        index=False,
        mode="wb",
        encoding="utf-8",
        lineterminator="\n",
        quoting=quoting,
    )


def _needs_quotes(frame: pd.DataFrame) -> bool:
    if any(text.startswith(" ") or "\r" in text for text in map(str, frame.columns)):
        return True
    return any(_has_awkward_text(frame.iloc[:, at]) for at in range(frame.shape[1]))


def _has_awkward_text(column: pd.Series[Any]) -> bool:
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.cat.categories.to_series()
    if not (pd.api.types.is_string_dtype(column.dtype) or column.dtype == object):
        return False
    step = 100_000
    for start in range(0, len(column), step):
        texts = column.iloc[start : start + step]
        if column.dtype == object:
            if any(t[:1] == " " or "\r" in t for t in texts if isinstance(t, str)):
                return True
        elif texts.str.contains(r"^ |\r", regex=True, na=False).any():
            return True
    return False
