"""A copy of a workspace that a server can be started on, made while it is being served.

The copy is a SQLite database and files, whatever the workspace itself is kept in. First the
database is copied as it is at one moment, then the contents that it tells of; when one of them was
deleted meanwhile, the database is copied again. Contents never change, so a copy into the same
directory takes only what is new.
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import anyio.to_thread
import sqlalchemy as sa

from amltui.config.paths import content_file
from amltui.disk import give_name, whole_file
from amltui.server import settings
from amltui.server.database import schema_versions, tables
from amltui.server.database.engine import Database
from amltui.server.http_errors import NotFound, StartError
from amltui.server.store.base import Store, Stored

_NAME: Final = "workspace.sqlite"
_TURNS: Final = 10
"""Times that the database is copied while others delete what was in it."""
_BATCH: Final = 1_000
"""Rows that are copied at once."""


@dataclass(frozen=True, slots=True)
class Saved:
    """What a backup holds now."""

    contents: int
    bytes: int
    """Of all its contents."""
    copied: int
    """Contents that were not there from an earlier one."""
    damaged: tuple[str, ...]
    """SHA-256 of contents that are not in it, because the store has other bytes for them."""


async def backup(database: Database, store: Store, data: Path, target: Path) -> Saved:
    """Copy the workspace into `target`, for its owner only; verifies what it copies.

    Raises:
        StartError: `target` is the workspace itself, or contents are deleted faster than copied.
        OSError: `target` cannot be written.
    """
    await anyio.to_thread.run_sync(_prepare, data, target)
    copied, damaged = 0, set[str]()
    for _ in range(_TURNS):
        fresh = target / f".{_NAME}.{secrets.token_hex(8)}"
        try:
            await _copy_database(database, fresh)
            wanted = await anyio.to_thread.run_sync(_only_what_lasts, fresh)
            try:
                for stored in wanted:
                    if stored.sha256 not in damaged and not _has(target, stored):
                        if await _copy(store, target, stored):
                            copied += 1
                        else:
                            damaged.add(stored.sha256)
            except NotFound:
                continue
            await anyio.to_thread.run_sync(_finish, target, fresh, {s.sha256 for s in wanted})
        finally:
            fresh.unlink(missing_ok=True)
        present = settings.read(data)
        if present:
            settings.write(
                target,
                present["id"],
                present["authorization_token"],
                present.get("api_endpoint", ""),
            )
        lost = damaged & {stored.sha256 for stored in wanted}
        size = sum(stored.size for stored in wanted if stored.sha256 not in lost)
        return Saved(len(wanted) - len(lost), size, copied, tuple(sorted(lost)))
    raise StartError("Contents are deleted faster than they are copied. Try again later.")


def _prepare(data: Path, target: Path) -> None:
    if target.resolve() == data.resolve():
        raise StartError("A backup needs a directory of its own.")
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    target.chmod(0o700)
    (target / "contents").mkdir(mode=0o700, exist_ok=True)


async def _copy_database(database: Database, fresh: Path) -> None:
    if database.is_sqlite:
        async with database.reading() as connection:
            await connection.execute(sa.text("VACUUM INTO :path"), {"path": str(fresh)})
        return
    copy = _engine(fresh)
    try:
        with copy.begin() as target:
            schema_versions.create(target)
            async with database.snapshot() as source:
                for table in tables.METADATA.sorted_tables:
                    rows = await source.stream(sa.select(table))
                    async for batch in rows.mappings().partitions(_BATCH):
                        target.execute(sa.insert(table), [dict(row) for row in batch])
    finally:
        copy.dispose()


def _only_what_lasts(fresh: Path) -> list[Stored]:
    """Leave out uploads and contents without a reference; the contents that stay."""
    fresh.chmod(0o600)
    copy = _engine(fresh)
    contents = tables.contents
    try:
        with copy.begin() as connection:
            connection.execute(sa.delete(tables.blocks))
            connection.execute(sa.delete(tables.uploads))
            used: list[Any] = [
                sa.select(table.c.sha256) for table in (tables.instances, tables.outputs)
            ]
            unused = contents.c.sha256.not_in(sa.union(*used))
            gone = sa.select(contents.c.sha256).where(unused)
            connection.execute(sa.delete(tables.profiles).where(tables.profiles.c.sha256.in_(gone)))
            connection.execute(sa.delete(contents).where(unused))
            found = connection.execute(sa.select(contents.c.sha256, contents.c.size))
            return [Stored(row.sha256, row.size) for row in found]
    finally:
        copy.dispose()


def _engine(file: Path) -> sa.Engine:
    return sa.create_engine(sa.URL.create("sqlite", database=str(file)), hide_parameters=True)


def _has(target: Path, stored: Stored) -> bool:
    file = content_file(target, stored.sha256)
    return file.is_file() and file.stat().st_size == stored.size


class _OtherBytes(Exception):
    """What the store gave has another hash than its name says."""


async def _copy(store: Store, target: Path, stored: Stored) -> bool:
    """Copy one content, unless its bytes have another hash."""
    final = content_file(target, stored.sha256)
    final.parent.mkdir(mode=0o700, exist_ok=True)
    digest = hashlib.sha256()
    with contextlib.suppress(_OtherBytes), whole_file(final) as file:
        if stored.size:
            async for chunk in store.read(stored.sha256, 0, stored.size):
                digest.update(chunk)
                file.write(chunk)
        if digest.hexdigest() != stored.sha256:
            raise _OtherBytes
        return True
    return False


def _finish(target: Path, fresh: Path, wanted: set[str]) -> None:
    """Put the database in its place, and take away contents of an earlier backup."""
    for name in (f"{_NAME}-wal", f"{_NAME}-shm"):
        (target / name).unlink(missing_ok=True)
    give_name(fresh, target / _NAME)
    for path in (target / "contents").rglob("*"):
        if path.is_file() and path.name not in wanted:
            path.unlink()
