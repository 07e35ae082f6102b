"""How long old versions and the audit log are kept; the janitor of every server sees to it.

The latest version of a dataset never goes. An old one goes when every rule that is set says so:
there are enough newer ones, and it was replaced long enough ago.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from amltui.server import audit, catalog, clock
from amltui.server.audit import Origin
from amltui.server.database.engine import upsert
from amltui.server.database.tables import instances, settings
from amltui.server.state import ServerState

_NAME: Final = "retention"
_BATCH: Final = 100
"""Versions that are deleted in one transaction: others wait for it."""
_DAY: Final = 86_400 * 1_000_000


@dataclass(frozen=True, slots=True)
class Policy:
    """What is kept."""

    keep: int | None = None
    """Versions of each dataset that stay, the latest one counted. None: this rule says nothing."""
    days: float | None = None
    """Days that a version stays after it was replaced. None: this rule says nothing."""
    audit_days: float = 365.0
    """Days that an entry of the audit log stays."""

    @property
    def deletes(self) -> bool:
        """Whether any version ever goes."""
        return self.keep is not None or self.days is not None


@dataclass(frozen=True, slots=True)
class Old:
    """A version that is to go, or went."""

    id: str
    name: str
    number: int
    size: int
    replaced: datetime
    """When the version after it was made."""


def in_words(policy: Policy) -> str:
    """The policy as a person reads it."""
    rules = []
    if policy.keep is not None:
        rules.append(f"there are {policy.keep} newer ones")
    if policy.days is not None:
        rules.append(f"it was replaced {policy.days:g} days ago")
    versions = f"An old version goes when {' and '.join(rules)}." if rules else "All versions stay."
    return f"{versions} The audit log is kept for {policy.audit_days:g} days."


async def read(connection: AsyncConnection) -> Policy:
    """The policy in force."""
    value = await connection.scalar(sa.select(settings.c.value).where(settings.c.name == _NAME))
    return msgspec.json.decode(value, type=Policy) if value else Policy()


async def write(connection: AsyncConnection, policy: Policy) -> None:
    """Set the policy for all servers of the workspace."""
    value = msgspec.json.encode(asdict(policy)).decode()
    statement = upsert(connection.dialect.name == "sqlite")(settings)
    await connection.execute(
        statement.values(name=_NAME, value=value).on_conflict_do_update(
            index_elements=["name"], set_={"value": value}
        )
    )


async def due(connection: AsyncConnection, workspace_id: str, policy: Policy) -> list[Old]:
    """Versions that go by this policy now, the oldest first."""
    if not policy.deletes:
        return []
    family, number = instances.c.family_id, instances.c.number
    newer = sa.func.row_number().over(partition_by=family, order_by=number.desc()) - 1
    replaced = sa.func.lead(instances.c.created).over(partition_by=family, order_by=number)
    ranked = (
        sa.select(
            instances.c.id,
            instances.c.name,
            instances.c.number,
            instances.c.size,
            instances.c.is_latest,
            newer.label("newer"),
            replaced.label("replaced"),
        )
        .where(instances.c.workspace_id == workspace_id)
        .subquery()
    )
    chosen = sa.select(ranked).where(~ranked.c.is_latest).where(ranked.c.replaced.is_not(None))
    if policy.keep is not None:
        chosen = chosen.where(ranked.c.newer >= policy.keep)
    if policy.days is not None:
        chosen = chosen.where(ranked.c.replaced < clock.now() - int(policy.days * _DAY))
    found = await connection.execute(chosen.order_by(ranked.c.replaced, ranked.c.id))
    return [_old(row) for row in found]


async def apply(state: ServerState) -> int:
    """Delete what goes by the policy in force, versions and entries of the audit log; how many.

    Every server may do so at the same time: each version is deleted, and written down, once.
    """
    async with state.database.reading() as connection:
        policy = await read(connection)
        old = await due(connection, state.workspace_id, policy)
    deleted = 0
    for start in range(0, len(old), _BATCH):
        deleted += await _delete(state, old[start : start + _BATCH])
    if deleted:
        state.freed.set()
    await audit.forget(state.database, policy.audit_days)
    return deleted


async def _delete(state: ServerState, old: list[Old]) -> int:
    origin = Origin("retention", None, audit.LOCAL)
    async with catalog.changing(state.database, state.workspace_id) as connection:
        gone = await connection.execute(
            sa.delete(instances)
            .where(instances.c.id.in_([one.id for one in old]))
            .where(~instances.c.is_latest)
            .returning(instances.c.id)
        )
        ids = set(gone.scalars())
        for one in old:
            if one.id in ids:
                await audit.record(connection, origin, "version.delete", one.id, one.name)
    return len(ids)


def _old(row: sa.Row[Any]) -> Old:
    return Old(row.id, row.name, row.number, row.size, clock.moment(row.replaced))
