"""Which range of a content each connection fetches next."""

from __future__ import annotations

from typing import Final

from amltui.cache import Ranges
from amltui.transfers.states import MIB

HEAD: Final = 256 * 1024
"""Bytes fetched first, alone: enough for the first rows on screen."""
_LARGEST: Final = 16 * MIB


def length_at(start: int) -> int:
    """Bytes of the range that begins at `start`.

    Small near the beginning, so that the readable front grows steadily for whoever reads along;
    large further on, where a round trip for each range would cost more than it gives.
    """
    if start < HEAD:
        return HEAD - start
    return min(_LARGEST, max(MIB, start // 4))


class RangeScheduler:
    """The ranges still to fetch, handed out front to back."""

    def __init__(self, held: Ranges, size: int) -> None:
        self._held = held
        self._claimed = Ranges()
        self._size = size

    def take(self, least: int = 0) -> tuple[int, int] | None:
        """The next range `[start, stop)` nobody has, of `least` bytes if there are so many.

        None when none is left.
        """
        open_ranges = Ranges([*self._held, *self._claimed])
        for start, stop in open_ranges.missing(self._size):
            stop = min(stop, start + max(least, length_at(start)))  # noqa: PLW2901 - a shorter piece of it
            self._claimed.add(start, stop)
            return start, stop
        return None

    def claim(self, start: int, stop: int) -> None:
        """Somebody fetches `[start, stop)` already."""
        self._claimed.add(start, stop)

    def give_back(self, start: int, stop: int) -> None:
        """Nobody fetches `[start, stop)` any longer."""
        kept = Ranges()
        for low, high in self._claimed:
            kept.add(low, min(high, start))
            kept.add(max(low, stop), high)
        self._claimed = kept
