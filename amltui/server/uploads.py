"""Uploads: blocks in any order, or a whole body, until a commit makes them a dataset."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from amltui.server import catalog, clock, keeping
from amltui.server.catalog import NewInstance
from amltui.server.database.tables import blocks, instances, uploads
from amltui.server.problems import BadRequest, Clash, Full, Missing, NameTaken, TooLarge
from amltui.server.state import State
from amltui.server.store.base import Stored

BLOCK_LIMIT: Final = 256 << 20
"""Bytes of one block at most."""
BLOCKS_LIMIT: Final = 100_000
"""Blocks of one upload at most."""


async def begin(state: State, data_type_id: str) -> str:
    """Begin an upload; its id."""
    upload_id = secrets.token_hex(16)
    async with state.database.writing() as connection:
        await connection.execute(
            sa.insert(uploads).values(
                id=upload_id,
                workspace_id=state.workspace_id,
                data_type_id=data_type_id,
                touched=clock.now(),
                blocks=0,
            )
        )
    return upload_id


async def receive_whole(
    state: State, upload_id: str, first: bytes, rest: AsyncIterator[bytes]
) -> None:
    """Take an upload's whole content in one body."""
    room = await room_left(state)
    async with state.store.stage() as staged:
        received = len(first)
        check_room(state, received, room)
        await staged.write(first)
        async for chunk in rest:
            received += len(chunk)
            check_room(state, received, room)
            await staged.write(chunk)
        stored = await keeping.keep(state.database, staged)
    async with state.database.writing() as connection:
        await keeping.claim(connection, stored.sha256)
        await connection.execute(
            sa.update(uploads)
            .where(uploads.c.id == upload_id)
            .values(sha256=stored.sha256, size=stored.size, touched=clock.now())
        )


async def receive_block(
    state: State, upload_id: str, number: int, count: int, data: AsyncIterator[bytes]
) -> None:
    """Take block `number` (0-based) of `count`; a repeated block takes the place of the first.

    Raises:
        Missing: there is no such upload, or it was committed.
        BadRequest: the numbers make no sense.
    """
    if not 0 <= number < count <= BLOCKS_LIMIT:
        raise BadRequest("blockId must be 0 or more and below numberOfBlocks.")
    async with state.database.reading() as connection:
        await _upload(connection, state.workspace_id, upload_id)
        before = await connection.scalar(
            sa.select(sa.func.coalesce(sa.func.sum(blocks.c.size), 0))
            .where(blocks.c.upload_id == upload_id)
            .where(blocks.c.number != number)
        )
    room = await room_left(state)

    async def limited() -> AsyncIterator[bytes]:
        received = 0
        async for chunk in data:
            received += len(chunk)
            if received > BLOCK_LIMIT:
                raise TooLarge(f"A block cannot be larger than {BLOCK_LIMIT} bytes.")
            check_room(state, int(before or 0) + received, room)
            yield chunk

    block = await state.store.put_block(upload_id, number, limited())
    async with state.database.writing() as connection:
        await _upload(connection, state.workspace_id, upload_id)
        insert = sqlite.insert if state.database.is_sqlite else postgresql.insert
        row = {"upload_id": upload_id, "number": number, "key": block.key, "size": block.size}
        await connection.execute(
            insert(blocks)
            .values(row)
            .on_conflict_do_update(
                index_elements=["upload_id", "number"], set_={"key": block.key, "size": block.size}
            )
        )
        await connection.execute(
            sa.update(uploads)
            .where(uploads.c.id == upload_id)
            .values(blocks=count, touched=clock.now())
        )


async def commit(state: State, upload_id: str, new: NewInstance, family_id: str | None) -> str:
    """Make an upload a dataset, or the latest instance of `family_id`; the instance's id.

    A commit that is repeated because its answer was lost answers the same id again.

    Raises:
        Missing: there is no such upload or family.
        BadRequest: blocks are missing.
        NameTaken: another dataset has the name.
    """
    async with state.database.reading() as connection:
        done = await _committed(connection, upload_id, new, family_id)
        if done is not None:
            return done
        upload = await _upload(connection, state.workspace_id, upload_id)
    stored = await _whole(state, upload)
    new = replace(
        new,
        sha256=stored.sha256,
        size=stored.size,
        resource_upload_id=upload_id,
    )
    async with state.database.writing() as connection:
        await catalog.change(connection, state.workspace_id)
        done = await _committed(connection, upload_id, new, family_id)
        if done is not None:
            return done
        await _upload(connection, state.workspace_id, upload_id)
        await check_quota(connection, state, stored)
        instance_id = await catalog.add(connection, state.workspace_id, new, family_id)
        await connection.execute(sa.delete(uploads).where(uploads.c.id == upload_id))
    await state.store.drop_blocks(upload_id)
    return instance_id


