"""One key after the other, each for what the keys before it have opened.

A key visits the widget in focus, then those around it, then the app, where bindings act: a trip
through many queues. Whoever types `/iris` at once sends the other letters on that trip before the
first has moved the focus, and they end as keys of the list. So here a key starts only when the one
before it has come to its end, and what that one began has opened: see `hold_keys`.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Final, TypeVar

from textual.app import App
from textual.dom import DOMNode
from textual.events import Event, Key, Paste
from textual.timer import Timer

HELD: Final = 0.5
"""Seconds that keys wait at most for what a key before them has begun."""

R = TypeVar("R")


class KeyQueue(App[R]):
    """An app that takes keys and pastes one by one."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._typed: deque[Key | Paste] = deque()
        """What waits for its turn."""
        self._in_flight: Key | Paste | None = None
        self._sent_to: DOMNode | None = None
        self._again = False
        """Whether the key on its trip is sent for the second time."""
        self._held: Timer | None = None
        """Until when keys wait at most."""

    def hold_keys(self) -> None:
        """Let keys wait until `release_keys`: they are for a dialog that is going to be opened."""
        if self._held is not None:
            self._held.stop()
        self._held = self.set_timer(HELD, self.release_keys)

    def release_keys(self) -> None:
        """Let keys go on: what they waited for is there, or will not come."""
        if self._held is not None:
            self._held.stop()
            self._held = None
            self.call_later(self._go_on)

    async def _go_on(self) -> None:
        if self._in_flight is None:
            await self._next()

    def key_taken(self) -> None:
        """A key begins its trip."""

    async def on_event(self, event: Event) -> None:
        """Keys wait for their turn; everything else goes its way."""
        if isinstance(event, Key | Paste) and not self.screen_stack:
            return  # the program ends
        if isinstance(event, Key | Paste) and not event.is_forwarded:
            self._typed.append(event)
            if self._in_flight is None:
                await self._next()
        elif isinstance(event, Key) and self._missed_focus(event):
            # What it was for is open by now: a dialog that was still being made.
            self._typed.appendleft(Key(event.key, event.character))
            await self._next(again=True)
        else:
            await super().on_event(event)

    def _missed_focus(self, event: Key) -> bool:
        """Whether a key that nobody used was sent to a widget that is no longer in focus."""
        return event is self._in_flight and not self._again and self._sent_to is not self._receiver

    @property
    def _receiver(self) -> DOMNode:
        return self.focused or self.screen

    async def _next(self, *, again: bool = False) -> None:
        self._in_flight = None
        if not self.screen_stack:
            self._typed.clear()  # the program ends
        while self._typed and self._in_flight is None and self._held is None:
            event, receiver = self._typed.popleft(), self._receiver
            self._in_flight, self._sent_to, self._again = event, receiver, again
            self.key_taken()
            await super().on_event(event)
            if event.is_forwarded:
                self._follow(receiver, event)
            else:
                self._in_flight, again = None, False  # a priority binding has used it

    def _follow(self, at: DOMNode | None, event: Key | Paste) -> None:
        """Travel behind a key through the same queues, also where it was stopped on its way."""
        if at is None or not at.call_later(self._passed, at, event):
            self.call_later(self._passed, self, event)  # closed meanwhile

    async def _passed(self, at: DOMNode, event: Key | Paste) -> None:
        if at is not self:
            self._follow(at.parent, event)
        elif event is self._in_flight:
            await self._next()
