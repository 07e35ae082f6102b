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


class FileStream:
    """A whole file; use as a context manager."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Self:
        self._file = self._path.open("rb", buffering=0)
        return self

    def __exit__(self, *exc: object) -> None:
        self._file.close()

    def read(self, size: int) -> bytes:
        """See `formats.reader.Stream.read`."""
        return self._file.read(size) or b""

    def seek(self, offset: int) -> None:
        """See `formats.reader.Stream.seek`."""
        self._file.seek(offset)


class GrowingFile(FileStream):
    """A file of which only the first `available` bytes may be read, until it is whole."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._changed = Condition()
        self._available = 0
        self._whole = False
        self._cancelled = False

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

    def cancel(self) -> None:
        """No more will come; a waiting read raises `Cancelled`."""
        with self._changed:
            self._cancelled = True
            self._changed.notify()

    def read(self, size: int) -> bytes:
        """See `formats.reader.Stream.read`.

        Raises:
            Cancelled: `cancel` was called.
        """
        at = os.lseek(self._file.fileno(), 0, os.SEEK_CUR)
        with self._changed:
            # Wait for all that was asked for only as long as nobody minds, for one byte for ever.
            self._changed.wait_for(self._enough(at + size), _PATIENCE)
            self._changed.wait_for(self._enough(at + 1))
            if self._cancelled:
                raise Cancelled("The download was stopped.")
            if not self._whole:
                size = min(size, self._available - at)
        return super().read(size)

    def _enough(self, wanted: int) -> Callable[[], bool]:
        return lambda: self._whole or self._cancelled or self._available >= wanted
