"""Downloads and uploads on their way: the transfers pane, and what happens when one ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from amltui.errors import Cancelled, Conflict
from amltui.models import Dataset
from amltui.text import visible
from amltui.tui.actions.host import ActionHost, TransferHost
from amltui.tui.dialogs.prompts import AskLine
from amltui.tui.widgets.dataset_list import Presence
from amltui.tui.widgets.transfers import TransferRow

if TYPE_CHECKING:
    from amltui.transfers import Transfer


class TransferActions:
    """The transfers of this program."""

    def __init__(self, host: TransferHost, changed: Callable[[], None]) -> None:
        self._host = host
        self._changed = changed
        self._over: set[str] = set()
        """Transfers whose end was told."""
        self._updates: dict[str, Dataset] = {}
        """What a running update (by transfer id) changes."""

    def updating(self, transfer: TransferRow, dataset: Dataset) -> None:
        """Note that an upload changes `dataset`, so that it can be undone."""
        self._updates[transfer.id] = dataset

    async def watch(self) -> None:
        """Go on with what an earlier run left, then show every change."""
        session = await self._host.session()
        queue = await session.transfers()
        left = queue.resume_unfinished(paused=False)
        for words, some in (
            ("Going on with", [one for one in left if one.state != "paused"]),
            ("Still paused:", [one for one in left if one.state == "paused"]),
        ):
            if some:
                what = visible(some[0].name) if len(some) == 1 else f"{len(some)} transfers"
                self._host.say(f"{words} {what} from an earlier run. w shows them.")
        async for transfers in queue.changes():
            before = len(self._host.transfers.rows)
            self._host.transfers.show(transfers)
            if len(transfers) != before:
                self._changed()
            for transfer in transfers:
                if not transfer.state.over:
                    self._over.discard(transfer.id)
                elif transfer.id not in self._over:
                    self._over.add(transfer.id)
                    self._host.work(partial(self._ended, transfer))

    async def asked(self, transfer: TransferRow, what: str) -> None:
        """`x`, `p` and `c`: cancel; pause or resume; clear what is over."""
        session = await self._host.session()
        queue = await session.transfers()
        if what == "clear":
            queue.forget()
        elif transfer.state in {"done", "cancelled"}:
            self._host.say("That transfer is over: c clears what is over.")
        elif what == "cancel":
            await queue.cancel(transfer.id)
        elif transfer.state in {"queued", "running"}:
            await queue.pause(transfer.id)
        else:
            await session.resume(transfer.id)

    async def forget(self) -> None:
        """Take what is over off the pane."""
        (await (await self._host.session()).transfers()).forget()

    async def _ended(self, transfer: Transfer) -> None:
        name = visible(transfer.name)
        if transfer.error is not None and not isinstance(transfer.error, Cancelled):
            if isinstance(transfer.error, Conflict) and transfer.kind == "upload":
                await self._name_taken(transfer)
                return
            raise transfer.error
        if transfer.state != "done":
            return
        if transfer.kind == "download":
            checked = f", verified by {transfer.checked}" if transfer.checked else ""
            self._host.say(f"Saved {visible(str(transfer.path))}{checked}.")
            self._changed()
            return
        session = await self._host.session()
        assert transfer.dataset_id is not None  # an upload that is done has made one
        dataset = await (await session.connect()).dataset(transfer.dataset_id)
        before = self._updates.pop(transfer.id, None)
        if before is not None:
            session.edits.updated(before, dataset)
            self._host.say(f"{name} has new contents.")
        else:
            self._host.say(f"Uploaded {name}.")
        await self._host.reload(select=dataset.key)

    async def _name_taken(self, transfer: Transfer) -> None:
        shown = visible(transfer.name)
        name = await self._host.ask(
            AskLine(
                "The name is taken",
                f"A dataset is named {shown} already.\nThe file is uploaded; give another name.",
                text=transfer.name,
                accept="save under this name",
                check=lambda text: (
                    "Give another name." if text.strip() in {"", transfer.name} else ""
                ),
            )
        )
        queue = await (await self._host.session()).transfers()
        if name is None:
            await queue.cancel(transfer.id)
        else:
            queue.retry(transfer.id, name=name.strip())


async def presence(host: ActionHost) -> tuple[dict[str, Presence], int, int]:
    """What is on this disk by dataset id; the cache's size and quota in bytes."""
    session = await host.session()

    def look() -> tuple[dict[str, Presence], int, int]:
        entries = session.cache.entries()
        here: dict[str, Presence] = {
            entry.source: "cached" if entry.whole else "partial"
            for entry in entries
            if entry.workspace == session.key
        }
        return here, sum(entry.size for entry in entries), session.cache.quota

    return await asyncio.to_thread(look)
