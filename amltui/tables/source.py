"""Files as streams, also those that something else is still writing."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from threading import Condition
from typing import Final, Self

from amltui.errors import Cancelled

_PATIENCE: Final = 0.1
"""Seconds to wait for more bytes before those that are there are read."""


class OpenFile:
    """A file that stays readable when it is renamed or deleted; close it."""

    def __init__(self, descriptor: int) -> None:
        """Take over an open file."""
        self.descriptor = descriptor

    @classmethod
    def at(cls, path: Path) -> Self:
        """Open a file.

        Raises:
            OSError: it cannot be read.
        """
        return cls(os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0)))

    @classmethod
    def made(cls, path: Path) -> Self:
        """Make a new file to write to and to read from, for its owner only.

        Raises:
            OSError: it cannot be made.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
        return cls(os.open(path, flags, 0o600))

    def close(self) -> None:
        """Let go of it."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
        self.descriptor = -1

    def stat(self) -> tuple[int, int]:
        """Its size in bytes, and when it was last changed, in nanoseconds."""
        found = os.fstat(self.descriptor)
        return found.st_size, found.st_mtime_ns

    def read(self, start: int, stop: int) -> bytes:
        """Bytes `start` to before `stop`, as far as there are any; for any thread.

        Raises:
            OSError: the disk fails.
        """
        data = os.pread(self.descriptor, stop - start, start)
        if len(data) == stop - start or not data:
            return data
        return data + self.read(start + len(data), stop)

    def write(self, data: bytes, start: int) -> None:
        """Put bytes at `start`.

        Raises:
            OSError: the disk fails, or is full.
        """
        view = memoryview(data)
        while view:
            count = os.pwrite(self.descriptor, view, start)
            view, start = view[count:], start + count


class Slice:
    """Some bytes of a file as a stream of their own."""

    def __init__(self, file: OpenFile, start: int, stop: int) -> None:
        self._file = file
        self._start = self._at = start
        self._stop = stop

    def read(self, size: int) -> bytes:
        """See `formats.input.Stream.read`."""
        data = self._file.read(self._at, min(self._at + size, self._stop))
        self._at += len(data)
        return data

    def seek(self, offset: int) -> None:
        """See `formats.input.Stream.seek`."""
        self._at = self._start + offset


class FileStream:
    """A whole file; use as a context manager."""

    def __init__(self, source: Path | OpenFile) -> None:
        self._source = source
        self._at = 0

    def __enter__(self) -> Self:
        source = self._source
        self._file = OpenFile.at(source) if isinstance(source, Path) else source
        return self

    def __exit__(self, *exc: object) -> None:
        if isinstance(self._source, Path):
            self._file.close()

    def read(self, size: int) -> bytes:
        """See `formats.input.Stream.read`."""
        data = self._file.read(self._at, self._at + size)
        self._at += len(data)
        return data

    def seek(self, offset: int) -> None:
        """See `formats.input.Stream.seek`."""
        self._at = offset


class GrowingFile(FileStream):
    """A file of which only the first `available` bytes may be read, until it is whole."""

    def __init__(self, source: Path | OpenFile) -> None:
        super().__init__(source)
        self._changed = Condition()
        self._available = 0
        self._whole = False
        self._cancelled = False
        self.failed: Exception | None = None
        """Why no more will come, where what is there is read to its end."""

    def advance(self, available: int) -> None:
        """Bytes that are there now."""
        with self._changed:
            self._available = max(available, self._available)
            self._changed.notify()

    def finish(self) -> None:
        """All are there: the file ends where it ends now."""
        with self._changed:
            self._whole = True
            self._changed.notify()

    def fail(self, error: Exception) -> None:
        """No more will come: a read behind what is there raises `error`."""
        with self._changed:
            self.failed = error
            self._changed.notify()

    def cancel(self) -> None:
        """No more will come; a waiting read raises `Cancelled`."""
        with self._changed:
            self._cancelled = True
            self._changed.notify()

    def read(self, size: int) -> bytes:
        """See `formats.input.Stream.read`.

        Raises:
            Cancelled: `cancel` was called.
            Exception: what `fail` was told, where nothing is left to read.
        """
        at = self._at
        with self._changed:
            # Wait for all that was asked for only as long as nobody minds, for one byte for ever.
            self._changed.wait_for(self._enough(at + size), _PATIENCE)
            self._changed.wait_for(self._enough(at + 1))
            if self._cancelled:
                raise Cancelled("The download was stopped.")
            if self.failed is not None and self._available <= at:
                raise self.failed
            if not self._whole:
                size = min(size, self._available - at)
        return super().read(size)

    def _enough(self, wanted: int) -> Callable[[], bool]:
        return lambda: (
            self._whole or self._cancelled or self.failed is not None or self._available >= wanted
        )
