"""What is under way, on disk, so that another process can go on after this one was killed.

    transfers/<id>.json    what was asked for; replaced whole
              <id>.log     parts that the server has acknowledged; appended to
              <id>.lock    held by the process that runs it
              spool-*      what a pipe gave for an upload; see `spool`

Neither a token nor a link stands in any of them.
"""

from __future__ import annotations

import contextlib
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Generic, TypeVar, overload

import filelock
import msgspec

from amltui.disk import PRIVATE_FILE, private_dir, write_whole
from amltui.errors import AmltuiError
from amltui.redact import redacted
from amltui.text import visible
from amltui.transfers.destinations import copy_beside, discard_parts
from amltui.transfers.records import DownloadRecord, Record, UploadRecord, same_workspace
from amltui.transfers.spool import is_spooled, sweep

R = TypeVar("R", DownloadRecord, UploadRecord)

_KEPT: Final = timedelta(days=7)
"""How long an upload waits to be gone on with; Azure keeps its parts as long."""
_DECODER: Final = msgspec.json.Decoder[Record](Record)


def _acknowledged(log: Path) -> dict[int, str]:
    parts = {}
    with contextlib.suppress(OSError):
        for line in log.read_text("ascii", "replace").split("\n"):
            index, _, rest = line.partition(" ")
            if index.isdecimal() and len(rest) == 65 and rest.endswith("."):
                parts[int(index)] = rest[:-1]
    return parts


class MemoryEntry:
    """An upload's record in memory only: no other process can go on with it."""

    def __init__(self, record: UploadRecord) -> None:
        self.record = record

    def save(self, record: UploadRecord, *, sync: bool = False) -> None:
        """Replace the record."""
        del sync
        self.record = record

    def acknowledged(self) -> dict[int, str]:
        """Parts that the server has: index, and hex SHA-256 of the file up to the part's end."""
        return {}

    def acknowledge(self, index: int, sha256: str) -> None:
        """Note that the server has a part."""

    def forget_parts(self) -> None:
        """The server has none of them."""


class JournalEntry(ABC, Generic[R]):
    """A transfer's record on disk, locked by this process."""

    def __init__(self, directory: Path, record: R, lock: filelock.BaseFileLock) -> None:
        self.record: R = record
        self._base = directory / record.id
        self._lock = lock

    def save(self, record: R, *, sync: bool = False) -> None:
        """Replace the record.

        `sync`: also survive a power cut at this moment; may take a while, so for a thread.
        """
        self.record = record
        self.write(sync=sync)

    def write(self, *, sync: bool = False) -> None:
        """Write the record. A disk that refuses costs the resume after a crash, no more."""
        with contextlib.suppress(OSError):
            content = msgspec.json.encode(self.record)
            write_whole(self._base.with_suffix(".json"), content, sync=sync)

    def note_error(self, error: AmltuiError | None) -> None:
        """Note why it stopped, for whoever lists what is unfinished; None: it goes on."""
        said = "" if error is None else visible(redacted(str(error)))
        if said != self.record.error:
            self.save(msgspec.structs.replace(self.record, error=said))

    def note_paused(self, *, paused: bool) -> None:
        """Note whether it waits for somebody who says that it goes on."""
        if paused != self.record.paused:
            self.save(msgspec.structs.replace(self.record, paused=paused))

    def rename(self, name: str) -> None:
        """Give what is made another name."""
        self.save(msgspec.structs.replace(self.record, name=name))

    def delete(self) -> None:
        """The transfer is over: delete the record, and what only it needed."""
        with contextlib.suppress(OSError):
            self._discard()
        self._close_log()
        with contextlib.suppress(OSError):
            for suffix in (".json", ".log", ".lock"):
                self._base.with_suffix(suffix).unlink(missing_ok=True)
        self._lock.release()

    def give_up(self) -> None:
        """As `delete`, but of an upload it stays noted that the workspace may hold its parts."""
        self.delete()

    def close(self) -> None:
        """Release the lock: another process can go on with it."""
        self._close_log()
        self._lock.release()

    @abstractmethod
    def _discard(self) -> None:
        """Delete the files that only this transfer needed."""

    def _close_log(self) -> None:
        """Close what else is open."""


