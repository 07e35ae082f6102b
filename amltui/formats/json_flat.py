"""JSON Lines of flat objects, whole blocks at once: the fast path of `json_lines`.

Most lines of a file name the same keys in the same order, and their values are numbers, plain
texts, true, false or null. What stands between the values is then the same in each line, so where
values begin and end is found for all lines together. A line is taken only if every byte of it is
accounted for; all others are left to the reader that decodes line by line.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa

from amltui.formats.arrays import booleans, mask, numbers, strings
from amltui.formats.scan import Positions, as_array

_SHAPES: Final = 8
"""Orders of keys that are tried in a block."""
_FEW: Final = 32
"""Lines that are not worth a try of their own."""
_MOST_COUNTED: Final = 32
"""Keys up to which counting them is faster than decoding."""
_LF, _QUOTE, _CLOSE, _COLON, _COMMA, _SPACE = b'\n"}:, '
_WORDS: Final = strings(["true", "false", "null"])
_NUMBER: Final = r"^-?(?:0|[1-9][0-9]{0,299})(?:\.[0-9]{1,299})?(?:[eE][+-]?[0-9]{1,2})?$"
"""Longer numbers are left to the other reader."""
_LONGEST: Final = 300
_ZERO: Final = ord("0")
_POINT, _MINUS = (one - _ZERO & 0xFF for one in b".-")
"""Less `_ZERO`, as bytes are."""


@dataclass(frozen=True, slots=True)
class Flat:
    """Columns of a block, and which of its lines they hold; other rows of them mean nothing."""

    arrays: list[Any]
    taken: Any
    others: bool = False
    """Whether lines have keys that are no columns."""


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
    line_ends: int,
    places: Mapping[str, int],
    width: int,
) -> Flat | None:
    """The lines of a block that are flat objects; None where none can be told to be.

    Args:
        data: the block, in UTF-8.
        array: its bytes.
        starts: where its lines begin.
        ends: after their last bytes, without the line ends.
        line_ends: bytes that end lines or are a part of what does.
        places: the column of each key.
        width: how many columns there are.
    """
    count = len(starts)
    # A backslash may hide a quote; other control characters are not allowed in texts.
    if not count or b"\\" in data or np.count_nonzero(array < _SPACE) > line_ends:
        return None
    found = _Found(array, starts, ends, width)
    rest = np.arange(count)
    for _ in range(_SHAPES):
        if len(rest) < _FEW and len(rest) < count:
            break
        shape = _shape_of(data[int(starts[rest[0]]) : int(ends[rest[0]])])
        if shape is None:
            break
        found.others |= not places.keys() >= set(shape.keys)
        if len(rest) == count and found.alike(shape, places):
            break
        matched = found.match(shape, rest, places)
        if np.count_nonzero(matched) * 10 < len(rest):
            break
        rest = rest[~matched]
        if not len(rest):
            break
    if not found.taken.any():
        return None
    return found.columns(data)


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

    def __init__(self, array: Any, starts: Positions, ends: Positions, width: int) -> None:
        self._array = array
        self._starts = starts
        self._ends = ends
        self._first: list[Any] = [None] * width
        self._last: list[Any] = [None] * width
        self._bare: list[Any] = [None] * width
        """Where values begin and end, and which are in no quotes."""
        self.taken = np.zeros(len(starts), dtype=np.bool_)
        self.others = False

    def alike(self, shape: _Shape, places: Mapping[str, int]) -> bool:
        """Take all lines, if all have a shape; else none.

        Most files are so, and read in half the time: what ends values is found for all at once.
        """
        array, count, others = self._array, len(self._starts), len(shape.keys) - 1
        stops = np.empty((count, 0), dtype=np.int64)
        if others:
            # Texts have no quotes: where one comes after a comma, a key begins or a text ends.
            gap = shape.before[1].index(b'"')
            ended = np.flatnonzero((array[:-gap] == _COMMA) & (array[gap:] == _QUOTE))
            if len(ended) != count * others:
                return False
            stops = ended.reshape(count, others)
        at, quotes, spans = self._starts, 2 * count * len(shape.keys), []
        for before, stop in zip(shape.before, [*stops.T, self._ends - 1], strict=True):
            if not _stands(array, before, at).all():
                return False
            first = at + len(before)
            text = array.take(first, mode="clip") == _QUOTE
            first, last = first + text, stop - text
            if (first > last).any() or ((array.take(last) != _QUOTE) & text).any():
                return False
            quotes += 2 * int(np.count_nonzero(text))
            spans.append((first, last, ~text))
            at = stop
        if (array[at] != _CLOSE).any() or np.count_nonzero(array == _QUOTE) != quotes:
            return False
        self.taken[:] = True
        for key, span in zip(shape.keys, spans, strict=True):
            if (place := places.get(key)) is not None:
                self._first[place], self._last[place], self._bare[place] = span
        return True

    @cached_property
    def _quotes(self) -> Any:
        return np.flatnonzero(self._array == _QUOTE)

    def match(self, shape: _Shape, rows: Positions, places: Mapping[str, int]) -> Any:
        """Which of some lines have a shape; where their values are is noted."""
        array, quotes = self._array, self._quotes
        at, ends = self._starts[rows], self._ends[rows]
        quote = np.searchsorted(quotes, at)
        good = np.ones(len(rows), dtype=np.bool_)
        spans = []
        # A key has two quotes, a text two more: where the next one is tells where a value ends.
        for before, after in pairwise((*shape.before, b"")):
            good &= _stands(array, before, at)
            first = at + len(before)
            text = array.take(first, mode="clip") == _QUOTE
            quote = quote + 2
            bare_end = quotes.take(quote, mode="clip") - after.find(b'"') if after else ends - 1
            if text.any():
                quote = quote + 2 * text
                at = np.where(text, quotes.take(quote - 1, mode="clip") + 1, bare_end)
            else:
                at = bare_end
            last = at - text
            first += text
            good &= first <= last
            spans.append((first, last))
        good &= (array.take(at, mode="clip") == _CLOSE) & (at + 1 == ends)
        taken = rows[good]
        self.taken[taken] = True
        for key, span in zip(shape.keys, spans, strict=True):
            place = places.get(key)
            if place is None:
                continue
            for known, found in zip((self._first, self._last), span, strict=True):
                if known[place] is None:
                    known[place] = np.full(len(self._starts), -1, dtype=np.int64)
                known[place][taken] = found[good]
        return good

    def columns(self, data: bytes) -> Flat:
        """The values as texts."""
        buffer = pa.py_buffer(data)
        evens = numbers(np.arange(0, 2 * len(self._starts), 2), pa.int32())
        arrays = [self._column(buffer, evens, at) for at in range(len(self._first))]
        return Flat(arrays, self.taken, self.others)

    def _column(self, buffer: Any, evens: Any, place: int) -> Any:
        first, last = self._first[place], self._last[place]
        count = len(self._starts)
        if first is None:
            return pa.nulls(count, pa.string())
        missing = first < 0
        if missing.any():
            first = np.where(missing, self._starts, first)
            last = np.where(missing, self._starts, last)
        offsets = np.empty(2 * count + 1, dtype=np.int32)
        # Values and what is between them, in turns: both without a copy of the bytes.
        offsets[0:-1:2], offsets[1::2], offsets[-1] = first, last, last[-1]
        parts = pa.StringArray.from_buffers(2 * count, pa.py_buffer(offsets), buffer)
        values = parts.take(evens)
        bare = self._bare[place]
        if bare is None:
            bare = (self._array.take(first - 1, mode="clip") != _QUOTE) & ~missing
        return self._checked(values, bare, missing)

    def _checked(self, values: Any, bare: Any, missing: Any) -> Any:
        """The texts of a column; the lines whose values are no JSON are not taken.

        Args:
            values: the texts.
            bare: which of them are in no quotes.
            missing: which are none; null is added to them.
        """
        import pyarrow.compute as pc  # the first rows of other texts do without it

        if bare.any():
            scalars = values if bare.all() else values.filter(booleans(bare))
            if not _are_decimals(scalars):
                words = mask(pc.is_in(scalars, _WORDS))
                if not words.all():
                    fits = words | mask(pc.match_substring_regex(scalars, _NUMBER))
                    self.taken[np.flatnonzero(bare)[~fits]] = False
                if words.any():
                    missing[bare] |= mask(pc.equal(scalars, "null"))
        return values if not missing.any() else pc.if_else(booleans(missing), None, values)


def _stands(array: Any, text: bytes, at: Positions) -> Any:
    """Where `text`, which has no zeros, stands in a block at the places `at`."""
    size, room = len(text), len(array) - len(text)
    if room < 0:
        return np.zeros(len(at), dtype=np.bool_)
    stands, inside = np.ones(len(at), dtype=np.bool_), at
    if len(at) and (at.min() < 0 or at.max() > room):
        inside = np.clip(at, 0, room)
        stands = at == inside
    # Eight bytes are compared as one number: comparing texts takes four times as long.
    for begin in range(0, size, 8):
        width = min(8, size - begin)
        # What stands at each byte, as one text: nothing is copied but what is looked at.
        windows: Any = np.ndarray((room + 1,), f"S{width}", array, begin, (1,))
        found, wanted = windows[inside], np.array(text[begin : begin + width], f"S{width}")
        stands &= found.view("<u8") == wanted.view("<u8") if width == 8 else found == wanted
    return stands


def _are_decimals(texts: Any) -> bool:
    """Whether all texts are numbers as JSON has them, without an exponent; cheap to see."""
    offsets = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset :][: len(texts) + 1]
    starts, stops = offsets[:-1] - offsets[0], offsets[1:] - offsets[0]
    lengths = stops - starts
    if not lengths.all() or lengths.max() > _LONGEST:
        return False
    digits = np.frombuffer(texts.buffers()[2], np.uint8)[offsets[0] : offsets[-1]] - _ZERO
    others = np.flatnonzero(digits > 9)
    points = others[digits[others] == _POINT]
    if len(points) < len(others):
        negative = digits[starts] == _MINUS
        starts = starts + negative
        if len(points) + np.count_nonzero(negative) < len(others) or (starts == stops).any():
            return False
    if len(points):
        every = len(points) == len(texts)
        at = np.arange(len(points)) if every else np.searchsorted(stops, points, "right")
        inside = (starts[at] < points) & (points < stops[at] - 1)
        if not inside.all() or not np.diff(at).all():
            return False
    zeros = np.flatnonzero((digits[starts] == 0) & (stops - starts > 1))
    return bool((digits[starts[zeros] + 1] == _POINT).all())


def with_others(flat: Flat, others: Sequence[Any]) -> list[Any]:
    """The columns with the lines that were not taken from `others`, in which only these are."""
    count = len(flat.taken)
    order = np.arange(count)
    order[~flat.taken] = count + np.arange(count - int(flat.taken.sum()))
    chosen = numbers(order, pa.int64())
    return [
        pa.concat_arrays([ours, theirs]).take(chosen)
        for ours, theirs in zip(flat.arrays, others, strict=True)
    ]
