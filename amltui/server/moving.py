"""`amltui server restore` and `migrate`: a workspace in another place, as it was.

Both are synchronous and open what they need. They raise `StartError` for what cannot be done.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from amltui.disk import expanded
from amltui.server import audit, workspace_copy
from amltui.server.backup import NAME, copy_settings
from amltui.server.database import schema_versions
from amltui.server.database.engine import Database, database_url, open_database
from amltui.server.database.failures import at_start
from amltui.server.http_errors import StartError
from amltui.server.options import ServeOptions
from amltui.server.startup import make_directory, open_store
from amltui.server.store.base import Store
from amltui.server.workspace_copy import Copied, Told


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a workspace is, or is to be."""

    data: Path | None
    """The data directory. None: there is none, only a database."""
    database: str | None
    """The database's URL. None: SQLite in `data`."""
    contents: str | None
    """As for `serve`. None: in `data`, or where they are."""

    @classmethod
    def of(cls, place: str, contents: str | None) -> Seat:
        """The seat that is named by a directory or by the URL of a database."""
        if "://" in place:
            return cls(None, place, contents)
        return cls(expanded(place).absolute(), None, contents)

    @property
    def has_contents(self) -> bool:
        """Whether it says where the contents are."""
        return self.contents is not None or self.data is not None

    @property
    def url(self) -> str:
        """The database's, with all that tells it from others."""
        found = database_url(self.database, self.data or Path())
        return found.render_as_string(hide_password=False)


def restore(options: ServeOptions, backup: Path, told: Told) -> Copied:
    """Bring a workspace back from a backup, into what is empty or was begun by this before."""
    if not (backup / NAME).is_file():
        raise StartError(f"There is no backup in {backup}: it holds no {NAME}.")
    if backup.resolve() == options.data.resolve():
        raise StartError("A backup cannot be restored into itself. To use it, serve it.")
    target = Seat(options.data, options.database, options.contents)
    return _move(Seat(backup, None, None), target, told, "workspace.restore")


def migrate(source: Seat, target: Seat, told: Told) -> Copied:
    """Copy a workspace into another database, another store, or both."""
    if source.data is not None and not (source.data / NAME).is_file():
        raise StartError(f"There is no workspace in {source.data}: it holds no {NAME}.")
    if not source.has_contents:
        raise StartError("Say where the contents are: --from-contents.")
    return _move(source, target, told, "workspace.migrate")


def _move(source: Seat, target: Seat, told: Told, action: str) -> Copied:
    async def run() -> Copied:
        with tempfile.TemporaryDirectory(prefix="amltui-") as directory:
            spool = Path(directory)
            store = await _store(source, spool / "from")
            stays = not target.has_contents or (source.data, source.contents) == (
                target.data,
                target.contents,
            )
            target_store = store if stays else await _store(target, spool / "to")
            if target.data is not None:
                make_directory(target.data)
            async with _opened(source) as database, _opened(target) as other:
                goal = database if source.url == target.url else other
                copied = await workspace_copy.copy(database, store, goal, target_store, told)
                async with goal.writing() as connection:
                    await audit.record(connection, audit.local(), action)
        if source.data is not None and target.data not in {None, source.data}:
            assert target.data is not None
            copy_settings(source.data, target.data)
        return copied

    return asyncio.run(run())


async def _store(seat: Seat, spool: Path) -> Store:
    """The store of a seat; `spool` is where bytes pass through if there is no directory."""
    make_directory(spool)
    store = open_store(ServeOptions(seat.data or spool, contents=seat.contents))
    await store.open()
    return store


@asynccontextmanager
async def _opened(seat: Seat) -> AsyncIterator[Database]:
    database = open_database(database_url(seat.database, seat.data or Path()))
    try:
        with at_start():
            if not database.is_sqlite and await schema_versions.is_there(database):
                await schema_versions.require(database)
            yield database
    finally:
        await database.close()
