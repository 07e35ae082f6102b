"""Thrift in its compact form, taken apart only as far as a Parquet file's footer needs."""

from __future__ import annotations

from typing import Any, Final

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY = range(1, 9)
LIST, SET, MAP, STRUCT = 9, 10, 11, 12
"""Types of fields. The numbers of fields are the reader's to know."""
_DEEPEST: Final = 64

Fields = dict[int, tuple[int, Any]]
"""A struct: by the number of a field its type and value."""


class NotThrift(ValueError):
    """These bytes are no struct."""


def read_struct(data: bytes) -> Fields:
    """The struct that bytes begin with.

    Raises:
        NotThrift: they begin with none.
    """
    try:
        return _Reader(data).struct()
    except (LookupError, RecursionError):
        raise NotThrift from None


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._deep = 0

    def struct(self) -> Fields:
        self._deep += 1
        if self._deep > _DEEPEST:
            raise NotThrift
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
            raise NotThrift
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
                raise NotThrift

    def _signed(self) -> int:
        value = self._number()
        return (value >> 1) ^ -(value & 1)

    def _value(self, kind: int) -> Any:  # noqa: PLR0911 - one for each type
        if kind in {TRUE, FALSE}:
            return kind == TRUE
        if kind == BYTE:
            return self._byte()
        if kind in {I16, I32, I64}:
            return self._signed()
        if kind == DOUBLE:
            return self._bytes(8)
        if kind == BINARY:
            return self._bytes(self._number())
        if kind in {LIST, SET}:
            head = self._byte()
            inner = head & 15
            count = head >> 4 if head >> 4 < 15 else self._number()
            return inner, [self._element(inner) for _ in range(self._counted(count))]
        if kind == MAP:
            count = self._number()
            if not count:
                return 0, 0, []
            both = self._byte()
            key, value = both >> 4, both & 15
            pairs = range(self._counted(count))
            return key, value, [(self._element(key), self._element(value)) for _ in pairs]
        if kind == STRUCT:
            return self.struct()
        raise NotThrift

    def _counted(self, count: int) -> int:
        if count > len(self._data) - self._at:  # each takes a byte at least
            raise NotThrift
        return count

    def _element(self, kind: int) -> Any:
        return self._byte() if kind in {TRUE, FALSE} else self._value(kind)


def written(fields: Fields) -> bytes:
    """A struct as bytes."""
    out = bytearray()
    _write_struct(out, fields)
    return bytes(out)


def _write_struct(out: bytearray, fields: Fields) -> None:
    before = 0
    for number in sorted(fields):
        kind, value = fields[number]
        if kind in {TRUE, FALSE}:
            kind = TRUE if value else FALSE
        if 0 < number - before < 16:
            out.append((number - before) << 4 | kind)
        else:
            out.append(kind)
            _write_signed(out, number)
        before = number
        if kind not in {TRUE, FALSE}:
            _write(out, kind, value)
    out.append(0)


def _write(out: bytearray, kind: int, value: Any) -> None:  # noqa: C901 - one for each type
    if kind in {TRUE, FALSE, BYTE}:  # of a list: a field's own truth is its type
        out.append(value)
    elif kind in {I16, I32, I64}:
        _write_signed(out, value)
    elif kind == DOUBLE:
        out += value
    elif kind == BINARY:
        _write_number(out, len(value))
        out += value
    elif kind in {LIST, SET}:
        inner, items = value
        out.append((min(len(items), 15) << 4) | inner)
        if len(items) >= 15:
            _write_number(out, len(items))
        for item in items:
            _write(out, inner, item)
    elif kind == MAP:
        key, inner, pairs = value
        _write_number(out, len(pairs))
        if pairs:
            out.append(key << 4 | inner)
        for first, second in pairs:
            _write(out, key, first)
            _write(out, inner, second)
    else:
        _write_struct(out, value)


def number_as_bytes(value: int) -> bytes:
    """A number that is not negative, seven bits in each byte."""
    out = bytearray()
    _write_number(out, value)
    return bytes(out)


def _write_number(out: bytearray, value: int) -> None:
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)


def _write_signed(out: bytearray, value: int) -> None:
    _write_number(out, value << 1 if value >= 0 else (-value << 1) - 1)
