"""The garbage collector, kept away from keys.

To look through all objects takes Python a twentieth of a second in a program of this size, and
screens leave enough behind that it does so every few seconds of typing.
"""

from __future__ import annotations

import gc
from time import monotonic
from typing import Final

IDLE_SECONDS: Final = 2.0
"""Seconds without a key after which nobody waits for an answer."""
_WORTH: Final = 5
"""Looks at the younger objects after which it is worth looking at all of them."""
_LATEST: Final = 100
"""As many after which they are all looked at in any case: some 5 MB may be waiting by then."""


class IdleCollector:
    """Has it collected while nobody types."""

    def __init__(self) -> None:
        self._usual = gc.get_threshold()
        self._last_key = 0.0

    def begin(self) -> None:
        """Look no more at what is there now, for it is there to stay; at the rest in quiet."""
        gc.enable()  # the program started without it
        gc.freeze()
        gc.set_threshold(*self._usual[:2], _LATEST)

    def end(self) -> None:
        """Let Python collect as it always does."""
        gc.enable()
        gc.set_threshold(*self._usual)
        gc.unfreeze()

    def key_taken(self) -> None:
        """Somebody types: not now."""
        self._last_key = monotonic()

    def collect_in_quiet(self) -> None:
        """Collect it if it is worth it and nobody typed lately; to be called every now and then."""
        gc.enable()  # also where the start takes long, or was in vain
        if gc.get_count()[2] >= _WORTH and monotonic() - self._last_key >= IDLE_SECONDS:
            gc.collect()
