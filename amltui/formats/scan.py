"""Where the quotes of delimited text are, so that rows can be cut without parsing them.

A quote opens a field only where a field starts; anywhere else outside quotes it is a character
like any other. Inside, two quotes are one, and a single one closes. Most blocks hold quotes that
simply alternate, which numpy verifies in a few passes; only a block where they do not is walked
quote by quote.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Positions = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

_LF, _CR, _SPACE, _QUOTE = 10, 13, 32, 34
_NONE: Final[Positions] = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Scan:
    """The quotes of a block that starts at a row's start."""

    quotes: Positions
    """Alternately opening and closing; doubled ones inside may be left out or be in as a pair."""
    broken: Positions
    """Closing quotes that a delimiter or line end does not follow."""
    unclosed: int | None
    """Where a field opens that the block does not close. None: none."""

    def until(self, cut: int) -> Scan:
        """The quotes of the first `cut` bytes, which end outside quotes."""
        return Scan(
            self.quotes[: int(np.searchsorted(self.quotes, cut))],
            self.broken[: int(np.searchsorted(self.broken, cut))],
            None,
        )

    def between(self, start: int, stop: int) -> Scan:
        """The quotes of a part, counted from its start; both ends are outside quotes."""
        part = self.until(stop)
        return Scan(
            part.quotes[int(np.searchsorted(part.quotes, start)) :] - start,
            part.broken[int(np.searchsorted(part.broken, start)) :] - start,
            None,
        )

    def outside(self, positions: Positions) -> npt.NDArray[np.bool_]:
        """For each position (not of a quote) whether it is outside quotes."""
        if not len(self.quotes):
            return np.ones(len(positions), dtype=np.bool_)
        outside: npt.NDArray[np.bool_] = np.searchsorted(self.quotes, positions) % 2 == 0
        return outside


NO_QUOTES: Final = Scan(_NONE, _NONE, None)


def scan(array: Bytes, delimiter: int, *, skip_space: bool) -> Scan:
    """Find the quotes of a block.

    Args:
        array: the block's bytes; it begins where a row begins.
        delimiter: the byte between fields.
        skip_space: whether spaces before a field's first character do not count.
    """
    found = np.flatnonzero(array == _QUOTE)
    if not len(found):
        return Scan(_NONE, _NONE, None)
    starts = _at_start(array, found, delimiter, skip_space=skip_space)
    again = np.zeros(len(found), dtype=np.bool_)
    again[1:] = np.diff(found) == 1
    # Every second one opens: at a field's start, or as the second half of a doubled quote.
    if bool(np.all((starts | again)[0::2])) and bool(starts[0]):
        quotes, unclosed = found, int(_last_open(found)) if len(found) % 2 else None
    else:
        quotes, unclosed = _walk(found.tolist(), starts.tolist())
    return Scan(quotes, _broken(array, quotes, delimiter, skip_space=skip_space), unclosed)


def _last_open(found: Positions) -> Any:
    """The quote that opened the field in which the block ends (their number is odd)."""
    opening = found[0::2]
    doubled = np.zeros(len(opening), dtype=np.bool_)
    doubled[1:] = opening[1:] - found[1:-1:2] == 1
    return opening[~doubled][-1]


def _at_start(
    array: Bytes, found: Positions, delimiter: int, *, skip_space: bool
) -> npt.NDArray[np.bool_]:
    """For each quote whether it stands where a field starts (if that is outside quotes)."""
    before = found - 1
    if skip_space:
        spaces = (before >= 0) & (array[before] == _SPACE)
        while spaces.any():
            before[spaces] -= 1
            spaces = (before >= 0) & (array[before] == _SPACE)
    byte = array[before]
    starts: npt.NDArray[np.bool_] = (
        (before < 0) | (byte == delimiter) | (byte == _LF) | (byte == _CR)
    )
    return starts


def _walk(found: list[int], starts: list[bool]) -> tuple[Positions, int | None]:
    """Quote by quote, for blocks where some quotes stand inside plain fields."""
    kept: list[int] = []
    index, count = 0, len(found)
    while index < count:
        if not starts[index]:
            index += 1
            continue
        opening = found[index]
        kept.append(opening)
        index += 1
        while index + 1 < count and found[index + 1] == found[index] + 1:
            index += 2
        if index >= count:
            return np.array(kept, dtype=np.int64), opening
        kept.append(found[index])
        index += 1
    return np.array(kept, dtype=np.int64), None


