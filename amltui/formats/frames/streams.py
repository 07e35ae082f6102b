"""Readers as the frames want them: seekable from where they stand, and in UTF-8."""

from __future__ import annotations

import io
import os
from typing import IO, TYPE_CHECKING, Any, cast

from amltui.formats.input import Input

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from amltui.formats.reader import RowReader


class _Offset(io.RawIOBase):
    """Common to both kinds: a position that is known here."""

    def __init__(self, source: Any) -> None:
        super().__init__()
        self._source = source
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            return self.readall()
        data: bytes = self._source.read(size)
        self._at += len(data)
        return data

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        if whence != os.SEEK_SET:
            raise io.UnsupportedOperation("only from the start")
        self._go(offset)
        self._at = offset
        return offset

    def tell(self) -> int:
        return self._at

    def _go(self, offset: int) -> None:
        self._source.seek(offset)


class _FromHere(_Offset):
    """A reader whose byte 0 is where it stood."""

    def __init__(self, reader: IO[bytes]) -> None:
        super().__init__(reader)
        self._start = reader.tell()

    def _go(self, offset: int) -> None:
        self._source.seek(self._start + offset)


def from_here(reader: IO[bytes]) -> IO[bytes]:
    """`reader` with byte 0 where it stands now; in memory when it cannot be read twice."""
    seekable = getattr(reader, "seekable", None)
    if seekable is None or not seekable():
        return io.BytesIO(reader.read())
    return cast("IO[bytes]", _FromHere(reader))


def as_utf8(reader: IO[bytes], rows: RowReader) -> IO[bytes]:
    """`reader` from its first byte on, UTF-16 and UTF-32 as UTF-8; `rows`: what looked at it."""
    reader.seek(0)
    if rows.input_encoding == "utf-8":
        return reader
    return cast("IO[bytes]", _Offset(Input(reader)))
