"""Rows of one content as far as they are here."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Container
from pathlib import Path
from typing import Final

from amltui.cache import Cache, Entry, Source
from amltui.errors import AmltuiError
from amltui.formats.lens import Lens
from amltui.models import Dataset
from amltui.services.previews.columns import Columns
from amltui.services.previews.handles import close
from amltui.services.previews.parquet_ranges import RemoteParquet
from amltui.services.previews.peeking import Partial, Peeking
from amltui.tables import (
    HexRows,
    Rows,
    Table,
)
from amltui.tables.indexed import IndexedRows
from amltui.tables.peeked import PeekedRows
from amltui.tables.stretches import Move
from amltui.text import human_size
from amltui.transfers import Feed

SMALL: Final = 4 << 20
"""Bytes up to which a table is written at once: that takes no longer than an index is worth."""


class Shown:
    """Rows of one content as far as they are here, and how much that is."""

    def __init__(
        self, source: Source, cache: Cache, entry: Entry, rows: Rows, feed: Feed | None, lens: Lens
    ) -> None:
        self.source = source
        self.rows = rows
        """What can be shown now; another object after some changes."""
        self.table: Table | None = rows if isinstance(rows, Table) else None
        """The text table, once there is one: what sorting, filtering and SQL need."""
        self.problem: AmltuiError | None = None
        """Why no more rows will come, although there are more."""
        self._lens = lens
        self._fmt = lens.fmt
        self._content = entry.raw
        """Where the bytes lie that rows are read from."""
        self._cache = cache
        self._entry = entry
        self._feed = feed
        self._came_to: Path | None = None
        """The file of what came, when nothing more was waited for."""
        self._came = 0
        """Bytes that had come when nothing more was waited for."""
        self._closed = False
        self._partial: Partial | None = None
        self._peeking: Peeking | None = None
        self._moves: list[Move] = []
        self._fetching = asyncio.Event()
        """Set when what is missing is fetched, and when it never will be."""
        self._fetching.set()
        self.remote: RemoteParquet | None = None
        """What reads rows of a Parquet file that is elsewhere."""
        self._columns: Columns | None = None
        """What wrote the table."""
        self.part: Table | None = None
        """A table of the first rows, see `Preview.part_table`. It says that it is not complete."""
        self._part_columns: Columns | None = None
        """What wrote that."""
        self._shown: list[Rows] = [rows]
        """All that was ever shown: somebody may still draw it, so it is closed at the end."""

    @property
    def received(self) -> int:
        """Bytes of the content that are here."""
        if self._partial is not None:
            return self._partial.content.held
        if self._feed is not None:
            return self._feed.available
        with contextlib.suppress(OSError):
            return self._entry.raw.stat().st_size
        return self._came

    @property
    def size(self) -> int | None:
        """Bytes of the whole content, where known."""
        if self._feed is not None and self._feed.size is not None:
            return self._feed.size
        return self.source.size if isinstance(self.source, Dataset) else None

    @property
    def peeked(self) -> PeekedRows | None:
        """All rows as far as can be told, where `rows` are only the first of them."""
        peeking = self._peeking
        return peeking.rows if peeking is not None and not self.rows.complete else None

    @property
    def waits(self) -> bool:
        """Whether the content is so large that the rest is fetched only by `fetch_all`."""
        return self._partial is not None

    @property
    def part_size(self) -> int:
        """First bytes of a content that waits whose rows can be asked; 0: they cannot."""
        if self._partial is None or self._partial.content.path is None or not self.has_rows:
            return 0
        return 0 if self._fmt.kind == "batches" else self._partial.content.prefix

    @property
    def part_words(self) -> str:
        """How much of the content `part` has, for a person."""
        part = self.part.consumed if self.part is not None else 0
        of = human_size(self.size) if self.size else "more"
        return f"{human_size(part)} of {of}"

    @property
    def peeks_now(self) -> bool:
        """Whether a place is on its way."""
        return self._peeking is not None and self._peeking.fetching

    def take_moves(self) -> list[Move]:
        """Which rows of `peeked` got other numbers since this was asked last."""
        moves, self._moves = self._moves, []
        if self.peeked is not None:
            moves += self.peeked.take_moves()
        return moves

    @property
    def whole_rows(self) -> int:
        """Rows of `rows` that are all here: the last of the first rows may go on."""
        return self.rows.row_count - getattr(self.rows, "goes_on", False)

    @property
    def indexed(self) -> bool:
        """Whether `rows` are read by their index, and no table is needed for them."""
        return isinstance(self.rows, IndexedRows)

    @property
    def note(self) -> str:
        """Why bytes are shown although the type has rows, in one line; else ""."""
        return self.rows.note if isinstance(self.rows, HexRows) else ""

    @property
    def lens(self) -> Lens:
        """How the bytes are read."""
        return self._lens

    @property
    def fetched(self) -> str:
        """How much was fetched for what is shown, in one line, where that is worth a word."""
        return ""

    @property
    def has_rows(self) -> bool:
        """Whether there are rows to ask about, and not only bytes to show."""
        return self._lens.has_rows

    @property
    def changed(self) -> bool:
        """Whether somebody changed the file that is shown."""
        return isinstance(self.rows, IndexedRows) and self.rows.changed

    @property
    def malformed(self) -> Container[int]:
        """Numbers of rows that were found malformed so far; it grows as windows are read."""
        if self.peeked is not None:
            return self.peeked.malformed
        return self.rows.malformed if isinstance(self.rows, IndexedRows) else ()

    @property
    def built(self) -> float:
        """How much of the content is in the table: 0 to 1."""
        if self.table is None:
            return 0.0
        if self.table.complete or not self.size:
            return 1.0
        return self.table.consumed / self.size

    def _show(self, rows: Rows) -> None:
        if self._closed:
            close(rows)
            return
        self._shown.append(rows)
        self.rows = rows

    def _release(self) -> None:
        feed, self._feed = self._feed, None
        if feed is not None:
            self._came, self._came_to = feed.available, feed.path
            feed.close()
