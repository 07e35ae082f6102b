"""Bytes as rows: what a type without rows of its own looks like."""

from __future__ import annotations

import mmap
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from amltui.tables.rows import Column

WIDTH: Final = 16
"""Bytes in a row."""
_COLUMNS: Final = (Column("offset", "text"), Column("bytes", "text"), Column("text", "text"))
_TEXT: Final = bytes(code if 0x20 <= code < 0x7F else 0x2E for code in range(256))


class HexRows:
    """`Rows` over bytes: offset, sixteen bytes in hexadecimal, and their ASCII characters."""

    malformed = ()
    shows = "its bytes"
    """What of the content the rows are."""
    lists_entries = False
    """Whether they are what an archive holds."""
    encoding = "bytes"

    def __init__(self, data: bytes | mmap.mmap, *, complete: bool = True, note: str = "") -> None:
        """Show `data`; `complete` says whether that is all there is.

        `note`: why bytes are shown of a type that has rows, in one line.
        """
        self._data = data
        self.note = note
        self._complete = complete

    @property
    def columns(self) -> tuple[Column, ...]:
        """See `Rows.columns`."""
        return _COLUMNS

    @property
    def row_count(self) -> int:
        """See `Rows.row_count`."""
        return -(-len(self._data) // WIDTH)

    @property
    def complete(self) -> bool:
        """See `Rows.complete`."""
        return self._complete

    def window(self, start: int, stop: int, columns: Sequence[int]) -> list[Sequence[str | None]]:
        """See `Rows.window`."""
        rows = self.row_numbers(start, stop)
        return [[self.cell(row, column) for row in rows] for column in columns]

    def row_numbers(self, start: int, stop: int) -> Sequence[int]:
        """See `Rows.row_numbers`."""
        return range(max(start, 0), min(stop, self.row_count))

    def cell(self, row: int, column: int) -> str | None:
        """See `Rows.cell`."""
        if not 0 <= row < self.row_count:
            raise IndexError(row)
        if column == 0:
            return f"{row * WIDTH:08x}"
        part = bytes(self._data[row * WIDTH : (row + 1) * WIDTH])
        if column == 1:
            half = WIDTH // 2
            return f"{part[:half].hex(' ')}  {part[half:].hex(' ')}".rstrip()
        return part.translate(_TEXT).decode("ascii")

    def close(self) -> None:
        """Give the file back, if it is one."""
        if isinstance(self._data, mmap.mmap):
            self._data.close()


def hex_rows(source: bytes | Path, *, complete: bool = True, note: str = "") -> HexRows:
    """Bytes, or a file's bytes, as rows; close them when done. A whole Zip archive is listed.

    Raises:
        OSError: the file cannot be read.
    """
    if isinstance(source, bytes):
        return _rows(source, complete=complete, note=note)
    with source.open("rb") as file:
        if not os.fstat(file.fileno()).st_size:
            return HexRows(b"", complete=complete, note=note)
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return _rows(data, complete=complete, note=note)


def _rows(data: bytes | mmap.mmap, *, complete: bool, note: str) -> HexRows:
    if complete and data[:4] == b"PK\x03\x04":
        from amltui.tables.archive_rows import ArchiveRows, entries_of

        entries = entries_of(data)
        if entries is not None:
            return ArchiveRows(data, entries, note=note)
    return HexRows(data, complete=complete, note=note)
