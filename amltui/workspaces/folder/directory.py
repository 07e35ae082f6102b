"""Files below a directory of this machine. Everything here blocks: call it in threads.

Only regular files count, and only those whose bytes lie below the directory: a link that leads
out of it is no file of it. Names that begin with a dot are left alone.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import stat
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from amltui.disk import give_name
from amltui.errors import (
    Conflict,
    DatasetGone,
    DiskFull,
    LocalError,
    NotFound,
    Rejected,
    Unauthorized,
)
from amltui.formats import file_name
from amltui.models import Dataset
from amltui.text import visible
from amltui.workspaces.folder.notes import Note, Notes

PART: Final = 4 << 20
"""Bytes of each part of an upload but the last: a part's place follows from its number."""
_UPLOAD: Final = ".amltui-upload-"
_FORBIDDEN: Final = frozenset(':\\*?"<>|')
"""Characters that a new name may not have: not every system could keep such a file."""
FILES: Final = frozenset({"Folder", "Object store", "Web folder"})
"""Where datasets come from whose names are names of files."""
_CLOCKS: Final = 60.0
"""Seconds by which the clock of a disk that another machine has may be behind."""
_ABANDONED: Final = 7 * 86_400
"""Seconds after which a part file that nobody writes to belongs to nobody."""


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was at one moment."""

    key: str
    """Its path below the directory, with `/`."""
    etag: str
    """Changes whenever the bytes may have: made of inode, size and time of modification."""
    size: int
    modified: datetime
    note: Note


def check_new_name(name: str) -> None:
    """See that a new file can have this name.

    Raises:
        Rejected: it cannot.
    """
    parts = name.split("/")
    if not name.strip() or any(not part.strip(" .") for part in parts):
        raise Rejected("A file needs a name", 400)
    odd = sorted({char for char in name if char in _FORBIDDEN or not char.isprintable()})
    if odd or not _is_text(name):
        raise Rejected(
            f"A file's name cannot hold {' '.join(map(visible, odd))} here",
            400,
            hint="Not every system could keep such a file.",
        )
    if any(part.startswith(".") for part in parts):
        raise Rejected("Names that begin with a dot are left alone", 400)
    if any(len(part.encode()) > 255 for part in parts):
        raise Rejected("A file's name has at most 255 bytes", 400)


def file_key(dataset: Dataset, name: str) -> str:
    """What a dataset is called as a file: names that are none get the extension of their type."""
    folder, slash, last = name.rpartition("/")
    # A file keeps its name, whatever is in it: it need not say the type.
    kind = "" if dataset.source_origin in FILES else dataset.data_type_id
    return f"{folder}{slash}{file_name(last, kind) if kind else last}"


def overtaken(name: str) -> Conflict:
    """A file is not any more what it was when an upload that is to replace it was begun."""
    return Conflict(
        f"{visible(name)} was changed meanwhile", 409, hint="Refresh the list and update it again."
    )


class Directory:
    """The files below one directory."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def open(self) -> None:
        """See that the directory is there.

        Raises:
            NotFound, Unauthorized, LocalError: it cannot be read as one.
        """
        try:
            with _mapped(self.root):
                os.scandir(self.root).close()
        except DatasetGone as error:  # it may never have been there
            raise NotFound(f"{error}", 404, hint="Check the path that was named.") from None
        for path in self.root.glob(f"{_UPLOAD}*"):
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > _ABANDONED:
                    path.unlink()
        Notes(self.root).tidy()

    def folders(self, prefix: str) -> list[str]:
        """The folders directly in one, with `/` at the end of their keys.

        Raises:
            DatasetGone: there is none; NotFound: it is no folder.
        """
        directory = self.path(prefix.rstrip("/")) if prefix else self.root
        with _mapped(directory), os.scandir(directory) as entries:
            names = [one.name for one in entries if one.is_dir(follow_symlinks=False)]
        return [f"{prefix}{one}/" for one in sorted(names) if one[0] != "." and _is_text(one)]

    def list(self, prefix: str = "", *, deep: bool = True) -> Iterator[File | None]:
        """All files, folder by folder; None for each entry that could not be read.

        Args:
            prefix: the folder to begin in, with `/` at its end; "" for the directory.
            deep: whether also what lies in folders below.

        Raises:
            NotFound, Unauthorized, LocalError: the directory itself cannot be read.
        """
        waiting = [prefix]
        while waiting:
            prefix = waiting.pop()
            directory = self.root / prefix
            notes: dict[str, Note] | None = None
            try:
                with os.scandir(directory) as entries:
                    found = sorted(entries, key=lambda entry: entry.name)
            except OSError:
                if not prefix:
                    self.open()  # says what became of the folder itself
                yield None
                continue
            for entry in found:
                if entry.name.startswith("."):
                    continue
                key = f"{prefix}{entry.name}"
                if not _is_text(key):
                    yield None
                elif entry.is_dir(follow_symlinks=False):
                    waiting += [f"{key}/"] if deep else []
                else:
                    notes = Notes(directory).read() if notes is None else notes
                    try:
                        status = self._status(key)
                    except OSError:
                        yield None
                        continue
                    if status is not None:
                        yield _file(key, status, notes.get(entry.name, Note()))

    def file(self, key: str) -> File:
        """One file as it is now.

        Raises:
            DatasetGone: there is none.
        """
        path = self.path(key)
        with _mapped(path):
            status = self._status(key)
            if status is None:
                raise DatasetGone(f"There is no file {visible(key)}", 404)
            return _file(key, status, Notes(path.parent).read().get(path.name, Note()))

    def open_file(self, key: str) -> tuple[BinaryIO, File]:
        """A file opened for reading, and what it is: of the open one, whatever takes its place."""
        path = self.path(key)
        with _mapped(path):
            if self._status(key) is None:
                raise DatasetGone(f"There is no file {visible(key)}", 404)
            # Not waiting: a pipe may have taken the file's place.
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            file = os.fdopen(descriptor, "rb", buffering=0)
            return file, _file(key, os.fstat(descriptor), Note())

    def path(self, key: str) -> Path:
        """Where a file with this key lies, or would.

        Raises:
            DatasetGone: no file below the directory can have this key.
        """
        parts = key.split("/")
        if not _is_text(key) or "\0" in key or any(part in {"", ".", ".."} for part in parts):
            raise DatasetGone(f"There is no file {visible(key)}", 404)
        return self.root.joinpath(*parts)

    def check_name(self, name: str) -> None:
        """See `check_new_name`."""
        check_new_name(name)

    # Uploads: one hidden file each, which becomes the file when it is whole

    def begin(self, name: str, replaces: str | None = None) -> str:
        """Begin an upload for `name`; its id, and the version of the file that it is to replace.

        Raises:
            DatasetGone: there is no file to replace.
        """
        upload = f"{_mark(name)}{secrets.token_hex(12)}"
        if replaces is not None:
            upload += f"@{self.file(replaces).etag}"
        with _mapped(self.root):
            os.close(os.open(self._upload(upload), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        return upload

    def write_part(self, upload: str, index: int, data: bytes) -> None:
        """Write a part at its place.

        Raises:
            NotFound: there is no such upload; somebody may have deleted its hidden file.
        """
        path = self._upload(upload)
        with _mapped(path):
            try:
                descriptor = os.open(path, os.O_WRONLY)
            except FileNotFoundError:
                raise NotFound("There is no such upload", 404) from None
            try:
                view, offset = memoryview(data), index * PART
                while view:
                    written = os.pwrite(descriptor, view, offset)
                    view, offset = view[written:], offset + written
            finally:
                os.close(descriptor)

    def commit(self, upload: str, name: str, note: Note, *, replaces: str | None) -> File:
        """Give a whole upload its name: as a new file, or in place of the one at `replaces`.

        Raises:
            Conflict: a new file's name is taken, or the file changed since the upload was begun.
            DatasetGone: there is no file to replace.
        """
        self.check_name(name)
        path, temporary = self.path(name), self._upload(upload)
        if replaces is not None:
            seen = upload.partition("@")[2]
            if self.file(replaces).etag != seen and seen:
                raise overtaken(replaces)
            if replaces != name:
                self.rename(replaces, name)
        with _mapped(path):
            if not temporary.exists():
                raise NotFound("There is no such upload", 404)
            path.parent.mkdir(parents=True, exist_ok=True)
            give_name(temporary, path, replace=replaces is not None)
        Notes(path.parent).write(path.name, note)
        return self.file(name)

    def drop(self, upload: str) -> None:
        """Give an upload up."""
        self._upload(upload).unlink(missing_ok=True)

    def drop_unnamed(
        self, name: str, since: datetime, known: Callable[[], Collection[str]]
    ) -> None:
        """Give up the uploads for `name` that were begun from `since` on and hold nothing.

        Not those that `known` gives, which is asked once the others are found: somebody has them.
        """
        there = list(self.root.glob(f"{_UPLOAD}{_mark(name)}*"))
        kept = {self._upload(one) for one in known()} if there else set()
        for path in there:
            with contextlib.suppress(OSError):
                status = path.stat()
                empty = path not in kept and status.st_size == 0
                if empty and status.st_mtime >= since.timestamp() - _CLOCKS:
                    path.unlink()

    # Changes

    def rename(self, key: str, name: str) -> None:
        """Give a file another name; it has one of them at every moment.

        Raises:
            Conflict: the name is taken.
        """
        self.check_name(name)
        old, new = self.path(key), self.path(name)
        note = self.file(key).note
        with _mapped(old):
            new.parent.mkdir(parents=True, exist_ok=True)
            give_name(old, new, replace=False)
        Notes(old.parent).write(old.name, Note())
        Notes(new.parent).write(new.name, note)

    def describe(self, key: str, note: Note) -> None:
        """Note something of a file."""
        path = self.path(key)
        Notes(path.parent).write(path.name, note)

    def delete(self, key: str) -> None:
        """Delete a file."""
        path = self.path(key)
        self.file(key)
        with _mapped(path):
            path.unlink()
        Notes(path.parent).write(path.name, Note())

    def _upload(self, upload: str) -> Path:
        return self.root / f"{_UPLOAD}{upload.partition('@')[0]}"

    def _status(self, key: str) -> os.stat_result | None:
        """What a regular file below the directory is; None for everything else."""
        path = self.root / key
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            return None
        inside = os.path.realpath(self.root)
        there = os.path.realpath(path)
        return status if there.startswith(inside.rstrip("/") + "/") else None


def _mark(name: str) -> str:
    """What the hidden files of uploads for one name have in common."""
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def _file(key: str, status: os.stat_result, note: Note) -> File:
    etag = f"{status.st_ino:x}-{status.st_size:x}-{status.st_mtime_ns:x}"
    modified = datetime.fromtimestamp(status.st_mtime, UTC)
    return File(key, etag, status.st_size, modified, note)


def _is_text(name: str) -> bool:
    """Whether a name's bytes are UTF-8: others could not be named by anybody."""
    return not any("\ud800" <= char <= "\udfff" for char in name)


@contextlib.contextmanager
def _mapped(path: Path) -> Iterator[None]:
    shown = visible(str(path))
    try:
        yield
    except FileNotFoundError:
        raise DatasetGone(f"There is no {shown}", 404) from None
    except FileExistsError:
        raise Conflict(f"There is a file {shown} already", 409) from None
    except NotADirectoryError:
        raise NotFound(f"{shown} is not in a folder", 404) from None
    except PermissionError:
        raise Unauthorized(
            f"No permission for {shown}", 403, hint="Check its owner and permissions."
        ) from None
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFull(f"No space left for {shown}") from None
        raise LocalError(f"Cannot use {shown}: {error.strerror}") from None
