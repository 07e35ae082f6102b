"""What is under way, on disk, so that another process can go on after this one was killed.

    transfers/<id>.json    what was asked for; replaced whole
              <id>.log     parts that the server has acknowledged, copies that are made; appended to
              <id>.lock    held by the process that runs it
              spool-*      what a pipe gave for an upload; see `spool`

Neither a token nor a link stands in any of them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, overload

import filelock
import msgspec

from amltui.disk import private_dir
from amltui.transfers.entries import (
    CopyEntry,
    CopyProgress,
    DownloadEntry,
    Entry,
    UnnotedCopy,
    UnnotedDownload,
    UploadEntry,
    acknowledged_in,
    copies_in,
    is_held,
    lock_of,
)
from amltui.transfers.records import (
    CopyPart,
    CopyRecord,
    DownloadRecord,
    Record,
    UploadRecord,
    records_in,
    same_workspace,
)
from amltui.transfers.spool import is_spooled, sweep

_KEPT: Final = timedelta(days=7)
"""How long an upload waits to be gone on with; Azure keeps its parts as long."""


class Journal:
    """All records of one cache."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @overload
    def add(self, record: DownloadRecord) -> DownloadEntry: ...
    @overload
    def add(self, record: UploadRecord) -> UploadEntry: ...
    @overload
    def add(self, record: CopyRecord) -> CopyEntry: ...
    def add(self, record: Record | CopyRecord) -> Entry | CopyEntry:
        """Write a new record and lock it."""
        with contextlib.suppress(OSError):
            private_dir(self._directory)
        lock = self._lock(record.id)
        with contextlib.suppress(OSError, NotImplementedError):  # a file system without locks
            lock.acquire()
        entry = self._entry(record, lock)
        entry.write()
        return entry

    def unnoted(self, record: DownloadRecord) -> DownloadEntry:
        """A download that is written nowhere."""
        return UnnotedDownload(self._directory, record, self._lock(record.id))

    def unnoted_copies(self, record: CopyRecord) -> CopyEntry:
        """Copies that are written nowhere."""
        return UnnotedCopy(self._directory, record, self._lock(record.id))

    @overload
    def _entry(self, record: Record, lock: filelock.BaseFileLock) -> Entry: ...
    @overload
    def _entry(self, record: CopyRecord, lock: filelock.BaseFileLock) -> CopyEntry: ...
    def _entry(self, record: Record | CopyRecord, lock: filelock.BaseFileLock) -> Entry | CopyEntry:
        match record:
            case DownloadRecord():
                return DownloadEntry(self._directory, record, lock)
            case UploadRecord():
                return UploadEntry(self._directory, record, lock)
            case CopyRecord():
                return CopyEntry(self._directory, record, lock)

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
            and (
                record.given_up
                or (not record.paused and now - record.begun > _KEPT)
                or (record.part_of and not self._path(record.part_of).exists())
            )
        ]
        for entry in self._claim(workspace, left):
            if isinstance(entry, UploadEntry):
                yield entry

    def _claim(self, workspace: str, records: Sequence[Record]) -> Iterator[Entry]:
        for record in records:
            if same_workspace(record.workspace, workspace) and (lock := self._taken(record.id)):
                yield self._entry(record, lock)

    def _taken(self, name: str) -> filelock.BaseFileLock | None:
        """The lock of a record that no process holds, this one included."""
        lock = self._lock(name)
        try:
            lock.acquire()
        except (filelock.Timeout, OSError, NotImplementedError):  # held, or without locks
            return None
        if self._path(name).exists():  # else it ended a moment ago
            return lock
        self._release(lock, name)
        return None

    def claim_upload(self, wanted: UploadRecord) -> UploadEntry | None:
        """Lock the record of the same upload that a process which is gone had begun, if one had.

        The same file, unchanged by its size and time, as the same dataset. Other records that
        were to make this dataset are dropped: this upload will.
        """
        found: UploadEntry | None = None
        plan = wanted.request
        self._sweep()
        # Those too that are a part of copies: whoever copies again takes the part over.
        begun_here = [
            one for one in self._all() if isinstance(one, UploadRecord) and not one.given_up
        ]
        for entry in self._claim(wanted.workspace, begun_here):
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
            record = msgspec.structs.replace(found.record, name=wanted.name, request=again)
            found.save(msgspec.structs.replace(record, part_of=wanted.part_of))
        return found

    def claim_copies(self, wanted: Callable[[CopyRecord], bool]) -> Iterator[CopyEntry]:
        """Lock the records of copies that are `wanted` and that no process holds, oldest first."""
        self._sweep()
        for record in self.copies():
            if wanted(record) and (lock := self._taken(record.id)):
                yield self._entry(record, lock)

    def hand_over(self, copies: str, name: str, others: str) -> None:
        """Make what was sent of a part of `copies` a part of `others`; both are ids."""
        for record in self.parts_of(copies):
            if record.name == name and (lock := self._taken(record.id)):
                entry = UploadEntry(self._directory, record, lock)
                entry.save(msgspec.structs.replace(record, part_of=others))
                entry.close()

    def begun_copies(self, source: str, target: str) -> dict[str, tuple[CopyPart, CopyProgress]]:
        """The copies between two workspaces that no process goes on with, by their names."""
        found = {}
        for record in self.copies():
            same = same_workspace(record.workspace, source)
            if not same or not same_workspace(record.request.target.key, target):
                continue
            if self.running(record.id):
                continue
            progress = self.copied(record.id)
            for number, part in enumerate(record.request.parts):
                one = progress.get(number, CopyProgress())
                if not one.over:
                    found[part.name] = (part, one)
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
        return is_held(self._directory, name)

    def acknowledged(self, name: str) -> dict[int, str]:
        """See `UploadEntry.acknowledged`."""
        return acknowledged_in(self._directory / f"{name}.log")

    def copied(self, name: str) -> dict[int, CopyProgress]:
        """See `CopyEntry.progress`."""
        return copies_in(self._directory / f"{name}.log")

    def records(self) -> list[Record]:
        """All records that can be gone on with, oldest first, whoever runs them.

        Not those of copies, nor what is a part of them.
        """
        return [
            record
            for record in self._all()
            if isinstance(record, DownloadRecord)
            or (isinstance(record, UploadRecord) and not record.given_up and not record.part_of)
        ]

    def copies(self) -> list[CopyRecord]:
        """All records of copies, oldest first, whoever makes them."""
        return [record for record in self._all() if isinstance(record, CopyRecord)]

    def parts_of(self, copies: str) -> list[UploadRecord]:
        """The uploads that are under way for copies of this id."""
        return [
            record
            for record in self._all()
            if isinstance(record, UploadRecord) and record.part_of == copies
        ]

    def ending_parts(self, workspace: str) -> list[UploadRecord]:
        """Uploads for copies to a workspace that it was asked to make datasets of."""
        return [
            record
            for record in self._all()
            if isinstance(record, UploadRecord)
            and same_workspace(record.workspace, workspace)
            and (record.part_of or record.given_up)
            and record.request.committing
        ]

    def _all(self) -> list[Record | CopyRecord]:
        return records_in(self._directory)

    def _sweep(self) -> None:
        """Delete what a process left that was killed while it began or ended a record."""
        uploads = [one.request.path for one in self._all() if isinstance(one, UploadRecord)]
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
        return lock_of(self._directory, name)
