"""Copying a whole workspace into another database or store, with all its ids.

First the database is copied as it is at one moment, to a file; then the contents that it tells
of, after their records; last, in one transaction, the file's rows into the other database. So
whatever breaks off in between leaves contents that the next run finds again, or that the janitor
takes because nothing refers to them, and a workspace as it was. What was copied is read back and
compared.

A copy may be brought up to date by copying again, until it is changed itself: a mark in it says
what it was then.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import anyio.to_thread
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from amltui.models import GLOBAL_WORKSPACE_ID
from amltui.server import clock
from amltui.server.database import schema_versions, tables
from amltui.server.database.engine import Database, upsert
from amltui.server.http_errors import NotFound, StartError
from amltui.server.startup import check_store
from amltui.server.store.base import Store, Stored

TURNS: Final = 10
"""Times that the database is copied while others delete what was in it."""
_BATCH: Final = 1_000
"""Rows that are copied at once."""
_AT_ONCE: Final = 4
"""Contents that are copied at once."""
_MARK: Final = "copied"
"""The setting of a copy that says what it was when it was made."""
_STATE: Final = (
    tables.secrets,
    tables.workspaces,
    tables.tokens,
    tables.families,
    tables.instances,
    tables.experiments,
    tables.outputs,
)
"""What a workspace is: if it is the same in these, nobody changed it."""
_PASSING: Final = {tables.tokens.c.last_used, tables.contents.c.touched, tables.contents.c.doomed}

Told = Callable[[int, int], None]
"""Is told, from time to time, how many of how many bytes are copied or were there."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy holds now."""

    contents: int
    bytes: int
    """Of all its contents."""
    copied: int
    """Contents that were not there before."""
    damaged: tuple[str, ...]
    """SHA-256 of contents that are not in it: the store has other bytes for them, or none."""
    current: bool = True
    """Whether the workspace is still what was copied; if not, copy again once it is not served."""


async def copy(
    source: Database, store: Store, target: Database, target_store: Store, told: Told
) -> Copied:
    """Copy a workspace, or bring a copy up to date. Uploads that are under way do not come along.

    Database or store may be the same: what stays is not copied.

    Raises:
        StartError: the source's store is not in place, or the target holds something else, or a
            copy that was changed since.
    """
    async with source.reading() as connection:
        found = await _workspace_of(connection)
    if found is None:
        raise StartError("There is no workspace to copy.")
    await check_store(source, store, found)
    if target is not source:
        await schema_versions.prepare(target)
        async with target.snapshot() as connection:
            await _refuse_other(connection, found)
    announce = partial(_announce, target) if target is not source else None
    taken = await take(source, store, target_store, told, announce)
    try:
        present = await _compare(target_store, taken)
        if target is not source:
            await _load(taken, present, target, found)
        async with source.snapshot() as connection:
            now = await digest(connection, _STATE)
        current = now == await anyio.to_thread.run_sync(_digest_of_file, taken.file, _STATE)
    finally:
        taken.file.unlink()
    return taken.result(current=current)


@dataclass(frozen=True, slots=True)
class Taken:
    """A copy of the database in a file, and of the contents that it tells of."""

    file: Path
    wanted: tuple[Stored, ...]
    damaged: frozenset[str]
    copied: int

    def result(self, *, current: bool = True) -> Copied:
        """In numbers."""
        whole = [stored for stored in self.wanted if stored.sha256 not in self.damaged]
        size = sum(stored.size for stored in whole)
        return Copied(len(whole), size, self.copied, tuple(sorted(self.damaged)), current)


async def take(
    database: Database,
    store: Store,
    target: Store,
    told: Told,
    announce: Callable[[Sequence[Stored]], Awaitable[None]] | None = None,
) -> Taken:
    """Copy the database into a file that the caller removes, and the contents if not in `target`.

    `announce` is told of contents before they are copied.

    Raises:
        StartError: contents are deleted faster than copied.
    """
    copied, damaged, missing = 0, set[str](), set[str]()
    for _ in range(TURNS):
        file = target.scratch()
        try:
            await _snapshot(database, file)
            wanted = await anyio.to_thread.run_sync(_only_what_lasts, file)
            known = {stored.sha256 for stored in wanted}
            # What a copy of the database tells of that was made after it was missed, is lost.
            damaged = (damaged | missing) & known
            if target is not store:
                if announce is not None:
                    await announce(wanted)
                turn = _Turn(store, target, told)
                await turn.copy([s for s in wanted if s.sha256 not in damaged])
                copied += turn.copied
                damaged |= turn.damaged
                missing = turn.missing
            if not missing:
                return Taken(file, tuple(wanted), frozenset(damaged), copied)
        except BaseException:
            file.unlink(missing_ok=True)
            raise
        file.unlink()
    raise StartError("Contents are deleted faster than they are copied. Try again later.")


