"""A content that is arriving: a sparse file and a log of which ranges it holds.

The log is appended to after the bytes are written, so it never promises what is not there:

    i CRC {"size": ...}      what the content is, first line
    r CRC BOOT START STOP    written; good while the machine stays up, whatever happens to us
    s CRC START STOP         also flushed to the disk; good for ever

Each line carries a checksum: a line torn by a crash does not count. Two processes that write the
same part, where locks do not work, write the same bytes at the same places, because the file's
name holds a digest of the content's identity.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self

import msgspec

from amltui.cache.ranges import Ranges
from amltui.disk import PRIVATE_FILE, boot_id, disk_errors, sync_dir
from amltui.models import ContentInfo

_LARGE: Final = 1 << 20
"""Bytes worth a disk access of their own."""


class Identity(msgspec.Struct, frozen=True, omit_defaults=True):
    """What tells one content from another, as far as the workspace said it."""

    size: int | None = None
    etag: str | None = None
    sha256: str | None = None
    md5: str | None = None

    @classmethod
    def of(cls, info: ContentInfo) -> Self:
        """The identity that an answer names."""
        return cls(size=info.size, etag=info.etag, sha256=info.sha256, md5=info.md5)

    @property
    def resumable(self) -> bool:
        """Whether a later answer can be known to be the same content."""
        return bool(self.etag or self.sha256 or self.md5)

    @property
    def tag(self) -> str:
        """A short digest for file names."""
        digest = self.etag or self.sha256 or self.md5
        return hashlib.sha256(f"{self.size} {digest}".encode()).hexdigest()[:12]

    def same(self, other: Identity) -> bool:
        """Whether both name the same content: nothing contradicts, and something proves it."""
        if self.size is not None and other.size is not None and self.size != other.size:
            return False
        pairs = ((self.etag, other.etag), (self.sha256, other.sha256), (self.md5, other.md5))
        known = [mine == theirs for mine, theirs in pairs if mine and theirs]
        return bool(known) and all(known)

    def merged(self, other: Identity) -> Identity:
        """All that either says of the same content."""
        return Identity(
            size=self.size if self.size is not None else other.size,
            etag=self.etag or other.etag,
            sha256=self.sha256 or other.sha256,
            md5=self.md5 or other.md5,
        )


def _line(kind: str, body: str) -> bytes:
    return f"{kind} {zlib.crc32(f'{kind} {body}'.encode()):08x} {body}\n".encode()


def _lines(data: bytes) -> Iterator[tuple[str, str]]:
    """The good lines (kind, body) from the first on; a line that is torn or wrong is skipped."""
    for raw in data.split(b"\n")[:-1]:
        kind, _, rest = raw.decode("utf-8", "replace").partition(" ")
        crc, _, body = rest.partition(" ")
        if crc == f"{zlib.crc32(f'{kind} {body}'.encode()):08x}":
            yield kind, body


class PartFile:
    """One arriving content. `write` may be called from several threads; the rest from one."""

    def __init__(self, base: Path, identity: Identity, held: Ranges, synced: Ranges) -> None:
        self.identity = identity
        self.path = Path(f"{base}-{identity.tag}.part")
        self.log = Path(f"{base}-{identity.tag}.log")
        self._base = base
        self.held = held
        """Ranges that can be read from `path` now."""
        self._synced = synced
        self._boot = boot_id()
        self._guard = threading.Lock()
        self._fd = self._log_fd = -1

    @classmethod
    def create(cls, base: Path, identity: Identity) -> Self:
        """Begin, discarding what an earlier attempt left at `base`."""
        for old in cls.leftovers(base):
            old.unlink(missing_ok=True)
        part = cls(base, identity, Ranges(), Ranges())
        part.open(fresh=True)
        return part

    @classmethod
    def load(cls, base: Path) -> Self | None:
        """Go on with what an earlier attempt left at `base`, or None when nothing is usable."""
        part = cls.peek(base)
        if part is not None:
            part.open(fresh=False)
        return part

    @classmethod
    def peek(cls, base: Path) -> Self | None:
        """As `load` without opening anything: what another process may be writing now."""
        for log in sorted(cls.leftovers(base, ".log")):
            part = cls._read(base, log)
            if part is not None:
                return part
        return None

    @staticmethod
    def leftovers(base: Path, suffix: str = "") -> list[Path]:
        """Files of parts at `base`, with those that others made of them."""
        ends = (suffix,) if suffix else (".part", ".log", ".index")
        with contextlib.suppress(OSError):
            return [
                path
                for path in base.parent.iterdir()
                if path.name.startswith(f"{base.name}-") and path.name.endswith(ends)
            ]
        return []

    @classmethod
    def _read(cls, base: Path, log: Path) -> Self | None:
        try:
            lines = list(_lines(log.read_bytes()))
            present = log.with_suffix(".part").stat().st_size
            identity = msgspec.json.decode(lines[0][1], type=Identity)
        except (OSError, IndexError, msgspec.DecodeError):
            return None
        if Path(f"{base}-{identity.tag}.log") != log:
            return None
        boot, held, synced = boot_id(), Ranges(), Ranges()
        for kind, body in lines[1:]:
            *origin, start, stop = body.split(" ")
            if int(stop) > present:
                continue  # the file was cut behind our back
            if kind == "s":
                synced.add(int(start), int(stop))
            if kind == "s" or (kind == "r" and boot and origin == [boot]):
                held.add(int(start), int(stop))
        return cls(base, identity, held, synced)

    def open(self, *, fresh: bool) -> None:
        """Open the files for writing; `fresh` begins the log."""
        with disk_errors(self.path, "write"):
            self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            self._log_fd = os.open(self.log, flags, PRIVATE_FILE)
            if fresh:
                os.write(self._log_fd, _line("i", msgspec.json.encode(self.identity).decode()))
            else:
                os.write(self._log_fd, b"\n")  # ends a line that a crash tore

    def write(self, offset: int, data: bytes | memoryview) -> int:
        """Write `data` from byte `offset` on, and note it; the new end.

        Raises:
            DiskFull, LocalError: what was written up to there is noted.
        """
        end = offset
        with disk_errors(self.path, "write"):
            try:
                while end < offset + len(data):  # a nearly full disk may take a part only
                    end += os.pwrite(self._fd, data[end - offset :], end)
            finally:
                self._note(offset, end)
            if len(data) >= _LARGE and hasattr(os, "posix_fadvise"):
                # Begins to flush without waiting: what `sync` and `finish` wait for gets short.
                os.posix_fadvise(self._fd, offset, len(data), os.POSIX_FADV_DONTNEED)
        return end

    def _note(self, start: int, stop: int) -> None:
        if stop > start:
            with self._guard:
                if self._boot:
                    os.write(self._log_fd, _line("r", f"{self._boot} {start} {stop}"))
                self.held.add(start, stop)

    def sync(self) -> None:
        """Flush to the disk what is held, and note that."""
        with self._guard:
            held = list(self.held)
            synced = set(self._synced)
        with disk_errors(self.path, "write"):
            os.fdatasync(self._fd) if hasattr(os, "fdatasync") else os.fsync(self._fd)
            for start, stop in held:
                if (start, stop) not in synced:
                    os.write(self._log_fd, _line("s", f"{start} {stop}"))
        self._synced = Ranges(held)

    def read(self, start: int, stop: int) -> bytes:
        """Bytes `start` to before `stop`, as far as the file goes."""
        pieces = []
        with disk_errors(self.path, "read"):
            while start < stop:
                piece = os.pread(self._fd, stop - start, start)
                if not piece:
                    break
                pieces.append(piece)
                start += len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def finish(self, final: Path | None) -> None:
        """Make the file durable and, with `final`, give it that name; the log goes."""
        with disk_errors(self.path, "write"):
            os.fsync(self._fd)
            if final is not None:
                try:
                    self.path.replace(final)
                except FileNotFoundError:
                    if not final.exists():  # else another process finished the same content
                        raise
                sync_dir(final.parent)
                self.log.unlink(missing_ok=True)
                self._drop_indexes()

    def discard(self) -> None:
        """Close and delete."""
        self.close()
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)
            self.log.unlink(missing_ok=True)
            self._drop_indexes()

    def _drop_indexes(self) -> None:
        """Delete what was made of these bytes, see `Entry.begun_index`."""
        for index in self.leftovers(self._base, ".index"):
            if index.name.startswith(self.path.stem):
                index.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the files; what arrived stays for another time."""
        for fd in (self._fd, self._log_fd):
            if fd >= 0:
                os.close(fd)
        self._fd = self._log_fd = -1
