"""What is under way, on disk, so that another process can go on after this one was killed.

    transfers/<id>.json    what was asked for; replaced whole
              <id>.log     blocks that the server has acknowledged; appended to
              <id>.lock    held by the process that runs it
              spool-*      what a pipe gave for an upload; see `spool`

Neither a token nor a link stands in any of them.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal

import filelock
import msgspec

from amltui.disk import PRIVATE_FILE, private_dir, write_whole
from amltui.errors import AmltuiError
from amltui.models import Dataset, OutputPort
from amltui.redact import redacted
from amltui.text import visible
from amltui.transfers.destinations import copy_beside, discard_parts
from amltui.transfers.spool import is_spooled, sweep

_KEPT: Final = timedelta(days=7)
"""How long an upload waits to be gone on with; Azure keeps its parts as long."""
_LOOPBACK: Final = re.compile(r"(?<=://)(localhost|127\.[\d.]+|\[::1\])(?=[:/])")


def same_workspace(one: str, other: str) -> bool:
    """Whether two cache keys name one workspace; this machine has several names."""
    return _LOOPBACK.sub("localhost", one) == _LOOPBACK.sub("localhost", other)


def _acknowledged(log: Path) -> dict[int, str]:
    blocks = {}
    with contextlib.suppress(OSError):
        for line in log.read_text("ascii", "replace").split("\n"):
            index, _, rest = line.partition(" ")
            if index.isdecimal() and len(rest) == 65 and rest.endswith("."):
                blocks[int(index)] = rest[:-1]
    return blocks


def _same_file(begun: UploadRequest, plan: UploadRequest) -> bool:
    """Whether what was begun is gone on with by sending the file that `plan` names."""
    return (begun.path, begun.size, begun.mtime_ns, begun.data_type_id) == (
        plan.path,
        plan.size,
        plan.mtime_ns,
        plan.data_type_id,
    )


class UploadRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an upload was asked to do, and how far the server knows of it."""

    path: str
    data_type_id: str
    description: str = ""
    replaces: str | None = None
    size: int = 0
    mtime_ns: int = 0
    block_size: int = 0
    upload_id: str | None = None
    """The server's name for it. None: not begun there."""
    committing: bool = False
    """Whether the server was asked to make it a dataset; it may have done so."""


class DownloadRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """A download as it was asked for."""

    target: str | None
    overwrite: bool = False
    placing: str = ""
    """Hex SHA-256 of what is about to get the final name; a target that has it is ours."""
    dataset: Dataset | None = None
    port: OutputPort | None = None


class Record(msgspec.Struct, frozen=True, omit_defaults=True):
    """One transfer that is not over."""

    id: str
    workspace: str
    """The workspace's cache key."""
    kind: Literal["download", "upload"]
    name: str
    begun: datetime
    error: str = ""
    """Why it stopped, safe to show; "": nothing went wrong, as far as this was noted."""
    download: DownloadRequest | None = None
    upload: UploadRequest | None = None
    paused: bool = False
    """Whether somebody paused it: it does not go on before somebody says so."""
    given_up: bool = False
    """Whether nobody goes on with it: only its parts at the workspace are still to be removed."""


class MemoryEntry:
    """A transfer's record in memory only: no other process can go on with it."""

    def __init__(self, record: Record) -> None:
        self.record = record

    def save(self, record: Record, *, sync: bool = False) -> None:
        """Replace the record."""
        del sync
        self.record = record

    def acknowledged(self) -> dict[int, str]:
        """Blocks that the server has: index, and hex SHA-256 of the file up to the block's end."""
        return {}

    def acknowledge(self, index: int, sha256: str) -> None:
        """Note that the server has a block."""

    def forget_blocks(self) -> None:
        """The server has none of them."""


class JournalEntry(MemoryEntry):
    """A transfer's record on disk, locked by this process."""

    def __init__(self, directory: Path, record: Record, lock: filelock.BaseFileLock) -> None:
        super().__init__(record)
        self._base = directory / record.id
        self._lock = lock
        self._log = -1

    def save(self, record: Record, *, sync: bool = False) -> None:
        """Replace the record. A disk that refuses costs the resume after a crash, no more.

        `sync`: also survive a power cut at this moment; may take a while, so for a thread.
        """
        self.record = record
        with contextlib.suppress(OSError):
            write_whole(self._base.with_suffix(".json"), msgspec.json.encode(record), sync=sync)

    def note_error(self, error: AmltuiError | None) -> None:
        """Note why it stopped, for whoever lists what is unfinished; None: it goes on."""
        said = "" if error is None else visible(redacted(str(error)))
        if said != self.record.error:
            self.save(msgspec.structs.replace(self.record, error=said))

    def acknowledged(self) -> dict[int, str]:
        """Blocks that the server has: index, and hex SHA-256 of the file up to the block's end."""
        return _acknowledged(self._base.with_suffix(".log"))

    def acknowledge(self, index: int, sha256: str) -> None:
        """Note that the server has a block."""
        with contextlib.suppress(OSError):
            if self._log < 0:
                flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
                self._log = os.open(self._base.with_suffix(".log"), flags, PRIVATE_FILE)
                os.write(self._log, b"\n")  # ends a line that a crash tore
            os.write(self._log, f"{index} {sha256}.\n".encode())

    def forget_blocks(self) -> None:
        """The server has none of them."""
        self._close_log()
        with contextlib.suppress(OSError):
            self._base.with_suffix(".log").unlink(missing_ok=True)

    def delete(self) -> None:
        """The transfer is over: delete the record, and what only it needed."""
        self._close_log()
        upload = self.record.upload
        if upload is not None and is_spooled(source := Path(upload.path)):
            with contextlib.suppress(OSError):
                source.unlink(missing_ok=True)
        download = self.record.download
        if download is not None and download.target is not None:
            target = Path(download.target)
            with contextlib.suppress(OSError):
                copy_beside(target, self.record.id).unlink(missing_ok=True)
            discard_parts(target)
        with contextlib.suppress(OSError):
            for suffix in (".json", ".log", ".lock"):
                self._base.with_suffix(suffix).unlink(missing_ok=True)
        self._lock.release()

    def give_up(self) -> None:
        """As `delete`, but of an upload it stays noted that the workspace may hold its parts."""
        upload = self.record.upload
        if upload is None or upload.upload_id is None:
            self.delete()
            return
        self.save(msgspec.structs.replace(self.record, given_up=True))
        if is_spooled(source := Path(upload.path)):
            with contextlib.suppress(OSError):
                source.unlink(missing_ok=True)
        self.forget_blocks()
        self.close()

    def close(self) -> None:
        """Release the lock: another process can go on with it."""
        self._close_log()
        self._lock.release()

    def _close_log(self) -> None:
        if self._log >= 0:
            os.close(self._log)
            self._log = -1


