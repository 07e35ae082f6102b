"""A workspace with one CSV of any size, made as it is read: never in memory, never on a disk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from amltui.models import ContentInfo, Dataset, Location, OutputPort
from amltui.workspaces.terms import Content
from tests.support.memory_workspace import MemoryContent, MemoryWorkspace

HEADER = b"id,name,value\n"
ROW = 100
"""Bytes of a row."""


def row(number: int) -> bytes:
    """A row of the content, its number (from 0) first."""
    start = b"%d,name %d," % (number, number)
    return start + b"v" * (ROW - 1 - len(start)) + b"\n"


class GeneratedWorkspace(MemoryWorkspace):
    """`delay`: seconds before an answer begins; `pace`: bytes a second, 0 for all there is.

    Without `ranges` every answer begins with the first byte. No byte from `until`
    on comes before `goes_on` is set.
    """

    def __init__(
        self,
        rows: int,
        *,
        delay: float = 0.0,
        pace: float = 0.0,
        ranges: bool = True,
        until: int | None = None,
    ) -> None:
        super().__init__("generated")
        self.rows = rows
        self.size = len(HEADER) + rows * ROW
        self.delay = delay
        self.pace = pace
        self.ranges = ranges
        self.until = until
        self.goes_on = asyncio.Event()
        self.asked: list[tuple[int, int]] = []
        """Ranges that were asked for."""

    @property
    def listed(self) -> Dataset:
        return Dataset(
            id="generated",
            family_id="generated",
            name="generated.csv",
            data_type_id="GenericCSV",
            size=self.size,
            created_date=datetime(2026, 1, 1, tzinfo=UTC),
            download_location=Location(size=self.size),
        )

    def bytes_of(self, start: int, stop: int) -> bytes:
        parts = [HEADER[start:stop]]
        start, stop = max(0, start - len(HEADER)), max(0, stop - len(HEADER))
        first = start // ROW
        made = b"".join(map(row, range(first, min(self.rows, -(-stop // ROW)))))
        parts.append(made[start - first * ROW : stop - first * ROW])
        return b"".join(parts)

    @asynccontextmanager
    async def read(
        self,
        source: Dataset | OutputPort,
        *,
        start: int = 0,
        stop: int | None = None,
        etag: str | None = None,
    ) -> AsyncIterator[Content]:
        if not self.ranges:
            start, stop = 0, None
        stop = self.size if stop is None else min(stop, self.size)
        self.asked.append((start, stop))
        await asyncio.sleep(self.delay)
        info = ContentInfo(start, self.size, '"generated"', ranges=self.ranges)
        yield Made(info, self, start, stop)


class Made(MemoryContent):
    """Bytes that are made a MiB at a time."""

    def __init__(
        self, info: ContentInfo, workspace: GeneratedWorkspace, start: int, stop: int
    ) -> None:
        super().__init__(info, b"")
        self._workspace, self._at, self._stop = workspace, start, stop

    async def readinto(self, view: memoryview) -> int:
        if not self._data:
            until = self._workspace.until
            if until is not None and self._at >= until:
                await self._workspace.goes_on.wait()
                until = None
            stop = min(self._at + (1 << 20), self._stop, until or self._stop)
            self._data = memoryview(self._workspace.bytes_of(self._at, stop))
            self._at = stop
        count = await super().readinto(view)
        await asyncio.sleep(count / self._workspace.pace if self._workspace.pace else 0)
        return count
