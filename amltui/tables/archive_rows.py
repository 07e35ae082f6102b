"""The entries of a Zip archive as rows, in place of its bytes."""

from __future__ import annotations

import io
import mmap
import struct
import zipfile
from collections.abc import Sequence
from typing import Final

from amltui.tables.hexrows import HexRows
from amltui.tables.rows import Column

_COLUMNS: Final = (
    Column("name", "text"),
    Column("size", "int"),
    Column("packed", "int"),
    Column("changed", "text"),
)
_END: Final = struct.Struct("<4s4H2LH")
"""The record at the end: its sign, disks, entries, the directory's size and place, a comment."""
_COMMENT: Final = 0xFFFF
_MOST: Final = 0xFFFE
"""Entries that are listed at most: more stand elsewhere, and could be any number."""

_DIRECTORY: Final = 64 << 20
"""Bytes of an archive's directory that are read at most."""


class ArchiveRows(HexRows):
    """`Rows` over what an archive holds: name, sizes in bytes, when it was changed."""

    shows = "the entries of its archive"
    lists_entries = True

    def __init__(
        self, data: bytes | mmap.mmap, entries: Sequence[zipfile.ZipInfo], *, note: str
    ) -> None:
        """Show the entries of an archive whose bytes are `data`; `note` as `HexRows`'."""
        super().__init__(data, note=note)
        self._entries = entries

    @property
    def columns(self) -> tuple[Column, ...]:
        """See `Rows.columns`."""
        return _COLUMNS

    @property
    def row_count(self) -> int:
        """See `Rows.row_count`."""
        return len(self._entries)

    def cell(self, row: int, column: int) -> str | None:
        """See `Rows.cell`."""
        if not 0 <= row < self.row_count:
            raise IndexError(row)
        entry = self._entries[row]
        if column == 0:
            return entry.filename
        if column == 3:
            year, month, day, hour, minute, second = entry.date_time
            return f"{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"
        return str(entry.file_size if column == 1 else entry.compress_size)


def entries_of(data: bytes | mmap.mmap) -> Sequence[zipfile.ZipInfo] | None:
    """What a whole archive lists. None: it is none, is damaged, or lists too many to hold."""
    tail = bytes(data[-(_END.size + _COMMENT) :])
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        return None
    _, _, _, _, count, size, _, _ = _END.unpack_from(tail, at)
    if not 0 < count <= _MOST or size > _DIRECTORY:
        return None
    source = io.BytesIO(data) if isinstance(data, bytes) else data
    try:
        with zipfile.ZipFile(source) as archive:  # type: ignore[arg-type]  # reads and seeks
            return archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error):
        return None
