"""The one file that a zip archive holds, as a stream: without the directory at the archive's end.

So its first bytes are readable before the last ones are here. Folders, and what macOS puts beside
a file, do not count as files.
"""

from __future__ import annotations

import contextlib
import io
import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import Any, Final

from amltui.errors import Unreadable
from amltui.formats.derived import UnpackedStream
from amltui.text import visible

TABLES: Final = (
    ".csv", ".tsv", ".tab", ".txt", ".data", ".dat", ".arff", ".json", ".jsonl", ".ndjson",
)  # fmt: skip
"""What the names of files end with that may be a table."""
_PIECE: Final = 8 * 1024
_HEADER: Final = struct.Struct("<4s5H3I2H")
_FILE: Final = b"PK\x03\x04"
_DESCRIPTOR: Final = b"PK\x07\x08"
_END: Final = (b"PK\x01\x02", b"PK\x05\x06")
_ENCRYPTED: Final = 0x0001
_SIZES_FOLLOW: Final = 0x0008
_UTF8: Final = 0x0800
_STORED: Final = 0
_DEFLATED: Final = 8
_UNKNOWN: Final = 0xFFFFFFFF
"""A size that stands elsewhere, because it has more than 32 bits."""


@dataclass(frozen=True, slots=True)
class Member:
    """What the archive says before a file's bytes."""

    name: str
    flags: int
    method: int
    crc: int
    packed: int


def _counts(name: str) -> bool:
    """Whether it is a file that somebody put there."""
    last = name.rsplit("/", 1)[-1]
    return bool(last) and not name.startswith("__MACOSX/") and not last.startswith("._")


def first_name(head: bytes, *, whole: bool) -> str | None:
    """The name of the first file of an archive that begins with `head`.

    None: it is not there; or `head` is the whole archive, and there are more files.
    """
    if whole:
        with contextlib.suppress(zipfile.BadZipFile, NotImplementedError):
            archive = zipfile.ZipFile(io.BytesIO(head))
            names = [one.filename for one in archive.infolist() if _counts(one.filename)]
            return names[0] if len(names) == 1 else None
    at = 0
    while len(head) >= at + _HEADER.size and head.startswith(_FILE, at):
        member, size = _member(head[at:])
        if _counts(member.name):
            return member.name
        if member.flags & _SIZES_FOLLOW:
            return None
        at += size + member.packed
    return None


def _member(data: bytes) -> tuple[Member, int]:
    """What a header says, and how many bytes it has."""
    _, _, flags, method, _, _, crc, packed, _, name, extra = _HEADER.unpack_from(data)
    raw = data[_HEADER.size : _HEADER.size + name]
    text = raw.decode("utf-8" if flags & _UTF8 else "cp437", "replace")
    return Member(text, flags, method, crc, packed), _HEADER.size + name + extra


class ZippedFile(UnpackedStream):
    """The bytes of the one file in a zip archive."""

    what = "zip archive"

    def _start(self) -> None:
        self._buffer = b""
        self.packed = self._left = self._crc = 0
        self._member: Member | None = None
        self._inner: Any = None
        self._over = False

    def read(self, size: int) -> bytes:
        """See `formats.input.Stream.read`.

        Raises:
            Unreadable: the archive is damaged, cut, encrypted or packed in an uncommon way, or
                holds more than one file. What was read before is right.
        """
        if self._member is None and not self._over:
            self._begin()
        while not self._over:
            if data := self._more(size):
                self._crc = zlib.crc32(data, self._crc)
                self._count(len(data))
                return data
            self._finish()
        return b""

    def _fill(self, count: int) -> bool:
        """Have `count` bytes in the buffer; whether there are so many."""
        while len(self._buffer) < count:
            data = self._stream.read(max(_PIECE, count - len(self._buffer)))
            if not data:
                return False
            self.packed += len(data)
            self._buffer += data
        return True

    def _take(self, count: int) -> bytes:
        if not self._fill(count):
            raise self._unreadable("is cut off: its end is missing")
        data, self._buffer = self._buffer[:count], self._buffer[count:]
        return data

    def _next(self) -> Member | None:
        """The header of the next file that counts; None: there is no more."""
        while True:
            if not self._fill(4):
                if self._buffer or not self.packed:
                    raise self._unreadable("is cut off: its end is missing")
                return None
            if self._buffer.startswith(_END):
                return None
            if not self._buffer.startswith(_FILE) or not self._fill(_HEADER.size):
                raise self._unreadable("is damaged")
            member, size = _member(self._buffer)
            if not self._fill(size):
                raise self._unreadable("is cut off: its end is missing")
            member, size = _member(self._buffer)
            self._take(size)
            if _counts(member.name):
                return member
            self._open(member)
            while self._more(_PIECE):
                pass
            self._pass_descriptor(member)

    def _open(self, member: Member) -> None:
        self._left, self._crc = member.packed, 0
        self._inner = zlib.decompressobj(wbits=-15) if member.method == _DEFLATED else None
        if member.flags & _ENCRYPTED:
            raise Unreadable("The zip archive is encrypted", hint="Download and unpack it.")
        uncommon = member.method not in {_STORED, _DEFLATED}
        unsaid = member.flags & _SIZES_FOLLOW or member.packed == _UNKNOWN
        if uncommon or (member.method == _STORED and unsaid):
            raise Unreadable(
                "The zip archive is packed in a way that cannot be read here",
                hint="Download and unpack it.",
            )

    def _begin(self) -> None:
        member = self._next()
        if member is None:
            self._over = True
            return
        self._open(member)
        self._member = member

    def _more(self, size: int) -> bytes:
        """Bytes of the file that is open; none at its end."""
        if self._inner is None:
            count = min(size, self._left, _PIECE)
            self._left -= count
            return self._take(count)
        while not self._inner.eof:
            packed = self._inner.unconsumed_tail
            if not packed:
                if not self._fill(1):
                    raise self._unreadable("is cut off: its end is missing")
                packed, self._buffer = self._buffer[:_PIECE], self._buffer[_PIECE:]
            try:
                data: bytes = self._inner.decompress(packed, size)
            except zlib.error as error:
                raise self._unreadable(f"is damaged ({error})") from error
            if self._inner.eof:
                self._buffer = self._inner.unused_data + self._buffer
            if data:
                return data
        return b""

    def _pass_descriptor(self, member: Member) -> int:
        """Pass what may stand after a file's bytes; its checksum."""
        if not member.flags & _SIZES_FOLLOW:
            return member.crc
        self._fill(24)
        start = 4 if self._buffer.startswith(_DESCRIPTOR) else 0
        crc = int.from_bytes(self._buffer[start : start + 4], "little")
        # Sizes have 8 bytes each in archives of more than 4 GiB.
        after = (start + 12, start + 20)
        known = (_FILE, *_END)
        end = next((at for at in after if self._buffer[at : at + 4] in known), after[0])
        self._take(end)
        return crc

    def _finish(self) -> None:
        """After the file: see that it is whole, and that it is the only one."""
        self._over = True
        assert self._member is not None
        if self._pass_descriptor(self._member) != self._crc:
            raise self._unreadable("is damaged: its checksum does not fit")
        other = self._next()
        if other is not None:
            raise Unreadable(
                f"The zip archive holds more than one file: these rows are of "
                f'"{visible(self._member.name)}", and there is "{visible(other.name)}", too',
                hint="Download and unpack it.",
            )
