"""Data frames to bytes and back: the only package that imports pandas, and only when called.

What a round trip keeps (pandas 3): text, whole numbers, floats to the last bit, booleans, column
names that are text, and the order of rows and columns. What text formats do not carry:

- the index: it is not written;
- dates, times, durations and categories come back as text (`pandas.to_datetime` reads them);
- missing values: None, NaN, NaT and NA come back as NaN; whole numbers or booleans with missing
  values come back as floats or objects, as pandas reads them;
- "" and the words that pandas takes for missing (`NA`, `null`, `None`, ...) come back as NaN;
- text that reads as numbers or booleans in a whole column comes back as those: `007` as 7;
- column names that are numbers come back as text, duplicates get `.1`; without a header the
  columns are numbered from 0;
- a header that is one name short, as R writes it with row names, names the first column
  `Unnamed: 0`; pandas makes that column the index, which no type can be written with:
  `frame.set_index("Unnamed: 0")` is what the old client gave. Where the last field of every row
  is empty, the last column has no name instead;
- PlainText has one column, 0: each line as it stands, also numbers and blank lines; writing joins
  all columns of a row.

ARFF carries the types: numbers, text, dates, booleans as nominal {False, True}, and categories.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

from amltui.errors import UnsupportedDataType
from amltui.formats import Format, format_of

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["deserialize_dataframe", "deserialize_table", "is_supported", "serialize_dataframe"]


def is_supported(data_type_id: str) -> bool:
    """Whether frames can be read from and written to this data type.

    >>> is_supported("GenericCSV"), is_supported("Zip")
    (True, False)

    Raises:
        TypeError: `data_type_id` is None or empty.
    """
    if not data_type_id:
        raise TypeError('"data_type_id" should not be None or empty.')
    fmt = format_of(data_type_id)
    return fmt.to_frame and fmt.from_frame


def serialize_dataframe(writer: IO[bytes], data_type_id: str, dataframe: pd.DataFrame) -> None:
    r"""Write `dataframe` to `writer`, a binary file, piece by piece: never whole in memory.

    `dataframe` is a frame of pandas, or a table that gives itself out by Arrow's C stream, as those
    of polars, pyarrow and DuckDB do; whole numbers stay exact beside missing values. The text is
    UTF-8 with a line feed at the end of each line; the index is not written.

    >>> import io, pandas
    >>> file = io.BytesIO()
    >>> serialize_dataframe(file, "GenericTSV", pandas.DataFrame({"a": [1], "b": ["x y"]}))
    >>> file.getvalue()
    b'a\tb\n1\tx y\n'

    Raises:
        TypeError: an argument is None or empty, or no frame where one is wanted.
        UnsupportedDataType: no frame can be written as this type.
    """
    if writer is None:
        raise TypeError('"writer" should not be None.')
    fmt = _format(data_type_id)
    if dataframe is None:
        raise TypeError('"dataframe" should not be None.')
    if not hasattr(dataframe, "iloc"):
        dataframe = _as_pandas(dataframe)
    if fmt.kind == "plain":
        from amltui.formats.frames import plain

        plain.write(writer, dataframe)
    elif fmt.kind == "arff":
        from amltui.formats.frames import arff

        arff.write(writer, dataframe)
    else:
        from amltui.formats.frames import delimited

        delimited.write(writer, dataframe, delimiter=fmt.delimiter, header=fmt.header)


def deserialize_dataframe(reader: IO[bytes], data_type_id: str) -> pd.DataFrame:
    r"""A frame of what `reader`, a binary file, holds from where it stands.

    A seekable reader is parsed while it is read, so contents are never held twice. No bytes at
    all are a frame without columns.

    >>> import io
    >>> deserialize_dataframe(io.BytesIO(b"a,b\n1, x\n2,\n"), "GenericCSV")
       a    b
    0  1    x
    1  2  NaN

    Raises:
        TypeError: an argument is None or empty.
        UnsupportedDataType: no frame can be read from this type.
        Unreadable: the bytes are not what the type says.
    """
    if reader is None:
        raise TypeError('"reader" should not be None.')
    fmt = _format(data_type_id)
    if fmt.kind == "plain":
        from amltui.formats.frames import plain

        return plain.read(reader)
    if fmt.kind == "arff":
        from amltui.formats.frames import arff

        return arff.read(reader)
    from amltui.formats.frames import delimited

    return delimited.read(reader, fmt)


def deserialize_table(reader: IO[bytes], data_type_id: str, *, rows: int | None = None) -> pa.Table:
    """As `deserialize_dataframe`, as an Arrow table; missing values are nulls.

    `rows`: of a text at least so many of the first are given, and little more is read.
    """
    from amltui.formats.frames import delimited

    fmt = _format(data_type_id)
    if fmt.kind == "delimited":
        return delimited.read_table(reader, fmt, rows)
    if fmt.kind == "plain" and rows is not None:
        from amltui.formats.frames import plain

        return delimited.as_arrow(plain.read(reader, rows))
    return delimited.as_arrow(deserialize_dataframe(reader, data_type_id))


def _as_pandas(table: Any) -> pd.DataFrame:
    if not hasattr(table, "__arrow_c_stream__"):
        raise TypeError(
            f'"dataframe" should be a pandas DataFrame or Arrow table, not {type(table).__name__}.'
        )
    import pandas as pd
    import pyarrow as pa

    def exact(kind: pa.DataType) -> pd.ArrowDtype | None:
        # pandas' own types make floats of whole numbers beside missing values.
        whole = pa.types.is_integer(kind) or pa.types.is_boolean(kind)
        return pd.ArrowDtype(kind) if whole else None

    given = pa.table(table)
    # pyarrow's kernels do not know polars' views of text.
    text = pa.schema(
        field.with_type(pa.large_string()) if pa.types.is_string_view(field.type) else field
        for field in given.schema
    )
    frame: pd.DataFrame = given.cast(text).to_pandas(types_mapper=exact)
    return frame


def _format(data_type_id: str) -> Format:
    if not data_type_id:
        raise TypeError('"data_type_id" should not be None or empty.')
    if not is_supported(data_type_id):
        raise UnsupportedDataType(data_type_id)
    return format_of(data_type_id)
