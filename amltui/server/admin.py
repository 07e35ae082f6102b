"""What `amltui token` and `amltui serve --check` do, on the server's own data directory.

All functions are synchronous, open the database themselves and work beside a running server.
They raise `StartError` when there is no workspace to open, and `HTTPError` for what is refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from amltui.models import GLOBAL_WORKSPACE_ID, TokenInfo
from amltui.server import audit, janitor, settings, tokens, verify
from amltui.server import backup as saving
from amltui.server import repair as mending
from amltui.server import retention as keeping
from amltui.server import usage as measuring
from amltui.server.audit import AuditEntry, Filter, Gathered
from amltui.server.database import schema_versions, tables
from amltui.server.database.engine import Database, database_url, open_database
from amltui.server.database.failures import at_start
from amltui.server.http_errors import StartError
from amltui.server.janitor import Cleaned
from amltui.server.options import ServeOptions
from amltui.server.retention import Old, Policy
from amltui.server.startup import check_store, open_store
from amltui.server.state import ServerState
from amltui.server.store.base import Store
from amltui.server.usage import By, Usage
from amltui.server.verify import VerifyReport
from amltui.server.workspace_copy import Copied, Told

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A token that was just made."""

    info: TokenInfo
    secret: str
    """The token itself; it cannot be asked for again."""

    def __repr__(self) -> str:
        """Without the secret."""
        return f"NewSecret(info={self.info!r})"


def list_tokens(options: ServeOptions) -> list[TokenInfo]:
    """All tokens of the workspace, expired ones too."""
    return _run(options, tokens.listed)


def create_token(
    options: ServeOptions,
    name: str,
    role: str = "reader",
    expires: datetime | None = None,
    *,
    rights: Sequence[str] = (),
    prefix: str = "",
    quota: int | None = None,
) -> NewSecret:
    """Make a token. `expires` is aware; None: never.

    `rights` take the place of those of the `role`; see `tokens.grant`.
    """
    granted = tokens.grant(role, rights, prefix, quota)

    async def create(connection: AsyncConnection, workspace_id: str) -> NewSecret:
        made = NewSecret(*await tokens.create(connection, workspace_id, name, granted, expires))
        await audit.record(connection, audit.local(), "token.create", made.info.id, made.info.name)
        return made

    return _run(options, create)


def regenerate_token(options: ServeOptions, token: str) -> NewSecret:
    """Replace a token's secret (`token`: its id or name); settings.json follows the primary's."""

    async def regenerate(connection: AsyncConnection, workspace_id: str) -> NewSecret:
        made = NewSecret(*await tokens.regenerate(connection, workspace_id, token))
        await audit.record(
            connection, audit.local(), "token.regenerate", made.info.id, made.info.name
        )
        if made.info.name == tokens.PRIMARY:
            await settings.replace_token(options.data, workspace_id, made.secret)
        return made

    return _run(options, regenerate)


def revoke_token(options: ServeOptions, token: str) -> None:
    """Delete a token (its id or name); the primary and the secondary one cannot be."""

    async def revoke(connection: AsyncConnection, workspace_id: str) -> None:
        info = await tokens.revoke(connection, workspace_id, token)
        await audit.record(connection, audit.local(), "token.revoke", info.id, info.name)

    _run(options, revoke)


def rotate_links(options: ServeOptions) -> None:
    """End all links to contents that were given out; lists give new ones at once."""

    async def rotate(connection: AsyncConnection, _workspace_id: str) -> None:
        await tokens.rotate_links(connection)
        await audit.record(connection, audit.local(), "links.rotate")

    _run(options, rotate)


def read_audit(
    options: ServeOptions, which: Filter, take: Callable[[Sequence[AuditEntry]], None]
) -> int:
    """Give the entries of the audit log to `take` in batches, oldest first.

    Returns how many there are, however many of the last were asked for.
    """

    async def run() -> int:
        async with _database(options) as database, database.snapshot() as connection:
            async for batch in audit.find(connection, which):
                take(batch)
            return await audit.count(connection, which)

    return asyncio.run(run())


def clean(options: ServeOptions) -> Cleaned:
    """Take away now what nobody refers to, uploads that lie for an hour included."""

    async def run() -> Cleaned:
        async with _database(options) as database:
            store = await _store(database, options)
            workspace_id = await _workspace(database, options)
            state = ServerState(options, database, store, workspace_id, Gathered(database))
            cleaned = await janitor.clean(state, upload_age=janitor.CLEAN_UPLOAD_AGE)
            async with database.writing() as connection:
                await audit.record(connection, audit.local(), "room.clean")
            return cleaned

    return asyncio.run(run())


