"""Some columns and some rows of a content as an Arrow table, without fetching all of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import IO, TYPE_CHECKING, Any, Final

from amltui.api.reading import Connect, with_reader
from amltui.api.threads import apart
from amltui.errors import Unreadable
from amltui.models import Dataset, OutputPort
from amltui.services.previews.parquet_ranges import TAIL, RangedFile
from amltui.transfers.content_stream import ALONE
from amltui.transfers.retry import RetryPolicy, Wakeups
from amltui.workspaces.repeating import caller_retries

if TYPE_CHECKING:
    import pyarrow as pa

    from amltui.api.progress import Progress

_MAGIC: Final = b"PAR1"
_AT_ONCE: Final = 8


def span_of(rows: slice | range | None) -> tuple[int, int | None]:
    """The first row that is wanted (from 0) and the one after the last; None: to the end.

    Raises:
        ValueError: they do not stand one after the other, or are counted from the end.
    """
    if rows is None:
        return 0, None
    start, stop, step = rows.start or 0, rows.stop, rows.step
    if step not in {None, 1} or start < 0 or (stop is not None and stop < 0):
        raise ValueError(f"Rows stand one after the other, counted from the first: not {rows}")
    return start, stop if stop is None else max(start, stop)


async def read_part(
    connect: Connect,
    source: Dataset | OutputPort,
    columns: Sequence[str] | None,
    rows: slice | range | None,
    progress: Progress | None,
) -> pa.Table:
    """Those columns, in this order, and rows of a content; see `Readable.to_arrow`.

    Raises:
        KeyError: there is no such column.
        ValueError: rows that make no sense.
        AmltuiError: it cannot be read.
    """
    from amltui.api.content_frames import read_table
    from amltui.formats.frames import deserialize_table, is_supported

    start, stop = span_of(rows)
    data_type_id = source.data_type_id
    name = source.name if isinstance(source, Dataset) else source.port_name
    if not is_supported(data_type_id):
        ranged = _Ranged(connect, source)
        if await ranged.is_parquet():
            return await ranged.read(columns, start, stop, progress)

    def read(reader: IO[bytes]) -> pa.Table:
        if is_supported(data_type_id):
            table = deserialize_table(reader, data_type_id, rows=stop)
        else:
            table = read_table(reader, name, data_type_id)
        return _part(table, columns, start, stop)

    return await with_reader(connect, source, read, progress)


def _part(table: pa.Table, columns: Sequence[str] | None, start: int, stop: int | None) -> pa.Table:
    if columns is not None:
        _check(columns, table.column_names)
        table = table.select(list(columns))
    return table.slice(start, None if stop is None else stop - start)


def _check(columns: Sequence[str], there: Sequence[str]) -> None:
    missing = [name for name in columns if name not in there]
    if missing:
        raise KeyError(f"There is no column {missing[0]!r}: there are {', '.join(there)}")


class _Ranged:
    """A Parquet file of which only the footer and what is wanted are fetched."""

    def __init__(self, connect: Connect, source: Dataset | OutputPort) -> None:
        self._connect = connect
        self._source = source
        self._size: int | None = None
        self._etag: str | None = None

    async def is_parquet(self) -> bool:
        """Whether it is one, at a host that gives ranges."""
        first = await self._range(0, len(_MAGIC))
        return first == _MAGIC and self._size is not None and self._size > 2 * len(_MAGIC)

    async def read(
        self,
        columns: Sequence[str] | None,
        start: int,
        stop: int | None,
        progress: Progress | None,
    ) -> pa.Table:
        """See `read_part`."""
        import pyarrow.parquet as pq

        from amltui.formats.arrow_text import readable
        from amltui.formats.read_errors import mapped
        from amltui.formats.registry import PARQUET

        size = self._size
        assert size is not None  # it is a Parquet file

        async def fetch(first: int, last: int) -> bytes:
            data = await self._range(first, last)
            if len(data) != last - first:
                raise Unreadable("The contents end before the place that the file names")
            return data

        file = RangedFile(fetch, size)
        await file.fetch(max(0, size - TAIL), size)

        def opened() -> Any:
            with mapped(PARQUET):
                return pq.ParquetFile(file, pre_buffer=False)

        whole = await apart(opened)
        meta = whole.metadata
        if columns is not None:
            _check(columns, whole.schema_arrow.names)
        stop = meta.num_rows if stop is None else min(stop, meta.num_rows)
        groups, skip = _groups(meta, start, stop)
        ranges = [one for group in groups for one in _chunks(meta.row_group(group), columns)]
        wanted = file.fetched + sum(last - first for first, last in ranges)
        limit = asyncio.Semaphore(_AT_ONCE)

        async def bring(first: int, last: int) -> None:
            async with limit:
                await file.fetch(first, last)
                if progress is not None:
                    progress(file.fetched, wanted)

        tasks = [asyncio.ensure_future(bring(first, last)) for first, last in ranges]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()

        def taken() -> pa.Table:
            with mapped(PARQUET):
                names = None if columns is None else list(columns)
                # One thread alone may read the file.
                table = whole.read_row_groups(groups, columns=names, use_threads=False)
                if names is not None:
                    table = table.select(names)
                return readable(table.slice(skip, max(0, stop - start)))

        return await apart(taken)

    async def _range(self, first: int, last: int) -> bytes:
        """Bytes `first` to before `last`, as far as there are any."""
        retry = RetryPolicy(ALONE, Wakeups(), lambda _state, _error: None)

        async def ask() -> bytes:
            workspace = await self._connect()
            data = bytearray()
            async with workspace.read(
                self._source, start=first, stop=last, etag=self._etag
            ) as content:
                info = content.info
                if info.start != first or not (info.ranges or self._size is None):
                    raise Unreadable("The contents changed, or their host gives no ranges")
                if info.ranges:
                    self._size, self._etag = info.size, info.etag
                async for chunk in content:
                    data += chunk
                    if len(data) >= last - first:
                        break
            return bytes(data[: last - first])

        with caller_retries():
            return await retry.call(ask)


def _groups(meta: Any, start: int, stop: int) -> tuple[list[int], int]:
    """The row groups that hold some rows, and how many rows to pass in the first."""
    found: list[int] = []
    skip = end = 0
    for group in range(meta.num_row_groups):
        rows = meta.row_group(group).num_rows
        if end + rows > start and end < stop:
            skip = start - end if not found else skip
            found.append(group)
        end += rows
    return found, max(0, skip)


def _chunks(group: Any, columns: Sequence[str] | None) -> Iterator[tuple[int, int]]:
    """Where the values of columns lie in a row group."""
    for at in range(group.num_columns):
        column = group.column(at)
        path = column.path_in_schema
        if columns is None or path in columns or path.partition(".")[0] in columns:
            pages, first = column.data_page_offset, column.dictionary_page_offset
            first = pages if first is None or not 0 < first < pages else first
            yield first, first + column.total_compressed_size
