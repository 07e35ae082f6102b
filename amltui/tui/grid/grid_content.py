"""What the grid shows: rows, what is known of their columns, how wide their texts are.

No widget: it needs neither a screen nor an event loop.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from typing import Final

from amltui.config.display import Display
from amltui.tables.rows import Column, PlacedRows, Rows, about_type
from amltui.tui.grid.cell_text import EMPTY, looks_numeric, shown, width_of
from amltui.tui.grid.column_layout import MAX_NATURAL, MAX_WIDTH, MIN_WIDTH, ColumnLayout
from amltui.tui.grid.row_cache import NoRows, RowBlock, RowCache

SUMMARY_WIDTH: Final = 8
"""Cells kept for a summary: eight bars, `9 values`. A longer one is shown without its word."""


class GridContent:
    """Rows with their columns' layout, marks and widths as far as they were looked at."""

    def __init__(self) -> None:
        self.rows: Rows = NoRows()
        self.columns: tuple[Column, ...] = ()
        self.cache = RowCache(self.rows)
        self.layout = ColumnLayout()
        self.largest_label = 0
        """The largest number of a row that was seen, from 1."""
        self.room_for_mark = False
        """Whether a cell is kept for what marks a row's number as expected: also once the rows are
        all here, so that no column moves."""
        self.expected = 0
        """Rows that there will be, as far as that can be told: room is kept for their numbers."""
        self.room_for_summaries = False
        """Whether each column keeps room for a summary to come."""
        self.summaries: dict[int, str] = {}
        self.sorted: dict[int, bool] = {}
        """Columns that the rows are sorted by; the value: whether descending."""
        self.pattern: re.Pattern[str] | None = None
        """What is marked in the cells."""
        self.malformed: Container[int] = frozenset()
        """Rows that are not well formed, by their number in the file, from 0."""
        self.formats = Display()
        """How numbers and dates are shown."""
        self._numeric: dict[int, bool] = {}

    def take_formats(self, formats: Display) -> bool:
        """Show numbers and dates so; true when that changes something."""
        if formats == self.formats:
            return False
        self.formats = formats
        self.layout.natural[:] = [MIN_WIDTH] * len(self.layout.natural)
        self._widen_for_titles(range(len(self.columns)))
        self.cache.measure_again(range(len(self.columns)))
        return True

    def shown(self, column: int, text: str) -> str:
        """A text as it stands in a cell of this column, on one line and visible."""
        about = self.columns[column]
        if self.formats.shows(about.type):
            text = self.formats.show(text, about.type, about.notation)
        return shown(text)

    def show(self, rows: Rows, *, keep: bool) -> bool:
        """Take other rows; with `keep`, what is known stays if they have as many columns.

        Returns whether it stays.
        """
        self.rows = rows
        self.cache = RowCache(rows)
        self.largest_label = 0
        if rows.row_count:
            # In a filtered view the last number is the largest: room for it at once.
            last = rows.row_count - 1
            self.largest_label = max(rows.row_numbers(last, last + 1), default=last) + 1
        keep = keep and len(rows.columns) == len(self.columns)
        self.room_for_mark = isinstance(rows, PlacedRows) or (keep and self.room_for_mark)
        if not keep:
            self.expected = 0
            self.columns = ()
            self.layout = ColumnLayout(len(rows.columns))
            self._numeric.clear()
            self.summaries.clear()
            self.sorted.clear()
            self.pattern = None
            self.malformed = frozenset()
        return keep

    def read_again(self) -> None:
        """Forget the cells that were read: rows have other numbers now."""
        self.cache = RowCache(self.rows)

    def know_columns(self) -> bool:
        """Take the columns as they are known now; true when that changed something."""
        columns = self.rows.columns
        if columns is self.columns or columns == self.columns:
            return False
        self.columns = columns
        self._widen_for_titles(range(len(columns)))
        # What looks otherwise now that its type is known may need more room.
        self.cache.measure_again(
            [at for at, column in enumerate(columns) if self.formats.shows(column.type)]
        )
        return True

    def set_summaries(self, summaries: Mapping[int, str]) -> None:
        """Give columns a third line in the header."""
        self.summaries = {
            column: shown(summary)
            for column, summary in summaries.items()
            if summary and column < len(self.columns)
        }
        self._widen_for_titles(self.summaries)

    def set_sort(self, columns: Mapping[int, bool]) -> None:
        """Mark the columns that the rows are sorted by; the value: whether descending."""
        self.sorted = {
            column: descending
            for column, descending in columns.items()
            if column < len(self.columns)
        }
        self._widen_for_titles(self.sorted)

    @property
    def label_width(self) -> int:
        """Cells that the widest number of a row takes."""
        return len(str(max(1, self.rows.row_count, self.largest_label, self.expected)))

    def load(self, columns: Sequence[int], first: int, stop: int) -> bool:
        """Read rows `first` to before `stop`; true when that made a column wider."""
        wider = False
        for block in self.cache.read(first, stop, columns):
            if block.fresh:
                block.fresh = False
                label = max(block.numbers, default=-1) + 1
                if label > self.largest_label:
                    before = self.label_width
                    self.largest_label = label
                    wider = wider or self.label_width > before
            for column in columns:
                if column not in block.measured:
                    block.measured.add(column)
                    wider = self._measure(column, block) or wider
        return wider

    def _measure(self, column: int, block: RowBlock) -> bool:
        """Take a block's texts into account for a column's width and alignment."""
        texts = [text for text in block.cells[column] if text]
        if texts and self.columns[column].type is None and self._numeric.get(column, True):
            self._numeric[column] = all(map(looks_numeric, texts))
        if self.formats.shows(self.columns[column].type):
            texts = [self.shown(column, text) for text in texts]
        width = max((_reach(text) for text in texts), default=0)
        if len(texts) < len(block.cells[column]):
            width = max(width, len(EMPTY))
        if width > self.layout.natural[column]:
            self.layout.natural[column] = width
            return column not in self.layout.chosen
        return False

    def _widen_for_titles(self, columns: Sequence[int] | Mapping[int, object]) -> None:
        natural = self.layout.natural
        for column in columns:
            natural[column] = max(natural[column], self._title_width(column))

    def _title_width(self, column: int) -> int:
        name = width_of(self.title(column)) + 2 * (column in self.sorted)
        kind = width_of(self.kind(column, 0))
        summary = (
            SUMMARY_WIDTH if self.room_for_summaries else width_of(self.summaries.get(column, ""))
        )
        return min(MAX_WIDTH, max(name, kind, summary))

    def title(self, column: int) -> str:
        """A column's name, safe to draw."""
        return shown(self.columns[column].name[: 4 * MAX_WIDTH]) or f"({column + 1})"

    def kind(self, column: int, room: int) -> str:
        """A column's type and what is missing of it, shorter where there is no room for it."""
        about = self.columns[column]
        if about.type is None:
            return "?"
        kind = shown(about_type(about))
        if width_of(kind) > room:
            kind = kind.partition(" missing")[0].replace(", ", " ").replace(" %", "%")
        if about.misfits:
            return kind.replace(about.type, f"{about.type} !{about.misfits}", 1)
        return kind

    def is_right(self, column: int) -> bool:
        """Whether a column's texts stand at the right."""
        kind = self.columns[column].type
        return kind in {"int", "float"} if kind else self._numeric.get(column, False)


def _reach(text: str) -> int:
    """Cells that `text` asks for, up to `MAX_NATURAL`."""
    return min(MAX_NATURAL, width_of(shown(text[:MAX_NATURAL])))
