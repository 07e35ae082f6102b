"""`u` where nothing can be written: the file in focus goes to a workspace that is chosen."""

from __future__ import annotations

import asyncio
import dataclasses
from functools import partial
from typing import TYPE_CHECKING

from amltui.config.connection_values import address_name
from amltui.errors import UsageError
from amltui.redact import redacted
from amltui.text import visible
from amltui.tui.actions.carrying import CarryActions, Offer
from amltui.tui.actions.file_uploads import FileUploads
from amltui.tui.actions.host import ActionHost
from amltui.tui.actions.python_prompt import local_contents
from amltui.tui.actions.transfers import CopyRow, TransferActions

if TYPE_CHECKING:
    from pathlib import Path

    from amltui.models import Dataset
    from amltui.services.session import Session
    from amltui.tui.dialogs.upload import UploadChoice


class SendActions:
    """The dataset in focus, by the same dialog as a file; those that are marked as copies."""

    def __init__(
        self,
        host: ActionHost,
        transfers: TransferActions,
        uploads: FileUploads,
        carrying: CarryActions,
        offer: Offer,
    ) -> None:
        self._host = host
        self._transfers = transfers
        self._uploads = uploads
        self._carrying = carrying
        self._offer = offer

    async def upload(self) -> None:
        """`u`: upload to this workspace, or from it where it is only read."""
        can = self._host.can
        dataset = self._host.dataset
        if can is None or can.write or dataset is None:
            await self._uploads.upload()
        elif self._host.marked:
            await self._carrying.begin()
        elif dataset.arriving:
            raise UsageError(
                f"{visible(dataset.name)} still comes.", hint="Upload it once all of it is here."
            )
        else:
            await self._offer(
                f"Upload {visible(dataset.name)} to",
                "Upload to",
                "go on",
                partial(self._to, dataset),
                others=True,
            )

    async def _to(self, dataset: Dataset, place: str | None) -> None:
        from amltui.services.places import Places, goal_of

        source = await self._host.session()
        assert place is not None, "what has no name is not offered"
        options = (await source.transfers()).options
        local = await (await source.connect()).local_content(dataset)
        path = await local_contents(self._host, dataset) if local is None else local.path
        # Nobody can sign in there from here: what waits for it would wait for ever.
        async with Places(None, dataclasses.replace(options, attended=False)) as places:
            target = await places.session(goal_of(place), target=True)
            (await (await target.connect()).capabilities()).write.require()
            there = {one.name: one for one in (await target.current_list()).datasets}

            def taken(name: str) -> bool | None:
                found = there.get(name)
                return None if found is None else not found.is_example

            shown = visible(redacted(address_name(place)))
            request = await self._host.ask(
                self._uploads.dialog_for(
                    taken,
                    title=f"Upload to {shown}",
                    path=path,
                    name=dataset.name.rpartition("/")[2],
                )
            )
            if request is not None:
                replaced = there[request.name] if request.as_version else None
                await self._send(target, request, replaced, shown)

    async def _send(
        self, target: Session, request: UploadChoice, replaced: Dataset | None, place: str
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        name = visible(request.name)
        size = await asyncio.to_thread(_size, request.path)
        between = f"{visible(redacted((await self._host.session()).name))} → {place}"
        row = CopyRow(name, between, size, task.cancel)
        async with self._transfers.with_copy(row, target):
            transfer = await self._uploads.send(target, request, replaced)
            if transfer is None:
                return
            await target.finished(transfer)
            row.done = size or 0
        self._host.say(f"Uploaded {name} to {place}.")


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None
