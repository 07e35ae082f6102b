"""Downloading, uploading, updating, renaming, describing and deleting datasets."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from amltui.errors import Exists, UsageError
from amltui.formats import file_name
from amltui.models import Dataset
from amltui.text import human_size, visible
from amltui.tui.actions.host import ActionHost
from amltui.tui.actions.transfers import TransferActions
from amltui.tui.dialogs.menu import Menu, MenuItem
from amltui.tui.dialogs.prompts import AskLine, AskText
from amltui.tui.dialogs.upload import UploadScreen
from amltui.tui.path_completion import free_name, full_path, is_folder

LARGE: Final = 64 << 20
"""Bytes above which a download does not begin before its place was agreed to."""


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
        request = await self._host.ask(UploadScreen(self._guess))
        if request is None:
            return
        session = await self._host.session()
        (await session.transfers()).upload(
            request.path,
            name=request.name,
            data_type_id=request.data_type_id,
            description=request.description,
        )

    async def update(self) -> None:
        """`U`: send a file as the new contents of the dataset."""
        dataset = self._own()
        request = await self._host.ask(
            UploadScreen(
                self._guess,
                title=f"New contents for {visible(dataset.name)}",
                name=dataset.name,
                data_type_id=dataset.data_type_id,
                description=dataset.description,
            )
        )
        if request is None:
            return
        session = await self._host.session()
        transfer = (await session.transfers()).upload(
            request.path,
            name=request.name,
            data_type_id=request.data_type_id,
            description=request.description,
            replaces=dataset.key,
        )
        self._transfers.updating(transfer, dataset)

    async def rename(self) -> None:
        """`r`: give the dataset another name."""
        dataset = self._own()
        name = await self._host.ask(
            AskLine("Rename", text=dataset.name, accept="rename", check=_needs_name)
        )
        if name is None or name.strip() == dataset.name:
            return
        session = await self._host.session()
        renamed = await session.rename(dataset, name.strip())
        self._host.say(f"{visible(dataset.name)} is now {visible(renamed.name)}.")
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
        await session.describe(dataset, text)
        self._host.say(f"Saved the description of {visible(dataset.name)}.")
        await self._host.reload(select=dataset.key)

    async def undo(self) -> None:
        """Take back the last rename, description or update made here."""
        session = await self._host.session()
        change = await session.edits.undo()
        if change is None:
            raise UsageError("There is nothing to undo.")
        self._host.say(f"Undone: {change.summary}.")
        await self._host.reload(select=change.after.key)

    async def delete(self) -> None:
        """`D`: delete the dataset, once its name was typed."""
        dataset = self._own()
        shown = visible(dataset.name)

        def check(typed: str) -> str:
            return "" if typed in {dataset.name, shown} else "That is not its name."

        session = await self._host.session()
        archives = await session.archives()
        does, done = (
            ("archives", "can be taken back") if archives else ("deletes", "cannot be undone")
        )
        typed = await self._host.ask(
            AskLine(
                "Archive" if archives else "Delete",
                f"This {does} all versions of\n\n  {shown}\n\nand {done}. Type its name to go on.",
                accept="archive" if archives else "delete",
                check=check,
            )
        )
        if typed is None:
            return
        archived = await session.delete(dataset)
        self._host.say(f"{'Archived' if archived else 'Deleted'} {shown}.")
        await self._host.reload()

    async def refresh(self) -> None:
        """`R`: ask the workspace for its list again."""
        await self._host.reload()

    async def _download(self, dataset: Dataset, target: Path) -> None:
        session = await self._host.session()
        overwrite = False
        if await asyncio.to_thread(target.exists):
            answer = await self._in_the_way(target)
            if answer is None:
                return
            overwrite = answer == "o"
            if answer == "k":
                target = await asyncio.to_thread(free_name, target)
        try:
            (await session.transfers()).download(dataset, target, overwrite=overwrite)
        except Exists:
            # Somebody made it meanwhile; ask as if it had been there at once.
            await self._download(dataset, target)

    async def _in_the_way(self, target: Path) -> str | None:
        spare = await asyncio.to_thread(free_name, target)
        return await self._host.ask(
            Menu(
                "The file is there already",
                [
                    MenuItem("k", "keep both", f"save as {visible(spare.name)}"),
                    MenuItem("o", "overwrite", visible(target.name)),
                ],
                question=visible(str(target)),
            )
        )

    async def _guess(self, path: Path) -> str:
        from amltui.formats import guess_data_type

        return await asyncio.to_thread(guess_data_type, path)

    def _chosen(self) -> Dataset:
        dataset = self._host.dataset
        if dataset is None:
            raise UsageError("No dataset is selected.", hint="Choose one in the list first.")
        return dataset

    def _own(self) -> Dataset:
        dataset = self._chosen()
        if dataset.is_example:
            raise UsageError(
                f"{visible(dataset.name)} is an example and cannot be changed.",
                hint="Download it with d and upload it with u under a name of your own.",
            )
        return dataset


def _needs_name(text: str) -> str:
    return "" if text.strip() else "A dataset needs a name."
