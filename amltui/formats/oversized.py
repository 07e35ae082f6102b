"""A row larger than a block, read piece by piece: only the first part of each field is kept."""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Final

from amltui.formats.blocks import FIELD_KEPT, TEXT_KEPT, Cut, Oversized
from amltui.formats.row_fields import QUOTED

_QUOTE: Final = ord('"')
_LF: Final = ord("\n")
_SPACE: Final = ord(" ")


class _At(Enum):
    START = auto()
    PLAIN = auto()
    QUOTED = auto()
    AFTER_QUOTE = auto()
    RETURN = auto()


class _Field:
    __slots__ = ("cut", "quoted", "start", "stop", "text")

    def __init__(self, start: int) -> None:
        self.start = self.stop = start
        self.text = bytearray()
        self.quoted = self.cut = False


class OversizedRow:
    """The state of reading one row."""

    def __init__(
        self,
        start: int,
        *,
        delimiter: bytes,
        quotes: bool,
        skip_space: bool,
        columns: int,
        literal: int | None = None,
        kept: int = 0,
    ) -> None:
        """Begin a row.

        Args:
            start: where it begins in the stream.
            delimiter: one byte, or empty for rows of one field.
            quotes: whether quotes have a meaning.
            skip_space: whether spaces at a field's start are dropped.
            columns: fields to keep apart; all that follow are joined to the last of them.
            literal: offset of a quote that is a character like any other.
            kept: bytes of the row up to which its fields are kept whole; what is beyond is cut.
        """
        self._delimiter = delimiter
        self._quotes = quotes
        self._skip_space = skip_space
        self._columns = columns
        self._literal = literal
        self._room = kept
        self._ends = re.compile(b"[\n\r" + re.escape(delimiter) + b"]")
        self._breaks = re.compile(b'[\n\r"]')
        self._at = _At.START
        self._offset = start
        self._fields = [_Field(start)]
        self._found = 1
        self._lines = 0
        self._head = bytearray()
        self._raw = bytearray()
        self._closed = False
        self._opened: int | None = None

    @property
    def opened(self) -> int | None:
        """Where the quote is that the row is inside of; None when it is outside quotes."""
        # After a quote that may have closed it, only another quote would mean it did not.
        return self._opened if self._at is _At.QUOTED else None

    def push(self, data: bytes) -> int | None:
        """Read on. Returns how many bytes of `data` end the row; None when it goes on."""
        position = 0
        while position < len(data):
            if self._found > self._columns and self._at in {_At.START, _At.PLAIN}:
                position = self._surplus(data, position)
                if position == len(data):
                    break
            if self._at is _At.RETURN:
                used = position + (data[position] == _LF)
                return self._end(used, data)
            if self._at is _At.START:
                position = self._start(data, position)
            elif self._at is _At.PLAIN:
                position = self._plain(data, position)
                if self._closed and self._at is _At.PLAIN:
                    return self._end(position, data)
            elif self._at is _At.QUOTED:
                position = self._quoted(data, position)
            elif data[position] == _QUOTE:
                self._add(b'"')
                position += 1
                self._at = _At.QUOTED
            else:
                self._at = _At.PLAIN
        self._pass(data)
        return None

    def finish(self) -> Oversized:
        """The row, at its end or at the end of the stream."""
        if not self._closed:
            self._fields[-1].stop = self._offset
        texts: list[bytes | None] = []
        cuts: list[Cut] = []
        for column, part in enumerate(self._fields):
            text, cut = bytes(part.text), part.cut
            part.text.clear()
            size = part.stop - part.start
            if self._found > self._columns and column == self._columns - 1:
                text = bytes(self._raw[: min(size, FIELD_KEPT)])
                cut = size > FIELD_KEPT
            if cut:
                cuts.append(Cut(0, column, part.start, size, part.quoted))
            texts.append(text if text or part.quoted else None)
        return Oversized(texts, cuts, self._found, self._lines, head=bytes(self._head))

    def _start(self, data: bytes, position: int) -> int:
        if self._skip_space and data[position] == _SPACE:
            return position + 1
        here = self._offset + position
        if self._found <= self._columns and not self._fields[-1].text:
            # Spaces that came in an earlier piece are not part of the field.
            self._fields[-1].start = here
            self._raw.clear()
        if self._quotes and data[position] == _QUOTE and here != self._literal:
            self._opened = here
            self._fields[-1].quoted = self._found <= self._columns
            self._at = _At.QUOTED
            return position + 1
        self._at = _At.PLAIN
        return position

    def _surplus(self, data: bytes, position: int) -> int:
        """Pass fields that are only counted, up to what may end the row or begin quotes."""
        match = self._breaks.search(data, position)
        stop = match.start() if match else len(data)
        count = data.count(self._delimiter, position, stop)
        begun = data.rfind(self._delimiter, position, stop) + 1 if count else position
        if count:
            self._found += count
            self._at = _At.START
        rest = data[begun:stop]
        if rest.strip(b" ") if self._skip_space else rest:
            self._at = _At.PLAIN
        return stop

    def _plain(self, data: bytes, position: int) -> int:
        match = self._ends.search(data, position)
        stop = match.start() if match else len(data)
        self._add(data[position:stop])
        if match is None:
            return stop
        if match.group() == self._delimiter:
            self._next_field(stop)
        else:
            self._fields[-1].stop = self._offset + stop
            self._closed = True
            if match.group() == b"\r":
                self._at = _At.RETURN
        return stop + 1

    def _quoted(self, data: bytes, position: int) -> int:
        match = QUOTED.match(data, position)
        assert match is not None
        if not self._fields[-1].cut:
            self._add(match.group().replace(b'""', b'"'))
        if match.end() == len(data):
            return match.end()
        self._at = _At.AFTER_QUOTE
        return match.end() + 1

    def _add(self, data: bytes) -> None:
        part = self._fields[-1]
        if part.cut:
            return
        part.text += data
        self._room -= len(data)
        if len(part.text) > FIELD_KEPT and self._room < 0:
            self._room += len(part.text) - FIELD_KEPT
            del part.text[FIELD_KEPT:]
            part.cut = True

    def _next_field(self, stop: int) -> None:
        self._found += 1
        self._at = _At.START
        if self._found <= self._columns:
            self._fields[-1].stop = self._offset + stop
            self._fields.append(_Field(self._offset + stop + 1))
        else:
            # What is joined stands as it is written, so its quotes have no say.
            self._fields[-1].quoted = False

    def _pass(self, data: bytes) -> None:
        self._lines += data.count(b"\n")
        if len(self._fields) == self._columns:
            begin = max(0, self._fields[-1].start - self._offset)
            self._raw += data[begin : begin + max(0, FIELD_KEPT + 1 - len(self._raw))]
        self._offset += len(data)
        self._head += data[: max(0, TEXT_KEPT * 4 - len(self._head))]

    def _end(self, used: int, data: bytes) -> int:
        self._pass(data[:used])
        return used
