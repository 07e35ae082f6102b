"""Downloading, uploading, updating, renaming, describing and deleting datasets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from amltui.errors import AmltuiError, Exists, UsageError
from amltui.formats import file_name
from amltui.models import Dataset
from amltui.text import human_size, visible
from amltui.tui.actions.exporting import place_for
from amltui.tui.actions.host import ActionHost
from amltui.tui.actions.transfers import TransferActions
from amltui.tui.dialogs.prompts import AskLine, AskText
from amltui.tui.dialogs.upload import UploadChoice, UploadScreen, name_taken
from amltui.tui.path_completion import full_path, is_folder

if TYPE_CHECKING:
    from amltui.services.conversion import Look
    from amltui.services.edits import Change
    from amltui.services.session import Session
    from amltui.transfers import Transfer
    from amltui.workspaces.capabilities import Capabilities, Capability

LARGE: Final = 64 << 20
"""Bytes above which a download does not begin before its place was agreed to."""
TAKEN_BACK: float = 10.0
"""Seconds that a delete can be taken back: it is sent only then."""


class DatasetActions:
    """The keys that act on the dataset in focus."""

    def __init__(self, host: ActionHost, transfers: TransferActions) -> None:
        self._host = host
        self._transfers = transfers

    async def download(self) -> None:
        """`d`: save the dataset in the current directory; of a large one the place is asked for."""
        dataset = self._chosen()
        if dataset.size is None or dataset.size > LARGE:
            await self.download_to()
            return
        target = Path.cwd() / file_name(dataset.name, dataset.data_type_id)
        await self._download(dataset, target)

    async def download_to(self) -> None:
        """Save the dataset at a path that is asked for."""
        dataset = self._chosen()
        target = Path.cwd() / file_name(dataset.name, dataset.data_type_id)
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

    async def upload(self) -> None:
        """`u`: send a file as a new dataset."""
        self._need(lambda can: can.write)
        there = self._there()

        def taken(name: str) -> str:
            found = there.get(name)
            return name_taken(name, by_example=found.is_example) if found is not None else ""

        request = await self._host.ask(UploadScreen(self._guess, self._look_at, taken=taken))
        if request is not None:
            await self._upload(request, there[request.name] if request.as_version else None)

    async def update(self) -> None:
        """`U`: send a file as the new contents of the dataset."""
        dataset = self._own()
        there = self._there()

        def taken(name: str) -> str:
            return name_taken(name, by_example=True) if name in there else ""

        request = await self._host.ask(
            UploadScreen(
                self._guess,
                self._look_at,
                taken=taken,
                title=f"New contents for {visible(dataset.name)}",
                name=dataset.name,
                data_type_id=dataset.data_type_id,
                description=dataset.description,
            )
        )
        if request is not None:
            await self._upload(request, dataset)

    async def _upload(self, request: UploadChoice, replaced: Dataset | None) -> None:
        """Send a file, as a new dataset or in place of one; converted first where that was said."""
        session = await self._host.session()
        queue = await session.transfers()

        def begin(path: Path, data_type_id: str) -> Transfer:
            transfer = queue.upload(
                path,
                name=request.name,
                data_type_id=data_type_id,
                description=request.description,
                replaces=replaced.key if replaced is not None else None,
            )
            if replaced is not None:
                self._transfers.updating(transfer, replaced)
            return transfer

        if request.convert is None:
            begin(request.path, request.data_type_id)
            return
        from amltui.formats import format_of
        from amltui.services.conversion import converted

        copy = converted(request.path, format_of(request.data_type_id), request.convert)
        self._host.say(f"Converting {visible(request.path.name)} first.")
        path, data_type_id = await asyncio.to_thread(copy.__enter__)
        try:
            transfer = begin(path, data_type_id)
            with suppress(AmltuiError):  # told where transfers are watched
                await queue.finished(transfer.id)
        finally:
            copy.__exit__(None, None, None)

    def _there(self) -> dict[str, Dataset]:
        """The datasets as they were listed last, by their names."""
        return {one.name: one for one in self._host.listed}

    async def _look_at(self, path: Path, data_type_id: str, convert: bool) -> Look:  # noqa: FBT001  as `LookAt` has it
        from amltui.services.conversion import look_at

        return await asyncio.to_thread(look_at, path, data_type_id, convert=convert)

    async def rename(self) -> None:
        """`r`: give the dataset another name."""
        dataset = self._own(lambda can: can.rename)
        name = await self._host.ask(
            AskLine("Rename", text=dataset.name, accept="rename", check=_needs_name)
        )
        if name is None or name.strip() == dataset.name:
            return
        session = await self._host.session()
        renamed = await session.edits.rename(dataset, name.strip())
        self._host.say(f"{visible(dataset.name)} is now {visible(renamed.name)}. z undoes it.")
        await self._host.reload(select=renamed.key)

    async def describe(self) -> None:
        """`e`: edit the dataset's description."""
        dataset = self._own()
        text = await self._host.ask(
            AskText(f"Description of {visible(dataset.name)}", text=dataset.description)
        )
        if text is None or text == dataset.description:
            return
        session = await self._host.session()
        await session.edits.describe(dataset, text)
        self._host.say(f"Saved the description of {visible(dataset.name)}. z undoes it.")
        await self._host.reload(select=dataset.key)

    async def undo(self) -> None:
        """`z`: take back the last rename, description, update, restore or delete made here."""
        session = await self._host.session()
        change = await session.edits.undo()
        if change is None:
            raise UsageError("There is nothing to undo.")
        self._host.say(f"Undone: {change.summary}.")
        if change.sent:
            await self._host.reload(select=change.after.key)
        else:
            self._host.relist(select=change.after.key)

    async def delete(self) -> None:
        """`D`: delete the dataset, once its name was typed and a while has passed."""
        dataset = self._own()
        shown = visible(dataset.name)

        def check(typed: str) -> str:
            return "" if typed in {dataset.name, shown} else "That is not its name."

        archives = self._host.can is not None and bool(self._host.can.archive)
        does, done = (
            ("archives", "can be taken back") if archives else ("deletes", "cannot be undone")
        )
        typed = await self._host.ask(
            AskLine(
                "Archive" if archives else "Delete",
                f"This {does} all versions of\n\n  {shown}\n\nand {done} once it is sent, "
                f"{TAKEN_BACK:.0f} seconds from now. Type its name to go on.",
                accept="archive" if archives else "delete",
                check=check,
            )
        )
        if typed is None:
            return
        session = await self._host.session()
        change = session.edits.delete_later(dataset)
        self._host.relist()
        verb = "archived" if archives else "deleted"
        self._host.say(f"{shown} will be {verb} in {TAKEN_BACK:.0f} seconds: z takes it back.")
        await asyncio.sleep(TAKEN_BACK)
        await self._send(session, change)

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
            self._host.say(f"{'Archived' if archived else 'Deleted'} {shown}.")
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

    async def _guess(self, path: Path) -> str:
        from amltui.formats import guess_data_type

        return await asyncio.to_thread(guess_data_type, path)

    def _chosen(self) -> Dataset:
        dataset = self._host.dataset
        if dataset is None:
            raise UsageError("No dataset is selected.", hint="Choose one in the list first.")
        return dataset

    def _own(self, wanted: Callable[[Capabilities], Capability] = lambda can: can.write) -> Dataset:
        """The dataset, which can be changed here."""
        dataset = self._chosen()
        self._need(wanted)
        if not dataset.is_latest:
            raise UsageError(
                "This is an older version, and versions never change.",
                hint="V restores it; 1 goes to the list, where the dataset itself can be changed.",
            )
        if dataset.is_example:
            raise UsageError(
                f"{visible(dataset.name)} is an example and cannot be changed.",
                hint="Download it with d and upload it with u under a name of your own.",
            )
        return dataset

    def _need(self, wanted: Callable[[Capabilities], Capability]) -> None:
        """See before anything is asked for that the workspace can do it, as far as that is known.

        At once: a dialog that comes late would leave the keys that are typed for it to the panes.

        Raises:
            NotSupportedByServer: it cannot.
        """
        can = self._host.can
        if can is not None:
            for need in (can.write, wanted(can)):
                need.require()


def _needs_name(text: str) -> str:
    return "" if text.strip() else "A dataset needs a name."
