"""What is about the program and not about a dataset: palette, help, messages, settings."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from textual.app import App

from amltui.config import look
from amltui.tui.actions.host import MainHost
from amltui.tui.actions.looked_at import look_as_set
from amltui.tui.dialogs.help import KeyHelp, keys_in_focus
from amltui.tui.dialogs.show import ShowText
from amltui.tui.notifications import Notifications
from amltui.tui.pace import PACE
from amltui.tui.theme import named, next_of
from amltui.tui.widgets.palette import PaletteCommand

if TYPE_CHECKING:
    from textual.screen import Screen

    from amltui.tui.dialogs.settings import Settings
    from amltui.workspaces.capabilities import Capabilities

_ARCHIVED: Final = "run:archived"
COMMANDS: Final = (
    PaletteCommand("run:download_to", "download to a path that you type"),
    PaletteCommand(_ARCHIVED, "archived datasets: bring one back"),
    PaletteCommand("run:carry", "copy to another workspace"),
    PaletteCommand("run:compare", "compare with another dataset"),
    PaletteCommand("run:colours", "other colours: dark, light, high contrast, the terminal's own"),
    PaletteCommand("run:messages", "messages so far"),
    PaletteCommand("run:forget", "clear finished transfers"),
)
"""What the palette offers beside the keys."""
_ARCHIVE: Final = "archive: nothing is deleted here"


def keys_now(screen: Screen[Any], can: Capabilities | None) -> list[KeyHelp]:
    """What each key does for what is in focus, in the words of this workspace."""
    keys = keys_in_focus(screen)
    if can is None or not can.archive:
        return keys
    return [replace(one, description=_ARCHIVE) if one.name == "delete" else one for one in keys]


def palette_commands(screen: Screen[Any], can: Capabilities | None) -> list[PaletteCommand]:
    """Everything that can be done now, as far as that is known; what only moves comes last."""
    keys = keys_now(screen, can)
    commands = [PaletteCommand(f"key:{k.press}", k.description, k.keys[0]) for k in keys]
    at = next((i for i, k in enumerate(keys) if k.moves), len(keys))
    archives = can is None or bool(can.archive)
    commands[at:at] = [one for one in COMMANDS if archives or one.id != _ARCHIVED]
    return commands


class ProgramActions:
    """Commands of the program itself."""

    def __init__(
        self,
        host: MainHost,
        app: Callable[[], App[object]],
        notifications: Notifications,
        recoloured: Callable[[], None],
    ) -> None:
        self._host = host
        self._app = app
        self._notifications = notifications
        self._recoloured = recoloured

    async def other_colours(self) -> None:
        """The next theme: dark, light, high contrast, the terminal's own colours."""
        app = self._app()
        app.theme = next_of(app.theme).name
        self._recoloured()

    async def settings(self) -> None:
        """Show the settings of the file, and change them."""
        from amltui.config.profiles import profiles_file
        from amltui.config.settings import read_settings
        from amltui.tui.dialogs.settings import SettingsScreen

        read = await asyncio.to_thread(read_settings)
        await self._host.ask(SettingsScreen(str(profiles_file()), read, self._change_setting))

    async def _change_setting(self, key: str, value: str | None) -> Settings:
        from amltui.config.settings import change_setting, read_settings

        await asyncio.to_thread(change_setting, key, value)
        if key == "theme":
            self._take_theme(value)
        elif key == "cache_quota":
            self._host.work(self._take_quota)
        elif key == "low_traffic":
            PACE.low = await asyncio.to_thread(look.low_traffic)
        elif key in {"missing_sign", "number_format", "date_format"}:
            self._host.work(partial(look_as_set, self._host))
        return await asyncio.to_thread(read_settings)

    def _take_theme(self, setting: str | None) -> None:
        app = self._app()
        if setting == "auto" or "NO_COLOR" in os.environ:
            return  # the terminal cannot be asked while it is drawn on
        light = not app.current_theme.dark
        app.theme = named(setting, app.console.color_system, lambda: light).name
        self._recoloured()

    async def _take_quota(self) -> None:
        from amltui.cache import DEFAULT_QUOTA
        from amltui.config.quota import cache_quota

        session = await self._host.session()
        quota = await asyncio.to_thread(cache_quota)
        session.cache.quota = DEFAULT_QUOTA if quota is None else quota
        self._host.relist()  # the header says how much may be used

    async def messages(self) -> None:
        """Show what was told since the program began, the newest first."""
        said = [note.text for note in reversed(self._notifications.said)]
        await self._host.ask(ShowText("Messages", "\n\n".join(said) or "Nothing was told yet."))
