"""Printing rows of a dataset: a table for people, tab-separated text, CSV or JSON for programs."""

from __future__ import annotations

import itertools
import json
import shutil
import sys
from collections.abc import Sequence
from typing import Final, Literal

from amltui.cli.output import Out
from amltui.errors import UsageError
from amltui.tables import Rows
from amltui.tables.lines import cells, write_csv
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


def print_rows(
    out: Out, rows: Rows, stop: int, fmt: Format, *, complete: bool, start: int = 0, **about: object
) -> None:
    """Print rows `start` to before `stop`.

    `complete`: whether these are all there are; `about`: what a document says of them besides.
    """
    names = [column.name for column in rows.columns]
    if fmt == "json":
        print_json(rows, stop, complete=complete, start=start, **about)
    elif fmt == "csv":
        write_csv(sys.stdout, names, cells(rows, stop, start))
    elif fmt == "tsv":
        for row in itertools.chain([names], cells(rows, stop, start)):
            sys.stdout.write("\t".join(visible(cell or "") for cell in row) + "\n")
    else:
        _print_table(out, rows, names, stop, start)


def print_json(rows: Rows, stop: int, *, complete: bool, start: int = 0, **about: object) -> None:
    """Print one document, row by row, so that none of them has to be in memory."""
    columns = [{"name": column.name, "type": column.type} for column in rows.columns]
    write = sys.stdout.write
    write('{\n  "columns": ' + _safe(columns) + ',\n  "rows": [')
    printed = 0
    for printed, row in enumerate(cells(rows, stop, start), 1):
        write((",\n    " if printed > 1 else "\n    ") + _safe(list(row)))
    write(("\n  ]" if printed else "]") + f',\n  "row_count": {printed},\n')
    for name, value in about.items():
        write(f"  {_safe(name)}: {_safe(value)},\n")
    write(f'  "complete": {json.dumps(complete)}\n}}\n')


def _safe(value: object) -> str:
    return json.dumps(value).replace("\x7f", "\\u007f")


def _print_table(out: Out, rows: Rows, names: Sequence[str], stop: int, start: int) -> None:
    from rich.cells import cell_len, set_cell_size

    titles = [visible(name) for name in names]
    numeric = [column.type in {"int", "float"} for column in rows.columns]
    shown = ([visible(cell or "") for cell in row] for row in cells(rows, stop, start))
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
