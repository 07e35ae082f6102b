"""Bringing a database to the schema that this program knows.

A new database is made from the tables as they are and stamped; only an older one needs the
migration library, whose import costs more than the rest of the server's start.

Servers of the version before may go on meanwhile, and afterwards until they are ended. So a
migration only adds: tables, indexes, and columns that may be left out of an INSERT.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from amltui.server.database.engine import Database
from amltui.server.database.tables import HEAD, METADATA, instances
from amltui.server.http_errors import StartError

_VERSION: Final = sa.table("alembic_version", sa.column("version_num", sa.String(32)))
_LOCK: Final = 0x616D6C74
"""PostgreSQL advisory lock: one server at a time prepares the database."""
_LOCK_MILLISECONDS: Final = 300
"""How long a migration on PostgreSQL waits for a table. Whoever asks for the table after it waits
as long, and who holds the table and asks for one that the migration has would wait for ever: after
a second (`deadlock_timeout`) PostgreSQL would end one of them, perhaps a request."""
_PATIENCE: Final = 30.0
"""Seconds in which it tries again and again."""
_PAUSE: Final = 0.2
"""Seconds in which others get on before the migration begins again."""


async def prepare(database: Database) -> None:
    """Create the schema, or migrate it to `HEAD`.

    Raises:
        StartError: the database is of a newer version of this program, not ours, or others hold
            its tables without an end.
    """
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            async with database.writing() as connection:
                await lock(connection, database)
                await connection.run_sync(prepare_connection)
        except sa.exc.DBAPIError as error:
            if not _is_locked(error):
                raise
            if time.monotonic() > until:
                raise StartError(
                    "The database cannot be brought to this version's schema: something holds its "
                    "tables and does not end, a backup perhaps. Start the server again after it."
                ) from error
            await asyncio.sleep(_PAUSE)
        else:
            return


async def is_there(database: Database) -> bool:
    """Whether the database holds a workspace's schema, of whatever version."""
    async with database.reading() as connection:
        return await connection.run_sync(_version) is not None


async def require(database: Database) -> None:
    """Look whether the schema is `HEAD`; changes nothing.

    Raises:
        StartError: it is another one.
    """
    async with database.reading() as connection:
        found = await connection.run_sync(_version)
    if found != HEAD:
        raise StartError(
            f"This database has schema version {found or 'none'}, and this program's is {HEAD}. "
            "Starting the server once brings an older one up to it."
        )


async def lock(connection: AsyncConnection, database: Database) -> None:
    """Hold what only one server may do until the transaction ends. SQLite's own lock does it."""
    if not database.is_sqlite:
        await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))


def prepare_connection(connection: sa.Connection) -> None:
    """As `prepare`, within a transaction that holds what only one may do."""
    found = _version(connection)
    if found == HEAD:
        return
    if found is not None:
        _migrate(connection, found)
        return
    if sa.inspect(connection).get_table_names():
        raise StartError("This database holds tables that are not a workspace's; use an empty one.")
    create(connection)


def create(connection: sa.Connection) -> None:
    """Make the schema in an empty database."""
    if connection.dialect.name == "postgresql":
        # Not where the table is defined: that would bring this dialect into every start.
        (latest,) = (index for index in instances.indexes if index.name == "uq_instances_latest")
        latest.dialect_kwargs["postgresql_where"] = latest.dialect_kwargs["sqlite_where"]
    METADATA.create_all(connection)
    connection.execute(
        sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    )
    connection.execute(sa.insert(_VERSION).values(version_num=HEAD))


def _version(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.select(_VERSION.c.version_num)).scalar()


def _migrate(connection: sa.Connection, found: str) -> None:
    from amltui.server.database import upgrade

    if found not in upgrade.known_versions():
        raise StartError(
            f"This database has schema version {found}, and this program knows up to {HEAD}: "
            "it was written by a newer amltui. Upgrade this one."
        )
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text(f"SET LOCAL lock_timeout = {_LOCK_MILLISECONDS}"))
    upgrade.upgrade(connection)


def _is_locked(error: sa.exc.DBAPIError) -> bool:
    """Whether PostgreSQL gave up waiting for a table (`lock_not_available`)."""
    return getattr(error.orig, "sqlstate", None) == "55P03"
