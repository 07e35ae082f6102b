"""A JSON array as lines, one element each, so that it reads as JSON Lines do."""

from __future__ import annotations

import re
from typing import Final

from amltui.errors import Unreadable
from amltui.formats.derived import DerivedStream

LARGEST: Final = 16 << 20
"""An element of more bytes is not read."""
_PIECE: Final = 64 * 1024
_TOKEN: Final = re.compile(rb'"(?:[^"\\]+|\\.)*("?)|[{}\[\],]', re.DOTALL)
_BLANK: Final = b" \t\r\n"


class JsonArray(DerivedStream):
    """The elements of a JSON array as a stream of lines."""

    def _start(self) -> None:
        self._buffer = b""
        self._scanned = 0
        self._depth = 0
        """Brackets that are open; 1 between elements."""
        self._ready = b""
        self._over = False

    def read(self, size: int) -> bytes:
        """See `formats.input.Stream.read`.

        Raises:
            Unreadable: it is no JSON array, or one that is cut off.
        """
        while not self._ready and not self._over:
            self._more()
        data, self._ready = self._ready[:size], self._ready[size:]
        self._at += len(data)
        return data

    def _more(self) -> None:
        """Read on until an element is whole, or the array is over."""
        # As much again as is held: an element that goes on is not looked through too often.
        data = self._stream.read(max(_PIECE, len(self._buffer)))
        if not data:
            if self._depth or self._buffer.strip(_BLANK):
                raise Unreadable("The JSON array is cut off: its end is missing")
            self._over = True
            return
        self._buffer += data
        if not self._depth and not self._open():
            return
        self._cut()
        if len(self._buffer) > LARGEST:
            raise Unreadable("An element of the JSON array is larger than 16 MiB")

    def _open(self) -> bool:
        """Pass the bracket that the array begins with; whether it is here."""
        start = self._buffer.removeprefix(b"\xef\xbb\xbf").lstrip(_BLANK)
        if not start:
            return False
        if not start.startswith(b"["):
            raise Unreadable("The content is no JSON array")
        self._buffer, self._depth = start[1:], 1
        return True

    def _cut(self) -> None:
        """Take the whole elements out of the buffer."""
        elements: list[bytes] = []
        begin, depth = 0, self._depth
        position = self._scanned
        for token in _TOKEN.finditer(self._buffer, self._scanned):
            first = self._buffer[token.start()]
            if first == 0x22:
                if not token.group(1):
                    position = token.start()
                    break
            elif first in b"{[":
                depth += 1
            elif first in b"}]":
                depth -= 1
                if not depth:
                    elements.append(self._buffer[begin : token.start()])
                    self._end(self._buffer[token.end() :])
                    break
            elif depth == 1:
                elements.append(self._buffer[begin : token.start()])
                begin = token.end()
            position = token.end()
        if not self._over:
            self._buffer, self._scanned, self._depth = self._buffer[begin:], position - begin, depth
        lines = (element.strip(_BLANK) for element in elements)
        self._ready = b"".join(
            line.replace(b"\n", b" ").replace(b"\r", b" ") + b"\n" for line in lines if line
        )

    def _end(self, rest: bytes) -> None:
        while not rest.strip(_BLANK):
            rest = self._stream.read(_PIECE)
            if not rest:
                self._buffer, self._depth, self._over = b"", 0, True
                return
        raise Unreadable("There is more after the end of the JSON array")
