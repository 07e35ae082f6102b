"""SQLite on the event loop itself: an async driver that changes threads only to begin and commit.

A statement on a few rows takes less time than handing it to another thread and back, and a
transaction without such waits in it is over before another one asks for the lock. Waiting for the
lock, and for the disk at the commit, happens in a thread. Statements that read many rows belong on
`Database.reading`, whose driver (aiosqlite) runs all of them in threads.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterable
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.pool import AsyncAdaptedQueuePool
from sqlalchemy.util import await_only

DRIVER: Final = "sqlite+inline"


class _Cursor(sqlite3.Cursor):
    async def _async_soft_close(self) -> None:
        """SQLAlchemy asks this of the cursors of async drivers. The rows are still to be read."""


class InlineConnection(sqlite3.Connection):
    """Its cursors are such that SQLAlchemy's asyncio extension takes them; for `factory`."""

    def cursor(self, factory: Any = _Cursor) -> Any:
        """A new one."""
        return super().cursor(factory)


class InlineDialect(SQLiteDialect_pysqlite):
    """`sqlite3` as SQLAlchemy's asyncio extension can use it."""

    driver = "inline"
    is_async = True
    supports_statement_cache = True

    @classmethod
    def get_pool_class(cls, url: sa.URL) -> type[sa.Pool]:  # noqa: ARG003 - the base's
        """One that waits without blocking the loop."""
        return AsyncAdaptedQueuePool

    def get_driver_connection(self, connection: Any) -> Any:
        """The connection is the driver's own."""
        return connection

    def do_execute(
        self,
        cursor: Any,
        statement: str,
        parameters: Any,
        context: Any = None,  # noqa: ARG002
    ) -> None:
        """Execute it here and now."""
        await_only(_nothing())
        cursor.execute(statement, parameters)

    def do_execute_no_params(
        self,
        cursor: Any,
        statement: str,
        context: Any = None,  # noqa: ARG002
    ) -> None:
        """Execute it here and now."""
        await_only(_nothing())
        cursor.execute(statement)

    def do_executemany(
        self,
        cursor: Any,
        statement: str,
        parameters: Any,
        context: Any = None,  # noqa: ARG002
    ) -> None:
        """Execute it here and now."""
        await_only(_nothing())
        cursor.executemany(statement, parameters)

    def do_commit(self, dbapi_connection: Any) -> None:
        """Make it durable."""
        _in_thread(dbapi_connection, "COMMIT")


def begin_writing(connection: sa.Connection) -> None:
    """Take the write lock; for the event "begin" of an engine that writes."""
    _in_thread(connection.connection.driver_connection, "BEGIN IMMEDIATE")


async def _nothing() -> None:
    """Awaited once for each statement: SQLAlchemy takes a driver for a blocking one otherwise."""


def _in_thread(connection: Any, statement: str) -> None:
    await_only(_settled(connection, statement))


async def _settled(connection: sqlite3.Connection, statement: str) -> None:
    """Execute it; a cancelled caller gets the connection back only once the thread is done."""
    # No task: an interrupt cancels all of these, and the thread would go on unseen.
    work = asyncio.get_running_loop().run_in_executor(None, connection.execute, statement)
    cancelled = None
    while not work.done():
        try:
            await asyncio.wait({work})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        work.exception()  # taken, so that it is not logged as one that nobody asked for
        raise cancelled
    work.result()


class PlainStatements:
    """Statements whose rows the driver gives as they are: SQLAlchemy costs ten times the query.

    For columns of numbers, texts and bytes. Rows have their columns' names as attributes.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._known: dict[sa.Select[Any], _Plain] = {}

    def all(self, statement: sa.Select[Any], values: dict[str, Any]) -> list[Any]:
        """All rows, read here and now. `statement` is remembered: it is one of few."""
        plain = self._known.get(statement)
        if plain is None:
            plain = self._known[statement] = _Plain(statement)
        given = plain.compiled.construct_params(values)
        cursor = self._connection.execute(
            plain.text, [given[name] for name in plain.compiled.positiontup]
        )
        if plain.make is None:
            row: Any = namedtuple  # noqa: PYI024 - its fields are known only now
            plain.make = row("Row", [column[0] for column in cursor.description])._make
        return list(map(plain.make, cursor))


class _Plain:
    """A statement as SQLite reads it, and what makes its rows."""

    def __init__(self, statement: sa.Select[Any]) -> None:
        self.compiled: Any = statement.compile(dialect=InlineDialect())
        self.text = str(self.compiled)
        self.make: Callable[[Iterable[Any]], Any] | None = None


registry.register("sqlite.inline", __name__, InlineDialect.__name__)
