"""The text table: any row of ten million rows, in flat memory, and questions about all of them.

    first_rows(head, fmt, whole=False)   rows of a content's first 256 KiB, in milliseconds
    hex_rows(data or path)               bytes as rows, for types without rows of their own

Importing this package costs nothing; `warm_up` brings pyarrow in before it is needed.
"""

from amltui.tables.first import HEAD, first_rows
from amltui.tables.hexrows import HexRows, hex_rows
from amltui.tables.memory import MemoryRows
from amltui.tables.rows import CELL_LIMIT, Column, ColumnType, Rows
from amltui.tables.warm import warm_up

__all__ = [
    "CELL_LIMIT",
    "HEAD",
    "Column",
    "ColumnType",
    "HexRows",
    "MemoryRows",
    "Rows",
    "first_rows",
    "hex_rows",
    "warm_up",
]
