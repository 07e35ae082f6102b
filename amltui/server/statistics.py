"""Schemas and statistics of contents: computed once, stored in the database (table `profiles`).

They are computed on request, and after a commit unless the server is embedded. Each server computes
a few at once. A content first gets a short turn of its own: only one that proves to take longer
waits behind others that do. A request that would wait long is answered "pending". A failure is
stored only where the bytes are the cause. A full disk or a killed process is not: it is tried
again, with a growing delay.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from amltui.server import catalog, log, references
from amltui.server.database.engine import upsert
from amltui.server.database.tables import profiles
from amltui.server.http_errors import (
    BadRequest,
    Conflict,
    ContentLost,
    HTTPError,
    NotFound,
    ServiceUnavailable,
)
from amltui.server.state import ServerState
from amltui.server.store.base import Stored
from amltui.server.workers import content_file, run_worker

COMPLETE: Final = "Complete"
FAILED: Final = "Failed"
PENDING: Final = "Pending"
NOT_SUPPORTED: Final = "NotSupported"
_TOO_COSTLY: Final = "TooCostly"
"""Stored, and sent as `FAILED`: beyond the limits of `statistics_worker`."""
_PARALLEL: Final = 2
"""Contents that are computed at once, beside the one whose short turn it is."""
_SHORT_TURN: Final = 3
"""Seconds of the processor that any content gets before it waits behind longer ones; the process's
own start takes one of them. Its bytes do not tell what it costs: that of a few may be huge."""
_SHORT_BYTES: Final = 16 << 20
"""Larger contents have no short turn: it would not be enough."""
_PENDING_AFTER: Final = 10.0
"""Seconds after which a request is answered "pending"."""
_PATIENCE: Final = 600.0
"""Seconds that one content may take, whatever else the machine does."""
_NEVER: Final = frozenset({"Zip", "RData", "Dataset"})
"""Types whose contents are not looked at."""
_FIRST_RETRY: Final = 1.0
_LAST_RETRY: Final = 300.0
"""Bounds of the delay in seconds before the same content is tried again."""
_REMEMBERED: Final = 1_000
"""Failures that are remembered."""
_Key = tuple[str, str]
"""A content's SHA-256 and the data type id."""


def supported(data_type_id: str) -> bool:
    """Whether contents of this type may have columns; what they are, their bytes say."""
    return data_type_id not in _NEVER


def schema_status(status: str | None) -> str:
    """A stored status, or None, as the protocol's `SchemaStatus`."""
    return FAILED if status == _TOO_COSTLY else status or PENDING


class StillPending(Exception):
    """It is being computed, or waits for its turn."""


class _TakesLonger(Exception):
    """More than a short turn."""


@dataclass(slots=True)
class _Failure:
    """This machine could not compute them."""

    wait: float
    again: float
    """When it may be tried again, by the monotonic clock."""


