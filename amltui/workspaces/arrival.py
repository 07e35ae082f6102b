"""A file that is filled while it is read: what came through a pipe so far."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import threading
from pathlib import Path
from typing import Final

from amltui.disk import PRIVATE_FILE, free_space
from amltui.errors import AmltuiError, InputCut, LocalError
from amltui.text import human_size

RESERVE: Final = 64 << 20
"""Bytes of the disk that are left to others."""
_PIECE: Final = 1 << 20
"""Bytes that are read in one step."""
_LOOK: Final = 16 << 20
"""Bytes after which it is looked again how much room there is."""
_HERE: Final[dict[Path, Arrival]] = {}


class Arrival:
    """The bytes of a pipe, kept in a file by a thread of this process."""

    def __init__(self, path: Path, limit: int) -> None:
        """Prepare to fill a new file of at most `limit` bytes."""
        self.path = path
        self.available = 0
        """Bytes that can be read from the first on."""
        self.whole = False
        """Whether the pipe has ended, and all that came is kept."""
        self.error: AmltuiError | None = None
        """Why no more is kept, although there may be more."""
        self._limit = limit
        self._waiting: list[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]] = []
        self._lock = threading.Lock()

    @classmethod
    def at(cls, path: Path) -> Arrival | None:
        """What fills the file at a path. None: nothing of this process."""
        return _HERE.get(path)

    def begin(self, descriptor: int) -> None:
        """Fill the file from an open pipe, which is this object's own from now on."""
        _HERE[self.path] = self
        threading.Thread(
            target=self._fill, args=(descriptor,), name="standard input", daemon=True
        ).start()

    def forget(self) -> None:
        """Nobody asks for the file any more."""
        _HERE.pop(self.path, None)

    @property
    def over(self) -> bool:
        """Whether no more will come."""
        return self.whole or self.error is not None

    async def reach(self, count: int) -> int:
        """Wait until `count` bytes are available, or no more will come; how many are."""
        moved = asyncio.Event()
        waiter = count, asyncio.get_running_loop(), moved
        with self._lock:
            if self.available >= count or self.over:
                return self.available
            self._waiting.append(waiter)
        try:
            await moved.wait()
        finally:
            with self._lock, contextlib.suppress(ValueError):
                self._waiting.remove(waiter)
        return self.available

    def _fill(self, descriptor: int) -> None:
        error: AmltuiError | None = None
        try:
            self._copy(descriptor)
        except OSError as problem:
            if problem.errno in {errno.ENOSPC, errno.EDQUOT}:
                error = self._full("the disk is full")
            else:
                error = LocalError(f"Standard input cannot be kept: {problem.strerror}")
        except AmltuiError as problem:
            error = problem
        finally:
            os.close(descriptor)  # whoever writes there is told that nobody reads
        with self._lock:
            self.error, self.whole = error, error is None
            self._wake()

    def _copy(self, descriptor: int) -> None:
        kept = os.open(self.path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, PRIVATE_FILE)
        with open(kept, "wb", buffering=0) as file:  # noqa: PTH123 - a descriptor has no Path
            looked = -_LOOK
            while data := os.read(descriptor, _PIECE):
                if self.available + len(data) > self._limit:
                    raise self._full("the cache's quota takes no more")
                if self.available - looked >= _LOOK:
                    looked = self.available
                    free = free_space(self.path.parent)
                    if free is not None and free < RESERVE:
                        raise self._full("the disk is nearly full")
                view = memoryview(data)
                while view:
                    view = view[file.write(view) :]
                with self._lock:
                    self.available += len(data)
                    self._wake()

    def _full(self, why: str) -> InputCut:
        return InputCut(
            f"Only the first {human_size(self.available)} of standard input are kept: {why}",
            hint="Write it to a file and open that, or let less through the pipe.",
        )

    def _wake(self) -> None:
        """Wake up who waited for what is there now; under the lock."""
        left = []
        for waiter in self._waiting:
            count, loop, moved = waiter
            if self.available >= count or self.over:
                with contextlib.suppress(RuntimeError):  # the loop has ended
                    loop.call_soon_threadsafe(moved.set)
            else:
                left.append(waiter)
        self._waiting = left
