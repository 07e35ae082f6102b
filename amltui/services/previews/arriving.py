"""Reading along with a file of this disk that is still being filled."""

from __future__ import annotations

import asyncio
from pathlib import Path

from amltui.cache import Entry
from amltui.errors import AmltuiError
from amltui.models import Dataset
from amltui.transfers import Feed
from amltui.workspaces.arrival import Arrival


def feed_of(arrival: Arrival, entry: Entry, source: Dataset) -> Feed:
    """What brings the bytes; once all are there, `entry` has the file as its content."""
    return Feed(_Filling(arrival, entry, source), lambda: None)


class _Filling:
    """A file that is filled, as `Feed` reads along with one."""

    generation = 0
    voided = None

    def __init__(self, arrival: Arrival, entry: Entry, source: Dataset) -> None:
        self._arrival = arrival
        self._entry = entry
        self._source = source
        self.whole = False

    @property
    def size(self) -> int | None:
        return self.available if self._arrival.whole else None

    @property
    def available(self) -> int:
        return self._arrival.available

    @property
    def path(self) -> Path | None:
        return self._arrival.path if self.available else None

    @property
    def final(self) -> Path:
        return self._arrival.path

    @property
    def error(self) -> AmltuiError | None:
        return self._arrival.error

    @property
    def over(self) -> bool:
        return self._arrival.over

    async def reach(self, count: int) -> int:
        there = await self._arrival.reach(count)
        if self._arrival.whole and not self.whole:
            await asyncio.to_thread(self._entry.link, self._source, self._arrival.path, None)
            self.whole = True
        return there
