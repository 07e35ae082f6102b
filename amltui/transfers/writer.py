"""Putting pieces into a part without keeping anybody waiting, the event loop included."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Final

from amltui.cache import PartFile
from amltui.errors import LocalError
from amltui.transfers.digest import Digest
from amltui.transfers.threads import in_thread

_NOTICED: Final = 0.02
"""Seconds of waiting that somebody at the keyboard could notice."""
_SPARED: Final = 20
"""After a write that took long, threads write for so many times as long."""


class PartWriter:
    """Writes and hashes the pieces of one part. `wrote` is called after each.

    As long as the system only remembers what to write, a piece takes a millisecond, and a change
    of threads for it takes longer: then the caller's thread does it. A disk that keeps it waiting
    gets threads of its own, for a while.
    """

    def __init__(self, part: PartFile, digest: Digest, wrote: Callable[[], None]) -> None:
        self._part = part
        self._digest = digest
        self._wrote = wrote
        self._syncing = False
        self._slow_until = 0.0

    def write(self, at: int, piece: memoryview) -> asyncio.Future[None] | None:
        """Write `piece` at byte `at`. What is to be awaited before the piece may change, if any.

        Raises:
            DiskFull, LocalError: as `PartFile.write`; so may awaiting it.
        """
        began = time.monotonic()
        if self._syncing or began < self._slow_until:
            return asyncio.ensure_future(self._write_in_thread(at, piece))
        self._write(at, piece)
        self._wrote()
        if (took := time.monotonic() - began) > _NOTICED:
            self._slow_until = began + took * _SPARED
        return None

    async def _write_in_thread(self, at: int, piece: memoryview) -> None:
        await in_thread(self._write, at, piece)
        self._wrote()

    def _write(self, at: int, piece: memoryview) -> None:
        self._part.write(at, piece)
        self._digest.take(at, piece)

    async def sync(self) -> None:
        """Make what is there survive a power cut. Who writes next says what goes wrong."""
        self._syncing = True  # the disk may let nobody write meanwhile
        try:
            with contextlib.suppress(LocalError):
                await in_thread(self._part.sync)
        finally:
            self._syncing = False
