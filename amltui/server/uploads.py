"""Uploads: blocks in any order, or a whole body, until a commit makes them a dataset."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from amltui.server import catalog, clock, quota, references
from amltui.server.catalog import NewInstance
from amltui.server.database.engine import upsert
from amltui.server.database.inserts import insert
from amltui.server.database.tables import blocks, instances, uploads
from amltui.server.http_errors import BadRequest, Conflict, ContentTooLarge, NotFound
from amltui.server.state import ServerState
from amltui.server.store.base import Stored, StoredBlock
from amltui.server.tokens import Caller

BLOCK_LIMIT: Final = 256 << 20
"""Bytes of one block at most."""
BLOCKS_LIMIT: Final = 100_000
"""Blocks of one upload at most."""
_SMALL: Final = 64 << 10
_SMALL_BLOCKS: Final = 1_000
"""Blocks of an upload that may have fewer than `_SMALL` bytes: each costs a file and a row."""


# Statements of every create are built once: building one costs more than executing it.
_DELETE: Final = sa.delete(uploads).where(uploads.c.id == sa.bindparam("upload"))
_DELETE_FOR_NEW: Final = _DELETE.where(catalog.NAME_IS_FREE)
_FIND: Final = (
    sa.select(uploads)
    .where(uploads.c.id == sa.bindparam("upload"))
    .where(uploads.c.workspace_id == sa.bindparam("workspace"))
)


async def begin(state: ServerState, caller: Caller | None, data_type_id: str) -> str:
    """Begin an upload by blocks; its id."""
    upload_id = secrets.token_hex(16)
    row = _row(state, caller, upload_id, data_type_id, None)
    async with state.database.statement() as connection:
        await insert(connection, {uploads: row})
    return upload_id


async def begin_whole(
    state: ServerState,
    caller: Caller | None,
    data_type_id: str,
    size: int,
    data: AsyncIterator[bytes],
) -> str:
    """Begin an upload whose whole content is a body of `size` bytes; its id.

    Raises:
        ContentTooLarge: no upload may be as large.
        InsufficientStorage: there is no room for it.
    """
    upload_id = secrets.token_hex(16)

    def refer(stored: Stored) -> dict[str, Any]:
        return _row(state, caller, upload_id, data_type_id, stored)

    await receive(state, caller, size, data, refer)
    return upload_id


def _row(
    state: ServerState,
    caller: Caller | None,
    upload_id: str,
    data_type_id: str,
    stored: Stored | None,
) -> dict[str, Any]:
    return {
        "id": upload_id,
        "workspace_id": state.workspace_id,
        "data_type_id": data_type_id,
        "touched": clock.now(),
        "blocks": 0,
        "sha256": stored.sha256 if stored else None,
        "size": stored.size if stored else None,
        "token_id": caller.token_id if caller else None,
    }


async def receive(
    state: ServerState,
    caller: Caller | None,
    size: int,
    data: AsyncIterator[bytes],
    refer: references.Refer | None = None,
) -> Stored:
    """Store a body of `size` bytes as a content; see `references.store`.

    Raises:
        ContentTooLarge: no upload may be as large.
        InsufficientStorage: there is no room for it.
    """
    async with quota.reserved(state, caller, size), state.store.stage() as staged:
        async for chunk in data:
            await staged.write(chunk)
        return await references.store(state.database, staged, refer)


async def receive_block(
    state: ServerState,
    caller: Caller | None,
    upload_id: str,
    number: int,
    count: int,
    size: int,
    data: AsyncIterator[bytes],
) -> None:
    """Take block `number` (0-based) of `count`; a repeated block takes the place of the first.

    Raises:
        NotFound: there is no such upload, or it was committed.
        BadRequest: the numbers make no sense, or are others than before.
        ContentTooLarge: no block, or no upload, may be as large.
        InsufficientStorage: there is no room for it.
    """
    if not 0 <= number < count <= BLOCKS_LIMIT:
        raise BadRequest("blockId must be 0 or more and below numberOfBlocks.")
    if size > BLOCK_LIMIT:
        raise ContentTooLarge(f"A block cannot be larger than {BLOCK_LIMIT} bytes.")
    if size < _SMALL and _SMALL_BLOCKS <= number < count - 1:
        raise BadRequest(f"Beyond the first {_SMALL_BLOCKS}, blocks have {_SMALL} bytes or more.")
    async with state.database.lookup() as connection:
        _check_count(await _upload(connection, state.workspace_id, upload_id), count)
        before = await connection.scalar(_bytes_of(upload_id).where(blocks.c.number != number))
    if int(before or 0) + size > state.options.upload_limit:
        raise ContentTooLarge(
            f"An upload cannot be larger than {state.options.upload_limit} bytes."
        )
    async with quota.reserved(state, caller, size):
        block = await state.store.put_block(upload_id, number, data)
        try:
            replaced = await _record(state, upload_id, number, count, block)
        except BaseException:
            await state.store.drop_block(block.key)
            raise
    if replaced is not None:
        await state.store.drop_block(replaced)


async def _record(
    state: ServerState, upload_id: str, number: int, count: int, block: StoredBlock
) -> str | None:
    """Write down a block that is in the store; the key of the one that it takes the place of."""
    async with state.database.writing() as connection:
        _check_count(await _upload(connection, state.workspace_id, upload_id), count)
        replaced = await connection.scalar(
            sa.select(blocks.c.key)
            .where(blocks.c.upload_id == upload_id)
            .where(blocks.c.number == number)
        )
        row = {"upload_id": upload_id, "number": number, "key": block.key, "size": block.size}
        await connection.execute(
            upsert(state.database.is_sqlite)(blocks)
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
        return str(replaced) if replaced is not None else None


def _bytes_of(upload_id: str) -> sa.Select[Any]:
    """The sum of an upload's blocks."""
    total = sa.func.coalesce(sa.func.sum(blocks.c.size), 0)
    return sa.select(total).where(blocks.c.upload_id == upload_id)


