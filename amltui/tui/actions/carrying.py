"""Copying datasets to another workspace: chosen, planned, made, each told."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from amltui.config.connection_values import address_name
from amltui.errors import AmltuiError, UsageError
from amltui.redact import redacted
from amltui.text import visible
from amltui.tui.actions.host import ActionHost
from amltui.tui.actions.transfers import CopyRow, TransferActions
from amltui.tui.dialogs.copies import CopiesScreen

if TYPE_CHECKING:
    from amltui.models import Dataset
    from amltui.services.copies import Copies
    from amltui.services.copying import CopyStep
    from amltui.services.session import Session
    from amltui.transfers.entries import CopyEntry

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

            name = visible(redacted(address_name(place)))
            answer = await self._host.ask(CopiesScreen(len(datasets), name, plan))
            if answer is None:
                return
            chosen = [one for one in steps if answer == "all" or one.there is None]
            self._host.unmark()
            target = await places.session(goal, target=True)
            copies = await asyncio.to_thread(begin, source, chosen, target)
            try:
                await self._copy(copies, name)
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
        request = entry.record.request
        name = visible(address_name(request.target.place or request.target.key))
        what = f"Going on with the copy of {visible(entry.record.name)} to {name}"
        self._host.say(f"{what} from an earlier run. w shows it.")
        # As in a copy that begins: nobody can sign in there from here.
        options = dataclasses.replace(options, attended=False)
        async with take_up(entry, session, options) as copies:
            await self._copy(copies, name)

    async def _copy(self, copies: Copies, name: str) -> None:
        from amltui.services.selection import work_through

        steps = copies.steps
        task = asyncio.current_task()
        assert task is not None
        stopped: list[bool] = []

        def stop() -> None:
            stopped.append(True)
            task.cancel()

        sizes = [step.source.size for step in steps]
        total = sum(size or 0 for size in sizes) if None not in sizes else None
        row = CopyRow(f"{_count(len(steps))} to {name}", total, stop)
        copied = 0
        try:
            async with (
                self._transfers.with_copy(row, copies.target),
                aclosing(work_through(steps, copies.make, at_once=_AT_ONCE)) as results,
            ):
                async for step, result in results:
                    if isinstance(result, AmltuiError):
                        self._failed(step, result)
                        continue
                    copied += 1
                    row.done += step.source.size or 0
                    row.name = f"{_count(len(steps))} to {name}, {copied:,} there"
                    if result.told:
                        shown = visible(step.source.name)
                        self._host.say(f"Not kept of {shown}: {result.told}")
        except asyncio.CancelledError:
            if stopped:  # else the program ends, or another workspace is opened
                copies.close(give_up=True)
                self._tell(copied, len(steps), name)
            raise
        self._tell(copied, len(steps), name)

    def _failed(self, step: CopyStep, error: AmltuiError) -> None:
        hint = f"\n{error.hint}" if error.hint else ""
        words = redacted(f"{error}{hint}")
        self._host.say(f"{visible(step.source.name)} was not copied: {words}", warning=True)

    def _tell(self, copied: int, of: int, name: str) -> None:
        if copied == of:
            self._host.say(f"Copied {_count(of)} to {name}.")
        else:
            self._host.say(
                f"Copied {copied:,} of {_count(of)} to {name}. Copied again, it goes on from here.",
                warning=True,
            )


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
