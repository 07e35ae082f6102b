"""Schema and statistics of a content, computed in a process of its own.

    python -m amltui.server.profiler SOURCE DATA_TYPE_ID DIRECTORY

Prints one JSON object: `schema` and `visualization`, or `error`. A hostile or huge content costs
this process, not the server: it runs at the lowest priority and is ended when it takes too long.
"""

from __future__ import annotations

import math
import os
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow.compute as pc

from amltui.errors import AmltuiError
from amltui.formats import format_of
from amltui.tables import ingest, open_table
from amltui.tables.rows import Column
from amltui.tables.table import Table
from amltui.tables.types import typed
from amltui.wire.messages import (
    Bar,
    ColumnStatistics,
    Schema,
    SchemaColumn,
    ValueCount,
    Visualization,
)

BARS: Final = 10
DISTINCT_LIMIT: Final = 10_000
"""Distinct values of a column that are counted at most."""
_COMMON: Final = 10
_SHOWN: Final = 200
"""Characters of a common value that are told."""
_NUMBERS: Final = frozenset({"int", "float"})


class Profile(msgspec.Struct):
    """What the process prints."""

    schema: Schema | None = None
    visualization: Visualization | None = None
    error: str | None = None


@dataclass(slots=True)
class _Tally:
    """What is learnt of one column, batch by batch."""

    column: Column
    count: int = 0
    missing: int = 0
    values: Counter[str] | None = field(default_factory=Counter)
    low: float = math.inf
    high: float = -math.inf
    mean: float = 0.0
    squares: float = 0.0
    bars: list[int] = field(default_factory=lambda: [0] * BARS)

    @property
    def numeric(self) -> bool:
        """Whether it has a range and a histogram."""
        return self.column.type in _NUMBERS

    def add(self, array: Any) -> None:
        """First pass: counts, range, mean and variance (Chan's way of joining batches)."""
        kind = self.column.type or "text"
        fitting = typed(array, kind)
        present = len(fitting) - fitting.null_count
        self.missing += fitting.null_count
        self._count_values(array)
        if self.numeric:
            numbers = _finite(fitting)
            if n := len(numbers):
                low_high = pc.min_max(numbers).as_py()
                self.low, self.high = (
                    min(self.low, low_high["min"]),
                    max(self.high, low_high["max"]),
                )
                mean, variance = pc.mean(numbers).as_py(), pc.variance(numbers).as_py()
                delta, total = mean - self.mean, self.count + n
                self.squares += variance * n + delta * delta * self.count * n / total
                self.mean += delta * n / total
        self.count += present

    def _count_values(self, array: Any) -> None:
        if self.values is None:
            return
        for entry in pc.value_counts(array):
            value = entry["values"].as_py()
            if value is not None:
                self.values[value] += entry["counts"].as_py()
        if len(self.values) > DISTINCT_LIMIT:
            self.values = None

    def fill(self, array: Any) -> None:
        """Second pass: the histogram, now that the range is known."""
        numbers = _finite(typed(array, self.column.type or "text"))
        width = self.high - self.low
        if not len(numbers):
            return
        if width <= 0 or not math.isfinite(width):
            self.bars[0] += len(numbers)
            return
        scaled = pc.multiply(pc.divide(pc.subtract(numbers, self.low), width), float(BARS))
        index = pc.min_element_wise(pc.floor(scaled), BARS - 1)
        for entry in pc.value_counts(index):
            self.bars[int(entry["values"].as_py())] += entry["counts"].as_py()

    def statistics(self) -> ColumnStatistics:
        """As the protocol tells it."""
        found = ColumnStatistics(
            name=self.column.name,
            type=self.column.type or "text",
            count=self.count,
            missing=self.missing,
            distinct=None if self.values is None else len(self.values),
        )
        if self.values is not None and not self.numeric:
            found.most_common = tuple(
                ValueCount(value=value[:_SHOWN], count=count)
                for value, count in self.values.most_common(_COMMON)
            )
        if self.numeric and self.count:
            found.minimum, found.maximum, found.mean = self.low, self.high, self.mean
            if self.count > 1:
                found.standard_deviation = math.sqrt(self.squares / (self.count - 1))
            step = (self.high - self.low) / BARS
            edges = [self.low + step * number for number in range(BARS)] + [self.high]
            found.histogram = tuple(
                Bar(low=edges[number], high=edges[number + 1], count=count)
                for number, count in enumerate(self.bars)
            )
        return found


def profile(table: Table, malformed: int) -> Profile:
    """Look at all rows twice: for the ranges, then for the histograms."""
    tallies = [_Tally(column) for column in table.columns]
    stream = table.stream
    for number in range(stream.batch_count):
        batch = stream.batch(number)
        for index, tally in enumerate(tallies):
            tally.add(batch.column(index))
    for number in range(stream.batch_count):
        batch = stream.batch(number)
        for index, tally in enumerate(tallies):
            if tally.numeric:
                tally.fill(batch.column(index))
    columns = tuple(
        SchemaColumn(name=c.name, type=c.type or "text", misfits=c.misfits) for c in table.columns
    )
    return Profile(
        Schema(rows=table.row_count, columns=columns, malformed_rows=malformed),
        Visualization(rows=table.row_count, columns=tuple(tally.statistics() for tally in tallies)),
    )


def _finite(array: Any) -> Any:
    numbers = pc.cast(pc.drop_null(array), "float64")
    return numbers.filter(pc.is_finite(numbers))


def main(arguments: list[str]) -> int:
    """Profile one file; the exit code is 0 also when the file could not be read."""
    source, data_type_id, directory = arguments
    os.nice(19)
    try:
        progress = ingest(Path(source), format_of(data_type_id), Path(directory), threads=1)
        with open_table(Path(directory), Path(source)) as table:
            found = profile(table, progress.malformed)
    except AmltuiError as error:
        found = Profile(error=str(error))
    sys.stdout.buffer.write(msgspec.json.encode(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
