"""Transfers that are not over: seen and dropped without a network."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from amltui.cache import Cache
from amltui.errors import LocalError, NotFound
from amltui.models import Dataset
from amltui.text import visible
from amltui.transfers.entries import UploadEntry
from amltui.transfers.journal import Journal
from amltui.transfers.left import bytes_left_here
from amltui.transfers.records import (
    CopyRecord,
    DownloadRecord,
    Record,
    UploadRecord,
    same_workspace,
)
from amltui.transfers.spool import is_spooled
from amltui.transfers.states import State


@dataclass(frozen=True, slots=True)
class Unfinished:
    """One transfer as the journal and what lies on this disk tell of it."""

    id: str
    kind: str
    name: str
    workspace: str
    """The workspace's cache key."""
    state: State
    """Running: in some process. Failed: `error` says why. Paused: nobody is at it."""
    begun: datetime
    done: int
    """Bytes that need not be moved again."""
    total: int | None
    path: str | None
    """The target of a download or a copy, the source of an upload; None: the cache, or a pipe."""
    error: str
    """Safe to show; "" unless it failed."""


def unfinished(cache: Cache, key: str) -> tuple[Unfinished, ...]:
    """What stands in the journal for the workspace `key`, oldest first."""
    journal = Journal(cache.journals)
    records = [one for one in _everything(journal) if _concerns(one, key)]
    return tuple(_described(cache, journal, one) for one in records)


def unfinished_elsewhere(cache: Cache, key: str) -> int:
    """How many stand there for other workspaces than `key`."""
    return sum(not _concerns(one, key) for one in _everything(Journal(cache.journals)))


def _everything(journal: Journal) -> list[Record | CopyRecord]:
    return sorted([*journal.records(), *journal.copies()], key=lambda record: record.begun)


def _concerns(record: Record | CopyRecord, key: str) -> bool:
    """Whether it is among the transfers of a workspace."""
    if isinstance(record, CopyRecord):
        return record.concerns(key)
    return same_workspace(record.workspace, key)


@dataclass(frozen=True, slots=True)
class Dropped:
    """What `drop_unfinished` did."""

    count: int
    parts: bool
    """Whether the workspace may hold parts of them."""


def drop_unfinished(cache: Cache, key: str, ids: Collection[str] = ()) -> Dropped:
    """Drop what no process runs, with what lies beside its targets.

    Only those of `ids`, if any are given. What copies made stays. Parts of uploads that a
    workspace holds are removed when a queue of it is next opened or closed.

    Raises:
        NotFound: one of `ids` is not there; nothing was dropped.
        LocalError: one of `ids` runs in another process; the others were dropped.
    """
    journal = Journal(cache.journals)
    there = {one.id for one in _everything(journal) if _concerns(one, key)}
    for name in ids:
        if name not in there:
            raise NotFound(
                f"No unfinished transfer has the id {visible(name)}",
                404,
                hint="`amltui transfers` lists them.",
            )
    dropped = set()
    parts = False
    for copies in journal.claim_copies(lambda record: record.concerns(key)):
        if ids and copies.record.id not in ids:
            copies.close()
        else:
            parts = parts or any(one.request.begun for one in journal.parts_of(copies.record.id))
            copies.give_up()
            dropped.add(copies.record.id)
    for entry in journal.claim_unowned(key):
        if ids and entry.record.id not in ids:
            entry.close()
        else:
            if isinstance(entry, UploadEntry) and entry.record.request.begun:
                parts = True
            entry.give_up()
            dropped.add(entry.record.id)
    left = [name for name in ids if name not in dropped]
    if left:
        raise LocalError(f"Another process runs {' '.join(left)}", hint="Stop it there first.")
    return Dropped(len(dropped), parts)


def _described(cache: Cache, journal: Journal, record: Record | CopyRecord) -> Unfinished:
    state = State.FAILED if record.error else State.PAUSED
    if journal.running(record.id):
        state = State.RUNNING
    if isinstance(record, CopyRecord):
        kind = "copy"
        path: str | None
        path, done, total = _copied(cache, journal, record)
    else:
        kind = "upload" if isinstance(record, UploadRecord) else "download"
        path, done, total = _progress(cache, journal, record)
    return Unfinished(
        id=record.id,
        kind=kind,
        name=record.name,
        workspace=record.workspace,
        state=state,
        begun=record.begun,
        done=done,
        total=total,
        path=path,
        error=record.error if state is State.FAILED else "",
    )


def _progress(cache: Cache, journal: Journal, record: Record) -> tuple[str | None, int, int | None]:
    """Path, bytes done and bytes in all."""
    done = bytes_left_here(cache, record, journal.acknowledged(record.id))
    match record:
        case UploadRecord(request=upload):
            return None if is_spooled(Path(upload.path)) else upload.path, done, upload.size
        case DownloadRecord(request=download):
            source = download.source
            return download.target, done, source.size if isinstance(source, Dataset) else None


def _copied(cache: Cache, journal: Journal, record: CopyRecord) -> tuple[str, int, int | None]:
    """Where copies go, bytes that are there, and bytes in all."""
    request = record.request
    progress = journal.copied(record.id)
    sizes = [part.size for part in request.parts]
    there = [number for number, one in progress.items() if one.over]
    done = sum(sizes[number] or 0 for number in there if number < len(sizes))
    for part in journal.parts_of(record.id):
        done += bytes_left_here(cache, part, journal.acknowledged(part.id))
    total = None if None in sizes else sum(size or 0 for size in sizes)
    return request.target.place or request.target.key, done, total
