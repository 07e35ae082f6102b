"""`amltui serve --check --repair`: mends what can be mended so that nothing is lost.

Bytes in the store that nothing knows become datasets, as a file system's check puts what it finds
into a directory of its own. Contents that are damaged or gone come back from a backup, if there is
one. Whatever else was found stays for a person to decide.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from amltui.server import audit, catalog, clock, verify
from amltui.server.audit import Origin
from amltui.server.catalog import NewInstance
from amltui.server.database.engine import Database
from amltui.server.database.tables import contents, families, instances, outputs
from amltui.server.http_errors import NotFound
from amltui.server.store.base import Store, Stored
from amltui.server.store.local import LocalStore
from amltui.wire.names import look_of

_TYPE: Final = "PlainText"
"""The type of a dataset that is made of bytes nobody knows: it promises nothing."""


async def repair(
    database: Database,
    store: Store,
    workspace_id: str,
    origin: Origin,
    backup: Path | None,
    done: list[str],
) -> None:
    """Mend what can be; `done` gets a sentence for each deed. Safe beside running servers."""
    mending = _Mending(database, store, workspace_id, origin, backup, done)
    await mending.indexes()
    await mending.contents()
    await mending.families()
    await mending.orphans()


class _Mending:
    def __init__(
        self,
        database: Database,
        store: Store,
        workspace_id: str,
        origin: Origin,
        backup: Path | None,
        done: list[str],
    ) -> None:
        self._database = database
        self._store = store
        self._workspace_id = workspace_id
        self._origin = origin
        self._backup = LocalStore(backup) if backup is not None else None
        self._done = done

    async def _note(self, connection: AsyncConnection, target: str, words: str) -> None:
        await audit.record(connection, self._origin, "repair", target, words)
        self._done.append(words)

    async def indexes(self) -> None:
        """Make SQLite's indexes anew from the rows, where these are whole."""
        damage = await self._database.damage(thorough=True)
        if not damage or not all("index" in line for line in damage):
            return
        async with self._database.writing() as connection:
            await connection.execute(sa.text("REINDEX"))
            await self._note(connection, "", "The database's indexes were made anew.")

    async def contents(self) -> None:
        """Bring back what is damaged or gone, and sizes that are written down wrongly."""
        async with self._database.reading() as connection:
            known = (await connection.execute(sa.select(contents))).all()
        listed = {stored.sha256: stored.size async for stored in self._store.list()}
        for row in known:
            if await verify.fault(self._store, row.sha256, row.size) is None:
                if row.doomed:
                    await self._take_back(row.sha256)
                continue
            size = listed.get(row.sha256)
            if size not in {None, row.size} and await _is_whole(
                self._store, Stored(row.sha256, size or 0)
            ):
                await self._set_size(row.sha256, size or 0)
            elif self._backup is not None:
                await self._bring_back(self._backup, Stored(row.sha256, row.size))

    async def _take_back(self, sha256: str) -> None:
        """Keep what was marked for removal, if something refers to it."""
        async with self._database.writing() as connection:
            for table in (instances, outputs):
                used = sa.select(table.c.sha256).where(table.c.sha256 == sha256).limit(1)
                if await connection.scalar(used):
                    await connection.execute(
                        sa.update(contents)
                        .where(contents.c.sha256 == sha256)
                        .values(doomed=False, touched=clock.now())
                    )
                    await self._note(
                        connection, sha256, f"Content {sha256} is kept, as it is used."
                    )
                    return

    async def _set_size(self, sha256: str, size: int) -> None:
        async with catalog.changing(self._database, self._workspace_id) as connection:
            for table in (contents, instances, outputs):
                changed = sa.update(table).where(table.c.sha256 == sha256).values(size=size)
                await connection.execute(changed)
            await self._note(
                connection,
                sha256,
                f"Content {sha256} has {size} bytes, and its records say so now.",
            )

    async def _bring_back(self, backup: LocalStore, stored: Stored) -> None:
        if not await backup.has(stored.sha256, stored.size):
            return
        async with self._store.stage() as staged:
            if stored.size:
                async for chunk in backup.read(stored.sha256, 0, stored.size):
                    await staged.write(chunk)
            if await staged.finish() != stored:
                return
            await self._store.delete(stored.sha256)  # a store keeps what it has under a name
            await staged.publish()
        async with self._database.writing() as connection:
            await self._note(
                connection, stored.sha256, f"Content {stored.sha256} came back from the backup."
            )

    async def families(self) -> None:
        """Give each dataset a latest version, and the name that its versions have."""
        async with catalog.changing(self._database, self._workspace_id) as connection:
            rows = (await connection.execute(sa.select(families))).all()
            latest = {
                row.family_id: row
                for row in await connection.execute(
                    sa.select(instances).order_by(instances.c.is_latest, instances.c.number)
                )
            }
            taken = {(row.workspace_id, row.name) for row in rows}
            for row in rows:
                found = latest.get(row.id)
                this = families.c.id == row.id
                if found is None:
                    await connection.execute(sa.delete(families).where(this))
                    await self._note(
                        connection, row.id, f"The name {row.name!r} is free: it had no versions."
                    )
                    continue
                if not found.is_latest:
                    await connection.execute(
                        sa.update(instances)
                        .where(instances.c.id == found.id)
                        .values(is_latest=True)
                    )
                    await self._note(
                        connection, found.id, f"The newest version of {found.name!r} is its latest."
                    )
                if found.name != row.name and (row.workspace_id, found.name) not in taken:
                    await connection.execute(
                        sa.update(families)
                        .where(this)
                        .values(name=found.name, look=look_of(found.name))
                    )
                    await self._note(
                        connection, row.id, f"The dataset {row.name!r} is {found.name!r} again."
                    )

    async def orphans(self) -> None:
        """Make datasets of contents that the database does not know."""
        listed = [stored async for stored in self._store.list()]
        async with self._database.reading() as connection:
            known = set((await connection.execute(sa.select(contents.c.sha256))).scalars())
        for stored in listed:
            if stored.sha256 in known or not await _is_whole(self._store, stored):
                continue
            name = f"recovered {stored.sha256}"
            async with catalog.changing(self._database, self._workspace_id) as connection:
                await connection.execute(
                    sa.insert(contents).values(
                        sha256=stored.sha256, size=stored.size, touched=clock.now(), doomed=False
                    )
                )
                new = NewInstance(
                    name=name,
                    description="Found in the store by a repair; no dataset referred to it.",
                    data_type_id=_TYPE,
                    sha256=stored.sha256,
                    size=stored.size,
                )
                made = await catalog.add(connection, self._workspace_id, new)
                await self._note(connection, made, f"{name!r} is a dataset of unknown contents.")


async def _is_whole(store: Store, stored: Stored) -> bool:
    digest = hashlib.sha256()
    try:
        async for chunk in store.read(stored.sha256, 0, stored.size):
            digest.update(chunk)
    except NotFound:
        return False
    return digest.hexdigest() == stored.sha256
