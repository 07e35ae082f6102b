"""ARFF to typed frames and back: the file's header says what the columns are.

numeric and real become float64, integer int64 where none is missing, string text, date
datetime64, nominal a category with the declared values in their order.
"""

from __future__ import annotations

import re
from typing import IO, Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from amltui.errors import Unreadable
from amltui.formats.arff import ArffCodec, Attribute
from amltui.formats.frames.options import PANDAS
from amltui.formats.frames.streams import from_here
from amltui.formats.many_cells import MOST_IN_FRAME, are_too_many, too_many
from amltui.formats.reader import RowReader
from amltui.formats.registry import format_of
from amltui.models import DataTypeIds

_ESCAPES: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ISO: Final = "yyyy-MM-dd'T'HH:mm:ss"
_PLAIN_WORD: Final = re.compile(r"[^\s,{}'\"%\\?]+")
_ROWS: Final = 50_000


def read(reader: IO[bytes]) -> pd.DataFrame:
    """The frame of an ARFF file.

    Raises:
        Unreadable: no header, an unknown attribute type, or a row that does not fit the header.
        TooManyCells: sparse rows are more cells than a frame should have, see `many_cells`.
    """
    rows = RowReader(from_here(reader), format_of(DataTypeIds.ARFF))
    rows.read_header()
    assert isinstance(rows.codec, ArffCodec)
    attributes = rows.codec.attributes
    batches = []
    count = 0
    for block, parsed in rows.parsed():
        count += parsed.batch.num_rows
        if are_too_many(count, len(attributes), block.stop, MOST_IN_FRAME):
            raise too_many(count, len(attributes), "the first ")
        if parsed.malformed:
            bad = parsed.malformed[0]
            raise Unreadable(f"Line {bad.line:,} is not a row of this ARFF file: {bad.reason}")
        batches.append(parsed.batch)
    if not attributes:
        raise Unreadable("There is no @attribute line: this is not ARFF, or only its beginning")
    made = []
    for at, attribute in enumerate(attributes):
        cells = pa.chunked_array([batch.column(at) for batch in batches], type=pa.string())
        made.append(_column(attribute, cells))
    frame = pd.concat(made, axis=1)
    frame.columns = pd.Index([attribute.name for attribute in attributes])
    return frame


def _column(attribute: Attribute, cells: pa.ChunkedArray) -> pd.Series[Any]:
    if attribute.kind in {"string", "relational"}:
        return _texts(cells)
    if attribute.kind == "nominal":
        values = pd.Index(list(dict.fromkeys(attribute.values)), dtype="str")
        strange = set(cells.unique().to_pylist()) - set(attribute.values) - {None}
        if strange:
            raise Unreadable(
                f"{attribute.name!r} holds {min(strange)!r}, which its header does not declare"
            )
        return pd.Series(pd.Categorical(cells.to_pandas(), categories=values))
    try:
        if attribute.kind == "date":
            return pd.to_datetime(_texts(cells), format="ISO8601")
        if attribute.kind != "numeric":
            raise Unreadable(f"The attribute type {attribute.kind[:40]!r} is not known")
        whole = attribute.detail.lower().startswith("integer") and not cells.null_count
        # Arrow takes 0x1F for a whole number; nobody else does.
        if whole and not pc.any(pc.match_substring(cells, "x", ignore_case=True)).as_py():
            return pd.Series(cells.cast(pa.int64()).to_pandas())
        return pd.Series(cells.cast(pa.float64()).to_pandas())
    except (ValueError, pa.ArrowInvalid) as error:
        raise Unreadable(f"{attribute.name!r} is not {attribute.kind}: {error}") from error


def _texts(cells: pa.ChunkedArray) -> pd.Series[Any]:
    # pandas 2 would write None out as a word where it is told `str`.
    texts: pd.Series[Any] = pd.Series(
        cells.to_pandas(), dtype="str" if PANDAS >= (3, 0) else "object"
    )
    return texts


def write(writer: IO[bytes], frame: pd.DataFrame) -> None:
    """Write `frame` with the ARFF type nearest to each column's."""
    columns = [frame.iloc[:, at] for at in range(frame.shape[1])]
    kinds = [_declared(column) for column in columns]
    head = ["@relation data", ""]
    for name, kind in zip(frame.columns, kinds, strict=True):
        head.append(f"@attribute {_quoted(str(name))} {kind}")
    writer.write("\n".join([*head, "", "@data", ""]).encode())
    for start in range(0, len(frame), _ROWS):
        part = [
            _written(column.iloc[start : start + _ROWS], kind)
            for column, kind in zip(columns, kinds, strict=True)
        ]
        rows = zip(*part, strict=True)
        writer.write("".join(f"{','.join(row)}\n" for row in rows).encode())


def _declared(column: pd.Series[Any]) -> str:
    kind = column.dtype
    if isinstance(kind, pd.CategoricalDtype):
        return "{" + ",".join(_quoted(str(value)) for value in kind.categories) + "}"
    if pd.api.types.is_bool_dtype(kind):
        return "{False,True}"
    if pd.api.types.is_integer_dtype(kind):
        return "integer"
    if pd.api.types.is_float_dtype(kind):
        return "numeric"
    if pd.api.types.is_datetime64_any_dtype(kind):
        return f'date "{_ISO}"'
    return "string"


def _written(column: pd.Series[Any], kind: str) -> list[str]:
    missing = column.isna().tolist()
    if kind in {"integer", "numeric"}:
        texts = [repr(cell) for cell in column.tolist()]
    elif kind.startswith("date"):
        texts = [f'"{text}"' for text in column.dt.strftime("%Y-%m-%dT%H:%M:%S")]
    else:
        texts = [_quoted(str(cell)) for cell in column.tolist()]
    return ["?" if gone else text for text, gone in zip(texts, missing, strict=True)]


def _quoted(text: str) -> str:
    if _PLAIN_WORD.fullmatch(text) and not text.startswith("@"):
        return text
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    for char, written in _ESCAPES.items():
        escaped = escaped.replace(char, written)
    return f"'{escaped}'"
