"""A content as a stream that can be sought in, and is taken up again after a cut."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Final, TypeVar

from amltui.errors import AmltuiError, ContentChanged, Damaged, UsageError
from amltui.models import ContentInfo, Dataset, OutputPort
from amltui.transfers.rates import RateLimiter
from amltui.transfers.retry import RetryPolicy, Wakeups
from amltui.transfers.states import Options
from amltui.workspaces.repeating import caller_retries

if TYPE_CHECKING:
    from amltui.workspaces.base import Workspace
    from amltui.workspaces.terms import Content

T = TypeVar("T")

_PIECE: Final = 1 << 20
ALONE: Final = Options(offline_timeout=60.0, attended=False)
"""Nobody watches who could bring the network back or sign in again."""


class ContentStream:
    """The bytes of a content from a position on, for whoever does not want them on this disk.

    Lives on one event loop. What fails is tried again as `RetryPolicy` allows. A content of one id
    never changes, so a cut connection is taken up where it stopped; the validator of the first
    answer proves that it is still the same content. At the end its length is held against what the
    host promised and, from byte 0 on, its hash. Nothing is fetched ahead: the system's own buffers
    go on receiving while nobody asks.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[Workspace]],
        source: Dataset | OutputPort,
        position: int = 0,
        info: ContentInfo | None = None,
        options: Options = ALONE,
    ) -> None:
        self._connect = connect
        self._source = source
        self._position = position
        self._first = info
        self._whole = position == 0
        self._hashes: Any = None
        """What computes the hash that was promised. None: none was, or this is not the whole."""
        self._content: Content | None = None
        self._open = AsyncExitStack()
        """What closes `_content`."""
        self._retry = RetryPolicy(options, Wakeups(), lambda _state, _error: None)
        self._limit = RateLimiter(options.rate_limit)
        self._over = False
        self._damage: Damaged | None = None
        self._closed = False
        self._working: asyncio.Future[Any] | None = None
        self._turn = asyncio.Lock()

    async def info(self) -> ContentInfo:
        """What the host said about the whole content; opens the stream."""
        if self._first is None:
            await self._alone(lambda: self._call(self._opened))
        assert self._first is not None
        return self._first

    async def fill(self, view: memoryview) -> int:
        """Put what comes, 1 byte to 1 MiB, into `view`; 0 only at the content's end.

        Raises:
            TransferCut: the connection dropped, again and again.
            ContentError: the host sent something else than the content.
            Damaged: at the end; length or hash are not what was promised.
            UsageError: the stream was closed.
        """
        if self._damage is not None:
            raise self._damage
        if self._over or not view or self._behind_the_end:
            return 0
        return await self._alone(lambda: self._next(view[: min(_PIECE, self._limit.step)]))

    async def take(self, most: int | None = None) -> memoryview | None:
        """The next bytes, at most `most` and at most 1 MiB; None at the content's end."""
        left = _PIECE
        if self._first is not None and self._first.size is not None:
            left = max(1, self._first.size - self._position)
        piece = memoryview(bytearray(min(_PIECE, left, _PIECE if most is None else most)))
        count = await self.fill(piece)
        return piece[:count] if count else None

    async def aclose(self) -> None:
        """Stop what waits for bytes and let go of the connection; safe to call twice."""
        self._closed = True
        if self._working is not None:
            self._working.cancel()
        async with self._turn:
            await self._drop()

    async def _alone(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The result of `work`; what fails or is stopped in the middle leaves no connection."""
        async with self._turn:
            self._working = working = asyncio.ensure_future(work())
            if self._closed:
                working.cancel()
            try:
                return await working
            except asyncio.CancelledError:
                await self._drop()
                if self._closed:
                    raise UsageError("The contents were closed while they were read") from None
                raise
            except BaseException:
                await self._drop()
                raise
            finally:
                self._working = None

    async def _call(self, ask: Callable[[], Awaitable[T]]) -> T:
        """The result of `ask`; after a failure that may pass, of another try from here on."""
        while True:
            sign_ins = self._retry.sign_ins
            try:
                with caller_retries():
                    return await ask()
            except AmltuiError as error:
                await self._drop()
                await self._retry.wait_or_raise(error, sign_ins)

    async def _next(self, view: memoryview) -> int:
        async def read() -> int:
            return await (await self._opened()).readinto(view)

        count = await self._call(read)
        self._position += count
        self._retry.progress(self._position)
        await self._limit.spend(count)
        if self._hashes is not None:
            self._hashes.update(view[:count])
        if not count:
            self._over = True
            self._check_all()
            await self._drop()
        return count

    @property
    def _behind_the_end(self) -> bool:
        """Whether somebody went to the end or behind it: there is nothing to ask for."""
        size = self._first.size if self._first else None
        return not self._whole and size is not None and self._position >= size

    def _check_all(self) -> None:
        info = self._first
        assert info is not None
        if info.size is not None and info.size != self._position:
            self._damage = Damaged(f"{self._position:,} bytes came, {info.size:,} were promised")
        elif self._hashes is not None and self._hashes.hexdigest() != (info.sha256 or info.md5):
            name = self._hashes.name.upper()
            self._damage = Damaged(f"The {name} of what came is not what was promised")
        if self._damage is not None:
            raise self._damage

    async def _opened(self) -> Content:
        """The content from the position on."""
        if self._content is None:
            workspace = await self._connect()
            etag = self._first.etag if self._first else None
            content = await self._open.enter_async_context(
                workspace.read(self._source, start=self._position, etag=etag)
            )
            self._check_same(content.info)
            skip = self._position - content.info.start
            while skip:  # a host without ranges begins at byte 0
                passed = await content.readinto(memoryview(bytearray(min(skip, _PIECE))))
                if not passed:
                    break
                skip -= passed
            self._content = content
        return self._content

    async def _drop(self) -> None:
        self._content = None
        await self._open.aclose()

    def _check_same(self, info: ContentInfo) -> None:
        known = self._first
        if known is not None and (known.etag, known.size) != (info.etag, info.size):
            raise ContentChanged("The content changed while it was read")
        self._first = info
        if self._whole and self._hashes is None and (info.sha256 or info.md5):
            algorithm = "sha256" if info.sha256 else "md5"
            self._hashes = hashlib.new(algorithm, usedforsecurity=False)
