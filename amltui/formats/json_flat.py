"""JSON Lines of flat objects, whole blocks at once: the fast path of `json_lines`.

Most lines of a file name the same keys in the same order, and their values are numbers, plain
texts, true, false or null. What stands between the values is then the same in each line, so where
values begin and end is found for all lines together. A line is taken only if every byte of it is
accounted for; all others are left to the reader that decodes line by line.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa

from amltui.formats.arrays import strings
from amltui.formats.scan import Positions, as_array

_SHAPES: Final = 8
"""Orders of keys that are tried in a block."""
_FEW: Final = 32
"""Lines that are not worth a try of their own."""
_MOST_COUNTED: Final = 32
"""Keys up to which counting them is faster than decoding."""
_QUOTE, _CLOSE, _COMMA, _COLON, _SPACE = b'"},: '
_WORDS: Final = strings(["true", "false", "null"])
_NUMBER: Final = r"^-?(?:0|[1-9][0-9]{0,299})(?:\.[0-9]{1,299})?(?:[eE][+-]?[0-9]{1,2})?$"
"""Longer numbers are left to the other reader."""
_LONGEST: Final = 300
_ZERO: Final = ord("0")


@dataclass(frozen=True, slots=True)
class Flat:
    """Columns of a block, and which of its lines they hold; other rows of them mean nothing."""

    arrays: list[Any]
    taken: Any


def has_no_other_keys(data: bytes, keys: Collection[str]) -> bool:
    """Whether all keys in `data`, at any depth, are among `keys`; False may also mean unsure."""
    if len(keys) > _MOST_COUNTED or b"\\" in data or not all(map(_is_plain, keys)):
        return False
    # Where no colon comes after a space, each quote before one ends a key.
    array = as_array(data)
    colons = np.flatnonzero(array == _COLON)
    before = array[colons - 1]
    if np.count_nonzero(before > _SPACE) < len(before):
        return False
    ends = colons[before == _QUOTE]
    named = [b'"%s":' % key.encode() for key in keys]
    # Most often all lines have the same keys in the same order.
    if (
        named
        and len(ends) % len(named) == 0
        and all(
            _stands(array, name, ends[place :: len(named)] - len(name) + 1).all()
            for place, name in enumerate(named)
        )
    ):
        return True
    return bool(len(ends) == sum(data.count(name) for name in named))


def read_flat(
    data: bytes,
    array: Any,
    starts: Positions,
    ends: Positions,
    places: Mapping[str, int],
    width: int,
) -> Flat | None:
    """The lines of a block that are flat objects; None where none can be told to be.

    Args:
        data: the block, in UTF-8.
        array: its bytes.
        starts: where its lines begin.
        ends: after their last bytes, without the line ends.
        places: the column of each key.
        width: how many columns there are.
    """
    count = len(starts)
    # A backslash may hide a quote; other control characters are not allowed in texts.
    if not count or b"\\" in data or _controls(array) > data.count(b"\n") + data.count(b"\r"):
        return None
    found = _Found(array, count, width)
    rest = np.arange(count)
    for _ in range(_SHAPES):
        if len(rest) < _FEW and len(rest) < count:
            break
        shape = _shape_of(data[int(starts[rest[0]]) : int(ends[rest[0]])])
        if shape is None:
            break
        matched = found.match(shape, starts[rest], ends[rest], rest, places)
        if np.count_nonzero(matched) * 10 < len(rest):
            break
        rest = rest[~matched]
        if not len(rest):
            break
    if len(rest) == count:
        return None
    return found.columns(data, starts)


def _controls(array: Any) -> int:
    return int(np.count_nonzero(array < _SPACE))


@dataclass(frozen=True, slots=True)
class _Shape:
    """What stands before each value of a line."""

    keys: tuple[str, ...]
    before: tuple[bytes, ...]


def _shape_of(line: bytes) -> _Shape | None:
    try:
        keys = tuple(msgspec.json.decode(line, type=dict[str, msgspec.Raw]))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not keys or not all(map(_is_plain, keys)):
        return None
    first = b'{"%s":' % keys[0].encode()
    if not line.startswith(first):
        return None
    space = b" " if line.startswith(b" ", len(first)) else b""
    named = [b'"%s":%s' % (key.encode(), space) for key in keys]
    before = [b"{" + named[0], *(b"," + space + one for one in named[1:])]
    return _Shape(keys, tuple(before))


def _is_plain(key: str) -> bool:
    return '"' not in key and "\\" not in key and min(key, default=" ") >= " "


class _Found:
    """Where the values of a block begin and end, by column and line."""

    def __init__(self, array: Any, count: int, width: int) -> None:
        self._array = array
        self._quotes = np.append(np.flatnonzero(array == _QUOTE), len(array))
        ends = (array == _COMMA) | (array == _CLOSE)
        self._ends = np.append(np.flatnonzero(ends), len(array))
        self._first: list[Any] = [None] * width
        self._last: list[Any] = [None] * width
        self._count = count
        self.taken = np.zeros(count, dtype=np.bool_)

    def match(
        self,
        shape: _Shape,
        starts: Positions,
        ends: Positions,
        rows: Positions,
        places: Mapping[str, int],
    ) -> Any:
        """Which of some lines have a shape; where their values are is noted."""
        array, last = self._array, len(self._array) - 1
        good = np.ones(len(starts), dtype=np.bool_)
        at = starts.astype(np.int64)
        spans = []
        for before in shape.before:
            good &= _stands(array, before, at)
            at = np.minimum(at + len(before), last)
            text = array[np.minimum(at, last)] == _QUOTE
            spans.append((at + text, self._value_ends(at, text)))
            at = np.minimum(spans[-1][1] + text, last)
        good &= (array[at] == _CLOSE) & (at + 1 == ends)
        taken = rows[good]
        self.taken[taken] = True
        for key, (first, after) in zip(shape.keys, spans, strict=True):
            place = places.get(key)
            if place is None:
                continue
            if self._first[place] is None:
                self._first[place] = np.full(self._count, -1, dtype=np.int64)
                self._last[place] = np.full(self._count, -1, dtype=np.int64)
            self._first[place][taken] = first[good]
            self._last[place][taken] = after[good]
        return good

    def _value_ends(self, at: Positions, text: Any) -> Positions:
        """Where values end that begin at the places `at`; `text`: which of them are in quotes."""
        if text.all():
            return _next(self._quotes, at + 1)
        ends = _next(self._ends, at)
        return np.where(text, _next(self._quotes, at + 1), ends) if text.any() else ends

    def columns(self, data: bytes, starts: Positions) -> Flat:
        """The values as texts."""
        buffer = pa.py_buffer(data)
        evens = pa.array(np.arange(0, 2 * self._count, 2, dtype=np.int32))
        arrays = [self._column(buffer, starts, evens, at) for at in range(len(self._first))]
        return Flat(arrays, self.taken)

    def _column(self, buffer: Any, starts: Positions, evens: Any, place: int) -> Any:
        first, last = self._first[place], self._last[place]
        if first is None:
            return pa.nulls(self._count, pa.string())
        absent = first < 0
        first = np.where(absent, starts, first)
        import pyarrow.compute as pc  # the first rows of other texts do without it

        last = np.where(absent, starts, last)
        offsets = np.empty(2 * self._count + 1, dtype=np.int32)
        # Values and what is between them, in turns: both without a copy of the bytes.
        offsets[0:-1:2], offsets[1::2], offsets[-1] = first, last, last[-1]
        parts = pa.StringArray.from_buffers(2 * self._count, pa.py_buffer(offsets), buffer)
        values = parts.take(evens)
        bare = ~absent & (self._array[first - 1] != _QUOTE)
        if not bare.any():
            missing = absent
        else:
            scalars = values if bare.all() else values.filter(pa.array(bare))
            missing = absent
            if not _are_plain_numbers(scalars):
                words = _numpy(pc.is_in(scalars, _WORDS))
                fits = words
                if not words.all():
                    fits = words | _numpy(pc.match_substring_regex(scalars, _NUMBER))
                self.taken[np.flatnonzero(bare)[~fits]] = False
                if words.any():
                    missing = absent.copy()
                    missing[bare] |= _numpy(pc.equal(scalars, "null"))
        return values if not missing.any() else pc.if_else(pa.array(missing), None, values)


def _stands(array: Any, text: bytes, at: Positions) -> Any:
    """Where `text`, which has no zeros, stands in a block at the places `at`."""
    size, room = len(text), len(array) - len(text)
    if room < 0:
        return np.zeros(len(at), dtype=np.bool_)
    # What stands at each byte, as one text: nothing is copied but what is looked at.
    windows: Any = np.ndarray((room + 1,), f"S{size}", array, strides=(1,))
    return (windows[np.clip(at, 0, room)] == text) & (at <= room)


def _next(places: Positions, at: Positions) -> Positions:
    """The first of some places, in order, that is not before each of `at`."""
    found: Positions = places[np.searchsorted(places, at)]
    return found


def _are_plain_numbers(texts: Any) -> bool:
    """Whether all texts are digits, without a zero that a number has no need of; cheap to see."""
    offsets = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset :][: len(texts) + 1]
    lengths = np.diff(offsets)
    if not lengths.all() or lengths.max() > _LONGEST:
        return False
    digits = np.frombuffer(texts.buffers()[2], np.uint8)[offsets[0] : offsets[-1]] - _ZERO
    zeros = digits[offsets[:-1] - offsets[0]] == 0
    return bool(digits.max() < 10 and not (zeros & (lengths > 1)).any())


def _numpy(flags: Any) -> Any:
    return flags.to_numpy(zero_copy_only=False)


def with_others(flat: Flat, others: Sequence[Any]) -> list[Any]:
    """The columns with the lines that were not taken from `others`, in which only these are."""
    count = len(flat.taken)
    order = np.arange(count)
    order[~flat.taken] = count + np.arange(count - int(flat.taken.sum()))
    chosen = pa.array(order)
    return [
        pa.concat_arrays([ours, theirs]).take(chosen)
        for ours, theirs in zip(flat.arrays, others, strict=True)
    ]
