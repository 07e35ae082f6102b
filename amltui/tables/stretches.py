"""Rows that follow each other somewhere in a content, found in the bytes of a place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from amltui.formats.blocks import Block, Codec
from amltui.formats.encoding import decide, is_utf8
from amltui.formats.input import Input
from amltui.tables.beginning import BytesStream
from amltui.tables.peek import whole_rows


@dataclass(frozen=True, slots=True)
class WantedBytes:
    """Bytes that are wanted, because a row is that is somewhere among them."""

    row: int
    start: int
    stop: int
    begins: bool
    """Whether a row begins with the first of them."""
    ends: bool
    """Whether a row, or the content, ends with the last."""
    at: int
    """The byte that `row` is taken to be at."""


@dataclass(slots=True, eq=False)
class Stretch:
    """Whole rows that follow each other."""

    start: int
    stop: int
    count: int
    doubtful: bool
    batch: Any
    """None: it was read and forgotten again."""
    malformed: frozenset[int]
    """Counted from the first of its rows."""
    before: int = 0
    """How many of its rows begin before the byte that its row was taken to be at."""
    first: int = 0
    exact: bool = False
    """Whether `first` is the number of its first row, and not only what is expected."""

    @property
    def end(self) -> int:
        """Number of the row after its last."""
        return self.first + self.count


@dataclass(frozen=True, slots=True)
class Move:
    """Rows that have other numbers from now on."""

    rows: range
    """What they were."""
    by: int


class StretchParser:
    """Finds and parses the rows in the bytes of a place. Any thread may use it."""

    def __init__(self, codec: Codec, encoding: str, text_encoding: str | None) -> None:
        """See `PeekedRows`."""
        self._codec = codec
        self._encoding = encoding
        self._other = text_encoding

    def parse(self, place: WantedBytes, data: bytes) -> Stretch | None:
        """Find and parse the rows in the bytes of a place; None: no row is whole in them."""
        source = Input(BytesStream(data), self._encoding)
        pieces = []
        while piece := source.read(len(data)):
            pieces.append(piece)
        text = b"".join(pieces)
        found = whole_rows(text, self._codec, begins=place.begins, ends=place.ends)
        if found is None:
            return None
        rows = text[found.start : found.stop]
        block = Block(rows, 0, len(rows))
        doubtful = found.doubtful
        if self._other is None and not is_utf8(rows):
            doubtful = True  # what the whole is in is not known yet
        parsed = self._codec.parse(block, self._other or decide(rows))
        view = memoryview(text)
        start = place.start + source.size_of(view[: found.start])
        stop = start + source.size_of(view[found.start : found.stop])
        count = parsed.batch.num_rows
        share = (place.at - start) / max(1, stop - start)
        before = min(max(0, round(share * count)), max(0, count - 1))
        if place.at > start and self._encoding == "utf-8":
            ends = _row_ends(rows, self._codec, self._other)
            before = int(np.searchsorted(ends, place.at - start, side="right"))
        bad = frozenset(one.row for one in parsed.malformed)
        return Stretch(start, stop, count, doubtful, parsed.batch, bad, before)


def _row_ends(data: bytes, codec: Codec, encoding: str | None) -> Any:
    from amltui.formats.scan import NO_QUOTES, as_array, scan

    found = NO_QUOTES
    if codec.quotes:
        found = scan(as_array(data), codec.delimiter[0], skip_space=codec.skip_space)
    return codec.row_ends(data, found, encoding)
