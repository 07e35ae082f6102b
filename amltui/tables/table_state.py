"""What a text table's directory says about it, besides its rows."""

from __future__ import annotations

import contextlib
import json
import shutil
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

from amltui.tables.rows import Column

ROWS: Final = "rows.arrow"
MALFORMED: Final = "malformed.arrow"
CUTS: Final = "cuts.jsonl"
NARROW: Final = "narrow"
"""The directory of rows to which columns are to be added."""
QUERIES: Final = "query-"
"""What directories for questions about the table begin with."""
_STATE: Final = "table.json"
_VERSION: Final = 6
"""Of what stands here, and of how bytes are read: a table made otherwise is made again. 6: cells
of large rows are whole up to 32 MiB."""


@dataclass(frozen=True, slots=True)
class TableState:
    """A table as its directory describes it; replaced as a whole at each change."""

    data_type_id: str
    columns: tuple[Column, ...]
    encoding: str = "utf-8"
    recoded: int = 0
    """Lines that were not UTF-8."""
    complete: bool = False
    """Whether all rows are in."""
    typed: bool = False
    """Whether the columns' types come from all rows and not only from the first."""
    row_count: int | None = None
    malformed_count: int | None = None
    """Once complete: so many rows there must be. None: nobody counted."""
    dialect: str = ""
    """See `formats.dialect.dialect_text`."""


def _shallow(value: Any) -> dict[str, Any]:
    """A dataclass's fields as they are: `asdict` copies each of thousands of columns deeply."""
    return {field.name: getattr(value, field.name) for field in fields(value)}


def write_state(directory: Path, state: TableState) -> None:
    """Replace the state on disk."""
    data: dict[str, Any] = {"version": _VERSION, **_shallow(state)}
    path = directory / _STATE
    temporary = path.with_suffix(".tmp")
    text = json.dumps(data, default=_shallow)
    temporary.write_text(f"{zlib.crc32(text.encode()):08x} {text}", encoding="ascii")
    temporary.replace(path)


def read_state(directory: Path) -> TableState:
    """The state on disk.

    Raises:
        OSError: there is none (yet).
        ValueError: it was written by another version, or is damaged.
    """
    crc, _, text = (directory / _STATE).read_text(encoding="ascii").partition(" ")
    if crc != f"{zlib.crc32(text.encode()):08x}":
        raise ValueError("a damaged table")
    data = json.loads(text)
    if data.pop("version", None) != _VERSION:
        raise ValueError("a table of another version")
    columns = tuple(
        Column(**{**column, "spellings": tuple(column["spellings"])})
        for column in data.pop("columns")
    )
    return replace(TableState("", columns), **data)


def changed(directory: Path) -> tuple[int, int]:
    """A value that differs whenever the state on disk does."""
    found = (directory / _STATE).stat()
    return found.st_ino, found.st_mtime_ns


def remove(directory: Path) -> None:
    """Remove a table's files, and the directory if nothing else is in it."""
    names: Iterable[str] = (_STATE, ROWS, MALFORMED, CUTS)
    for name in names:
        path = directory / name
        for file in (path, path.with_suffix(".idx"), path.with_suffix(".tmp")):
            file.unlink(missing_ok=True)
    for left in (directory / NARROW, *directory.glob(f"{QUERIES}*")):
        shutil.rmtree(left, ignore_errors=True)
    # Whatever else lies there is not ours.
    with contextlib.suppress(OSError):
        directory.rmdir()
