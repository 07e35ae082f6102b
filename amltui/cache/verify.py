"""Reading again what is cached, to find what a disk has damaged since."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import Literal

from amltui.cache.entries import Entry
from amltui.cache.index import EntryInfo
from amltui.errors import AmltuiError, LocalError


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a second look at one entry found."""

    entry: EntryInfo
    state: Literal["good", "damaged", "unknown"]
    """`unknown`: there is no digest to compare with."""


def verify(entry: Entry, info: EntryInfo) -> Verdict:
    """Check an entry's content and table; what is damaged is dropped, and made again when wanted.

    A damaged content takes its table along; a damaged table leaves the content.
    """
    state = entry.check()
    if state != "damaged" and not _table_is_good(entry):
        shutil.rmtree(entry.table, ignore_errors=True)
        state = "damaged"
    return Verdict(info, state)


def _table_is_good(entry: Entry) -> bool:
    """Whether the table is as it was written; also when there is none."""
    from amltui.tables import open_table  # it brings pyarrow, which no other use of a cache needs

    if not entry.table.exists():
        return True
    try:
        with open_table(entry.table, entry.raw) as table:
            table.check()
    except LocalError:
        shutil.rmtree(entry.table, ignore_errors=True)  # of another version, or not to be opened
    except AmltuiError:
        return False
    return True
