"""The queue of one workspace: bounded, journalled, observable."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from amltui.cache import Cache, Source, source_name
from amltui.cache.entries import without_links
from amltui.disk import disk_errors, expanded
from amltui.errors import (
    AmltuiError,
    Cancelled,
    LocalError,
    UsageError,
)
from amltui.formats import file_name
from amltui.models import Dataset
from amltui.text import visible
from amltui.transfers.entries import DownloadEntry, UploadEntry
from amltui.transfers.fetch import Feed
from amltui.transfers.fetch_pool import FetchPool, QueueContext
from amltui.transfers.folder_files import Folder
from amltui.transfers.given_up import abort_given_up
from amltui.transfers.jobs import DownloadJob, Job, UploadJob
from amltui.transfers.journal import Journal
from amltui.transfers.left import bytes_left_here
from amltui.transfers.publish import exists_error
from amltui.transfers.rates import RateLimiter
from amltui.transfers.records import (
    DownloadRecord,
    DownloadRequest,
    Record,
    UploadRecord,
    UploadRequest,
    same_workspace,
)
from amltui.transfers.retry import Wakeups, final, unexpected
from amltui.transfers.sources import StreamSource
from amltui.transfers.states import Options, State, Transfer
from amltui.workspaces.base import Workspace

_INTERVAL: Final = 0.1
"""Seconds between two progress values at least."""
_ABORTING: Final = 5.0
"""Seconds that the end of a queue waits for a workspace to remove parts."""


class Transfers:
    """Downloads and uploads of one workspace. Use as an async context manager.

    Leaving it pauses what runs; the journal keeps it for `resume_unfinished` of another process,
    except what nobody need try again.
    All methods belong to the event loop that entered it.
    """

    def __init__(
        self, workspace: Workspace, cache: Cache, *, options: Options | None = None
    ) -> None:
        self.options = options or Options()
        limits = RateLimiter(self.options.rate_limit), RateLimiter(self.options.rate_limit)
        self._context = QueueContext(workspace, cache, self.options, Wakeups(), *limits)
        self._fetches = FetchPool(self._context)
        self._jobs: dict[str, Job] = {}
        self._changed = asyncio.Event()
        self._closed = False

    async def __aenter__(self) -> Self:
        self._aborting = asyncio.ensure_future(self.remove_given_up())
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._closed = True
        tasks = [job.task for job in self._jobs.values() if job.task is not None]
        for job in self._jobs.values():
            if not job.state.over:
                job.put(State.PAUSED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._fetches.close()
        for job in self._jobs.values():
            if job.state is State.FAILED and final(job.error):
                job.entry.give_up()
            else:
                job.entry.close()
        # Else at the next start; the task of this one is cancelled with the wait for it.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_ABORTING):
                await self._aborting
                await self.remove_given_up()
        self._wake()

    def give_way(self) -> None:
        """Leave the event loop to others for a moment: a key is to be answered first.

        A server on the same machine sends so fast that receiving would fill the loop.
        """
        self._context.downloads.give_way()
        self._context.uploads.give_way()

    # What to do

    def feed(self, source: Source) -> Feed:
        """Read a content along while it arrives in the cache; at once if it is there.

        Not listed among the transfers. Close the feed, or use it with `async with`.
        """
        return self._fetches.feed(source)

    def download(
        self,
        source: Source,
        target: Path | None = None,
        *,
        overwrite: bool = False,
        part_of: str = "",
    ) -> Transfer:
        """Queue a download to `target`: a file, a directory, or None for the cache only.

        In a directory the file is named after the dataset. A link stays: with `overwrite` the file
        that it leads to is written. What a process that is gone had begun to the same target is
        gone on with, and its record ends. `part_of`: the id of the copies that ask for it again,
        so that no other process goes on with it.

        Raises:
            Exists: the target is there and `overwrite` is not given.
            LocalError: the target's directory is not there, or it is a link that leads nowhere.
        """
        if target is not None:
            target = expanded(target).absolute()
            if target.is_dir():
                target /= file_name(source_name(source), source.data_type_id)
            if not target.parent.is_dir():
                raise LocalError(f"No such directory: {visible(str(target.parent))}")
            if not overwrite and (target.exists() or target.is_symlink()):
                raise exists_error(target)
            target = _end_of_links(target)
        request = DownloadRequest(
            target=str(target) if target else None,
            overwrite=overwrite,
            dataset=without_links(source) if isinstance(source, Dataset) else None,
            port=None if isinstance(source, Dataset) else source,
        )
        key = self._context.workspace.key
        if target is not None:
            self._journal.delete_downloads_to(key, str(target))
        record = DownloadRecord(
            _new_id(), key, source_name(source), datetime.now(UTC), request=request, part_of=part_of
        )
        entry = self._journal.unnoted(record) if part_of else self._journal.add(record)
        return self._add(self._download(entry, source))

    def upload(
        self,
        path: Path,
        *,
        name: str,
        data_type_id: str,
        description: str = "",
        replaces: str | None = None,
        part_of: str = "",
        made: Callable[[str], None] | None = None,
    ) -> Transfer:
        """Queue an upload of a file as a new dataset, or as the latest version of `replaces`.

        What a process that is gone had sent of the same file for the same dataset is gone on with.
        `part_of`: the id of the copies in the journal that go on with it. `made` is told the id of
        the dataset before the journal forgets the upload.

        Raises:
            LocalError: the file cannot be read.
            UsageError: the name is empty.
        """
        path = expanded(path).absolute()
        with disk_errors(path, "read"), path.open("rb"):
            status = path.stat()
        request = UploadRequest(
            path=str(path),
            data_type_id=data_type_id,
            description=description,
            replaces=replaces,
            size=status.st_size,
            mtime_ns=status.st_mtime_ns,
        )
        return self._upload(name, request, part_of, made)

    def upload_stream(
        self,
        source: StreamSource,
        *,
        of: Dataset,
        name: str,
        replaces: str | None,
        part_of: str,
        made: Callable[[str], None],
    ) -> Transfer:
        """As `upload`, of a dataset of another workspace, which is sent as it comes.

        Only the copies that it is a part of can go on with it.
        """
        request = UploadRequest(
            path="",
            data_type_id=of.data_type_id,
            description=of.description,
            replaces=replaces,
            size=source.size,
            source=of.id,
        )
        return self._upload(name, request, part_of, made, source)

    def upload_folder(
        self, folder: Folder, *, name: str, description: str = "", replaces: str | None = None
    ) -> Transfer:
        """As `upload`, of a folder with all its files, as one dataset.

        Raises:
            UsageError: the name is empty.
        """
        request = UploadRequest(
            path=str(expanded(folder.path).absolute()),
            data_type_id="",
            description=description,
            replaces=replaces,
            size=folder.size,
            mtime_ns=folder.mtime_ns,
            folder=True,
        )
        return self._upload(name, request)

    def _upload(
        self,
        name: str,
        request: UploadRequest,
        part_of: str = "",
        made: Callable[[str], None] | None = None,
        source: StreamSource | None = None,
    ) -> Transfer:
        if not name.strip():
            raise UsageError("A dataset needs a name")
        key = self._context.workspace.key
        record = UploadRecord(
            _new_id(), key, name, datetime.now(UTC), request=request, part_of=part_of
        )
        entry = self._journal.claim_upload(record) or self._journal.add(record)
        return self._add(UploadJob(self._context, entry, self._wake, made, source))

    def resume_unfinished(self, *, paused: bool = True) -> tuple[Transfer, ...]:
        """Queue what a process that is gone left in the journal.

        `paused`: also what somebody paused there; else it is listed, and stays paused.
        """
        found = []
        for entry in self._journal.claim_unowned(self._context.workspace.key):
            if entry.record.id in self._jobs:
                entry.close()
                continue
            job: Job
            match entry:
                case UploadEntry():
                    job = UploadJob(self._context, entry, self._wake)
                case DownloadEntry():
                    job = self._download(entry, entry.record.request.source)
            parts = self._journal.acknowledged(job.id)
            job.left = bytes_left_here(self._context.cache, entry.record, parts)
            found.append(self._add(job, paused=paused))
        return tuple(found)

    def unfinished(self) -> tuple[Record, ...]:
        """What stands in the journal, of whatever process."""
        key = self._context.workspace.key
        return tuple(r for r in self._journal.records() if same_workspace(r.workspace, key))

    async def pause(self, transfer_id: str) -> None:
        """Stop for now; nothing is lost. What is over stays as it is."""
        job = self._job(transfer_id)
        await self._stop(job, State.PAUSED)
        if job.state is State.PAUSED:
            job.entry.note_paused(paused=True)

    async def cancel(self, transfer_id: str, *, keep: bool = False) -> None:
        """Stop for good. Nothing half done stays behind, but the cache keeps what it has.

        `keep`: it only leaves this queue; whoever asks for the same goes on with it.
        """
        job = self._job(transfer_id)
        if not job.state.over or job.state is State.FAILED:
            await self._stop(job, State.CANCELLED)
            if keep:
                job.entry.close()
                self._jobs.pop(transfer_id, None)
                self._wake()
            else:
                job.entry.give_up()
                await self.remove_given_up()

    def resume(self, transfer_id: str) -> None:
        """Go on with what is paused or failed; what waits tries again at once."""
        job = self._job(transfer_id)
        if job.state in {State.PAUSED, State.FAILED}:
            job.entry.note_paused(paused=False)
            job.put(State.QUEUED)
            self._pump()
        elif not job.state.over:
            self.online()

    def retry(self, transfer_id: str, *, name: str | None = None) -> None:
        """As `resume`; an upload whose name was taken can get another one."""
        job = self._job(transfer_id)
        if name is not None and job.state is State.FAILED:
            job.entry.rename(name)
        self.resume(transfer_id)

    def signed_in(self, workspace: Workspace | None = None) -> None:
        """Go on after a new sign-in, with another connection of the same workspace if given."""
        if workspace is not None:
            if workspace.key != self._context.workspace.key:
                raise UsageError("That is another workspace; its transfers need their own queue")
            self._context.workspace = workspace
        self._context.wakeups.notify("sign-in")

    def online(self) -> None:
        """The network is back: whoever waits for it tries again at once."""
        self._context.wakeups.notify("network")

    def forget(self) -> None:
        """Take what is over off the list."""
        for job in [job for job in self._jobs.values() if job.state.over]:
            if job.state is State.FAILED:
                job.entry.give_up()
            del self._jobs[job.id]
        self._wake()

    async def remove_given_up(self) -> None:
        """Remove what the workspace holds of uploads that nobody goes on with, if it answers."""
        await abort_given_up(self._journal, self._context.workspace)

    # What is known

    def snapshot(self) -> tuple[Transfer, ...]:
        """All transfers of this process, in the order they were asked for."""
        return tuple(job.snapshot() for job in self._jobs.values())

    def get(self, transfer_id: str) -> Transfer:
        """One transfer.

        Raises:
            UsageError: there is none of that id.
        """
        return self._job(transfer_id).snapshot()

    async def finished(self, transfer_id: str) -> Transfer:
        """Wait until a transfer is done.

        Raises:
            AmltuiError: it failed with this, or was cancelled.
        """
        job = self._job(transfer_id)
        while not job.state.over:
            await self._changed.wait()
        if job.state is State.FAILED and job.error is not None:
            raise job.error
        if job.state is State.CANCELLED:
            raise Cancelled(f"Cancelled: {visible(job.entry.record.name)}")
        return job.snapshot()

    async def changes(self) -> AsyncIterator[tuple[Transfer, ...]]:
        """What `snapshot` gives, now and after each change, at most 10 times a second.

        Ends when the queue is closed.
        """
        while True:
            changed = self._changed
            yield self.snapshot()
            if self._closed and changed is self._changed:
                return
            begun = time.monotonic()
            await changed.wait()
            await asyncio.sleep(max(0.0, _INTERVAL - (time.monotonic() - begun)))

    # Inside

    @property
    def _journal(self) -> Journal:
        return Journal(self._context.cache.journals)

    def _download(self, entry: DownloadEntry, source: Source) -> DownloadJob:
        return DownloadJob(self._context, entry, self._wake, source, self._fetches)

    def _job(self, transfer_id: str) -> Job:
        try:
            return self._jobs[transfer_id]
        except KeyError:
            raise UsageError(f"No such transfer: {visible(transfer_id)}") from None

    def _add(self, job: Job, *, paused: bool = True) -> Transfer:
        self._jobs[job.id] = job
        if job.entry.record.paused and not paused:
            job.put(State.PAUSED)
        elif job.entry.record.paused:
            job.entry.note_paused(paused=False)
        self._pump()
        self._wake()
        return job.snapshot()

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def _pump(self) -> None:
        """Start what is queued, as far as there is room."""
        running = sum(job.task is not None for job in self._jobs.values())
        for job in self._jobs.values():
            if running >= self.options.concurrency:
                break
            if job.state is State.QUEUED and job.task is None:
                job.put(State.RUNNING)
                job.task = asyncio.ensure_future(self._run(job))
                running += 1

    async def _run(self, job: Job) -> None:
        job.entry.note_error(None)
        try:
            await job.run()
        except asyncio.CancelledError:
            job.entry.note_error(job.error)
            raise
        except AmltuiError as error:
            job.entry.note_error(error)
            job.put(State.FAILED, error)
        except Exception as error:  # noqa: BLE001 - or whoever waits for it would do so for ever
            failure = unexpected(error, job.entry.record.name)
            job.entry.note_error(failure)
            job.put(State.FAILED, failure)
        else:
            job.put(State.DONE)
            job.entry.delete()
        finally:
            job.task = None
            self._pump()

    async def _stop(self, job: Job, state: State) -> None:
        if job.state.over and state is State.PAUSED:
            return
        task = job.task
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        if not job.state.over or state is State.CANCELLED:  # it may have ended just then
            job.put(state)
        self._pump()


def _new_id() -> str:
    return uuid.uuid4().hex[:12]


def _end_of_links(target: Path) -> Path:
    """The file that `target` leads to."""
    if not target.is_symlink():
        return target
    end = Path(os.path.realpath(target))
    if end.is_symlink() or not end.parent.is_dir():
        raise LocalError(f"A link that leads nowhere: {visible(str(target))}")
    return end
