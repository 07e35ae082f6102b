"""Questions about a Parquet file where it lies, without columns of text that are made of it first.

Only for files whose columns have types that DuckDB reads as `tables.types` does; all others become
a table of text, in which each value is what it is everywhere else.
"""

from __future__ import annotations

import contextlib
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa

from amltui.formats.arrow import schema
from amltui.formats.batches import ParquetBatches
from amltui.formats.blocks import MOST_COLUMNS
from amltui.formats.registry import PARQUET
from amltui.tables.cells import texts
from amltui.tables.queries.scattered import ScatteredRows
from amltui.tables.rows import CELL_LIMIT, Column, ColumnType
from amltui.tables.stream import unreadable_rows
from amltui.tables.table import Table
from amltui.tables.table_state import TableState, read_state, write_state
from amltui.tables.types import reading_of

KEEP_NAN: Final = "SET disabled_optimizers = 'statistics_propagation'"
"""DuckDB takes isnan() for false where a file's statistics, which leave NaN out, have no NaN."""
_BOUNDED: Final = frozenset({"int", "float", "date", "datetime"})
"""Types whose least and greatest values in a footer are those of the texts; texts may be cut."""
_COUNTED: Final = frozenset({"int", "bool"})
"""Types any value of which is one in text, too."""
_READERS: Final = 128
"""Columns that are read on from where they were read last."""
_NO_DATES: Final = "NOT (min({0}) >= DATE '0001-01-01' AND max({0}) < DATE '9999-12-31')"


class ParquetTable(Table):
    """A Parquet file as a `Table`, whose batches are decoded when they are read."""

    scattered_slowly = True

    def __init__(self, path: Path, directory: Path, state: TableState) -> None:
        """See `parquet_table`."""
        self.directory = directory
        self.source = path
        self._state = state
        self._rows: Any = _Groups(path)
        self._malformed = None
        self._cuts = {}
        self._scattered = ScatteredRows(self.relation, directory)

    def close(self) -> None:
        """See `Table.close`."""
        super().close()
        self._scattered.close()

    def reopen(self) -> ParquetTable:
        """See `Table.reopen`."""
        assert self.source is not None
        return ParquetTable(self.source, self.directory, self._state)

    def refresh(self) -> bool:
        """See `Table.refresh`: nothing comes."""
        return False

    def check(self) -> None:
        """See `Table.check`: the file itself is checked where it is cached."""

    @property
    def malformed_count(self) -> int:
        """See `Table.malformed_count`."""
        return 0

    def take(self, rows: Sequence[int], columns: Sequence[int]) -> list[Sequence[str | None]]:
        """See `Table.take`."""
        return [texts(array, 0, len(array)) for array in self.beginnings(rows, columns)]

    def bounds(self, batch: int, column: int) -> tuple[Any, Any] | None:
        """See `Table.bounds`: what the footer says of the row group."""
        if self.columns[column].type not in _BOUNDED:
            return None
        found: tuple[Any, Any] | None = self._rows.bounds(batch, column)
        return found

    def arrays(self, rows: Any, columns: Sequence[int]) -> list[Any]:
        """See `Table.arrays`."""
        return self._read(rows, columns, {})

    def beginnings(self, rows: Any, columns: Sequence[int]) -> list[Any]:
        """See `Table.beginnings`."""
        names = self._rows.texts.intersection(columns)
        return self._read(rows, columns, {at: f"left(c{at}, {CELL_LIMIT + 1})" for at in names})

    def _read(self, rows: Any, columns: Sequence[int], instead: dict[int, str]) -> list[Any]:
        try:
            return self._scattered.read(rows, columns, instead)
        except duckdb.Error as error:
            raise unreadable_rows() from error

    def cell_start(self, row: int, column: int) -> str | None:
        """See `CutRows`."""
        if not 0 <= row < self.row_count:
            raise IndexError(row)
        value: str | None = self.arrays([row], [column])[0][0].as_py()
        return value

    @property
    def relation(self) -> str:
        """The file in DuckDB, with columns `c0`, `c1` ... and the row as `row`."""
        names = ", ".join(f"c{index}" for index in range(len(self._state.columns)))
        return f"{_relation(self.source)} AS file({names}, row)"

    def values(self) -> Iterator[str]:
        """Expressions of the columns' values in DuckDB, of the types that `reading_of` names."""
        for index, column in enumerate(self.columns):
            reading = reading_of(column)
            value = f"c{index}"
            if column.type == "float":
                value = f"CASE WHEN isnan({value}) THEN NULL ELSE {value} END"
            yield f"CAST({value} AS {'VARCHAR' if reading is None else reading.sql})"


