"""Who did what: one row of the database for each change, each refusal and each download.

A change's entry is written in the transaction of the change, so that neither is there without the
other. Downloads and refusals change nothing: they are gathered, and written every few seconds and
when the server stops; a server that is killed loses the last of them. Of those, one entry stands
for all that are alike within ten minutes. No entry holds a token, a link or contents.
"""

from __future__ import annotations

import asyncio
import getpass
import logging
import os
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from amltui.server import clock, log
from amltui.server.database.engine import Database
from amltui.server.database.failures import is_failure
from amltui.server.database.tables import audit
from amltui.server.http_errors import HTTPError

_EVERY: Final = 2.0
"""Seconds between two times that gathered entries are written."""
_WINDOW: Final = 600.0
"""Seconds for which one gathered entry stands for all that are like it."""
_GATHERED: Final = 10_000
"""Entries that are gathered at most, and that are remembered as written."""
_BATCH: Final = 500
_INSERT: Final = sa.insert(audit)
LOCAL: Final = "local"
"""The client of what is done on the server's machine itself."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request comes from."""

    actor: str
    """The token's name; "" when nobody is known."""
    token_id: str | None
    client: str
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What was done, or refused."""

    time: datetime
    actor: str
    token_id: str | None
    client: str
    action: str
    target: str
    name: str
    status: int
    """As the request was answered: 200 to 299 for what was done."""
    request_id: str


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries; None and "" let all through."""

    since: datetime | None = None
    until: datetime | None = None
    actor: str = ""
    action: str = ""
    """An action, or what stands before its dot: `token` for all of `token.*`."""
    dataset: str = ""
    """A name, or an id; a family's id stands for all its instances."""
    client: str = ""
    refused: bool = False
    """Only what was refused."""
    last: int | None = None
    """Only the newest of them."""


def local() -> Origin:
    """Who works on the server's machine itself."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # an account without a name
        name = str(os.getuid())
    return Origin(f"{name}@{LOCAL}", None, LOCAL)


async def record(
    connection: AsyncConnection, origin: Origin, action: str, target: str = "", name: str = ""
) -> None:
    """Write down a change in its own transaction."""
    await connection.execute(_INSERT, row(origin, action, target, name))


class Gathered:
    """Entries of one server that wait to be written."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[dict[str, Any]] = []
        self._seen: OrderedDict[int, float] = OrderedDict()
        self._lost = 0

    def add(
        self, origin: Origin, action: str, target: str = "", name: str = "", status: int = 200
    ) -> None:
        """Remember it, unless one like it was there just now."""
        # Ten thousand of these are kept: as tuples they would take 5 MB, not 1.3.
        alike = hash((origin.actor, origin.token_id, origin.client, action, target, status))
        now = time.monotonic()
        before = self._seen.get(alike)
        if before is not None and before > now - _WINDOW:
            return
        if len(self._waiting) >= _GATHERED:
            self._lost += 1
            return
        self._seen[alike] = now
        self._seen.move_to_end(alike)
        while len(self._seen) > _GATHERED:
            self._seen.popitem(last=False)
        self._waiting.append(row(origin, action, target, name, status))

    async def run(self) -> None:
        """Write what was gathered, again and again, until cancelled."""
        while True:
            await asyncio.sleep(_EVERY)
            await self.write()

    async def write(self) -> None:
        """Write what was gathered. What the database does not take now stays."""
        while self._waiting:
            batch = self._waiting[:_BATCH]
            try:
                async with self._database.writing() as connection:
                    await connection.execute(_INSERT, batch)
            except Exception as error:
                if not is_failure(error) and not isinstance(error, HTTPError):
                    raise
                log.event("audit failed", logging.ERROR, failed=True, waiting=len(self._waiting))
                return
            del self._waiting[: len(batch)]
        if self._lost:
            log.event("audit entries lost", logging.ERROR, count=self._lost)
            self._lost = 0


async def find(connection: AsyncConnection, which: Filter) -> AsyncIterator[Sequence[AuditEntry]]:
    """Entries in batches, oldest first."""
    chosen = sa.select(audit).where(*_conditions(which))
    if which.last is not None:
        newest = chosen.order_by(audit.c.time.desc(), audit.c.id.desc()).limit(which.last)
        chosen = sa.select(newest.subquery())
    columns = chosen.selected_columns
    rows = await connection.stream(chosen.order_by(columns.time, columns.id))
    async for batch in rows.partitions(_BATCH):
        yield [_entry(row) for row in batch]


async def count(connection: AsyncConnection, which: Filter) -> int:
    """How many entries there are, however many of the last are asked for."""
    counted = sa.select(sa.func.count()).select_from(audit).where(*_conditions(which))
    return int(await connection.scalar(counted) or 0)


async def forget(database: Database, days: float) -> None:
    """Delete entries that are older, some at a time: others wait meanwhile."""
    before = clock.now() - int(days * 86_400 * 1_000_000)
    old = sa.select(audit.c.id).where(audit.c.time < before).limit(_BATCH)
    deleted = _BATCH
    while deleted == _BATCH:
        async with database.writing() as connection:
            gone = await connection.execute(sa.delete(audit).where(audit.c.id.in_(old)))
            deleted = gone.rowcount


def _conditions(which: Filter) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if which.since is not None:
        found.append(audit.c.time >= clock.microseconds(which.since))
    if which.until is not None:
        found.append(audit.c.time < clock.microseconds(which.until))
    if which.actor:
        found.append(audit.c.actor == which.actor)
    if which.action:
        group = audit.c.action.startswith(f"{which.action}.", autoescape=True)
        found.append((audit.c.action == which.action) | group)
    if which.dataset:
        family = audit.c.target.contains(f".{which.dataset}.", autoescape=True)
        same = (audit.c.target == which.dataset) | (audit.c.name == which.dataset)
        found.append(same | family)
    if which.client:
        found.append(audit.c.client == which.client)
    if which.refused:
        found.append(audit.c.status >= 400)
    return found


def row(origin: Origin, action: str, target: str, name: str, status: int = 200) -> dict[str, Any]:
    """An entry as the database keeps it."""
    return {
        "time": clock.now(),
        "actor": origin.actor,
        "token_id": origin.token_id,
        "client": origin.client,
        "action": action,
        "target": target[:500].replace("\x00", ""),
        "name": name[:500].replace("\x00", ""),
        "status": status,
        "request_id": origin.request_id,
    }


def _entry(row: sa.Row[Any]) -> AuditEntry:
    return AuditEntry(
        time=clock.moment(row.time),
        actor=row.actor,
        token_id=row.token_id,
        client=row.client,
        action=row.action,
        target=row.target,
        name=row.name,
        status=row.status,
        request_id=row.request_id,
    )
