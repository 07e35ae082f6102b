"""Where the rows of a content are: what it takes to show any of them without parsing the others.

The content is cut into pieces of whole rows, some ten KiB each. Of each piece the index knows
where it ends in the file, and how many rows and lines there are up to its end. Parsed alone, a
piece gives the rows that it gives in the whole.

The index takes 24 bytes for each piece, so some 400 KiB for 1 GiB.

One thread may add to an index while others read it.
"""

from __future__ import annotations

import json
import sys
import zlib
from array import array
from bisect import bisect_right
from dataclasses import asdict, dataclass, replace
from threading import Lock
from typing import Any, Final

from amltui.formats.dialect import dialect_text
from amltui.formats.registry import Format
from amltui.tables.source import OpenFile

PIECE: Final = 64 * 1024
"""Bytes of a piece of a table of not too many columns, unless a row is longer."""
_VERSION: Final = 3
"""As that of a table, see `state`."""
_MAGIC: Final = b"amltui row index\n"
_SAMPLE: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole rows of a content."""

    number: int
    start: int
    """Offset of its first byte in the file."""
    stop: int
    """Offset just after its last."""
    first: int
    """Number of its first row (0-based)."""
    end: int
    """Number of the row after its last."""
    lines: int
    """Line ends before it."""
    oversized: bool
    """Whether it is one row too large or too broken for the parser of blocks."""


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """What tells the bytes of one file from those of another, as far as a glance can tell."""

    size: int
    modified: int
    """Nanoseconds since 1970."""
    sample: int
    """CRC-32 of its first and last 64 KiB."""

    @classmethod
    def of(cls, file: OpenFile) -> FileIdentity:
        """Look at a file.

        Raises:
            OSError: it cannot be read.
        """
        size, modified = file.stat()
        return cls(size, modified, _sample(file, size))

    @classmethod
    def of_first(cls, file: OpenFile, size: int) -> FileIdentity:
        """Look at a file's first `size` bytes, while the others still come.

        Raises:
            OSError: it cannot be read.
        """
        return cls(size, 0, _sample(file, size))

    def seems(self, file: OpenFile) -> bool:
        """Whether a file was not changed since, as far as its size and time tell."""
        return file.stat() == (self.size, self.modified)


def _sample(file: OpenFile, size: int) -> int:
    first = zlib.crc32(file.read(0, min(size, _SAMPLE)))
    return zlib.crc32(file.read(max(0, size - _SAMPLE), size), first)


@dataclass(frozen=True, slots=True)
class Beginning:
    """What is known of a content before its first row."""

    data_type_id: str
    origin: int
    """Offset of the first row in the file."""
    lines: int
    """Line ends before it."""
    encoding: str
    """UTF-8, UTF-16 or UTF-32."""
    keys: tuple[str, ...] = ()
    """What a survey of the whole content found its columns to be, where it took one."""
    declared: tuple[str | None, ...] = ()
    """And what they are declared as."""
    dialect: str = ""
    """See `formats.dialect.dialect_text`."""


class RowIndex:
    """The pieces of one content, as far as they are known."""

    def __init__(self, beginning: Beginning, piece: int = PIECE, rows: int = sys.maxsize) -> None:
        """Begin; `piece`: bytes of a piece, unless a row is longer; `rows`: its rows at most."""
        self.beginning = beginning
        self._piece = piece
        self._piece_rows = rows
        self.text_encoding: str | None = None
        """What the text is in, see `formats.encoding.to_utf8`. None: it was all ASCII so far."""
        self.complete = False
        """Whether the last piece ends where the content ends."""
        self._stops = array("Q")
        self._rows = array("Q")
        self._lines = array("Q")
        self._oversized: set[int] = set()
        self._lock = Lock()

    def cut_into(self, piece: int, rows: int) -> None:
        """Say of what size the pieces that come are; see `RowIndex`."""
        self._piece, self._piece_rows = piece, rows

    @property
    def row_count(self) -> int:
        """Rows up to the end of the last piece."""
        with self._lock:
            return self._rows[-1] if self._rows else 0

    @property
    def stop(self) -> int:
        """Offset just after the last piece."""
        with self._lock:
            return self._stops[-1] if self._stops else self.beginning.origin

    def add(self, stop: int, rows: int, lines: int, *, oversized: bool = False) -> None:
        """Add a piece that ends at offset `stop` and has `rows` rows and `lines` line ends."""
        with self._lock:
            last = len(self._stops) - 1
            before = (self._rows[-1], self._lines[-1]) if last >= 0 else (0, self.beginning.lines)
            if last >= 0 and (not rows or (not oversized and self._grows(last, stop, rows))):
                # Rows that came a few at a time are one piece, and blank lines are none.
                self._stops[-1] = stop
                self._rows[-1] += rows
                self._lines[-1] += lines
                return
            if oversized:
                self._oversized.add(last + 1)
            self._lines.append(before[1] + lines)
            self._rows.append(before[0] + rows)
            self._stops.append(stop)

    def _grows(self, last: int, stop: int, rows: int) -> bool:
        """Whether the last piece is small enough to go on to `stop` with so many more rows."""
        start, first = self.beginning.origin, 0
        if last:
            start, first = self._stops[last - 1], self._rows[last - 1]
        small = self._rows[last] + rows - first <= self._piece_rows
        return small and stop - start <= self._piece and last not in self._oversized

    def piece_of(self, row: int) -> Piece:
        """The piece that a row is in.

        Raises:
            IndexError: no such row, or not yet.
        """
        with self._lock:
            if not 0 <= row < (self._rows[-1] if self._rows else 0):
                raise IndexError(row)
            return self._piece_number(bisect_right(self._rows, row))

    def piece_at(self, offset: int) -> Piece | None:
        """The piece that a byte of the file is in; None: it is in none, or not yet."""
        with self._lock:
            if not self.beginning.origin <= offset < (self._stops[-1] if self._stops else 0):
                return None
            return self._piece_number(bisect_right(self._stops, offset))

    def _piece_number(self, number: int) -> Piece:
        start, first, lines = self.beginning.origin, 0, self.beginning.lines
        if number:
            start, first = self._stops[number - 1], self._rows[number - 1]
            lines = self._lines[number - 1]
        stop, end = self._stops[number], self._rows[number]
        return Piece(number, start, stop, first, end, lines, number in self._oversized)

    def to_bytes(self, identity: FileIdentity) -> bytes:
        """All of it, for a file beside the content; `identity`: of the content."""
        with self._lock:
            body = b"".join(part.tobytes() for part in (self._stops, self._rows, self._lines))
            head: dict[str, Any] = {
                "version": _VERSION,
                "order": sys.byteorder,
                "file": asdict(identity),
                "beginning": asdict(self.beginning),
                "text_encoding": self.text_encoding,
                "complete": self.complete,
                "pieces": len(self._stops),
                "oversized": sorted(self._oversized),
            }
        line = json.dumps(head).encode() + b"\n"
        checksum = b"%08x\n" % zlib.crc32(line + body)
        return _MAGIC + checksum + line + body

    @classmethod
    def from_bytes(cls, data: bytes, identity: FileIdentity, fmt: Format) -> RowIndex | None:
        """What `to_bytes` gave; None where it is of other bytes, of another version or damaged."""
        try:
            checksum, head, rest, body = _parts(data)
            known = (
                checksum == zlib.crc32(rest)
                and (head["version"], head["order"]) == (_VERSION, sys.byteorder)
                and head["file"] == asdict(identity)
                and head["beginning"]["data_type_id"] == fmt.data_type_id
                and head["beginning"]["dialect"] == dialect_text(fmt)
            )
            if not known:
                return None
            beginning = Beginning(**head["beginning"])
            keys, declared = tuple(beginning.keys), tuple(beginning.declared)
            found = cls(replace(beginning, keys=keys, declared=declared))
            size = 8 * head["pieces"]
            for place, part in enumerate((found._stops, found._rows, found._lines)):
                part.frombytes(body[place * size : (place + 1) * size])
        except (ValueError, KeyError, TypeError):
            return None
        found.text_encoding, found.complete = head["text_encoding"], head["complete"]
        found._oversized = set(head["oversized"])
        return found


def noted_size(data: bytes) -> int:
    """How many bytes of a content an index was made of, by what `to_bytes` gave; -1: damaged."""
    try:
        size = _parts(data)[1]["file"]["size"]
    except (ValueError, KeyError, TypeError):
        return -1
    return size if isinstance(size, int) else -1


def _parts(data: bytes) -> tuple[int, Any, bytes, bytes]:
    """The checksum, the head, all that the checksum is of, and the body."""
    if not data.startswith(_MAGIC):
        raise ValueError
    checksum, rest = data[len(_MAGIC) :].split(b"\n", 1)
    line, body = rest.split(b"\n", 1)
    return int(checksum, 16), json.loads(line), rest, body
