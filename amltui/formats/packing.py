"""Compressed content as the bytes that it holds, within bounds of memory and of size.

gzip, bzip2, xz and Zstandard are streams: their first bytes are readable before the last ones are
here. What is damaged or cut is readable up to there. Several streams after one another are one,
as the programs of these formats write and read them.
"""

from __future__ import annotations

import bz2
import io
import lzma
import sys
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from amltui.errors import Unreadable
from amltui.formats.derived import UnpackedStream
from amltui.formats.json_array import JsonArray
from amltui.formats.zipped import ZippedFile

if TYPE_CHECKING:
    from amltui.formats.input import Stream

Compression = Literal["gzip", "bzip2", "xz", "Zstandard"]
Packing = Compression | Literal["zip", "JSON array"]
"""What makes text of bytes: a decompressor, the one file of a zip archive, or what writes a JSON
array as lines."""

PACKINGS: Final[dict[Compression, tuple[str, ...]]] = {
    "gzip": (".gz", ".gzip"),
    "bzip2": (".bz2",),
    "xz": (".xz",),
    "Zstandard": (".zst", ".zstd"),
}
"""What their files' names end with."""
_MEMORY: Final = 256 << 20
"""Bytes that a decompressor may take for its window."""
_PIECE: Final = 8 * 1024
"""Bytes that are unpacked at once: where one of them is damaged all of these are lost."""


class _Decompressor(Protocol):
    """What `bz2`, `lzma` and `compression.zstd` have in common."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Gzip:
    """One member of a gzip file, as `_Decompressor`."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)
        self._more = False
        """Whether there may be output without more input."""

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._more

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        out = self._inner.decompress(self._inner.unconsumed_tail + data, max_length)
        self._more = not self._inner.eof and len(out) == max_length
        return out


def _zstandard() -> _Decompressor:
    zstd: Any
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd

    limit = {zstd.DecompressionParameter.window_log_max: _MEMORY.bit_length() - 1}
    found: _Decompressor = zstd.ZstdDecompressor(options=limit)
    return found


def _decompressor(packing: Compression) -> _Decompressor:
    if packing == "gzip":
        return _Gzip()
    if packing == "bzip2":
        return bz2.BZ2Decompressor()
    if packing == "xz":
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY)
    return _zstandard()


class Unpacked(UnpackedStream):
    """The bytes that a compressed stream holds, as a stream."""

    def __init__(self, stream: Stream, packing: Compression) -> None:
        """Begin; `stream` stands at its first byte."""
        self.packing: Compression = packing
        self.what = f"{packing} content"
        super().__init__(stream)

    def _start(self) -> None:
        self._inner = _decompressor(self.packing)
        self._rest = b""
        self._begun = False
        self._over = False
        self.packed = 0

    def read(self, size: int) -> bytes:
        """See `formats.input.Stream.read`.

        Raises:
            Unreadable: the stream is damaged or cut, or holds far more than it should. What was
                read before is right.
        """
        while not self._over:
            # What the decompressor holds back comes out before anything more is put in.
            if self._inner.needs_input and not self._rest:
                self._rest = self._stream.read(_PIECE)
                self.packed += len(self._rest)
                if not self._rest:
                    self._end()
                    break
            data, self._rest = self._rest, b""
            out = self._unpack(data, size)
            self._begun = True
            if self._inner.eof:
                self._next()
            if out:
                self._count(len(out))
                return out
        return b""

    def _unpack(self, data: bytes, size: int) -> bytes:
        try:
            return self._inner.decompress(data, size)
        except (EOFError, OSError, ValueError, zlib.error, lzma.LZMAError) as error:
            raise self._unreadable(f"is damaged ({error})") from error
        except MemoryError as error:
            raise self._unreadable("needs more than 256 MiB of memory to unpack") from error
        except Exception as error:  # zstd's own error is in one of two modules
            if type(error).__name__ != "ZstdError":
                raise
            raise self._unreadable(f"is damaged ({error})") from error

    def _next(self) -> None:
        """After a stream there may be another, or zeros that fill up a block of a tape."""
        rest = self._inner.unused_data
        while not (rest := rest.lstrip(b"\0")):
            rest = self._stream.read(_PIECE)
            self.packed += len(rest)
            if not rest:
                self._over = True
                return
        self._inner, self._rest, self._begun = _decompressor(self.packing), rest, False

    def _end(self) -> None:
        """The compressed stream has no more bytes."""
        if self._begun:
            raise self._unreadable("is cut off: its end is missing")
        self._over = True


def unpacked(stream: Stream, packing: Sequence[Packing]) -> Stream:
    """The text that a stream holds; `packing`: what to take off, the outermost first."""
    for one in packing:
        if one == "JSON array":
            stream = JsonArray(stream)
        else:
            stream = ZippedFile(stream) if one == "zip" else Unpacked(stream, one)
    return stream


def unpack_start(
    head: bytes, packing: Sequence[Packing], size: int, *, whole: bool
) -> tuple[bytes, bool]:
    """At most `size` of the first bytes that a content holds, and whether those are all.

    Args:
        head: the compressed content's first bytes.
        packing: how it is packed, the outermost first.
        size: how many to unpack.
        whole: `head` is all of the content.

    Raises:
        Unreadable: not even the first of them can be unpacked, though all are there.
    """
    stream = unpacked(io.BytesIO(head), packing)
    parts: list[bytes] = []
    there = 0
    try:
        while there < size:
            part = stream.read(size - there)
            if not part:
                return b"".join(parts), whole
            parts.append(part)
            there += len(part)
    except Unreadable:
        if whole and not parts:
            raise
    return b"".join(parts), False
