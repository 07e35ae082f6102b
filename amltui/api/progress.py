"""Saying how far a download or an upload is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Progress: TypeAlias = Callable[[int, int | None], object]
"""Is told bytes so far and bytes in all (None: not known), the first never falling.

It is called on a thread of the library, often some hundred times a second: it should only take a
note. What it raises ends the work, and is raised by what was called.
"""


class Furthest:
    """Tells a `Progress` how far somebody came who may go back."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._done = 0

    def at(self, position: int, size: int | None) -> None:
        """Somebody stands at byte `position` of `size`."""
        if self._progress is not None and position > self._done:
            self._done = position
            self._progress(position, size)
