"""Rows of text as CSV, every cell exact."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from typing import TextIO


def write_csv(stream: TextIO, names: Sequence[str], rows: Iterator[Sequence[str | None]]) -> None:
    """Write exact cells; a missing one is nothing, an empty one is `""`."""
    writer = csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
    writer.writerow(names)
    for row in rows:
        if any(cell == "" for cell in row) or len(row) == 1:
            stream.write(",".join(_quoted(cell) for cell in row) + "\n")
        else:
            writer.writerow(["" if cell is None else cell for cell in row])


def _quoted(cell: str | None) -> str:
    if cell is None:
        return ""
    if cell and not any(char in cell for char in ',"\r\n'):
        return cell
    return '"' + cell.replace('"', '""') + '"'
