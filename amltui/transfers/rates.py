"""How fast bytes go: a limit on it, and an estimate of it."""

from __future__ import annotations

import asyncio
import sys
import time
from collections import deque
from typing import Final

_WINDOW: Final = 8.0
"""Seconds that the estimate looks back."""
_LEAST_STEP: Final = 1024
_MODEST: Final = 50e6
"""Bytes per second that leave an event loop most of its time."""
_LARGEST_STEP: Final = 1 << 18
"""Bytes that keep an event loop for no more than some milliseconds."""
_MOMENT: Final = 1.0
"""Seconds that somebody who pressed a key may press the next one in."""


class RateLimiter:
    """A rate that all who spend from it share, in bytes per second. None: no limit."""

    def __init__(self, rate: float | None) -> None:
        self._rate = rate
        self._free_at = 0.0
        self._modest_until = 0.0

    def give_way(self) -> None:
        """Be modest for a moment: somebody waits for what the same event loop does."""
        self._modest_until = time.monotonic() + _MOMENT

    @property
    def rate(self) -> float | None:
        """The limit at this moment."""
        if time.monotonic() < self._modest_until:
            return _MODEST if self._rate is None else min(self._rate, _MODEST)
        return self._rate

    @property
    def step(self) -> int:
        """Bytes to spend at once: more would make whoever waits for them wait for long."""
        rate = self.rate
        if rate is None:
            return sys.maxsize
        return min(_LARGEST_STEP, max(_LEAST_STEP, int(rate / 4)))

    async def spend(self, size: int) -> None:
        """Wait until `size` bytes may go."""
        rate = self.rate
        if rate is None:
            return
        now = time.monotonic()
        start = max(self._free_at, now)
        self._free_at = start + size / rate
        if start > now:
            await asyncio.sleep(start - now)


class RateMeter:
    """Bytes per second over the last seconds, from readings of a growing count."""

    def __init__(self) -> None:
        self._readings: deque[tuple[float, int]] = deque()

    def note(self, done: int) -> None:
        """Take a reading; a count that shrank starts over."""
        now = time.monotonic()
        if self._readings and done < self._readings[-1][1]:
            self._readings.clear()
        if not self._readings or now - self._readings[-1][0] >= 0.05:
            self._readings.append((now, done))
        while len(self._readings) > 2 and now - self._readings[0][0] > _WINDOW:
            self._readings.popleft()

    def reset(self) -> None:
        """Forget: what comes next is another stretch."""
        self._readings.clear()

    def value(self, done: int) -> float | None:
        """The rate, now that `done` bytes are there."""
        if not self._readings:
            return None
        since, before = self._readings[0]
        elapsed = time.monotonic() - since
        return (done - before) / elapsed if elapsed >= 0.2 else None
