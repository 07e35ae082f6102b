"""When the terminal program draws what nobody waits for, for the whole process.

The setting `low_traffic` spares its line, and what only says how far something is waits for keys:
their answers would share the line, and the moment, with it.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Final

SECOND: Final = 1.0
"""Seconds between two looks at transfers where traffic is to be low."""
_PAUSE: Final = 0.3
"""Seconds without a key after which somebody looks on rather than types."""
_LATEST: Final = 3.0
"""Seconds after which it is said how far something is, whoever types."""


class Pace:
    """What is drawn unasked, and how often."""

    low = False
    """Draw no preview that nobody asked for and no distributions, and transfers once a second."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """Begin; `clock` tells the seconds."""
        self._clock = clock
        self._typing_until = float("-inf")

    def key_taken(self) -> None:
        """Somebody types: what nobody waits for comes later."""
        self._typing_until = self._clock() + _PAUSE

    def allows(self, *, last: float) -> bool:
        """Whether to draw now what only says how far something is; it was drawn `last`.

        Not while somebody types, until that is three seconds ago; `last` is of `monotonic`.
        """
        now = self._clock()
        return now >= min(self._typing_until, last + _LATEST)


PACE: Final = Pace()
