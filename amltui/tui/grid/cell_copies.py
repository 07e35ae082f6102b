"""Cells as text for a clipboard: what stands in the file, whole, not what fits on the screen."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from amltui.tables.rows import CELL_LIMIT, Rows

TextFormat = Literal["tsv", "csv"]
_DELIMITER: Final[dict[TextFormat, str]] = {"tsv": "\t", "csv": ","}
_STEP: Final = 1_000
"""Rows read at once."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Rows as shown and columns of the rows, all of them crossing all of these."""

    rows: range
    columns: tuple[int, ...]
    """In rising order."""

    def has(self, row: int, column: int) -> bool:
        """Whether a cell is in it."""
        if row not in self.rows:
            return False
        place = bisect_left(self.columns, column)
        return place < len(self.columns) and self.columns[place] == column


@dataclass(frozen=True, slots=True)
class CopiedCells:
    """Text made of cells."""

    text: str
    rows: int
    """Rows that are in it whole."""
    columns: int
    complete: bool
    """False: the limit came before the last row."""


def copy(
    rows: Rows,
    selection: Selection,
    *,
    form: TextFormat = "tsv",
    header: bool = False,
    limit: int | None = None,
) -> CopiedCells:
    """The cells of `selection` as text, one line a row, at most `limit` bytes of UTF-8.

    A field is quoted where it must be; in several columns or rows the empty string is `""`, a
    missing value nothing. A single cell comes as it is. Stops before the row that would not fit.
    """
    if len(selection.rows) == 1 and len(selection.columns) == 1 and not header:
        text = rows.cell(selection.rows.start, selection.columns[0]) or ""
        fits = limit is None or len(text.encode("utf-8", "replace")) <= limit
        return CopiedCells(text if fits else "", int(fits), 1, fits)
    names = [rows.columns[column].name for column in selection.columns]
    lines: list[str] = []
    used = taken = 0
    if header:
        lines.append(_line(names, form))
        used = _size(lines[0])
    for values in _values(rows, selection):
        line = _line(values, form)
        used += _size(line)
        if limit is not None and used > limit:
            break
        lines.append(line)
        taken += 1
    complete = taken == len(selection.rows)
    return CopiedCells("\n".join(lines), taken, len(names), complete)


def _size(line: str) -> int:
    return len(line.encode("utf-8", "replace")) + 1


def _values(rows: Rows, selection: Selection) -> Iterator[Sequence[str | None]]:
    start, stop = selection.rows.start, selection.rows.stop
    for first in range(start, stop, _STEP):
        texts = rows.window(first, min(stop, first + _STEP), selection.columns)
        for offset, cells in enumerate(zip(*texts, strict=True)):
            yield [
                rows.cell(first + offset, column) if text and len(text) >= CELL_LIMIT else text
                for column, text in zip(selection.columns, cells, strict=True)
            ]


def _line(values: Sequence[str | None], form: TextFormat) -> str:
    return _DELIMITER[form].join(_field(value, _DELIMITER[form]) for value in values)


def _field(value: str | None, delimiter: str) -> str:
    if value is None:
        return ""
    if not value or any(char in value for char in (delimiter, '"', "\n", "\r")):
        return '"' + value.replace('"', '""') + '"'
    return value