class _Turn:
    """One walk over the contents that are wanted."""

    def __init__(self, source: Store, target: Store, told: Told) -> None:
        self._source = source
        self._target = target
        self._told = told
        self.copied = 0
        self.damaged = set[str]()
        self.missing = set[str]()

    async def copy(self, wanted: list[Stored]) -> None:
        """Copy what the target does not have."""
        present = {stored async for stored in self._target.list()}
        todo = [stored for stored in wanted if stored not in present]
        total = sum(stored.size for stored in wanted)
        done = total - sum(stored.size for stored in todo)
        self._told(done, total)
        left = iter(todo)

        async def work() -> None:
            nonlocal done
            for stored in left:
                await self._one(stored)
                done += stored.size
                self._told(done, total)

        async with asyncio.TaskGroup() as group:
            for _ in range(_AT_ONCE):
                group.create_task(work())

    async def _one(self, stored: Stored) -> None:
        try:
            async with self._target.stage() as staged:
                if stored.size:
                    async for chunk in self._source.read(stored.sha256, 0, stored.size):
                        await staged.write(chunk)
                elif not await self._source.has(stored.sha256, 0):
                    raise NotFound("It is not there.")  # noqa: TRY301 - as a read says it
                if await staged.finish() != stored:
                    self.damaged.add(stored.sha256)
                    return
                await staged.publish()
        except NotFound:
            self.missing.add(stored.sha256)
        else:
            self.copied += 1


async def digest(connection: AsyncConnection, chosen: Iterable[sa.Table]) -> str:
    """What tables hold, whatever the order of rows and the kind of database."""
    total = 0
    for table in chosen:
        if connection.dialect.supports_server_side_cursors:
            rows = await connection.stream(_compared(table))
            async for batch in rows.partitions(_BATCH):
                total += _sum(table, batch)
        else:  # SQLite's writer, which gives all rows at once
            for batch in (await connection.execute(_compared(table))).partitions(_BATCH):
                total += _sum(table, batch)
    return f"{total % (1 << 256):064x}"


def _digest_of_file(file: Path, chosen: Iterable[sa.Table]) -> str:
    total = 0
    engine = engine_of(file)
    try:
        with engine.connect() as connection:
            for table in chosen:
                for batch in connection.execute(_compared(table)).partitions(_BATCH):
                    total += _sum(table, batch)
    finally:
        engine.dispose()
    return f"{total % (1 << 256):064x}"


def _compared(table: sa.Table) -> sa.Select[Any]:
    chosen = sa.select(*(column for column in table.c if column not in _PASSING))
    return chosen.where(table.c.name != _MARK) if table is tables.settings else chosen


def _sum(table: sa.Table, rows: Iterable[sa.Row[Any]]) -> int:
    return sum(
        int.from_bytes(hashlib.sha256(f"{table.name}{tuple(row)!r}".encode()).digest())
        for row in rows
    )


async def _workspace_of(connection: AsyncConnection) -> str | None:
    ids = sa.select(tables.workspaces.c.id)
    found = await connection.scalar(ids.where(tables.workspaces.c.id != GLOBAL_WORKSPACE_ID))
    return str(found) if found is not None else None


async def _refuse_other(connection: AsyncConnection, workspace_id: str) -> None:
    """Refuse a target that holds more than a copy of this workspace as it was made."""
    found = await _workspace_of(connection)
    if found is None:
        return
    if found != workspace_id:
        raise StartError("The target holds another workspace. Choose an empty one.")
    mark = await connection.scalar(
        sa.select(tables.settings.c.value).where(tables.settings.c.name == _MARK)
    )
    if mark is None or json.loads(mark) != await digest(connection, _STATE):
        raise StartError(
            "The target holds this workspace already, and it was changed there: to copy over it "
            "would lose that. Choose an empty target."
        )


async def _announce(target: Database, wanted: Sequence[Stored]) -> None:
    """Write records of contents that are about to come, so that none of them is left unknown."""
    statement: Any = upsert(target.is_sqlite)(tables.contents)
    async with target.writing() as connection:
        for start in range(0, len(wanted), _BATCH):
            rows = [_unused(stored, clock.now()) for stored in wanted[start : start + _BATCH]]
            await connection.execute(statement.on_conflict_do_nothing(), rows)


def _unused(stored: Stored, touched: int) -> dict[str, Any]:
    return {"sha256": stored.sha256, "size": stored.size, "touched": touched, "doomed": False}


