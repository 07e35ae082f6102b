"""Hashing a content in order while its parts arrive in any order.

What arrives in order is hashed by whoever writes it; the rest is read again once the gap
before it is closed. Where nobody wants a hash, nothing of it happens.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Awaitable, Callable, Collection
from typing import Final

from amltui.cache import Identity, PartFile
from amltui.errors import Damaged
from amltui.transfers.states import MIB
from amltui.transfers.threads import in_thread

_STEP: Final = MIB


class Digest:
    """The hashes of everything that are wanted, of `sha256` and `md5`."""

    def __init__(self, wanted: Collection[str]) -> None:
        self._hashes = {name: hashlib.new(name, usedforsecurity=False) for name in wanted}
        self._guard = threading.Lock()
        self.done = 0
        """Bytes hashed."""

    def take(self, start: int, data: memoryview) -> None:
        """Hash `data`, which begins at byte `start`, if it is next."""
        if self._hashes and self._guard.acquire(blocking=False):
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
        for one in self._hashes.values():
            one.update(data)
        self.done += len(data)

    async def follow(self, part: PartFile, front: Callable[[int], Awaitable[int]]) -> None:
        """Hash behind the front until it ends.

        `front(n)` waits until n bytes can be read from 0 on, or no more will come; their number.
        """
        while self._hashes and (there := await front(wanted := self.done + 1)) >= wanted:
            if there > self.done:  # else who wrote it has hashed it meanwhile
                await in_thread(self.feed, part, min(there, self.done + 8 * _STEP))

    def check(self, part: PartFile) -> tuple[Identity, str]:
        """Compare with what the workspace named: the full identity, and what proved it.

        Raises:
            Damaged: a length or a hash differs.
        """
        identity, size = part.identity, part.held.prefix
        if identity.size not in {None, size}:
            raise Damaged(f"{size} bytes arrived of a content of {identity.size}")
        found = {name: one.hexdigest() for name, one in self._hashes.items()}
        named = {"sha256": identity.sha256, "md5": identity.md5}
        for name, value in named.items():
            if value and value != found[name]:
                title = {"sha256": "SHA-256", "md5": "MD5"}[name]
                raise Damaged(f"The content does not have the {title} that the workspace names")
        checked = "sha256" if identity.sha256 else "md5" if identity.md5 else "length"
        return identity.merged(Identity(size=size, sha256=found.get("sha256"))), checked
