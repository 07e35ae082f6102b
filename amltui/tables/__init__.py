"""The text table: any row of ten million rows, in flat memory, and questions about all of them.

The border to `formats`: nothing here looks at a byte of a content. `formats.reader.RowReader` turns
bytes into batches of text; this package keeps where those rows lie (`row_index`, `indexed`) or what
they hold (`writing`, `table`), says what type a column is (`types`, `inference`) and answers
questions (`queries`).

    first_rows(head, fmt, whole=False)      rows of a content's first 256 KiB, in milliseconds
    hex_rows(data or path)                  bytes as rows, for types without rows of their own
    await ingest_in_process(path, fmt, dir) a table of all rows, while the file still grows
    open_table(dir, path)                   that table, from its first block on
    tables.queries                          sort, filter, find, distinct, statistics, SQL

Importing this package costs nothing: its modules come when a name is first used, and pyarrow with
the first table, or with `warm_up`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from amltui.lazy import lazy

if TYPE_CHECKING:
    from amltui.tables.beginning import HEAD, HeaderGoesOn, first_rows
    from amltui.tables.hexrows import HexRows, hex_rows
    from amltui.tables.ingest_progress import IngestProgress
    from amltui.tables.memory import MemoryRows
    from amltui.tables.process import ingest_in_process
    from amltui.tables.rows import CELL_LIMIT, RANGED, Column, ColumnType, Rows
    from amltui.tables.table import Table, open_table
    from amltui.tables.warm import warm_up
    from amltui.tables.writing import ingest

__all__ = [
    "CELL_LIMIT",
    "HEAD",
    "RANGED",
    "Column",
    "ColumnType",
    "HeaderGoesOn",
    "HexRows",
    "IngestProgress",
    "MemoryRows",
    "Rows",
    "Table",
    "first_rows",
    "hex_rows",
    "ingest",
    "ingest_in_process",
    "open_table",
    "warm_up",
]


_HOMES = {
    "CELL_LIMIT": "rows",
    "Column": "rows",
    "ColumnType": "rows",
    "HEAD": "beginning",
    "HeaderGoesOn": "beginning",
    "HexRows": "hexrows",
    "IngestProgress": "ingest_progress",
    "MemoryRows": "memory",
    "RANGED": "rows",
    "Rows": "rows",
    "Table": "table",
    "first_rows": "beginning",
    "hex_rows": "hexrows",
    "ingest": "writing",
    "ingest_in_process": "process",
    "open_table": "table",
    "warm_up": "warm",
}

__getattr__ = lazy(__name__, _HOMES)
