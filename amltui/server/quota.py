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
from amltui.server.database.tables import blocks, contents, instances, outputs
from amltui.server.http_errors import ContentTooLarge, InsufficientStorage
from amltui.server.state import ServerState

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


@asynccontextmanager
async def reserved(state: ServerState, size: int) -> AsyncIterator[None]:
    """Hold room for `size` bytes that are about to come.

    Raises:
        ContentTooLarge: no upload may be as large.
        InsufficientStorage: there is no room, by quota or on the disk.
    """
    if size > state.options.upload_limit:
        raise ContentTooLarge(
            f"An upload cannot be larger than {state.options.upload_limit} bytes."
        )
    state.reservations.bytes += size
    try:
        check_disk(state, state.reservations.bytes)
        if state.options.quota is not None and size:
            async with state.database.reading() as connection:
                await check(connection, state, state.reservations.bytes)
        yield
    finally:
        state.reservations.bytes -= size


async def check(connection: AsyncConnection, state: ServerState, more: int) -> None:
    """Refuse what leads above the quota: `more` bytes beside those that are stored.

    Raises:
        InsufficientStorage: it does.
    """
    quota = state.options.quota
    if quota is not None and await used(connection) + more > quota:
        raise InsufficientStorage(
            "The workspace's storage quota is used up. Delete something first."
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
