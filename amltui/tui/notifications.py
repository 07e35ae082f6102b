"""What the program told the person: shown in the line of the keys for a while, kept for later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Final, Literal

Severity = Literal["information", "warning", "error"]

KEPT: Final = 200
"""Notes that can still be read after they went."""
SECONDS: Final[dict[Severity, float]] = {"information": 5.0, "warning": 8.0, "error": 12.0}
"""How long each stays on the screen."""


@dataclass(frozen=True, slots=True)
class Notification:
    """One thing told; safe to show, on one line or several."""

    text: str
    severity: Severity
    until: float
    """When it leaves the screen, by `time.monotonic`."""


class Notifications:
    """All of them, the newest last."""

    def __init__(self) -> None:
        self.said: list[Notification] = []
        self.changed: Callable[[], None] = lambda: None
        """Called after each new one."""

    def say(self, text: str, severity: Severity, seconds: float | None = None) -> None:
        """Tell something."""
        until = monotonic() + (SECONDS[severity] if seconds is None else seconds)
        self.said = [*self.said[1 - KEPT :], Notification(text, severity, until)]
        self.changed()

    @property
    def live(self) -> list[Notification]:
        """Those that are still to be on the screen; the same text is there once."""
        now = monotonic()
        newest = {note.text: note for note in self.said if note.until > now}
        return list(newest.values())
