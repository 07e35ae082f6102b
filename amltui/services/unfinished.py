"""Transfers that a process which is gone left behind: seen and dropped without a network."""

from __future__ import annotations

from pathlib import Path

from amltui.cache import Cache, Part
from amltui.transfers.journal import Journal, Record
from amltui.transfers.places import hidden_beside


def unfinished(cache: Cache, key: str) -> tuple[Record, ...]:
    """What stands in the journal for the workspace `key`, oldest first."""
    return tuple(one for one in Journal(cache.journals).records() if one.workspace == key)


def drop_unfinished(cache: Cache, key: str) -> int:
    """Drop what no running process holds, with what lies beside its targets; how many."""
    dropped = 0
    for ticket in Journal(cache.journals).take(key):
        download = ticket.record.download
        if download is not None and download.target is not None:
            for left in Part.leftovers(hidden_beside(Path(download.target))):
                left.unlink(missing_ok=True)
        ticket.drop()
        dropped += 1
    return dropped
