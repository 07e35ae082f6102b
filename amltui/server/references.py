"""Storing contents and referring to them, safe from the janitor.

Three steps, in this order: the record of a content, its bytes, a reference to it. The janitor
removes in the opposite order and locks the record (see `janitor`). So whatever is referred to has
bytes. A record that is marked for deletion (`doomed`) cannot be referred to: the content must be
stored again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from amltui.server import clock
from amltui.server.database.engine import Database
from amltui.server.database.inserts import insert
from amltui.server.database.tables import contents, uploads
from amltui.server.http_errors import Conflict, ContentLost, HTTPError, NotFound
from amltui.server.state import ServerState
from amltui.server.store.base import Staged, Stored

Refer = Callable[[Stored], Mapping[str, Any]]
"""The row of an upload whose content it is."""
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

    `refer` makes a reference, which is written together with the record. Nobody follows it before
    this returns: the bytes come last. Without it nothing refers to the content yet.
    """
    stored = await staged.finish()
    record = {
        "sha256": stored.sha256,
        "size": stored.size,
        # Without a reference it must stay until it is in the store: at least a megabyte a second.
        "touched": _REFERENCED if refer is not None else clock.now() + stored.size,
        "doomed": False,
    }
    rows = {contents: record}
    if refer is not None:
        rows[uploads] = dict(refer(stored))
    async with database.statement() as connection:
        await insert(connection, rows)
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


async def missing_reason(state: ServerState, sha256: str, name: str | None = None) -> HTTPError:
    """Why the store has no such content, whole. `name` is the dataset's or the output's.

    Raises:
        ServiceUnavailable: nobody can say, because the store is away.
    """
    async with state.database.reading() as connection:
        known = await connection.scalar(
            sa.select(contents.c.sha256)
            .where(contents.c.sha256 == sha256)
            .where(~contents.c.doomed)
        )
    if known is None:
        return NotFound("These contents were deleted.")
    await state.store.check_in_place()
    what = "These contents" if name is None else f'The contents of "{name}"'
    return ContentLost(f"{what} are gone from the server's store (SHA-256 {sha256}).")
