"""One transfer's record on disk, locked by the process that runs it."""

from __future__ import annotations

import contextlib
import os
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, TypeVar

import filelock
import msgspec

from amltui.disk import PRIVATE_FILE, write_whole
from amltui.errors import AmltuiError, LocalError
from amltui.redact import redacted
from amltui.text import visible
from amltui.transfers.destinations import copy_beside, discard_parts
from amltui.transfers.records import (
    CopyRecord,
    DownloadRecord,
    UploadRecord,
    records_in,
    same_workspace,
)
from amltui.transfers.spool import is_spooled

R = TypeVar("R", DownloadRecord, UploadRecord, CopyRecord)

_COPIED: Final = msgspec.json.Decoder(tuple[int, str | None])


def acknowledged_in(log: Path) -> dict[int, str]:
    """Parts that a log names; see `UploadEntry.acknowledged`."""
    parts = {}
    with contextlib.suppress(OSError):
        for line in log.read_text("ascii", "replace").split("\n"):
            index, _, rest = line.partition(" ")
            if index.isdecimal() and len(rest) == 65 and rest.endswith("."):
                parts[int(index)] = rest[:-1]
    return parts


@dataclass(frozen=True, slots=True)
class CopyProgress:
    """What came of one of several copies."""

    made: tuple[str, ...] = ()
    """What the target calls the versions that are there, the oldest first."""
    over: bool = False
    """Whether nobody need go on with it: it is made, or never can be."""


def copies_in(log: Path) -> dict[int, CopyProgress]:
    """What a log says of copies; see `CopyEntry.progress`."""
    found: dict[int, CopyProgress] = {}
    with contextlib.suppress(OSError):
        for line in log.read_bytes().split(b"\n"):
            try:
                number, said = _COPIED.decode(line)
            except msgspec.DecodeError:  # a line that a crash tore
                continue
            before = found.get(number, CopyProgress())
            made = before.made if said is None else (*before.made, said)
            found[number] = CopyProgress(made, over=before.over or said is None)
    return found


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

    def known(self) -> set[str]:
        """The ids of all uploads to the same workspace that are noted."""
        return set()


class Beginning(LocalError):
    """Whose an upload is whose id did not come cannot be told: another one is being begun."""


def lock_of(directory: Path, name: str) -> filelock.BaseFileLock:
    """What a process holds that runs the record of an id."""
    path = directory / f"{name}.lock"
    return filelock.FileLock(path, timeout=0, mode=PRIVATE_FILE, thread_local=False)


def is_held(directory: Path, name: str) -> bool:
    """Whether a process, this one included, runs the record of an id."""
    if not (directory / f"{name}.json").exists():
        return False
    lock = lock_of(directory, name)
    try:
        lock.acquire()
    except filelock.Timeout:
        return True
    except (OSError, NotImplementedError):  # a file system without locks
        return False
    lock.release()
    return False


class JournalEntry(ABC, Generic[R]):
    """A transfer's record on disk, locked by this process."""

    def __init__(self, directory: Path, record: R, lock: filelock.BaseFileLock) -> None:
        self.record: R = record
        self._base = directory / record.id
        self._lock = lock
        self._log = -1

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

    def _append(self, line: bytes) -> None:
        """Add a line to the log beside the record."""
        with contextlib.suppress(OSError):
            if self._log < 0:
                flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
                self._log = os.open(self._base.with_suffix(".log"), flags, PRIVATE_FILE)
                os.write(self._log, b"\n")  # ends a line that a crash tore
            os.write(self._log, line + b"\n")

    def _close_log(self) -> None:
        if self._log >= 0:
            os.close(self._log)
            self._log = -1


class DownloadEntry(JournalEntry[DownloadRecord]):
    """The record of a download."""

    def note_placing(self, what: str) -> None:
        """Note what is about to appear as the target, in case we are killed just then."""
        request = msgspec.structs.replace(self.record.request, placing=what)
        self.save(msgspec.structs.replace(self.record, request=request), sync=True)

    def _discard(self) -> None:
        if self.record.request.target is not None:
            target = Path(self.record.request.target)
            copy_beside(target, self.record.id).unlink(missing_ok=True)
            discard_parts(target)


class UploadEntry(JournalEntry[UploadRecord]):
    """The record of an upload, with the parts that the server has."""

    def acknowledged(self) -> dict[int, str]:
        """Parts that the server has: index, and hex SHA-256 of the file up to the part's end."""
        return acknowledged_in(self._base.with_suffix(".log"))

    def acknowledge(self, index: int, sha256: str) -> None:
        """Note that the server has a part."""
        self._append(f"{index} {sha256}.".encode())

    def forget_parts(self) -> None:
        """The server has none of them."""
        self._close_log()
        with contextlib.suppress(OSError):
            self._base.with_suffix(".log").unlink(missing_ok=True)

    def known(self) -> set[str]:
        """The ids of all uploads to the same workspace that are noted.

        Raises:
            Beginning: another upload of the same name has none yet, and a process is at it.
        """
        found = set()
        for one in records_in(self._base.parent):
            if not isinstance(one, UploadRecord) or one.id == self.record.id:
                continue
            if not same_workspace(one.workspace, self.record.workspace):
                continue
            if one.request.upload_id is not None:
                found.add(one.request.upload_id)
            elif (
                one.request.beginning is not None
                and one.name == self.record.name
                and is_held(self._base.parent, one.id)
            ):
                raise Beginning(f"Another upload of {visible(one.name)} is being begun")
        return found

    def give_up(self) -> None:
        """As `delete`, but it stays noted that the workspace may hold its parts."""
        if not self.record.request.begun:
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


Entry = DownloadEntry | UploadEntry


class CopyEntry(JournalEntry[CopyRecord]):
    """The record of copies that were asked for together, with those that are made."""

    def __init__(self, directory: Path, record: CopyRecord, lock: filelock.BaseFileLock) -> None:
        super().__init__(directory, record, lock)
        self.progress = copies_in(self._base.with_suffix(".log"))
        """What came of each part, by its number; of which nothing is said, nothing did."""

    def note_made(self, number: int, dataset_id: str) -> None:
        """Note what the target calls the next version of a part: it need not be sent again."""
        made = self.progress.get(number, CopyProgress())
        self.progress[number] = CopyProgress((*made.made, dataset_id), over=made.over)
        self._append(msgspec.json.encode([number, dataset_id]))

    def note_over(self, number: int) -> None:
        """Note that nobody need go on with a part."""
        made = self.progress.get(number, CopyProgress())
        self.progress[number] = CopyProgress(made.made, over=True)
        self._append(msgspec.json.encode([number, None]))

    @property
    def left(self) -> list[int]:
        """The numbers of the parts that are not over."""
        numbers = range(len(self.record.request.parts))
        return [one for one in numbers if not self.progress.get(one, CopyProgress()).over]

    def _discard(self) -> None:
        """Nothing: what it had sent and was not made a dataset is found without it."""


class UnnotedDownload(DownloadEntry):
    """A download that nobody need go on with: what comes is in the cache, and looked for there."""

    def write(self, *, sync: bool = False) -> None:
        """Write nothing."""


class UnnotedCopy(CopyEntry):
    """Copies that no other process could go on with."""

    def write(self, *, sync: bool = False) -> None:
        """Write nothing."""

    def _append(self, line: bytes) -> None:
        pass
