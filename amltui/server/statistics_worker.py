"""Schema and statistics of a content, computed in a process of its own.

    python -m amltui.server.statistics_worker SOURCE DATA_TYPE_ID DIRECTORY [SECONDS]

Prints one JSON object: `schema` and `visualization`, or `error`. A hostile or huge content costs
this process, not the server: it runs at the lowest priority, and within limits of memory, cells and
processor time, of which SECONDS sets a lower one. It fails, and prints nothing, when the machine is
why: a full disk, no memory.
"""

from __future__ import annotations

import itertools
import os
import resource
import sys
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Final

import msgspec

from amltui.errors import TooManyCells, Unreadable, UnsupportedDataType
from amltui.tables.file_rows import content_table, lens_of_file
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
    from amltui.tables.queries import Histogram, Statistics

BARS: Final = 10
"""Of a histogram, and most common values of texts."""
DISTINCT_LIMIT: Final = 10_000
"""Distinct values of a column above which they are not counted out."""
_SHOWN: Final = 200
"""Characters of a common value that are sent."""
MEMORY_LIMIT: Final = 1 << 30
"""Bytes of its own that the process may hold, beside the files that it maps."""
CELLS_LIMIT: Final = 2_000_000_000
"""Rows times columns that are looked at, at most."""
CPU_SECONDS: Final = 30
"""Seconds of the processor that any content may take, before the ones for its size."""
CPU_SECONDS_PER_MIB: Final = 0.5
_NUMBERS: Final = frozenset({"int", "float"})
_WORDS: Final = frozenset({"text", "bool"})


class ContentStatistics(msgspec.Struct):
    """What the process prints."""

    schema: Schema | None = None
    visualization: Visualization | None = None
    error: str | None = None
    """Why these bytes have none, for good."""
    no_rows: bool = False
    """Whether that is because they have no rows, whatever their type says."""
    too_costly: bool = False
    """Whether that is because they are beyond a limit, and not because of what they are."""


def compute(table: Table) -> ContentStatistics:
    """A table's columns as the statistics of previews and of the command line have them."""
    from amltui.tables.queries import table_histograms, table_statistics

    columns = tuple(
        SchemaColumn(name=c.name, type=c.type or "text", misfits=c.misfits) for c in table.columns
    )
    found = table_statistics(table)
    asked = [
        index
        for index, one in enumerate(found)
        if one.type in _NUMBERS or (one.type in _WORDS and one.distinct <= DISTINCT_LIMIT)
    ]
    spreads = dict(zip(asked, table_histograms(table, asked, bins=BARS), strict=True))
    summaries = tuple(_column(one, spreads.get(index)) for index, one in enumerate(found))
    return ContentStatistics(
        Schema(rows=table.row_count, columns=columns, malformed_rows=table.malformed_count),
        Visualization(rows=table.row_count, columns=summaries),
    )


def _column(found: Statistics, spread: Histogram | None) -> ColumnStatistics:
    """One column as the protocol tells it."""
    summary = ColumnStatistics(
        name=found.name,
        type=found.type,
        count=found.rows - found.missing - found.misfits,
        missing=found.missing + found.misfits,
        distinct=found.distinct if found.distinct <= DISTINCT_LIMIT else None,
    )
    if spread is None:
        return summary
    if found.type in _NUMBERS:
        summary.mean, summary.standard_deviation = found.mean, found.std
        if spread.edges:
            # Of finite values: JSON has no infinity.
            summary.minimum, summary.maximum = spread.edges[0], spread.edges[-1]
        ends = itertools.pairwise(spread.edges)
        summary.histogram = tuple(
            Bar(low=low, high=high, count=part.count)
            for (low, high), part in zip(ends, spread.bins, strict=True)
        )
    else:
        summary.most_common = tuple(
            ValueCount(value=part.low[:_SHOWN], count=part.count) for part in spread.bins
        )
    return summary


def main(arguments: list[str]) -> int:
    """Profile one file; the exit code is 0 also when the file could not be read."""
    source, data_type_id, directory, *given = arguments
    os.nice(19)
    end_with_server()
    size = Path(source).stat().st_size
    limit(int(given[0]) if given else CPU_SECONDS + int(size * CPU_SECONDS_PER_MIB / (1 << 20)))
    try:
        # A person said the type: another dialect is only offered to them, and not applied here.
        lens = lens_of_file(Path(source), name="", data_type_id=data_type_id, typed=True)
        if lens.fmt.kind == "plain":
            raise UnsupportedDataType(data_type_id)  # noqa: TRY301 - lines are no columns
        with content_table(Path(source), Path(directory), lens, threads=1) as table:
            if table.row_count * len(table.columns) > CELLS_LIMIT:
                raise MemoryError  # noqa: TRY301 - the same limit by another measure
            found = compute(table)
    except UnsupportedDataType as error:
        found = ContentStatistics(error=str(error), no_rows=True)
    except Unreadable as error:
        found = ContentStatistics(error=str(error))
    except (MemoryError, TooManyCells):
        found = ContentStatistics(error="too costly", too_costly=True)
    sys.stdout.buffer.write(msgspec.json.encode(found))
    return 0


def end_with_server() -> None:
    """End this process when its server does: nobody waits for the answer any more.

    The server holds the other end of standard input; large contents would be read for minutes.
    """

    def wait() -> None:
        while os.read(0, 1):
            pass
        os._exit(1)

    Thread(target=wait, name="end of the server", daemon=True).start()


def limit(seconds: int) -> None:
    """Bound what a content may cost.

    RLIMIT_DATA, not RLIMIT_AS: the file and its table are mapped, and may be larger than any
    memory.
    """
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
