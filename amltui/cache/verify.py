"""Reading cached contents again, to find what a disk has damaged since."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

from amltui.cache.disk import disk_errors
from amltui.cache.entries import Entry
from amltui.cache.index import EntryInfo


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a second look at one entry found."""

    entry: EntryInfo
    state: Literal["good", "damaged", "unknown"]
    """`unknown`: there is no digest to compare with."""


def verify(entry: Entry, info: EntryInfo) -> Verdict:
    """Hash an entry's content; a damaged one is dropped, so that it is fetched again."""
    card = entry.card
    if card is None or card.identity.sha256 is None:
        return Verdict(info, "unknown")
    with disk_errors(entry.raw, "read"), entry.raw.open("rb") as file:
        good = hashlib.file_digest(file, "sha256").hexdigest() == card.identity.sha256
    if not good:
        entry.drop_content()
    return Verdict(info, "good" if good else "damaged")
