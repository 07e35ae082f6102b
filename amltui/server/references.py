"""Storing contents and referring to them, safe from the janitor.

Three steps, in this order: the record of a content, its bytes, a reference to it. The janitor
removes in the opposite order and locks the record (see `janitor`). So whatever is referred to has
bytes. A record that is marked for deletion (`doomed`) cannot be referred to: the content must be
stored again.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from amltui.server import clock
from amltui.server.database.engine import Database, upsert
from amltui.server.database.tables import contents
from amltui.server.http_errors import Conflict, HTTPError, NotFound, ServiceUnavailable
from amltui.server.store.base import Staged, Stored

_REFERENCED: Final = 0
"""`touched` of a content that was referred to: without a reference it can be removed at once."""


async def store(database: Database, staged: Staged) -> Stored:
    """Put a staged content into the store, with its record; nothing refers to it yet."""
    stored = await staged.finish()
    async with database.writing() as connection:
        await _record(connection, stored)
    await staged.publish()
    return stored


async def lock(connection: AsyncConnection, sha256: str) -> None:
    """Lock a content's record, so that this transaction can refer to it.

    Raises:
        Conflict: the janitor has removed it; the client must send it again.
    """
    locked = await connection.execute(
        sa.update(contents)
        .where(contents.c.sha256 == sha256)
        .where(~contents.c.doomed)
        .values(touched=_REFERENCED)
    )
    if locked.rowcount != 1:
        raise Conflict("The uploaded contents have expired. Upload them again.")


async def missing_reason(database: Database, sha256: str) -> HTTPError:
    """Why the store has no such content."""
    async with database.reading() as connection:
        known = await connection.scalar(
            sa.select(contents.c.sha256).where(contents.c.sha256 == sha256)
        )
    if known is None:
        return NotFound("These contents were deleted.")
    return ServiceUnavailable("The contents are damaged or missing in the server's store.")


async def _record(connection: AsyncConnection, stored: Stored) -> None:
    insert = upsert(connection.dialect.name == "sqlite")
    row = {
        "sha256": stored.sha256,
        "size": stored.size,
        # Nothing refers to it before it is in the store: a megabyte in a second at the slowest.
        "touched": clock.now() + stored.size,
        "doomed": False,
    }
    statement = insert(contents).values(row)
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["sha256"], set_={"touched": row["touched"], "doomed": False}
        )
    )