async def used(connection: AsyncConnection, workspace_id: str) -> int:
    """Bytes of the workspace's contents, each content counted once."""
    distinct = (
        sa.select(instances.c.sha256, instances.c.size)
        .where(instances.c.workspace_id == workspace_id)
        .distinct()
        .subquery()
    )
    return int(await connection.scalar(sa.select(sa.func.sum(distinct.c.size))) or 0)


async def room_left(state: State) -> int | None:
    """Bytes until the quota is reached. None: no quota."""
    if state.options.quota is None:
        return None
    async with state.database.reading() as connection:
        return max(0, state.options.quota - await used(connection, state.workspace_id))


def check_room(state: State, received: int, room: int | None) -> None:
    """Refuse an upload as soon as it is above a limit."""
    if received > state.options.upload_limit:
        raise TooLarge(f"An upload cannot be larger than {state.options.upload_limit} bytes.")
    if room is not None and received > room:
        raise Full("The workspace's storage quota is used up. Delete something first.")


async def check_quota(connection: AsyncConnection, state: State, stored: Stored) -> None:
    """Refuse a content that leads above the quota, under the lock of `catalog.change`."""
    if state.options.quota is None:
        return
    known = await connection.scalar(
        sa.select(instances.c.id)
        .where(instances.c.workspace_id == state.workspace_id)
        .where(instances.c.sha256 == stored.sha256)
        .limit(1)
    )
    more = 0 if known else stored.size
    check_room(
        state,
        more,
        max(0, state.options.quota - await used(connection, state.workspace_id)),
    )


async def _whole(state: State, upload: sa.Row[Any]) -> Stored:
    if upload.sha256 is not None:
        return Stored(upload.sha256, upload.size)
    async with state.database.reading() as connection:
        found = await connection.execute(
            sa.select(blocks).where(blocks.c.upload_id == upload.id).order_by(blocks.c.number)
        )
        rows = [row for row in found if row.number < upload.blocks]
    if len(rows) != upload.blocks:
        raise BadRequest(f"{upload.blocks - len(rows)} of {upload.blocks} blocks are missing.")
    keys = [row.key for row in rows]
    if not keys and await state.store.block_size(direct_key(upload.id)) is not None:
        keys = [direct_key(upload.id)]
    room = await room_left(state)
    received, expected = 0, sum(row.size for row in rows)
    async with state.store.stage() as staged:
        for key in keys:
            async for chunk in state.store.read_block(key):
                received += len(chunk)
                check_room(state, received, room)
                await staged.write(chunk)
        if rows and received != expected:
            raise BadRequest("Some blocks are damaged. Begin a new upload.")
        return await keeping.keep(state.database, staged)


def direct_key(upload_id: str) -> str:
    """The block that a client may put into the store itself: an upload's whole content."""
    return f"{upload_id}/direct"


async def _upload(connection: AsyncConnection, workspace_id: str, upload_id: str) -> sa.Row[Any]:
    found = await connection.execute(
        sa.select(uploads)
        .where(uploads.c.id == upload_id)
        .where(uploads.c.workspace_id == workspace_id)
    )
    row = found.first()
    if row is None:
        raise Missing("There is no upload with this id. Begin a new one.")
    return row


async def _committed(
    connection: AsyncConnection, upload_id: str, new: NewInstance, family_id: str | None
) -> str | None:
    found = await connection.execute(
        sa.select(instances).where(instances.c.resource_upload_id == upload_id)
    )
    row = found.first()
    if row is None:
        return None
    if family_id not in {None, row.family_id}:
        raise Clash("This upload was already used for another data set.")
    if row.name != new.name:
        raise NameTaken(row.name)
    return str(row.id)
