"""One transfer in the queue: what was asked for, where it stands, how it is run."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Literal

from amltui.cache import PartFile, Source, source_id
from amltui.disk import disk_errors
from amltui.errors import AmltuiError, DiskFull
from amltui.models import Dataset
from amltui.transfers.destinations import (
    FileDestination,
    check_space,
    copy_beside,
    hidden_beside,
    mark_of,
)
from amltui.transfers.entries import DownloadEntry, Entry, UploadEntry
from amltui.transfers.fetch import Fetch
from amltui.transfers.fetch_pool import FetchPool, QueueContext
from amltui.transfers.folder_uploader import FolderUploader
from amltui.transfers.publish import copy_and_publish, exists_error
from amltui.transfers.rates import RateMeter
from amltui.transfers.sources import FileSource, StreamSource
from amltui.transfers.spool import is_spooled
from amltui.transfers.states import State, Transfer
from amltui.transfers.threads import in_thread
from amltui.transfers.uploader import Uploader


class Job(ABC):
    """One transfer. The queue starts and stops `run`; `changed` tells it of every step."""

    kind: ClassVar[Literal["download", "upload"]]

    def __init__(self, context: QueueContext, changed: Callable[[], None]) -> None:
        self.state = State.QUEUED
        self.error: AmltuiError | None = None
        self.task: asyncio.Task[None] | None = None
        self.left = 0
        """Bytes that an earlier process had done, shown until this one begins."""
        self._context = context
        self._changed = changed
        self._rate = RateMeter()

    @property
    @abstractmethod
    def entry(self) -> Entry:
        """Its record in the journal."""

    @property
    def id(self) -> str:
        """Names it in the queue and in the journal."""
        return self.entry.record.id

    def put(self, state: State, error: AmltuiError | None = None) -> None:
        """Change the state."""
        if (state, error) != (self.state, self.error):
            if state is not State.RUNNING:
                self._rate.reset()
            self.state, self.error = state, error
            self._changed()

    def snapshot(self) -> Transfer:
        """Where it stands now."""
        done, total = self.progress()
        running = self.state is State.RUNNING
        rate = self._rate.value(done) if running else None
        eta = (total - done) / rate if rate and total is not None else None
        return self.describe(
            Transfer(
                id=self.id,
                kind=self.kind,
                name=self.entry.record.name,
                state=self.state,
                done=done,
                total=total,
                rate=rate,
                eta=eta,
                error=self.error,
                part_of=self.entry.record.part_of,
            )
        )

    def note(self) -> None:
        """More bytes are done."""
        self._rate.note(self.progress()[0])
        self._changed()

    @abstractmethod
    async def run(self) -> None:
        """Do it all. Cancelling the task pauses: what was done so far counts next time."""

    @abstractmethod
    def progress(self) -> tuple[int, int | None]:
        """Bytes done and in all."""

    @abstractmethod
    def describe(self, transfer: Transfer) -> Transfer:
        """`transfer` with what this kind knows besides."""


class DownloadJob(Job):
    """A content into the cache and, with a target, to a file."""

    kind = "download"

    def __init__(
        self,
        context: QueueContext,
        entry: DownloadEntry,
        changed: Callable[[], None],
        source: Source,
        fetches: FetchPool,
    ) -> None:
        super().__init__(context, changed)
        request = entry.record.request
        self.source = source
        self.target = Path(request.target) if request.target is not None else None
        self._entry = entry
        self._overwrite = request.overwrite
        self._fetches = fetches
        self._fetch: Fetch | None = None
        """What it waits for or waited for the last time."""
        self._there: int | None = None
        """Bytes of the target, where a process that was killed had made it whole."""
        self._by_hash = False
        """Whether its hash showed that."""

    @property
    def entry(self) -> DownloadEntry:
        """See `Job`."""
        return self._entry

    async def run(self) -> None:
        """See `Job`."""
        if self.target is None:
            await self._into_cache()
        else:
            await self._to(self.target)

    async def _to(self, target: Path) -> None:
        if await in_thread(self._placed, target):
            return
        await self._link()
        if not await in_thread(self._through_cache, target):
            await self._straight(target)
            return
        try:
            content = await self._into_cache()
        except DiskFull:
            await self._straight(target)
            return
        await in_thread(check_space, target, self._size)
        await in_thread(self._entry.note_placing, self._card_digest() or "")
        temp = copy_beside(target, self.id)
        await _copy(content, temp, target, overwrite=self._overwrite)

    async def _link(self) -> None:
        """Let the cache know a content that lies on this disk: it is copied from there."""
        source = self.source
        entry = self._context.cache.entry(self._context.workspace.key, source)
        if not isinstance(source, Dataset) or await in_thread(lambda: entry.whole):
            return
        with contextlib.suppress(AmltuiError):  # it is fetched, then
            local = await self._context.workspace.local_content(source)
            if local is not None:
                await in_thread(entry.link, source, local.path, local.sha256)

    def _card_digest(self) -> str | None:
        card = self._context.cache.entry(self._context.workspace.key, self.source).card
        return card.identity.sha256 if card is not None else None

    def _placed(self, target: Path) -> bool:
        """Whether a process that was killed had put the whole content at `target` already."""
        wanted = self._entry.record.request.placing
        if not wanted or not target.is_file():
            return False
        self._by_hash = wanted != mark_of(target)
        if self._by_hash and not _has_digest(target, wanted):
            return False
        self._there = target.stat().st_size
        return True

    def _through_cache(self, target: Path) -> bool:
        """Look at the target and at the disk before the first byte; whether to use the cache."""
        if not self._overwrite and (target.exists() or target.is_symlink()):
            raise exists_error(target)
        cache = self._context.cache
        here = sum(
            path.stat().st_blocks * 512 for path in PartFile.leftovers(hidden_beside(target))
        )
        check_space(target, self._size - here)
        entry = cache.entry(self._context.workspace.key, self.source)
        return entry.linked or cache.serves(self._size, entry)

    async def _into_cache(self) -> Path:
        shared = self._fetches.acquire(self.source)
        self._fetch = shared.fetch

        def watch() -> None:
            self.note()
            self.put(shared.state, shared.waits_for)

        shared.watchers.append(watch)
        try:
            watch()
            return await asyncio.shield(shared.task)
        finally:
            shared.watchers.remove(watch)
            self.note()
            self._fetches.release(shared)

    async def _straight(self, target: Path) -> None:
        """Without the cache: it is too large for it, or the cache's disk is full."""
        destination = FileDestination(
            target, overwrite=self._overwrite, placing=self._entry.note_placing
        )
        transfer = self._context.for_transfer(self._context.downloads, self.put)
        self._fetch = Fetch(transfer, self.source, destination, self.note)
        await self._fetch.run()

    def progress(self) -> tuple[int, int | None]:
        """See `Job`."""
        if self._there is not None:
            return self._there, self._there
        if self._fetch is not None:
            return self._fetch.received, self._fetch.size
        return self.left, self.source.size if isinstance(self.source, Dataset) else None

    @property
    def _size(self) -> int:
        """Bytes of the content as far as is known, to see that they fit."""
        return self.progress()[1] or 0

    @property
    def _checked(self) -> str:
        if self._there is not None:
            return "sha256" if self._by_hash else "length"
        return self._fetch.checked if self._fetch is not None else ""

    def describe(self, transfer: Transfer) -> Transfer:
        """See `Job`."""
        return replace(
            transfer, path=self.target, dataset_id=source_id(self.source), checked=self._checked
        )


