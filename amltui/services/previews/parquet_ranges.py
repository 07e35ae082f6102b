"""A Parquet file that lies elsewhere: its footer, then only the row groups that are looked at."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from amltui.disk import disk_errors
from amltui.errors import Unreadable
from amltui.formats.batches import ParquetBatches
from amltui.formats.read_errors import mapped
from amltui.formats.registry import PARQUET
from amltui.tables.inference import infer
from amltui.tables.memory import MemoryRows

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

Read = Callable[[int, int], Awaitable[bytes]]

TAIL: Final = 64 * 1024
"""Bytes of the end that most footers fit into."""
_PIECE: Final = 256 * 1024
"""Bytes of a column's values that the first rows are looked for in, and of one more look."""
_TOGETHER: Final = 2 << 20
"""Bytes of a row group up to which it is fetched by one request."""
_AT_ONCE: Final = 8
_LARGEST_FOOTER: Final = 64 << 20


class RangedFile(io.RawIOBase):
    """A file of which ranges are fetched when they are read, for one worker thread."""

    def __init__(self, read: Read, size: int) -> None:
        """`read` gives the bytes of a range on the running loop."""
        super().__init__()
        self._fetch = read
        self._size = size
        self._loop = asyncio.get_running_loop()
        self._at = 0
        self._pieces: list[tuple[int, bytes]] = []
        self.fetched = 0
        """Bytes that were fetched."""
        self.requests = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """The present position in bytes."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go to a byte (0-based), from the start, the position or the end."""
        before = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = before + offset
        return self._at

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill `buffer`, as far as there are bytes; what is not here is fetched."""
        view = memoryview(buffer).cast("B")
        stop = min(self._at + len(view), self._size)
        if stop <= self._at:
            return 0
        if self._find(self._at, stop) is None:
            wanted = min(max(stop, self._at + _PIECE), self._size)
            asyncio.run_coroutine_threadsafe(self.fetch(self._at, wanted), self._loop).result()
        data = self._find(self._at, stop)
        assert data is not None
        view[: len(data)] = data
        self._at += len(data)
        return len(data)

    async def fetch(self, start: int, stop: int) -> None:
        """Bring a range here."""
        if self._find(start, stop) is None:
            self.take(start, await self._fetch(start, stop))

    def take(self, start: int, data: bytes) -> None:
        """Keep what was fetched."""
        self.fetched += len(data)
        self.requests += 1
        self._pieces.append((start, data))

    def forget(self) -> None:
        """Let go of all but the footer."""
        del self._pieces[1:]

    def _find(self, start: int, stop: int) -> bytes | None:
        for first, data in self._pieces:
            if first <= start and stop <= first + len(data):
                return data[start - first : stop - first]
        return None


class NumberedRows(MemoryRows):
    """Some rows of many, under the numbers that they have among all."""

    def __init__(self, rows: MemoryRows, batches: Sequence[Any], first: int, total: int) -> None:
        super().__init__(rows.columns, batches, complete=False)
        self._first = first
        self._total = total

    @property
    def row_count(self) -> int:
        """Rows in all, of which only some can be read."""
        return self._total

    def window(self, start: int, stop: int, columns: Sequence[int]) -> list[Sequence[str | None]]:
        """See `Rows.window`."""
        return super().window(max(0, start - self._first), max(0, stop - self._first), columns)

    def cell(self, row: int, column: int) -> str | None:
        """See `Rows.cell`."""
        return super().cell(row - self._first, column)


class RemoteParquet:
    """Rows of a Parquet file by ranges; for one task."""

    def __init__(self, file: RangedFile, source: ParquetBatches) -> None:
        """See `open_remote`."""
        self._file = file
        self._source = source

    @property
    def row_count(self) -> int:
        """Rows, as the footer counts them."""
        return int(self._source.metadata.num_rows)

    @property
    def fetched(self) -> int:
        """Bytes that were fetched so far."""
        return self._file.fetched

    @property
    def requests(self) -> int:
        """Ranges that were asked for so far."""
        return self._file.requests

    async def first(self, count: int) -> MemoryRows:
        """The first `count` rows. Raises as `rows`."""
        rows, _ = await self._rows(0, count)
        return rows

    async def rows(self, start: int, count: int) -> NumberedRows:
        """Rows `start` to before `start + count`, as far as there are any, by their numbers.

        Raises:
            Unreadable: the file is damaged, or packed in a way that is not known.
            AmltuiError: a range did not come.
        """
        rows, found = await self._rows(start, count)
        return NumberedRows(rows, found, start, self.row_count)

    async def _rows(self, start: int, count: int) -> tuple[MemoryRows, list[Any]]:
        stop = min(start + count, self.row_count)
        groups: list[int] = []
        skip = end = 0
        for group, size in enumerate(self._source.groups):
            if end + size > start and end < stop:
                skip = start - end if not groups else skip
                groups.append(group)
            end += size
        limit = asyncio.Semaphore(_AT_ONCE)

        async def bring(first: int, last: int) -> None:
            async with limit:
                await self._file.fetch(first, last)

        ranges = [one for group in groups for one in self._ranges(group, begin=not skip)]
        await asyncio.gather(*(bring(first, last) for first, last in ranges))
        found = await asyncio.to_thread(self._take, groups, skip, max(0, stop - start))
        self._file.forget()
        columns = infer(self._source.columns, self._source.declared, found)
        whole = start == 0 and stop == self.row_count
        columns = tuple(replace(column, sampled=not whole) for column in columns)
        return MemoryRows(columns, found, complete=whole), found

    async def column(self, index: int, path: Path) -> None:
        """Write one column of all rows as a Parquet file; nothing but that column is fetched.

        Args:
            index: of the column.
            path: where it is written. Memory holds a few row groups of the column at a time.

        Raises:
            Unreadable: the file is damaged, or packed in a way that is not known.
            DiskFull, LocalError: it cannot be written.
            AmltuiError: a range did not come.
        """
        import pyarrow.parquet as pq

        schema = self._source.arrow_schema
        schema = pa.schema([schema.field(index)])
        groups = range(len(self._source.groups))
        with disk_errors(path, "write"), pq.ParquetWriter(path, schema) as writer:
            for start in range(0, len(groups), _AT_ONCE):
                some = groups[start : start + _AT_ONCE]
                ranges = [one for group in some for one in self._of_column(group, index)]
                await asyncio.gather(*(self._file.fetch(first, last) for first, last in ranges))
                for group in some:
                    values = await asyncio.to_thread(self._source.values, group, index)
                    await asyncio.to_thread(writer.write_table, values.cast(schema))
                self._file.forget()

    def _of_column(self, group: int, index: int) -> Iterator[tuple[int, int]]:
        """Where the values of one column lie in a row group."""
        meta, name = self._source.metadata.row_group(group), self._source.arrow_schema.names[index]
        for at in range(meta.num_columns):
            column = meta.column(at)
            path = column.path_in_schema
            if path == name or path.startswith(f"{name}."):
                first, size, _ = _place(column)
                yield first, first + size

    def _ranges(self, group: int, *, begin: bool) -> Iterator[tuple[int, int]]:
        """What to fetch of a row group; `begin`: only its first rows are wanted."""
        meta = self._source.metadata.row_group(group)
        chunks = []
        for at in range(meta.num_columns):
            first, size, pages = _place(meta.column(at))
            chunks.append((first, first + size, pages + _PIECE))
        low, high = min(one[0] for one in chunks), max(one[1] for one in chunks)
        if high - low <= _TOGETHER:
            yield low, high
            return
        for first, last, enough in chunks:
            yield first, min(last, enough) if begin else last

    def _take(self, groups: Sequence[int], skip: int, count: int) -> list[Any]:
        found: list[Any] = []
        if not groups or not count:
            return found
        for batch in self._source.some(groups, rows=min(skip + count, 8_192)):
            part = batch.slice(min(skip, batch.num_rows), count)
            skip = max(0, skip - batch.num_rows)
            found.append(part)
            count -= part.num_rows
            if count <= 0:
                break
        return found


def _place(column: Any) -> tuple[int, int, int]:
    """Where a column of a row group begins, its bytes, and where its values begin."""
    pages = column.data_page_offset
    first = column.dictionary_page_offset
    first = pages if first is None or not 0 < first < pages else first
    return first, column.total_compressed_size, pages


async def open_remote(read: Read, size: int, tail: bytes = b"") -> RemoteParquet:
    """Read the footer of a Parquet file of `size` bytes: one request, two where it is long.

    `tail`: its last `TAIL` bytes, where they are here already.

    Raises:
        Unreadable: it is damaged, cut off or encrypted.
        AmltuiError: a range did not come.
    """
    file = RangedFile(read, size)
    start = max(0, size - TAIL)
    tail = tail or await read(start, size)
    file.take(start, tail)
    length = int.from_bytes(tail[-8:-4], "little")
    if tail[-4:] != b"PAR1" or length + 8 > min(size, _LARGEST_FOOTER):
        raise Unreadable("The Parquet file cannot be read: its footer is missing or encrypted")
    if length + 8 > len(tail):
        await file.fetch(size - 8 - length, size)

    def opened() -> ParquetBatches:
        with mapped(PARQUET):
            return ParquetBatches(file, buffer_size=_PIECE)

    return RemoteParquet(file, await asyncio.to_thread(opened))
