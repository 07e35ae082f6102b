"""What is on this disk: contents, tables, list snapshots; quota and locks.

Importing this package costs nothing: its modules come when a name is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from amltui.lazy import lazy

if TYPE_CHECKING:
    from amltui.cache.entries import Card, Entry, EntryBusy, Source, source_id, source_name
    from amltui.cache.index import EntryInfo
    from amltui.cache.listings import KeptListing
    from amltui.cache.part_files import Identity, PartFile
    from amltui.cache.ranges import Ranges
    from amltui.cache.store import DEFAULT_QUOTA, Cache, CacheInfo
    from amltui.cache.verify import Verdict

__all__ = [
    "DEFAULT_QUOTA",
    "Cache",
    "CacheInfo",
    "Card",
    "Entry",
    "EntryBusy",
    "EntryInfo",
    "Identity",
    "KeptListing",
    "PartFile",
    "Ranges",
    "Source",
    "Verdict",
    "source_id",
    "source_name",
]

_HOMES = {
    "Cache": "store",
    "CacheInfo": "store",
    "Card": "entries",
    "DEFAULT_QUOTA": "store",
    "Entry": "entries",
    "EntryBusy": "entries",
    "EntryInfo": "index",
    "Identity": "part_files",
    "PartFile": "part_files",
    "Ranges": "ranges",
    "KeptListing": "listings",
    "Source": "entries",
    "Verdict": "verify",
    "source_id": "entries",
    "source_name": "entries",
}

__getattr__ = lazy(__name__, _HOMES)