class StatisticsService:
    """Computes what is asked for, in the order in which it was asked, what is quick before."""

    def __init__(self, state: ServerState) -> None:
        self._state = state
        self._short = asyncio.Semaphore(1)
        self._long = asyncio.Semaphore(_PARALLEL)
        self._tasks: dict[_Key, asyncio.Task[None]] = {}
        self._failures: OrderedDict[_Key, _Failure] = OrderedDict()

    def compute_later(self, stored: Stored, data_type_id: str) -> None:
        """Compute it in the background, for a server that has the time."""
        if self._state.options.embedded or not supported(data_type_id):
            return
        self._begin(stored, data_type_id)

    async def stop(self) -> None:
        """End what runs in the background; somebody will ask again."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def get(
        self, stored: Stored, data_type_id: str, view: str, patience: float = _PENDING_AFTER
    ) -> bytes:
        """The JSON of a `schema` or `visualization`, computed now if need be.

        It is waited for `patience` seconds.

        Raises:
            BadRequest: contents of this type have no columns.
            Conflict: its bytes are not what the type says, or too costly to look at.
            NotFound: it was deleted.
            StillPending: it takes a while; ask again.
            ContentLost: it should be in the store and is not.
            ServiceUnavailable: this machine cannot compute it now, or the store is away.
        """
        if not supported(data_type_id):
            raise BadRequest(f"Data sets of type {data_type_id} have no schema.")
        row = await self._known(stored, data_type_id)
        if row is None:
            self._check_failures((stored.sha256, data_type_id))
            task = self._begin(stored, data_type_id)
            await asyncio.wait({task}, timeout=patience)
            if not task.done():
                raise StillPending
            if task.cancelled():
                raise ServiceUnavailable("The server stops.")
            task.result()
            row = await self._known(stored, data_type_id)
        if row is not None and row.status == NOT_SUPPORTED:
            raise BadRequest(f"These contents of type {data_type_id} have no columns.")
        if row is not None and row.status == _TOO_COSTLY:
            raise Conflict("These contents are too costly to compute a schema of.")
        if row is None or row.status != COMPLETE:
            raise Conflict(f"The contents cannot be read as {data_type_id}.")
        return bytes(row.schema if view == "schema" else row.visualization)

    def _begin(self, stored: Stored, data_type_id: str) -> asyncio.Task[None]:
        """The task that computes it, which may be under way already."""
        key = (stored.sha256, data_type_id)
        task = self._tasks.get(key)
        if task is None:
            task = asyncio.create_task(self._in_turn(stored, data_type_id))
            self._tasks[key] = task
            task.add_done_callback(lambda done: self._ended(key, done))
        return task

    def _ended(self, key: _Key, task: asyncio.Task[None]) -> None:
        del self._tasks[key]
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.event("statistics failed", logging.WARNING, sha256=key[0], words=str(error))

    def _check_failures(self, key: _Key) -> None:
        failure = self._failures.get(key)
        if failure is not None and failure.again > time.monotonic():
            raise ServiceUnavailable(_NOT_NOW)

    def _failed(self, key: _Key) -> None:
        before = self._failures.pop(key, None)
        wait = min(before.wait * 2, _LAST_RETRY) if before else _FIRST_RETRY
        self._failures[key] = _Failure(wait, time.monotonic() + wait)
        while len(self._failures) > _REMEMBERED:
            self._failures.popitem(last=False)

    async def _in_turn(self, stored: Stored, data_type_id: str) -> None:
        key = (stored.sha256, data_type_id)
        try:
            if stored.size <= _SHORT_BYTES:
                async with self._short:
                    done = await self._once(stored, data_type_id, _SHORT_TURN)
            else:
                done = False
            if not done:
                async with self._long:
                    await self._once(stored, data_type_id, None)
        except (ContentLost, NotFound, Conflict):
            raise  # it is gone, and not this machine is why: sent again, it is computed at once
        except (HTTPError, sa.exc.SQLAlchemyError, OSError):
            self._failed(key)
            raise
        self._failures.pop(key, None)

    async def _once(self, stored: Stored, data_type_id: str, seconds: int | None) -> bool:
        """Compute it if nobody has; whether it took no more than `seconds` of the processor."""
        if await self._known(stored, data_type_id) is None:
            try:
                await self._compute(stored, data_type_id, seconds)
            except _TakesLonger:
                return False
        return True

    async def _known(self, stored: Stored, data_type_id: str) -> sa.Row[Any] | None:
        async with self._state.database.lookup() as connection:
            found = await connection.execute(
                sa.select(profiles)
                .where(profiles.c.sha256 == stored.sha256)
                .where(profiles.c.data_type_id == data_type_id)
            )
            return found.first()

    async def _compute(self, stored: Stored, data_type_id: str, seconds: int | None) -> None:
        if not await self._state.store.has(stored.sha256, stored.size):
            raise await references.missing_reason(self._state, stored.sha256)
        async with content_file(self._state, stored) as (path, scratch):
            answer = await _run(path, data_type_id, scratch, seconds)
        status = COMPLETE
        if answer.error is not None:
            status = _TOO_COSTLY if answer.too_costly else FAILED
            status = NOT_SUPPORTED if answer.no_rows else status
        database = self._state.database
        insert = upsert(database.is_sqlite)
        async with catalog.changing(database, self._state.workspace_id) as connection:
            await references.lock(connection, stored.sha256)
            await connection.execute(
                insert(profiles)
                .values(
                    sha256=stored.sha256,
                    data_type_id=data_type_id,
                    status=status,
                    schema=bytes(answer.schema),
                    visualization=bytes(answer.visualization),
                )
                .on_conflict_do_nothing()
            )


class _WorkerOutput(msgspec.Struct):
    """What the worker printed, its parts left as JSON."""

    schema: msgspec.Raw = msgspec.Raw(b"")
    visualization: msgspec.Raw = msgspec.Raw(b"")
    error: str | None = None
    no_rows: bool = False
    too_costly: bool = False


_NOT_NOW: Final = "The schema cannot be computed now. Ask again later."


async def _run(
    path: Path, data_type_id: str, directory: Path, seconds: int | None
) -> _WorkerOutput:
    arguments = [str(path), data_type_id, str(directory), *([str(seconds)] if seconds else [])]
    code, out, err = await run_worker(
        "amltui.server.statistics_worker", *arguments, patience=_PATIENCE
    )
    if code == 0:
        return msgspec.json.decode(out, type=_WorkerOutput)
    if code == -signal.SIGXCPU and seconds is not None:
        raise _TakesLonger
    words = err[-500:].decode("utf-8", "replace")
    log.event("statistics worker died", logging.WARNING, code=code, words=words)
    if code == -signal.SIGXCPU:
        return _WorkerOutput(error="too costly", too_costly=True)
    raise ServiceUnavailable(_NOT_NOW)
