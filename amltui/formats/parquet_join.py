"""Several Parquet files of one schema as one: their pages as they lie, with one footer.

A footer says where each column's pages are in its file. Put behind each other the pages are
elsewhere, so a new footer is written that says where; no page is read, unpacked or changed. The
footer is Thrift in its compact form, which is taken apart only as far as that needs: what is not
known here is kept as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

MAGIC: Final = b"PAR1"
TAIL: Final = 8
"""Bytes at a file's end that say how long its footer is."""
LARGEST: Final = 64 << 20
"""Bytes of all footers together that are put together."""

_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY = range(1, 9)
_LIST, _SET, _MAP, _STRUCT = 9, 10, 11, 12
_DEEPEST: Final = 64

_SCHEMA, _ROWS, _GROUPS, _ENCRYPTION = 2, 3, 4, 8  # of the footer
_COLUMNS, _GROUP_ROWS, _GROUP_OFFSET, _ORDINAL = 1, 3, 5, 7  # of a row group
_PATH, _CHUNK_OFFSET, _ABOUT, _INDEXES = 1, 2, 3, (4, 5, 6, 7)  # of a column in it
_OFFSETS: Final = (9, 10, 11, 14)  # of what is said about that: pages, dictionary, filter

Fields = dict[int, tuple[int, Any]]
"""A struct: by the number of a field its type and value."""


class NotParquet(ValueError):
    """These are not the last bytes of a Parquet file that can be put together with others."""


@dataclass(frozen=True, slots=True)
class Joined:
    """How files become one: `MAGIC`, the bytes `kept` of each, and the footer."""

    kept: tuple[tuple[int, int], ...]
    """Of each file, from where to before where."""
    footer: bytes
    """With its length and the end mark."""
    rows: int


def footer_length(tail: bytes) -> int:
    """How many bytes before the last `TAIL` ones are the footer.

    Raises:
        NotParquet: it is no such file, or its footer is encrypted.
    """
    if len(tail) < TAIL or tail[-4:] != MAGIC:
        raise NotParquet
    return int.from_bytes(tail[-8:-4], "little")


def joined(files: Sequence[tuple[int, bytes]]) -> Joined | None:
    """Files, each its size and its footer, as one. None: they differ in their schemas.

    Raises:
        NotParquet: one of them is damaged, encrypted, or keeps its columns in other files.
    """
    try:
        return _joined(files)
    except (TypeError, AttributeError, LookupError, RecursionError):
        raise NotParquet from None  # a footer whose fields are of other types


def _joined(files: Sequence[tuple[int, bytes]]) -> Joined | None:
    whole: Fields | None = None
    groups: list[Fields] = []
    kept: list[tuple[int, int]] = []
    rows, place = 0, len(MAGIC)
    for size, footer in files:
        about = _Reader(footer).struct()
        end = size - TAIL - len(footer)
        if _ENCRYPTION in about or end < len(MAGIC):
            raise NotParquet
        if whole is None:
            whole = about
        elif about.get(_SCHEMA) != whole.get(_SCHEMA):
            return None
        for group in _value(about, _GROUPS, (_STRUCT, []))[1]:
            groups.append(_moved(group, place - len(MAGIC), len(groups)))
        rows += _value(about, _ROWS, 0)
        kept.append((len(MAGIC), end))
        place += end - len(MAGIC)
    if whole is None:
        raise NotParquet
    whole[_ROWS] = (_I64, rows)
    whole[_GROUPS] = (_LIST, (_STRUCT, groups))
    made = _written(whole)
    return Joined(tuple(kept), made + len(made).to_bytes(4, "little") + MAGIC, rows)


def _moved(group: Fields, by: int, number: int) -> Fields:
    """A row group whose pages lie `by` bytes further on."""
    for column in _value(group, _COLUMNS, (_STRUCT, []))[1]:
        if _PATH in column:
            raise NotParquet
        for one in _INDEXES:  # they name places of pages themselves, and nobody needs them
            column.pop(one, None)
        _add(column, _CHUNK_OFFSET, by)
        about = _value(column, _ABOUT, None)
        if about is None:
            raise NotParquet
        for one in _OFFSETS:
            _add(about, one, by)
    _add(group, _GROUP_OFFSET, by)
    if _ORDINAL in group:
        group[_ORDINAL] = (_I16, number)
        if number > 0x7FFF:
            del group[_ORDINAL]
    return group


