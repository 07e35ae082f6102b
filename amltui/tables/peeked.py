"""Rows of a content of which only places are here: its first rows, and others as they are asked.

The first rows have their numbers. Of a place further on only its bytes are known, so its number
is what the rows seen so far let expect. Where places grow together with the first rows, and
where the index of a content that arrives passes them, numbers become exact; rows then have other
numbers than before, and `take_moves` says so to whoever shows them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from amltui.formats.blocks import Codec
from amltui.formats.reader import RowReader
from amltui.formats.registry import Format
from amltui.tables.beginning import BytesStream
from amltui.tables.cells import texts
from amltui.tables.indexed import IndexedRows
from amltui.tables.memory import MemoryRows
from amltui.tables.rows import Column
from amltui.tables.stretches import Move, Stretch, StretchParser, WantedBytes

SPAN: Final = 512 * 1024
"""Bytes of a place, where rows are not very long."""
LARGEST: Final = 2 * 1024 * 1024
_ROWS: Final = 200
"""Rows that a place should have."""
_KEPT: Final = 32 * 1024 * 1024
"""Bytes of places whose rows are kept parsed."""
COMING: Final = "…"
"""Stands in every cell of a row that is not here yet."""

First = MemoryRows | IndexedRows


@dataclass(slots=True)
class _Malformed:
    """Numbers of rows that were found malformed."""

    rows: PeekedRows

    def __contains__(self, row: object) -> bool:
        return isinstance(row, int) and self.rows.is_malformed(row)


@dataclass(slots=True)
class _Start:
    """The first rows, as far as they are used."""

    rows: int = 0
    stop: int = 0


class PeekedRows:
    """`Rows` of a content of `size` bytes; rows that are not here show `COMING` and are asked for.

    For one thread, but `parser`, which any thread may use.
    """

    def __init__(
        self,
        first: First,
        codec: Codec,
        *,
        origin: int,
        size: int,
        encoding: str = "utf-8",
        text_encoding: str | None = None,
    ) -> None:
        """Begin with the first rows, at least one of them whole.

        Args:
            first: the rows from the content's start on, as far as they are known.
            codec: what read them.
            origin: offset of the first row in bytes.
            size: of the content in bytes.
            encoding: of the content: UTF-8, UTF-16 or UTF-32.
            text_encoding: what the text is in, see `formats.encoding.to_utf8`.
        """
        self._first = first
        self._origin = origin
        self.size = size
        self._encoding = encoding
        self._other = text_encoding
        self.parser = StretchParser(codec, encoding, text_encoding)
        self._start = _Start()
        self._stretches: list[Stretch] = []
        self._used: list[Stretch] = []
        self._moves: list[Move] = []
        self._total = 0
        self.wanted: int | None = None
        """A row that was asked for and is not here."""
        self.on_wanted: Callable[[], None] = lambda: None
        """Called when `wanted` is set."""
        self.malformed = _Malformed(self)
        """Numbers of rows, as they are now, that were found malformed."""
        self._hopeless: list[tuple[int, int]] = []
        self._count()

    @classmethod
    def begin(cls, head: bytes, fmt: Format, first: MemoryRows, size: int) -> PeekedRows | None:
        """Begin with the first rows that `head`, the content's first bytes, have.

        None: nothing tells where others are.
        """
        if first.complete or first.row_count - first.goes_on < 1:
            return None
        reader = RowReader(BytesStream(head), fmt, final=False)
        if not reader.read_header():
            return None
        other = first.encoding if first.encoding != reader.input_encoding else None
        return cls(
            first,
            reader.codec,
            origin=reader.consumed,
            size=size,
            encoding=reader.input_encoding,
            text_encoding=other,
        )

    # Rows

    @property
    def columns(self) -> tuple[Column, ...]:
        """See `Rows.columns`. The types are those of the first rows."""
        return self._first.columns

    @property
    def row_count(self) -> int:
        """See `Rows.row_count`: as far as can be told."""
        return self._total

    @property
    def complete(self) -> bool:
        """See `Rows.complete`."""
        return False

    @property
    def exact(self) -> bool:
        """See `PlacedRows.exact`."""
        last = self._stretches[-1] if self._stretches else None
        return last is not None and last.exact and last.stop >= self.size

    @property
    def encoding(self) -> str:
        """What the text was decoded from."""
        return self._other or self._encoding

    def window(self, start: int, stop: int, columns: Sequence[int]) -> list[Sequence[str | None]]:
        """See `Rows.window`."""
        start, stop = max(start, 0), min(stop, self._total)
        found: list[list[str | None]] = [[] for _ in columns]
        while start < stop:
            if start < self._start.rows:
                end = min(stop, self._start.rows)
                part: Sequence[Sequence[str | None]] = self._first.window(start, end, columns)
            else:
                stretch, end = self._at(start)
                end = min(stop, end)
                if stretch is None or stretch.batch is None:
                    self._want(start)
                    part = [[COMING] * (end - start)] * len(columns)
                else:
                    low, high = start - stretch.first, end - stretch.first
                    part = [texts(stretch.batch.column(c), low, high) for c in columns]
            for cells, more in zip(found, part, strict=True):
                cells.extend(more)
            start = end
        return list(found)

    def row_numbers(self, start: int, stop: int) -> Sequence[int]:
        """See `Rows.row_numbers`."""
        return range(max(start, 0), min(stop, self._total))

    def cell(self, row: int, column: int) -> str | None:
        """See `Rows.cell`.

        Raises:
            IndexError: no such row.
        """
        if not 0 <= row < self._total:
            raise IndexError(row)
        if row < self._start.rows:
            return self._first.cell(row, column)
        stretch, _ = self._at(row)
        if stretch is None or stretch.batch is None:
            self._want(row)
            return COMING
        value: str | None = stretch.batch.column(column)[row - stretch.first].as_py()
        return value

    def here(self, row: int) -> bool:
        """Whether a row can be read now."""
        stretch = self._at(row)[0] if row >= self._start.rows else None
        return row < self._start.rows or (stretch is not None and stretch.batch is not None)

    def is_near(self, row: int) -> bool:
        """Whether the number of a row is only what is expected."""
        if row < self._start.rows:
            return False
        stretch, _ = self._at(row)
        return stretch is None or not stretch.exact

    def state(self, row: int) -> int:
        """See `PlacedRows.state`."""
        return 0 if not self.is_near(row) else 1 if self.here(row) else 2

    def is_doubtful(self, row: int) -> bool:
        """See `PlacedRows.is_doubtful`."""
        stretch = self._at(row)[0] if row >= self._start.rows else None
        return stretch is not None and stretch.doubtful

    def is_malformed(self, row: int) -> bool:
        """Whether a row was found malformed."""
        if row < self._start.rows:
            bad = self._first.malformed
            return row in bad if isinstance(bad, dict) else any(one.row == row for one in bad)
        stretch, _ = self._at(row)
        return stretch is not None and row - stretch.first in stretch.malformed

    def _at(self, row: int) -> tuple[Stretch | None, int]:
        """The stretch that has a row, and where it ends; None: where the next one begins."""
        number = bisect_right(self._stretches, row, key=lambda one: one.first)
        if number and row < self._stretches[number - 1].end:
            stretch = self._stretches[number - 1]
            return stretch, stretch.end
        following = number < len(self._stretches)
        return None, self._stretches[number].first if following else self._total

    def _want(self, row: int) -> None:
        if self._hopeless and any(low <= self._offset(row) < high for low, high in self._hopeless):
            return
        if self.wanted is None or self.here(self.wanted):
            self.wanted = row
            self.on_wanted()

    def want(self, row: int) -> None:
        """Ask for a row now, whatever was asked for before."""
        if not self.here(row):
            self.wanted = None
            self._want(row)

    # Places

    def _around(self, row: int) -> tuple[int, int, int, int]:
        """Where the gap that a row is in begins and ends: rows and bytes, as far as is known."""
        number = bisect_right(self._stretches, row, key=lambda one: one.first)
        before = (self._start.rows, self._start.stop)
        if number:
            before = self._stretches[number - 1].end, self._stretches[number - 1].stop
        after = (self._total, self.size)
        if number < len(self._stretches):
            after = self._stretches[number].first, self._stretches[number].start
        return before[0], after[0], before[1], after[1]

    def _offset(self, row: int) -> int:
        """The byte that a row of a gap is expected at."""
        first, end, start, stop = self._around(row)
        return start + (row - first) * (stop - start) // max(1, end - first)

    def place_of(self, row: int, span: int = 0) -> WantedBytes | None:
        """The bytes to fetch for a row that is not here; `span`: how many, where not as usual.

        None: it is here, or nothing is between its neighbours.
        """
        if self.here(row) or not 0 <= row < self._total:
            return None
        stretch, _ = self._at(row)
        if stretch is not None:
            return WantedBytes(
                row, stretch.start, stretch.stop, begins=True, ends=True, at=stretch.start
            )
        _, _, start, stop = self._around(row)
        return self._place_in(row, start, stop, span) if start < stop else None

    def _place_in(self, row: int, start: int, stop: int, span: int) -> WantedBytes:
        """The bytes to fetch for a row in a gap of bytes `start` to before `stop`."""
        span = span or min(LARGEST, max(SPAN, int(_ROWS * self._row_size())))
        at = min(max(self._offset(row), start), stop - 1)
        if stop - start <= span:
            return WantedBytes(row, start, stop, begins=True, ends=True, at=at)
        if at - start < span // 2:
            return WantedBytes(row, start, start + span, begins=True, ends=False, at=at)
        if stop - at < span * 3 // 4:
            low = self._aligned(stop - span)
            return WantedBytes(row, low, stop, begins=False, ends=True, at=at)
        low = self._aligned(at - span // 4)
        return WantedBytes(row, low, self._aligned(low + span), begins=False, ends=False, at=at)

    def _aligned(self, offset: int) -> int:
        unit = {"utf-8": 1, "utf-16": 2}.get(self._encoding[:6].rstrip("-"), 4)
        return offset - (offset - self._origin) % unit

    def give_up(self, place: WantedBytes) -> None:
        """Do not ask for this place again: no row ends in all that may be fetched of it."""
        self._hopeless.append((place.start, place.stop))
        self.wanted = None

    def put(self, place: WantedBytes, stretch: Stretch) -> None:
        """Take in the rows of a place."""
        self.wanted = None
        same = next((one for one in self._stretches if one.start == stretch.start), None)
        if same is not None and same.stop == stretch.stop:
            same.batch, same.malformed = stretch.batch, stretch.malformed
            self._keep(same)
            return
        # What came meanwhile, by the index or for another row, has its place already.
        if stretch.start < self._start.stop or any(
            one.start < stretch.stop and stretch.start < one.stop for one in self._stretches
        ):
            return
        first, end, start, _ = self._around(place.row)
        if place.begins and start == stretch.start:
            stretch.first = first
            before, _ = self._at(first - 1)
            stretch.doubtful |= before is not None and before.doubtful
        elif place.ends:
            stretch.first = max(first + 1, end - stretch.count)
        else:
            stretch.first = max(first + 1, place.row - stretch.before)
        self._stretches.append(stretch)
        self._stretches.sort(key=lambda one: one.start)
        self._settle()
        self._keep(stretch)

    def _keep(self, stretch: Stretch) -> None:
        self._used = [one for one in self._used if one is not stretch] + [stretch]
        size = sum(one.stop - one.start for one in self._used)
        while size > _KEPT and len(self._used) > 1:
            old = self._used.pop(0)
            old.batch = None
            size -= old.stop - old.start

    # Numbers

    def take_moves(self) -> list[Move]:
        """Which rows got other numbers since this was asked last, in order."""
        moves, self._moves = self._moves, []
        return moves

    def refresh(self) -> bool:
        """Take in what is known by now of the first rows; whether that changed anything."""
        first = self._first
        if isinstance(first, IndexedRows):
            first.refresh()
        had = self._start.rows, self._total
        self._count()
        return had != (self._start.rows, self._total)

    def follow(self, first: First) -> None:
        """Take other first rows, which reach further."""
        self._first = first
        self._count()

    def _count(self) -> None:
        first = self._first
        goes_on = isinstance(first, MemoryRows) and first.goes_on
        self._start = _Start(first.row_count - goes_on, first.consumed)
        while self._stretches and self._stretches[0].start < self._start.stop:
            stretch = self._stretches[0]
            number = first.row_at(stretch.start) if isinstance(first, IndexedRows) else None
            if number is not None and number != stretch.first:
                self._moved(stretch, number)
            if first.consumed < stretch.stop:
                # They overlap: the place is as it was until it is passed.
                if number is not None:
                    self._start = _Start(number, stretch.start)
                break
            self._stretches.pop(0)
            self._used = [one for one in self._used if one is not stretch]
        self._settle()

    def _moved(self, stretch: Stretch, first: int) -> None:
        self._moves.append(Move(range(stretch.first, stretch.end), first - stretch.first))
        stretch.first = first

    def _settle(self) -> None:
        """See that places do not overlap, and count what is expected in all."""
        row, stop, exact = self._start.rows, self._start.stop, True
        for stretch in self._stretches:
            touches = stretch.start <= stop
            first = row if touches else max(stretch.first, row + 1)
            stretch.exact = exact and touches
            if first != stretch.first:
                self._moved(stretch, first)
            row, stop, exact = stretch.end, stretch.stop, stretch.exact
        rest = self.size - stop
        self._total = row + (max(1, round(rest / self._row_size())) if rest > 0 else 0)

    def _row_size(self) -> float:
        """Bytes of a row, by those that are here."""
        size = self._start.stop - self._origin
        rows = self._start.rows
        for stretch in self._stretches:
            size += stretch.stop - stretch.start
            rows += stretch.count
        return max(1.0, size / max(1, rows))
