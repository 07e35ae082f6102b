"""Connections to SQLite or PostgreSQL, and transactions over them.

SQLite runs in WAL mode with full synchronisation: what was acknowledged survives `kill -9` and
a power cut. It has one writer at a time. Here writers wait in one queue, and all that wait at the
same time share a transaction (`group_commit`): the disk is waited for once, and nobody is
overtaken. On PostgreSQL this holds for changes of a workspace, which take turns at its row; all
else has transactions of its own there.
"""

from __future__ import annotations

import math
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    create_async_engine,
)
from sqlalchemy.util import greenlet_spawn

from amltui.server.database.group_commit import BUSY_SECONDS, First, GroupCommit
from amltui.server.http_errors import ServiceUnavailable, StartError

if TYPE_CHECKING:
    from amltui.server.database.inline import PlainStatements
    from amltui.server.database.straight import StraightStatements

CONNECT_SECONDS: Final = 10
"""How long a server may take to let a connection in."""
STATEMENT_SECONDS: Final = 40
"""How long a statement may take on a server; one that waits for a lock ends sooner. A request that
the server leaves without an answer is answered before its client gives up."""
_IDLE_SECONDS: Final = 1.0
"""How long a connection to a server may be unused before it is asked whether it is still there."""


def upsert(sqlite: bool) -> Callable[[sa.Table], Any]:  # noqa: FBT001  there are only the two
    """The INSERT that can say what to do with a row that is there already."""
    if sqlite:
        from sqlalchemy.dialects.sqlite import insert

        return insert
    # A tenth of the embedded server's imports, which never needs it.
    from sqlalchemy.dialects import postgresql

    return postgresql.insert


class Database:
    """Connections for its two kinds of transaction."""

    def __init__(
        self, reading: AsyncEngine, lookup: AsyncEngine, writing: AsyncEngine, file: Path | None
    ) -> None:
        self._reading = reading
        self._lookup = lookup
        self._looking: AsyncConnection | None = None
        self._writing = writing
        self._file = file
        self._identity: tuple[int, int] | None = None
        self._group = GroupCommit(writing, self._check_file)
        self._plain: PlainStatements | None = None
        self._straight: StraightStatements | None = None

    @property
    def is_sqlite(self) -> bool:
        """Whether this is a file of ours, not a server."""
        return self._writing.dialect.name == "sqlite"

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection whose statements each see what is committed when they begin."""
        self._check_file()
        async with self._reading.connect() as connection:
            yield connection

    @asynccontextmanager
    async def lookup(self) -> AsyncIterator[AsyncConnection]:
        """As `reading`, for a few rows by their keys: SQLite is asked on the loop itself."""
        self._check_file()
        if not self.is_sqlite:
            async with self._lookup.connect() as connection:
                yield connection
            return
        # One for all: none of its statements is left before it is done, and each stands by itself.
        if self._looking is None:
            self._looking = await self._lookup.connect()
        yield self._looking

    async def rows(self, statement: sa.Select[Any], values: dict[str, Any]) -> Sequence[Any]:
        """The few rows of a statement that nearly every request asks, as `lookup` does.

        `statement` is made once and asked again and again; its columns are numbers, texts and
        bytes, and rows have them as attributes.
        """
        if not self.is_sqlite:
            if self._straight is None:
                from amltui.server.database.straight import StraightStatements

                self._straight = StraightStatements(self._lookup.dialect)
            taken = await self._lookup.raw_connection()
            try:
                return await self._straight.all(taken.driver_connection, statement, values)
            finally:
                await greenlet_spawn(taken.close)
        if self._plain is None:
            from amltui.server.database.inline import PlainStatements

            async with self.lookup() as connection:
                raw = (await connection.get_raw_connection()).driver_connection
                assert raw is not None
                self._plain = PlainStatements(raw)
        self._check_file()
        return self._plain.all(statement, values)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction: durable after the end of the block, rolled back by an exception.

        Raises:
            ServiceUnavailable: the file is no longer the one that was opened: nothing would last.
        """
        transaction = self._group.join() if self.is_sqlite else self._writing.begin()
        async with transaction as connection:
            yield connection

    @asynccontextmanager
    async def statement(self) -> AsyncIterator[AsyncConnection]:
        """As `writing`, for one statement on PostgreSQL: it is a transaction by itself there."""
        async with self.writing() if self.is_sqlite else self.reading() as connection:
            yield connection

    @asynccontextmanager
    async def changing(self, first: First) -> AsyncIterator[AsyncConnection]:
        """As `writing`, for those who must take turns; the transaction begins with `first`.

        On PostgreSQL it is called once for all that share a transaction.
        """
        if self.is_sqlite:
            async with self.writing() as connection:
                await first(connection)
                yield connection
            return
        async with self._group.join(first) as connection:
            yield connection

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        """A connection that rows can be streamed from.

        On PostgreSQL all its statements see the same moment, on SQLite each sees its own.
        """
        if self.is_sqlite:
            async with self.reading() as connection:
                yield connection
            return
        engine = self._writing.execution_options(isolation_level="REPEATABLE READ")
        async with engine.connect() as connection:
            yield connection

    def _check_file(self) -> None:
        if self._file is None:
            return
        try:
            status = self._file.stat()
        except FileNotFoundError:
            status = None
        identity = (status.st_dev, status.st_ino) if status else None
        if self._identity is None:
            self._identity = identity
        elif identity != self._identity:
            raise ServiceUnavailable(
                "The database's file was deleted or replaced while the server ran. Whoever runs "
                "the server must put it back and start the server again."
            )

    async def damage(self, *, thorough: bool = False) -> list[str]:
        """What SQLite's own check finds, at most 20 lines; a server's database checks itself.

        A quick check finds what cannot be read; a thorough one also indexes that lack rows.
        """
        if not self.is_sqlite:
            return []
        check = "integrity_check" if thorough else "quick_check"
        async with self.reading() as connection:
            found = await connection.execute(sa.text(f"PRAGMA {check}(20)"))
            lines = [str(line) for row in found for line in str(row[0]).splitlines()]
        return [] if lines == ["ok"] else lines

    async def close(self) -> None:
        """Close all connections."""
        await self._group.settle()
        if self._looking is not None:
            await self._looking.close()
            self._looking = self._plain = None
        for engine in {self._reading, self._lookup, self._writing}:
            await engine.dispose()


