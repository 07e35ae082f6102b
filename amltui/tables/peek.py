"""Whole rows among bytes from the middle of a content, of which nothing before is known.

A line end is a row's end only outside quotes, and whether the first byte is outside nobody can
know. Both are tried. Often both soon find the same rows: then these are the right ones. Else the
one is taken under which the next rows have the number of fields that the table has, which is a
guess: quoted text may hold lines that look like rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from amltui.formats.blocks import Codec
from amltui.formats.scan import (
    NO_QUOTES,
    Positions,
    Scan,
    as_array,
    field_counts,
    row_cut,
    row_spans,
    scan,
)

LOOKED_AT: Final = 50
"""Rows that must have the right number of fields."""
_CLEAR: Final = 0.9
"""Share of them that have, where a guess is a good one."""
_SOON: Final = 4
"""Both assumptions must agree in the first of so many parts of the bytes."""


@dataclass(frozen=True, slots=True)
class WholeRows:
    """Where whole rows are in some bytes."""

    start: int
    """Offset of the first of them."""
    stop: int
    """Offset just after the last."""
    doubtful: bool
    """Whether the rows may as well begin elsewhere, by the bytes that were looked at."""


@dataclass(frozen=True, slots=True)
class _Guess:
    """Rows under one assumption about the first byte."""

    start: int
    stop: int
    looked_at: int
    right: int
    ends: Positions
    """Where rows end, from the first on."""

    @property
    def share(self) -> float:
        return self.right / self.looked_at if self.looked_at else 0.0


def whole_rows(data: bytes, codec: Codec, *, begins: bool, ends: bool) -> WholeRows | None:
    """Find the whole rows in `data`; None: no row begins and ends in it.

    Args:
        data: some bytes of a content, in UTF-8 or another encoding that keeps ASCII in its place.
        codec: what reads the content; it has read the header.
        begins: whether a row is known to begin with the first byte.
        ends: whether the content ends with the last byte.
    """
    if not codec.quotes:
        start = 0 if begins else _first_line_end(data)
        stop = len(data) if ends else row_cut(data, NO_QUOTES, final=False)
        return WholeRows(start, stop, doubtful=False) if start < stop else None
    if begins:
        found = _scan(data, codec)
        closed = ends and found.unclosed is None
        stop = len(data) if closed else row_cut(data, found, final=False)
        return WholeRows(0, stop, doubtful=False) if stop else None
    # The state after quotes of which the first is cut off is as unknown as the one before them.
    skipped = len(data) - len(data.lstrip(b'" '))
    rest = data[skipped:]
    guesses = [
        _guess(rest, codec, inside=inside, ends=ends, at=skipped) for inside in (False, True)
    ]
    outside, inside = guesses
    agreed = _agreed(outside.ends, inside.ends)
    if agreed is not None and agreed <= len(data) // _SOON:
        return WholeRows(agreed, outside.stop, doubtful=False)
    best, other = (inside, outside) if _better(inside, outside) else (outside, inside)
    if best.start >= best.stop:
        return None
    clear = (
        best.share >= _CLEAR
        and best.right >= min(3, LOOKED_AT)
        and other.share < _CLEAR
        and len(codec.columns) > 1
    )
    return WholeRows(best.start, best.stop, doubtful=not clear)


def _agreed(one: Positions, other: Positions) -> int | None:
    """From which row end on both have the same ones; None: not even the last is the same."""
    shorter = min(len(one), len(other))
    same = one[len(one) - shorter :] == other[len(other) - shorter :]
    if not shorter or not same[-1]:
        return None
    different = np.flatnonzero(~same)
    first = int(different[-1]) + 1 if len(different) else 0
    # The last one ends the bytes, and no row follows it.
    return int(one[len(one) - shorter + first]) if first < shorter - 1 else None


def _better(one: _Guess, other: _Guess) -> bool:
    return (one.share, one.right) > (other.share, other.right)


def _scan(data: bytes, codec: Codec) -> Scan:
    return scan(as_array(data), codec.delimiter[0], skip_space=codec.skip_space)


def _first_line_end(data: bytes) -> int:
    """Offset just after the first line end; `len(data)` where there is none."""
    found = [at for at in (data.find(b"\n"), data.find(b"\r")) if at >= 0]
    if not found:
        return len(data)
    at = min(found)
    # Of a carriage return at the very end nobody knows what follows.
    return at + 2 if data.startswith(b"\r\n", at) else at + 1


def _guess(data: bytes, codec: Codec, *, inside: bool, ends: bool, at: int) -> _Guess:
    """Cut `data` into rows; `inside`: its first byte is in quotes; `at`: its place."""
    added = int(inside)
    if inside:
        data = b'"' + data
    nothing = _Guess(len(data) + at, 0, 0, 0, np.empty(0, dtype=np.int64))
    found = _scan(data, codec)
    stop = len(data) if ends and found.unclosed is None else row_cut(data, found, final=False)
    if not stop:
        return nothing
    rows, quotes = data[:stop], found.until(stop)
    array = as_array(rows)
    starts, last, after = row_spans(rows, array, quotes, skip_space=codec.skip_space)
    if len(after) < 2:
        # The first row's beginning is not here, so it is none of those looked for.
        return nothing
    most = slice(1, LOOKED_AT + 1)
    counts = field_counts(array, codec.delimiter[0], quotes, starts[most], last[most])
    broken = np.zeros(len(counts), dtype=np.bool_)
    hit = np.searchsorted(starts[most], quotes.broken, side="right") - 1
    broken[hit[(hit >= 0) & (quotes.broken < after[most][-1])]] = True
    right = int(np.count_nonzero((counts == len(codec.columns)) & ~broken))
    after = after - added + at
    return _Guess(int(after[0]), stop - added + at, len(counts), right, after)
