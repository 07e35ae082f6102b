"""Schema and statistics of a content, computed in a process of its own.

    python -m amltui.server.profiler SOURCE DATA_TYPE_ID DIRECTORY

Prints one JSON object: `schema` and `visualization`, or `error`. A hostile or huge content costs
this process, not the server: it runs at the lowest priority and is ended when it takes too long.
"""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from amltui.errors import AmltuiError
from amltui.formats import format_of
from amltui.tables import ingest, open_table
from amltui.tables.rows import Rows
from amltui.tables.table import Table
from amltui.wire.messages import (
    Bar,
    ColumnStatistics,
    Schema,
    SchemaColumn,
    ValueCount,
    Visualization,
)

if TYPE_CHECKING:
    from amltui.tables.queries import Statistics

BARS: Final = 10
DISTINCT_LIMIT: Final = 10_000
"""Distinct values of a column above which none of them are told."""
_COMMON: Final = 10
_SHOWN: Final = 200
"""Characters of a common value that are told."""
_NUMBERS: Final = frozenset({"int", "float"})


class Profile(msgspec.Struct):
    """What the process prints."""

    schema: Schema | None = None
    visualization: Visualization | None = None
    error: str | None = None


def profile(table: Table, malformed: int) -> Profile:
    """A table's columns as the statistics of previews and of the command line have them."""
    from amltui.tables.queries import table_statistics

    columns = tuple(
        SchemaColumn(name=c.name, type=c.type or "text", misfits=c.misfits) for c in table.columns
    )
    found = [
        _column(table, index, statistics)
        for index, statistics in enumerate(table_statistics(table))
    ]
    return Profile(
        Schema(rows=table.row_count, columns=columns, malformed_rows=malformed),
        Visualization(rows=table.row_count, columns=tuple(found)),
    )


def _column(table: Table, index: int, found: Statistics) -> ColumnStatistics:
    """One column as the protocol tells it."""
    from amltui.tables.queries import distinct, histogram

    told = ColumnStatistics(
        name=found.name,
        type=found.type,
        count=found.rows - found.missing - found.misfits,
        missing=found.missing + found.misfits,
        distinct=found.distinct if found.distinct <= DISTINCT_LIMIT else None,
    )
    if found.type in _NUMBERS:
        told.mean, told.standard_deviation = found.mean, found.std
        spread = histogram(table, index, bins=BARS)
        if spread.edges:
            # Of finite values: JSON has no infinity.
            told.minimum, told.maximum = spread.edges[0], spread.edges[-1]
        ends = itertools.pairwise(spread.edges)
        told.histogram = tuple(
            Bar(low=low, high=high, count=part.count)
            for (low, high), part in zip(ends, spread.bins, strict=True)
        )
    elif told.distinct is not None:
        told.most_common = tuple(_common(distinct(table, index, limit=_COMMON + 1).values))
    return told


def _common(values: Rows) -> Iterator[ValueCount]:
    """The most common values that are there."""
    window = values.window(0, values.row_count, [0, 1])
    pairs = [(text, count) for text, count in zip(*window, strict=True) if text is not None]
    for text, count in pairs[:_COMMON]:
        yield ValueCount(value=text[:_SHOWN], count=int(count or 0))


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
