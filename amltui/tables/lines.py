"""Rows as lines of text in a file: CSV, TSV, JSON Lines, Markdown."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, TextIO, TypeVar

from amltui.tables.rows import CELL_LIMIT, Column, CutRows, Rows

CHUNK: Final = 5_000
"""Rows that are held at once."""
_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")


@dataclass(frozen=True, slots=True)
class LongText:
    """A cell that is too long to hold."""

    parts: Callable[[], Iterator[str]]


Cell = TypeVar("Cell")


def cells(
    rows: Rows, stop: int, first: int = 0, columns: Sequence[int] | None = None
) -> Iterator[Sequence[str | None]]:
    """Rows `first` to before `stop`, each with its cells whole; `columns` None: all."""
    return cells_with(rows.cell, rows, stop, first, columns)


def cells_with(
    long: Callable[[int, int], Cell],
    rows: Rows,
    stop: int,
    first: int = 0,
    columns: Sequence[int] | None = None,
) -> Iterator[Sequence[Cell | str | None]]:
    """As `cells`; in rows with a cell that is longer than windows have it, `long` gives each."""
    wanted = range(len(rows.columns)) if columns is None else columns
    for start in range(first, stop, CHUNK):
        window = rows.window(start, min(stop, start + CHUNK), wanted)
        for offset, row in enumerate(zip(*window, strict=True)):
            if any(cell is not None and len(cell) >= CELL_LIMIT for cell in row):
                yield [long(start + offset, column) for column in wanted]
            else:
                yield row


def exact_cells(rows: Rows, stop: int, first: int = 0) -> Iterator[Sequence[str | LongText | None]]:
    """As `cells`, with a `LongText` for each cell that is too long to hold."""

    def whole(row: int, column: int) -> str | LongText | None:
        if isinstance(rows, CutRows) and rows.cut_size(row, column) is not None:
            return LongText(partial(rows.cell_parts, row, column))
        return rows.cell(row, column)

    return cells_with(whole, rows, stop, first)


def write_csv(
    stream: TextIO,
    names: Sequence[str],
    rows: Iterable[Sequence[str | LongText | None]],
    delimiter: str = ",",
) -> None:
    """Write exact cells; a missing one is nothing, an empty one is `""`."""
    writer = csv.writer(stream, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
    writer.writerow(names)
    for row in rows:
        # Only rows of `cells_with` that have a long cell are lists.
        if isinstance(row, list) and any(isinstance(cell, LongText) for cell in row):
            _write_long(stream, row, delimiter)
        elif any(cell == "" for cell in row) or len(row) == 1:
            stream.write(delimiter.join(_quoted(cell, delimiter) for cell in row) + "\n")
        else:
            writer.writerow(["" if cell is None else cell for cell in row])


def _write_long(stream: TextIO, row: Sequence[str | LongText | None], delimiter: str) -> None:
    for number, cell in enumerate(row):
        stream.write(delimiter if number else "")
        if isinstance(cell, LongText):
            stream.write('"')
            stream.writelines(part.replace('"', '""') for part in cell.parts())
            stream.write('"')
        else:
            stream.write(_quoted(cell, delimiter))
    stream.write("\n")


def _quoted(cell: str | LongText | None, delimiter: str) -> str:
    assert not isinstance(cell, LongText)
    if cell is None:
        return ""
    if cell and not any(char in cell for char in f'{delimiter}"\r\n'):
        return cell
    return '"' + cell.replace('"', '""') + '"'


def write_json_lines(
    stream: TextIO, columns: Sequence[Column], rows: Iterable[Sequence[str | None]]
) -> None:
    """Write an object a line. Numbers keep their spelling where JSON has it; missing is null."""
    keys = [json.dumps(column.name, ensure_ascii=False) for column in columns]
    for row in rows:
        values = (_json(cell, column) for cell, column in zip(row, columns, strict=True))
        pairs = (f"{key}: {value}" for key, value in zip(keys, values, strict=True))
        stream.write("{" + ", ".join(pairs) + "}\n")


def _json(cell: str | None, column: Column) -> str:
    if cell is None or (column.type not in {None, "text"} and cell in column.spellings):
        return "null"
    if column.type in {"int", "float"} and _NUMBER.fullmatch(cell):
        return cell
    if column.type == "bool" and cell.lower() in {"true", "false"}:
        return cell.lower()
    return json.dumps(cell, ensure_ascii=False)


def write_markdown(
    stream: TextIO, columns: Sequence[Column], rows: Iterable[Sequence[str | None]]
) -> None:
    """Write a table as GitHub and others draw it, numbers to the right."""

    def line(texts: Iterable[str]) -> None:
        stream.write("| " + " | ".join(texts) + " |\n")

    line(_marked(column.name) for column in columns)
    line("---:" if column.type in {"int", "float"} else "---" for column in columns)
    for row in rows:
        line(_marked(cell or "") for cell in row)


def _marked(text: str) -> str:
    escaped = re.sub(r"([\\|`*_<>\[\]])", r"\\\1", text)
    return "<br>".join(escaped.splitlines())
