"""The first rows of a content, read in a process of its own, within limits.

    python -m amltui.server.web.rows_worker SOURCE DATA_TYPE_ID DIRECTORY

Prints one `rows.Lines` as JSON. Text is read from its first bytes; what has rows of another kind is
read whole.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

import msgspec

from amltui.errors import AmltuiError, UnsupportedDataType
from amltui.server.statistics_worker import end_with_server, limit
from amltui.server.web.rows import Lines
from amltui.tables import HEAD, HeaderGoesOn, Rows, first_rows
from amltui.tables.file_rows import content_table, lens_of_file

ROWS: Final = 20
COLUMNS: Final = 50
CHARACTERS: Final = 200
"""Of a cell."""
CPU_SECONDS: Final = 10
_NONE: Final = "These contents have no rows to show."


def main(arguments: list[str]) -> int:
    """Read one file; the exit code is 0 also when it has no rows."""
    source, data_type_id, directory = arguments
    os.nice(5)
    end_with_server()
    limit(CPU_SECONDS)
    try:
        found = _read(Path(source), data_type_id, Path(directory))
    except (UnsupportedDataType, HeaderGoesOn):
        found = Lines(error=_NONE)
    except AmltuiError:
        found = Lines(error=f"The contents cannot be read as {data_type_id}.")
    except MemoryError:
        found = Lines(error="These contents are too costly to look at here.")
    sys.stdout.buffer.write(msgspec.json.encode(found))
    return 0


def _read(path: Path, data_type_id: str, scratch: Path) -> Lines:
    lens = lens_of_file(path, name="", data_type_id=data_type_id, typed=True)
    if not lens.has_rows:
        raise UnsupportedDataType(data_type_id)
    if lens.packing or lens.fmt.kind == "batches":
        with content_table(path, scratch, lens, threads=1) as table:
            return _lines(table)
    with path.open("rb") as file:
        head = file.read(HEAD)
        whole = not file.read(1)
    return _lines(first_rows(head, lens.fmt, whole=whole))


def _lines(rows: Rows) -> Lines:
    shown = rows.columns[:COLUMNS]
    cells = rows.window(0, ROWS, range(len(shown)))
    return Lines(
        columns=[column.name[:CHARACTERS] for column in shown],
        types=[column.type or "text" for column in shown],
        rows=[[_short(cell) for cell in row] for row in zip(*cells, strict=True)],
        more_columns=len(rows.columns) - len(shown),
        more_rows=rows.row_count > ROWS or not rows.complete,
    )


def _short(cell: str | None) -> str | None:
    return cell if cell is None or len(cell) <= CHARACTERS else f"{cell[:CHARACTERS]}…"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