def _check_count(upload: sa.Row[Any], count: int) -> None:
    if upload.blocks not in {0, count}:
        raise BadRequest(f"This upload has {upload.blocks} blocks; numberOfBlocks cannot change.")


async def commit(
    state: ServerState,
    caller: Caller | None,
    upload_id: str,
    new: NewInstance,
    family_id: str | None,
    entry: catalog.Entry | None = None,
) -> tuple[str, Stored | None]:
    """Make an upload a dataset, or the latest instance of `family_id`; its id and contents.

    A commit that is repeated because its answer was lost answers the same id again, without the
    contents.

    Raises:
        NotFound: there is no such upload or family.
        BadRequest: blocks are missing.
        NameTaken: another dataset has the name.
        Conflict: the upload has already become another dataset.
        InsufficientStorage: there is no room for it.
    """
    wanted = {"upload": upload_id, "workspace": state.workspace_id}
    upload = next(iter(await state.database.rows(_FIND, wanted)), None)
    if upload is None:
        async with state.database.lookup() as connection:
            return await _committed(connection, upload_id, new, family_id), None
    stored = await _whole(state, upload)
    new = replace(
        new,
        sha256=stored.sha256,
        size=stored.size,
        resource_upload_id=upload_id,
    )
    plain = upload.sha256 is not None and family_id is None and not quota.is_set(state, caller)
    async with catalog.changing(state.database, state.workspace_id) as connection:
        if plain and not state.database.is_sqlite:
            made = await catalog.add_instead(
                connection, state.workspace_id, new, entry, _DELETE_FOR_NEW, {"upload": upload_id}
            )
            if made is not None:
                return made, stored
        # Step by step: what stands in the way is told.
        deleted = await connection.execute(_DELETE, {"upload": upload_id})
        if deleted.rowcount != 1:  # another request, or the janitor, was faster
            return await _committed(connection, upload_id, new, family_id), None
        await quota.check(connection, state, caller)
        # The contents that the upload referred to until now need no lock: whoever would remove
        # them waits for the instance's key, or sees the upload.
        lock = upload.sha256 is None
        instance_id = await catalog.add(
            connection, state.workspace_id, new, family_id, entry, lock=lock
        )
    if upload.sha256 is None:
        await state.store.drop_blocks(upload_id)
    return instance_id, stored


async def _whole(state: ServerState, upload: Any) -> Stored:
    if upload.sha256 is not None:
        return Stored(upload.sha256, upload.size)
    async with state.database.lookup() as connection:
        found = await connection.execute(
            sa.select(blocks).where(blocks.c.upload_id == upload.id).order_by(blocks.c.number)
        )
        rows = [row for row in found if row.number < upload.blocks]
    if len(rows) != upload.blocks:
        raise BadRequest(f"{upload.blocks - len(rows)} of {upload.blocks} blocks are missing.")
    keys = [row.key for row in rows]
    if not keys and await state.store.block_size(direct_key(upload.id)) is not None:
        keys = [direct_key(upload.id)]
    received, expected = 0, sum(row.size for row in rows)
    quota.check_disk(state, expected)
    async with state.store.stage() as staged:
        for key in keys:
            async for chunk in state.store.read_block(key):
                received += len(chunk)
                if received > state.options.upload_limit:
                    raise ContentTooLarge("These contents are larger than an upload may be.")
                await staged.write(chunk)
        if rows and received != expected:
            raise BadRequest("Some blocks are damaged. Begin a new upload.")
        return await references.store(state.database, staged)


def direct_key(upload_id: str) -> str:
    """The block that a client may put into the store itself: an upload's whole content."""
    return f"{upload_id}/direct"


async def _find(
    connection: AsyncConnection, workspace_id: str, upload_id: str
) -> sa.Row[Any] | None:
    found = await connection.execute(_FIND, {"upload": upload_id, "workspace": workspace_id})
    return found.first()


async def _upload(connection: AsyncConnection, workspace_id: str, upload_id: str) -> sa.Row[Any]:
    row = await _find(connection, workspace_id, upload_id)
    if row is None:
        raise NotFound(_NO_UPLOAD)
    return row


_NO_UPLOAD: Final = "There is no upload with this id. Begin a new one."


async def _committed(
    connection: AsyncConnection, upload_id: str, new: NewInstance, family_id: str | None
) -> str:
    """The instance that an upload has become already, by the same request as this one."""
    found = await connection.execute(
        sa.select(instances).where(instances.c.resource_upload_id == upload_id)
    )
    row = found.first()
    if row is None:
        raise NotFound(_NO_UPLOAD)
    if family_id not in {None, row.family_id}:
        raise Conflict("This upload was already used for another data set.")
    if row.name != new.name:
        raise Conflict(
            f'This upload has already become the data set "{row.name}". Begin a new upload for '
            "another one."
        )
    return str(row.id)