def _value(fields: Fields, number: int, otherwise: Any) -> Any:
    return fields[number][1] if number in fields else otherwise


def _add(fields: Fields, number: int, by: int) -> None:
    if number in fields:
        kind, value = fields[number]
        # Some writers leave 0 where a place is not said.
        fields[number] = (kind, value + by if value else value)


# Thrift, in its compact form


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._deep = 0

    def struct(self) -> Fields:
        self._deep += 1
        if self._deep > _DEEPEST:
            raise NotParquet
        fields: Fields = {}
        number = 0
        while head := self._byte():
            kind = head & 15
            number = number + (head >> 4) if head >> 4 else self._signed()
            fields[number] = (kind, self._value(kind))
        self._deep -= 1
        return fields

    def _byte(self) -> int:
        value = self._data[self._at]
        self._at += 1
        return value

    def _bytes(self, count: int) -> bytes:
        if count > len(self._data) - self._at:
            raise NotParquet
        self._at += count
        return self._data[self._at - count : self._at]

    def _number(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
            if shift > 63:
                raise NotParquet

    def _signed(self) -> int:
        value = self._number()
        return (value >> 1) ^ -(value & 1)

    def _value(self, kind: int) -> Any:  # noqa: PLR0911 - one for each type
        if kind in {_TRUE, _FALSE}:
            return kind == _TRUE
        if kind == _BYTE:
            return self._byte()
        if kind in {_I16, _I32, _I64}:
            return self._signed()
        if kind == _DOUBLE:
            return self._bytes(8)
        if kind == _BINARY:
            return self._bytes(self._number())
        if kind in {_LIST, _SET}:
            head = self._byte()
            inner = head & 15
            count = head >> 4 if head >> 4 < 15 else self._number()
            return inner, [self._element(inner) for _ in range(self._counted(count))]
        if kind == _MAP:
            count = self._number()
            if not count:
                return 0, 0, []
            both = self._byte()
            key, value = both >> 4, both & 15
            pairs = range(self._counted(count))
            return key, value, [(self._element(key), self._element(value)) for _ in pairs]
        if kind == _STRUCT:
            return self.struct()
        raise NotParquet

    def _counted(self, count: int) -> int:
        if count > len(self._data) - self._at:  # each takes a byte at least
            raise NotParquet
        return count

    def _element(self, kind: int) -> Any:
        return self._byte() if kind in {_TRUE, _FALSE} else self._value(kind)


def _written(fields: Fields) -> bytes:
    out = bytearray()
    _write_struct(out, fields)
    return bytes(out)


def _write_struct(out: bytearray, fields: Fields) -> None:
    before = 0
    for number in sorted(fields):
        kind, value = fields[number]
        if kind in {_TRUE, _FALSE}:
            kind = _TRUE if value else _FALSE
        if 0 < number - before < 16:
            out.append((number - before) << 4 | kind)
        else:
            out.append(kind)
            _write_signed(out, number)
        before = number
        if kind not in {_TRUE, _FALSE}:
            _write(out, kind, value)
    out.append(0)


def _write(out: bytearray, kind: int, value: Any) -> None:  # noqa: C901 - one for each type
    if kind in {_TRUE, _FALSE, _BYTE}:  # of a list: a field's own truth is its type
        out.append(value)
    elif kind in {_I16, _I32, _I64}:
        _write_signed(out, value)
    elif kind == _DOUBLE:
        out += value
    elif kind == _BINARY:
        _write_number(out, len(value))
        out += value
    elif kind in {_LIST, _SET}:
        inner, items = value
        out.append((min(len(items), 15) << 4) | inner)
        if len(items) >= 15:
            _write_number(out, len(items))
        for item in items:
            _write(out, inner, item)
    elif kind == _MAP:
        key, inner, pairs = value
        _write_number(out, len(pairs))
        if pairs:
            out.append(key << 4 | inner)
        for first, second in pairs:
            _write(out, key, first)
            _write(out, inner, second)
    else:
        _write_struct(out, value)


def _write_number(out: bytearray, value: int) -> None:
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)


def _write_signed(out: bytearray, value: int) -> None:
    _write_number(out, value << 1 if value >= 0 else (-value << 1) - 1)
