"""An Arrow IPC stream file with a sidecar of offsets: readable anywhere while it grows.

The sidecar holds one record for each batch: where it lies in the stream, its bytes, the number of
rows up to its end, how far the source had been read (each 8 bytes, little endian), and the CRC-32
of the schema, the batch and these four (4 bytes). A record is written after its batch is, so a
reader that trusts the sidecar never sees half a batch. A reader checks each batch when it first
reads it: what a disk or a power cut damaged is never shown.
"""

from __future__ import annotations

import struct
import zlib
from bisect import bisect_right
from collections import OrderedDict
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, Final, Self

import pyarrow as pa

from amltui.errors import Damaged

_WHERE: Final = struct.Struct("<QQQQ")
_RECORD: Final = struct.Struct("<QQQQI")
_END: Final = struct.pack("<II", 0xFFFFFFFF, 0)
"""What ends an Arrow stream."""
_KEPT: Final = 16
"""Batches whose decoded metadata a reader keeps: the data itself stays in the file."""


def unreadable_rows() -> Damaged:
    """The error for rows that are not as they were written."""
    return Damaged(
        "The rows on this disk are damaged",
        hint="They are made anew from the content: do it again.",
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
        head = self._schema.serialize()
        self._crc = zlib.crc32(head)
        self._end = head.size
        with ExitStack() as opened:  # the disk may be full, or the directory dropped meanwhile
            self._sink = opened.enter_context(self._path.open("wb", buffering=0))
            self._index = opened.enter_context(index_path(self._path).open("wb", buffering=0))
            _write_all(self._sink, head)
            opened.pop_all()
        return self

    def __exit__(self, *exc: object) -> None:
        try:
            _write_all(self._sink, _END)
        finally:
            self._sink.close()
            self._index.close()

    @property
    def size(self) -> int:
        """Bytes written."""
        return int(self._end)

    def write(self, batch: Any, consumed: int = 0) -> None:
        """Append a batch; `consumed` is how many bytes of the source it takes us to.

        Raises:
            OSError: the disk is full.
        """
        if not batch.num_rows:
            return
        data = batch.serialize()
        _write_all(self._sink, data)
        self.rows += batch.num_rows
        where = _WHERE.pack(self._end, data.size, self.rows, consumed)
        self._end += data.size
        crc = zlib.crc32(where, zlib.crc32(data, self._crc))
        self._index.write(where + crc.to_bytes(4, "little"))


def _write_all(file: IO[bytes], data: Any) -> None:
    """Write all of `data`: a nearly full disk may take a part of it only, and then raise."""
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


class StreamReader:
    """Reads batches of a stream that may still be written."""

    def __init__(self, path: Path) -> None:
        """Open it.

        Raises:
            OSError: it is not there, or is dropped at this moment.
        """
        self._path = path
        self._index = index_path(path).open("rb")
        self._map: Any = None
        self._schema: Any = None
        self._places: list[tuple[int, int, int]] = []
        """Of each batch: offset, bytes, and the CRC that it must have before its record's."""
        self._ends: list[int] = []
        self._sound: set[int] = set()
        """Batches that were checked."""
        self._consumed: list[int] = []
        self._cache: OrderedDict[int, Any] = OrderedDict()
        try:
            self.refresh()
        except BaseException:
            self._index.close()
            raise

    def refresh(self) -> bool:
        """Take in what was written since. Returns whether there is more."""
        data = self._index.read()
        whole = len(data) - len(data) % _RECORD.size
        if whole < len(data):
            self._index.seek(whole - len(data), 1)
        for offset, size, end, consumed, crc in _RECORD.iter_unpack(data[:whole]):
            self._places.append((offset, size, crc))
            self._consumed.append(consumed)
            self._ends.append(end)
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
    def consumed(self) -> int:
        """Bytes of the source that the rows come from."""
        return self._consumed[-1] if self._consumed else 0

    def taken(self, index: int) -> int:
        """Bytes of the source that the rows up to the end of a batch come from."""
        return self._consumed[index]

    @property
    def schema(self) -> Any:
        """The `pyarrow.Schema`."""
        if self._schema is None:
            with pa.memory_map(str(self._path), "r") as source:
                self._schema = pa.ipc.read_schema(source)
        return self._schema

    def share(self, other: StreamReader) -> None:
        """Take over which batches another reader of the same file has checked."""
        self._sound = other._sound

    def check(self) -> None:
        """Look at every batch.

        Raises:
            Damaged: one is not as it was written.
        """
        for index in range(self.batch_count):
            self._check(index)

    def _check(self, index: int) -> None:
        if index in self._sound:
            return
        if not self._is_sound(index):
            # Whoever opens it next finds no table here, and makes another.
            index_path(self._path).unlink(missing_ok=True)
            raise unreadable_rows()
        self._sound.add(index)

    def _is_sound(self, index: int) -> bool:
        offset, size, crc = self._places[index]
        first = self._places[0][0]
        if offset + size > self._map.size():
            return False
        self._map.seek(0)
        schema = zlib.crc32(self._map.read_buffer(first))
        self._map.seek(offset)
        found = zlib.crc32(self._map.read_buffer(size), schema)
        where = _WHERE.pack(offset, size, self._ends[index], self._consumed[index])
        return zlib.crc32(where, found) == crc

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
            Damaged: it is not as it was written.
        """
        found = self._cache.get(index)
        if found is None:
            self._check(index)
            self._map.seek(self._places[index][0])
            found = pa.ipc.read_record_batch(pa.ipc.read_message(self._map), self.schema)
            self._cache[index] = found
            if len(self._cache) > _KEPT:
                self._cache.popitem(last=False)
        else:
            self._cache.move_to_end(index)
        return found