class DownloadEntry(JournalEntry[DownloadRecord]):
    """The record of a download."""

    def note_placing(self, sha256: str | None) -> None:
        """Note what is about to appear as the target, in case we are killed just then."""
        request = msgspec.structs.replace(self.record.request, placing=sha256 or "")
        self.save(msgspec.structs.replace(self.record, request=request), sync=True)

    def _discard(self) -> None:
        if self.record.request.target is not None:
            target = Path(self.record.request.target)
            copy_beside(target, self.record.id).unlink(missing_ok=True)
            discard_parts(target)


class UploadEntry(JournalEntry[UploadRecord]):
    """The record of an upload, with the parts that the server has."""

    def __init__(self, directory: Path, record: UploadRecord, lock: filelock.BaseFileLock) -> None:
        super().__init__(directory, record, lock)
        self._log = -1

    def acknowledged(self) -> dict[int, str]:
        """Parts that the server has: index, and hex SHA-256 of the file up to the part's end."""
        return _acknowledged(self._base.with_suffix(".log"))

    def acknowledge(self, index: int, sha256: str) -> None:
        """Note that the server has a part."""
        with contextlib.suppress(OSError):
            if self._log < 0:
                flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
                self._log = os.open(self._base.with_suffix(".log"), flags, PRIVATE_FILE)
                os.write(self._log, b"\n")  # ends a line that a crash tore
            os.write(self._log, f"{index} {sha256}.\n".encode())

    def forget_parts(self) -> None:
        """The server has none of them."""
        self._close_log()
        with contextlib.suppress(OSError):
            self._base.with_suffix(".log").unlink(missing_ok=True)

    def give_up(self) -> None:
        """As `delete`, but it stays noted that the workspace may hold its parts."""
        if self.record.request.upload_id is None:
            self.delete()
            return
        self.save(msgspec.structs.replace(self.record, given_up=True))
        with contextlib.suppress(OSError):
            self._discard()
        self.forget_parts()
        self.close()

    def _discard(self) -> None:
        if is_spooled(source := Path(self.record.request.path)):
            source.unlink(missing_ok=True)

    def _close_log(self) -> None:
        if self._log >= 0:
            os.close(self._log)
            self._log = -1


Entry = DownloadEntry | UploadEntry


