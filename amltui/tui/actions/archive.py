"""What is archived: listed, and brought back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from amltui.errors import UsageError
from amltui.text import visible
from amltui.tui.actions.host import ActionHost
from amltui.tui.actions.in_focus import need
from amltui.tui.actions.workspaces import Choose
from amltui.tui.keymap import key_of

if TYPE_CHECKING:
    from amltui.models import Dataset


class ArchiveActions:
    """The command for what no list shows."""

    def __init__(self, host: ActionHost, choose: Choose) -> None:
        """Begin; `choose` lets one of several names be chosen."""
        self._host = host
        self._choose = choose

    async def archived(self) -> None:
        """List what is archived, and bring back what is chosen."""
        need(self._host, lambda can: can.archive)
        self._host.say("Asking what is archived.")
        found = await (await (await self._host.session()).connect()).archived()
        if not found:
            raise UsageError("Nothing is archived here.")
        names = [f"{one.name}  {one.description}".rstrip() for one in found]

        def chosen(at: int) -> None:
            self._host.work(partial(self._bring_back, found[at]))

        self._choose(f"Archived, {len(found):,}: enter brings back", names, chosen)

    async def _bring_back(self, dataset: Dataset) -> None:
        await (await (await self._host.session()).connect()).unarchive(dataset.key)
        self._host.say(
            f"Brought back {visible(dataset.name)}. {key_of('delete')} archives it again."
        )
        await self._host.reload(select=dataset.key)
