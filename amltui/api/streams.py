"""A content as a stream that can be sought in, fetched ahead and resumed after a cut."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Final

from amltui.errors import ContentChanged, Damaged, TransferCut
from amltui.models import ContentInfo, Dataset, OutputPort

if TYPE_CHECKING:
    from amltui.workspaces.base import Workspace as Base

_AHEAD: Final = 4 << 20
"""Bytes fetched before they are asked for."""
_CUTS: Final = 3
"""Cuts in a row without a byte in between before the stream gives up."""


_BATCH: Final = 4 << 20
"""Bytes that are hashed in one go."""


class _Proof:
    """Hashes what comes, on a thread while the next bytes come in."""

    def __init__(self, info: ContentInfo) -> None:
        self._promised = info.sha256 or info.md5
        algorithm = "sha256" if info.sha256 else "md5"
        self._hashes = hashlib.new(algorithm, usedforsecurity=False)
        self._pieces: list[memoryview] = []
        self._held = 0
        self._hashing: asyncio.Future[None] | None = None

    async def add(self, piece: memoryview) -> None:
        if self._promised is None:
            return
        self._pieces.append(piece)
        self._held += len(piece)
        if self._held >= _BATCH:
            await self._hash()

    async def check(self) -> None:
        """Raise Damaged where the hash of all that came is not the promised one."""
        if self._promised is None:
            return
        await self._hash()
        await self._settle()
        if self._hashes.hexdigest() != self._promised:
            name = self._hashes.name.upper()
            raise Damaged(f"The {name} of what came is not what was promised")

    async def _hash(self) -> None:
        await self._settle()
        pieces, self._pieces, self._held = self._pieces, [], 0
        loop = asyncio.get_running_loop()
        self._hashing = loop.run_in_executor(None, _update, self._hashes, pieces)

    async def _settle(self) -> None:
        if self._hashing is not None:
            await self._hashing


def _update(hashes: Any, pieces: list[memoryview]) -> None:
    for piece in pieces:
        hashes.update(piece)


class Stream:
    """The bytes of a dataset from a position on. Lives on one event loop.

    A content of one id never changes, so a cut connection is taken up where it stopped; the
    validator of the first answer proves that it is still the same content. At the end its length
    is held against what the host promised and, from byte 0 on, its hash.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[Base]],
        source: Dataset | OutputPort,
        position: int = 0,
        info: ContentInfo | None = None,
    ) -> None:
        self._connect = connect
        self._source = source
        self._fetched = position
        self._ready: deque[memoryview] = deque()
        self._held = 0
        self._pump: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._first = info
        self._whole = position == 0
        self._proof: _Proof | None = None

    async def info(self) -> ContentInfo:
        """What the host said about the whole content; opens the stream."""
        self._start()
        while self._first is None and not self._ended:
            await self._wait()
        if self._first is None:
            await self._finished()
        assert self._first is not None
        return self._first

    async def fill(self, view: memoryview) -> int:
        """Copy what is there, at least one byte, into `view`; 0 only at the content's end.

        Raises:
            TransferCut: the connection dropped and could not be taken up again.
            ContentError: the host sent something else than the content.
            Damaged: at the end; length or hash are not what was promised.
        """
        done = 0
        self._start()
        while not self._ready and not self._ended:
            await self._wait()
        while self._ready and done < len(view):
            piece = self._ready[0]
            count = min(len(piece), len(view) - done)
            view[done : done + count] = piece[:count]
            done += count
            if count == len(piece):
                self._ready.popleft()
            else:
                self._ready[0] = piece[count:]
        self._used(done)
        if not done and len(view):
            await self._finished()
        return done

    async def take(self, most: int | None = None) -> memoryview | None:
        """The next bytes that are there, at most `most`; None at the content's end."""
        self._start()
        while not self._ready and not self._ended:
            await self._wait()
        if not self._ready:
            await self._finished()
            return None
        piece = self._ready.popleft()
        if most is not None and len(piece) > most:
            self._ready.appendleft(piece[most:])
            piece = piece[:most]
        self._used(len(piece))
        return piece

    async def aclose(self) -> None:
        """Stop fetching and let go of the connection."""
        pump, self._pump = self._pump, None
        if pump is not None:
            pump.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await pump

    def _used(self, count: int) -> None:
        self._held -= count
        if self._held < _AHEAD:
            self._room.set()

    @property
    def _ended(self) -> bool:
        return self._pump is not None and self._pump.done()

    async def _finished(self) -> None:
        if self._pump is not None:
            await self._pump

    def _start(self) -> None:
        if self._pump is None:
            self._pump = asyncio.get_running_loop().create_task(self._run())
            self._pump.add_done_callback(lambda _: self._news.set())

    async def _wait(self) -> None:
        self._news.clear()
        if not self._ready and not self._ended:
            await self._news.wait()

    async def _run(self) -> None:
        size = self._first.size if self._first else None
        if size is not None and self._fetched >= size > 0:
            return  # somebody went to the end, or behind it
        await self._fetch_all()
        size = self._first.size if self._first else None
        if size is not None and size != self._fetched:
            raise Damaged(f"{self._fetched:,} bytes came, {size:,} were promised")
        if self._proof is not None:
            await self._proof.check()

    async def _fetch_all(self) -> None:
        cuts = 0
        while True:
            before = self._fetched
            try:
                await self._fetch()
            except TransferCut:
                cuts = 1 if self._fetched > before else cuts + 1
                if cuts > _CUTS:
                    raise
                await asyncio.sleep(0.1 * cuts)
            else:
                return

    async def _fetch(self) -> None:
        async with AsyncExitStack() as stack:
            workspace = await self._connect()
            etag = self._first.etag if self._first else None
            content = await stack.enter_async_context(
                workspace.read(self._source, start=self._fetched, etag=etag)
            )
            self._check_same(content.info)
            skip = self._fetched - content.info.start
            async for chunk in content:
                if skip >= len(chunk):  # a host without ranges begins at byte 0
                    skip -= len(chunk)
                    continue
                piece = memoryview(chunk)[skip:]
                skip = 0
                self._fetched += len(piece)
                self._held += len(piece)
                self._ready.append(piece)
                self._news.set()
                if self._proof is not None:
                    await self._proof.add(piece)
                while self._held >= _AHEAD:
                    self._room.clear()
                    await self._room.wait()

    def _check_same(self, info: ContentInfo) -> None:
        known = self._first
        if known is not None and (known.etag, known.size) != (info.etag, info.size):
            raise ContentChanged("The content changed while it was read")
        self._first = info
        if self._whole and self._proof is None:
            self._proof = _Proof(info)
        self._news.set()
