"""One upload: a file's blocks in parallel, then the commit that makes them a dataset.

Blocks are read and hashed in the file's order and sent in any; no more of them are in memory
than are under way. Nothing appears in the workspace before the commit.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from amltui.cache.disk import disk_errors
from amltui.errors import AmltuiError, Conflict, ContentChanged, Damaged, LocalError, NotFound
from amltui.models import Dataset, Listing
from amltui.text import visible
from amltui.transfers.filling import Means
from amltui.transfers.journal import Ticket
from amltui.transfers.spool import is_spooled
from amltui.transfers.states import MIB
from amltui.transfers.threads import all_of, in_thread
from amltui.workspaces.base import Upload

_MOST_BLOCKS: Final = 10_000
_STEP: Final = 256 * 1024


def block_size_for(size: int, largest: int) -> int:
    """Bytes of a block: small files in small ones, for progress; huge ones in few enough."""
    wanted = min(largest, max(MIB, size // 16))
    wanted = max(wanted, -(-size // _MOST_BLOCKS))
    return -(-wanted // _STEP) * _STEP


class Sending:
    """One upload under way; `run` does it."""

    def __init__(self, means: Means, ticket: Ticket, noted: Callable[[], None]) -> None:
        assert ticket.record.upload is not None
        self.sent = 0
        """Bytes that the server has acknowledged."""
        self.size: int = ticket.record.upload.size
        self._means = means
        self._ticket = ticket
        self._noted = noted
        self._name = ticket.record.name
        self._plan = ticket.record.upload
        self._path = Path(self._plan.path)
        self._fd = -1
        self._begun: os.stat_result | None = None
        self._sha256 = hashlib.sha256()
        self._next = 0
        self._acknowledged: dict[int, str] = {}
        self._order = asyncio.Lock()

    async def run(self) -> str:
        """Send all, commit, and see that it arrived; the new dataset's id.

        Raises:
            Conflict: the name is taken; found before a byte is sent, or at the commit.
            ContentChanged: the file changed since the upload began.
            LocalError: the file cannot be read.
        """
        with disk_errors(self._path, "read"):
            self._fd = await in_thread(os.open, self._path, os.O_RDONLY)
        try:
            await self._look_at_file()
            return await self._send_and_commit()
        finally:
            os.close(self._fd)

    async def _send_and_commit(self) -> str:
        insist = self._means.patience.insist
        done = await self._committed()
        if done is not None:
            return done
        self._acknowledged = self._ticket.acknowledged() if self._plan.upload_id else {}
        if not self._plan.committing:  # else the server may do so any moment, and the name be ours
            await all_of(insist(self._check_name), insist(self._ask_for_upload))
        for attempt in (1, 2):
            await insist(self._ask_for_upload)
            assert self._plan.upload_id is not None
            upload = Upload(self._plan.upload_id, self._plan.data_type_id)
            self.sent = 0
            self._next = 0
            self._sha256 = hashlib.sha256()
            try:
                await all_of(*(self._worker(upload) for _ in range(self._means.options.blocks)))
                break
            except NotFound:  # the server no longer knows this upload
                done = await self._committed()
                if done is not None:
                    return done
                if attempt == 2:
                    raise
                self._forget_upload()
        await self._check_unchanged()
        return await self._proved(await self._commit(upload))

    async def _committed(self) -> str | None:
        """The dataset that an earlier commit made of this upload, if there was one."""
        if not self._plan.committing:
            return None
        await in_thread(self._read_through)
        done = await self._means.patience.insist(self._find)
        return await self._proved(done) if done is not None else None

    async def _look_at_file(self) -> None:
        """Note what the file is, or see that it is what the journal says."""
        now = os.fstat(self._fd)
        if not stat.S_ISREG(now.st_mode):
            raise LocalError(f"Not a regular file: {visible(str(self._path))}")
        self._begun = now
        if self._plan.upload_id is None:
            size = block_size_for(now.st_size, self._means.options.block_size)
            self._save(size=now.st_size, mtime_ns=now.st_mtime_ns, block_size=size)
        elif now.st_size != self._plan.size:
            self._changed()
        self.size = now.st_size

    def _save(self, **changes: object) -> None:
        self._plan = msgspec.structs.replace(self._plan, **changes)
        record = msgspec.structs.replace(self._ticket.record, upload=self._plan)
        self._ticket.save(record, sync=self._plan.committing)

    def _changed(self) -> None:
        self._forget_upload()
        raise ContentChanged(
            f"The file changed while it was uploaded: {visible(str(self._path))}",
            hint="Nothing was created. Start it again when nobody writes to the file.",
        )

    def _forget_upload(self) -> None:
        self._acknowledged = {}
        self._ticket.forget_blocks()
        self._save(upload_id=None, committing=False)

    async def _check_name(self) -> None:
        """See before the bytes go that nobody else has the name.

        Raises:
            Conflict: somebody has.
        """
        for dataset in await self._listed():
            if dataset.name == self._name and dataset.key != self._plan.family_id:
                raise Conflict(f'A dataset named "{visible(self._name)}" exists', 409)

    async def _listed(self) -> tuple[Dataset, ...]:
        listing = await self._means.workspace().datasets()
        assert isinstance(listing, Listing)
        return listing.datasets

    async def _ask_for_upload(self) -> None:
        """Begin an upload on the server, unless one is under way."""
        if self._plan.upload_id is None:
            upload = await self._means.workspace().begin_upload(
                self._plan.data_type_id, name=self._name
            )
            self._save(upload_id=upload.id)

    @property
    def _blocks(self) -> int:
        return -(-self.size // self._plan.block_size) if self.size else 0

    async def _worker(self, upload: Upload) -> None:
        """One connection: block after block until none is left."""
        while (block := await self._next_block()) is not None:
            index, data, digest = block
            await self._means.limit.spend(len(data))

            async def send(index: int = index, data: bytes = data) -> None:
                await self._means.workspace().send_part(upload, index, data, total=self._blocks)

            await self._means.patience.insist(send)
            self._ticket.acknowledge(index, digest)
            self._count(len(data))

    async def _next_block(self) -> tuple[int, bytes, str] | None:
        """The next block that the server lacks: index, bytes, and the digest of all up to its end.

        What the server has is read and hashed too: a file that changed does not go unnoticed.
        """
        async with self._order:
            while self._next < self._blocks:
                index = self._next
                data, digest = await in_thread(self._read_block, index)
                self._next += 1
                known = self._acknowledged.get(index)
                if known is None:
                    return index, data, digest
                if known != digest:
                    self._changed()
                self._count(len(data))
        return None

    def _read_block(self, index: int) -> tuple[bytes, str]:
        start = index * self._plan.block_size
        wanted = min(self._plan.block_size, self.size - start)
        with disk_errors(self._path, "read"):
            data = os.pread(self._fd, wanted, start)
        if len(data) != wanted:
            self._changed()
        self._sha256.update(data)
        return data, self._sha256.hexdigest()

    def _count(self, size: int) -> None:
        self.sent += size
        self._means.patience.progress(self.sent)
        self._noted()

    async def _check_unchanged(self) -> None:
        """See that the file is still the one that was opened, and was not written to."""
        with disk_errors(self._path, "read"):
            now = self._path.stat()
        assert self._begun is not None
        if [_mark(now), _mark(os.fstat(self._fd))] != [_mark(self._begun)] * 2:
            self._changed()

    async def _commit(self, upload: Upload) -> str:
        """Make the blocks a dataset. A lost answer is never answered by asking again unseen."""
        insist = self._means.patience.insist
        await in_thread(self._save, committing=True)
        while True:
            try:
                return await self._means.workspace().commit(
                    upload,
                    name=self._name,
                    description=self._plan.description,
                    data_type_id=self._plan.data_type_id,
                    replaces=self._plan.family_id,
                    filename="" if is_spooled(self._path) else self._path.name,
                )
            except (Conflict, NotFound):  # perhaps an earlier try did it; its answer was lost
                done = await insist(self._find)
                if done is not None:
                    return done
                self._save(committing=False)
                raise
            except AmltuiError as error:
                await self._means.patience.after(error)
                done = await insist(self._find)
                if done is not None:
                    return done

    async def _find(self) -> str | None:
        """The dataset that this upload became, if it did."""
        alike = []
        for dataset in await self._listed():
            if dataset.resource_upload_id == self._plan.upload_id:
                return dataset.id
            if (
                not dataset.resource_upload_id
                and dataset.name == self._name
                and dataset.size == self.size
                and self._plan.family_id in {None, dataset.key}
            ):
                alike.append(dataset)
        for dataset in alike:  # this server does not say which upload a dataset came from
            if await self._stored_digest(dataset) == self._sha256.hexdigest():
                return dataset.id
        return None

    async def _stored_digest(self, dataset: Dataset) -> str | None:
        if dataset.sha256 is not None or self.size == 0:
            return dataset.sha256
        async with self._means.workspace().read(dataset, start=0, stop=1) as content:
            return content.info.sha256

    async def _proved(self, dataset_id: str) -> str:
        """See that the workspace stored what was sent, as far as it says.

        Raises:
            Damaged: it stored something else.
        """

        async def look() -> tuple[int | None, str | None]:
            dataset = await self._means.workspace().dataset(dataset_id)
            return dataset.size, await self._stored_digest(dataset)

        size, digest = await self._means.patience.insist(look)
        if size not in {None, self.size} or digest not in {None, self._sha256.hexdigest()}:
            raise Damaged(
                f'The workspace stored something else than was sent as "{visible(self._name)}"',
                hint="Delete it there and upload again.",
            )
        return dataset_id

    def _read_through(self) -> None:
        self._sha256 = hashlib.sha256()
        for index in range(self._blocks):
            self._read_block(index)
        self.sent = self.size


def _mark(status: os.stat_result) -> tuple[int, ...]:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino
