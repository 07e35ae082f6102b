"""Closing a workspace of several, and quitting: transfers that run are asked about first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from amltui.errors import UsageError
from amltui.tui.actions.host import ActionHost
from amltui.tui.dialogs.prompts import Confirm
from amltui.tui.keymap import key_of

if TYPE_CHECKING:
    from textual.app import App

    from amltui.tui.tabs import Tab, Tabs


class ClosingActions:
    """What `Q` and `q` do."""

    def __init__(self, host: ActionHost, app: Callable[[], App[object]], tabs: Tabs) -> None:
        self._host = host
        self._app = app
        self._tabs = tabs

    async def close(self) -> None:
        """`Q`: close this workspace, and show one beside it."""
        tab = self._tabs.shown
        if tab is None or len(self._tabs.tabs) < 2:
            raise UsageError(f"This is the only open workspace: {key_of('quit')} quits.")
        if await self._may_end([tab], "Close this workspace?", "close", "its next opening"):
            self._tabs.close(tab)

    async def quit(self) -> None:
        """`q`: quit."""
        if await self._may_end(self._tabs.tabs, "Quit?", "quit", "the next start"):
            self._app().exit(0)

    async def _may_end(self, tabs: Sequence[Tab], title: str, yes: str, again: str) -> bool:
        """Whether workspaces are closed: asks while transfers run, then does what still waits.

        `again`: when transfers go on.
        """
        tabs = list(tabs)  # others may open meanwhile
        running = [tab for tab in tabs if tab.transfers_run]
        if running:
            where = "" if running == [self._tabs.shown] else f" in {_listed(running)}"
            question = f"Transfers are running{where}. They stop now and go on at {again}."
            if not await self._host.ask(Confirm(title, question, yes=yes, no="stay")):
                return False
        for tab in tabs:
            await tab.screen.finish()
        return True


def _listed(tabs: Sequence[Tab]) -> str:
    names = [tab.loader.name for tab in tabs]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
