"""One upload: a file's parts in parallel, then the commit that makes them a dataset.

Parts are read and hashed in the file's order and sent in any; no more of them are in memory
than are under way. Nothing appears in the workspace before the commit.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import anyio
import msgspec

from amltui.errors import (
    AmltuiError,
    Conflict,
    ContentChanged,
    Damaged,
    DatasetGone,
    DiskFull,
    NotFound,
    Rejected,
)
from amltui.models import Dataset
from amltui.text import human_size, visible
from amltui.transfers.attempt import TransferContext
from amltui.transfers.beginning import begin_noted, remove_begun
from amltui.transfers.entries import MemoryEntry, UploadEntry
from amltui.transfers.rates import RateLimiter
from amltui.transfers.records import UploadRecord, UploadRequest
from amltui.transfers.retry import RetryPolicy, Wakeups
from amltui.transfers.sources import UploadSource
from amltui.transfers.states import MIB, Options
from amltui.transfers.threads import all_of, in_thread
from amltui.workspaces.base import Workspace
from amltui.workspaces.repeating import caller_retries
from amltui.workspaces.terms import PartSizes, Upload

_STEP: Final = 256 * 1024


def part_size_for(size: int, wanted: int, limits: PartSizes) -> int:
    """Bytes of a part: small files in small ones, for progress; huge ones in few enough.

    `wanted` is the largest that is liked, `limits` what the workspace takes.

    Raises:
        Rejected: the workspace takes no upload of this size.
    """
    if size > limits.largest * limits.most:
        raise Rejected(
            f"This workspace takes no contents of more than "
            f"{human_size(limits.largest * limits.most)}",
            413,
        )
    liked = min(wanted, max(MIB, size // 16))
    least = max(liked, limits.smallest, -(-size // limits.most))
    return min(-(-least // _STEP) * _STEP, limits.largest)


async def check_name_is_free(workspace: Workspace, name: str, replaces: str | None = None) -> None:
    """See before bytes go that `name` can be had, by a new dataset or by the one of key `replaces`.

    Raises:
        Rejected: no dataset can have it.
        Conflict: somebody else's has it.
    """
    workspace.check_name(name)
    there = await workspace.named(name)
    if there is not None and there.key != replaces:
        raise Conflict(f'A dataset named "{visible(name)}" exists', 409)


async def send(
    workspace: Workspace,
    source: UploadSource,
    options: Options,
    *,
    name: str,
    data_type_id: str,
    description: str = "",
    replaces: str | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> Dataset:
    """Upload `source` as a new dataset or the latest version of `replaces`.

    No other process goes on with it. `progress` is told how many bytes of how many the server has.

    Raises:
        Rejected, Conflict: the name is forbidden or taken; found before a large content is sent.
        ContentChanged: the source changed meanwhile.
        AmltuiError: what `RetryPolicy` gave up on.
    """
    plan = UploadRequest("", data_type_id, description, replaces)
    record = UploadRecord(
        uuid.uuid4().hex[:12], workspace.key, name, datetime.now(UTC), request=plan
    )
    retry = RetryPolicy(options, Wakeups(), lambda _state, _error: None)
    context = TransferContext(lambda: workspace, options, RateLimiter(options.rate_limit), retry)

    def told() -> None:
        if progress is not None:
            progress(uploader.sent, uploader.size)

    uploader = Uploader(context, MemoryEntry(record), source, told)
    try:
        return await uploader.run()
    except BaseException:
        with anyio.CancelScope(shield=True):
            await uploader.abort()  # no other process will go on with it
        raise


class Uploader:
    """One upload under way; `run` does it."""

    def __init__(
        self,
        context: TransferContext,
        entry: MemoryEntry | UploadEntry,
        source: UploadSource,
        noted: Callable[[], None],
    ) -> None:
        self.sent = 0
        """Bytes that the server has acknowledged."""
        self.size: int = entry.record.request.size
        self._context = context
        self._entry = entry
        self._source = source
        self._noted = noted
        self._name = entry.record.name
        self._plan = entry.record.request
        self._sha256 = hashlib.sha256()
        self._next = 0
        self._acknowledged: dict[int, str] = {}
        self._order = asyncio.Lock()
        self._no_room_there = False
        """Whether the disk that is full is the workspace's, and not the journal's."""

    async def run(self) -> Dataset:
        """Send all, commit, and see that it arrived; the new dataset.

        Raises:
            Rejected: the name is forbidden.
            Conflict: it is taken; found before a byte of a large content is sent.
            ContentChanged: the source changed since the upload began.
            LocalError: it cannot be read.
        """
        self._context.workspace().check_name(self._name)
        try:
            await self._source.open()
            await self._compare_with_plan()
            with caller_retries():
                return await self._send_and_commit()
        except DiskFull:
            if self._no_room_there:  # nobody could write there, until it is given back
                with contextlib.suppress(AmltuiError):
                    await self._forget_upload()
            raise
        finally:
            await self._source.close()

    async def _send_and_commit(self) -> Dataset:
        call = self._context.retry.call
        done = await self._committed()
        if done is not None:
            await self.abort()  # a process that was killed just then may have left something
            return done
        self._acknowledged = self._entry.acknowledged() if self._plan.upload_id else {}
        # One part is sent sooner than a list is read; and a server that was asked to commit may
        # do so any moment, so that the name would be taken by ourselves.
        if self._parts > 1 and not self._plan.committing:
            await all_of(call(self._check_name), call(self._begun_upload))
        for attempt in (1, 2):
            upload = await call(self._begun_upload)
            self.sent = 0
            self._next = 0
            self._sha256 = hashlib.sha256()
            try:
                await all_of(*(self._worker(upload) for _ in range(self._context.options.parts)))
                if not await self._source.unchanged():
                    await self._changed()
                return await self._proved(await self._commit(upload))
            except DatasetGone:  # there is nothing to replace
                raise
            except NotFound:  # the server no longer knows this upload, or not by this name
                done = await self._committed()
                if done is not None:
                    return done
                if attempt == 2 or not self._source.repeatable:
                    raise
                await self._forget_upload()
        raise AssertionError  # the second attempt returns or raises

    async def _committed(self) -> Dataset | None:
        """The dataset that an earlier commit made of this upload, if there was one."""
        if not self._plan.committing:
            return None
        for index in range(self._parts):
            await self._read_part(index)
        self.sent = self.size
        done = await self._context.retry.call(self._find)
        return await self._proved(done) if done is not None else None

    async def _compare_with_plan(self) -> None:
        """Note what the source is, or see that it is what the journal says."""
        self.size = self._source.size
        if self._plan.upload_id is None:
            size = part_size_for(
                self.size, self._context.options.part_size, self._context.workspace().part_sizes
            )
            self._save(size=self.size, mtime_ns=self._source.mtime_ns, part_size=size)
        elif self.size != self._plan.size:
            await self._changed()

    def _save(self, **changes: object) -> None:
        self._plan = msgspec.structs.replace(self._plan, **changes)
        record = msgspec.structs.replace(self._entry.record, request=self._plan)
        self._entry.save(record, sync=self._plan.committing)

    async def _changed(self) -> None:
        await self._forget_upload()
        raise ContentChanged(
            f'What is uploaded as "{visible(self._name)}" changed meanwhile',
            hint="Nothing was created. Start it again when nobody writes to the file.",
        )

    async def abort(self) -> None:
        """Remove what the workspace holds of it; where that fails it expires there."""
        with contextlib.suppress(AmltuiError):
            await remove_begun(self._context.workspace(), self._entry)

    async def _forget_upload(self) -> None:
        await self.abort()
        self._acknowledged = {}
        self._entry.forget_parts()
        self._save(upload_id=None, beginning=None, committing=False)

    async def _check_name(self) -> None:
        await check_name_is_free(self._context.workspace(), self._name, self._plan.replaces)

    async def _begun_upload(self) -> Upload:
        """The upload as the server knows it, begun there unless one is under way."""
        if self._plan.upload_id is None:
            try:
                return await begin_noted(self._context.workspace(), self._entry)
            finally:
                self._plan = self._entry.record.request
        return Upload(self._plan.upload_id, self._plan.data_type_id)

    @property
    def _parts(self) -> int:
        return -(-self.size // self._plan.part_size) if self.size else 0

    async def _worker(self, upload: Upload) -> None:
        """One connection: part after part until none is left."""
        while (part := await self._next_part()) is not None:
            index, data, digest = part
            await self._context.limit.spend(len(data))

            async def send(index: int = index, data: bytes = data) -> None:
                await self._context.workspace().send_part(upload, index, data, total=self._parts)

            try:
                await self._context.retry.call(send)
            except DiskFull:
                self._no_room_there = True
                raise
            self._entry.acknowledge(index, digest)
            self._count(len(data))

    async def _next_part(self) -> tuple[int, bytes, str] | None:
        """The next part that the server lacks: index, bytes, and the digest of all up to its end.

        What the server has is read and hashed too: a file that changed does not go unnoticed.
        """
        async with self._order:
            while self._next < self._parts:
                index = self._next
                data, digest = await self._read_part(index)
                self._next += 1
                known = self._acknowledged.get(index)
                if known is None:
                    return index, data, digest
                if known != digest:
                    await self._changed()
                self._count(len(data))
        return None

    async def _read_part(self, index: int) -> tuple[bytes, str]:
        start = index * self._plan.part_size
        wanted = min(self._plan.part_size, self.size - start)
        data = await self._source.read(start, wanted)
        if len(data) != wanted:
            await self._changed()
        await in_thread(self._sha256.update, data)
        return data, self._sha256.hexdigest()

    def _count(self, size: int) -> None:
        self.sent += size
        self._context.retry.progress(self.sent)
        self._noted()

    async def _commit(self, upload: Upload) -> str:
        """Make the parts a dataset. A lost answer is never answered by asking again unseen."""
        call = self._context.retry.call
        await in_thread(self._save, committing=True)
        while True:
            sign_ins = self._context.retry.sign_ins
            try:
                return await self._context.workspace().commit(
                    upload,
                    name=self._name,
                    description=self._plan.description,
                    data_type_id=self._plan.data_type_id,
                    replaces=self._plan.replaces,
                    filename=self._source.filename,
                )
            except (Conflict, NotFound):  # perhaps an earlier try did it; its answer was lost
                done = await call(self._find)
                if done is not None:
                    return done
                self._save(committing=False)
                raise
            except AmltuiError as error:
                await self._context.retry.wait_or_raise(error, sign_ins)
                done = await call(self._find)
                if done is not None:
                    return done

    async def _find(self) -> str | None:
        """The dataset that this upload became, if it did."""
        alike = []
        for dataset in await self._candidates():
            if dataset.resource_upload_id == self._plan.upload_id:
                return dataset.id
            if (
                not dataset.resource_upload_id
                and dataset.name == self._name
                and dataset.size == self.size
                and self._plan.replaces in {None, dataset.key}
            ):
                alike.append(dataset)
        for dataset in alike:  # this server does not say which upload a dataset came from
            if await self._stored_digest(dataset) == self._sha256.hexdigest():
                return dataset.id
        return None

    async def _candidates(self) -> list[Dataset]:
        """What the upload may have become: where a name is a key, what has it and no other."""
        workspace = self._context.workspace()
        if workspace.named_by_key:
            found = await workspace.named(self._name)
            return [] if found is None else [found]
        return [one async for page in workspace.pages() for one in page]

    async def _stored_digest(self, dataset: Dataset) -> str | None:
        if dataset.sha256 is not None or self.size == 0:
            return dataset.sha256
        async with self._context.workspace().read(dataset, start=0, stop=1) as content:
            return content.info.sha256

    async def _proved(self, dataset_id: str) -> Dataset:
        """See that the workspace stored what was sent, as far as it says.

        Raises:
            Damaged: it stored something else.
        """

        async def look() -> tuple[Dataset, str | None]:
            dataset = await self._context.workspace().dataset(dataset_id)
            return dataset, await self._stored_digest(dataset)

        dataset, digest = await self._context.retry.call(look)
        if dataset.size not in {None, self.size} or digest not in {
            None,
            self._sha256.hexdigest(),
        }:
            raise Damaged(
                f'The workspace stored something else than was sent as "{visible(self._name)}"',
                hint="Delete it there and upload again.",
            )
        return dataset
