"""What the cache holds, told fast: a derived index that only looks again at what changed.

Looking into 10,000 directories takes most of a second, looking at their modification times a
few hundredths. So the last look is kept in `index.json`, and an entry is looked into again only
when its directory's time is another one. The index can be deleted at any time.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path
from typing import Final

import msgspec

from amltui.cache.entries import Card
from amltui.disk import write_whole

_SETTLED: Final = 2_000_000_000
"""ns after which a directory's time is trusted to change with the next change in it."""


class EntryInfo(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One entry as the last look at it found it. Short, because there may be 10,000."""

    id: str
    stamp: int
    """Modification time of the directory in ns: when it was last used."""
    size: int
    """Bytes on this disk, table included."""
    whole: bool
    pinned: bool
    workspace: str
    source: str
    name: str
    data_type_id: str

    @property
    def used(self) -> datetime:
        """When it was last used."""
        return datetime.fromtimestamp(self.stamp / 1e9, UTC)


def scan(root: Path) -> list[EntryInfo]:
    """All entries, least recently used first. Unreadable places count as empty."""
    known = {one.id: one for one in _load(root)}
    found: list[EntryInfo] = []
    looked = False
    settled = time.time_ns() - _SETTLED
    with contextlib.suppress(OSError), os.scandir(root / "entries") as places:
        for place in places:
            with contextlib.suppress(OSError):
                stamp = place.stat(follow_symlinks=False).st_mtime_ns
                old = known.get(place.name)
                if old is None or old.stamp != stamp or stamp > settled:
                    old = _look(Path(place.path), stamp)
                    looked = True
                found.append(old)
    if looked or len(found) != len(known):
        with contextlib.suppress(OSError):
            write_whole(root / "index.json", msgspec.json.encode(found))
    found.sort(key=attrgetter("stamp"))
    return found


def _load(root: Path) -> list[EntryInfo]:
    try:
        return msgspec.json.decode((root / "index.json").read_bytes(), type=list[EntryInfo])
    except (OSError, msgspec.DecodeError):
        return []


def _look(directory: Path, stamp: int) -> EntryInfo:
    names = {entry.name: entry for entry in os.scandir(directory)}
    card = None
    with contextlib.suppress(OSError, msgspec.DecodeError):
        card = msgspec.json.decode((directory / "card.json").read_bytes(), type=Card)
    return EntryInfo(
        id=directory.name,
        stamp=stamp,
        size=sum(_sizes(directory)),
        whole="raw" in names,
        pinned="pin" in names,
        workspace=card.workspace if card else "",
        source=card.source if card else "",
        name=card.name if card else "",
        data_type_id=card.data_type_id if card else "",
    )


def _sizes(directory: Path) -> Iterator[int]:
    """Bytes that each file takes on the disk; a sparse file only what is in it."""
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _sizes(Path(entry.path))
            else:
                yield entry.stat(follow_symlinks=False).st_blocks * 512
