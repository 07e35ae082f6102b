"""Bringing a content into the store so that nothing which cleans up can take it away.

The record of a content comes first, its bytes second, and whoever refers to it third. The
janitor goes the other way under the record's lock (see `janitor`), so a reference always
finds bytes: a record that the janitor has doomed cannot be referred to, it must be kept anew.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from amltui.server import clock
from amltui.server.database.engine import Database, upsert
from amltui.server.database.tables import contents
from amltui.server.problems import Clash, Missing, Problem, Unavailable
from amltui.server.store.base import Staged, Stored

_CLAIMED: Final = 0
"""`touched` of a content that nobody waits for: without a reference it can go at once."""


async def keep(database: Database, staged: Staged) -> Stored:
    """Publish a staged content with its record; nothing refers to it yet."""
    stored = await staged.finish()
    async with database.writing() as connection:
        await _record(connection, stored)
    await staged.publish()
    return stored


async def claim(connection: AsyncConnection, sha256: str) -> None:
    """Lock a kept content's record, so that a reference can be written in this transaction.

    Raises:
        Clash: the janitor took it meanwhile; the client sends it again.
    """
    claimed = await connection.execute(
        sa.update(contents)
        .where(contents.c.sha256 == sha256)
        .where(~contents.c.doomed)
        .values(touched=_CLAIMED)
    )
    if claimed.rowcount != 1:
        raise Clash("The uploaded contents have expired. Upload them again.")


async def lost(database: Database, sha256: str) -> Problem:
    """Why the store has no such content."""
    async with database.reading() as connection:
        known = await connection.scalar(
            sa.select(contents.c.sha256).where(contents.c.sha256 == sha256)
        )
    if known is None:
        return Missing("These contents were deleted.")
    return Unavailable("The contents are damaged or missing in the server's store.")


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
