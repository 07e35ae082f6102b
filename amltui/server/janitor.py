"""Removing what nothing refers to: abandoned uploads, contents without a reference.

Every server of a workspace may run it at any time. A content is removed in two transactions, each
under the lock of its record. The first checks that nothing refers to it and marks the record
(`doomed`); the second removes bytes and record. A writer that wants the content meanwhile either
holds the lock first, then its reference is seen; or it finds the record marked or gone, and stores
the bytes again (see `references`). After a crash between the two the next run removes the record.
While the store is away the record stays: without it nobody would know of the bytes.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import asdict, dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from amltui.server import clock, log, retention
from amltui.server.database.tables import contents, instances, outputs, uploads
from amltui.server.http_errors import HTTPError
from amltui.server.state import ServerState

FIRST: Final = 60.0
"""Seconds from the server's start to the first run."""
EVERY: Final = 3_600.0
"""Seconds between two runs."""
UPLOAD_AGE: Final = 24 * 3_600.0
"""Seconds that an upload may lie untouched."""
CONTENT_AGE: Final = 3_600.0
"""Seconds that a content stays which nothing has referred to yet; one that lost its last
reference goes at once (see `references`)."""
CLEAN_UPLOAD_AGE: Final = 3_600.0
"""The same where somebody asks for room now."""
_GATHER: Final = 0.5
"""Seconds for which the room that several requests free is gathered."""
_BATCH: Final = 1_000


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What one run removed."""

    uploads: int
    contents: int
    leftovers: int
    """Temp files and blocks of writers that died."""


async def run(state: ServerState) -> None:
    """Clean again and again, until cancelled; a failure is logged and tried again later."""
    next_run = time.monotonic() + FIRST
    while True:
        whole = not await _freed(state, next_run - time.monotonic())
        try:
            cleaned = await clean(state) if whole else Cleaned(0, await clean_contents(state), 0)
        except (sa.exc.SQLAlchemyError, OSError, HTTPError):
            log.event("janitor failed", logging.ERROR, failed=True)
            state.watcher.janitor(None)
        else:
            state.watcher.janitor(asdict(cleaned))
            log.event("janitor", uploads=cleaned.uploads, contents=cleaned.contents)
        if whole:
            next_run = time.monotonic() + EVERY


async def _freed(state: ServerState, wait: float) -> bool:
    """Whether room may have been freed before `wait` seconds are over."""
    try:
        async with asyncio.timeout(max(0, wait)):
            await state.freed.wait()
    except TimeoutError:
        return False
    await asyncio.sleep(_GATHER)
    state.freed.clear()
    return True


async def clean(
    state: ServerState, *, upload_age: float = UPLOAD_AGE, content_age: float = CONTENT_AGE
) -> Cleaned:
    """Take away what is older than the ages (seconds) and has no reference."""
    abandoned = await _abandoned(state, upload_age)
    await retention.apply(state)
    removed = await clean_contents(state, content_age)
    async with state.database.reading() as connection:
        live = set((await connection.execute(sa.select(uploads.c.id))).scalars())
    leftovers = await state.store.sweep(upload_age, live)
    return Cleaned(abandoned, removed, leftovers)


async def clean_contents(state: ServerState, age: float = CONTENT_AGE) -> int:
    """Remove contents without a reference, at most a thousand; how many."""
    removed = 0
    for sha256 in await _unreferenced(state, age):
        if await _doom(state, sha256, age):
            removed += await _remove(state, sha256)
    return removed


async def _abandoned(state: ServerState, age: float) -> int:
    async with state.database.writing() as connection:
        found = await connection.execute(
            sa.delete(uploads).where(uploads.c.touched < _before(age)).returning(uploads.c.id)
        )
        gone = list(found.scalars())
    for upload_id in gone:
        await state.store.drop_blocks(upload_id)
    return len(gone)


async def _unreferenced(state: ServerState, age: float) -> list[str]:
    async with state.database.reading() as connection:
        found = await connection.execute(
            sa.select(contents.c.sha256)
            .where(contents.c.touched < _before(age))
            .where(
                contents.c.doomed
                | ~sa.or_(
                    *(
                        sa.exists().where(table.c.sha256 == contents.c.sha256)
                        for table in (instances, outputs, uploads)
                    )
                )
            )
            .limit(_BATCH)
        )
        return list(found.scalars())


async def _doom(state: ServerState, sha256: str, age: float) -> bool:
    """Mark a content for removal, if nothing refers to it now."""
    async with state.database.writing() as connection:
        if not await _locked(connection, sha256, contents.c.touched < _before(age)):
            return False
        # A statement of its own after the lock, so that it sees what its last holder committed.
        for table in (instances, outputs, uploads):
            if await connection.scalar(
                sa.select(table.c.sha256).where(table.c.sha256 == sha256).limit(1)
            ):
                return False
        await connection.execute(
            sa.update(contents).where(contents.c.sha256 == sha256).values(doomed=True)
        )
        return True


async def _remove(state: ServerState, sha256: str) -> bool:
    """Remove a doomed content, unless a writer has taken it back."""
    async with state.database.writing() as connection:
        if not await _locked(connection, sha256, contents.c.doomed):
            return False
        await state.store.delete(sha256)
        await connection.execute(sa.delete(contents).where(contents.c.sha256 == sha256))
        return True


async def _locked(
    connection: AsyncConnection, sha256: str, condition: sa.ColumnElement[bool]
) -> bool:
    found = await connection.execute(
        sa.select(contents.c.sha256)
        .where(contents.c.sha256 == sha256)
        .where(condition)
        .with_for_update()
    )
    return found.first() is not None


def _before(age: float) -> int:
    return clock.now() - int(age * 1_000_000)
