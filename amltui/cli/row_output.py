"""Printing rows of a dataset: a table for people, tab-separated text, CSV or JSON for programs."""

from __future__ import annotations

import itertools
import json
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import Final, Literal

from amltui.cli.output import Out, warn
from amltui.errors import UsageError
from amltui.formats.blocks import FIELD_KEPT
from amltui.formats.reader import LARGEST_ROW
from amltui.tables import Rows
from amltui.tables.lines import cells_with, exact_cells, write_csv
from amltui.tables.rows import CutRows
from amltui.text import visible

Format = Literal["table", "tsv", "csv", "json"]

_WIDEST: Final = 40
"""Cells that a column takes on a terminal at most."""
_SAMPLE: Final = 200
"""Rows that decide how wide columns are on a terminal."""


def chosen_format(out: Out, given: Format | None) -> Format:
    """The format to print rows in: the one asked for, else a table on a terminal, else tabs.

    Raises:
        UsageError: two were asked for.
    """
    if out.json and given not in {None, "json"}:
        raise UsageError("--json and --format exclude each other", hint="Leave one out.")
    if out.json:
        return "json"
    return given or ("table" if out.on_terminal else "tsv")


class _Beginnings:
    """Cells as they are printed: of very long ones the beginning, and how long they are."""

    def __init__(self, rows: Rows, before: int) -> None:
        self._rows = rows
        self._before = before
        self.cut = 0

    @property
    def in_all(self) -> int:
        """Those that were cut here and before."""
        return self._before + self.cut

    def __call__(self, row: int, column: int) -> str | None:
        rows = self._rows
        if isinstance(rows, CutRows) and (size := rows.cut_size(row, column)) is not None:
            return self._begin(rows.cell_start(row, column) or "", size)
        text = rows.cell(row, column)
        if text is None or len(text) <= LARGEST_ROW:
            return text
        return self._begin(text, len(text.encode("utf-8", "replace")))

    def _begin(self, text: str, size: int) -> str:
        self.cut += 1
        return f"{text[:FIELD_KEPT]}… (cut, {size:,} bytes)"


def print_rows(
    out: Out,
    rows: Rows,
    stop: int,
    fmt: Format,
    *,
    complete: bool,
    start: int = 0,
    cut_cells: int = 0,
    **about: object,
) -> None:
    """Print rows `start` to before `stop`, exact ones as CSV; else very long cells are cut.

    `complete`: whether these are all there are; `cut_cells`: how many were cut before they were
    asked for; `about`: what a document says of them besides.
    """
    names = [column.name for column in rows.columns]
    if fmt == "csv":
        write_csv(sys.stdout, names, exact_cells(rows, stop, start))
        return
    long = _Beginnings(rows, cut_cells)
    found = cells_with(long, rows, stop, start)
    if fmt == "json":
        _print_json(rows, found, long, complete=complete, **about)
    elif fmt == "tsv":
        for row in itertools.chain([names], found):
            sys.stdout.write("\t".join(visible(cell or "") for cell in row) + "\n")
    else:
        _print_table(out, rows, names, found)
    if long.cut:
        cells = "1 cell is" if long.cut == 1 else f"{long.cut:,} cells are"
        warn(f"{cells} too long to be printed whole; --format csv does.")


def _print_json(
    rows: Rows,
    cells: Iterable[Sequence[str | None]],
    long: _Beginnings,
    *,
    complete: bool,
    **about: object,
) -> None:
    """Print one document, row by row, so that none of them has to be in memory."""
    columns = [{"name": column.name, "type": column.type} for column in rows.columns]
    write = sys.stdout.write
    write('{\n  "columns": ' + _safe(columns) + ',\n  "rows": [')
    printed = 0
    for printed, row in enumerate(cells, 1):
        write((",\n    " if printed > 1 else "\n    ") + _safe(list(row)))
    write(("\n  ]" if printed else "]") + f',\n  "row_count": {printed},\n')
    for name, value in {**about, "cut_cells": long.in_all}.items():
        write(f"  {_safe(name)}: {_safe(value)},\n")
    write(f'  "complete": {json.dumps(complete)}\n}}\n')


def _safe(value: object) -> str:
    return json.dumps(value).replace("\x7f", "\\u007f")


def _print_table(
    out: Out, rows: Rows, names: Sequence[str], cells: Iterable[Sequence[str | None]]
) -> None:
    from rich.cells import cell_len, set_cell_size

    titles = [visible(name) for name in names]
    numeric = [column.type in {"int", "float"} for column in rows.columns]
    shown = ([visible(cell or "") for cell in row] for row in cells)
    sample = list(itertools.islice(shown, _SAMPLE))
    widths = [
        min(_WIDEST, max(map(cell_len, (title, *(row[index] for row in sample))), default=1))
        for index, title in enumerate(titles)
    ]
    room, fitting = shutil.get_terminal_size().columns, 0
    for width in widths:
        if fitting and room < width:
            break
        room -= width + 2
        fitting += 1

    def line(row: Sequence[str]) -> str:
        parts = []
        for text, width, right in zip(row[:fitting], widths, numeric, strict=False):
            size = cell_len(text)
            if size > width:
                parts.append(set_cell_size(text, width - 1) + "…")
            else:
                pad = " " * (width - size)
                parts.append(pad + text if right else text + pad)
        return "  ".join(parts).rstrip() + "\n"

    sys.stdout.write(line(titles))
    sys.stdout.write("  ".join("─" * width for width in widths[:fitting]) + "\n")
    for row in itertools.chain(sample, shown):
        sys.stdout.write(line(row))
    if fitting < len(titles):
        out.note(f"{fitting} of {len(titles)} columns fit here; --format csv or --json gives all.")
