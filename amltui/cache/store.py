"""The cache of one user: entries, list snapshots, a quota, and what to do without a disk."""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from amltui.cache.cache_paths import LAYOUT
from amltui.cache.entries import Entry, EntryBusy, Source, source_id, without_links
from amltui.cache.index import EntryInfo, scan
from amltui.cache.listings import (
    KeptListing,
    layout_root,
    listing_path,
    read_listing,
    write_listing,
)
from amltui.cache.verify import Verdict, verify
from amltui.disk import free_space, private_dir, write_whole
from amltui.errors import DiskFull, LocalError
from amltui.models import Listing
from amltui.text import human_size, visible

DEFAULT_QUOTA: Final = 10 * 1024**3
RESERVE: Final = 64 * 1024**2
"""Bytes of the disk that the cache leaves to others; where less than twice that is free, half."""
_TAG: Final = (
    b"Signature: 8a477f597d28d172789f06886806bc55\n"
    b"# This directory is amltui's cache; backups can leave it out. See https://bford.info/cachedir/\n"
)


@dataclass(frozen=True, slots=True)
class CacheInfo:
    """How full the cache is, in bytes and entries."""

    directory: Path
    quota: int
    size: int
    entries: int
    whole: int
    partial: int
    pinned: int
    problem: str | None = None
    """Why it is not the user's cache but a temporary one."""


