"""Transactions of many writers that are committed together, each with a savepoint of its own."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from amltui.server.database.failures import is_failure
from amltui.server.http_errors import ServiceUnavailable
from amltui.server.turns import turn

BUSY_SECONDS: Final = 20
"""How long a transaction waits to begin, in line and for another process' lock together; and then
as long for its commit. Clients wait a minute for an answer."""
First = Callable[[AsyncConnection], Awaitable[None]]
"""What a transaction begins with."""


class GroupCommit:
    """Transactions of one database that are committed together."""

    def __init__(self, engine: AsyncEngine, check: Callable[[], None]) -> None:
        self._engine = engine
        self._check = check
        """Refuses to begin a transaction that nothing would be left of."""
        self._turn = asyncio.Lock()
        self._open: AsyncConnection | None = None
        self._written = 0
        self._held = False
        """Whether the last writer's savepoint is still there."""
        self._lost: BaseException | None = None
        self._committed: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def join(self, first: First | None = None) -> AsyncIterator[AsyncConnection]:
        """A savepoint in the present transaction; durable after the end of the block.

        `first` is called once, by whoever opens the transaction.

        Raises:
            ServiceUnavailable: others do not come to an end.
            TimeoutError: something else holds the database's lock.
        """
        until = asyncio.get_running_loop().time() + BUSY_SECONDS
        async with turn(self._turn, BUSY_SECONDS, "Others write, and do not come to an end."):
            if self._open is None:
                self._open = await self._begin(first, until)
                # It waits for its turn behind all who wait now, and so commits what they write too.
                self._committed = asyncio.create_task(self._commit(self._open))
                self._committed.add_done_callback(_retrieve)
            connection, committed = self._open, self._committed
            if self._lost is not None:
                raise _broken(self._lost)
            raw = (await connection.get_raw_connection()).driver_connection
            # By the driver itself: SQLAlchemy's own savepoints cost as much as all else together.
            # The one before is released with it: on a server each costs the way there and back.
            before = ["RELEASE writer"] if self._held else []
            try:
                await _tell(raw, *before, "SAVEPOINT writer")
            except BaseException as error:
                self._lost = error  # nobody knows what was executed
                raise
            self._held = True
            try:
                yield connection
            except BaseException as error:
                # Also where the way back is broken off.
                self._lost = error
                if await _undone(raw):
                    self._lost = None
                    self._held = False
                raise
            self._written += 1
        assert committed is not None
        await asyncio.wait({committed}, timeout=BUSY_SECONDS)
        if not committed.done():
            raise ServiceUnavailable(
                "This was written, but others do not let it be committed. Look whether it is there "
                "before you try again."
            )
        committed.result()

    async def settle(self) -> None:
        """Wait until the present transaction is over."""
        if self._committed is not None:
            await asyncio.wait({self._committed})

    async def _begin(self, first: First | None, until: float) -> AsyncConnection:
        """A connection in a transaction; `until`, by the loop's clock, is when it gives up."""
        self._check()
        async with asyncio.timeout_at(until):
            connection = await self._engine.connect()
            try:
                raw = (await connection.get_raw_connection()).driver_connection
                if isinstance(raw, sqlite3.Connection):  # it waits in a thread
                    left = max(0.0, until - asyncio.get_running_loop().time())
                    raw.execute(f"PRAGMA busy_timeout = {int(left * 1000)}")
                await connection.begin()
                if first is not None:
                    await first(connection)
            except BaseException as error:
                if isinstance(error, (TimeoutError, asyncio.CancelledError)):
                    await connection.invalidate()  # nobody knows what its server does with it
                await connection.close()
                raise
            return connection

    async def _commit(self, connection: AsyncConnection) -> None:
        async with self._turn:
            lost, self._lost, self._open = self._lost, None, None
            written, self._written = self._written, 0
            held, self._held = self._held, False
            try:
                if lost is not None:
                    raise _broken(lost)
                if written:
                    if held:  # PostgreSQL commits nothing, and says nothing, where this fails
                        raw = (await connection.get_raw_connection()).driver_connection
                        await _tell(raw, "RELEASE writer")
                    await connection.commit()
            finally:
                await connection.close()


def _broken(cause: BaseException) -> Exception:
    """What those are told whose transaction ended because of another writer."""
    if isinstance(cause, Exception) and is_failure(cause):
        return cause
    return ServiceUnavailable("What others wrote at the same moment broke off. Try again.")


async def _tell(raw: Any, *statements: str) -> None:
    """Execute them by the driver, on a server all at once."""
    if isinstance(raw, sqlite3.Connection):
        for statement in statements:
            raw.execute(statement)
    else:
        await raw.execute("; ".join(statements))


async def _undone(raw: Any) -> bool:
    """Take back what the last writer did. False: all that the transaction holds is lost."""
    if isinstance(raw, sqlite3.Connection) and not raw.in_transaction:
        return False  # SQLite itself took it back, as it does when the disk is full
    try:
        await _tell(raw, "ROLLBACK TO writer", "RELEASE writer")
    except Exception as error:
        if not is_failure(error):
            raise
        return False
    return True


def _retrieve(done: asyncio.Task[None]) -> None:
    """Who takes part has the error of a commit; where nobody does, nothing was to be written."""
    if not done.cancelled():
        done.exception()