def _broken(array: Bytes, quotes: Positions, delimiter: int, *, skip_space: bool) -> Positions:
    closing = quotes[1::2]
    after = closing + 1
    closing, after = closing[after < len(array)], after[after < len(array)]
    if skip_space:
        # A space between the closing quote and the delimiter harms nobody.
        spaces = array[after] == _SPACE
        while spaces.any():
            after[spaces] += 1
            inside = after < len(array)
            closing, after = closing[inside], after[inside]
            spaces = array[after] == _SPACE
    byte = array[after]
    fine = (byte == delimiter) | (byte == _LF) | (byte == _CR) | (byte == _QUOTE)
    broken: Positions = closing[~fine]
    return broken


def row_cut(data: bytes, quotes: Scan, *, final: bool) -> int:
    """Bytes up to and including the last line end outside quotes; 0 when there is none.

    Args:
        data: the block.
        quotes: its quotes.
        final: nothing follows, so a carriage return at the end is a line end of its own.
    """
    for end in (b"\n", b"\r"):
        stop = len(data) if final or end == b"\n" else len(data) - 1
        at = data.rfind(end, 0, stop)
        while at >= 0:
            index = int(np.searchsorted(quotes.quotes, at))
            if index % 2 == 0:
                return at + 1
            at = data.rfind(end, 0, int(quotes.quotes[index - 1]))
    return 0


def ends_lines(data: bytes, array: Bytes) -> npt.NDArray[np.bool_]:
    """For each byte whether a line ends with it: LF, the LF of CR LF, lone CR."""
    ends: npt.NDArray[np.bool_] = array == _LF
    if b"\r" in data:
        lone = array == _CR
        lone[:-1] &= array[1:] != _LF
        ends = ends | lone
    return ends


def line_ends(data: bytes, array: Bytes) -> Positions:
    """Where lines end (the last byte of each line end): LF, CR LF, lone CR."""
    return np.flatnonzero(ends_lines(data, array))


def row_spans(
    data: bytes, array: Bytes, quotes: Scan, *, skip_space: bool
) -> tuple[Positions, Positions, Positions]:
    """Where the rows of delimited text are; blank lines are none.

    Args:
        data: a block that begins and ends with a row.
        array: the same.
        quotes: its quotes.
        skip_space: whether a line of spaces is blank.

    Returns:
        For each row where its first line begins, after its last byte, and after its line end.
    """
    ends = line_ends(data, array)
    ends = ends[quotes.outside(ends)]
    after = ends + 1
    if not len(after) or after[-1] < len(data):
        ends, after = np.append(ends, len(data)), np.append(after, len(data))
    starts = np.empty_like(after)
    starts[:1], starts[1:] = 0, after[:-1]
    if not len(data):
        return _NONE, _NONE, _NONE
    if b"\r" in data:
        returns = (ends > starts) & (ends < len(data)) & (array[ends - 1] == _CR)
        ends = ends - returns.astype(np.int64)
    rows = starts < ends
    if skip_space:
        first = np.flatnonzero(rows)
        first = first[array[starts[first]] == _SPACE]
        at = starts[first]
        while len(first):
            at = at + 1
            ended = at >= ends[first]
            rows[first[ended]] = False
            spaces = ~ended & (array[np.minimum(at, len(data) - 1)] == _SPACE)
            first, at = first[spaces], at[spaces]
    if rows.all():
        return starts, ends, after
    return starts[rows], ends[rows], after[rows]


def field_counts(
    array: Bytes, delimiter: int, quotes: Scan, starts: Positions, ends: Positions
) -> Positions:
    """Fields of each row that `row_spans` found."""
    between = np.flatnonzero(array == delimiter)
    between = between[quotes.outside(between)]
    return np.searchsorted(between, ends) - np.searchsorted(between, starts) + 1


def count_lines(data: bytes, array: Bytes) -> int:
    """Line ends in `data`: LF, CR LF and lone CR count one each."""
    count = int(np.count_nonzero(array == _LF))
    if b"\r" in data:
        count += data.count(b"\r") - data.count(b"\r\n")
    return count


def as_array(data: bytes) -> Bytes:
    """`data` as numpy sees it, without a copy."""
    return np.frombuffer(data, dtype=np.uint8)