class UploadJob(Job):
    """A file, a folder, or a dataset of another workspace, to a dataset."""

    kind = "upload"

    def __init__(
        self,
        context: QueueContext,
        entry: UploadEntry,
        changed: Callable[[], None],
        made: Callable[[str], None] | None = None,
        source: StreamSource | None = None,
    ) -> None:
        super().__init__(context, changed)
        self._entry = entry
        self._source = source
        self._made = made
        self._uploader: Uploader | FolderUploader | None = None
        self._dataset_id: str | None = None

    @property
    def entry(self) -> UploadEntry:
        """See `Job`."""
        return self._entry

    async def run(self) -> None:
        """See `Job`."""
        transfer = self._context.for_transfer(self._context.uploads, self.put)
        path = Path(self._entry.record.request.path)
        if self._entry.record.request.folder:
            self._uploader = FolderUploader(transfer, self._entry, path, self.note)
        else:
            source = self._source or FileSource(path)
            self._uploader = Uploader(transfer, self._entry, source, self.note)
        self._dataset_id = (await self._uploader.run()).id
        if self._made is not None:
            self._made(self._dataset_id)

    def progress(self) -> tuple[int, int | None]:
        """See `Job`."""
        if self._uploader is None:
            return self.left, self._entry.record.request.size
        return self._uploader.sent, self._uploader.size

    def describe(self, transfer: Transfer) -> Transfer:
        """See `Job`."""
        path = Path(self._entry.record.request.path)
        # A copy that was made to be sent has no name that says anything to a person.
        nameless = self._source is not None or is_spooled(path)
        return replace(transfer, path=None if nameless else path, dataset_id=self._dataset_id)


def _has_digest(path: Path, sha256: str) -> bool:
    with disk_errors(path, "read"), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256


async def _copy(content: Path, temp: Path, target: Path, *, overwrite: bool) -> None:
    """Copy in a thread; a cancellation stops that and waits for it."""
    stop = threading.Event()
    copying = asyncio.ensure_future(
        asyncio.to_thread(copy_and_publish, content, temp, target, overwrite=overwrite, stop=stop)
    )
    try:
        await asyncio.shield(copying)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.gather(copying, return_exceptions=True)
        raise
