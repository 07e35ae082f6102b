"""Hashing a content in order while its parts arrive in any order.

What arrives in order is hashed by whoever writes it; the rest is read again once the gap
before it is closed.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Awaitable, Callable
from typing import Final

from amltui.cache import Identity, PartFile
from amltui.errors import Damaged
from amltui.transfers.states import MIB
from amltui.transfers.threads import in_thread

_STEP: Final = MIB


class Digest:
    """SHA-256 of everything, and MD5 where the workspace named one."""

    def __init__(self, *, md5: bool) -> None:
        self._sha256 = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False) if md5 else None
        self._guard = threading.Lock()
        self.done = 0
        """Bytes hashed."""

    def take(self, start: int, data: memoryview) -> None:
        """Hash `data`, which begins at byte `start`, if it is next."""
        if self._guard.acquire(blocking=False):
            try:
                if start == self.done:
                    self._add(data)
            finally:
                self._guard.release()

    def feed(self, part: PartFile, stop: int) -> None:
        """Hash what `part` holds up to byte `stop`. Blocks: for a thread."""
        with self._guard:
            while self.done < stop:
                data = part.read(self.done, min(stop, self.done + _STEP))
                if not data:
                    raise Damaged("The file on this disk became shorter while it was written")
                self._add(data)

    def _add(self, data: bytes | memoryview) -> None:
        self._sha256.update(data)
        if self._md5 is not None:
            self._md5.update(data)
        self.done += len(data)

    async def follow(self, part: PartFile, front: Callable[[int], Awaitable[int]]) -> None:
        """Hash behind the front until it ends.

        `front(n)` waits until n bytes can be read from 0 on, or no more will come; their number.
        """
        while (there := await front(wanted := self.done + 1)) >= wanted:
            if there > self.done:  # else who wrote it has hashed it meanwhile
                await in_thread(self.feed, part, min(there, self.done + 8 * _STEP))

    def check(self, identity: Identity) -> tuple[Identity, str]:
        """Compare with what the workspace named: the full identity, and what proved it.

        Raises:
            Damaged: a length or a hash differs.
        """
        sha256 = self._sha256.hexdigest()
        if identity.size is not None and identity.size != self.done:
            raise Damaged(f"{self.done} bytes arrived of a content of {identity.size}")
        if identity.sha256 is not None and identity.sha256 != sha256:
            raise Damaged("The content does not have the SHA-256 that the workspace names")
        if identity.md5 and self._md5 is not None and identity.md5 != self._md5.hexdigest():
            raise Damaged("The content does not have the MD5 that the workspace names")
        checked = "sha256" if identity.sha256 else "md5" if identity.md5 else "length"
        return identity.merged(Identity(size=self.done, sha256=sha256)), checked
