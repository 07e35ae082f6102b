"""Opening a data directory to serve it: its database, store and workspace."""

from __future__ import annotations

import logging
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from amltui.server import log, seed, settings
from amltui.server.audit import Gathered
from amltui.server.database import schema_versions
from amltui.server.database.engine import Database, database_url, open_database
from amltui.server.database.failures import at_start
from amltui.server.database.tables import instances
from amltui.server.http_errors import HTTPError, StartError
from amltui.server.options import ServeOptions
from amltui.server.state import ServerState
from amltui.server.store.base import Store
from amltui.server.store.local import MARK, LocalStore
from amltui.text import reason_of

_LOOKED_FOR: Final = 20
"""Contents that are looked for in a store without a mark; single ones may be lost."""


@asynccontextmanager
async def open_state(options: ServeOptions, endpoint: str) -> AsyncIterator[ServerState]:
    """Open the database, the store and the workspace; they are closed at the end of the block.

    Raises:
        StartError: it cannot be opened; the text says why.
    """
    make_directory(options.data)
    _close_to_others(options.data)
    database = open_database(database_url(options.database, options.data))
    store = open_store(options)
    try:
        try:
            with at_start():
                await store.open()
                await schema_versions.prepare(database)
                if findings := await database.damage():
                    raise StartError(
                        f"The database is damaged: {findings[0]}. Restore it from a backup."
                    )
                workspace_id = await seed.workspace(
                    database,
                    store,
                    options.data,
                    endpoint,
                    recover=options.embedded and options.database is None,
                )
                await check_store(database, store, workspace_id)
                await store.mark(workspace_id)
                if options.samples:
                    await seed.examples(database, store)
        except (OSError, HTTPError) as error:
            raise StartError(f"The workspace cannot be opened: {reason_of(error)}") from error
        yield ServerState(options, database, store, workspace_id, Gathered(database))
    finally:
        await database.close()


async def check_store(database: Database, store: Store, workspace_id: str) -> None:
    """Refuse a store that does not hold the workspace's contents.

    One without a mark does where some of the oldest are there: what was uploaded since its disk
    was no longer mounted lies in the empty directory that stood in its place.

    Raises:
        StartError: none of them is there; the text says what to do.
    """
    if await store.is_marked(workspace_id):
        return
    async with database.reading() as connection:
        found = await connection.execute(
            sa.select(instances.c.sha256, instances.c.size)
            .order_by(instances.c.created)
            .limit(_LOOKED_FOR)
        )
        oldest = found.all()
    if oldest and not any([await store.has(row.sha256, row.size) for row in oldest]):
        raise StartError(
            f"{store.directory} does not hold the workspace's contents: is its disk mounted? If "
            f"they are lost for good, write {workspace_id} into {store.directory / MARK}."
        )


def make_directory(data: Path) -> None:
    """Create the data directory for its owner only.

    Raises:
        StartError: it cannot be made.
    """
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(f"The data directory {data} cannot be made: {error.strerror}") from None


def _close_to_others(data: Path) -> None:
    """Let nobody else read what was copied or unpacked here with modes that open it."""
    parts = (settings.path(data), *data.glob("workspace.sqlite*"), *LocalStore(data).directories)
    for path in parts:
        try:
            mode = path.lstat().st_mode
            if mode & 0o077 and not stat.S_ISLNK(mode):
                path.chmod(mode & 0o700)
                log.event("closed to others", logging.WARNING, path=str(path))
        except FileNotFoundError:
            continue
        except OSError as error:  # it is another account's
            log.event("open to others", logging.ERROR, path=str(path), words=error.strerror)


def open_store(options: ServeOptions) -> Store:
    """The store for a `--contents` value.

    Raises:
        StartError: it names no store that is known.
    """
    if options.contents is None:
        return LocalStore(options.data)
    scheme, separator, _ = options.contents.partition("://")
    if not separator:
        return LocalStore(Path(options.contents))
    try:
        from amltui.server.store.objects import SCHEMES, ObjectStore
    except ModuleNotFoundError:
        raise StartError("Contents in a cloud need more: pip install 'amltui[cloud]'.") from None
    if scheme not in SCHEMES:
        raise StartError(f"Contents at {scheme}:// are not supported: use az, s3 or gs.")
    return ObjectStore(options.contents, options.data)
