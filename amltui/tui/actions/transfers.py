"""Downloads and uploads on their way: the transfers pane, and what happens when one ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from amltui.errors import Cancelled, Conflict
from amltui.text import visible
from amltui.tui.actions.host import ActionHost, TransferHost
from amltui.tui.keymap import key_of
from amltui.tui.pace import PACE, SECOND
from amltui.tui.widgets.dataset_list import Presence
from amltui.tui.widgets.transfers import TransferRow

if TYPE_CHECKING:
    from amltui.models import Dataset
    from amltui.services.session import Session
    from amltui.transfers import Transfer, Transfers


@dataclass(eq=False)
class CopyRow:
    """What goes to another workspace, as a line among the transfers."""

    what: str
    between: str
    """From which workspace it goes to which; safe to show."""
    total: int | None
    """Bytes of all datasets, where known."""
    stop: Callable[[], object]
    pause: Callable[[], object] | None = None
    """Pauses it, or goes on with it. None: that can be done to its transfer alone."""
    done: int = 0
    """Bytes of those that are there."""
    id: str = "copy"
    """What names the copies in the journal, where they stand in it."""
    kind: str = "upload"
    path: Path | None = None
    state: str = "running"
    rate: float | None = None
    eta: float | None = None

    @property
    def name(self) -> str:
        """What is copied, and between which workspaces."""
        return f"{self.what}  {self.between}"

    def part(self, transfer: Transfer) -> Transfer:
        """A transfer of it: what is sent lies in the cache, under a name that tells nobody."""
        return replace(transfer, name=f"{transfer.name}  {self.between}", path=None)


class TransferActions:
    """The transfers of this program."""

    def __init__(self, host: TransferHost, changed: Callable[[], None]) -> None:
        self._host = host
        self._changed = changed
        self._over: set[str] = set()
        """Transfers whose end was told."""
        self._updates: dict[str, Dataset] = {}
        """What a running update (by transfer id) changes."""
        self._own: Sequence[Transfer] = ()
        self._copies: list[tuple[CopyRow, Session | None, Transfers | None]] = []
        """What goes to other workspaces now: where to, once that is open."""
        self._rows: dict[str, CopyRow] = {}
        """By its id, each copy that there was."""
        self._past: list[TransferRow] = []
        """What went to other workspaces, until it is cleared."""

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
                one = len(some) == 1
                what = visible(some[0].name) if one else f"{len(some)} transfers"
                shows = f"{key_of('transfers')} shows {'it' if one else 'them'}."
                self._host.say(f"{words} {what} from an earlier run. {shows}")
        async for transfers in _paced(queue):
            self._own = transfers
            self.show()
            for transfer in transfers:
                if not transfer.state.over:
                    self._over.discard(transfer.id)
                elif transfer.id not in self._over:
                    self._over.add(transfer.id)
                    self._host.work(partial(self._ended, transfer))

    @asynccontextmanager
    async def with_copy(self, row: CopyRow, target: Session) -> AsyncIterator[None]:
        """Show a copy to another workspace, and what is sent there, while it runs."""
        own = target is await self._host.session()  # then its transfers are shown as such
        queue = None if own else await target.transfers()
        self._rows[row.id] = row
        shown = (row, target, queue)
        self._copies.append(shown)

        async def follow(queue: Transfers) -> None:
            async for _ in _paced(queue):
                self.show()

        following = None if queue is None else asyncio.create_task(follow(queue))
        self.show()
        try:
            yield
        finally:
            if following is not None:
                following.cancel()
            self._copies.remove(shown)
            self._past += [one for one in _parts(row, queue) if one.state == "done"]
            self.show()

    @contextmanager
    def with_paused(self, row: CopyRow) -> Iterator[None]:
        """Show a copy that waits for somebody, and whose workspaces are not open yet."""
        shown = (row, None, None)
        self._copies.append(shown)
        self.show()
        try:
            yield
        finally:
            self._copies.remove(shown)
            self.show()

    def show(self) -> None:
        """Show all as they are now."""
        pane = self._host.transfers
        if not pane.is_attached:
            return  # the program ends
        own = [
            self._rows[one.part_of].part(one) if one.part_of in self._rows else one
            for one in self._own
        ]
        sent = [one for row, _, queue in self._copies for one in _parts(row, queue)]
        rows = [*own, *self._past, *sent, *(row for row, _, _ in self._copies)]
        grew = len(rows) != len(pane.rows)
        pane.show(rows)
        if grew:
            self._changed()

    def _session_of(self, transfer: TransferRow) -> Session | None:
        """Whose transfer it is; None: of the workspace that is open."""
        for row, session, queue in self._copies:
            if any(one.id == transfer.id for one in _parts(row, queue)):
                return session
        return None

    async def asked(self, transfer: TransferRow, what: str) -> None:
        """`x`, `p` and `c`: cancel; pause or resume; clear what is over."""
        session = self._session_of(transfer) or await self._host.session()
        queue = await session.transfers()
        if what == "clear":
            await self.forget()
        elif isinstance(transfer, CopyRow):
            if what == "cancel":
                transfer.stop()
            elif transfer.pause is not None:
                transfer.pause()
            else:
                self._host.say(f"{key_of('cancel')} stops it; its transfer can be paused.")
        elif transfer.state in {"done", "cancelled"}:
            self._host.say(f"That transfer is over: {key_of('clear')} clears what is over.")
        elif what == "cancel":
            await queue.cancel(transfer.id)
        elif transfer.state in {"queued", "running"}:
            await queue.pause(transfer.id)
        else:
            await session.resume(transfer.id)

    async def forget(self) -> None:
        """Take what is over off the pane."""
        self._past.clear()
        (await (await self._host.session()).transfers()).forget()
        self.show()

    async def _ended(self, transfer: Transfer) -> None:
        name = visible(transfer.name)
        if transfer.part_of:
            return  # the copy that it is for tells
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
        from amltui.tui.dialogs.prompts import AskLine

        error = transfer.error
        why = "" if error is None else visible(f"{error}.".replace("..", "."))
        name = await self._host.ask(
            AskLine(
                "The name is taken",
                f"{why}\nWhat was sent is kept; give another name.",
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


def _parts(row: CopyRow, queue: Transfers | None) -> list[Transfer]:
    """What is sent for a copy to where another workspace is open for it."""
    return [] if queue is None else [row.part(one) for one in queue.snapshot()]


async def _paced(queue: Transfers) -> AsyncIterator[tuple[Transfer, ...]]:
    """The changes of a queue, one a second at most where traffic is to be low."""
    async for transfers in queue.changes():
        yield transfers
        if PACE.low:
            await asyncio.sleep(SECOND)
