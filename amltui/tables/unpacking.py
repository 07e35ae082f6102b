"""The text of a compressed content, kept in a file while it is read, so that any row is found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from amltui.errors import Unreadable
from amltui.formats.input import Stream
from amltui.formats.packing import Packing, unpacked
from amltui.tables.source import OpenFile

_ROOM: Final = 64 << 20
"""Bytes for which room is asked at once."""


class UnpackingStream:
    """A `Stream` of what a compressed stream holds; all that was read is in a file, too.

    Where the compressed stream is damaged or cut, this one ends: `problem` says so.
    """

    def __init__(
        self,
        stream: Stream,
        packing: Sequence[Packing],
        file: OpenFile,
        make_room: Callable[[int], None] = lambda _size: None,
    ) -> None:
        """Begin; `make_room` is called before each so many bytes are written to `file`."""
        self._inner = unpacked(stream, packing)
        self._file = file
        self._make_room = make_room
        self._room = 0
        self._at = 0
        self.written = 0
        """Bytes that are in the file."""
        self.problem: Unreadable | None = None
        """Why there is no more, although there should be."""

    def read(self, size: int) -> bytes:
        """See `formats.input.Stream.read`.

        Raises:
            OSError: the file cannot be written.
        """
        if self._at < self.written:
            data = self._file.read(self._at, min(self._at + size, self.written))
        else:
            data = self._more(size)
        self._at += len(data)
        return data

    def seek(self, offset: int) -> None:
        """See `formats.input.Stream.seek`."""
        self._at = min(offset, self.written)

    def _more(self, size: int) -> bytes:
        parts: list[bytes] = []
        there = 0
        # Decompressors give little at a time.
        while there < size and self.problem is None:
            try:
                part = self._inner.read(size - there)
            except Unreadable as error:
                self.problem = error
                break
            if not part:
                break
            parts.append(part)
            there += len(part)
        data = b"".join(parts)
        if self.written + there > self._room:
            self._make_room(_ROOM)
            self._room = self.written + there + _ROOM
        self._file.write(data, self.written)
        self.written += there
        return data

    def check(self) -> None:
        """See that all was read.

        Raises:
            Unreadable: the stream ended where it was damaged or cut.
        """
        if self.problem is not None:
            raise self.problem
