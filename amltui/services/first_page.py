"""The first rows of a cached dataset as text, kept from one start of the program to the next.

    entries/<32 hex>/first.page    in the cache, beside the content that they are of

To read rows from a content brings pyarrow and numpy, which takes longer than all else of a start.
So the rows that were on the screen are drawn from here, and the content is opened after that.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from amltui.cache import Entry
from amltui.config import paths
from amltui.disk import write_whole
from amltui.tables.rows import CELL_LIMIT, Column, Rows, SlowRows

ROWS: Final = 64
"""Rows that are kept: more than a screen is high."""
COLUMNS: Final = 64
"""Columns of a dataset of which something is kept: more take longer to read than they save."""


class FirstPage(msgspec.Struct, frozen=True):
    """`Rows` over the first rows of a content. They are all of it where `complete`."""

    content: tuple[int, ...]
    """Size, time and place of the content, so that the rows are shown of no other one."""
    settings: tuple[int, ...]
    """The same of the files that say how datasets are written."""
    columns: tuple[Column, ...]
    cells: tuple[tuple[str | None, ...], ...]
    """One sequence for each column."""
    total: int
    """Rows of the content."""
    note: str
    """What was said of them."""

    @property
    def row_count(self) -> int:
        """See `Rows.row_count`."""
        return len(self.cells[0])

    @property
    def complete(self) -> bool:
        """See `Rows.complete`."""
        return self.row_count == self.total

    def window(self, start: int, stop: int, columns: Sequence[int]) -> list[Sequence[str | None]]:
        """See `Rows.window`."""
        return [self.cells[column][max(start, 0) : max(stop, 0)] for column in columns]

    def row_numbers(self, start: int, stop: int) -> range:
        """See `Rows.row_numbers`."""
        return range(max(start, 0), min(stop, self.row_count))

    def cell(self, row: int, column: int) -> str | None:
        """See `Rows.cell`.

        Raises:
            IndexError: no such row.
        """
        if not 0 <= row < self.row_count:
            raise IndexError(row)
        return self.cells[column][row]


_FILE: Final = msgspec.json.Decoder(FirstPage)


def page_of(rows: Rows, entry: Entry, note: str, began: float) -> FirstPage | None:
    """The first rows of a whole content, to be kept; None: they cannot be.

    Args:
        rows: all rows.
        entry: whose they are.
        note: what is said of them.
        began: when the content was opened, as by `time.time`: a file elsewhere on this disk that
            was written to since then may not be what the rows are of.
    """
    total, columns = rows.row_count, range(len(rows.columns))
    stop = min(total, ROWS)
    if not rows.complete or not stop or not 0 < len(columns) <= COLUMNS:
        return None
    if isinstance(rows, SlowRows) and not rows.is_here(0, stop, columns):
        return None
    content = _stamp(entry.raw)
    if not content or (entry.linked and content[1] >= began * 1e9):
        return None
    cells = tuple(tuple(cells) for cells in rows.window(0, stop, columns))
    # A cell that was cut is not the cell.
    if any(len(text or "") >= CELL_LIMIT for texts in cells for text in texts):
        return None
    return FirstPage(content, _settings(), rows.columns, cells, total, note)


def keep(entry: Entry, page: FirstPage) -> None:
    """Keep a page for the next start, where the disk lets it. Blocks."""
    data = msgspec.json.encode(page)
    with contextlib.suppress(OSError):
        if _read(entry.first_page) != data:
            write_whole(entry.first_page, data)


def kept(entry: Entry) -> FirstPage | None:
    """The page of a content that is still what it was, and is read as it was. Blocks."""
    try:
        page = _FILE.decode(_read(entry.first_page))
    except msgspec.DecodeError:
        return None
    known = page.content == _stamp(entry.raw) and page.settings == _settings()
    fits = len(page.cells) == len(page.columns) and len({len(texts) for texts in page.cells}) == 1
    return page if known and fits else None


def _read(path: Path) -> bytes:
    """What a file holds; empty where there is none."""
    with contextlib.suppress(OSError):
        return path.read_bytes()
    return b""


def _stamp(path: Path) -> tuple[int, ...]:
    with contextlib.suppress(OSError):
        status = path.stat()
        return status.st_size, status.st_mtime_ns, status.st_dev, status.st_ino
    return ()


def _settings() -> tuple[int, ...]:
    files = (paths.config_dir() / name for name in (paths.DIALECTS, paths.SHEETS))
    return tuple(number for file in files for number in (*_stamp(file), -1))
