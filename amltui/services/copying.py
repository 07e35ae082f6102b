"""Copying datasets between workspaces of any kind: inside one store, or by way of this machine.

What goes by way of this machine is fetched into the cache and sent from there, both noted in the
journal: a copy that was cut goes on where it stopped. What the cache has no room for is streamed
from one to the other, and begins again after this process ends. A content that lies on this disk
is sent from where it is.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from amltui.errors import Conflict, Damaged, UsageError
from amltui.models import Dataset
from amltui.text import visible

if TYPE_CHECKING:
    from amltui.services.session import Session
    from amltui.workspaces.base import Workspace


_FEW: Final = 3


class Way(StrEnum):
    """How a copy was made, or will be."""

    STORE = "store"
    """Inside the store, without a byte on this machine."""
    MACHINE = "machine"
    """By way of this machine."""
    NONE = "none"
    """Not at all: it is there already."""


class Compare(StrEnum):
    """What shows that a target is what its source is."""

    SIZE = "size"
    TIME = "time"
    """The size, and that the target is not older."""
    HASH = "hash"
    """SHA-256; contents whose workspace names none are read for it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One copy to be made."""

    source: Dataset
    name: str
    """What it is to be called at the target."""
    there: Dataset | None
    """What has this name at the target. None: nothing."""
    way: Way


async def planned(
    source: Session,
    datasets: list[tuple[Dataset, str]],
    target: Session,
    *,
    replace: bool = False,
    same: Compare | None = None,
) -> list[Step]:
    """What copying `datasets`, each under a name, will do; nothing is changed.

    Args:
        source: where they are.
        datasets: what to copy, with the names that they are to have.
        target: where they are to be.
        replace: whether what has such a name may be replaced, as its new version where kept.
        same: leave out what is the same there by this measure.

    Raises:
        Conflict: a name is taken and `replace` is not given.
        UsageError: a dataset would be copied onto itself.
        NotSupportedByServer: the target can only be read.
        Rejected: the target forbids a name.
    """
    workspace = await target.connect()
    capabilities = await workspace.capabilities()
    capabilities.write.require()
    there = await _there(target, workspace, [name for _, name in datasets])
    inside = bool(capabilities.copy) and workspace.copies_from(await source.connect())
    steps: list[Step] = []
    for dataset, name in datasets:
        workspace.check_name(name)
        old = there.get(name)
        if source.key == target.key and old is not None and old.key == dataset.key:
            raise UsageError(f'"{visible(name)}" would be copied onto itself.')
        way = Way.STORE if inside and old is None else Way.MACHINE
        if old is not None and same is not None and await _same(source, dataset, target, old, same):
            way = Way.NONE
        elif old is not None and not replace:
            raise Conflict(
                f'There is a "{visible(name)}" already.',
                409,
                hint="Add --force to replace it, or name another target.",
            )
        steps.append(Step(dataset, name, old, way))
    return steps


async def _there(target: Session, workspace: Workspace, names: list[str]) -> dict[str, Dataset]:
    """What has these names; few are asked for one by one, as a list may be long."""
    if len(names) > _FEW:
        return {one.name: one for one in (await target.current_list()).datasets}
    found = [await workspace.named(name) for name in names]
    return {one.name: one for one in found if one is not None}


async def copy(source: Session, step: Step, target: Session) -> Dataset:
    """Make one copy, with its description and type; what it became.

    Raises:
        Conflict: somebody took the name meanwhile.
        Damaged: what came, or what was stored, is not what was promised.
        AmltuiError: what stopped it.
    """
    workspace, here = await target.connect(), await source.connect()
    dataset = step.source
    if step.way is Way.STORE:
        made = await workspace.copy_from(here, dataset, name=step.name)
        return await workspace.dataset(made)
    local = await here.local_content(dataset)
    if local is not None:
        return await _sent(target, step, local.path)
    if not source.cache.fits(dataset.size or 0):
        return await _streamed(here, step, workspace)
    queue = await source.transfers()
    await source.finished(queue.download(dataset), keep=True)
    path, _ = await source.cached_content(dataset)
    return await _sent(target, step, path)


async def _sent(target: Session, step: Step, path: Path) -> Dataset:
    """Upload a file; the journal keeps how far it came."""
    queue = await target.transfers()
    transfer = queue.upload(
        path,
        name=step.name,
        data_type_id=step.source.data_type_id,
        description=step.source.description,
        replaces=step.there.key if step.there else None,
    )
    done = await target.finished(transfer, keep=True)
    assert done.dataset_id is not None
    return await (await target.connect()).dataset(done.dataset_id)


async def _streamed(here: Workspace, step: Step, there: Workspace) -> Dataset:
    """Send what comes as it comes; memory holds some parts at a time."""
    from amltui.transfers.sources import PieceSource
    from amltui.transfers.stream import ALONE, ContentStream
    from amltui.transfers.uploader import send

    async def connect() -> Workspace:
        return here

    content = ContentStream(connect, step.source)
    try:
        size = (await content.info()).size
        if size is None:
            raise Damaged(
                f'The workspace does not say how large "{visible(step.source.name)}" is.',
                hint="Download it and upload it instead.",
            )
        return await send(
            there,
            PieceSource(size, content.take, step.source.uploaded_from_filename),
            ALONE,
            name=step.name,
            data_type_id=step.source.data_type_id,
            description=step.source.description,
            replaces=step.there.key if step.there else None,
        )
    finally:
        await content.aclose()


async def _same(
    source: Session, dataset: Dataset, target: Session, old: Dataset, by: Compare
) -> bool:
    """Whether the target has the content, as far as `by` tells."""
    if dataset.size is None or old.size is None or dataset.size != old.size:
        return False
    if by is Compare.SIZE:
        return True
    if by is Compare.TIME:
        made, copied = dataset.created_date, old.created_date
        return made is not None and copied is not None and made <= copied
    return await _sha256(source, dataset) == await _sha256(target, old)


async def _sha256(session: Session, dataset: Dataset) -> str:
    """The hash that the workspace names; else of the bytes, read for it."""
    if dataset.sha256 is not None:
        return dataset.sha256
    digest = hashlib.sha256()
    async for chunk in session.stream(dataset):
        await asyncio.to_thread(digest.update, chunk)
    return digest.hexdigest()
