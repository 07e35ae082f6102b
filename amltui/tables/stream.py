"""An Arrow IPC stream file with a sidecar of offsets: readable anywhere while it grows.

The sidecar holds one record for each batch: its offset in the stream, the number of rows up to
its end, and how far the source had been read (each 8 bytes, little endian). A record is written
after its batch is, so a reader that trusts the sidecar never sees half a batch.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections import OrderedDict
from pathlib import Path
from typing import Any, Final, Self

import pyarrow as pa

from amltui.errors import LocalError

_RECORD: Final = struct.Struct("<QQQ")
_KEPT: Final = 16
"""Batches whose decoded metadata a reader keeps: the data itself stays in the file."""


def unreadable_rows() -> LocalError:
    """The error for rows that something else than their writer has changed."""
    return LocalError(
        "The rows on this disk cannot be read", hint="`amltui cache clear` has them made anew."
    )


def index_path(path: Path) -> Path:
    """Where the sidecar of a stream lies."""
    return path.with_suffix(".idx")


class StreamWriter:
    """Writes batches of one schema; use as a context manager."""

    def __init__(self, path: Path, schema: Any) -> None:
        self._path = path
        self._schema = schema
        self.rows = 0
        """Rows written."""

    def __enter__(self) -> Self:
        self._sink = pa.OSFile(str(self._path), "wb")
        self._index = index_path(self._path).open("wb", buffering=0)
        self._writer = pa.ipc.new_stream(self._sink, self._schema)
        return self

    def __exit__(self, *exc: object) -> None:
        try:
            self._writer.close()
        finally:
            self._sink.close()
            self._index.close()

    def write(self, batch: Any, consumed: int = 0) -> None:
        """Append a batch; `consumed` is how many bytes of the source it takes us to.

        Raises:
            OSError: the disk is full.
        """
        if not batch.num_rows:
            return
        # The schema goes out with the first batch, not before.
        offset = self._sink.tell() or self._schema.serialize().size
        self._writer.write_batch(batch)
        self.rows += batch.num_rows
        self._index.write(_RECORD.pack(offset, self.rows, consumed))


class StreamReader:
    """Reads batches of a stream that may still be written."""

    def __init__(self, path: Path) -> None:
        """Open it.

        Raises:
            OSError: it is not there.
        """
        self._path = path
        self._index = index_path(path).open("rb")
        self._map: Any = None
        self._schema: Any = None
        self._offsets: list[int] = []
        self._ends: list[int] = []
        self.consumed = 0
        """Bytes of the source that the rows come from."""
        self._cache: OrderedDict[int, Any] = OrderedDict()
        self.refresh()

    def refresh(self) -> bool:
        """Take in what was written since. Returns whether there is more."""
        data = self._index.read()
        whole = len(data) - len(data) % _RECORD.size
        if whole < len(data):
            self._index.seek(whole - len(data), 1)
        for offset, end, consumed in _RECORD.iter_unpack(data[:whole]):
            self._offsets.append(offset)
            self._ends.append(end)
            self.consumed = consumed
        if whole:
            self._cache.clear()
            self._map = pa.memory_map(str(self._path), "r")
            _ = self.schema  # From here on rows can be read also when the file's name is gone.
        return whole > 0

    def close(self) -> None:
        """Let go of the file."""
        self._cache.clear()
        self._map = None
        self._index.close()

    @property
    def schema(self) -> Any:
        """The `pyarrow.Schema`."""
        if self._schema is None:
            with pa.memory_map(str(self._path), "r") as source:
                self._schema = pa.ipc.read_schema(source)
        return self._schema

    @property
    def row_count(self) -> int:
        """Rows that can be read."""
        return self._ends[-1] if self._ends else 0

    @property
    def batch_count(self) -> int:
        """Batches that can be read."""
        return len(self._ends)

    def span(self, index: int) -> tuple[int, int]:
        """First row of a batch, and the row after its last."""
        return (self._ends[index - 1] if index else 0), self._ends[index]

    def find(self, row: int) -> int:
        """The batch that a row is in; `batch_count` past the end."""
        return bisect_right(self._ends, row)

    def batch(self, index: int) -> Any:
        """A batch, its buffers lying in the memory map.

        Raises:
            LocalError: what lies there is no batch.
        """
        found = self._cache.get(index)
        if found is None:
            try:
                self._map.seek(self._offsets[index])
                found = pa.ipc.read_record_batch(pa.ipc.read_message(self._map), self.schema)
            except (pa.ArrowException, OSError) as error:
                raise unreadable_rows() from error
            self._cache[index] = found
            if len(self._cache) > _KEPT:
                self._cache.popitem(last=False)
        else:
            self._cache.move_to_end(index)
        return found
