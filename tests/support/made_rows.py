"""Rows made on the fly, as many as one likes: what a grid shows where no file is needed."""

from collections.abc import Callable, Sequence

from amltui.tables.rows import Column, ColumnType

Value = Callable[[int, int], str | None]


def place(row: int, column: int) -> str | None:
    return f"r{row}c{column}"


class MadeRows:
    """Cells computed from their place; remembers which columns were asked for."""

    def __init__(
        self,
        row_count: int,
        columns: int | Sequence[str],
        value: Value = place,
        *,
        kind: ColumnType | None = "text",
        first_number: int = 0,
    ) -> None:
        names = [f"c{i}" for i in range(columns)] if isinstance(columns, int) else columns
        self.columns = tuple(Column(name, kind) for name in names)
        self.row_count = row_count
        self.complete = True
        self.value = value
        self.first_number = first_number
        self.read: set[int] = set()
        self.cells_read = 0

    def window(self, start: int, stop: int, columns: Sequence[int]) -> list[Sequence[str | None]]:
        self.read.update(columns)
        rows = range(start, min(stop, self.row_count))
        self.cells_read += len(rows) * len(columns)
        return [[self.value(row, column) for row in rows] for column in columns]

    def row_numbers(self, start: int, stop: int) -> range:
        return range(start + self.first_number, min(stop, self.row_count) + self.first_number)

    def cell(self, row: int, column: int) -> str | None:
        return self.value(row, column)
