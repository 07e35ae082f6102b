"""Places of a content that are fetched because somebody looks at them, each by one request."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from amltui.cache import Cache, Entry, EntryBusy, Identity, PartFile, Source
from amltui.errors import AmltuiError, ContentChanged, ContentError, TransferCut
from amltui.tables.peeked import LARGEST, PeekedRows
from amltui.text import human_size
from amltui.transfers import Transfers
from amltui.workspaces.base import Workspace

SECONDS: Final = 20
"""What the line brings in so long is fetched without being asked for."""

_TRIES: Final = 64
"""Places that a window takes at most."""

Read = Callable[[int, int], Awaitable[bytes]]


class PartialContent:
    """Ranges of a content as they are asked for. What came is kept for the whole; close it."""

    def __init__(
        self,
        cache: Cache,
        entry: Entry,
        source: Source,
        connect: Callable[[], Awaitable[Workspace]],
    ) -> None:
        self.rate = 0.0
        """Bytes a second of the last answer, once it had begun."""
        self._cache = cache
        self._entry = entry
        self._source = source
        self._connect = connect
        self._identity: Identity | None = None
        self._part: PartFile | None = None
        self._lock = contextlib.ExitStack()
        self._keeps = False
        self._keeping = asyncio.Lock()

    def open(self) -> None:
        """Be the one who keeps what comes, and take what came before. Blocks.

        Where another process is filling this entry, nothing is kept.

        Raises:
            LocalError: the cache cannot be written.
        """
        with contextlib.suppress(EntryBusy):
            if self._lock.enter_context(self._entry.locked()):
                self._keeps = True
                self._entry.begin(self._source)
                self._part = PartFile.load(self._entry.raw)
                if self._part is not None:
                    self._identity = self._part.identity

    def close(self) -> None:
        """Let go of the files."""
        self._keeps = False
        part, self._part = self._part, None
        if part is not None:
            part.close()
        self._lock.close()

    @property
    def held(self) -> int:
        """Bytes that are here."""
        return self._part.held.total if self._part is not None else 0

    @property
    def path(self) -> Path | None:
        """The file that has what is here; None: nothing is kept."""
        return None if self._part is None else self._part.path

    @property
    def prefix(self) -> int:
        """Bytes that are here from the first on."""
        return self._part.held.prefix if self._part is not None else 0

    async def read(self, start: int, stop: int) -> bytes:
        """Bytes `start` to before `stop`, which the content has; by one request, or from here.

        Raises:
            ContentChanged: it is another content than before.
            ContentError: the host serves no ranges.
            AmltuiError: the host or the line failed.
        """
        part = self._part
        if part is not None and any(low <= start and stop <= high for low, high in part.held):
            return await asyncio.to_thread(part.read, start, stop)
        workspace = await self._connect()
        etag = self._identity.etag if self._identity else None
        reading = workspace.read(self._source, start=start, stop=stop, etag=etag)
        async with reading as content:
            info = content.info
            said = Identity.of(info)
            if self._identity is not None and not self._identity.same(said):
                raise ContentChanged("The content on the server changed while it was read")
            if info.start != start or info.size is None or not (info.ranges and said.resumable):
                raise ContentError("The host serves no ranges")
            # Before the bytes come: another read at the same time is compared with it.
            self._identity = said if self._identity is None else self._identity.merged(said)
            data = await self._receive(content.readinto, min(stop, info.size) - start)
        async with self._keeping:  # what comes at once is written one after the other
            if self._keeps:
                await asyncio.to_thread(self._keep, start, data)
        return data

    async def _receive(self, take: Callable[[memoryview], Awaitable[int]], size: int) -> bytes:
        began = time.monotonic()
        data = bytearray(size)
        view, at = memoryview(data), 0
        while at < size:
            count = await take(view[at:])
            if not count:
                raise TransferCut("The connection ended early", received=at)
            at += count
        self.rate = size / max(1e-6, time.monotonic() - began)
        return bytes(data)

    def _keep(self, start: int, data: bytes) -> None:
        """Write what came; a disk that is full is no reason not to show it."""
        assert self._identity is not None
        with contextlib.suppress(AmltuiError):
            self._cache.make_room(len(data), keep=self._entry)
            if self._part is None:
                self._part = PartFile.create(self._entry.raw, self._identity)
            self._part.write(start, data)


@dataclass(frozen=True, slots=True)
class Partial:
    """A content of which only what is looked at is fetched, and what would fetch the rest."""

    content: PartialContent
    transfers: Callable[[], Awaitable[Transfers]]


class Peeking:
    """Brings rows that somebody looks at; one place after the other, the last asked for next."""

    def __init__(self, rows: PeekedRows, read: Read) -> None:
        self.rows = rows
        self.read = read
        """Gives bytes of the content; may be replaced."""
        self.fetching = False
        """Whether a place is on its way."""
        self._asked = asyncio.Event()
        rows.on_wanted = self._asked.set
        if rows.wanted is not None:
            self._asked.set()

    async def run(self) -> AsyncGenerator[None]:
        """Fetch what is asked for, and yield each time that something came or began to.

        Raises:
            AmltuiError: a place did not come; run again for the next.
        """
        while True:
            await self._asked.wait()
            self._asked.clear()
            row = self.rows.wanted
            if row is None:
                continue
            self.fetching = True
            yield
            try:
                await self.bring(row)
            finally:
                self.fetching = False
                self.rows.wanted = None
            yield

    async def window(self, start: int | None, count: int) -> range:
        """Have `count` rows from row `start` on, or the last ones (None); where they are by then.

        Fewer where there are no more.

        Raises:
            AmltuiError: a place did not come, or no row ends in all that may be fetched of it.
        """
        rows = self.rows
        for _ in range(_TRIES):
            first = max(0, rows.row_count - count) if start is None else start
            found = range(first, min(first + count, rows.row_count))
            missing = next((row for row in found if not rows.here(row)), None)
            if missing is None:
                return found
            if start is None:
                missing = found[-1] if not rows.here(found[-1]) else missing
            await self.bring(missing)
            for move in rows.take_moves():
                if start is not None and (start in move.rows or missing in move.rows):
                    start += move.by
        raise AmltuiError(
            f"The rows there are too long to be found without the others: none ends within "
            f"{human_size(LARGEST)}.",
            hint="Download the dataset.",
        )

    async def bring(self, row: int) -> None:
        """Have one row, as far as it can be had."""
        for span in (0, LARGEST):
            place = self.rows.place_of(row, span)
            if place is None:
                return
            data = await self.read(place.start, place.stop)
            stretch = await asyncio.to_thread(self.rows.parser.parse, place, data)
            if stretch is not None:
                self.rows.put(place, stretch)
                return
        assert place is not None
        self.rows.give_up(place)