async def _load(taken: Taken, present: set[Stored], target: Database, workspace_id: str) -> None:
    """Put the file's rows in the place of the target's, as one change.

    Of contents that an earlier run brought, and that are no longer wanted, the records stay.
    """
    file = taken.file
    engine = engine_of(file)
    try:
        async with target.writing() as connection:
            await schema_versions.lock(connection, target)
            await _refuse_other(connection, workspace_id)
            brought = sa.select(tables.contents.c.sha256, tables.contents.c.size)
            known = {Stored(*row) for row in await connection.execute(brought)}
            for table in reversed(tables.METADATA.sorted_tables):
                await connection.execute(sa.delete(table))
            for table in tables.METADATA.sorted_tables:
                for rows in _batches(engine, table):
                    await connection.execute(sa.insert(table), rows)
            if not target.is_sqlite:
                await connection.execute(_next_audit_id())
            written = await digest(connection, tables.METADATA.sorted_tables)
            if written != _digest_of_file(file, tables.METADATA.sorted_tables):
                raise StartError("The target does not give back what was written to it.")
            mark = json.dumps(await digest(connection, _STATE))
            await connection.execute(sa.insert(tables.settings).values(name=_MARK, value=mark))
            left = [_unused(stored, 0) for stored in (known & present).difference(taken.wanted)]
            if left:
                await connection.execute(sa.insert(tables.contents), left)
    finally:
        engine.dispose()


def _next_audit_id() -> sa.Select[Any]:
    """Let the next entry have a number of its own: those that came had theirs already."""
    last = sa.select(sa.func.max(tables.audit.c.id)).scalar_subquery()
    sequence = sa.func.pg_get_serial_sequence("audit", "id")
    return sa.select(sa.func.setval(sequence, sa.func.coalesce(last, 0) + 1, False))


def _batches(engine: sa.Engine, table: sa.Table) -> Iterator[list[dict[str, Any]]]:
    chosen = sa.select(table)
    if table is tables.settings:
        chosen = chosen.where(table.c.name != _MARK)
    with engine.connect() as connection:
        for batch in connection.execute(chosen).mappings().partitions(_BATCH):
            yield [dict(row) for row in batch]


async def _compare(store: Store, taken: Taken) -> set[Stored]:
    """Find all contents that were wanted among the ones that are there."""
    present = {stored async for stored in store.list()}
    for stored in taken.wanted:
        if stored not in present and stored.sha256 not in taken.damaged:
            raise StartError(f"The target's store has lost {stored.sha256}. Copy again.")
    return present


async def _snapshot(database: Database, file: Path) -> None:
    """Copy the database as it is at one moment."""
    if database.is_sqlite:
        async with database.reading() as connection:
            await connection.execute(sa.text("VACUUM INTO :path"), {"path": str(file)})
        await anyio.to_thread.run_sync(_bring_up, file)
        return
    await anyio.to_thread.run_sync(file.touch, 0o600)
    engine = engine_of(file)
    try:
        with engine.begin() as target:
            schema_versions.create(target)
            async with database.snapshot() as source:
                for table in tables.METADATA.sorted_tables:
                    rows = await source.stream(sa.select(table))
                    async for batch in rows.mappings().partitions(_BATCH):
                        target.execute(sa.insert(table), [dict(row) for row in batch])
    finally:
        engine.dispose()


def _bring_up(file: Path) -> None:
    """For a backup may be of an older version of the schema."""
    file.chmod(0o600)
    engine = engine_of(file)
    try:
        with engine.begin() as connection:
            schema_versions.prepare_connection(connection)
    finally:
        engine.dispose()


def _only_what_lasts(file: Path) -> list[Stored]:
    """Leave out uploads and contents without a reference; the contents that stay."""
    engine = engine_of(file)
    contents = tables.contents
    try:
        with engine.begin() as connection:
            connection.execute(sa.delete(tables.blocks))
            connection.execute(sa.delete(tables.uploads))
            used: list[Any] = [
                sa.select(table.c.sha256) for table in (tables.instances, tables.outputs)
            ]
            unused = contents.c.sha256.not_in(sa.union(*used))
            gone = sa.select(contents.c.sha256).where(unused)
            connection.execute(sa.delete(tables.profiles).where(tables.profiles.c.sha256.in_(gone)))
            connection.execute(sa.delete(contents).where(unused))
            found = connection.execute(sa.select(contents.c.sha256, contents.c.size))
            return [Stored(row.sha256, row.size) for row in found]
    finally:
        engine.dispose()


def engine_of(file: Path) -> sa.Engine:
    """Plain access to a SQLite file that nobody else uses."""
    return sa.create_engine(sa.URL.create("sqlite", database=str(file)), hide_parameters=True)
