"""Directories for files that live no longer than a question, an answer or this process.

A process that is killed, or that leaves a question behind which hears of nothing, cannot remove
what it made. So each directory is locked by who made it, and what nobody holds is removed when the
next one is made beside it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
import weakref
from pathlib import Path
from typing import Self

from amltui.disk import lock

_MADE = 60.0
"""Seconds from which a directory must be locked if somebody still uses it."""


class Scratch:
    """A new private directory; `close` removes it, as does the end of this object."""

    def __init__(self, parent: Path, prefix: str) -> None:
        sweep(parent, prefix)
        self.path = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        descriptor = os.open(self.path, os.O_RDONLY)
        with contextlib.suppress(OSError):  # a file system without locks
            lock(descriptor)
        self._remove = weakref.finalize(self, _remove, self.path, descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove it with all that is in it."""
        self._remove()


def sweep(parent: Path, prefix: str) -> None:
    """Remove the directories of processes that are gone."""
    with contextlib.suppress(OSError):
        for path in parent.glob(f"{prefix}*"):
            if path.is_dir() and time.time() - path.stat().st_mtime > _MADE:
                _remove_if_free(path)


def _remove_if_free(path: Path) -> None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return
    try:
        free = lock(descriptor)
    except OSError:
        free = False
    if free:
        _remove(path, descriptor)
    else:
        os.close(descriptor)


def _remove(path: Path, descriptor: int) -> None:
    shutil.rmtree(path, ignore_errors=True)
    os.close(descriptor)
