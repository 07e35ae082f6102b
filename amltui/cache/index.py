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
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from amltui.cache.disk import write_whole
from amltui.cache.entries import Card

_SETTLED: Final = 2_000_000_000
"""ns after which a directory's time is trusted to change with the next change in it."""


class Known(msgspec.Struct, array_like=True, frozen=True):
    """The last look at one entry. Short, because there may be 10,000."""

    stamp: int
    """Modification time of the directory in ns."""
    size: int
    whole: bool
    pinned: bool
    workspace: str
    source: str
    name: str
    data_type_id: str


@dataclass(frozen=True, slots=True)
class EntryInfo:
    """One entry as a list shows it."""

    id: str
    workspace: str
    source: str
    name: str
    data_type_id: str
    size: int
    """Bytes on this disk, table included."""
    whole: bool
    pinned: bool
    used: datetime


def scan(root: Path) -> list[EntryInfo]:
    """All entries, least recently used first. Unreadable places count as empty."""
    known = _load(root)
    found: dict[str, Known] = {}
    looked = False
    now = time.time_ns()
    with contextlib.suppress(OSError), os.scandir(root / "entries") as places:
        for place in places:
            with contextlib.suppress(OSError):
                stamp = place.stat(follow_symlinks=False).st_mtime_ns
                old = known.get(place.name)
                if old is None or old.stamp != stamp or now - stamp < _SETTLED:
                    old = _look(Path(place.path), stamp)
                    looked = True
                found[place.name] = old
    if looked or len(found) != len(known):
        with contextlib.suppress(OSError):
            write_whole(root / "index.json", msgspec.json.encode(found))
    order = sorted(found.items(), key=lambda item: item[1].stamp)
    return [
        EntryInfo(
            id=name,
            workspace=one.workspace,
            source=one.source,
            name=one.name,
            data_type_id=one.data_type_id,
            size=one.size,
            whole=one.whole,
            pinned=one.pinned,
            used=datetime.fromtimestamp(one.stamp / 1e9, UTC),
        )
        for name, one in order
    ]


def _load(root: Path) -> dict[str, Known]:
    try:
        return msgspec.json.decode((root / "index.json").read_bytes(), type=dict[str, Known])
    except (OSError, msgspec.DecodeError):
        return {}


def _look(directory: Path, stamp: int) -> Known:
    names = {entry.name: entry for entry in os.scandir(directory)}
    card = None
    with contextlib.suppress(OSError, msgspec.DecodeError):
        card = msgspec.json.decode((directory / "card.json").read_bytes(), type=Card)
    return Known(
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