def database_url(url: str | None, data: Path) -> sa.URL:
    """The SQLAlchemy URL for a `--database` value; None is SQLite in the data directory.

    Raises:
        StartError: it names neither SQLite nor PostgreSQL.
    """
    if url is None:
        return sa.URL.create("sqlite+aiosqlite", database=str(data / "workspace.sqlite"))
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        raise StartError("The database is not a URL like postgresql://user@host/name.") from None
    backend = parsed.get_backend_name()
    if backend in {"postgresql", "postgres"}:
        return parsed.set(drivername="postgresql+asyncpg")
    if backend == "sqlite":
        return parsed.set(drivername="sqlite+aiosqlite")
    raise StartError(f"Databases of kind {backend!r} are not supported: use SQLite or PostgreSQL.")


def open_database(url: sa.URL, *, only_look: bool = False) -> Database:
    """A database at `url`; connects when it is first used.

    `only_look`: a SQLite file is left as it is, to the byte; nothing can be written.

    Reads have connections of their own whose statements each stand by themselves: beginning,
    ending and switching a connection from one to the other would be most of a short read.
    """
    # Errors are logged: without the values, among them hashes of tokens.
    options: dict[str, Any] = {"hide_parameters": True}
    if url.get_backend_name() == "sqlite":
        options |= {"connect_args": {"timeout": BUSY_SECONDS}, "pool_reset_on_return": None}
    else:
        options |= {
            # None beyond these: a new one costs a process of PostgreSQL, and many servers share it.
            "pool_size": 10,
            "max_overflow": 0,
            "pool_timeout": BUSY_SECONDS,
            "connect_args": {"timeout": CONNECT_SECONDS, "command_timeout": STATEMENT_SECONDS},
        }
    try:
        reading = create_async_engine(
            url, isolation_level="AUTOCOMMIT", skip_autocommit_rollback=True, **options
        )
    except ModuleNotFoundError:
        raise StartError("PostgreSQL needs more: pip install 'amltui[postgres]'.") from None
    if url.get_backend_name() != "sqlite":
        writing = create_async_engine(url, **options)
        for engine in (reading, writing):
            _ping_idle(engine)
            event.listen(engine.sync_engine, "connect", _bound_locks)
        return Database(reading, reading, writing, None)
    from amltui.server.database.inline import DRIVER, InlineConnection, begin_writing

    inline = url.set(drivername=DRIVER)
    options["connect_args"] |= {"check_same_thread": False, "factory": InlineConnection}
    lookup = create_async_engine(
        inline,
        poolclass=sa.StaticPool,  # no statement is left before the next one begins
        isolation_level="AUTOCOMMIT",
        skip_autocommit_rollback=True,
        **options,
    )
    writing = create_async_engine(inline, **options | {"pool_reset_on_return": "rollback"})
    for engine in (reading, lookup, writing):
        event.listen(engine.sync_engine, "connect", _looking if only_look else _prepare_sqlite)
    event.listen(writing.sync_engine, "begin", begin_writing)
    return Database(reading, lookup, writing, Path(url.database) if url.database else None)


def _ping_idle(engine: AsyncEngine) -> None:
    """Look whether a connection still leads to the server: ask it if nobody used it for a while.

    As `pool_pre_ping`, which asks before each use and doubles the round trips of a short one.
    """

    def left(_connection: Any, record: Any) -> None:
        record.info["left"] = time.monotonic()

    def taken(connection: Any, record: Any, _proxy: Any) -> None:
        if connection.driver_connection.is_closed():
            raise sa.exc.DisconnectionError
        if time.monotonic() - record.info.get("left", math.inf) > _IDLE_SECONDS:
            try:
                answers = engine.dialect.do_ping(connection)
            except Exception as error:
                raise sa.exc.DisconnectionError from error
            if not answers:
                raise sa.exc.DisconnectionError

    event.listen(engine.sync_engine, "checkin", left)
    event.listen(engine.sync_engine, "checkout", taken)


def _bound_locks(connection: Any, _record: Any) -> None:
    """Let no statement wait for a lock longer than a transaction may wait to begin."""
    cursor = connection.cursor()
    cursor.execute(f"SET lock_timeout = {int(BUSY_SECONDS * 1000)}")
    cursor.close()
    connection.commit()


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    _set(
        connection,
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        f"busy_timeout = {BUSY_SECONDS * 1000}",
    )


def _looking(connection: Any, _record: Any) -> None:
    """A backup's file has no WAL, and to ask for one is written into it."""
    _set(connection, "query_only = ON", f"busy_timeout = {BUSY_SECONDS * 1000}")


def _set(connection: Any, *pragmas: str) -> None:
    connection.isolation_level = None  # transactions are begun by `begin_writing`
    cursor = connection.cursor()
    try:
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
    finally:
        cursor.close()
