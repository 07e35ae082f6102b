"""One key after the other, each for what the keys before it have opened.

A key visits the widget in focus, then those around it, then the app, where bindings act: a trip
through many queues. Whoever types `/iris` at once sends the other letters on that trip before the
first has moved the focus, and they end as keys of the list. So here a key starts only when the one
before it has come to its end, and what that one began has opened: see `hold_keys`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, Final, TypeVar

from textual.app import App
from textual.dom import DOMNode
from textual.events import Event, Key, Paste
from textual.timer import Timer

HELD: Final = 0.5
"""Seconds that keys wait at most until what a key before them has begun opens a dialog. From there
on they wait until it stands, which takes as long as a busy machine needs for it."""

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
        self._answered = False
        """Whether the key was used, and what follows it waits for what that made widgets report."""
        self._held: object | None = None
        """What keys wait for; None: they go on."""
        self._limit: Timer | None = None
        """Until when they wait at most; None: without limit."""

    def hold_keys(self) -> Callable[[], None]:
        """Let keys wait for a dialog that is going to be opened.

        Returns:
            What ends that; without effect where they wait for something else by then.
        """
        held = self._hold()
        release = partial(self._release_from, held)
        self._limit = self.set_timer(HELD, release)
        return release

    def dialog_comes(self) -> None:
        """Let keys that wait do so until `release_keys`: the dialog is being made."""
        if self._held is not None:
            self._hold()

    def release_keys(self) -> None:
        """Let keys go on: what they waited for is there, or will not come."""
        if self._held is not None:
            self._stop_limit()
            self._held = None
            self.call_later(self._go_on)

    def _hold(self) -> object:
        self._stop_limit()
        self._held = held = object()
        return held

    def _stop_limit(self) -> None:
        if self._limit is not None:
            self._limit.stop()
            self._limit = None

    def _release_from(self, held: object) -> None:
        if self._held is held:
            self.release_keys()

    async def _go_on(self) -> None:
        if self._in_flight is None:
            await self._next()

    def simulate_key(self, key: str) -> None:
        """Press a key for somebody who chose what it does, before the keys typed since."""
        self._typed.appendleft(Key(key, None))
        self.call_later(self._go_on)

    def key_taken(self) -> None:
        """A key begins its trip."""

    async def on_event(self, event: Event) -> None:
        """Keys wait for their turn; everything else goes its way."""
        if isinstance(event, Key | Paste) and self._ends:
            return
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
    def _ends(self) -> bool:
        """Whether the program ends: widgets go, and what keys stand for would miss them."""
        return not (self.is_running and self.screen_stack)

    @property
    def _receiver(self) -> DOMNode:
        return self.focused or self.screen

    async def _next(self, *, again: bool = False) -> None:
        self._in_flight = None
        if self._ends:
            self._typed.clear()
        while self._typed and self._in_flight is None and self._held is None:
            event, receiver = self._typed.popleft(), self._receiver
            self._in_flight, self._sent_to, self._again = event, receiver, again
            self._answered = False
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
            if self._answered:
                await self._next()
            else:
                # The same way again, behind what the key made the widgets report.
                self._answered = True
                self._follow(self._sent_to, event)