class Journal:
    """All records of one cache."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @overload
    def add(self, record: DownloadRecord) -> DownloadEntry: ...
    @overload
    def add(self, record: UploadRecord) -> UploadEntry: ...
    def add(self, record: Record) -> Entry:
        """Write a new record and lock it."""
        with contextlib.suppress(OSError):
            private_dir(self._directory)
        lock = self._lock(record.id)
        with contextlib.suppress(OSError, NotImplementedError):  # a file system without locks
            lock.acquire()
        entry = self._entry(record, lock)
        entry.write()
        return entry

    def _entry(self, record: Record, lock: filelock.BaseFileLock) -> Entry:
        match record:
            case DownloadRecord():
                return DownloadEntry(self._directory, record, lock)
            case UploadRecord():
                return UploadEntry(self._directory, record, lock)

    def claim_unowned(self, workspace: str) -> Iterator[Entry]:
        """Lock every record of `workspace` that no running process holds, oldest first."""
        self._sweep()
        yield from self._claim(workspace, self.records())

    def claim_given_up(self, workspace: str) -> Iterator[UploadEntry]:
        """As `claim_unowned`, the uploads whose parts nobody will make a dataset of.

        Those too that no process went on with for a week.
        """
        now = datetime.now(UTC)
        left = [
            record
            for record in self._all()
            if isinstance(record, UploadRecord)
            and (record.given_up or (not record.paused and now - record.begun > _KEPT))
        ]
        for entry in self._claim(workspace, left):
            if isinstance(entry, UploadEntry):
                yield entry

    def _claim(self, workspace: str, records: Sequence[Record]) -> Iterator[Entry]:
        for record in records:
            if not same_workspace(record.workspace, workspace):
                continue
            lock = self._lock(record.id)
            try:
                lock.acquire()
            except (filelock.Timeout, OSError, NotImplementedError):  # held, or without locks
                continue
            if self._path(record.id).exists():  # else it ended a moment ago
                yield self._entry(record, lock)
            else:
                self._release(lock, record.id)

    def claim_upload(self, wanted: UploadRecord) -> UploadEntry | None:
        """Lock the record of the same upload that a process which is gone had begun, if one had.

        The same file, unchanged by its size and time, as the same dataset. Other records that
        were to make this dataset are dropped: this upload will.
        """
        found: UploadEntry | None = None
        plan = wanted.request
        for entry in self.claim_unowned(wanted.workspace):
            if not isinstance(entry, UploadEntry) or not entry.record.makes_the_same(wanted):
                entry.close()
                continue
            begun = entry.record.request
            if found is None and begun.sends_the_same(plan):
                found = entry
            elif begun.path == plan.path or is_spooled(Path(begun.path)):
                entry.give_up()
            else:
                entry.close()
        if found is not None:
            again = msgspec.structs.replace(found.record.request, description=plan.description)
            found.save(msgspec.structs.replace(found.record, name=wanted.name, request=again))
        return found

    def delete_downloads_to(self, workspace: str, target: str) -> None:
        """Delete what no running process holds and was to write `target`, which another will."""
        # Only these are locked: of many at once each would else lock all the others'.
        left = [
            record
            for record in self.records()
            if isinstance(record, DownloadRecord) and record.request.target == target
        ]
        for entry in self._claim(workspace, left):
            entry.delete()

    def running(self, name: str) -> bool:
        """Whether a process, this one included, holds the record of this id."""
        try:
            with self._held(name):
                return False
        except filelock.Timeout:
            return True
        except (OSError, NotImplementedError):  # a file system without locks
            return False

    def acknowledged(self, name: str) -> dict[int, str]:
        """See `UploadEntry.acknowledged`."""
        return _acknowledged(self._directory / f"{name}.log")

    def records(self) -> list[Record]:
        """All records that can be gone on with, oldest first, whoever runs them."""
        return [
            record
            for record in self._all()
            if not (isinstance(record, UploadRecord) and record.given_up)
        ]

    def _all(self) -> list[Record]:
        found: list[Record] = []
        with contextlib.suppress(OSError):
            for path in self._directory.glob("*.json"):
                with contextlib.suppress(OSError, msgspec.DecodeError):
                    found.append(_DECODER.decode(path.read_bytes()))
        return sorted(found, key=lambda record: record.begun)

    def _sweep(self) -> None:
        """Delete what a process left that was killed while it began or ended a record."""
        uploads = [one.request.path for one in self.records() if isinstance(one, UploadRecord)]
        sweep(self._directory, uploads)
        names: dict[str, list[Path]] = {}
        with contextlib.suppress(OSError):
            for path in self._directory.iterdir():
                if is_spooled(path):
                    continue
                names.setdefault(path.name.lstrip(".").partition(".")[0], []).append(path)
        for name, paths in names.items():
            if self._path(name) in paths and not any(one.suffix == ".tmp" for one in paths):
                continue
            with (
                contextlib.suppress(filelock.Timeout, OSError, NotImplementedError),
                self._held(name),
            ):
                for path in paths:
                    if path.suffix == ".tmp" or not self._path(name).exists():
                        path.unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self._directory / f"{name}.json"

    @contextlib.contextmanager
    def _held(self, name: str) -> Iterator[None]:
        lock = self._lock(name)
        lock.acquire()
        try:
            yield
        finally:
            self._release(lock, name)

    def _release(self, lock: filelock.BaseFileLock, name: str) -> None:
        """Let go of a lock; its file goes too where the record ended before it was taken."""
        with contextlib.suppress(OSError):
            if not self._path(name).exists():
                Path(lock.lock_file).unlink(missing_ok=True)
        lock.release()

    def _lock(self, name: str) -> filelock.BaseFileLock:
        path = self._directory / f"{name}.lock"
        return filelock.FileLock(path, timeout=0, mode=PRIVATE_FILE, thread_local=False)
