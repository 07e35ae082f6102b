"""Storing contents and referring to them, safe from the janitor.

Three steps, in this order: the record of a content, its bytes, a reference to it. The janitor
removes in the opposite order and locks the record (see `janitor`). So whatever is referred to has
bytes. A record that is marked for deletion (`doomed`) cannot be referred to: the content must be
stored again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from amltui.server import clock
from amltui.server.database.engine import Database, upsert
from amltui.server.database.tables import contents
from amltui.server.http_errors import Conflict, HTTPError, NotFound, ServiceUnavailable
from amltui.server.store.base import Staged, Stored

Refer = Callable[[AsyncConnection, Stored], Awaitable[None]]
_REFERENCED: Final = 0
"""`touched` of a content that was referred to: without a reference it can be removed at once."""
_LOCK: Final = (
    sa.update(contents)
    .where(contents.c.sha256 == sa.bindparam("wanted"))
    .where(~contents.c.doomed)
    .values(touched=_REFERENCED)
)
# Statements of every create are built once: building one costs more than executing it.


async def store(database: Database, staged: Staged, refer: Refer | None = None) -> Stored:
    """Put a staged content into the store, with its record.

    `refer` writes a reference in the record's transaction. It must be one that nobody follows
    before this returns: the bytes come last. Without it nothing refers to the content yet.
    """
    stored = await staged.finish()
    async with database.writing() as connection:
        await _record(connection, stored, referenced=refer is not None)
        if refer is not None:
            await refer(connection, stored)
    await staged.publish()
    return stored


async def lock(connection: AsyncConnection, sha256: str) -> None:
    """Lock a content's record, so that this transaction can refer to it.

    Raises:
        Conflict: the janitor has removed it; the client must send it again.
    """
    locked = await connection.execute(_LOCK, {"wanted": sha256})
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


async def _record(connection: AsyncConnection, stored: Stored, *, referenced: bool) -> None:
    row = {
        "sha256": stored.sha256,
        "size": stored.size,
        # Without a reference it must stay until it is in the store: at least a megabyte a second.
        "touched": _REFERENCED if referenced else clock.now() + stored.size,
        "doomed": False,
    }
    await connection.execute(_upsert(sqlite=connection.dialect.name == "sqlite"), row)


@cache
def _upsert(*, sqlite: bool) -> Any:
    statement: Any = upsert(sqlite)(contents)
    kept = {"touched": statement.excluded.touched, "doomed": False}
    return statement.on_conflict_do_update(index_elements=["sha256"], set_=kept)
