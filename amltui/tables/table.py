"""A text table on disk: windows anywhere, in flat memory, also while it is being written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

from amltui.errors import LocalError
from amltui.formats.arrays import strings
from amltui.formats.blocks import Cut
from amltui.formats.dialect import format_with
from amltui.tables.cells import shorten, texts
from amltui.tables.long_fields import field_parts
from amltui.tables.rows import Column
from amltui.tables.source import FileStream
from amltui.tables.stream import StreamReader, unreadable_rows
from amltui.tables.table_state import CUTS, MALFORMED, ROWS, TableState, changed, read_state
from amltui.text import reason_of


class Table:
    """`Rows` of a table that `ingest` wrote or is writing. Not for several threads at once.

    Queries read the same files by a `Table` of their own (`reopen`).
    """

    scattered_slowly: ClassVar[bool] = False
    """Whether many rows far apart are read in about the time that few are."""

    def __init__(self, directory: Path, source: Path | None = None) -> None:
        """Open a table's directory; see `open_table`."""
        self.directory = directory
        self.source = source
        self._stamp = changed(directory)
        self._state = read_state(directory)
        self._rows = StreamReader(directory / ROWS)
        self._malformed: StreamReader | None = None
        self._cuts: dict[tuple[int, int], Cut] = {}
        self._cuts_read = 0
        try:
            self._read_cuts()
            self._expect_all_rows()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the files."""
        self._rows.close()
        if self._malformed is not None:
            self._malformed.close()

    def reopen(self) -> Table:
        """The same table for another thread, as far as it is written by now."""
        try:
            table = Table(self.directory, self.source)
        except (OSError, ValueError) as error:  # damaged meanwhile, or dropped because it was
            raise unreadable_rows() from error
        table.stream.share(self.stream)
        return table

    def check(self) -> None:
        """Look at all that the files hold; 1 GiB takes about a second.

        Raises:
            Damaged: something is not as it was written.
        """
        self.stream.check()
        self.malformed.check()
        if self._state.malformed_count not in {None, self.malformed_count}:
            raise unreadable_rows()

    @property
    def has_cuts(self) -> bool:
        """Whether there are fields that only the source file holds whole."""
        return bool(self._cuts)

    def refresh(self) -> bool:
        """Take in rows and types written since. Returns whether anything changed."""
        grew = self._rows.refresh()
        stamp = changed(self.directory)
        if stamp != self._stamp:
            self._stamp, self._state = stamp, read_state(self.directory)
            # The last batch is written before the state says that all are.
            self._rows.refresh()
            grew = True
        if grew:
            self._read_cuts()
        return grew

    @property
    def state(self) -> TableState:
        """Encoding and types, as of the last `refresh`."""
        return self._state

    @property
    def encoding(self) -> str:
        """What the text was decoded from."""
        return self._state.encoding

    @property
    def columns(self) -> tuple[Column, ...]:
        """See `Rows.columns`. Until `state.typed` the types are those of the first rows."""
        return self._state.columns

    @property
    def row_count(self) -> int:
        """See `Rows.row_count`."""
        return self._rows.row_count

    @property
    def complete(self) -> bool:
        """See `Rows.complete`."""
        return self._state.complete

    @property
    def consumed(self) -> int:
        """Bytes of the source that the rows come from."""
        return self._rows.consumed

    @property
    def stream(self) -> StreamReader:
        """The batches, for queries."""
        return self._rows

    def window(self, start: int, stop: int, columns: Sequence[int]) -> list[Sequence[str | None]]:
        """See `Rows.window`."""
        start, stop = max(start, 0), min(stop, self.row_count)
        found: list[list[str | None]] = [[] for _ in columns]
        if start < stop:
            for index in range(self._rows.find(start), self._rows.find(stop - 1) + 1):
                first, end = self._rows.span(index)
                batch = self._rows.batch(index)
                low, high = max(start, first) - first, min(stop, end) - first
                for cells, column in zip(found, columns, strict=True):
                    cells.extend(texts(batch.column(column), low, high))
        return list(found)

    def take(self, rows: Sequence[int], columns: Sequence[int]) -> list[Sequence[str | None]]:
        """Cells of any rows, in the order given; as `window` otherwise."""
        return [list(map(shorten, cells)) for cells in self._pick(rows, columns)]

    def bounds(self, batch: int, column: int) -> tuple[Any, Any] | None:
        """The least and the greatest value of a column in a batch, missing ones left out.

        None: nobody says without reading them all.
        """
        del batch, column
        return None

    def arrays(self, rows: Any, columns: Sequence[int]) -> list[Any]:
        """Cells of any rows, in the order given, whole: an array of strings for each column."""
        return [strings(cells) for cells in self._pick(rows, columns)]

    def beginnings(self, rows: Any, columns: Sequence[int]) -> list[Any]:
        """As `arrays`, of each cell at least as much as `cells.texts` needs."""
        return self.arrays(rows, columns)

    def _pick(self, rows: Any, columns: Sequence[int]) -> list[list[str | None]]:
        found: list[list[str | None]] = [[None] * len(rows) for _ in columns]
        for place in sorted(range(len(rows)), key=rows.__getitem__):
            index = self._rows.find(rows[place])
            at = rows[place] - self._rows.span(index)[0]
            batch = self._rows.batch(index)
            for cells, column in zip(found, columns, strict=True):
                cells[place] = batch.column(column)[at].as_py()
        return found

    def row_numbers(self, start: int, stop: int) -> Sequence[int]:
        """See `Rows.row_numbers`."""
        return range(max(start, 0), min(stop, self.row_count))

    def cell(self, row: int, column: int) -> str | None:
        """See `Rows.cell`. A field cut at ingest comes from the source file, if that is known.

        Raises:
            IndexError: no such row.
            LocalError: the source is needed and cannot be read.
        """
        if (row, column) in self._cuts:
            return "".join(self.cell_parts(row, column))
        return self.cell_start(row, column)

    def cell_start(self, row: int, column: int) -> str | None:
        """See `CutRows`."""
        if not 0 <= row < self.row_count:
            raise IndexError(row)
        index = self._rows.find(row)
        batch = self._rows.batch(index)
        value: str | None = batch.column(column)[row - self._rows.span(index)[0]].as_py()
        return value

    def cut_size(self, row: int, column: int) -> int | None:
        """See `CutRows`."""
        cut = self._cuts.get((row, column))
        return None if cut is None else cut.size

    @property
    def cuts(self) -> Sequence[tuple[int, int]]:
        """Row and column of each field that was too large to keep whole in the table."""
        return tuple(self._cuts)

    @property
    def cut_count(self) -> int:
        """Fields that were too large to keep whole in the table."""
        return len(self._cuts)

    @property
    def malformed_count(self) -> int:
        """Rows that were not as the format wants them."""
        return self.malformed.row_count

    @property
    def malformed(self) -> MalformedRows:
        """These rows: line, row, what is wrong and the text, themselves `Rows`."""
        if self._malformed is None:
            self._malformed = StreamReader(self.directory / MALFORMED)
        else:
            self._malformed.refresh()
        return MalformedRows(self._malformed, complete=self.complete)

    def _expect_all_rows(self) -> None:
        if self._state.row_count not in {None, self.row_count}:
            raise ValueError("rows are missing")

    def _read_cuts(self) -> None:
        path = self.directory / CUTS
        if not path.exists():
            return
        with path.open("rb") as file:
            file.seek(self._cuts_read)
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]
        self._cuts_read += len(whole)
        for line in whole.splitlines():
            cut = Cut(**json.loads(line))
            self._cuts[cut.row, cut.column] = cut

    def cell_parts(self, row: int, column: int) -> Iterator[str]:
        """See `CutRows`.

        Raises:
            LocalError: the source cannot be read.
        """
        cut = self._cuts[row, column]
        if self.source is None:
            raise LocalError("The file that this long value is in is not on this disk.")
        # What was UTF-16 or UTF-32 is UTF-8 by then.
        encoding = "utf-8" if self.encoding.startswith(("utf-16", "utf-32")) else self.encoding
        fmt = format_with(self._state.data_type_id, self._state.dialect)
        try:
            with FileStream(self.source) as stream:
                yield from field_parts(stream, cut, fmt, stream_encoding=None, encoding=encoding)
        except OSError as error:
            raise LocalError(f"Cannot read {self.source.name}: {error.strerror}") from error


class MalformedRows:
    """`Rows` of what was wrong in a file, in its order."""

    _COLUMNS = (
        Column("line", "int"),
        Column("row", "int"),
        Column("problem", "text"),
        Column("text", "text"),
    )

    def __init__(self, stream: StreamReader, *, complete: bool) -> None:
        self._stream = stream
        self._complete = complete

    @property
    def columns(self) -> tuple[Column, ...]:
        """See `Rows.columns`."""
        return self._COLUMNS

    @property
    def row_count(self) -> int:
        """See `Rows.row_count`."""
        return self._stream.row_count

    @property
    def complete(self) -> bool:
        """See `Rows.complete`."""
        return self._complete

    def window(self, start: int, stop: int, columns: Sequence[int]) -> list[Sequence[str | None]]:
        """See `Rows.window`."""
        rows = self.row_numbers(start, stop)
        return [[shorten(self.cell(row, column)) for row in rows] for column in columns]

    def row_numbers(self, start: int, stop: int) -> Sequence[int]:
        """See `Rows.row_numbers`."""
        return range(max(start, 0), min(stop, self.row_count))

    def cell(self, row: int, column: int) -> str | None:
        """See `Rows.cell`. Line and row count from 1."""
        value = self._value(row, column)
        return str(value + 1 if column == 1 else value)

    def check(self) -> None:
        """See `Table.check`."""
        self._stream.check()

    def table_row(self, row: int) -> int:
        """The row (0-based) of the table in which malformed row `row` stands."""
        return int(self._value(row, 1))

    def _value(self, row: int, column: int) -> Any:
        index = self._stream.find(row)
        batch = self._stream.batch(index)
        return batch.column(column)[row - self._stream.span(index)[0]].as_py()


def open_table(directory: Path, source: Path | None = None) -> Table:
    """Open a text table, whole or still growing; close it when done.

    Args:
        directory: where `ingest` writes or wrote.
        source: the file it was made of, for values too long to keep in the table.

    Raises:
        LocalError: there is no table there (yet), or it is of another version.
    """
    try:
        return Table(directory, source)
    except (OSError, ValueError) as error:
        raise LocalError(f"No table in {directory.name}: {reason_of(error)}") from error