def parquet_table(path: Path, directory: Path, kept: Path | None = None) -> ParquetTable | None:
    """A Parquet file as a table; None: it has values that only a table of text shows right.

    Values are counted by DuckDB, where the footer does not do: about 0.3 s for 10 million rows of
    12 columns.

    Args:
        path: the file.
        directory: for files that questions need; it stays the caller's.
        kept: where the counts stay for the next time, until the file is written to: beside this
            path, and named after it. None: they do not stay.

    Raises:
        Unreadable: it is damaged.
    """
    status = path.stat()
    place = kept and kept.with_name(f"{kept.name}-{status.st_size}-{status.st_mtime_ns}")
    state = None
    with contextlib.suppress(OSError, ValueError):
        state = read_state(place) if place else None
    if state is None and (state := _counted(path)) is not None and place:
        with contextlib.suppress(OSError):  # then it is counted again
            place.mkdir(mode=0o700, exist_ok=True)
            write_state(place, state)
    return None if state is None else ParquetTable(path, directory, state)


def _counted(path: Path) -> TableState | None:
    """What there is to say of the file's columns; None: see `parquet_table`."""
    with pa.OSFile(str(path)) as file:
        source = ParquetBatches(file)
        kinds = [_kind(one.type) for one in source.arrow_schema]
        names, metadata = source.columns, source.metadata
    if None in kinds or not 0 < len(kinds) <= MOST_COLUMNS or set(str(path)) & set("*?["):
        return None
    missing = [
        _missing(metadata, index) if kind in _COUNTED else None for index, kind in enumerate(kinds)
    ]
    counted = _count(path, kinds, metadata.num_rows, missing)
    if counted is None or any(one.nan and not one.present for one in counted):
        return None  # of NaN alone it is text, which DuckDB writes with its sign
    columns = tuple(
        Column(name, "text")
        if kind in {"text", None} or not one.present
        else Column(
            name,
            kind,
            present=one.present,
            missing=one.missing,
            spellings=("nan",) if one.nan else (),
        )
        for name, kind, one in zip(names, kinds, counted, strict=True)
    )
    return TableState(PARQUET.data_type_id, columns, complete=True, typed=True)


@dataclass(frozen=True, slots=True)
class _Counted:
    present: int
    missing: int
    nan: int


def _kind(kind: Any) -> ColumnType | None:
    """The type of a column's values; None: only as texts they are what they are elsewhere."""
    types = pa.types
    plain = kind.value_type if types.is_dictionary(kind) else kind
    if types.is_string(plain) or types.is_large_string(plain):
        return "text"
    if types.is_dictionary(kind) or kind == pa.uint64():
        return None
    if types.is_integer(kind):
        return "int"
    if types.is_timestamp(kind) and kind.tz is None and kind.unit != "ns":
        return "datetime"
    plain_kinds: dict[Any, ColumnType] = {
        pa.float64(): "float",
        pa.bool_(): "bool",
        pa.date32(): "date",
    }
    return plain_kinds.get(kind)


def _missing(metadata: Any, index: int) -> int | None:
    """How many values of a column are missing, by the footer; None: it does not say."""
    total = 0
    for group in range(metadata.num_row_groups):
        said = metadata.row_group(group).column(index).statistics
        if said is None or not said.has_null_count:
            return None
        total += said.null_count
    return total


def _count(
    path: Path, kinds: list[ColumnType | None], total: int, missing: list[int | None]
) -> list[_Counted] | None:
    """What of each column is there; None: a value is none of its type in text.

    Those columns are read of whose `missing` values nothing is known; of the others it is only seen
    that DuckDB can read them.
    """
    known = [f"c{index}" for index, one in enumerate(missing) if one is not None]
    asked = [
        what
        for index, (kind, one) in enumerate(zip(kinds, missing, strict=True))
        if one is None
        for what in _asked(f"c{index}", kind)
    ]
    names = ", ".join(f"c{index}" for index in range(len(kinds)))
    file = f"FROM {_relation(path)} AS file({names}, row)"
    answers: Iterator[Any] = iter(())
    try:
        with duckdb.connect(config={"threads": 2, "memory_limit": "224MiB"}) as found:
            found.execute("SET enable_progress_bar = false")
            found.execute(KEEP_NAN)
            if known:
                found.execute(f"SELECT {', '.join(known)} {file} LIMIT 1").fetchall()
            if asked:
                answers = iter(found.execute(f"SELECT {', '.join(asked)} {file}").fetchone() or ())
    except duckdb.Error:
        # Text that is not UTF-8, which can be shown; else what reads the file says what is wrong.
        return None
    counted = []
    for one in missing:
        if one is not None:
            counted.append(_Counted(total - one, one, 0))
            continue
        present, nan, odd = islice(answers, 3)
        if odd:
            return None
        counted.append(_Counted(present - nan, total - present + nan, nan))
    return counted


