"""Rows of a Parquet or Arrow file where it lies; only what is looked at is decoded."""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any, Final

import pyarrow as pa

from amltui.formats.batches import Batches
from amltui.tables.cells import beginnings, texts
from amltui.tables.inference import infer
from amltui.tables.rows import CELL_LIMIT, Column

_KEPT: Final = 128 << 20
"""Bytes of columns that are kept."""
_SAMPLE: Final = 1_000
"""Rows that the columns' types come from."""


class GroupedRows:
    """`Rows` of a file whose rows stand in groups. For one thread; closes the file."""

    malformed = ()
    encoding = "utf-8"
    complete = True

    def __init__(
        self, source: Batches, groups: Sequence[int], read: Callable[[int, Sequence[int]], Any]
    ) -> None:
        """Show rows.

        Args:
            source: the file.
            groups: rows of each group.
            read: a group's columns as record batches of text.
        """
        self._source = source
        self._ends = list(accumulate(groups))
        self._read = read
        self._parts: OrderedDict[tuple[int, int], list[Any]] = OrderedDict()
        """Of a group and a column: its batches, of long texts the beginnings."""
        self._columns = self._types()

    def close(self) -> None:
        """Let go of the file."""
        self._parts.clear()
        self._source.close()

    @property
    def columns(self) -> tuple[Column, ...]:
        """See `Rows.columns`. The types are those of the first rows."""
        return self._columns

    @property
    def row_count(self) -> int:
        """See `Rows.row_count`."""
        return self._ends[-1] if self._ends else 0

    def window(self, start: int, stop: int, columns: Sequence[int]) -> list[Sequence[str | None]]:
        """See `Rows.window`."""
        start, stop = max(start, 0), min(stop, self.row_count)
        found: list[list[str | None]] = [[] for _ in columns]
        while start < stop:
            group = bisect_right(self._ends, start)
            end = min(stop, self._ends[group])
            first = self._ends[group - 1] if group else 0
            self._bring(group, columns)
            for cells, column in zip(found, columns, strict=True):
                cells.extend(_cells(self._parts[group, column], start - first, end - first))
            self._forget()
            start = end
        return list(found)

    def row_numbers(self, start: int, stop: int) -> Sequence[int]:
        """See `Rows.row_numbers`."""
        return range(max(start, 0), min(stop, self.row_count))

    def cell(self, row: int, column: int) -> str | None:
        """See `Rows.cell`."""
        if not 0 <= row < self.row_count:
            raise IndexError(row)
        group = bisect_right(self._ends, row)
        self._bring(group, [column])
        at = row - (self._ends[group - 1] if group else 0)
        for array in self._parts[group, column]:
            if at < len(array):
                value: str | None = array[at].as_py()
                long = value is not None and len(value) > CELL_LIMIT
                return self._whole_cell(row, group, column) if long else value
            at -= len(array)
        return None

    def _whole_cell(self, row: int, group: int, column: int) -> str | None:
        at = row - (self._ends[group - 1] if group else 0)
        for batch in self._read(group, [column]):
            if at < batch.num_rows:
                value: str | None = batch.column(0)[at].as_py()
                return value
            at -= batch.num_rows
        return None

    def _bring(self, group: int, columns: Sequence[int]) -> None:
        """Have some columns of a group decoded."""
        missing = [column for column in columns if (group, column) not in self._parts]
        if missing:
            for column in missing:
                self._parts[group, column] = []
            for batch in self._read(group, missing):
                for at, column in enumerate(missing):
                    self._parts[group, column].append(beginnings(batch.column(at)))
        for column in columns:
            self._parts.move_to_end((group, column))

    def _forget(self) -> None:
        size = sum(array.nbytes for arrays in self._parts.values() for array in arrays)
        while size > _KEPT and len(self._parts) > 1:
            _, arrays = self._parts.popitem(last=False)
            size -= sum(array.nbytes for array in arrays)

    def _types(self) -> tuple[Column, ...]:
        batches: list[Any] = []
        for batch in self._source.batches():
            first = batch.slice(0, _SAMPLE)
            arrays = [beginnings(array) for array in first.columns]
            batches.append(pa.RecordBatch.from_arrays(arrays, schema=first.schema))
            if sum(one.num_rows for one in batches) >= _SAMPLE:
                break
        columns = infer(self._source.columns, self._source.declared, batches)
        whole = sum(one.num_rows for one in batches) == self.row_count
        return tuple(replace(column, sampled=not whole) for column in columns)


def _cells(arrays: Sequence[Any], start: int, stop: int) -> list[str | None]:
    cells: list[str | None] = []
    at = 0
    for array in arrays:
        low, high = max(start - at, 0), min(stop - at, len(array))
        if low < high:
            cells += texts(array, low, high)
        at += len(array)
    return cells
