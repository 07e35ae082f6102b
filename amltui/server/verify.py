"""`amltui serve --check`: verify the database, and every content against its record and hash."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from amltui.server.database.engine import Database
from amltui.server.database.tables import contents, families, instances, outputs
from amltui.server.http_errors import HTTPError, NotFound
from amltui.server.store.base import Store, Stored


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What a check found."""

    contents: int
    """Contents that were read."""
    bytes: int
    findings: tuple[str, ...]
    """One sentence each; none: all is well."""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


async def verify(database: Database, store: Store) -> VerifyReport:
    """Read all contents and compare them with their names and records; changes nothing.

    Contents that appear or go while it reads are no findings.
    """
    try:
        damage = await database.damage(thorough=True)
        report = await _compare(database, store)
    except sa.exc.DatabaseError as error:
        return VerifyReport(0, 0, (f"The database cannot be read: {error.orig}. {_LOST}",))
    found = tuple(f"The database is damaged: {line}." for line in damage)
    return replace(report, findings=(*found, *report.findings))


_LOST = "Restore it from a backup: `amltui server restore`."


async def _compare(database: Database, store: Store) -> VerifyReport:
    async with database.reading() as connection:
        known = {
            row.sha256: row.size
            for row in await connection.execute(sa.select(contents).where(~contents.c.doomed))
        }
    faults: dict[str, str] = {}
    for sha256, size in known.items():
        found = await fault(store, sha256, size)
        if found:
            faults[sha256] = found
    async with database.reading() as connection:
        named = await _names(connection)  # as it is now: what went meanwhile is no finding
    findings = [
        f"Content {sha256} {fault}. Used by {', '.join(sorted(named.get(sha256, {'nothing'})))}."
        for sha256, fault in faults.items()
        if sha256 in named or fault != _MISSING
    ]
    findings += await _orphans(database, store)
    findings += await _families(database)
    return VerifyReport(len(known), sum(known.values()), tuple(findings))


_MISSING = "is missing in the store"


async def fault(store: Store, sha256: str, size: int) -> str | None:
    """What is wrong with a content, as the end of a sentence; None: nothing."""
    if not await store.has(sha256, size):
        return _MISSING
    digest = hashlib.sha256()
    try:
        async for chunk in store.read(sha256, 0, size):
            digest.update(chunk)
    except NotFound:
        return _MISSING
    except HTTPError as error:
        return f"cannot be read: {error}"
    return None if digest.hexdigest() == sha256 else "is damaged: its bytes have another hash"


async def _names(connection: AsyncConnection) -> dict[str, set[str]]:
    named: dict[str, set[str]] = {}
    for row in await connection.execute(sa.select(instances.c.sha256, instances.c.name)):
        named.setdefault(row.sha256, set()).add(repr(row.name))
    for row in await connection.execute(sa.select(outputs.c.sha256, outputs.c.port)):
        named.setdefault(row.sha256, set()).add(f"output {row.port!r}")
    return named


async def _orphans(database: Database, store: Store) -> list[str]:
    """Contents without a record; the store is listed first, so that a new one has its record.

    The janitor removes the bytes before the record: what it took meanwhile is not there any more.
    """
    orphans = await _unrecorded(database, [stored async for stored in store.list()])
    if orphans:
        there = {stored.sha256 async for stored in store.list()}
        still = [stored for stored in orphans if stored.sha256 in there]
        orphans = await _unrecorded(database, still)
    return [
        f"The store holds {stored.sha256}, which the database does not know." for stored in orphans
    ]


async def _unrecorded(database: Database, listed: Sequence[Stored]) -> list[Stored]:
    async with database.reading() as connection:
        recorded = set((await connection.execute(sa.select(contents.c.sha256))).scalars())
    return [stored for stored in listed if stored.sha256 not in recorded]


async def _families(database: Database) -> list[str]:
    """Families whose latest instance is missing or has another name."""
    joined = sa.outerjoin(
        families, instances, (instances.c.family_id == families.c.id) & instances.c.is_latest
    )
    async with database.reading() as connection:
        found = await connection.execute(
            sa.select(families.c.name, instances.c.name.label("shown")).select_from(joined)
        )
        wrong = [row.name for row in found if row.shown != row.name]
    return [f"The data set {name!r} has no latest instance of its name." for name in wrong]
