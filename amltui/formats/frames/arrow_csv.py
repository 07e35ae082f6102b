"""Parsing large delimited text with Arrow, only where the result is what pandas would give.

pandas reads the first rows and so says what the columns are; Arrow then parses everything on all
cores with those types. Wherever the two could differ the answer is None and pandas reads it all:
ragged rows, quoted fields after spaces, numbers only one of them accepts, bytes that are not UTF-8.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import IO, Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from amltui.formats.frames.options import PANDAS, CsvOptions

_SAMPLE: Final = 256 << 10
_WORTH_IT: Final = 1 << 20
"""Contents below this many bytes are left to pandas: there is nothing to gain."""
_BLOCK: Final = 1 << 20
_TRIES: Final = 4
MISSING: Final = (
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN",
    "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
)  # fmt: skip
"""What pandas takes for a missing value."""
_TRUE: Final = ("True", "TRUE", "true")
_FALSE: Final = ("False", "FALSE", "false")
_COLUMN: Final = re.compile(r"In CSV column #(\d+): CSV conversion error")
_SPACE: Final = r"[ \t\n\v\f\r]*"
_INTEGER: Final = rf"^{_SPACE}[+-]?[0-9]+{_SPACE}$"
_NUMBER: Final = (
    rf"^{_SPACE}[+-]?(([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
    rf"|[iI][nN][fF]([iI][nN][iI][tT][yY])?){_SPACE}$"
)
"""All that pandas takes for a number."""


class _UnsureError(Exception):
    """Arrow and pandas may differ here."""


@dataclass(slots=True)
class ParsedTable:
    """A table whose columns are numbered, and the names that pandas gave them."""

    table: pa.Table
    names: pd.Index[Any]


def read(reader: IO[bytes], options: CsvOptions) -> ParsedTable | None:
    """All that `reader` holds from where it stands, or None: let pandas do it.

    The reader is left anywhere.
    """
    if PANDAS < (3, 0):
        return None  # its text columns are Python objects, not Arrow's
    start = reader.tell()
    head = _read_up_to(reader, _WORTH_IT)
    if len(head) < _WORTH_IT:
        return None
    try:
        sample = _sample(head, options)
        types = [_arrow_type(sample.iloc[:, at]) for at in range(sample.shape[1])]
        quoted = b'"' in head
        for _ in range(_TRIES):
            reader.seek(start + len(head))
            watched = _Watched(head, reader, numbers=pa.int64() in types)
            outcome = _parse(watched, types, options, quoted=quoted)
            if watched.quotes and not quoted:
                quoted = True  # a line's end may have stood in quotes
                continue
            if isinstance(outcome, pa.Table):
                return ParsedTable(outcome, sample.columns)
            types[outcome] = None
    except (_UnsureError, pd.errors.ParserError, UnicodeDecodeError):
        pass
    return None


def frame(parsed: ParsedTable) -> pd.DataFrame:
    """The frame of a table, whose memory it takes over."""
    table, parsed.table = parsed.table, None
    result: pd.DataFrame = table.to_pandas(split_blocks=True, self_destruct=True)
    del table
    result.columns = parsed.names
    return result


def _read_up_to(reader: IO[bytes], count: int) -> bytes:
    pieces = []
    while count > 0 and (piece := reader.read(count)):
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)


def _sample(head: bytes, options: CsvOptions) -> pd.DataFrame:
    end = head.rfind(b"\n", 0, _SAMPLE)
    while end > 0 and head.count(b'"', 0, end) % 2:
        end = head.rfind(b"\n", 0, end)
    if end <= 0:
        raise _UnsureError
    sample: pd.DataFrame = pd.read_csv(io.BytesIO(head[: end + 1]), **options.for_pandas())
    if not isinstance(sample.index, pd.RangeIndex) or sample.shape[1] < 2 or not len(sample):
        raise _UnsureError
    return sample


def _arrow_type(column: pd.Series[Any]) -> pa.DataType | None:
    """The type to parse with; None: as text, and look afterwards."""
    if not column.notna().any():
        return None
    if column.dtype == "int64":
        return pa.int64()
    if column.dtype == "float64":
        return pa.float64()
    if column.dtype == "bool":
        return pa.bool_()
    if isinstance(column.dtype, pd.StringDtype):
        # One value that is no number makes the whole column text.
        if column[column.notna() & ~column.isin(MISSING)].str.match(_NUMBER).all():
            raise _UnsureError  # numbers too large for pandas, which then keeps NA as text
        return pa.large_string()
    raise _UnsureError


class _Watched(io.RawIOBase):
    """A reader that notes what passes: bytes that change what the text means."""

    def __init__(self, head: bytes, rest: IO[bytes], *, numbers: bool) -> None:
        super().__init__()
        self._numbers = numbers
        self._head = memoryview(head)
        self._rest = rest
        self._last = b""
        self.quotes = False
        self.odd = False

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        count = size if size is not None and size >= 0 else _BLOCK
        if self._head:
            piece = bytes(self._head[:count])
            self._head = self._head[count:]
        else:
            piece = self._rest.read(count)
        self.quotes = self.quotes or b'"' in piece
        # A NUL ends a field for pandas, and only Arrow takes 0x1F for a number.
        self.odd = (
            self.odd
            or b"\0" in piece
            or (self._numbers and (_hexadecimal(piece) or _hexadecimal(self._last + piece[:1])))
        )
        self._last = piece[-1:]
        return piece


def _hexadecimal(piece: bytes) -> bool:
    # Looking for one byte first is ten times faster than looking for two.
    return (b"x" in piece and b"0x" in piece) or (b"X" in piece and b"0X" in piece)


def _parse(
    source: _Watched, types: list[pa.DataType | None], options: CsvOptions, *, quoted: bool
) -> pa.Table | int:
    """The table, or the number of a column that is not of its type.

    `quoted`: a line's end may stand in quotes, which costs Arrow half its speed to watch for.
    """
    names = [str(at) for at in range(len(types))]
    try:
        table = pyarrow.csv.read_csv(
            pa.PythonFile(source, mode="r"),
            read_options=pyarrow.csv.ReadOptions(
                block_size=_BLOCK,
                column_names=names,
                skip_rows_after_names=1 if options.header else 0,
            ),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=options.delimiter, newlines_in_values=quoted
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types={
                    name: kind or pa.large_string() for name, kind in zip(names, types, strict=True)
                },
                null_values=list(MISSING),
                true_values=list(_TRUE),
                false_values=list(_FALSE),
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid as error:
        if source.quotes and not quoted:
            return 0  # the caller tries again
        match = _COLUMN.search(str(error))
        if match is None or types[at := int(match.group(1))] in {None, pa.large_string()}:
            raise _UnsureError from None
        return at
    if source.odd:
        raise _UnsureError
    for at, kind in enumerate(types):
        column = _settle(table.column(at), kind, options, quotes=source.quotes)
        if column is not table.column(at):
            table = table.set_column(at, names[at], column)
    return table


def _settle(
    column: pa.ChunkedArray, kind: pa.DataType | None, options: CsvOptions, *, quotes: bool
) -> pa.ChunkedArray:
    """`column` as pandas would have it, given that it parsed as `kind`."""
    if kind is None or kind == pa.large_string():
        if options.skip_space and _any(pc.starts_with(column, " ")):
            if quotes:
                raise _UnsureError  # the space may have stood inside the quotes
            column = pc.utf8_ltrim(column, " ")
            missing = pc.is_in(column, value_set=pa.array(MISSING, pa.large_string()))
            column = pc.if_else(missing, pa.scalar(None, pa.large_string()), column)
        column = _typed(column) if kind is None else column
        if column.type == pa.large_string() and _begins_with_a_number(column):
            # One too large for pandas may follow: then it keeps missing values as text.
            raise _UnsureError
        return column
    if kind == pa.bool_() and column.null_count:
        raise _UnsureError
    if kind == pa.float64() and _any(pc.is_nan(column)):
        raise _UnsureError  # a spelling of NaN that pandas takes for text
    if kind == pa.float64() and _may_be_large(column):
        raise _UnsureError  # beside missing values pandas takes these for text
    if kind == pa.int64() and column.null_count:
        return column.cast(pa.float64(), safe=False)
    return column


def _typed(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A text column with the type that pandas infers over its whole length."""
    if column.null_count == len(column):
        return column.cast(pa.float64())
    if _all(pc.match_substring_regex(column, _INTEGER)):
        whole = _cast(pc.replace_substring_regex(column, r"[ \t\n\v\f\r+]", ""), pa.int64())
        return whole.cast(pa.float64(), safe=False) if column.null_count else whole
    if not _all(pc.match_substring_regex(column, _NUMBER)):
        words = pa.array((*_TRUE, *_FALSE), pa.large_string())
        if _all(pc.is_in(column.drop_null(), value_set=words)):
            raise _UnsureError
        return column
    result = _cast(pc.utf8_trim(column, " \t\n\v\f\r"), pa.float64())
    if _any(pc.is_nan(result)) or _may_be_large(result):
        raise _UnsureError
    return result


def _may_be_large(column: pa.ChunkedArray) -> bool:
    """Whether there are missing values and a number that as a whole one has no 64 bits.

    How it was written is not known here: `1e20` alone would be no reason.
    """
    finite = pc.and_(pc.is_finite(column), pc.greater_equal(pc.abs(column), 2.0**63))
    return bool(column.null_count) and _any(finite)


def _begins_with_a_number(column: pa.ChunkedArray) -> bool:
    present = (chunk.drop_null() for chunk in column.chunks)
    first = next((chunk[0] for chunk in present if len(chunk)), None)
    return first is not None and bool(re.match(_INTEGER, first.as_py()))


def _cast(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    try:
        return column.cast(kind)
    except pa.ArrowInvalid:
        raise _UnsureError from None


def _any(flags: pa.ChunkedArray) -> bool:
    return bool(pc.any(flags).as_py())


def _all(flags: pa.ChunkedArray) -> bool:
    return bool(pc.all(flags).as_py())
