"""How much room the workspace takes, and whether there is room for more.

What counts is what lies on the disk: contents, whoever refers to them, and the blocks of uploads
that were not committed. What a request is about to send is reserved before its body is read, in
this process; another server of the same workspace sees it once it is stored.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from amltui.models import GLOBAL_WORKSPACE_ID
from amltui.server.database.tables import blocks, contents, instances, outputs, uploads
from amltui.server.http_errors import ContentTooLarge, InsufficientStorage
from amltui.server.state import ServerState
from amltui.server.tokens import Caller

RESERVE: Final = 16 << 20
"""Bytes of the disk that uploads leave free: deleting takes some, in the database and the log."""
DISK_FULL: Final = "The server's disk is full. Delete something, or tell whoever runs the server."


async def used(connection: AsyncConnection) -> int:
    """Bytes that the workspace takes, each content counted once, examples not."""
    example = sa.or_(
        sa.exists()
        .where(instances.c.sha256 == contents.c.sha256)
        .where(instances.c.workspace_id == GLOBAL_WORKSPACE_ID),
        sa.exists()
        .where(outputs.c.sha256 == contents.c.sha256)
        .where(outputs.c.experiment_id.startswith(GLOBAL_WORKSPACE_ID)),
    )
    stored = sa.select(sa.func.coalesce(sa.func.sum(contents.c.size), 0)).where(~example)
    waiting = sa.select(sa.func.coalesce(sa.func.sum(blocks.c.size), 0))
    total = sa.select(stored.scalar_subquery() + waiting.scalar_subquery())
    return int(await connection.scalar(total) or 0)


async def used_by(connection: AsyncConnection, token_id: str) -> int:
    """Bytes of what a token has made and not committed, each content counted once."""
    held = sa.union(
        *(
            sa.select(table.c.sha256).where(table.c.token_id == token_id)
            for table in (instances, outputs, uploads)
        )
    ).subquery()
    stored = sa.select(sa.func.coalesce(sa.func.sum(contents.c.size), 0)).where(
        contents.c.sha256.in_(sa.select(held.c.sha256))
    )
    waiting = (
        sa.select(sa.func.coalesce(sa.func.sum(blocks.c.size), 0))
        .join(uploads, uploads.c.id == blocks.c.upload_id)
        .where(uploads.c.token_id == token_id)
    )
    total = sa.select(stored.scalar_subquery() + waiting.scalar_subquery())
    return int(await connection.scalar(total) or 0)


def is_set(state: ServerState, caller: Caller | None) -> bool:
    """Whether a quota limits what the caller may store."""
    return state.options.quota is not None or (caller is not None and caller.quota is not None)


@asynccontextmanager
async def reserved(state: ServerState, caller: Caller | None, size: int) -> AsyncIterator[None]:
    """Hold room for `size` bytes that are about to come.

    Raises:
        ContentTooLarge: no upload may be as large.
        InsufficientStorage: there is no room, by a quota or on the disk.
    """
    if size > state.options.upload_limit:
        raise ContentTooLarge(
            f"An upload cannot be larger than {state.options.upload_limit} bytes."
        )
    held, token_id = state.reservations, caller.token_id if caller else ""
    held.bytes += size
    held.by_token[token_id] += size
    try:
        check_disk(state, held.bytes)
        if size and is_set(state, caller):
            async with state.database.reading() as connection:
                await check(connection, state, caller, held.bytes, held.by_token[token_id])
        yield
    finally:
        held.bytes -= size
        held.by_token[token_id] -= size
        if not held.by_token[token_id]:
            del held.by_token[token_id]


async def check(
    connection: AsyncConnection,
    state: ServerState,
    caller: Caller | None,
    more: int = 0,
    of_token: int = 0,
) -> None:
    """Refuse what leads above a quota: `more` bytes beside the stored ones, `of_token` by caller.

    Raises:
        InsufficientStorage: it does.
    """
    quota = state.options.quota
    if quota is not None and await used(connection) + more > quota:
        raise InsufficientStorage(
            "The workspace's storage quota is used up. Delete something first."
        )
    own = caller.quota if caller else None
    if caller and own is not None and await used_by(connection, caller.token_id) + of_token > own:
        raise InsufficientStorage(
            f"This token may store {own} bytes, and they are used up. Delete something first."
        )


def check_disk(state: ServerState, more: int = 0) -> None:
    """Refuse what the disks of the data directory and of the store have no room for.

    Raises:
        InsufficientStorage: they have none.
    """
    for directory in {state.options.data, state.store.directory}:
        status = os.statvfs(directory)
        if status.f_bavail * status.f_frsize < more + RESERVE:
            raise InsufficientStorage(DISK_FULL)
