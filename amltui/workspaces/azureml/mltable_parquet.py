"""The rows of Parquet files as an MLTable asks for them, written as one Parquet file.

Only the columns that stay are read, and no row group behind the last row that is taken.
"""

from __future__ import annotations

import io
from collections.abc import AsyncGenerator, Iterator, Sequence
from typing import TYPE_CHECKING, Final

import anyio
import anyio.from_thread
import anyio.to_thread

from amltui.errors import Unreadable
from amltui.workspaces.azureml.mltable import MLTable, RowsLeft
from amltui.workspaces.parts import Part, pieces

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS: Final = 65_536
"""Rows in memory at once, and in a row group of what is written."""


async def parquet_rows(table: MLTable, parts: Sequence[Part]) -> AsyncGenerator[bytes]:
    """The bytes of the file, piece by piece.

    Raises:
        Unreadable: a file is no Parquet, lacks a column, or has others than the first.
    """
    made = _made(table, [_Remote(part) for part in parts])

    def next_piece() -> bytes | None:
        return next(made, None)

    while (piece := await anyio.to_thread.run_sync(next_piece)) is not None:
        yield piece


class _Remote(io.RawIOBase):
    """A file that is read by ranges, in a thread of the event loop that reads them."""

    def __init__(self, part: Part) -> None:
        super().__init__()
        self._part = part
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._part.size}[whence]
        self._at = start + offset
        return self._at

    def read(self, size: int = -1) -> bytes:
        stop = self._part.size if size < 0 else min(self._at + size, self._part.size)
        start, self._at = self._at, max(stop, self._at)
        return anyio.from_thread.run(_bytes, self._part, start, stop)


async def _bytes(part: Part, start: int, stop: int) -> bytes:
    return b"".join([piece async for piece in pieces((part,), start, stop)])


class _Out(io.RawIOBase):
    """What was written and not taken yet."""

    def __init__(self) -> None:
        super().__init__()
        self._pending = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        before = len(self._pending)
        self._pending += memoryview(data)  # type: ignore[arg-type]  # pyarrow's own buffers
        return len(self._pending) - before

    def take(self) -> bytes:
        taken, self._pending = bytes(self._pending), bytearray()
        return taken


def _made(table: MLTable, files: Sequence[_Remote]) -> Iterator[bytes]:
    import pyarrow as pa

    try:
        yield from _written(table, files)
    except (pa.ArrowException, OSError):
        raise Unreadable("A file of the table is no Parquet, or damaged") from None


def _written(table: MLTable, files: Sequence[_Remote]) -> Iterator[bytes]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    cut, out = RowsLeft(table), _Out()
    schema: pa.Schema | None = None
    writer: pq.ParquetWriter | None = None
    for file in files:
        opened = pq.ParquetFile(file, pre_buffer=False)
        names = opened.schema_arrow.names
        chosen = [names[at] for at in table.chosen(names)]
        here = pa.schema([opened.schema_arrow.field(name) for name in chosen])
        if writer is None:
            schema, writer = here, pq.ParquetWriter(out, here)
        elif here != schema:
            raise Unreadable("The files of the table have different columns")
        # No threads: what they would read is given by the loop that waits for this thread alone.
        for batch in opened.iter_batches(_ROWS, columns=chosen, use_threads=False):
            rows = cut.of(batch.num_rows)
            left = batch.select(chosen).slice(rows.start, rows.stop - rows.start)
            if left.num_rows:
                writer.write_batch(left)
                yield out.take()
            if cut.over:
                break
        if cut.over:
            break
    assert writer is not None  # a table has files
    writer.close()
    yield out.take()
