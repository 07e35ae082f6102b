"""A copy of a workspace that a server can be started on, made while it is being served.

The copy is a SQLite database and files, whatever the workspace itself is kept in (see
`workspace_copy`). Contents never change, so a copy into the same directory takes only what is new.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import anyio.to_thread

from amltui.disk import give_name
from amltui.server import settings, workspace_copy
from amltui.server.database.engine import Database
from amltui.server.http_errors import StartError
from amltui.server.store.base import Store
from amltui.server.store.local import LocalStore
from amltui.server.workspace_copy import Copied, Taken, Told

NAME: Final = "workspace.sqlite"


async def backup(database: Database, store: Store, data: Path, target: Path, told: Told) -> Copied:
    """Copy the workspace into `target`, for its owner only; verifies what it copies.

    Raises:
        StartError: `target` is the workspace itself, or contents are deleted faster than copied.
        OSError: `target` cannot be written.
    """
    await anyio.to_thread.run_sync(_prepare, data, target)
    directory = LocalStore(target)
    await directory.open()
    taken = await workspace_copy.take(database, store, directory, told)
    try:
        await anyio.to_thread.run_sync(_finish, target, taken)
    finally:
        await anyio.to_thread.run_sync(lambda: taken.file.unlink(missing_ok=True))
    copy_settings(data, target)
    return taken.result()


def copy_settings(data: Path, target: Path) -> None:
    """Give the copy the owner's connection too."""
    present = settings.read(data)
    if present:
        token, endpoint = present["authorization_token"], present.get("api_endpoint", "")
        settings.write(target, present["id"], token, endpoint)


def _prepare(data: Path, target: Path) -> None:
    if target.resolve() == data.resolve():
        raise StartError("A backup needs a directory of its own.")
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    target.chmod(0o700)


def _finish(target: Path, taken: Taken) -> None:
    """Put the database in its place, and take away contents of an earlier backup."""
    for name in (f"{NAME}-wal", f"{NAME}-shm"):
        (target / name).unlink(missing_ok=True)
    give_name(taken.file, target / NAME)
    wanted = {stored.sha256 for stored in taken.wanted}
    for path in (target / "contents").rglob("*"):
        if path.is_file() and path.name not in wanted:
            path.unlink()
