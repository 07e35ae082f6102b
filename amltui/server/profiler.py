"""Schema and statistics of a content, computed in a process of its own.

    python -m amltui.server.profiler SOURCE DATA_TYPE_ID DIRECTORY

Prints one JSON object: `schema` and `visualization`, or `error`. A hostile or huge content costs
this process, not the server: it runs at the lowest priority, and within limits of memory, cells and
processor time. It fails, and prints nothing, when the machine is why: a full disk, no memory.
"""

from __future__ import annotations

import itertools
import os
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from amltui.errors import Unreadable, UnsupportedDataType
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
MEMORY_LIMIT: Final = 1 << 30
"""Bytes of its own that the process may hold, beside the files that it maps."""
CELLS_LIMIT: Final = 2_000_000_000
"""Rows times columns that are looked at, at most."""
CPU_SECONDS: Final = 30
"""Seconds of the processor that any content may take, before the ones for its size."""
CPU_SECONDS_PER_MIB: Final = 0.5
_NUMBERS: Final = frozenset({"int", "float"})


class Profile(msgspec.Struct):
    """What the process prints."""

    schema: Schema | None = None
    visualization: Visualization | None = None
    error: str | None = None
    """Why these bytes have none, for good."""
    too_costly: bool = False
    """Whether that is because they are beyond a limit, and not because of what they are."""


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
    _limit(Path(source).stat().st_size)
    try:
        progress = ingest(Path(source), format_of(data_type_id), Path(directory), threads=1)
        with open_table(Path(directory), Path(source)) as table:
            if table.row_count * len(table.columns) > CELLS_LIMIT:
                raise MemoryError  # noqa: TRY301 - the same limit by another measure
            found = profile(table, progress.malformed)
    except (Unreadable, UnsupportedDataType) as error:
        found = Profile(error=str(error))
    except MemoryError:
        found = Profile(error="too costly", too_costly=True)
    sys.stdout.buffer.write(msgspec.json.encode(found))
    return 0


def _limit(size: int) -> None:
    """Bound what `size` bytes may cost.

    RLIMIT_DATA, not RLIMIT_AS: the file and its table are mapped, and may be larger than any
    memory.
    """
    seconds = CPU_SECONDS + int(size * CPU_SECONDS_PER_MIB / (1 << 20))
    for kind, value in (
        (resource.RLIMIT_DATA, MEMORY_LIMIT),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        wanted = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (wanted, hard))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
