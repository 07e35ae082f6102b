"""Copying datasets between workspaces of any kind: inside one store, or by way of this machine.

What goes by way of this machine is fetched into the cache and sent from there, both noted in the
journal: a copy that was cut goes on where it stopped. What the cache has no room for is streamed
from one to the other, and begins again after this process ends. A content that lies on this disk
is sent from where it is.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from amltui.errors import (
    AmltuiError,
    Conflict,
    Damaged,
    Rejected,
    Unauthorized,
    Unreachable,
    UsageError,
)
from amltui.models import NAME_TAG, TYPE_TAG, Dataset
from amltui.services.hashes import content_sha256
from amltui.text import iso_utc, visible

if TYPE_CHECKING:
    from amltui.services.session import Session
    from amltui.transfers import Options
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
class CopyStep:
    """One copy to be made."""

    source: Dataset
    name: str
    """What it is to be called at the target."""
    there: Dataset | None
    """What has this name at the target. None: nothing."""
    way: Way
    older: tuple[Dataset, ...] = ()
    """Versions that are copied before it, the oldest first."""
    refused: Rejected | None = None
    """Why it cannot be made: the target forbids its name."""


def target_name(workspace: Workspace, dataset: Dataset, before: str) -> str:
    """What a copy of `dataset` is called in `workspace`: `before` and the name that it has had."""
    name = dict(dataset.tags).get(NAME_TAG, dataset.name)
    return workspace.name_for(dataset, f"{before}{name}")


def target_names(
    workspace: Workspace, datasets: Sequence[Dataset], before: str, taken: set[str]
) -> list[str]:
    """What copies of several are called there; the names are put to those that are `taken`.

    Raises:
        UsageError: two would be called alike.
    """
    names = [target_name(workspace, one, before) for one in datasets]
    for name in names:
        if name in taken:
            raise UsageError(
                f'Two datasets would be called "{visible(name)}"', hint="Copy one of them."
            )
        taken.add(name)
    return names


async def known(session: Session, dataset: Dataset) -> Dataset:
    """All that is known of a dataset; one that is broken fails alone, when it is copied."""
    try:
        return await session.whole(dataset)
    except (Unreachable, Unauthorized):
        raise
    except AmltuiError:
        return dataset


async def planned(
    source: Session,
    datasets: list[tuple[Dataset, str]],
    target: Session,
    *,
    replace: bool = False,
    same: Compare | None = None,
    versions: bool = False,
) -> list[CopyStep]:
    """What copying `datasets`, each under a name, will do; nothing is changed.

    Args:
        source: where they are.
        datasets: what to copy, with the names that they are to have.
        target: where they are to be.
        replace: whether what has such a name may be replaced, as its new version where kept.
        same: leave out what is the same there by this measure.
        versions: copy all versions of each, the oldest first; of a copy that has the first of
            them already, the others.

    Raises:
        Conflict: a name is taken and `replace` is not given.
        UsageError: a dataset would be copied onto itself.
        NotSupportedByServer: the target can only be read.
    """
    workspace = await target.connect()
    capabilities = await workspace.capabilities()
    capabilities.write.require()
    there = await _there(target, workspace, [name for _, name in datasets])
    inside = bool(capabilities.copy) and workspace.copies_from(await source.connect())
    steps: list[CopyStep] = []
    for dataset, name in datasets:
        try:
            workspace.check_name(name)
        except Rejected as error:  # the others can be copied
            steps.append(CopyStep(dataset, name, None, Way.NONE, refused=error))
            continue
        old = there.get(name)
        if source.key == target.key and old is not None and old.key == dataset.key:
            raise UsageError(f'"{visible(name)}" would be copied onto itself.')
        if versions:
            steps.append(await _all_versions(source, dataset, target, name, old, replace=replace))
            continue
        way = Way.STORE if inside and old is None else Way.MACHINE
        if old is not None and same is not None and await _same(source, dataset, target, old, same):
            way = Way.NONE
        elif old is not None and not replace:
            raise _taken(name)
        steps.append(CopyStep(dataset, name, old, way))
    return steps


async def _all_versions(
    source: Session,
    dataset: Dataset,
    target: Session,
    name: str,
    old: Dataset | None,
    *,
    replace: bool,
) -> CopyStep:
    """The copy of all versions, or of those that are not there yet.

    Raises:
        NotSupportedByServer: one of both keeps no versions.
        Conflict: what has the name has other versions, and `replace` is not given.
    """
    here = await _versions(source, dataset)
    (await (await target.connect()).capabilities()).versions.require()
    if old is not None:
        there = await _versions(target, old)
        if len(there) <= len(here) and all(map(_alike, here, there)):
            here = here[len(there) :]
        elif not replace:
            raise _taken(name)
    if not here:
        return CopyStep(dataset, name, old, Way.NONE)
    return CopyStep(here[-1], name, old, Way.MACHINE, here[:-1])


async def _versions(session: Session, dataset: Dataset) -> tuple[Dataset, ...]:
    """All versions, the oldest first."""
    found = await (await session.connect()).versions(dataset.key)
    return tuple([await session.whole(one) for one in reversed(found)])


def _alike(one: Dataset, other: Dataset) -> bool:
    """Whether one version is a copy of the other, as far as workspaces tell."""
    if None in {one.size, other.size} or one.size != other.size:
        return False
    hashes = {one.sha256, other.sha256} - {None}
    return len(hashes) <= 1 and one.description == other.description


def _taken(name: str) -> Conflict:
    return Conflict(
        f'There is a "{visible(name)}" already.',
        409,
        hint="Add --force to replace it, or name another target.",
    )


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


async def _there(target: Session, workspace: Workspace, names: list[str]) -> dict[str, Dataset]:
    """What has these names; few are asked for one by one, as a list may be long."""
    if len(names) > _FEW:
        return {one.name: one for one in (await target.current_list()).datasets}
    found = [await workspace.named(name) for name in names]
    return {one.name: one for one in found if one is not None}


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


async def copy(source: Session, step: CopyStep, target: Session) -> Made:
    """Make one copy, with description, type, and tags where there are such; what it became.

    Older versions of it go first.

    Raises:
        Conflict: somebody took the name meanwhile.
        Damaged: what came, or what was stored, is not what was promised.
        AmltuiError: what stopped it.
    """
    there, left = step.there, dict[str, str]()
    for dataset in (*step.older, step.source):
        one = dataclasses.replace(step, source=dataset, there=there, older=())
        there = await _tagged(target, dataset, await _copied(source, one, target))
        for what, value in not_kept(dataset, there).items():
            if dataset is step.source:
                left[what] = value
            elif what in {"description", "type"} or what.startswith("tag "):
                left[f"{what} of {dataset.id}"] = value
    assert there is not None
    return Made(there, left)


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


async def _copied(source: Session, step: CopyStep, target: Session) -> Dataset:
    workspace, here = await target.connect(), await source.connect()
    dataset = step.source
    if step.way is Way.STORE:
        made = await workspace.copy_from(here, dataset, name=step.name)
        return await workspace.dataset(made)
    local = await here.local_content(dataset)
    if local is not None:
        return await _sent(target, step, local.path)
    if not source.cache.fits(dataset.size or 0):
        options = (await target.transfers()).options
        return await _streamed(here, step, workspace, options)
    queue = await source.transfers()
    await source.finished(queue.download(dataset), keep=True)
    path, _ = await source.cached_content(dataset)
    return await _sent(target, step, path)


async def _sent(target: Session, step: CopyStep, path: Path) -> Dataset:
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


async def _streamed(here: Workspace, step: CopyStep, there: Workspace, options: Options) -> Dataset:
    """Send what comes as it comes; memory holds some parts at a time."""
    from amltui.transfers.content_stream import ContentStream
    from amltui.transfers.sources import PieceSource
    from amltui.transfers.uploader import send

    async def connect() -> Workspace:
        return here

    content = ContentStream(connect, step.source, options=options)
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
            options,
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
    return await content_sha256(source, dataset) == await content_sha256(target, old)