def backup(options: ServeOptions, target: Path, told: Told = lambda _done, _of: None) -> Copied:
    """Copy the workspace into a directory that a server can be started on; see `backup`."""

    async def run() -> Copied:
        async with _database(options, migrate=False) as database:
            store = await _store(database, options)
            async with database.writing() as connection:
                await audit.record(connection, audit.local(), "workspace.backup")
            return await saving.backup(database, store, options.data, target, told)

    return asyncio.run(run())


def usage(options: ServeOptions, by: By) -> Usage:
    """Who takes how much room."""

    async def read(connection: AsyncConnection, _workspace_id: str) -> Usage:
        return await measuring.usage(connection, by)

    return _run(options, read, reading=True)


def retention(
    options: ServeOptions, change: Callable[[Policy], Policy], *, dry_run: bool
) -> tuple[Policy, list[Old]]:
    """Change what is kept, unless it is a dry run; the policy, and what is to go by it."""

    async def work(connection: AsyncConnection, workspace_id: str) -> tuple[Policy, list[Old]]:
        present = await keeping.read(connection)
        policy = change(present)
        if not dry_run and policy != present:
            await keeping.write(connection, policy)
            words = keeping.in_words(policy)
            await audit.record(connection, audit.local(), "retention.set", name=words)
        return policy, await keeping.due(connection, workspace_id, policy)

    return _run(options, work)


def repair(options: ServeOptions, backup: Path | None) -> tuple[tuple[str, ...], VerifyReport]:
    """Mend what can be mended without a loss: what was done, and what is still wrong."""

    async def run() -> tuple[tuple[str, ...], VerifyReport]:
        async with _database(options, migrate=False) as database:
            store = await _store(database, options)
            done: list[str] = []
            with suppress(sa.exc.DatabaseError):  # what cannot be read is for the check to say
                workspace_id = await _workspace(database, options)
                await mending.repair(database, store, workspace_id, audit.local(), backup, done)
            return tuple(done), await verify.verify(database, store)

    return asyncio.run(run())


def check(options: ServeOptions) -> VerifyReport:
    """Verify every content against its hash, and the database against the store."""

    async def run() -> VerifyReport:
        async with _database(options, migrate=False, only_look=True) as database:
            store = await _store(database, options)
            return await verify.verify(database, store)

    return asyncio.run(run())


def _run(
    options: ServeOptions,
    work: Callable[[AsyncConnection, str], Awaitable[_T]],
    *,
    reading: bool = False,
) -> _T:
    async def run() -> _T:
        async with _database(options) as database:
            workspace_id = await _workspace(database, options)
            async with database.reading() if reading else database.writing() as connection:
                return await work(connection, workspace_id)

    return asyncio.run(run())


async def _workspace(database: Database, options: ServeOptions) -> str:
    async with database.reading() as connection:
        found = await connection.scalar(
            sa.select(tables.workspaces.c.id).where(tables.workspaces.c.id != GLOBAL_WORKSPACE_ID)
        )
    if found is None:
        raise StartError(_NOTHING.format(data=options.data))
    return str(found)


async def _store(database: Database, options: ServeOptions) -> Store:
    """The workspace's store, in its place."""
    store = open_store(options)
    await store.open()
    with suppress(sa.exc.DatabaseError):  # that it is damaged is for the check to say
        await check_store(database, store, await _workspace(database, options))
    return store


_NOTHING = "There is no workspace in {data} yet. Start `amltui serve` once to make one."


@asynccontextmanager
async def _database(
    options: ServeOptions, *, migrate: bool = True, only_look: bool = False
) -> AsyncIterator[Database]:
    url = database_url(options.database, options.data)
    if options.database is None and not (options.data / "workspace.sqlite").exists():
        raise StartError(_NOTHING.format(data=options.data))
    database = open_database(url, only_look=only_look)
    try:
        with at_start():
            if migrate:
                await schema_versions.prepare(database)
            else:
                with suppress(sa.exc.DatabaseError):  # that it is damaged is for the check to say
                    await schema_versions.require(database)
        yield database
    finally:
        await database.close()
