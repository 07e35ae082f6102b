"""Making one copy: inside a store, or by way of this machine.

What goes by way of this machine is fetched into the cache and sent from there. What the cache has
no room for is streamed from one to the other: of a copy that goes on it is read again, as only so
its hash is known, and what was sent is not sent again. A content that lies on this disk is sent
from where it is.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from amltui.errors import Conflict
from amltui.models import NAME_TAG, TYPE_TAG, Dataset
from amltui.services.copying import Compare, CopyStep, Way, is_same
from amltui.text import iso_utc, visible

if TYPE_CHECKING:
    from amltui.services.session import Session
    from amltui.transfers import Transfer
    from amltui.transfers.entries import CopyEntry


def not_kept(source: Dataset, made: Dataset) -> dict[str, str]:
    """What of a dataset its copy does not say: by what it is, the value that is left behind."""
    left = {
        "name": "" if dict(made.tags).get(NAME_TAG, made.name) == source.name else source.name,
        "description": "" if made.description == source.description else source.description,
        "type": "" if made.data_type_id == source.data_type_id else source.data_type_id,
        "file name": (
            ""
            if made.uploaded_from_filename == source.uploaded_from_filename
            else source.uploaded_from_filename
        ),
        "owner": "" if made.owner == source.owner else source.owner,
        "created": iso_utc(source.created_date) or "",
        "experiment": source.experiment_id or "",
        "note": source.note,
    }
    kept = dict(made.tags)
    for key, value in source.tags:
        if key not in {NAME_TAG, TYPE_TAG} and kept.get(key) != value:
            left[f"tag {key}"] = value
    return {what: value for what, value in left.items() if value}


@dataclass(frozen=True, slots=True)
class Made:
    """What a copy became."""

    dataset: Dataset
    not_kept: dict[str, str]
    """By what it is, what has no place there; of an older version under its id, what people gave
    it."""

    @property
    def told(self) -> str:
        """What has no place there in words, but for what no copy keeps: whose it was, and since."""
        silent = {"name", "owner", "created", "file name"}
        left = [(what, value) for what, value in self.not_kept.items() if what not in silent]
        return "; ".join(f"{what} {visible(value)}" for what, value in left)


class Noted:
    """One part of copies, as the journal has it."""

    def __init__(
        self, entry: CopyEntry, number: int, copied: Callable[[int], None], *, again: bool
    ) -> None:
        self._entry = entry
        self._number = number
        self.copied = copied
        """Is told how many bytes are copied, where the store copies by itself."""
        self.again = again
        """Whether a process that is gone had begun it, and may have made it unseen."""

    @property
    def copies(self) -> str:
        """The id of the record."""
        return self._entry.record.id

    @property
    def made(self) -> tuple[str, ...]:
        """What the target calls the versions that are there."""
        progress = self._entry.progress.get(self._number)
        return progress.made if progress is not None else ()

    def note(self, dataset_id: str) -> None:
        """Note that one more version is there."""
        self._entry.note_made(self._number, dataset_id)


async def make(source: Session, step: CopyStep, target: Session, noted: Noted) -> Made:
    """Make a copy with the older versions that go first; what is noted to be there is not sent.

    Raises:
        Conflict: somebody took the name meanwhile.
        Damaged: what came, or what was stored, is not what was promised.
        AmltuiError: what stopped it.
    """
    there, left = step.there, dict[str, str]()
    for number, dataset in enumerate((*step.older, step.source)):
        if number < len(noted.made):
            made = await (await target.connect()).dataset(noted.made[number])
        else:
            one = dataclasses.replace(step, source=dataset, there=there, older=())
            made = await _copied_once(source, one, target, noted)
        there = await _tagged(target, dataset, made)
        for what, value in not_kept(dataset, there).items():
            if dataset is step.source:
                left[what] = value
            elif what in {"description", "type"} or what.startswith("tag "):
                left[f"{what} of {dataset.id}"] = value
    assert there is not None
    return Made(there, left)


async def _copied_once(source: Session, step: CopyStep, target: Session, noted: Noted) -> Dataset:
    """Copy one content, unless the process that is gone had, and could not note it any more."""
    try:
        return await _copied(source, step, target, noted)
    except Conflict:
        if not noted.again or step.there is not None:
            raise
        there = await (await target.connect()).named(step.name)
        if there is None or not await is_same(source, step.source, target, there, Compare.HASH):
            raise
        noted.note(there.id)
        return there


async def _tagged(target: Session, dataset: Dataset, made: Dataset) -> Dataset:
    """A copy with the tags of what it is a copy of, and with its name where that is another."""
    workspace = await target.connect()
    if not (await workspace.capabilities()).tags:
        return made
    wanted = dict(dataset.tags)
    name = wanted.pop(NAME_TAG, dataset.name)
    wanted.pop(TYPE_TAG, None)
    if name != made.name and workspace.name_for(dataset, name) == made.name:
        wanted[NAME_TAG] = name
    missing = {key: value for key, value in wanted.items() if dict(made.tags).get(key) != value}
    return await workspace.tag(made, missing) if missing else made


async def _copied(source: Session, step: CopyStep, target: Session, noted: Noted) -> Dataset:
    from amltui.transfers.beginning import noted_inside
    from amltui.transfers.journal import Journal

    workspace, here = await target.connect(), await source.connect()
    dataset = step.source
    if step.way is Way.STORE:
        journal = Journal(target.cache.journals)
        with noted_inside(journal, workspace.key, step.name) as begun:
            made = await workspace.copy_from(
                here, dataset, name=step.name, begun=begun, copied=noted.copied
            )
        noted.note(made)
        return await workspace.dataset(made)
    local = await here.local_content(dataset)
    if local is not None:
        return await _sent(target, step, local.path, noted)
    if not source.cache.fits(dataset.size or 0):
        return await _streamed(source, step, target, noted)
    queue = await source.transfers()
    await source.finished(queue.download(dataset, part_of=noted.copies), keep=True)
    path, _ = await source.cached_content(dataset)
    return await _sent(target, step, path, noted)


async def _sent(target: Session, step: CopyStep, path: Path, noted: Noted) -> Dataset:
    """Upload a file; the journal keeps how far it came."""
    queue = await target.transfers()
    transfer = queue.upload(
        path,
        name=step.name,
        data_type_id=step.source.data_type_id,
        description=step.source.description,
        replaces=step.there.key if step.there else None,
        part_of=noted.copies,
        made=noted.note,
    )
    return await _finished(target, transfer)


async def _streamed(source: Session, step: CopyStep, target: Session, noted: Noted) -> Dataset:
    """As `_sent`, what comes as it comes; memory holds some parts at a time."""
    from amltui.transfers.content_stream import ContentStream
    from amltui.transfers.sources import StreamSource

    queue, dataset = await target.transfers(), step.source
    assert dataset.size is not None  # else nobody could say that the cache has no room for it
    transfer = queue.upload_stream(
        StreamSource(
            lambda: ContentStream(source.connect, dataset, options=queue.options),
            dataset.size,
            dataset.uploaded_from_filename,
        ),
        of=dataset,
        name=step.name,
        replaces=step.there.key if step.there else None,
        part_of=noted.copies,
        made=noted.note,
    )
    return await _finished(target, transfer)


async def _finished(target: Session, transfer: Transfer) -> Dataset:
    done = await target.finished(transfer, keep=True)
    assert done.dataset_id is not None
    return await (await target.connect()).dataset(done.dataset_id)
