"""The workspaces that are open: each has a session and a screen, of which one is seen."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from amltui.tui.screens.main import MainScreen
from amltui.tui.screens.pane_layout import too_small
from amltui.tui.screens.too_small import TooSmallScreen
from amltui.tui.session_loader import SessionLoader

if TYPE_CHECKING:
    from amltui.services.session import Session
    from amltui.tui.key_queue import KeyQueue


class Tab:
    """One of them."""

    def __init__(self, loader: SessionLoader, screen: MainScreen) -> None:
        self.loader = loader
        self.screen = screen

    @property
    def place(self) -> str | None:
        """See `SessionLoader.place`."""
        return self.loader.place

    @property
    def transfers_run(self) -> bool:
        """Whether a transfer of it runs."""
        return any(one.state == "running" for one in self.screen.transfers.rows)


class Tabs:
    """All of them, in the order in which they were opened.

    A workspace that is not seen goes on: its transfers, its list, what was asked of its rows.
    Nothing of it is drawn meanwhile.
    """

    def __init__(
        self,
        app: KeyQueue[int],
        first: SessionLoader,
        make_screen: Callable[[SessionLoader], MainScreen],
        report: Callable[[Exception], None],
        *,
        several: bool,
    ) -> None:
        """Begin with the one of the start.

        Args:
            app: shows their screens.
            first: opens the workspace of the start.
            make_screen: makes the screen of one.
            report: says why one cannot be opened.
            several: whether more than the first can be opened.
        """
        self._app = app
        self._first = first
        self._make_screen = make_screen
        self._report = report
        self.several = several
        self._tabs: list[Tab] = []
        self._shown: Tab | None = None
        self._turn = asyncio.Lock()
        self.drawn = asyncio.Event()
        """Set when the first frame is on the terminal: the session's imports would delay it."""

    @property
    def tabs(self) -> Sequence[Tab]:
        """The open ones."""
        return self._tabs

    @property
    def shown(self) -> Tab | None:
        """The one that is seen; None: the program has not begun."""
        return self._shown

    @property
    def start(self) -> SessionLoader:
        """What opened the workspace of the start, which may be closed by now."""
        return self._first

    @property
    def names(self) -> Sequence[str]:
        """What a person calls them; safe to show."""
        return [tab.loader.name for tab in self._tabs]

    @property
    def at(self) -> int:
        """The place of the one that is seen among them, from 0 on."""
        return 0 if self._shown is None else self._tabs.index(self._shown)

    def begin(self) -> MainScreen:
        """Open the workspace of the start; its screen, which does not wait for it."""
        self._first.start(self.drawn)
        self._shown = self._add(self._first)
        screen = self._shown.screen
        # When another takes its place Textual takes off what only `push_screen` puts there.
        screen._push_result_callback(screen, None)  # noqa: SLF001  there is no public way
        return screen

    def open(self, place: str | None) -> None:
        """Show the workspace of a place, opened if it is not; see `SessionLoader.place`.

        The one that was seen stays open.
        """
        self._begin(partial(self._open, place))

    def step(self, by: int) -> None:
        """Show the next one, or the one before."""
        if self._shown is not None and len(self._tabs) > 1:
            at = self._tabs.index(self._shown)
            self.go_to((at + by) % len(self._tabs))

    def go_to(self, at: int) -> None:
        """Show the one at a place among the open ones, from 0 on."""
        if at < len(self._tabs):
            self._begin(partial(self._go_to, self._tabs[at]))

    def close(self, tab: Tab) -> None:
        """Close one; the one beside it is seen then. The last one stays."""
        self._begin(partial(self._close, tab))

    def give_way(self) -> None:
        """Let transfers leave the loop to a key."""
        for tab in self._tabs:
            if (session := tab.loader.loaded) is not None:
                session.give_way()

    async def end(self) -> None:
        """Close all sessions: the program ends."""
        await asyncio.gather(*(tab.loader.close() for tab in self._tabs))

    def _begin(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do something that shows another screen: keys wait for it."""
        release = self._app.hold_keys()

        async def released() -> None:
            try:
                await work()
            finally:
                release()

        # The work of the program: that of a screen ends with it. The function and not its
        # coroutine, which nobody would await were the program to end before it begins.
        begun: Callable[[], Any] = released
        self._app.run_worker(begun, group="tabs")

    def _add(self, loader: SessionLoader) -> Tab:
        tab = Tab(loader, self._make_screen(loader))
        # One that is installed stays when another takes its place.
        self._app.install_screen(tab.screen, f"workspace-{id(tab)}")
        self._tabs.append(tab)
        return tab

    async def _open(self, place: str | None) -> None:
        async with self._turn:  # what is asked for twice is opened once
            tab = next((one for one in self._tabs if one.place == place), None)
            if tab is None:
                try:
                    tab = await self._new(place)
                except Exception as error:  # noqa: BLE001  the last border before the person
                    self._report(error)
                    return
            await self._show(tab)

    async def _new(self, place: str | None) -> Tab:
        """Open another; it is one of the open ones where both names stand for the same."""
        first = self._first
        profile, reading = (first.profile, first.reading) if place == first.place else (place, None)
        loader = SessionLoader(profile, first.options, reading, first.collector)
        loader.start()
        try:
            session = await loader.session()  # costs no network
        except BaseException:
            await loader.close()
            raise
        for one in self._tabs:
            if (other := one.loader.loaded) is not None and _reach_the_same(other, session):
                await loader.close()
                return one
        return self._add(loader)

    async def _go_to(self, tab: Tab) -> None:
        async with self._turn:
            if tab in self._tabs:
                await self._show(tab)

    async def _show(self, tab: Tab) -> None:
        if tab is self._shown:
            return
        self._app.dialog_comes()  # keys wait however long it takes
        try:
            if isinstance(self._app.screen, TooSmallScreen):
                await self._app.pop_screen()
            self._shown = tab
            await self._app.switch_screen(tab.screen)
            if too_small(*self._app.size):
                await self._app.push_screen(TooSmallScreen())
        finally:
            self._app.release_keys()

    async def _close(self, tab: Tab) -> None:
        async with self._turn:
            if tab not in self._tabs or len(self._tabs) < 2:
                return
            at = self._tabs.index(tab)
            self._tabs.remove(tab)
            if tab is self._shown:
                await self._show(self._tabs[max(at - 1, 0)])
            self._app.uninstall_screen(tab.screen)
            await tab.screen.remove()
        await tab.loader.close()


def _reach_the_same(one: Session, other: Session) -> bool:
    """Whether two sessions differ in nothing but the name of their profile."""
    connections = [
        None if each.connection is None else dataclasses.replace(each.connection, profile=None)
        for each in (one, other)
    ]
    return connections[0] == connections[1]
