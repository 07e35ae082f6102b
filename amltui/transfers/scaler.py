"""What the line is like: whether more connections help, and how long a range should be."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

from amltui.transfers.states import MIB

_NEAR: Final = 0.02
"""Seconds: a first answer that took longer came from far away."""
_FAST: Final = 200e6
"""Bytes per second of one connection that processors limit, not the line: a second connection
would take from the first what it gets."""
_LOOK: Final = 0.1
"""Seconds between two looks at the rate."""
_LOOKS: Final = 3
"""Looks in a row that must find it slow: another program may have had the processors."""
_ALONE: Final = 4 * MIB
"""Bytes of a range at least while one connection is enough."""


class ConnectionScaler:
    """Judges the line from what one connection does. `received` tells the bytes so far."""

    def __init__(self, received: Callable[[], int]) -> None:
        self.several = asyncio.Event()
        """Set once several connections are worth it, for good."""
        self._received = received
        self._rate = 0.0

    def answered(self, seconds: float) -> None:
        """The first small range took so long, from the question to its last byte."""
        if seconds > _NEAR:
            self.several.set()

    @property
    def least(self) -> int:
        """Bytes of the next range at least: while one connection is enough, a second's worth."""
        return 0 if self.several.is_set() else max(_ALONE, int(self._rate))

    async def watch(self) -> None:
        """Look at the rate until one connection is too slow, several times in a row."""
        slow = 0
        while slow < _LOOKS:
            before, began = self._received(), time.monotonic()
            await asyncio.sleep(_LOOK)
            self._rate = (self._received() - before) / (time.monotonic() - began)
            slow = slow + 1 if self._rate < _FAST else 0
        self.several.set()
