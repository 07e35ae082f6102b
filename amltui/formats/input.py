"""Where bytes come from, and a stream of them as the codecs want it."""

from __future__ import annotations

import codecs
from typing import Final, Protocol

import numpy as np

from amltui.formats.encoding import SNIFF, given_encoding, sniff
from amltui.formats.registry import Format
from amltui.formats.translation import translation_of

_PIECE: Final = 2 * 1024 * 1024


class Stream(Protocol):
    """Where bytes come from."""

    def read(self, size: int) -> bytes:
        """At most `size` bytes; fewer when no more are there yet; none only at the end."""

    def seek(self, offset: int, /) -> object:
        """Go back to a byte (0-based)."""


class Input:
    """A stream as the codecs want it: without its mark, UTF-16 and UTF-32 as UTF-8.

    Offsets are in what `read` gives. For UTF-8 and its like that is the file less its mark.
    """

    def __init__(
        self,
        stream: Stream,
        encoding: str | None = None,
        *,
        fmt: Format | None = None,
    ) -> None:
        """Begin.

        Args:
            stream: the bytes.
            encoding: of a part of a content, what the whole is in, for it has no mark.
            fmt: what is read, where a dialect was given to it.
        """
        self._stream = stream
        self.head = b""
        """The first bytes as they are in the stream, where it is a content from its start."""
        self._translation = None if fmt is None else translation_of(fmt)
        self.encoding, self.mark = (encoding, 0) if encoding else self._look(stream)
        if not encoding and fmt is not None and fmt.dialect is not None and fmt.dialect.encoding:
            self.encoding, self.mark = given_encoding(self.head, fmt.dialect.encoding)
        self.wide = self.encoding != "utf-8"
        """Whether what `read` gives are not the stream's own bytes."""
        self._ended = False
        self._ready = b""
        self._first = self.mark
        self.seek(0)

    def begin_at(self, offset: int) -> None:
        """Give only what comes from byte `offset` of the stream on, as if that were the first."""
        self._first = offset
        self.seek(0)

    def _look(self, stream: Stream) -> tuple[str, int]:
        head = b""
        while len(head) < SNIFF:
            data = stream.read(SNIFF - len(head))
            head += data
            # Waiting for so many bytes makes the answer independent of how they arrive.
            if not data:
                break
        self.head = head
        return sniff(head)

    def size_of(self, data: memoryview) -> int:
        """Bytes of the stream that `data`, which `read` gave, came from."""
        if not self.wide:
            return len(data)
        array = np.frombuffer(data, dtype=np.uint8)
        characters = int(np.count_nonzero((array & 0xC0) != 0x80))
        if self.encoding.startswith("utf-32"):
            return 4 * characters
        return 2 * (characters + int(np.count_nonzero(array >= 0xF0)))

    def read(self, size: int) -> bytes:
        """See `Stream.read`."""
        if self._translation is None:
            return self._utf8(size)
        data = self._utf8(size)
        if self._translation.ends_open(data):
            data += self._utf8(1)
        return self._translation.forward(data)

    def _utf8(self, size: int) -> bytes:
        if not self.wide:
            return self._stream.read(size)
        while not self._ready and not self._ended:
            data = self._stream.read(size)
            self._ended = not data
            text = self._decoder.decode(data, self._ended)
            self._ready = text.encode("utf-8", "replace")
        data, self._ready = self._ready[:size], self._ready[size:]
        return data

    def seek(self, offset: int) -> None:
        """See `Stream.seek`. UTF-16 is decoded from the start: there is no other way to know."""
        if not self.wide:
            self._stream.seek(self._first + offset)
            return
        self._stream.seek(self._first)
        self._decoder = codecs.getincrementaldecoder(self.encoding)("replace")
        self._ready, self._ended = b"", False
        while offset:
            data = self._utf8(min(offset, _PIECE))
            if not data:
                break
            offset -= len(data)
