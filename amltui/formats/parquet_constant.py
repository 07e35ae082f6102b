"""Columns of Parquet files put together that have one value in each of the files.

Their pages are made here: a dictionary of the one value, and as many references to it as there are
rows, which is some bytes for any number of rows. Minimum and maximum are that value, so who asks
for other values reads no pages of the file.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from amltui.formats.row_fields import unique_names
from amltui.formats.thrift import (
    BINARY,
    I32,
    I64,
    LIST,
    STRUCT,
    Fields,
    number_as_bytes,
    read_struct,
    written,
)

if TYPE_CHECKING:
    import pyarrow as pa

MOST_ROWS: Final = (1 << 30) - 1
"""Rows of a row group at most: their number must fit into a page's header."""
_PLAIN, _RLE, _DICTIONARY = 0, 3, 8
_DATA_PAGE, _DICTIONARY_PAGE = 0, 2
_ARROW_SCHEMA: Final = b"ARROW:schema"
_OF_OTHER_COLUMNS: Final = {
    b"pandas",
    b"org.apache.spark.sql.parquet.row.metadata",
    b"parquet.avro.schema",
}
"""What programs write about the columns of a file, and believe more than the file."""


class ConstantColumns:
    """Columns that come before those of the files."""

    def __init__(self, names: Sequence[str], values: Sequence[pa.Array]) -> None:
        """Take them.

        Args:
            names: of the columns.
            values: of each column the values, one for each file; null where there is none.
        """
        self.names = tuple(names)
        self.renamed: dict[str, str] = {}
        """Columns of the files that have such a name, and what they are called instead."""
        self._values = list(values)
        self._about = [
            [_one_row(name, column.slice(at, 1)) for at in range(len(column))]
            for name, column in zip(names, values, strict=True)
        ]

    def chunks(self, file: int, rows: int, place: int) -> tuple[bytes, list[Fields]]:
        """Pages for rows of a file, and what a row group says of them.

        Args:
            file: its number.
            rows: 0 to `MOST_ROWS`.
            place: the byte at which the pages will lie.
        """
        made, columns = bytearray(), []
        for column, about in zip(self._values, self._about, strict=True):
            pages, column_about = _pages(column.slice(file, 1), rows), dict(about[file][1])
            start, data = place + len(made), place + len(made) + pages[1]
            column_about[5] = (I64, rows)
            column_about[6] = column_about[7] = (I64, len(pages[0]))
            column_about[9] = (I64, data)
            column_about.pop(11, None)
            if pages[1]:
                column_about[11] = (I64, start)
            if 3 in column_about.get(12, (STRUCT, {}))[1]:
                nulls = 0 if column[file].is_valid else rows
                column_about[12] = (STRUCT, column_about[12][1] | {3: (I64, nulls)})
            columns.append({2: (I64, 0), 3: (STRUCT, column_about)})
            made += pages[0]
        return bytes(made), columns

    def added_to(self, footer: Fields) -> None:
        """Put them into a footer, and name `renamed`."""
        root, *elements = footer[2][1][1]
        tops, left = [], 0
        for element in elements:
            if not left:
                tops.append(element)
                left = 1
            left += element.get(5, (I32, 0))[1] - 1
        names = [one[4][1].decode("utf-8", "surrogateescape") for one in tops]
        unique = unique_names([*self.names, *names])[len(self.names) :]
        for top, old, new in zip(tops, names, unique, strict=True):
            if old != new and len(set(names)) == len(names):
                self.renamed[old] = new
                top[4] = (BINARY, new.encode("utf-8", "surrogateescape"))
        root[5] = (I32, root[5][1] + len(self.names))
        own = [about[0][0] for about in self._about]
        footer[2] = (LIST, (STRUCT, [root, *own, *elements]))
        if 7 in footer:
            orders: list[Fields] = [{1: (STRUCT, {})} for _ in own]
            footer[7] = (LIST, (STRUCT, [*orders, *footer[7][1][1]]))
        if 5 in footer:
            kept = [one for one in footer[5][1][1] if one[1][1] not in _OF_OTHER_COLUMNS]
            footer[5] = (LIST, (STRUCT, [*filter(None, map(self._noted, kept))]))

    def names_in(self, group: Fields) -> None:
        """Call columns in a row group as in the footer."""
        for column in group[1][1][1][len(self.names) :]:
            kind, (first, *inner) = column[3][1][3][1]
            name = self.renamed.get(first.decode("utf-8", "surrogateescape"))
            if name is not None:
                first = name.encode("utf-8", "surrogateescape")
            column[3][1][3] = (LIST, (kind, [first, *inner]))

    def _noted(self, pair: Fields) -> Fields | None:
        """A note of a footer with these columns; None: it cannot be kept."""
        import pyarrow as pa

        if pair[1][1] != _ARROW_SCHEMA:
            return pair
        try:
            schema = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(pair[2][1])))
        except (pa.ArrowException, OSError, ValueError, LookupError):
            return None
        fields = list(schema)
        names = unique_names([*self.names, *schema.names])[len(self.names) :]
        fields = [one.with_name(name) for one, name in zip(fields, names, strict=True)]
        own = [
            pa.field(*one) for one in zip(self.names, (x.type for x in self._values), strict=True)
        ]
        whole = pa.schema([*own, *fields], metadata=_without_pandas(schema.metadata))
        data = base64.b64encode(whole.serialize().to_pybytes())
        return {1: (BINARY, _ARROW_SCHEMA), 2: (BINARY, data)}