class Journal:
    """All records of one cache."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def add(self, record: Record) -> JournalEntry:
        """Write a new record and lock it."""
        with contextlib.suppress(OSError):
            private_dir(self._directory)
        lock = self._lock(record.id)
        with contextlib.suppress(OSError, NotImplementedError):  # a file system without locks
            lock.acquire()
        entry = JournalEntry(self._directory, record, lock)
        entry.save(record)
        return entry

    def claim_unowned(self, workspace: str) -> Iterator[JournalEntry]:
        """Lock every record of `workspace` that no running process holds, oldest first."""
        self._sweep()
        yield from self._claim(workspace, self.records())

    def claim_given_up(self, workspace: str) -> Iterator[JournalEntry]:
        """As `claim_unowned`, the uploads whose parts nobody will make a dataset of.

        Those too that no process went on with for a week.
        """
        now = datetime.now(UTC)
        yield from self._claim(
            workspace,
            [
                record
                for record in self._all()
                if record.given_up
                or (record.upload is not None and not record.paused and now - record.begun > _KEPT)
            ],
        )

    def _claim(self, workspace: str, records: list[Record]) -> Iterator[JournalEntry]:
        for record in records:
            if not same_workspace(record.workspace, workspace):
                continue
            lock = self._lock(record.id)
            try:
                lock.acquire()
            except (filelock.Timeout, OSError, NotImplementedError):  # held, or without locks
                continue
            if self._path(record.id).exists():  # else it ended a moment ago
                yield JournalEntry(self._directory, record, lock)
            else:
                lock.release()

    def claim_upload(self, workspace: str, name: str, plan: UploadRequest) -> JournalEntry | None:
        """Lock the record of the same upload that a process which is gone had begun, if one had.

        The same file, unchanged by its size and time, as the same dataset. Other records that
        were to make this dataset are dropped: this upload will.
        """
        found: JournalEntry | None = None
        for entry in self.claim_unowned(workspace):
            begun = entry.record.upload
            renamed = plan.replaces is None and entry.record.name != name
            if begun is None or begun.replaces != plan.replaces or renamed:
                entry.close()
            elif found is None and _same_file(begun, plan):
                found = entry
            elif begun.path == plan.path or is_spooled(Path(begun.path)):
                entry.give_up()
            else:
                entry.close()
        if found is not None:
            begun = found.record.upload
            assert begun is not None
            again = msgspec.structs.replace(begun, description=plan.description)
            found.save(msgspec.structs.replace(found.record, name=name, upload=again))
        return found

    def delete_downloads_to(self, workspace: str, target: str) -> None:
        """Delete what no running process holds and was to write `target`, which another will."""
        for entry in self.claim_unowned(workspace):
            download = entry.record.download
            if download is not None and download.target == target:
                entry.delete()
            else:
                entry.close()

    def running(self, name: str) -> bool:
        """Whether a process, this one included, holds the record of this id."""
        try:
            with self._lock(name):
                return False
        except filelock.Timeout:
            return True
        except (OSError, NotImplementedError):  # a file system without locks
            return False

    def acknowledged(self, name: str) -> dict[int, str]:
        """See `JournalEntry.acknowledged`."""
        return _acknowledged(self._directory / f"{name}.log")

    def records(self) -> list[Record]:
        """All records that can be gone on with, oldest first, whoever runs them."""
        return [record for record in self._all() if not record.given_up]

    def _all(self) -> list[Record]:
        found = []
        with contextlib.suppress(OSError):
            for path in self._directory.glob("*.json"):
                with contextlib.suppress(OSError, msgspec.DecodeError):
                    found.append(msgspec.json.decode(path.read_bytes(), type=Record))
        return sorted(found, key=lambda record: record.begun)

    def _sweep(self) -> None:
        """Delete what a process left that was killed while it began or ended a record."""
        uploads = [one.upload.path for one in self.records() if one.upload is not None]
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
            lock = self._lock(name)
            with contextlib.suppress(filelock.Timeout, OSError, NotImplementedError), lock:
                for path in paths:
                    if path.suffix == ".tmp" or not self._path(name).exists():
                        path.unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self._directory / f"{name}.json"

    def _lock(self, name: str) -> filelock.BaseFileLock:
        path = self._directory / f"{name}.lock"
        return filelock.FileLock(path, timeout=0, mode=PRIVATE_FILE, thread_local=False)
