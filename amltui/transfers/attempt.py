"""One attempt at a content: connections that fill a part, and a hash that follows behind.

The first range is small and comes alone, so that first rows show early; its answer says how
large the content is and whether the host answers ranges. Then one connection or, on a line where
that helps, several take range after range, front to back. Every answer must name the content that
the first one named.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from amltui.cache import Identity, PartFile, Source
from amltui.errors import (
    AmltuiError,
    ContentChanged,
    ContentError,
    Damaged,
    DiskFull,
    TransferCut,
)
from amltui.models import ContentInfo, Dataset
from amltui.text import human_size
from amltui.transfers.destinations import Destination
from amltui.transfers.digest import Digest
from amltui.transfers.rates import RateLimiter
from amltui.transfers.retry import RetryPolicy
from amltui.transfers.scaler import ConnectionScaler
from amltui.transfers.scheduler import HEAD, RangeScheduler
from amltui.transfers.states import MIB, Options
from amltui.transfers.threads import all_of, in_thread, settled
from amltui.transfers.writer import PartWriter
from amltui.workspaces.base import Workspace
from amltui.workspaces.terms import Content

_PIECE: Final = MIB
_FLUSH_SECONDS: Final = 0.05
_SYNC_SECONDS: Final = 5.0
_SYNC_BYTES: Final = 256 * MIB
_ROOM_SECONDS: Final = 5.0


class RestartDownload(Exception):
    """What was fetched so far cannot be gone on with."""

    def __init__(self, cause: AmltuiError, *, single: bool, counts: bool = True) -> None:
        super().__init__(str(cause))
        self.cause = cause
        self.single = single
        """The host answers no ranges: one stream from the first byte."""
        self.counts = counts
        """Whether this may not happen again and again. Not so for a failure that `RetryPolicy` has
        counted, nor for the first answer, which shows that there are no ranges."""


@dataclass(frozen=True, slots=True)
class TransferContext:
    """What an attempt works with."""

    workspace: Callable[[], Workspace]
    """The workspace as it is now: a new sign-in may have replaced it."""
    options: Options
    limit: RateLimiter
    retry: RetryPolicy


class DownloadAttempt:
    """One attempt. `moved` is called after each change of what is here."""

    def __init__(
        self,
        context: TransferContext,
        source: Source,
        destination: Destination,
        moved: Callable[[], None],
        *,
        single: bool,
    ) -> None:
        self.part: PartFile | None = None
        self.ended = False
        """Whether no more bytes will come in this attempt."""
        self._context = context
        self._source = source
        self._destination = destination
        self._moved = moved
        self._single = single
        self._plan: RangeScheduler | None = None
        self._digest = Digest(())
        self._writer: PartWriter | None = None
        self._known = asyncio.Event()
        self._changed = asyncio.Event()
        self._relieved = False
        self._room_at = 0.0
        self._scaler = ConnectionScaler(
            lambda: self.part.held.total if self.part is not None else 0
        )

    @property
    def size(self) -> int | None:
        """Bytes of the content, as far as the host or the workspace said."""
        if self.part is not None and self.part.identity.size is not None:
            return self.part.identity.size
        return self._source.size if isinstance(self._source, Dataset) else None

    async def run(self) -> tuple[Path, str]:
        """Fill, verify and hand over to the destination: where it is now, and what proved it.

        Raises:
            RestartDownload: this content or this way of asking leads nowhere.
        """
        await self._load()
        fetching = asyncio.ensure_future(self._connections())
        fetching.add_done_callback(lambda _: self._end())
        helpers = [asyncio.ensure_future(self._sync_now_and_then())]
        try:
            return await self._verify(fetching)
        finally:
            for task in (fetching, *helpers):
                task.cancel()
            await asyncio.gather(fetching, *helpers, return_exceptions=True)
            if self.part is not None:
                self.part.close()

    async def _load(self) -> None:
        """Go on with what an earlier attempt left, if it can be what the workspace lists."""
        part = await in_thread(PartFile.load, self._destination.base)
        if part is None:
            return
        listed = self._source.size if isinstance(self._source, Dataset) else None
        size = part.identity.size
        stale = not isinstance(self._source, Dataset) and part.held.total == size
        if self._single or size is None or listed not in {None, size} or stale:
            part.discard()  # `stale`: an output may have been replaced, and nobody would ask
            return
        await self._begin(part, part.identity)

    async def _begin(self, part: PartFile, identity: Identity) -> None:
        self.part = part
        wanted = {"sha256"} if identity.sha256 or self._destination.keeps_sha256 else set()
        self._digest = Digest(wanted | {"md5"} if identity.md5 else wanted)
        self._writer = PartWriter(part, self._digest, self._wrote)
        await self._check_room()
        if identity.size is not None and not self._single:
            self._plan = RangeScheduler(part.held, identity.size)
        self._known.set()
        self._note()

    def _note(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
        self._moved()

    def _end(self) -> None:
        self.ended = True
        self._known.set()
        self._note()

    async def _verify(self, fetching: asyncio.Future[None]) -> tuple[Path, str]:
        """Hash behind the readable front what is to be compared; then do so, and hand over."""
        await self._known.wait()
        if self.part is None:
            await fetching
        part = self.part
        assert part is not None
        await self._digest.follow(part, self._front)
        await fetching
        try:
            identity, checked = self._digest.check(part)
        except Damaged as error:
            part.discard()
            raise RestartDownload(error, single=self._single) from error
        return await in_thread(self._destination.commit, part, identity, checked), checked

    async def _front(self, count: int) -> int:
        """Wait until `count` bytes from the first on are here, or no more will come."""
        while (self.part is None or self.part.held.prefix < count) and not self.ended:
            await self._changed.wait()
        return self.part.held.prefix if self.part is not None else 0

    async def _sync_now_and_then(self) -> None:
        """Make what arrived survive a power cut, not only the end of this process.

        Often enough that little is left to flush at the end.
        """
        synced = 0
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_SYNC_SECONDS):
                    await self._front(synced + _SYNC_BYTES)
            if self.part is not None and self.part.held.total > synced:
                synced = self.part.held.total
                if self._writer is not None:
                    await self._writer.sync()
            elif self.ended:
                return

    async def _connections(self) -> None:
        others = 0 if self._single else self._context.options.connections - 1
        watching = asyncio.ensure_future(self._scaler.watch())
        try:
            await all_of(self._lead(), *(self._join() for _ in range(others)))
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def _lead(self) -> None:
        """Ask first; then be one of all. Without ranges, be the only one."""
        now = asyncio.get_running_loop().time
        while self.part is None:
            began = now()
            stop = None if self._single or self.size == 0 else HEAD
            await self._try(0, stop)
            self._scaler.answered(now() - began)
        if self._plan is not None:
            self._plan.give_back(0, HEAD)
        if not self._single:
            await self._follow()
        self._scaler.several.set()  # nobody waits any longer to find that nothing is left

    async def _join(self) -> None:
        """Help once it is worth it."""
        await self._scaler.several.wait()
        await self._follow()

    async def _follow(self) -> None:
        """One connection: range after range until none is left."""
        await self._known.wait()
        while self._plan is not None:
            claim = self._plan.take(self._scaler.least)
            if claim is None:
                return
            try:
                await self._try(*claim)
            finally:
                self._plan.give_back(*claim)

    async def _try(self, start: int, stop: int | None) -> None:
        """Fetch a range, or come back after a failure that may pass."""
        sign_ins = self._context.retry.sign_ins
        try:
            await self._range(start, stop)
        except DiskFull:
            if self._relieved:
                raise
            self._relieved = True
            await self._check_room()
        except AmltuiError as error:
            await self._context.retry.wait_or_raise(error, sign_ins)
            if self._single and self.part is not None:
                raise RestartDownload(error, single=True, counts=False) from error

    async def _range(self, start: int, stop: int | None) -> None:
        """Fetch `[start, stop)` in one request.

        Raises:
            TransferCut: it ended early, or nothing came for `Options.stall` seconds.
            RestartDownload: the answer is not of the content begun with.
        """
        stall = self._context.options.stall
        at = start
        try:
            async with asyncio.timeout(stall) as watch:
                etag = self.part.identity.etag if self.part else None
                reading = self._context.workspace().read(
                    self._source, start=start, stop=stop, etag=etag
                )
                async with reading as content:
                    stop = await self._adopt(content.info, start, stop)
                    at = await self._receive(content, start, stop, watch)
        except TimeoutError:
            raise TransferCut(f"Nothing came for {stall:.0f} seconds", received=0) from None
        if stop is not None and at < stop:
            raise TransferCut("The connection ended early", received=at - start)

    async def _adopt(self, info: ContentInfo, start: int, stop: int | None) -> int | None:
        """Compare an answer with what is known, or begin with it; where its bytes must end."""
        said = Identity.of(info)
        listed = self._source.size if isinstance(self._source, Dataset) else None
        if None not in {listed, info.size} and listed != info.size:
            raise ContentError(
                f"The host answered with {human_size(info.size)} where the workspace lists "
                f"{human_size(listed)}: this is not the dataset",
                hint="A proxy or a login page may stand between; see what the link gives.",
            )
        if self.part is None:
            if info.start != start:
                raise ContentError(f"Asked from byte {start}, answered from byte {info.start}")
            partial = info.size is None or not info.ranges or not said.resumable
            if partial and not self._single:
                if info.size is None or (stop is not None and info.size > stop):
                    # These are the first bytes only, and the others cannot be had in ranges.
                    raise RestartDownload(
                        ContentError("The host serves no ranges"), single=True, counts=False
                    )
                self._single = True
            part = await in_thread(PartFile.create, self._destination.base, said)
            await self._begin(part, said)
            if self._plan is not None and stop is not None:
                self._plan.claim(start, stop)
        elif not self.part.identity.same(said):
            raise RestartDownload(
                ContentChanged("The content on the server changed while it was fetched"),
                single=self._single,
            )
        elif info.start != start:
            raise RestartDownload(
                ContentError(f"Asked from byte {start}, answered from byte {info.start}"),
                single=True,
                counts=self._single,
            )
        if self._single:
            return info.size
        return info.size if stop is None or info.size is None else min(stop, info.size)

    async def _receive(
        self, content: Content, start: int, stop: int | None, watch: asyncio.Timeout
    ) -> int:
        """Write the bytes that come, one piece while the next one comes in; where they end."""
        writer, limit = self._writer, self._context.limit
        assert writer is not None
        now = asyncio.get_running_loop().time
        size = _PIECE if stop is None else min(_PIECE, stop - start)
        pieces = [memoryview(bytearray(size)) for _ in range(2)]
        handed, filled = start, 0
        writing: asyncio.Future[None] | None = None
        flushed = extended = now()
        try:
            while count := await content.readinto(pieces[0][filled:][: limit.step]):
                await limit.spend(count)
                if stop is not None and handed + filled + count > stop:
                    raise Damaged("The host sent more bytes than it announced")
                filled += count
                moment = now()
                if filled == size or moment - flushed >= _FLUSH_SECONDS:
                    if writing is not None:
                        await settled(writing)
                    at, piece = handed, pieces[0][:filled]
                    pieces.reverse()
                    handed, filled, flushed = handed + filled, 0, moment
                    writing = writer.write(at, piece)
                if moment - extended >= 1.0:
                    extended = now()
                    watch.reschedule(extended + self._context.options.stall)
                    if extended >= self._room_at:
                        await self._check_room()
        finally:
            if writing is not None:
                await settled(writing)
            if filled and (writing := writer.write(handed, pieces[0][:filled])) is not None:
                await settled(writing)
        return handed + filled

    async def _check_room(self) -> None:
        """See that the rest still fits; others write to this disk and to this cache too."""
        self._room_at = asyncio.get_running_loop().time() + _ROOM_SECONDS
        held = self.part.held.total if self.part is not None else 0
        await in_thread(self._destination.reserve, (self.size or held) - held)

    def _wrote(self) -> None:
        if self.part is not None:
            self._context.retry.progress(self.part.held.total)
        self._note()