def _asked(name: str, kind: ColumnType | None) -> tuple[str, str, str]:
    """How many values of a column there are, how many NaN, and whether one is odd in text."""
    odd, nan = "FALSE", "0"
    if kind == "float":
        odd, nan = f"bool_or(isinf({name}))", f"count(*) FILTER (WHERE isnan({name}))"
    elif kind in {"date", "datetime"}:
        odd = _NO_DATES.format(name)
    return f"count({name})", nan, f"coalesce({odd}, FALSE)"


def _relation(path: Path | None) -> str:
    quoted = str(path).replace("'", "''")
    return f"read_parquet('{quoted}', file_row_number=true, hive_partitioning=false)"


class _Groups:
    """What `StreamReader` is for a table of text, over a file's row groups."""

    def __init__(self, path: Path) -> None:
        self._file = pa.OSFile(str(path))
        self._source = ParquetBatches(self._file)
        self._size = self._source.rows_at_once
        self.texts = {
            index
            for index, one in enumerate(self._source.arrow_schema)
            if pa.types.is_string(one.type) or pa.types.is_large_string(one.type)
        }
        """Indexes of columns that are text, however they are spread over the file."""
        self._parts = [
            (group, start // self._size)
            for group, rows in enumerate(self._source.groups)
            for start in range(0, rows, self._size)
        ]
        sizes = (
            min(self._size, rows - start)
            for rows in self._source.groups
            for start in range(0, rows, self._size)
        )
        self._ends = list(accumulate(sizes))
        self._readers: OrderedDict[int, tuple[int, int, Iterator[Any]]] = OrderedDict()
        """Of a column: the group and the part that come next."""
        self.consumed = self._file.size()
        self.schema = schema(self._source.columns)

    def close(self) -> None:
        self._readers.clear()
        self._source.close()
        self._file.close()

    @property
    def row_count(self) -> int:
        return self._ends[-1] if self._ends else 0

    @property
    def batch_count(self) -> int:
        return len(self._ends)

    def span(self, index: int) -> tuple[int, int]:
        return (self._ends[index - 1] if index else 0), self._ends[index]

    def find(self, row: int) -> int:
        return bisect_right(self._ends, row)

    def batch(self, index: int) -> _Part:
        first, stop = self.span(index)
        return _Part(self, index, stop - first)

    def bounds(self, number: int, column: int) -> tuple[Any, Any] | None:
        group = self._source.metadata.row_group(self._parts[number][0])
        said = group.column(column).statistics
        if said is None or not said.has_min_max:
            return None
        try:
            return said.min, said.max
        except (ValueError, OverflowError):  # Python has no such date
            return None

    def column(self, number: int, column: int) -> Any:
        """A column of a batch as text; those that are read in order are decoded once."""
        group, part = self._parts[number]
        at = self._readers.pop(column, None)
        if at is None or at[0] != group or at[1] > part:
            at = group, 0, self._source.some([group], [column], self._size)
        _, coming, batches = at
        batch = next(batches)
        while coming < part:
            batch = next(batches)
            coming += 1
        self._readers[column] = group, part + 1, batches
        if len(self._readers) > _READERS:
            self._readers.popitem(last=False)
        return batch.column(0)


class _Part:
    """A record batch whose columns are read when they are asked for."""

    def __init__(self, groups: _Groups, number: int, num_rows: int) -> None:
        self._groups = groups
        self._number = number
        self.num_rows = num_rows

    def column(self, index: int) -> Any:
        return self._groups.column(self._number, index)

    @property
    def columns(self) -> list[Any]:
        return [self.column(index) for index in range(len(self._groups.schema))]
