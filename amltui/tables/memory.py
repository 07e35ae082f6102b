"""Rows held in memory: the first rows of a download, and answers small enough to hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from amltui.formats.malformed import Malformed
from amltui.tables.cells import texts
from amltui.tables.rows import Column


class MemoryRows:
    """`Rows` over record batches of text."""

    def __init__(
        self,
        columns: Sequence[Column],
        batches: Sequence[Any],
        *,
        complete: bool = True,
        malformed: Sequence[Malformed] = (),
        encoding: str = "utf-8",
        goes_on: bool = False,
        consumed: int = 0,
    ) -> None:
        """Hold batches.

        Args:
            columns: one for each field of the batches.
            batches: `pyarrow.RecordBatch`es of string columns.
            complete: whether these are all rows that there are.
            malformed: rows among them that were not as the format wants them.
            encoding: what the text was decoded from.
            goes_on: whether the last row is not all here.
            consumed: bytes of the content up to the end of these rows, where they are its first.
        """
        self._columns = tuple(columns)
        self._batches = [batch for batch in batches if batch.num_rows]
        self._starts = [0]
        for batch in self._batches:
            self._starts.append(self._starts[-1] + batch.num_rows)
        self._complete = complete
        self.malformed = tuple(malformed)
        """Rows that were not as the format wants them; they are in the table all the same."""
        self.encoding = encoding
        """What the text was decoded from."""
        self.goes_on = goes_on
        """Whether the last row is not all here."""
        self.consumed = consumed
        """Bytes of the content up to the end of these rows, where they are its first ones."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """See `Rows.columns`."""
        return self._columns

    @property
    def row_count(self) -> int:
        """See `Rows.row_count`."""
        return self._starts[-1]

    @property
    def complete(self) -> bool:
        """See `Rows.complete`."""
        return self._complete

    def window(self, start: int, stop: int, columns: Sequence[int]) -> list[Sequence[str | None]]:
        """See `Rows.window`."""
        found: list[list[str | None]] = [[] for _ in columns]
        for first, batch in zip(self._starts, self._batches, strict=False):
            low, high = max(start - first, 0), min(stop - first, batch.num_rows)
            if low < high:
                for cells, column in zip(found, columns, strict=True):
                    cells.extend(texts(batch.column(column), low, high))
        return list(found)

    def row_numbers(self, start: int, stop: int) -> Sequence[int]:
        """See `Rows.row_numbers`."""
        return range(max(start, 0), min(stop, self.row_count))

    def cell(self, row: int, column: int) -> str | None:
        """See `Rows.cell`."""
        for first, batch in zip(self._starts, self._batches, strict=False):
            if first <= row < first + batch.num_rows:
                value: str | None = batch.column(column)[row - first].as_py()
                return value
        raise IndexError(row)