class Cache:
    """What is on this disk. Use as a context manager, or call `close`.

    Nothing touches the disk before the first use. Where `directory` cannot be written, a
    temporary directory takes its place until `close`, and `problem` says why. Methods are
    synchronous and may take some milliseconds; `verify` and `clear` may take long.
    """

    def __init__(self, directory: Path, quota: int | None = None) -> None:
        self.quota = DEFAULT_QUOTA if quota is None else quota
        """Bytes that entries may take together."""
        self.problem: str | None = None
        """Why the user's directory is not used; worth one warning."""
        self._wanted = directory
        self._root: Path | None = None
        self._temporary: Path | None = None
        self._used: Counter[str] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Delete the temporary directory, if there was need of one."""
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
        self._temporary = self._root = None

    @property
    def directory(self) -> Path:
        """Where the cache lies now: as asked for, or temporary."""
        return self.root.parent

    @property
    def journals(self) -> Path:
        """Where unfinished transfers are noted; not part of what `clear` deletes."""
        return self.directory / "transfers"

    @property
    def root(self) -> Path:
        """The directory of this layout, made at first use."""
        if self._root is None:
            try:
                self._root = _prepare(self._wanted)
            except OSError as error:
                where = visible(str(self._wanted))
                self.problem = (
                    f"Working without a cache: {where} cannot be written ({error.strerror})"
                )
                self._temporary = Path(tempfile.mkdtemp(prefix="amltui-"))
                self._root = _prepare(self._temporary)
        return self._root

    def leave_full_disk(self) -> bool:
        """Go on in a temporary directory, because the disk of the user's has no room.

        False: it is one already, or the temporary directory's disk has no more room.
        """
        free = free_space(self.root)
        temporary = free_space(Path(tempfile.gettempdir()))
        if self._temporary is not None or free is None or temporary is None:
            return False
        if free >= 2 * RESERVE or temporary <= free:
            return False
        where = visible(str(self.directory))
        self.problem = f"Working without a cache: the disk of {where} has {human_size(free)} free"
        self._temporary = Path(tempfile.mkdtemp(prefix="amltui-"))
        self._root = _prepare(self._temporary)
        return True

    def entry(self, workspace: str, source: Source | str) -> Entry:
        """The place of a content, whether or not it is there. `workspace`: its cache key."""
        name = source if isinstance(source, str) else source_id(source)
        return Entry(self.root, workspace, name)

    @contextlib.contextmanager
    def using(self, entry: Entry) -> Iterator[None]:
        """Keep this process from evicting `entry`; others see that it was used just now."""
        entry.touch()
        self._used[entry.id] += 1
        try:
            yield
        finally:
            self._used[entry.id] -= 1

    def entry_of(self, info: EntryInfo) -> Entry:
        """The entry that a list told of."""
        return Entry(self.root, info.workspace, info.source)

    def entries(self) -> list[EntryInfo]:
        """All entries, least recently used first."""
        return scan(self.root)

    def named(self, name: str) -> list[EntryInfo]:
        """The entries of contents of this name or id, of any workspace."""
        return [one for one in self.entries() if name in {one.name, one.source}]

    def info(self) -> CacheInfo:
        """How full it is."""
        entries = self.entries()
        whole = sum(one.whole for one in entries)
        return CacheInfo(
            directory=self.directory,
            quota=self.quota,
            size=sum(one.size for one in entries),
            entries=len(entries),
            whole=whole,
            partial=len(entries) - whole,
            pinned=sum(one.pinned for one in entries),
            problem=self.problem,
        )

    def choose(self, needed: int, *, keep: Entry | None = None) -> list[EntryInfo]:
        """What to evict, least recently used first, so that `needed` more bytes fit.

        Both the quota and the disk's free space count. What is pinned, in use here, or `keep` is
        never chosen.

        Raises:
            DiskFull: even without all others it would not fit.
        """
        entries = self.entries()
        free = free_space(self.root)
        over = needed - self._left(entries, free)
        chosen: list[EntryInfo] = []
        for one in self._evictable(entries, keep):
            if over <= 0:
                break
            chosen.append(one)
            over -= one.size
        if over > 0:
            raise DiskFull(
                f"{human_size(needed)} more do not fit into the cache: its quota is "
                f"{human_size(self.quota)} and the disk has {human_size(free)} free",
                hint="Raise the quota (AMLTUI_CACHE_QUOTA or `cache_quota` in the settings), take "
                "pins away (amltui cache unpin NAME), free some disk, or download to a file.",
            )
        return chosen

    def make_room(self, needed: int, *, keep: Entry | None = None) -> None:
        """Evict what `choose` names. Entries that somebody is filling stay.

        Raises:
            DiskFull: it would not fit.
        """
        for one in self.choose(needed, keep=keep):
            self.remove(self.entry_of(one))

    def room(self, *, keep: Entry | None = None) -> int:
        """Bytes up to which `make_room` does not fail, as things are."""
        entries = self.entries()
        left = self._left(entries, free_space(self.root))
        return max(0, left + sum(one.size for one in self._evictable(entries, keep)))

    def _left(self, entries: Sequence[EntryInfo], free: int | None) -> int:
        """Bytes that may come without evicting any; negative where there are too many already."""
        left = self.quota - sum(one.size for one in entries)
        return left if free is None else min(left, free - min(RESERVE, free // 2))

    def _evictable(self, entries: Sequence[EntryInfo], keep: Entry | None) -> Iterator[EntryInfo]:
        for one in entries:
            if not one.pinned and not self._used[one.id] and (keep is None or one.id != keep.id):
                yield one

    def fits(self, size: int) -> bool:
        """Whether a content of `size` bytes belongs here at all.

        One above a quarter of the quota would push out too much of the rest.
        """
        return self.problem is None and size <= self.quota // 4

    def serves(self, size: int, entry: Entry) -> bool:
        """Whether a download to a file should pass through here, and not go straight there.

        What is small does, and stays for a preview. What is large would take the disk twice,
        unless a part of it is here already.
        """
        return self.fits(size if entry.held.total else 4 * size)

    def remove(self, entry: Entry) -> bool:
        """Delete an entry at once; False when somebody is filling it. Open files stay readable."""
        trash = self.root / "trash" / uuid.uuid4().hex
        try:
            with entry.locked():
                private_dir(trash.parent)
                entry.directory.rename(trash)
                entry.lock_file.unlink(missing_ok=True)
        except FileNotFoundError:
            return True
        except (EntryBusy, LocalError, OSError):
            return False
        shutil.rmtree(trash, ignore_errors=True)
        return True

    def prune(self, *, unused_days: float | None = None) -> int:
        """Evict down to the quota, and what was not used for `unused_days`; bytes freed."""
        freed = 0
        with contextlib.suppress(DiskFull):
            chosen = {one.id for one in self.choose(0)}
            for one in self.entries():
                age = (datetime.now(UTC) - one.used).total_seconds() / 86_400
                old = unused_days is not None and age >= unused_days and not one.pinned
                if (one.id in chosen or old) and self.remove(self.entry_of(one)):
                    freed += one.size
        _empty_trash(self.root)
        return freed

    def clear(self) -> int:
        """Delete all entries, pinned too, and the list snapshots; bytes freed."""
        freed = sum(one.size for one in self.entries() if self.remove(self.entry_of(one)))
        shutil.rmtree(self.root / "workspaces", ignore_errors=True)
        _empty_trash(self.root)
        return freed

    def verify(self) -> Iterator[Verdict]:
        """Read every whole content and compare it with its digest; damaged ones are dropped."""
        for one in self.entries():
            if one.whole:
                yield verify(self.entry_of(one), one)

    def save_listing(self, workspace: str, listing: Listing) -> KeptListing:
        """Keep a list, without its links. A disk that refuses is no error: it is only a copy."""
        bare = replace(listing, datasets=tuple(map(without_links, listing.datasets)))
        snapshot = KeptListing(workspace, bare, datetime.now(UTC))
        with contextlib.suppress(OSError):
            private_dir(listing_path(self.root, workspace).parent)
            write_listing(self.root, snapshot)
        return snapshot

    def load_listing(self, workspace: str) -> KeptListing | None:
        """The list as it was last kept; None when there is none that can be read."""
        return read_listing(self.root, workspace)


def _prepare(directory: Path) -> Path:
    """Make the layout in `directory`, clear older ones, and prove that it can be written."""
    private_dir(directory)
    root = layout_root(directory)
    if not root.exists():
        write_whole(directory / "CACHEDIR.TAG", _TAG)
        for old in directory.iterdir():
            match = re.fullmatch(r"v(\d+)", old.name)
            if match and int(match[1]) < LAYOUT:
                shutil.rmtree(old, ignore_errors=True)
    for name in ("entries", "locks", "workspaces"):
        private_dir(root / name)
    for place in (directory, root, root / "workspaces", directory / "transfers"):
        _clear_temporary(place)
    probe = root / f".probe-{uuid.uuid4().hex[:8]}"
    probe.touch(mode=0o600)
    probe.unlink()
    return root


def _clear_temporary(directory: Path) -> None:
    """Delete files that a killed process was about to rename, an hour ago or more."""
    with contextlib.suppress(OSError):
        for path in directory.glob(".*.tmp"):
            if time.time() - path.stat().st_mtime > 3600:
                path.unlink(missing_ok=True)


def _empty_trash(root: Path) -> None:
    shutil.rmtree(root / "trash", ignore_errors=True)
