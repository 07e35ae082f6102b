"""A content on its way to its destination: attempt after attempt, and readers along the way."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final, Protocol, Self

from amltui.cache import EntryBusy, Identity, PartFile, Source, source_name
from amltui.disk import disk_errors
from amltui.errors import AmltuiError, Cancelled, ContentChanged, Damaged, Unreachable
from amltui.models import Dataset
from amltui.text import visible
from amltui.transfers.attempt import DownloadAttempt, RestartDownload, TransferContext
from amltui.transfers.destinations import Destination
from amltui.transfers.retry import unexpected
from amltui.transfers.states import MIB
from amltui.transfers.threads import in_thread
from amltui.workspaces.repeating import caller_retries

_POLL: Final = 0.25
"""Seconds between two looks at what another process is fetching."""
_RESTARTS: Final = 2
_PAUSE: Final = 0.5
"""Seconds before the first restart; twice as long before the second."""


class Fetch:
    """One content on its way. `run` does it; `Feed` reads along."""

    def __init__(
        self,
        context: TransferContext,
        source: Source,
        destination: Destination,
        noted: Callable[[], None],
    ) -> None:
        self.source = source
        self.size: int | None = source.size if isinstance(source, Dataset) else None
        """Bytes of the whole content, as soon as known."""
        self.received = 0
        """Bytes here, in whatever order."""
        self.available = 0
        """Bytes that can be read from the first on without a gap."""
        self.path: Path | None = None
        """The file to read from, also while it grows."""
        self.whole = False
        """Whether everything is here and verified."""
        self.over = False
        """Whether nothing more will come, whole or not."""
        self.checked = ""
        self.error: AmltuiError | None = None
        """Why it ended without being whole."""
        self.generation = 0
        """Counts how often it began again with other bytes: what was read before is void."""
        self.voided: AmltuiError | None = None
        """Why it began again the last time."""
        self._context = context
        self._destination = destination
        self._noted = noted
        self._attempt: DownloadAttempt | None = None
        self._moved = asyncio.Event()

    async def run(self) -> Path:
        """Fetch until the content is whole and verified; where it is.

        Raises:
            ContentChanged: the host gave different contents again and again.
            Damaged: also a further attempt did not match its length or hash.
            AmltuiError: what `RetryPolicy` gave up on. What arrived stays for another time.
        """
        try:
            with caller_retries():
                return await self._alone()
        except asyncio.CancelledError:
            self.error = Cancelled(f"Stopped: {visible(source_name(self.source))}")
            raise
        except AmltuiError as error:
            self.error = error
            raise
        except Exception as error:
            self.error = unexpected(error, source_name(self.source))
            raise self.error from error
        finally:
            self.over = True
            self._wake()

    @property
    def final(self) -> Path:
        """Where the content will be once it is whole."""
        return self._destination.final

    async def reach(self, count: int) -> int:
        """Wait until `count` bytes are available, or no more will come; how many are."""
        while self.available < count and not self.over and not self.whole:
            await self._moved.wait()
        return self.available

    def _wake(self) -> None:
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()
        self._noted()

    def _see(self) -> None:
        """Take over how far the attempt is."""
        part = self._attempt.part if self._attempt else None
        if part is not None and self._attempt is not None:
            if self.path is not None and part.path != self.path:
                self.generation += 1
            self.path, self.size = part.path, self._attempt.size
            if part.held.prefix < self.available:
                self.generation += 1
            self.received, self.available = part.held.total, part.held.prefix
        self._wake()

    async def _alone(self) -> Path:
        """Lock the destination, or wait for another process that does."""
        while True:
            try:
                with self._destination.lock():
                    return await self._attempts()
            except EntryBusy:
                await self._look_on()

    async def _look_on(self) -> None:
        """See how far another process is."""
        await asyncio.sleep(_POLL)
        part = await in_thread(PartFile.peek, self._destination.base)
        if part is not None:
            self.path, self.size = part.path, part.identity.size
            self.received, self.available = part.held.total, part.held.prefix
            self._wake()

    async def _attempts(self) -> Path:
        restarts, single = 0, False
        while True:
            ready = self._destination.ready
            if (
                ready is not None
                and await self._current(ready.identity)
                and await in_thread(self._destination.sound)
            ):
                return self._done(ready.path, ready.checked)
            self._attempt = DownloadAttempt(
                self._context, self.source, self._destination, self._see, single=single
            )
            try:
                return self._done(*await self._attempt.run())
            except RestartDownload as turn:
                self.voided = turn.cause
                if self._attempt.part is not None:
                    self._attempt.part.discard()
                if turn.counts:
                    restarts += 1
                    if restarts > _RESTARTS:
                        raise turn.cause from None
                    await asyncio.sleep(_PAUSE * restarts)
                single = single or turn.single
            finally:
                self._attempt = None

    async def _current(self, identity: Identity) -> bool:
        """Whether what is ready is what the workspace has; else it is dropped.

        A dataset's contents never change. An experiment's output can be replaced: ask, and with
        no network take what is here.
        """
        if isinstance(self.source, Dataset):
            return True

        async def ask() -> bool:
            reading = self._context.workspace().read(
                self.source, start=0, stop=1, etag=identity.etag
            )
            try:
                async with reading as content:
                    return Identity.of(content.info).same(identity)
            except Unreachable:
                return True

        current = await self._context.retry.call(ask)
        if not current:
            self._destination.drop()
        return current

    def _done(self, path: Path, checked: str) -> Path:
        self.path, self.checked = path, checked
        self.size = self.received = self.available = path.stat().st_size
        self.whole = True
        return path


class Arriving(Protocol):
    """What brings a content."""

    @property
    def size(self) -> int | None:
        """Bytes of the whole content; None as long as nobody said."""

    @property
    def available(self) -> int:
        """Bytes that can be read from the first on."""

    @property
    def path(self) -> Path | None:
        """The file that the bytes are in. None: no byte yet."""

    @property
    def final(self) -> Path:
        """Where the content will be once it is whole."""

    @property
    def whole(self) -> bool:
        """Whether the whole content is here."""

    @property
    def over(self) -> bool:
        """Whether no more will come."""

    @property
    def error(self) -> AmltuiError | None:
        """Why no more will come."""

    @property
    def voided(self) -> AmltuiError | None:
        """Why what came before counts no more."""

    @property
    def generation(self) -> int:
        """How often that happened."""

    async def reach(self, count: int) -> int:
        """Wait until `count` bytes are available, or no more will come; how many are."""


class Feed:
    """Reads along while a content arrives. Close it, or leave its `async with`.

    The file stays readable until then, also when the cache evicts or finishes it.
    """

    def __init__(self, fetch: Arriving, release: Callable[[], None]) -> None:
        self._fetch = fetch
        self._release = release
        self._fd = -1
        self._generation: int | None = None
        """Of what was read; None: nothing was."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop reading; the fetch stops too when nobody else wants it, and can go on later."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        self._release()

    @property
    def size(self) -> int | None:
        """Bytes of the whole content; None as long as nobody said."""
        return self._fetch.size

    @property
    def available(self) -> int:
        """Bytes that can be read from the first on."""
        return self._fetch.available

    @property
    def path(self) -> Path | None:
        """The file that the bytes are in; renamed when it becomes whole. None: no byte yet."""
        return self._fetch.path

    @property
    def complete(self) -> bool:
        """Whether the whole content is here and verified."""
        return self._fetch.whole

    @property
    def error(self) -> AmltuiError | None:
        """Why no more will come; None while it goes on, and when it is complete."""
        return self._fetch.error

    async def wait(self, count: int) -> int:
        """Wait until `count` bytes are available, or the whole content is; how many are.

        Raises:
            ContentChanged, Damaged: bytes read before are void: open another feed.
            AmltuiError: no more will come; what is available stays readable.
        """
        there = await self._fetch.reach(count)
        self._check_same()
        if there < count and self._fetch.error is not None:
            raise self._fetch.error
        return there

    async def wait_whole(self) -> Path:
        """Wait for the whole verified content; where it is.

        Raises:
            AmltuiError: it will not come.
        """
        while not self._fetch.whole:
            await self.wait(self._fetch.available + 1)
            if self._fetch.over and not self._fetch.whole:
                raise self._fetch.error or Cancelled("The fetch was stopped")
        return self._file

    def read(self, start: int, stop: int) -> bytes:
        """Bytes `start` to before `stop`, as far as available. Blocks, though seldom for long.

        Raises:
            ContentChanged, Damaged: bytes read before are void: open another feed.
            LocalError: it cannot be read.
        """
        self._check_same()
        stop = min(stop, self._fetch.available)
        if stop <= start or self._fetch.path is None:
            return b""
        self._generation = self._fetch.generation
        with disk_errors(self._fetch.path, "read"):
            if self._fd < 0:
                self._fd = self._open()
            return os.pread(self._fd, stop - start, start)

    def open(self) -> int:
        """A descriptor of the file, the caller's own; `path` must be known.

        Raises:
            LocalError: it cannot be read.
        """
        self._check_same()
        self._generation = self._fetch.generation
        with disk_errors(self._file, "read"):
            return self._open()

    @property
    def _file(self) -> Path:
        """Where the bytes are; before the first of them, where they will be."""
        return self._fetch.path or self._fetch.final

    def _check_same(self) -> None:
        """See that what was read before still counts."""
        if self._generation in {None, self._fetch.generation}:
            return
        if isinstance(self._fetch.voided, Damaged):
            raise self._fetch.voided
        raise ContentChanged("The content on the server changed while it was read")

    def _open(self) -> int:
        """The file, under the name that it had a moment ago or, just finished, under its last."""
        try:
            return os.open(self._file, os.O_RDONLY)
        except FileNotFoundError:
            return os.open(self._fetch.final, os.O_RDONLY)

    async def chunks(self, start: int = 0) -> AsyncIterator[bytes]:
        """All bytes from `start` on, as they come, in chunks of at most 1 MiB.

        Raises:
            ContentChanged, AmltuiError: as `wait`.
        """
        at = start
        while True:
            there = await self.wait(at + 1)
            if there <= at:
                return
            while at < there:
                data = await in_thread(self.read, at, min(there, at + MIB))
                at += len(data)
                yield data
