"""Schemas and visualisations of contents: computed once, kept in the database, shared by all.

They are computed when somebody asks, or after a commit by a server that runs for a team. One is
computed at a time in each server.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import anyio.to_thread
import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from amltui.config.children import child_command, child_environment
from amltui.formats import format_of
from amltui.server import catalog, keeping, log
from amltui.server.database.tables import profiles
from amltui.server.problems import BadRequest, Clash, Problem, Unavailable
from amltui.server.state import State
from amltui.server.store.base import Stored

COMPLETE: Final = "Complete"
FAILED: Final = "Failed"
PENDING: Final = "Pending"
NOT_SUPPORTED: Final = "NotSupported"
_PATIENCE: Final = 600.0
"""Seconds that one profile may take."""


def supported(data_type_id: str) -> bool:
    """Whether contents of this type have columns."""
    return format_of(data_type_id).preview == "table"


class Profiler:
    """Computes what is asked for, one content after another."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[Any]] = set()

    def later(self, stored: Stored, data_type_id: str) -> None:
        """Compute it in the background, for a server that has the time."""
        if self._state.options.embedded or not supported(data_type_id):
            return
        task = asyncio.create_task(self._quietly(stored, data_type_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """End what runs in the background; somebody will ask again."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def get(self, stored: Stored, data_type_id: str, view: str) -> bytes:
        """The JSON of a `schema` or `visualization`, computed now if need be.

        Raises:
            BadRequest: contents of this type have no columns.
            Clash: its bytes are not what the type says.
            Missing: it was deleted.
            Unavailable: it took too long, or it is not in the store.
        """
        if not supported(data_type_id):
            raise BadRequest(f"Data sets of type {data_type_id} have no schema.")
        row = await self._known(stored, data_type_id)
        if row is None:
            async with self._turn:
                row = await self._known(stored, data_type_id)
                if row is None:
                    await self._compute(stored, data_type_id)
                    row = await self._known(stored, data_type_id)
        if row is None or row.status != COMPLETE:
            raise Clash(f"The contents cannot be read as {data_type_id}.")
        return bytes(row.schema if view == "schema" else row.visualization)

    async def _quietly(self, stored: Stored, data_type_id: str) -> None:
        try:
            await self.get(stored, data_type_id, "schema")
        except (Problem, sa.exc.SQLAlchemyError, OSError):
            log.event("profile failed", logging.WARNING, failed=True, sha256=stored.sha256)

    async def _known(self, stored: Stored, data_type_id: str) -> sa.Row[Any] | None:
        async with self._state.database.reading() as connection:
            found = await connection.execute(
                sa.select(profiles)
                .where(profiles.c.sha256 == stored.sha256)
                .where(profiles.c.data_type_id == data_type_id)
            )
            return found.first()

    async def _compute(self, stored: Stored, data_type_id: str) -> None:
        if not await self._state.store.has(stored.sha256, stored.size):
            raise await keeping.lost(self._state.database, stored.sha256)
        async with _file(self._state, stored) as (path, scratch):
            answer = await _run(path, data_type_id, scratch)
        status = COMPLETE if answer.error is None else FAILED
        database = self._state.database
        insert = sqlite.insert if database.is_sqlite else postgresql.insert
        async with database.writing() as connection:
            await catalog.change(connection, self._state.workspace_id)
            await keeping.claim(connection, stored.sha256)
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


@asynccontextmanager
async def _file(state: State, stored: Stored) -> AsyncIterator[tuple[Path, Path]]:
    """The content as a file, and an empty directory; both gone at the end of the block."""
    scratch = state.store.scratch()
    await anyio.to_thread.run_sync(lambda: scratch.mkdir(mode=0o700))
    try:
        path = state.store.path(stored.sha256)
        if path is None:
            path = scratch / "content"
            with path.open("wb") as file:
                async for chunk in state.store.read(stored.sha256, 0, stored.size):
                    await anyio.to_thread.run_sync(file.write, chunk)
        yield path, scratch / "table"
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(lambda: shutil.rmtree(scratch, ignore_errors=True))


class _Answer(msgspec.Struct):
    """What the profiler printed, its parts left as JSON."""

    schema: msgspec.Raw = msgspec.Raw(b"")
    visualization: msgspec.Raw = msgspec.Raw(b"")
    error: str | None = None


async def _run(path: Path, data_type_id: str, directory: Path) -> _Answer:
    command = child_command("amltui.server.profiler", str(path), data_type_id, str(directory))
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=child_environment(),
    )
    try:
        async with asyncio.timeout(_PATIENCE):
            out, err = await process.communicate()
    except TimeoutError:
        raise Unavailable("Computing the schema takes too long.") from None
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    if process.returncode != 0:
        words = err[-500:].decode("utf-8", "replace")
        log.event("profiler died", logging.WARNING, code=process.returncode, words=words)
        return _Answer(error="the profiler died")
    return msgspec.json.decode(out, type=_Answer)
