"""Where a content may go: an entry of the cache, or straight beside its target.

A large content goes straight: passing it through the cache would take the disk twice.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import msgspec

from amltui.cache import Cache, Entry, EntryBusy, Identity, Part, Source
from amltui.cache.disk import free_space
from amltui.errors import DiskFull
from amltui.text import human_size, visible
from amltui.transfers.deliver import publish


@dataclass(frozen=True, slots=True)
class Ready:
    """A whole verified content."""

    path: Path
    identity: Identity
    checked: str
    """How it was verified."""


class Place(Protocol):
    """What a fetch asks of the place that it fills."""

    @property
    def base(self) -> Path:
        """What part files here are named after."""

    @property
    def final(self) -> Path:
        """Where the whole content will be."""

    @property
    def ready(self) -> Ready | None:
        """The whole verified content, where it is here already."""

    def drop(self) -> None:
        """Delete what is ready: it is no longer what the workspace has."""

    def hold(self) -> contextlib.AbstractContextManager[bool]:
        """Be the only one who fills it.

        Raises:
            EntryBusy: somebody else is.
        """

    def room(self, needed: int) -> None:
        """Make room for `needed` more bytes.

        Raises:
            DiskFull: there is none.
        """

    def accept(self, part: Part, identity: Identity, checked: str) -> Path:
        """Take a whole verified content; where it is now."""


class CachePlace:
    """An entry of the cache."""

    def __init__(self, cache: Cache, entry: Entry, source: Source) -> None:
        self.entry = entry
        self._cache = cache
        self._source = source

    @property
    def base(self) -> Path:
        """See `Place`."""
        return self.entry.raw

    @property
    def final(self) -> Path:
        """See `Place`."""
        return self.entry.raw

    @property
    def ready(self) -> Ready | None:
        """See `Place`."""
        if not self.entry.whole:
            return None
        card = self.entry.card
        if card is None or card.identity.size != self.entry.raw.stat().st_size:
            self.drop()  # somebody else's hand: it is fetched again
            return None
        return Ready(self.entry.raw, card.identity, card.checked)

    def drop(self) -> None:
        """See `Place`."""
        self.entry.drop_content()

    @contextlib.contextmanager
    def hold(self) -> Iterator[bool]:
        """See `Place`."""
        with self.entry.locked() as alone:
            self.entry.begin(self._source)
            yield alone

    def room(self, needed: int) -> None:
        """See `Place`."""
        self.entry.touch()
        self._cache.make_room(needed, keep=self.entry)

    def accept(self, part: Part, identity: Identity, checked: str) -> Path:
        """See `Place`."""
        card = self.entry.card
        if card is not None:
            self.entry.write_card(
                msgspec.structs.replace(
                    card, identity=identity, fetched=datetime.now(UTC), checked=checked
                )
            )
        part.finish(self.entry.raw)
        return self.entry.raw


class TargetPlace:
    """A hidden file beside the target, which becomes the target once it is whole."""

    def __init__(
        self, target: Path, *, overwrite: bool, placing: Callable[[str | None], None]
    ) -> None:
        """`placing` is told the content's SHA-256 before the target appears."""
        self._target = target
        self._placing = placing
        self._overwrite = overwrite

    @property
    def base(self) -> Path:
        """See `Place`."""
        return hidden_beside(self._target)

    @property
    def final(self) -> Path:
        """See `Place`."""
        return self._target

    @property
    def ready(self) -> Ready | None:
        """See `Place`: what is whole has its final name and is nobody's to fetch."""
        return None

    def drop(self) -> None:
        """See `Place`."""

    @contextlib.contextmanager
    def hold(self) -> Iterator[bool]:
        """See `Place`."""
        import filelock

        lock = filelock.FileLock(f"{self.base}.lock", timeout=0, mode=0o600, thread_local=False)
        try:
            lock.acquire()
        except filelock.Timeout:
            where = visible(str(self._target))
            raise EntryBusy(f"Another process is downloading to {where}") from None
        except (OSError, NotImplementedError):  # a file system without locks
            yield False
            return
        try:
            yield True
        finally:
            lock.release()
            Path(f"{self.base}.lock").unlink(missing_ok=True)

    def room(self, needed: int) -> None:
        """See `Place`."""
        check_space(self._target, needed)

    def accept(self, part: Part, identity: Identity, checked: str) -> Path:
        """See `Place`."""
        del checked
        part.finish(None)
        self._placing(identity.sha256)
        publish(part.path, self._target, overwrite=self._overwrite)
        part.log.unlink(missing_ok=True)
        return self._target


def hidden_beside(target: Path) -> Path:
    """What temporary files for `target` are named after: same directory, hidden, not too long."""
    name = target.name
    if len(name.encode()) > 200:
        name = hashlib.sha256(name.encode()).hexdigest()[:32]
    return target.with_name(f".{name}.amltui")


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
