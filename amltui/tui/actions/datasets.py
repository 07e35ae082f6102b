"""Downloading, renaming, describing and deleting datasets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from amltui.config.downloads import download_folder
from amltui.errors import AmltuiError, Exists, UsageError
from amltui.formats import file_name
from amltui.models import Dataset
from amltui.text import human_size, visible
from amltui.tui.actions.exporting import place_for
from amltui.tui.actions.host import ActionHost
from amltui.tui.actions.in_focus import chosen, own, what_it_can
from amltui.tui.dialogs.prompts import AskLine, AskText
from amltui.tui.keymap import key_of, undoes
from amltui.tui.path_completion import full_path, is_folder

if TYPE_CHECKING:
    from amltui.services.edits import Change
    from amltui.services.session import Session

LARGE: Final = 64 << 20
"""Bytes above which a download does not begin before its place was agreed to."""
TAKEN_BACK: float = 10.0
"""Seconds that a delete can be taken back: it is sent only then."""

_LONG: Final = 3_600.0
"""Seconds in which a change comes to its end, or fails."""


class DatasetActions:
    """The keys that act on the dataset in focus."""

    def __init__(self, host: ActionHost) -> None:
        self._host = host
        self._waits: list[Callable[[], None]] = []
        """Takes off the screen what was told of deletes that wait."""

    async def download(self) -> None:
        """`d`: save the dataset where downloads go; of a large one the place is asked for."""
        dataset = chosen(self._host)
        if dataset.size is None or dataset.size > LARGE:
            await self.download_to()
            return
        target = await self._target(dataset)
        await self._download(dataset, target)

    async def download_to(self) -> None:
        """Save the dataset at a path that is asked for."""
        dataset = chosen(self._host)
        target = await self._target(dataset)
        typed = await self._host.ask(
            AskLine(
                "Download to",
                f"{visible(dataset.name)}, {human_size(dataset.size)}",
                text=str(target),
                accept="download",
            )
        )
        if typed:
            path = full_path(typed)
            if await asyncio.to_thread(is_folder, path):
                path /= file_name(dataset.name, dataset.data_type_id)
            await self._download(dataset, path)

    async def _target(self, dataset: Dataset) -> Path:
        """Where a download goes if nobody says otherwise."""
        folder = await asyncio.to_thread(download_folder)
        return folder / file_name(dataset.name, dataset.data_type_id)

    async def rename(self) -> None:
        """`r`: give the dataset another name."""
        dataset = own(self._host, lambda can: can.rename)
        name = await self._host.ask(
            AskLine("Rename", text=dataset.name, accept="rename", check=_needs_name)
        )
        if name is None or name.strip() == dataset.name:
            return
        session = await self._host.session()
        renamed = await session.edits.rename(dataset, name.strip())
        self._host.say(f"{visible(dataset.name)} is now {visible(renamed.name)}. {undoes()}.")
        await self._host.reload(select=renamed.key)

    async def describe(self) -> None:
        """`e`: edit the dataset's description, and its tags where it has such."""
        dataset = own(self._host)
        if (await what_it_can(self._host)).tags:
            await self._describe_with_tags(dataset)
            return
        text = await self._host.ask(
            AskText(f"Description of {visible(dataset.name)}", text=dataset.description)
        )
        if text is None or text == dataset.description:
            return
        session = await self._host.session()
        await session.edits.describe(dataset, text)
        self._host.say(f"Saved the description of {visible(dataset.name)}. {undoes()}.")
        await self._host.reload(select=dataset.key)

    async def _describe_with_tags(self, dataset: Dataset) -> None:
        from amltui.services.tags import changed_tags, editable
        from amltui.tui.dialogs.describe import DescribeScreen

        session = await self._host.session()
        whole = await session.whole(dataset)  # a list says nothing of a version's tags
        before = editable(whole)
        answer = await self._host.ask(DescribeScreen(whole, before))
        if answer is None:
            return
        saved = []
        if answer.description != whole.description:
            whole = await session.edits.describe(whole, answer.description)
            saved.append("the description")
        if tags := changed_tags(before, answer.tags):
            await session.edits.tag(whole, tags)
            saved.append("the tags")
        if saved:
            undone = undoes() if len(saved) == 1 else undoes("one after the other")
            shown = visible(dataset.name)
            self._host.say(f"Saved {' and '.join(saved)} of {shown}. {undone}.")
            await self._host.reload(select=dataset.key)

    async def undo(self) -> None:
        """`z`: take back the last rename, description, update, restore, archive or delete."""
        session = await self._host.session()
        waited = session.edits.undo_waits_for
        over = (
            self._host.say(f"This is undone once it has come to its end: {waited}.", seconds=_LONG)
            if waited
            else lambda: None
        )
        try:
            change = await session.edits.undo()
        finally:
            over()
        if change is None:
            raise UsageError("There is nothing to undo.")
        others = len(session.edits.waiting)
        if not change.sent:
            for told in self._waits:
                told()  # of how many it speaks is untrue by now
        rest = f" {others:,} more will still be sent." if others else ""
        self._host.say(f"Undone: {change.summary}.{rest}")
        if change.sent:
            await self._host.reload(select=change.after.key)
        else:
            self._host.relist(select=change.after.key)

    async def delete(self) -> None:
        """`D`: delete the dataset, once its name was typed and a while has passed."""
        dataset = own(self._host)
        shown = visible(dataset.name)

        def check(typed: str) -> str:
            return "" if typed in {dataset.name, shown} else "That is not its name."

        archives = bool((await what_it_can(self._host)).archive)
        does, done = (
            ("archives", f"{undoes()}, also after")
            if archives
            else ("deletes", "cannot be undone once")
        )
        typed = await self._host.ask(
            AskLine(
                "Archive" if archives else "Delete",
                f"This {does} all versions of\n\n  {shown}\n\nand {done} it is sent, "
                f"{TAKEN_BACK:.0f} seconds from now. Type its name to go on.",
                accept="archive" if archives else "delete",
                check=check,
            )
        )
        if typed is not None:
            await self.delete_agreed([dataset])

    async def delete_agreed(self, datasets: Sequence[Dataset]) -> None:
        """Delete datasets in a while; until then `z` takes them back, the last one first."""
        archives = bool((await what_it_can(self._host)).archive)
        session = await self._host.session()
        changes = [session.edits.delete_later(dataset) for dataset in datasets]
        self._host.relist()
        verb = "archived" if archives else "deleted"
        one = len(datasets) == 1
        shown = visible(datasets[0].name) if one else f"{len(datasets):,} datasets"
        back = f"{key_of('undo')} takes {'it' if one else 'one after the other'} back"
        told = self._host.say(
            f"{shown} will be {verb} in {TAKEN_BACK:.0f} seconds: {back}.", seconds=TAKEN_BACK
        )
        self._waits.append(told)
        try:
            await asyncio.sleep(TAKEN_BACK)
        finally:
            told()
            self._waits.remove(told)
        for change in changes:
            try:
                await self._send(session, change)
            except AmltuiError as error:  # the others were agreed to as well
                self._host.report(error)

    async def finish_deletes(self) -> None:
        """Send what waits: the program ends."""
        session = await self._host.session()
        for change in session.edits.waiting:
            await self._send(session, change)

    async def _send(self, session: Session, change: Change) -> None:
        shown = visible(change.before.name)
        try:
            archived = await session.edits.send(change)
        except AmltuiError:
            self._host.relist()  # it is still there
            raise
        if archived is not None:
            done = f"Archived {{}}. {undoes()}." if archived else "Deleted {}."
            self._host.say(done.format(shown))
            await self._host.reload()

    async def refresh(self) -> None:
        """`R`: ask the workspace for its list again."""
        await self._host.reload()

    async def _download(self, dataset: Dataset, target: Path) -> None:
        session = await self._host.session()
        place = await place_for(self._host, target)
        if place is None:
            return
        overwrite = place == target and await asyncio.to_thread(target.exists)
        try:
            (await session.transfers()).download(dataset, place, overwrite=overwrite)
        except Exists:
            # Somebody made it meanwhile; ask as if it had been there at once.
            await self._download(dataset, target)


def _needs_name(text: str) -> str:
    return "" if text.strip() else "A dataset needs a name."
