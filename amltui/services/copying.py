"""What copying datasets between workspaces of any kind will do; `copies` does it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from amltui.errors import (
    AmltuiError,
    Conflict,
    Rejected,
    Unauthorized,
    Unreachable,
    UsageError,
)
from amltui.models import NAME_TAG, Dataset
from amltui.services.hashes import content_sha256
from amltui.text import visible

if TYPE_CHECKING:
    from amltui.services.session import Session
    from amltui.transfers.records import CopyPart
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
    versions: bool = False
    """Whether all versions were asked for."""
    older: tuple[Dataset, ...] = ()
    """Versions that are copied before it, the oldest first."""
    refused: Rejected | None = None
    """Why it cannot be made: the target forbids its name."""


def step_of(part: CopyPart) -> CopyStep:
    """What a journal has, as it was planned."""
    way = Way.STORE if part.inside else Way.MACHINE
    return CopyStep(part.source, part.name, part.replaces, way, part.versions, part.older)


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

    What a process that is gone had begun of the same is gone on with as it was planned then.

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
    begun = _begun(source, target)
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
        part = begun.get(name)
        if part is not None and part.goes_on(dataset, old, versions=versions, replace=replace):
            steps.append(step_of(part.part))
            continue
        if versions:
            steps.append(await _all_versions(source, dataset, target, name, old, replace=replace))
            continue
        way = Way.STORE if inside and old is None else Way.MACHINE
        if (
            old is not None
            and same is not None
            and await is_same(source, dataset, target, old, same)
        ):
            way = Way.NONE
        elif old is not None and not replace:
            raise _taken(name)
        steps.append(CopyStep(dataset, name, old, way))
    return steps


@dataclass(frozen=True, slots=True)
class _Begun:
    """A copy that a process that is gone had begun."""

    part: CopyPart
    made: tuple[str, ...]
    ending: bool
    """Whether the target was asked for the last step, and may have taken it."""

    def goes_on(
        self, dataset: Dataset, old: Dataset | None, *, versions: bool, replace: bool
    ) -> bool:
        """Whether what is asked for now goes on with it; `old`: what has its name there now."""
        part = self.part
        if part.versions != versions or dataset.id != part.source.id:
            return False
        if old is None or old.id in self.made:
            return True
        if part.replaces is not None:
            return replace and old.key == part.replaces.key
        return part.inside or self.ending


def _begun(source: Session, target: Session) -> dict[str, _Begun]:
    from amltui.transfers.journal import Journal

    journal = Journal(target.cache.journals)
    found = journal.begun_copies(source.key, target.key)
    ending = {one.name for one in journal.ending_parts(target.key)} if found else set()
    return {
        name: _Begun(part, progress.made, name in ending)
        for name, (part, progress) in found.items()
    }


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
        return CopyStep(dataset, name, old, Way.NONE, versions=True)
    return CopyStep(here[-1], name, old, Way.MACHINE, versions=True, older=here[:-1])


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


async def _there(target: Session, workspace: Workspace, names: list[str]) -> dict[str, Dataset]:
    """What has these names; few are asked for one by one, as a list may be long."""
    if len(names) > _FEW:
        return {one.name: one for one in (await target.current_list()).datasets}
    found = [await workspace.named(name) for name in names]
    return {one.name: one for one in found if one is not None}


async def is_same(
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
