"""A file's bytes to a text table on disk, once, in memory that no file can exceed."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import IO, Any, Final

import pyarrow as pa

from amltui.disk import refusal
from amltui.errors import DiskFull, LocalError
from amltui.formats.arrays import numbers, strings
from amltui.formats.arrow import schema
from amltui.formats.batches import BatchReader, open_batches
from amltui.formats.blocks import ROW_KEPT, Parsed
from amltui.formats.dialect import dialect_text
from amltui.formats.input import Stream
from amltui.formats.many_cells import are_too_many, too_many
from amltui.formats.reader import RowReader
from amltui.formats.registry import Format
from amltui.tables.index_making import index_rows
from amltui.tables.inference import SAMPLE, column_types, infer
from amltui.tables.ingest_progress import IngestProgress
from amltui.tables.rows import Column
from amltui.tables.source import FileStream, OpenFile, Slice
from amltui.tables.stream import StreamReader, StreamWriter
from amltui.tables.table_state import CUTS, MALFORMED, ROWS, TableState, remove, write_state
from amltui.tables.widening import WideningWriter, padded
from amltui.text import reason_of

THREADS: Final = 2
"""Threads that parse: reading and writing leave little for a third."""
_MALFORMED: Final = pa.schema(
    [
        ("line", pa.int64()),
        ("row", pa.int64()),
        ("problem", pa.string()),
        ("text", pa.string()),
    ]
)


Report = Callable[[IngestProgress], None]


def ingest(
    source: Path | Stream,
    fmt: Format,
    directory: Path,
    *,
    report: Report = lambda _progress: None,
    threads: int = THREADS,
    sheet: str | None = None,
    kept: int = ROW_KEPT,
    part: int | None = None,
) -> IngestProgress:
    """Write a table of a file's rows; blocks until it is done. See `ingest_in_process`.

    The table can be opened as soon as `report` was called once; where the rows tell the columns,
    when all columns are known. When it fails or is cancelled, what it wrote is removed.

    Args:
        source: the file, or its bytes as they come.
        fmt: a format that has rows.
        directory: where to write; made if missing, and should hold nothing else.
        report: told after each block. What it raises stops the ingest.
        threads: threads that parse blocks.
        sheet: which table of the file, where it has several. None: the first.
        kept: bytes of a row up to which all its cells are whole, however long they are.
        part: only the whole rows in so many first bytes: the table says that it is not complete.
            None: all. Of a format that is read as batches the rows that so many bytes of the table
            hold.

    Raises:
        Unreadable: the bytes are not what the format says.
        DiskFull: no space is left for the table.
        LocalError: the file cannot be read or the directory not written.
        TooManyCells: its rows have far more cells than bytes, see `many_cells`.
        Cancelled: the stream was cancelled.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if fmt.kind == "batches" and isinstance(source, Path):
            batches = open_batches(fmt, source, sheet)
            try:
                return _Ingest(fmt, directory, report, part).read(BatchReader(batches), 1)
            finally:
                batches.close()
        if part is not None and isinstance(source, Path):
            file = OpenFile.at(source)
            try:
                first = Slice(file, 0, part)
                return _Ingest(fmt, directory, report, part).run(first, threads, kept)
            finally:
                file.close()
        if isinstance(source, Path):
            with FileStream(source) as stream:
                return _Ingest(fmt, directory, report).run(stream, threads, kept)
        return _Ingest(fmt, directory, report).run(source, threads, kept)
    except OSError as error:
        remove(directory)
        if error.errno == 28:
            raise DiskFull(f"No space left for the table in {directory}") from error
        raise refusal(error)(f"Cannot make a table: {reason_of(error)}") from error
    except BaseException:
        remove(directory)
        raise


class _Expands(Exception):
    """Rows have far more cells than bytes."""


