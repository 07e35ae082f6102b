"""Copying datasets to another workspace: chosen, planned, made, each told."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Final, Literal, Protocol

from amltui.config.connection_values import address_name
from amltui.errors import AmltuiError, UsageError
from amltui.redact import redacted
from amltui.text import visible
from amltui.tui.actions.host import ActionHost
from amltui.tui.actions.transfers import CopyRow, TransferActions
from amltui.tui.dialogs.copies import CopiesScreen
from amltui.tui.keymap import key_of

if TYPE_CHECKING:
    from amltui.models import Dataset
    from amltui.services.copies import Copies
    from amltui.services.copying import CopyStep
    from amltui.services.one_copy import Made
    from amltui.services.session import Session
    from amltui.transfers.entries import CopyEntry
    from amltui.transfers.records import CopyEnd

_AT_ONCE: Final = 2
"""Datasets under way at once."""


class Offer(Protocol):
    """Lets a workspace be chosen, as `WorkspaceActions.offer` does."""

    async def __call__(
        self,
        title: str,
        asks: str,
        accept: str,
        go: Callable[[str | None], Awaitable[None]],
        *,
        others: bool = False,
    ) -> None:
        """Let one be chosen, and go on with it."""


class CarryActions:
    """The dataset in focus, or those that are marked, to another workspace."""

    def __init__(self, host: ActionHost, transfers: TransferActions, offer: Offer) -> None:
        self._host = host
        self._transfers = transfers
        self._offer = offer

    async def begin(self) -> None:
        """Choose the workspace, look at what is there, and copy."""
        datasets = self._host.marked or [one for one in [self._host.dataset] if one is not None]
        if not datasets:
            raise UsageError("No dataset is selected.", hint="Choose one in the list first.")
        await self._offer(
            f"Copy {_count(len(datasets))} to",
            "Copy to",
            "go on",
            partial(self._to, datasets),
            others=True,
        )

    async def _to(self, datasets: Sequence[Dataset], place: str | None) -> None:
        from amltui.services.copies import begin
        from amltui.services.places import Places, goal_of

        source = await self._host.session()
        assert place is not None, "what has no name is not offered"
        options = (await source.transfers()).options
        goal = goal_of(place)
        steps: list[CopyStep] = []
        # Nobody can sign in there from here: what waits for it would wait for ever.
        async with Places(None, dataclasses.replace(options, attended=False)) as places:

            async def plan() -> Sequence[CopyStep]:
                target = await places.session(goal, target=True)
                steps[:] = await _planned(source, datasets, target)
                return steps

            name = _shown(place)
            answer = await self._host.ask(CopiesScreen(len(datasets), name, plan))
            if answer is None:
                return
            chosen = [one for one in steps if answer == "all" or one.there is None]
            self._host.unmark()
            target = await places.session(goal, target=True)
            copies = await asyncio.to_thread(begin, source, chosen, target)
            wish = Wish()
            between = f"{_shown(source.name)} → {name}"
            row = _row(copies.id, [step.source for step in chosen], between, wish)
            try:
                await self._copy(copies, row, wish, name)
            finally:
                copies.close()

    async def go_on(self) -> None:
        """Go on with the copies from or to this workspace that an earlier run left."""
        from amltui.services.copies import left_by_others

        session = await self._host.session()
        left = [] if session.offline else await asyncio.to_thread(left_by_others, session)
        for entry in left:
            self._host.work(partial(self._again, entry))

    async def _again(self, entry: CopyEntry) -> None:
        from amltui.services.copies import take_up

        session = await self._host.session()
        options = (await session.transfers()).options
        request, paused = entry.record.request, entry.record.paused
        target = _place(request.target, session)
        wish = Wish()
        sources = [part.source for part in request.parts]
        between = f"{_place(request.source, session)} → {target}"
        row = _row(entry.record.id, sources, between, wish)
        words = "Still paused: the copy" if paused else "Going on with the copy"
        self._host.say(
            f"{words} of {visible(entry.record.name)} to {target} from an earlier run. "
            f"{key_of('transfers')} shows it."
        )
        # As in a copy that begins: nobody can sign in there from here.
        options = dataclasses.replace(options, attended=False)
        try:
            if paused:
                wish.pause()
                row.state, row.done = "paused", await _there(session, row)
                with self._transfers.with_paused(row):
                    await wish.other_than("pause")
            async with take_up(entry, session, options) as copies:
                await self._copy(copies, row, wish, target)
        except AmltuiError:
            if wish.wanted == "stop":
                entry.delete()
            raise
        finally:
            entry.close()

    async def _copy(self, copies: Copies, row: CopyRow, wish: Wish, place: str) -> None:
        """Make copies; their row pauses and stops them."""
        count = len(copies.steps)
        async with self._transfers.with_copy(row, copies.target):
            while wish.wanted != "stop":
                copies.note_paused(paused=wish.wanted == "pause")
                if wish.wanted == "pause":
                    row.state, row.done = "paused", await _there(copies.target, row)
                    self._transfers.show()
                    await wish.other_than("pause")
                elif await self._run(copies, row, wish):
                    break
            else:
                await copies.give_up()
        made = len(copies.made)
        if made == count:
            self._host.say(f"Copied {_count(count)} to {place}.")
        else:
            rest = "It was stopped." if wish.wanted == "stop" else "Copied again, it goes on."
            self._host.say(f"Copied {made:,} of {_count(count)} to {place}. {rest}", warning=True)
        if copies.target is await self._host.session():
            await self._host.reload()

    async def _run(self, copies: Copies, row: CopyRow, wish: Wish) -> bool:
        """Make copies until something else is wanted; whether nothing is left to be made."""
        row.state = "running"
        under_way: dict[str, int] = {}
        making = asyncio.ensure_future(self._make(copies, row, under_way))
        turned = asyncio.ensure_future(wish.other_than("run"))
        try:
            await asyncio.wait([making, turned], return_when=asyncio.FIRST_COMPLETED)
            if not making.done():
                row.state = "stopping"
                self._transfers.show()
                again = [one for one in copies.steps if one.name in under_way]
                again = [one for one in again if copies.begins_again(one)]
                if again and wish.wanted == "pause":
                    names = ", ".join(visible(one.source.name) for one in again)
                    self._host.say(f"Paused. {names} begins again when it goes on.")
        finally:
            over = making.done()
            for task in (making, turned):
                task.cancel()
            await asyncio.gather(making, turned, return_exceptions=True)
        if over:
            making.result()
        return over or not copies.steps

    async def _make(self, copies: Copies, row: CopyRow, under_way: dict[str, int]) -> None:
        """Make copies; `under_way` holds how many bytes of each the store copied by itself."""
        from amltui.services.selection import work_through

        def count() -> None:
            row.done = sum(one.source.size or 0 for one in copies.made) + sum(under_way.values())

        async def one(step: CopyStep) -> Made:
            under_way[step.name] = 0

            def copied(size: int) -> None:
                if step.name in under_way:
                    under_way[step.name] = size
                    count()
                    self._transfers.show()

            try:
                return await copies.make(step, copied)
            finally:
                del under_way[step.name]
                count()

        async with aclosing(work_through(copies.steps, one, at_once=_AT_ONCE)) as results:
            async for step, result in results:
                if isinstance(result, AmltuiError):
                    self._failed(step, result)
                elif result.told:
                    shown = visible(step.source.name)
                    self._host.say(f"Not kept of {shown}: {result.told}")

    def _failed(self, step: CopyStep, error: AmltuiError) -> None:
        hint = f"\n{error.hint}" if error.hint else ""
        words = redacted(f"{error}{hint}")
        self._host.say(f"{visible(step.source.name)} was not copied: {words}", warning=True)


class Wish:
    """What a person wants of copies; what was stopped stays so."""

    def __init__(self) -> None:
        self.wanted: Literal["run", "pause", "stop"] = "run"
        self._changed = asyncio.Event()

    def stop(self) -> None:
        """Want their end."""
        self._want("stop")

    def pause(self) -> None:
        """Want a pause, or the end of one."""
        self._want("run" if self.wanted == "pause" else "pause")

    def _want(self, wanted: Literal["run", "pause", "stop"]) -> None:
        if self.wanted != "stop":
            self.wanted = wanted
            self._changed.set()

    async def other_than(self, wanted: Literal["run", "pause", "stop"]) -> None:
        """Wait until something else is wanted."""
        while self.wanted == wanted:
            self._changed.clear()
            await self._changed.wait()


def _row(name: str, sources: Sequence[Dataset], between: str, wish: Wish) -> CopyRow:
    """Copies as a line among the transfers; `name` is theirs in the journal."""
    sizes = [one.size for one in sources]
    total = sum(size or 0 for size in sizes) if None not in sizes else None
    what = visible(sources[0].name) if len(sources) == 1 else _count(len(sources))
    return CopyRow(what, between, total, wish.stop, wish.pause, id=name)


async def _there(session: Session, row: CopyRow) -> int:
    """Bytes of copies that their target has, of those too that are not whole there."""
    from amltui.services.unfinished import unfinished

    found = await asyncio.to_thread(unfinished, session.cache, session.key)
    return next((one.done for one in found if one.id == row.id), row.done)


def _place(end: CopyEnd, here: Session) -> str:
    """What a person calls a workspace, safe to show."""
    from amltui.transfers.records import same_workspace

    name = here.name if same_workspace(end.key, here.key) else end.place or end.key
    return _shown(name)


def _shown(place: str) -> str:
    return visible(redacted(address_name(place)))


async def _planned(source: Session, datasets: Sequence[Dataset], target: Session) -> list[CopyStep]:
    """What the copies will do; what has their names there stands in each step."""
    from amltui.services.copying import known, planned, target_names

    workspace = await target.connect()
    if source.key == target.key:
        raise UsageError("That workspace is open here.", hint="Choose another one.")
    whole = [await known(source, one) for one in datasets]
    names = target_names(workspace, whole, "", set())
    return await planned(source, list(zip(whole, names, strict=True)), target, replace=True)


def _count(number: int) -> str:
    return f"{number:,} dataset{'s' * (number != 1)}"
