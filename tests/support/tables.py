"""Reading whole tables in tests, and streams that come in pieces."""

from __future__ import annotations

from amltui.formats import format_of
from amltui.tables.beginning import BytesStream


class Pieces(BytesStream):
    """A stream that gives at most so many bytes at a time, as a slow network would."""

    def __init__(self, data: bytes, size: int) -> None:
        super().__init__(data)
        self._size = size

    def read(self, size: int) -> bytes:
        return super().read(min(size, self._size))


def all_rows(rows) -> list[list[str | None]]:
    """Every row of any `Rows`."""
    cells = rows.window(0, rows.row_count, range(len(rows.columns)))
    return [list(row) for row in zip(*cells, strict=True)]


def read_in_pieces(data: bytes, data_type_id: str, size: int):
    """Columns, rows and malformed rows of bytes that come `size` at a time."""
    from amltui.formats.reader import RowReader

    reader = RowReader(Pieces(data, size), format_of(data_type_id))
    reader.read_header()
    rows, malformed = [], []
    for _, parsed in reader.parsed():
        assert parsed.batch.validate(full=True) is None
        rows.extend([list(row.values()) for row in parsed.batch.to_pylist()])
        malformed.extend(parsed.malformed)
    return reader.columns, rows, malformed