class _Ingest:
    def __init__(
        self, fmt: Format, directory: Path, report: Report, part: int | None = None
    ) -> None:
        self._fmt = fmt
        self._directory = directory
        self._report = report
        self._malformed = 0
        self._part = part
        self._first: Any = None
        """The first rows."""
        self._shown = False
        """Whether the table can be opened."""

    def run(self, stream: Stream, threads: int, kept: int) -> IngestProgress:
        reader = RowReader(stream, self._fmt, final=self._part is None, kept=kept, grows=True)
        if not reader.read_header():
            raise LocalError("Not even the names of the columns are here yet.")
        try:
            return self.read(reader, threads)
        except _Expands:
            stream.seek(0)
            rows = index_rows(stream, self._fmt).row_count
            raise too_many(rows, len(reader.columns)) from None

    def read(self, reader: RowReader | BatchReader, threads: int) -> IngestProgress:
        """Write the table."""
        state = TableState(
            self._fmt.data_type_id,
            _untyped(reader),
            reader.encoding,
            dialect=dialect_text(self._fmt),
        )
        with ThreadPoolExecutor(threads, "ingest") as pool:
            state, progress = self._rows(reader, state, pool if threads > 1 else None)
            rows = StreamReader(self._directory / ROWS)
            try:
                typed = column_types(rows, reader.columns, reader.codec.declared, pool)
            finally:
                rows.close()
        if self._part is not None:
            typed = tuple(replace(column, sampled=True) for column in typed)
        write_state(self._directory, replace(state, columns=typed, typed=True))
        progress = replace(progress, stage="done")
        self._report(progress)
        return progress

    def _rows(
        self, reader: RowReader | BatchReader, state: TableState, pool: ThreadPoolExecutor | None
    ) -> tuple[TableState, IngestProgress]:
        directory = self._directory
        progress = IngestProgress("rows")
        with (
            WideningWriter(directory, schema(reader.columns)) as rows,
            StreamWriter(directory / MALFORMED, _MALFORMED) as malformed,
            (directory / CUTS).open("wb", buffering=0) as cuts,
        ):
            state = self._show(reader, rows, state)
            for block, parsed in reader.parsed(pool):
                if reader.goes_on:
                    break  # a row that is not all here
                state = self._show(reader, rows, state, parsed.batch)
                self._note(parsed, malformed, cuts)
                batch = parsed.batch
                if self._fmt.kind == "batches" and self._part is not None:
                    batch = _fitting(batch, self._part - rows.size)
                rows.write(batch, block.stop)
                if block.stop and are_too_many(rows.rows, len(reader.columns), block.stop):
                    raise _Expands
                if reader.encoding != state.encoding:
                    state = replace(state, encoding=reader.encoding)
                    if self._shown:
                        write_state(directory, state)
                progress = IngestProgress("rows", rows.rows, block.stop, malformed.rows)
                self._report(progress)
                if batch.num_rows < parsed.batch.num_rows:
                    break
            reader.grows = False
            state = self._show(reader, rows, state)
        state = replace(
            state,
            complete=self._part is None,
            recoded=reader.recoded,
            encoding=reader.encoding,
            row_count=rows.rows,
            malformed_count=malformed.rows,
        )
        write_state(directory, state)
        progress = replace(progress, stage="types")
        self._report(progress)
        return state, progress

    def _show(
        self,
        reader: RowReader | BatchReader,
        rows: WideningWriter,
        state: TableState,
        batch: Any = None,
    ) -> TableState:
        """Let the table be seen once all its columns are known, typed as its first rows are."""
        first = batch is not None and batch.num_rows and self._first is None
        if first:
            self._first = batch.slice(0, SAMPLE)
        if reader.grows or (self._shown and not first):
            return state
        self._shown = True
        rows.widen(schema(reader.columns))
        if self._first is None:
            state = replace(state, columns=_untyped(reader))
        else:
            state = replace(state, columns=_first_types(reader, self._first))
        write_state(self._directory, state)
        return state

    def _note(self, parsed: Parsed, malformed: StreamWriter, cuts: IO[bytes]) -> None:
        for cut in parsed.cuts:
            cuts.write(json.dumps(asdict(cut)).encode() + b"\n")
        bad = parsed.malformed
        if bad:
            arrays = [
                numbers([row.line for row in bad], pa.int64()),
                numbers([row.row for row in bad], pa.int64()),
                strings([row.reason for row in bad]),
                strings([row.text for row in bad]),
            ]
            malformed.write(pa.RecordBatch.from_arrays(arrays, schema=_MALFORMED))


def _fitting(batch: Any, room: int) -> Any:
    """The first rows of a batch that a stream holds in `room` bytes."""
    rows, size = batch.num_rows, pa.ipc.get_record_batch_size(batch)
    while rows and size > room:
        rows = min(rows - 1, rows * max(0, room) // size)
        batch = batch.slice(0, rows)
        size = pa.ipc.get_record_batch_size(batch)
    return batch


def _untyped(reader: RowReader | BatchReader) -> tuple[Column, ...]:
    return tuple(Column(name) for name in reader.columns)


def _first_types(reader: RowReader | BatchReader, batch: Any) -> tuple[Column, ...]:
    """Types as the first rows show them, until all have been looked at."""
    found = infer(reader.columns, reader.codec.declared, [padded(batch, schema(reader.columns))])
    return tuple(
        replace(column, misfits=0, first_misfit=None, present=0, missing=0, sampled=True)
        for column in found
    )
