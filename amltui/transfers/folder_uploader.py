"""One upload of a folder: its files' parts in parallel, then the commit that makes them a dataset.

As `uploader` has it for one file: parts are read and hashed in the order of the files and sent in
any, and nothing is seen in the workspace before the commit.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from amltui.disk import disk_errors
from amltui.errors import ContentChanged, DatasetGone, NotFound
from amltui.models import Dataset
from amltui.text import visible
from amltui.transfers.attempt import TransferContext
from amltui.transfers.entries import UploadEntry
from amltui.transfers.folder_files import Folder, FolderFile, folder_at
from amltui.transfers.threads import all_of, in_thread
from amltui.transfers.uploader import check_name_is_free, part_size_for
from amltui.workspaces.repeating import caller_retries

_AT_ONCE: Final = 8
"""Files whose parts are put together at once: small requests, of which each waits for an answer."""


class FolderUploader:
    """One upload of a folder under way; `run` does it."""

    def __init__(
        self,
        context: TransferContext,
        entry: UploadEntry,
        path: Path,
        noted: Callable[[], None],
    ) -> None:
        self.sent = 0
        """Bytes that the workspace has acknowledged."""
        self.size: int = entry.record.request.size
        self._context = context
        self._entry = entry
        self._noted = noted
        self._name = entry.record.name
        self._plan = entry.record.request
        self._folder = Folder(path, ())
        self._parts: Iterator[tuple[int, tuple[FolderFile, int, int]]] = iter(())
        self._acknowledged: dict[int, str] = {}
        self._digest = hashlib.sha256()
        self._order = asyncio.Lock()
        self._ended = 0
        """Files whose parts were put together."""

    async def run(self) -> Dataset:
        """Send all and commit; the new dataset.

        Raises:
            Rejected: the name is forbidden.
            Conflict: it is taken; found before a byte is sent.
            ContentChanged: a file changed since the upload began.
            LocalError: one cannot be read.
        """
        self._context.workspace().check_name(self._name)
        self._folder = await in_thread(folder_at, self._folder.path)
        await self._compare_with_plan()
        with caller_retries():
            return await self._send_and_commit()

    async def _send_and_commit(self) -> Dataset:
        call = self._context.retry.call
        if self._plan.committing:  # all of it was there; the answer to the commit was lost, perhaps
            return await self._commit()
        await call(self._check_name)
        for attempt in (1, 2):
            upload = await call(self._begun_upload)
            self._acknowledged = self._entry.acknowledged()
            self._parts = enumerate(self._folder.part_sizes(self._plan.part_size))
            self.sent = self._ended = 0
            try:
                await all_of(*(self._worker(upload) for _ in range(self._context.options.parts)))
                if await in_thread(folder_at, self._folder.path) != self._folder:
                    self._changed()
                ending = iter(self._folder.files)
                await all_of(*(self._end_files(upload, ending) for _ in range(_AT_ONCE)))
                return await self._commit()
            except DatasetGone:  # there is nothing to replace
                raise
            except NotFound:  # the store no longer knows this upload
                if attempt == 2:
                    raise
                self._forget_upload()
        raise AssertionError  # the second attempt returns or raises

    async def _compare_with_plan(self) -> None:
        """Note what the folder is, or see that it is what the journal says."""
        self.size = self._folder.size
        if self._plan.upload_id is None:
            context = self._context
            largest = max((file.size for file in self._folder.files), default=0)
            limits = context.workspace().part_sizes
            size = part_size_for(largest, context.options.part_size, limits)
            self._save(size=self.size, mtime_ns=self._folder.mtime_ns, part_size=size)
        elif (self.size, self._folder.mtime_ns) != (self._plan.size, self._plan.mtime_ns):
            self._changed()

    def _save(self, **changes: object) -> None:
        self._plan = msgspec.structs.replace(self._plan, **changes)
        record = msgspec.structs.replace(self._entry.record, request=self._plan)
        self._entry.save(record, sync=self._plan.committing)

    def _changed(self) -> None:
        self._forget_upload()
        raise ContentChanged(
            f'What is uploaded as "{visible(self._name)}" changed meanwhile',
            hint="Nothing was created. Start it again when nobody writes to the folder.",
        )

    def _forget_upload(self) -> None:
        self._acknowledged = {}
        self._entry.forget_parts()
        self._save(upload_id=None, committing=False)

    async def _check_name(self) -> None:
        await check_name_is_free(self._context.workspace(), self._name, self._plan.replaces)

    async def _begun_upload(self) -> str:
        if self._plan.upload_id is None:
            self._save(upload_id=await self._begun_folder())
        assert self._plan.upload_id is not None
        return self._plan.upload_id

    async def _begun_folder(self) -> str:
        names = [file.name for file in self._folder.files]
        return await self._context.workspace().begin_folder(names, name=self._name)

    async def _worker(self, upload: str) -> None:
        """One connection: part after part until none is left."""
        while (part := await self._next_part()) is not None:
            number, file, index, data, digest = part
            await self._context.limit.spend(len(data))

            async def send(file: str = file, index: int = index, data: bytes = data) -> None:
                await self._context.workspace().send_folder_part(upload, file, index, data)

            await self._context.retry.call(send)
            self._entry.acknowledge(number, digest)
            self._count(len(data))

    async def _next_part(self) -> tuple[int, str, int, bytes, str] | None:
        """The next part that the workspace lacks: its number, file, place there, bytes and digest.

        What it has is read and hashed too: a file that changed does not go unnoticed.
        """
        async with self._order:
            for number, (file, index, size) in self._parts:
                data = await in_thread(_read, file, index * self._plan.part_size, size)
                if len(data) != size:
                    self._changed()
                if index == 0:
                    self._digest = hashlib.sha256(f"{file.name}\0".encode("utf-8", "replace"))
                await in_thread(self._digest.update, data)
                digest = self._digest.hexdigest()
                known = self._acknowledged.get(number)
                if known is None:
                    return number, file.name, index, data, digest
                if known != digest:
                    self._changed()
                self._count(len(data))
        return None

    def _count(self, size: int) -> None:
        self.sent += size
        self._context.retry.progress(self.sent)
        self._noted()

    async def _end_files(self, upload: str, files: Iterator[FolderFile]) -> None:
        """Put the parts of file after file together."""
        for file in files:

            async def end(file: str = file.name) -> None:
                await self._context.workspace().end_folder_file(upload, file)

            await self._context.retry.call(end)
            self._ended += 1
            self._context.retry.progress(self.sent + self._ended)

    async def _commit(self) -> Dataset:
        """Make the files a dataset; asking again finds what an earlier answer would have named."""
        await in_thread(self._save, committing=True)
        self.sent = self.size

        async def ask() -> Dataset:
            assert self._plan.upload_id is not None
            workspace = self._context.workspace()
            made = await workspace.commit_folder(
                self._plan.upload_id,
                name=self._name,
                description=self._plan.description,
                replaces=self._plan.replaces,
            )
            return await workspace.dataset(made)

        return await self._context.retry.call(ask)


def _read(file: FolderFile, start: int, count: int) -> bytes:
    with disk_errors(file.path, "read"), file.path.open("rb") as opened:
        opened.seek(start)
        return opened.read(count)
