"""The key `W`: another workspace, beside those that are open."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from amltui.config.azure import azure_workspace
from amltui.config.connection_values import (
    LOCAL,
    address_name,
    folder_address,
    is_address,
    is_azure,
)
from amltui.errors import AmltuiError, ConfigError, UsageError
from amltui.redact import redacted
from amltui.text import visible
from amltui.tui.actions.host import ActionHost
from amltui.tui.dialogs.prompts import AskLine
from amltui.tui.history import load, note
from amltui.tui.keymap import key_of
from amltui.tui.path_completion import full_path, is_folder

if TYPE_CHECKING:
    from amltui.config.profiles import Profile
    from amltui.tui.session_loader import SessionLoader
    from amltui.tui.tabs import Tabs


class Choose(Protocol):
    """Lets one of several names be chosen, or another text `typed`; see `Palette.choose`."""

    def __call__(
        self,
        title: str,
        names: Sequence[str],
        chosen: Callable[[int], None],
        typed: Callable[[str], None] | None = None,
    ) -> None:
        """Ask; what is chosen is told."""


_KIND: Final = "workspace"
"""What places are noted as, among what is kept for the next program."""
_ROOM: Final = 40
"""Characters of a place that are shown."""
_RECENT: Final = 9
"""Places without a profile that are offered."""


class WorkspaceActions:
    """Choosing among profiles, places that were open before, and what is typed."""

    def __init__(
        self,
        host: ActionHost,
        loader: SessionLoader,
        choose: Choose,
        tabs: Tabs,
    ) -> None:
        """Begin.

        Args:
            host: the screen.
            loader: opened the workspace that is shown there.
            choose: lets one of several be chosen.
            tabs: the workspaces that are open.
        """
        self._host = host
        self._loader = loader
        self._choose = choose
        self._tabs = tabs

    async def choose(self) -> None:
        """`W`: choose another workspace."""
        if not self._tabs.several:
            raise UsageError(
                f"A dataset of this workspace is being chosen: {key_of('quit')} takes none."
            )
        await self.offer("Workspaces", "Open a workspace", "open", self._go)

    async def next(self) -> None:
        """`}`: show the next open workspace."""
        self._step(1)

    async def before(self) -> None:
        """`{`: show the open workspace before this one."""
        self._step(-1)

    def _step(self, by: int) -> None:
        if len(self._tabs.tabs) < 2:
            raise UsageError(f"No other workspace is open: {key_of('workspaces')} opens one.")
        self._tabs.step(by)

    async def offer(
        self,
        title: str,
        asks: str,
        accept: str,
        go: Callable[[str | None], Awaitable[None]],
        *,
        others: bool = False,
    ) -> None:
        """Let a workspace be chosen, and go on with it.

        Args:
            title: what stands above.
            asks: what stands above the line, where an address is typed.
            accept: what enter does there.
            go: what is done with its place; see `SessionLoader.place`.
            others: leave out the one that is open, and what has no name of its own.
        """
        from amltui.config.profiles import profiles

        known, noted = await asyncio.gather(asyncio.to_thread(profiles), asyncio.to_thread(load))
        with contextlib.suppress(AmltuiError):  # it was said; another one can be opened
            await self._host.session()  # says by which name it is open
        here = [*(tab.place for tab in self._tabs.tabs), self._tabs.start.place]
        # Each place once, however many names it has.
        there = list(
            dict.fromkeys(
                [
                    *here,
                    LOCAL,
                    *(one.name for one in known if one.write or one.endpoint not in here),
                    *_recent(noted.get(_KIND, []), {one.endpoint for one in known}),
                ]
            )
        )
        if others:
            there = [place for place in there if place not in {None, self._loader.place}]
        names = [self._label(place, known) for place in there]

        typing = partial(self._type, asks, accept, go)

        def chosen(at: int) -> None:
            self._host.work_first(typing if at == len(there) else partial(go, there[at]))

        def typed(text: str) -> None:
            self._host.work_first(partial(typing, text))

        self._choose(title, [*names, "a folder or an address that you type"], chosen, typed)

    def _is_open(self, place: str | None) -> str:
        """What is said of a place that is open, and in which tab."""
        places = [tab.place for tab in self._tabs.tabs]
        if place == self._loader.place:
            return " (open)"
        return f" (open, tab {places.index(place) + 1})" if place in places else ""

    def _label(self, place: str | None, known: Sequence[Profile]) -> str:
        is_open = self._is_open(place)
        if place is None:
            return f"{self._tabs.start.name or 'as the program was started'}{is_open}"
        if place == LOCAL:
            return f"local workspace{is_open}"
        profile = next((one for one in known if place in {one.name, one.endpoint}), None)
        shown = visible(redacted(address_name(profile.endpoint if profile else place)))
        if len(shown) > _ROOM:
            shown = f"…{shown[1 - _ROOM :]}"  # the end tells more than the beginning
        return f"{visible(profile.name)}{is_open}  {shown}" if profile else f"{shown}{is_open}"

    async def _type(
        self,
        asks: str,
        accept: str,
        go: Callable[[str | None], Awaitable[None]],
        text: str = "",
    ) -> None:
        """Go on with the place `text`, or ask for one where it is none."""
        typed: str | None = text
        if await asyncio.to_thread(_problem, text):
            typed = await self._host.ask(
                AskLine(
                    asks,
                    "A folder of this disk, or s3://, az://, gs://, https://, azureml://",
                    text=text,
                    accept=accept,
                    check=_problem,
                )
            )
        if typed is not None:
            await go(_address(typed))

    async def _go(self, place: str | None) -> None:
        if place == self._loader.place:
            return
        self._tabs.open(place)
        if place is not None and is_address(place):
            await asyncio.to_thread(note, _KIND, place)


def _recent(noted: Sequence[str], known: Collection[str]) -> Sequence[str]:
    """Places that were open before, the last first, but those of profiles."""
    places: dict[str, None] = {}
    for one in reversed(noted):
        with contextlib.suppress(ConfigError):  # a later program may have noted what this one lacks
            places[_address(one)] = None
    return [one for one in places if one not in known][:_RECENT]


def _address(text: str) -> str:
    """The one address of a place, however it was typed: a path is made absolute.

    Raises:
        ConfigError: it is no place's.
    """
    text = text.strip()
    if is_azure(text):
        return azure_workspace(text, source="this line").address
    return folder_address(text if "://" in text else str(full_path(text)))


def _problem(typed: str) -> str:
    """What is wrong with an address, or ""."""
    text = typed.strip()
    if not text:
        return "Type a folder or an address."
    if "://" not in text and not is_folder(full_path(text)):
        return "There is no such folder."
    try:
        _address(text)
    except ConfigError as error:
        return f"{error}."
    return ""
