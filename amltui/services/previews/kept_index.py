"""The index of a content's rows beside it on this disk: whole, or as far as it came.

A begun one is named after the file that it was made of, so what arrived and its index come and go
together. Both are bound to the bytes and to a checksum; whatever does not fit is made again.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import Final

from amltui.cache import Entry
from amltui.disk import write_whole
from amltui.formats import Format
from amltui.tables.row_index import FileIdentity, RowIndex, noted_size
from amltui.tables.source import OpenFile

EVERY: Final = 2.0
"""Seconds of work after which it is kept, for the case that the program is killed."""
LONGER: Final = 8
"""And it must have grown by one part of so many: what is written stays little in all."""
WORTH: Final = 16 << 20
"""Bytes of a content that are looked through again sooner than an index of them is kept."""


class BegunIndex:
    """Keeps an index while it is made. `note` and `keep` are for the thread that makes it."""

    def __init__(
        self, entry: Entry, file: OpenFile, path: Path, identity: FileIdentity | None
    ) -> None:
        """Prepare.

        Args:
            entry: whose content it is.
            file: the content.
            path: what that file is called: the whole content, or what has arrived of it.
            identity: of the file. None: it still grows.
        """
        self.index: RowIndex | None = None
        """What was kept another time, see `load`."""
        self._entry = entry
        self._file = file
        self._path = path
        self._identity = identity
        self._kept_at = time.monotonic()
        self._kept = 0

    def load(self, fmt: Format, available: int | None) -> None:
        """Take what was kept the last time. Blocks.

        Args:
            fmt: how the content is read.
            available: bytes of the file that may be read. None: all.
        """
        with contextlib.suppress(OSError):
            data = self._entry.begun_index(self._path).read_bytes()
            identity, size = self._identity, noted_size(data)
            if identity is None and size >= 0 and (available is None or size <= available):
                identity = FileIdentity.of_first(self._file, size)
            if identity is not None:
                self.index = RowIndex.from_bytes(data, identity, fmt)
        if self.index is not None:
            self._kept = self.index.stop

    def note(self, index: RowIndex) -> None:
        """Keep it where that is due. Blocks."""
        grown = index.stop - self._kept
        if grown * LONGER > index.stop and time.monotonic() - self._kept_at >= EVERY:
            self.keep(index)

    def keep(self, index: RowIndex) -> None:
        """Keep it where that is worth it and the content is still what it was. Blocks."""
        if index.complete or index.stop - self._kept < WORTH:
            return
        with contextlib.suppress(OSError):
            found = self._place(index)
            if found is not None:
                place, identity = found
                write_whole(place, index.to_bytes(identity))
                if self._is_gone:
                    place.unlink(missing_ok=True)
        self._kept, self._kept_at = index.stop, time.monotonic()

    def forget(self) -> None:
        """Remove what was kept: it is of no more use."""
        for path in {self._path, self._entry.raw}:
            with contextlib.suppress(OSError):
                self._entry.begun_index(path).unlink(missing_ok=True)

    @property
    def _is_gone(self) -> bool:
        """Whether the file was deleted: what comes under its name may be other bytes."""
        return os.fstat(self._file.descriptor).st_nlink == 0

    def _place(self, index: RowIndex) -> tuple[Path, FileIdentity] | None:
        if self._is_gone:
            return None
        raw = self._entry.raw
        if self._identity is not None:
            unchanged = self._identity.seems(self._file)
            return (self._entry.begun_index(raw), self._identity) if unchanged else None
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(self._file.descriptor), raw.stat()):
                return self._entry.begun_index(raw), FileIdentity.of(self._file)
        identity = FileIdentity.of_first(self._file, index.stop)
        return self._entry.begun_index(self._path), identity


def saved_index(entry: Entry, file: OpenFile, fmt: Format) -> tuple[RowIndex | None, FileIdentity]:
    """The index that an entry has of this content, if it is whole, and what the content is.

    Raises:
        OSError: the file cannot be read.
    """
    identity = FileIdentity.of(file)
    index = None
    with contextlib.suppress(OSError):
        index = RowIndex.from_bytes(entry.row_index.read_bytes(), identity, fmt)
    return (index if index is not None and index.complete else None), identity


def save_index(
    entry: Entry, index: RowIndex, content: Path, made_of: FileIdentity | None = None
) -> None:
    """Keep a whole index of `content` beside it, where that is possible.

    `made_of`: what the content was before its rows were looked for. None: it was not whole yet.
    """
    with contextlib.suppress(OSError):
        file = OpenFile.at(content)
        try:
            identity = FileIdentity.of(file)
        finally:
            file.close()
        if identity.size == index.stop and made_of in {None, identity}:
            write_whole(entry.row_index, index.to_bytes(identity))
