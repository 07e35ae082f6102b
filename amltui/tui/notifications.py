"""What the program told the person: shown in the line of the keys for a while, kept for later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from time import monotonic
from typing import Final, Literal, Protocol

Severity = Literal["information", "warning", "error"]

KEPT: Final = 200
"""Notes that can still be read after they went."""
SECONDS: Final[dict[Severity, float]] = {"information": 5.0, "warning": 8.0, "error": 12.0}
"""How long each stays on the screen."""
ANY: Final = object()
"""The `line` of what is told by a workspace that does not say which it is."""


@dataclass(frozen=True, slots=True)
class Notification:
    """One thing told; safe to show, on one line or several."""

    text: str
    severity: Severity
    until: float
    """When it leaves the screen, by `time.monotonic`."""
    line: object = None
    """The workspace whose reaching it is about: untrue, once that answers. None: no one's."""


def from_workspace(name: str, text: str) -> str:
    """What is told of a workspace that is not seen says which; "": of the one that is."""
    return f"{name}: {text}" if name else text


class Report(Protocol):
    """Tells what went wrong, as `AmltuiApp.report`."""

    def __call__(self, error: Exception, *, line: object = None, where: str = "") -> None:
        """Tell it."""


class Notifications:
    """All of them, the newest last."""

    def __init__(self) -> None:
        self.said: list[Notification] = []
        self.changed: Callable[[], None] = lambda: None
        """Called after each new one."""

    def say(
        self, text: str, severity: Severity, seconds: float | None = None, *, line: object = None
    ) -> Callable[[], None]:
        """Tell something; what was said of the same `line` before is untrue by now.

        Returns:
            What takes it off the screen before its time.
        """
        if line is not None:
            self._end_of(line)
        until = monotonic() + (SECONDS[severity] if seconds is None else seconds)
        note = Notification(text, severity, until, line)
        self.said = [*self.said[1 - KEPT :], note]
        self.changed()
        return partial(self._end, note)

    def _end(self, ended: Notification) -> None:
        self.said = [replace(one, until=0.0) if one is ended else one for one in self.said]
        self.changed()

    def answers(self, line: object) -> None:
        """A workspace answers: take what was said of not reaching it off the screen."""
        self._end_of(line)
        self._end_of(ANY)
        self.changed()

    def _end_of(self, line: object) -> None:
        self.said = [replace(note, until=0.0) if note.line is line else note for note in self.said]

    @property
    def live(self) -> list[Notification]:
        """Those that are still to be on the screen; the same text is there once."""
        now = monotonic()
        newest = {note.text: note for note in self.said if note.until > now}
        return list(newest.values())
