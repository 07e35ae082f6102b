"""The session behind the screens: opened beside the screen, closed when the program ends."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from typing import TYPE_CHECKING, Final

from amltui.text import visible
from amltui.tui.idle_gc import IdleCollector

if TYPE_CHECKING:
    from collections.abc import Callable

    from amltui.formats.lens import Lens
    from amltui.services.session import Session
    from amltui.transfers import Options

_LATER: Final = ("amltui.tui.screens.commands", "amltui.tui.widgets.sql_editor")
"""What the first frame does without, and the first keys need: with them come all dialogs."""


class SessionLoader:
    """Opens one session in the background and lends it to whoever waits for it."""

    def __init__(
        self,
        profile: str | None = None,
        options: Options | None = None,
        reading: Callable[[Lens], Lens] | None = None,
        collector: IdleCollector | None = None,
    ) -> None:
        self.profile = profile
        self.options = options
        self.reading = reading
        self.collector = collector or IdleCollector()
        self._task: asyncio.Task[None] | None = None
        self._ready: asyncio.Future[Session] | None = None
        self._closing = asyncio.Event()

    def start(self, after: asyncio.Event | None = None) -> None:
        """Begin opening, once `after` is set; needs a running loop."""
        self._ready = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._run(self._ready, after), name="session")

    async def session(self) -> Session:
        """The open session.

        Raises:
            AmltuiError: it could not be opened; asking again says so again.
        """
        assert self._ready is not None, "start comes first"
        return await asyncio.shield(self._ready)

    async def warm_up_previews(self) -> None:
        """Have ready what the first preview needs."""
        await (await self.session()).previews.warm_up()

    async def warm_up_keys(self) -> None:
        """Have ready what keys need, and let none of them wait for the collector."""
        for module in _LATER:
            await asyncio.to_thread(importlib.import_module, module)
        self.collector.begin()

    @property
    def loaded(self) -> Session | None:
        """The session, if it is open by now."""
        ready = self._ready
        if ready is None or not ready.done() or ready.cancelled() or ready.exception():
            return None
        return ready.result()

    @property
    def place(self) -> str | None:
        """The profile or the address that opens it again; None: what is in force has neither."""
        session = self.loaded
        return self.profile if session is None else session.place

    @property
    def name(self) -> str:
        """What a person calls the workspace; safe to show."""
        session = self.loaded
        return visible((self.profile or "") if session is None else session.name)

    async def close(self) -> None:
        """Close the session and wait until it is: an embedded workspace ends in order."""
        self._closing.set()
        if self._task is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self, ready: asyncio.Future[Session], after: asyncio.Event | None) -> None:
        try:
            if after is not None:
                await after.wait()
            # The import takes longer than a frame, so it happens beside the loop that draws.
            module = await asyncio.to_thread(importlib.import_module, "amltui.services.session")
            async with module.open_session(
                self.profile, options=self.options, reading=self.reading
            ) as session:
                ready.set_result(session)
                await self._closing.wait()
        except Exception as error:
            if ready.done():
                raise
            ready.set_exception(error)
            ready.exception()  # Seen, also when nobody waits for the session.
