"""What is on this disk: contents, tables, list snapshots; quota and locks."""

from amltui.cache.entries import Card, Entry, EntryBusy, Source, source_id, source_name
from amltui.cache.index import EntryInfo
from amltui.cache.parts import Identity, Part
from amltui.cache.ranges import Ranges
from amltui.cache.store import DEFAULT_QUOTA, Cache, CacheInfo, Snapshot
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
    "Part",
    "Ranges",
    "Snapshot",
    "Source",
    "Verdict",
    "source_id",
    "source_name",
]
