"""What keys do to the marked datasets, where some are."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from amltui.config.downloads import download_folder
from amltui.errors import UsageError
from amltui.services.selection import file_targets
from amltui.text import human_size, visible
from amltui.tui.actions.host import ActionHost
from amltui.tui.actions.in_focus import what_it_can
from amltui.tui.dialogs.menu import Menu, MenuItem
from amltui.tui.dialogs.prompts import AskLine
from amltui.tui.path_completion import full_path, is_folder

if TYPE_CHECKING:
    from amltui.models import Dataset

_TOLD: int = 5
"""Names that a question tells; of the others it says how many they are."""


class MarkedActions:
    """Downloading and deleting several datasets at once."""

    def __init__(
        self,
        host: ActionHost,
        delete: Callable[[Sequence[Dataset]], Awaitable[None]],
    ) -> None:
        """Begin; `delete` deletes what somebody agreed to."""
        self._host = host
        self._delete = delete

    async def download(self) -> None:
        """Save all in a folder that is asked for."""
        datasets = self._host.marked
        sizes = [one.size for one in datasets]
        known = sum(size for size in sizes if size is not None)
        more = " or more" if None in sizes else ""
        folder = await asyncio.to_thread(download_folder)
        typed = await self._host.ask(
            AskLine(
                f"Download {len(datasets):,} datasets",
                f"{_names(datasets)}\n{human_size(known)}{more}. Into the folder:",
                text=str(folder),
                accept="download",
                check=lambda text: "" if is_folder(full_path(text)) else "There is no such folder.",
            )
        )
        if typed is None:
            return
        folder = full_path(typed)
        places = file_targets(datasets, folder)
        there = await asyncio.to_thread(lambda: [one for one in places if one.exists()])
        overwrite = False
        if there:
            answer = await self._host.ask(
                Menu(
                    f"{len(there):,} of these files are there already",
                    [
                        MenuItem("l", "leave them", "and download the others"),
                        MenuItem("o", "overwrite", "them once the new ones are whole"),
                    ],
                    question="\n".join(visible(one.name) for one in there[:_TOLD]),
                )
            )
            if answer is None:
                return
            overwrite = answer == "o"
        queue = await (await self._host.session()).transfers()
        wanted = [
            (one, place)
            for one, place in zip(datasets, places, strict=True)
            if overwrite or place not in there
        ]
        for one, place in wanted:
            queue.download(one, place, overwrite=overwrite)
        self._host.unmark()
        count = len(wanted)
        into = visible(str(folder))
        self._host.say(f"Downloading {count:,} dataset{'s' * (count != 1)} into {into}.")

    async def delete(self) -> None:
        """Delete all, once that was typed."""
        datasets = self._host.marked
        can = await what_it_can(self._host)
        can.write.require()
        examples = [one for one in datasets if one.is_example]
        if examples:
            raise UsageError(
                f"Examples cannot be deleted: {_names(examples)}.", hint="space takes a mark away."
            )
        verb = "archive" if can.archive else "delete"
        if len(datasets) == 1:  # as strict as without a mark
            title, what, wanted = f"{verb.capitalize()} 1 dataset", "it", "its name"
            words = {datasets[0].name, visible(datasets[0].name)}
        else:
            title, what = f"{verb.capitalize()} {len(datasets):,} datasets", "them"
            wanted = f"{verb} {len(datasets)}"
            words = {wanted}
        names = _names(datasets, between="\n")
        typed = await self._host.ask(
            AskLine(
                title,
                f"{names}\n\nAll versions of {what}. Type {wanted} to go on.",
                accept=verb,
                check=lambda text: "" if {text, text.strip()} & words else f"Type {wanted}.",
            )
        )
        if typed is not None:
            self._host.unmark()
            await self._delete(datasets)


def _names(datasets: Sequence[Dataset], between: str = ", ") -> str:
    """The names, of many the first ones."""
    told = between.join(visible(one.name) for one in datasets[:_TOLD])
    left = len(datasets) - _TOLD
    return f"{told}{between.lstrip(',')}and {left:,} more" if left > 0 else told
