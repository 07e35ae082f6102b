"""Who takes how much room, and what a removal would give back.

Equal bytes are kept once, however many datasets refer to them: what is taken says how much a
group's contents are, each counted once; what is freed, how much of that nothing else refers to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from amltui.models import GLOBAL_WORKSPACE_ID
from amltui.server.database.tables import blocks, contents, instances, outputs

By = Literal["owner", "dataset", "version"]


@dataclass(frozen=True, slots=True)
class Group:
    """One owner's, one dataset's, one version's or one experiment's contents."""

    id: str
    """A family's, an instance's or an experiment's id; an owner's name."""
    name: str
    versions: int
    """Versions of datasets, or outputs of an experiment."""
    bytes: int
    frees: int
    """Bytes that would be given back if all of it were removed."""
    is_output: bool = False
    """Whether it is the outputs of an experiment."""


@dataclass(frozen=True, slots=True)
class Usage:
    """How the room of a workspace is taken."""

    groups: tuple[Group, ...]
    """Those that free most first."""
    stored: int
    """Bytes of all contents, each counted once."""
    examples: int
    """Bytes of contents that only examples refer to."""
    uploads: int
    """Bytes of blocks that were sent and not committed."""
    unused: int
    """Bytes of contents that nothing refers to; the janitor takes them."""


async def usage(connection: AsyncConnection, by: By) -> Usage:
    """Read it from the database."""
    found = await connection.execute(
        sa.select(
            instances.c.id,
            instances.c.family_id,
            instances.c.number,
            instances.c.is_latest,
            instances.c.sha256,
            instances.c.name,
            instances.c.owner,
            instances.c.created_by,
            instances.c.workspace_id,
        ).order_by(instances.c.family_id, instances.c.number)
    )
    names: dict[str, str] = {}
    references: list[tuple[str, str]] = []
    examples: set[str] = set()
    for row in found:
        if row.workspace_id == GLOBAL_WORKSPACE_ID:
            examples.add(row.sha256)
            continue
        key, name = _group(row, by)
        names[key] = name  # the latest version comes last
        references.append((key, row.sha256))
    experiments: set[str] = set()
    published = sa.select(outputs.c.experiment_id, outputs.c.sha256)
    for experiment_id, sha256 in await connection.execute(published):
        if experiment_id.startswith(GLOBAL_WORKSPACE_ID):
            examples.add(sha256)
            continue
        experiments.add(experiment_id)
        names[experiment_id] = experiment_id.rpartition(".")[2]
        references.append((experiment_id, sha256))
    sizes = {
        row.sha256: row.size
        for row in await connection.execute(sa.select(contents.c.sha256, contents.c.size))
    }
    waiting = await connection.scalar(sa.select(sa.func.coalesce(sa.func.sum(blocks.c.size), 0)))
    used = {sha256 for _, sha256 in references}
    return Usage(
        tuple(_groups(references, names, sizes, examples, experiments)),
        stored=sum(sizes.values()),
        examples=_total(sizes, examples - used),
        uploads=int(waiting or 0),
        unused=_total(sizes, sizes.keys() - used - examples),
    )


def _group(row: Any, by: By) -> tuple[str, str]:
    if by == "owner":
        owner = row.created_by or row.owner  # of what is older than tokens' names, who wrote it
        return owner, owner
    if by == "dataset":
        return row.family_id, row.name
    return row.id, f"{row.name}@{row.number}"


def _groups(
    references: Iterable[tuple[str, str]],
    names: dict[str, str],
    sizes: dict[str, int],
    examples: set[str],
    experiments: set[str],
) -> list[Group]:
    held: dict[str, list[str]] = defaultdict(list)
    holders: dict[str, set[str]] = defaultdict(set)
    for key, sha256 in references:
        held[key].append(sha256)
        holders[sha256].add(key)
    groups = [
        Group(
            key,
            names[key],
            len(found),
            _total(sizes, set(found)),
            _total(sizes, {one for one in found if len(holders[one]) == 1 and one not in examples}),
            is_output=key in experiments,
        )
        for key, found in held.items()
    ]
    return sorted(groups, key=lambda group: (-group.frees, -group.bytes, group.name))


def _total(sizes: dict[str, int], chosen: Iterable[str]) -> int:
    return sum(sizes.get(sha256, 0) for sha256 in chosen)
