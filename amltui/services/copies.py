"""Copies between workspaces that were asked for together, noted so that they survive this process.

The journal has what was asked for, what is made, and the parts that were sent: copies that were
cut go on where they stopped.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from amltui.errors import AmltuiError, UsageError
from amltui.services.copying import CopyStep, Way, step_of
from amltui.services.one_copy import Made, Noted, make
from amltui.services.places import Place, Places
from amltui.text import visible
from amltui.transfers.entries import CopyProgress
from amltui.transfers.records import CopyEnd, same_workspace

if TYPE_CHECKING:
    from amltui.services.session import Session
    from amltui.transfers import Options
    from amltui.transfers.entries import CopyEntry
    from amltui.transfers.journal import Journal
    from amltui.transfers.records import CopyPart, CopyRecord


class Copies:
    """Copies from one workspace to another that were asked for together.

    The journal has them before the first begins: what a process that is gone left undone is gone
    on with by `take_up`, and by whoever asks for the same again.
    """

    def __init__(self, source: Session, target: Session, entry: CopyEntry, again: set[int]) -> None:
        self._source = source
        self.target = target
        """Where they go."""
        self._entry = entry
        self._again = again
        self._numbers = {part.name: n for n, part in enumerate(entry.record.request.parts)}
        self._error: AmltuiError | None = None
        self._over = False
        self.made: list[CopyStep] = []
        """Those that were made here."""
        entry.note_error(None)
        entry.note_paused(paused=False)

    @property
    def id(self) -> str:
        """What names them in the journal."""
        return self._entry.record.id

    @property
    def steps(self) -> list[CopyStep]:
        """What is to be done still."""
        parts = self._entry.record.request.parts
        return [step_of(parts[number]) for number in self._entry.left]

    async def make(self, step: CopyStep, copied: Callable[[int], None] = lambda _: None) -> Made:
        """Make one of the copies, with description, type, and tags where there are such.

        Older versions of it go first. Where the store copies by itself, `copied` is told how many
        bytes are there; what is sent from here is a transfer.

        Raises:
            Conflict: somebody took the name meanwhile.
            Damaged: what came, or what was stored, is not what was promised.
            AmltuiError: what stopped it.
        """
        from amltui.transfers.retry import final

        number = self._numbers[step.name]
        noted = Noted(self._entry, number, copied, again=number in self._again)
        try:
            made = await make(self._source, step, self.target, noted)
        except AmltuiError as error:
            if final(error):
                self._entry.note_over(number)
            else:
                self._error = error
            raise
        except asyncio.CancelledError:
            self._again.add(number)  # the target may make it unseen
            raise
        self._entry.note_over(number)
        self.made.append(step)
        return made

    def begins_again(self, step: CopyStep) -> bool:
        """Whether a copy that is stopped in its middle leaves nothing to go on with."""
        return step.way is Way.STORE

    def note_paused(self, *, paused: bool) -> None:
        """Note whether they wait for somebody who says that they go on."""
        self._entry.note_paused(paused=paused)

    async def give_up(self) -> None:
        """Let go of them for good; what the target holds of what is not made is removed.

        Where it does not answer, that is done with the next end or start of its transfers.
        """
        self._over = True
        self._entry.delete()
        await (await self.target.transfers()).remove_given_up()

    def close(self) -> None:
        """Let go of them; what is not done another process can go on with."""
        if self._over:
            return
        self._over = True
        if not self._entry.left:
            self._entry.delete()
        else:
            self._entry.note_error(self._error)
            self._entry.close()


def begin(
    source: Session, steps: Sequence[CopyStep], target: Session, *, asked_in: str = ""
) -> Copies:
    """Note copies before they are made; each has a name of its own.

    What a process that is gone had done of the same counts, and is no longer its.

    Args:
        source: where they come from.
        steps: as `planned` gave them.
        target: where they go.
        asked_in: the cache key of the workspace that is in force, where it is neither.
    """
    from amltui.transfers.journal import Journal
    from amltui.transfers.records import CopyRecord, CopyRequest

    journal = Journal(target.cache.journals)
    parts = tuple(map(_part_of, steps))
    record = CopyRecord(
        id=uuid.uuid4().hex[:12],
        workspace=source.key,
        name=steps[0].source.name if len(steps) == 1 else f"{len(steps):,} datasets",
        begun=datetime.now(UTC),
        asked_in=asked_in,
        request=CopyRequest(_end_of(source), _end_of(target), parts),
    )
    if source.cache.journals != target.cache.journals:  # standard input, which ends with us
        return Copies(source, target, journal.unnoted_copies(record), set())
    entry = journal.add(record)
    return Copies(source, target, entry, _taken_over(journal, entry))


def _taken_over(journal: Journal, entry: CopyEntry) -> set[int]:
    """Take over what processes that are gone had done of the same; the numbers of those parts."""
    request = entry.record.request
    numbers = {part.name: number for number, part in enumerate(request.parts)}
    again: set[int] = set()

    def between_the_same(record: CopyRecord) -> bool:
        there = record.request.target.key
        return same_workspace(record.workspace, entry.record.workspace) and same_workspace(
            there, request.target.key
        )

    for old in journal.claim_copies(between_the_same):
        for number in old.left:
            part = old.record.request.parts[number]
            if part.name not in numbers:
                continue
            new = numbers[part.name]
            if part == request.parts[new]:
                again.add(new)
                journal.hand_over(old.record.id, part.name, entry.record.id)
                for dataset_id in old.progress.get(number, CopyProgress()).made:
                    entry.note_made(new, dataset_id)
            old.note_over(number)
        if old.left:
            old.close()
        else:
            old.delete()
    return again


@asynccontextmanager
async def take_up(entry: CopyEntry, here: Session, options: Options) -> AsyncIterator[Copies]:
    """Go on with copies that a process that is gone left, between the workspaces of then.

    Args:
        entry: from `left_by_others`; it is closed at the end.
        here: the session with the workspace that is open, which may be one of them.
        options: how the transfers of the others behave.

    Raises:
        UsageError: a profile names another workspace now.
        AmltuiError: a workspace is not reached; the copies can still be gone on with.
    """
    request = entry.record.request
    copies: Copies | None = None
    try:
        async with Places(None, options) as places:
            source = await _opened(places, request.source, here)
            target = await _opened(places, request.target, here, target=True)
            copies = Copies(source, target, entry, set(entry.left))
            yield copies
            copies.close()
    except AmltuiError as error:
        if copies is None:
            entry.note_error(error)
        raise
    finally:
        entry.close()


def left_by_others(session: Session) -> list[CopyEntry]:
    """Lock the copies that concern a workspace and that no process makes; `take_up` each."""
    from amltui.transfers.journal import Journal

    journal = Journal(session.cache.journals)
    return list(journal.claim_copies(lambda record: record.concerns(session.key)))


async def _opened(places: Places, end: CopyEnd, here: Session, *, target: bool = False) -> Session:
    if same_workspace(end.key, here.key) and not (target and end.on_disk):
        return here
    session = await places.session(Place(end.place or None, "", on_disk=end.on_disk), target=target)
    if not same_workspace(session.key, end.key):
        where = f'The profile "{visible(end.place)}"' if end.place else "What is in force"
        raise UsageError(
            f"{where} is another workspace now than when the copy began.",
            hint="`amltui transfers clear` drops it.",
        )
    return session


def _end_of(session: Session) -> CopyEnd:
    place = session.place or ""
    return CopyEnd(session.key, place, on_disk=place.startswith("file://"))


def _part_of(step: CopyStep) -> CopyPart:
    from amltui.cache.entries import without_links
    from amltui.transfers.records import CopyPart

    return CopyPart(
        source=without_links(step.source),
        name=step.name,
        replaces=None if step.there is None else without_links(step.there),
        inside=step.way is Way.STORE,
        versions=step.versions,
        older=tuple(map(without_links, step.older)),
    )
