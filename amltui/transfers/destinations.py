"""Where a content may go: an entry of the cache, or straight beside its target.

A large content goes straight: passing it through the cache would take the disk twice.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import msgspec

from amltui.cache import Cache, Entry, EntryBusy, Identity, PartFile, Source
from amltui.cache.entries import HEAD
from amltui.disk import PRIVATE_FILE, disk_errors, free_space, lock
from amltui.errors import DiskFull
from amltui.text import human_size, visible
from amltui.transfers.publish import exists_error, publish, usual_mode


@dataclass(frozen=True, slots=True)
class Ready:
    """A whole verified content."""

    path: Path
    identity: Identity
    checked: str
    """How it was verified."""


class Destination(Protocol):
    """Where a fetch writes, and where the whole content ends up."""

    @property
    def base(self) -> Path:
        """What part files are named after."""

    @property
    def final(self) -> Path:
        """Where the whole content will be."""

    @property
    def keeps_sha256(self) -> bool:
        """Whether it notes the content's SHA-256, also where the workspace names none."""

    @property
    def ready(self) -> Ready | None:
        """The whole verified content, where it is here already."""

    def drop(self) -> None:
        """Delete what is ready: it is no longer what the workspace has."""

    def sound(self) -> bool:
        """Whether what is ready is still what was verified; else it is dropped. Blocks."""

    def lock(self) -> contextlib.AbstractContextManager[bool]:
        """Be the only process that writes to it.

        Raises:
            EntryBusy: another process does.
        """

    def reserve(self, needed: int) -> None:
        """Make room for `needed` more bytes.

        Raises:
            DiskFull: there is none.
        """

    def commit(self, part: PartFile, identity: Identity, checked: str) -> Path:
        """Give a whole verified content its final name; where it is now."""


class CacheDestination:
    """An entry of the cache."""

    keeps_sha256 = True

    def __init__(self, cache: Cache, entry: Entry, source: Source) -> None:
        self.entry = entry
        self._cache = cache
        self._source = source

    @property
    def base(self) -> Path:
        """See `Destination`."""
        return self.entry.raw

    @property
    def final(self) -> Path:
        """See `Destination`."""
        return self.entry.raw

    @property
    def ready(self) -> Ready | None:
        """See `Destination`."""
        if not self.entry.whole:
            return None
        card = self.entry.card
        if card is None or card.identity.size != self.entry.raw.stat().st_size:
            self.drop()  # somebody else's hand: it is fetched again
            return None
        return Ready(self.entry.raw, card.identity, card.checked)

    def drop(self) -> None:
        """See `Destination`."""
        self.entry.drop_content()

    def sound(self) -> bool:
        """See `Destination`."""
        return self.entry.check() != "damaged"

    @contextlib.contextmanager
    def lock(self) -> Iterator[bool]:
        """See `Destination`."""
        with self.entry.locked() as alone:
            self.entry.begin(self._source)
            yield alone

    def reserve(self, needed: int) -> None:
        """See `Destination`."""
        self.entry.touch()
        self._cache.make_room(needed, keep=self.entry)

    def commit(self, part: PartFile, identity: Identity, checked: str) -> Path:
        """See `Destination`."""
        card = self.entry.card
        if card is not None:
            self.entry.write_card(
                msgspec.structs.replace(
                    card,
                    identity=identity,
                    fetched=datetime.now(UTC),
                    checked=checked,
                    head=hashlib.sha256(part.read(0, HEAD)).hexdigest(),
                )
            )
        part.finish(self.entry.raw)
        return self.entry.raw


class FileDestination:
    """A hidden file beside the target, which becomes the target once it is whole."""

    keeps_sha256 = False

    def __init__(self, target: Path, *, overwrite: bool, placing: Callable[[str], None]) -> None:
        """`placing` is told what shows that the target is this file, before it appears."""
        self._target = target
        self._placing = placing
        self._overwrite = overwrite

    @property
    def base(self) -> Path:
        """See `Destination`."""
        return hidden_beside(self._target)

    @property
    def final(self) -> Path:
        """See `Destination`."""
        return self._target

    @property
    def ready(self) -> Ready | None:
        """See `Destination`: what is whole has its final name and is nobody's to fetch."""
        return None

    def drop(self) -> None:
        """See `Destination`."""

    def sound(self) -> bool:
        """See `Destination`."""
        return True

    @contextlib.contextmanager
    def lock(self) -> Iterator[bool]:
        """See `Destination`."""
        with _parts_of(self._target) as alone:
            if not self._overwrite and self._target.exists():
                raise exists_error(self._target)  # another process was faster
            yield alone

    def reserve(self, needed: int) -> None:
        """See `Destination`."""
        check_space(self._target, needed)

    def commit(self, part: PartFile, identity: Identity, checked: str) -> Path:
        """See `Destination`."""
        del checked
        part.finish(None)
        with disk_errors(self._target, "write"):
            part.path.chmod(usual_mode(self._target))
        self._placing(identity.sha256 or mark_of(part.path))
        publish(part.path, self._target, overwrite=self._overwrite)
        part.log.unlink(missing_ok=True)
        return self._target


def mark_of(path: Path) -> str:
    """What a file keeps under another name on the same disk, and no other file has."""
    with disk_errors(path, "read"):
        status = path.stat()
    return f"{status.st_dev} {status.st_ino} {status.st_size} {status.st_mtime_ns}"


def hidden_beside(target: Path) -> Path:
    """What temporary files for `target` are named after: same directory, hidden, not too long."""
    name = target.name
    if len(name.encode()) > 200:
        name = hashlib.sha256(name.encode()).hexdigest()[:32]
    return target.with_name(f".{name}.amltui")


def copy_beside(target: Path, transfer_id: str) -> Path:
    """What a transfer copies a cached content to, before that becomes `target`."""
    return Path(f"{hidden_beside(target)}-{transfer_id}.copy")


def discard_parts(target: Path) -> None:
    """Delete what arrived of a content beside `target`, unless somebody is at it."""
    with contextlib.suppress(EntryBusy, OSError), _parts_of(target):
        for left in PartFile.leftovers(hidden_beside(target)):
            left.unlink(missing_ok=True)


@contextlib.contextmanager
def _parts_of(target: Path) -> Iterator[bool]:
    """Hold the part files of a target alone. Gives False on a file system without locks.

    Raises:
        EntryBusy: another process does.
    """
    path = Path(f"{hidden_beside(target)}.lock")
    descriptor = -1
    while descriptor < 0:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
            free = lock(descriptor)
        except OSError:
            if descriptor >= 0:
                os.close(descriptor)
                path.unlink(missing_ok=True)
            yield False
            return
        if not free:
            os.close(descriptor)
            raise EntryBusy(f"Another process is downloading to {visible(str(target))}")
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                break
        os.close(descriptor)  # who held it has deleted it meanwhile
        descriptor = -1
    try:
        yield True
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def check_space(target: Path, needed: int) -> None:
    """See that `needed` bytes fit where `target` is to be.

    Raises:
        DiskFull: they do not.
    """
    free = free_space(target.parent)
    if free is not None and free < needed:
        raise DiskFull(
            f"{human_size(needed)} needed and {human_size(free)} free: {visible(str(target))}"
        )
