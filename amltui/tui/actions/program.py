"""What is about the program and not about a dataset: palette, help, messages, colours, quitting."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from textual.app import App

from amltui.tui.actions.host import Action, TransferHost
from amltui.tui.dialogs.help import keys_in_focus
from amltui.tui.dialogs.prompts import Confirm
from amltui.tui.dialogs.show import ShowText
from amltui.tui.notifications import Notifications
from amltui.tui.theme import next_of
from amltui.tui.widgets.palette import PaletteCommand

if TYPE_CHECKING:
    from textual.screen import Screen

COMMANDS: Final = (
    PaletteCommand("run:download_to", "download to a path that you type"),
    PaletteCommand("run:compare", "compare with another dataset"),
    PaletteCommand("run:colours", "other colours: dark, light, high contrast, the terminal's own"),
    PaletteCommand("run:messages", "messages so far"),
    PaletteCommand("run:forget", "clear finished transfers"),
)
"""What the palette offers beside the keys."""


def palette_commands(screen: Screen[Any]) -> list[PaletteCommand]:
    """Everything that can be done now; what only moves comes last."""
    keys = keys_in_focus(screen)
    commands = [PaletteCommand(f"key:{k.press}", k.description, k.keys[0]) for k in keys]
    at = next((i for i, k in enumerate(keys) if k.moves), len(keys))
    commands[at:at] = COMMANDS
    return commands


class ProgramActions:
    """Commands of the program itself."""

    def __init__(
        self,
        host: TransferHost,
        app: Callable[[], App[object]],
        notifications: Notifications,
        recoloured: Callable[[], None],
        leaving: Action,
    ) -> None:
        self._host = host
        self._app = app
        self._notifications = notifications
        self._recoloured = recoloured
        self._leaving = leaving
        """What is still to be done before the program ends."""

    async def other_colours(self) -> None:
        """The next theme: dark, light, high contrast, the terminal's own colours."""
        app = self._app()
        app.theme = next_of(app.theme).name
        self._recoloured()

    async def messages(self) -> None:
        """Show what was told since the program began, the newest first."""
        said = [note.text for note in reversed(self._notifications.said)]
        await self._host.ask(ShowText("Messages", "\n\n".join(said) or "Nothing was told yet."))

    async def quit(self) -> None:
        """Quit; asks first while transfers run."""
        if any(transfer.state == "running" for transfer in self._host.transfers.rows):
            question = "Transfers are running. They stop now and go on at the next start."
            if not await self._host.ask(Confirm("Quit?", question, yes="quit", no="stay")):
                return
        await self._leaving()
        self._app().exit(0)