def _without_pandas(metadata: dict[bytes, bytes] | None) -> dict[bytes, bytes] | None:
    if metadata is None:
        return None
    return {key: value for key, value in metadata.items() if key not in _OF_OTHER_COLUMNS}


def _one_row(name: str, value: Any) -> tuple[Fields, Fields]:
    """What a footer says of a column that has this value: of its type, and of its pages."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    out = io.BytesIO()
    pq.write_table(pa.table({name: value}), out, compression="NONE", store_schema=False)
    data = out.getvalue()
    footer = read_struct(data[-8 - int.from_bytes(data[-8:-4], "little") : -8])
    about = footer[4][1][1][0][1][1][1][0][3][1]
    kept = {number: about[number] for number in (1, 2, 3, 4, 12) if number in about}
    return footer[2][1][1][1], kept


def _pages(value: Any, rows: int) -> tuple[bytes, int]:
    """The pages of a column with one value in all rows, and the length of the dictionary's."""
    import pyarrow as pa

    there = bool(value[0].is_valid)
    run = number_as_bytes(rows << 1)
    levels = run + bytes([there])
    data = len(levels).to_bytes(4, "little") + levels
    coding, dictionary = _PLAIN, b""
    if there and pa.types.is_boolean(value.type):
        full = bytearray((b"\xff" if value[0].as_py() else b"\0") * ((rows + 7) // 8))
        data += bytes(full)
    elif there:
        coding = _DICTIONARY
        data += b"\x01" + run + b"\0"  # references of one bit, all to the first value
        plain = _plain(value)
        about: Fields = {1: (I32, 1), 2: (I32, _PLAIN)}
        dictionary = _page(_DICTIONARY_PAGE, len(plain), 7, about) + plain
    header: Fields = {1: (I32, rows), 2: (I32, coding), 3: (I32, _RLE), 4: (I32, _RLE)}
    return dictionary + _page(_DATA_PAGE, len(data), 5, header) + data, len(dictionary)


def _page(kind: int, size: int, number: int, about: Fields) -> bytes:
    return written({1: (I32, kind), 2: (I32, size), 3: (I32, size), number: (STRUCT, about)})


def _plain(value: Any) -> bytes:
    """A value as a page holds it."""
    import pyarrow as pa

    if pa.types.is_string(value.type):
        text: bytes = value[0].as_py().encode()
        return len(text).to_bytes(4, "little") + text
    width = value.type.bit_width // 8
    return bytes(value.buffers()[1][value.offset * width :][:width])
