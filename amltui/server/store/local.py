"""Contents as files named by their SHA-256.

A writer fills a temp file on the same file system, flushes it to the disk, renames it and flushes
the directory: a reader sees the whole file or none, also after a power cut. Files never change.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import IO, Any, Final, Self

import anyio.to_thread

from amltui.config.paths import content_file
from amltui.disk import sync_dir, write_whole
from amltui.server.http_errors import InsufficientStorage, NotFound, ServiceUnavailable, StartError
from amltui.server.store.base import Staged, Store, Stored, StoredBlock
from amltui.text import reason_of

CHUNK: Final = 128 << 10
"""Bytes that one step of a download reads."""
LARGE: Final = 1 << 20
"""Bytes that are handed to the system at once; a change of threads is worth it for so many."""
MARK: Final = "workspace-id"
"""The file in a store's directory that says whose store it is."""
_AWAY: Final = "The server's directory of contents is not in place: its disk may not be mounted."
_NO_ROOM: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextlib.contextmanager
def mapped() -> Iterator[None]:
    """Turn failures of the disk into what a client can be told."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise InsufficientStorage("The server's disk is full.") from error
        raise ServiceUnavailable("The server's disk cannot be used now.") from error


class LocalStore(Store):
    """A directory: `contents/ab/abcd...`, `blocks/<upload>/...`, `temp/`, and its mark."""

    begin_at_once = 2
    """Clients begin many in one moment, and each is a question to the database and a change of
    threads: all at once they would keep other requests waiting for a tenth of a second."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self._contents = directory / "contents"
        self._blocks = directory / "blocks"
        self._temp = directory / "temp"
        self._workspace_id: str | None = None
        """What the mark must say; None: nobody asks."""
        self.flushed: set[Path] = set()
        """Directories of contents that outlast a power cut."""

    @property
    def directories(self) -> tuple[Path, ...]:
        """What it makes in its directory."""
        return self._contents, self._blocks, self._temp

    async def open(self) -> None:
        """Create the directories, for the owner only."""

        def make() -> None:
            for directory in self.directories:
                directory.mkdir(mode=0o700, parents=True, exist_ok=True)

        try:
            await anyio.to_thread.run_sync(make)
        except OSError as error:
            raise StartError(
                f"The directory for contents cannot be made: {reason_of(error)}"
            ) from None

    async def probe(self) -> None:
        """Look whether the directory is there, and the right one."""
        with mapped():
            await anyio.to_thread.run_sync(os.stat, self._contents)
            await anyio.to_thread.run_sync(self.check_mark)

    async def check_in_place(self) -> None:
        """Look for the mark, and for any content: the first one makes a directory that stays."""

        def is_empty() -> bool:
            self.check_mark()
            with os.scandir(self._contents) as entries:
                return next(entries, None) is None

        with mapped():
            empty = await anyio.to_thread.run_sync(is_empty)
        if empty:
            raise ServiceUnavailable("The server's directory of contents is empty.")

    async def is_marked(self, workspace_id: str) -> bool:
        """Read the mark."""
        with mapped():
            return await anyio.to_thread.run_sync(self._says, workspace_id)

    async def mark(self, workspace_id: str) -> None:
        """Write the mark, unless it is there."""
        if not await self.is_marked(workspace_id):
            text = f"{workspace_id}\n".encode()
            with mapped():
                write_whole(self.directory / MARK, text, sync=True)
        self._workspace_id = workspace_id

    def check_mark(self) -> None:
        """Refuse to work in another directory than the one that was marked.

        Raises:
            ServiceUnavailable: this is one.
        """
        if self._workspace_id is not None and not self._says(self._workspace_id):
            raise ServiceUnavailable(_AWAY)

    def _says(self, workspace_id: str) -> bool:
        try:
            return (self.directory / MARK).read_bytes().strip() == workspace_id.encode()
        except FileNotFoundError:
            return False

    def scratch(self) -> Path:
        """A name in `temp`."""
        return self._temp / secrets.token_hex(16)

    def stage(self) -> Staged:
        """A temp file."""
        return StagedFile(self, self.scratch())

    async def put_block(
        self, upload_id: str, number: int, data: AsyncIterator[bytes]
    ) -> StoredBlock:
        """Write a block file beside the upload's others."""
        directory = self._blocks / upload_id
        name = f"{number}-{secrets.token_hex(8)}"
        async with StagedFile(self, self.scratch(), hashed=False) as staged:
            async for chunk in data:
                await staged.write(chunk)
            stored = await staged.finish()
            await staged.rename(directory / name, new_directory=number == 0)
        return StoredBlock(f"{upload_id}/{name}", stored.size)

    async def read_block(self, key: str) -> AsyncIterator[bytes]:
        """Read a block file."""
        size = await self.block_size(key)
        if size is None:
            raise NotFound("A block of the upload is not in the store.")
        async for chunk in _read(self._blocks / key, 0, size, 4 * LARGE):
            yield chunk

    async def block_size(self, key: str) -> int | None:
        """Look at the file's size."""
        with mapped():
            try:
                return (await anyio.to_thread.run_sync(os.stat, self._blocks / key)).st_size
            except FileNotFoundError:
                return None

    async def upload_url(self, key: str) -> None:
        """Files have no address of their own."""

    async def drop_blocks(self, upload_id: str) -> None:
        """Remove the upload's directory."""
        gone = self.scratch()
        try:
            await anyio.to_thread.run_sync(os.rename, self._blocks / upload_id, gone)
        except OSError:
            return  # there were none; what a bad disk keeps is swept another time
        # Nobody waits for the disk to give the room back.
        remove = partial(shutil.rmtree, gone, ignore_errors=True)
        asyncio.get_running_loop().run_in_executor(None, remove)

    async def drop_block(self, key: str) -> None:
        """Unlink the block's file."""
        with mapped(), contextlib.suppress(FileNotFoundError):
            await anyio.to_thread.run_sync(os.unlink, self._blocks / key)

    async def has(self, sha256: str, size: int) -> bool:
        """Look at the file's size."""
        with mapped():
            try:
                status = await anyio.to_thread.run_sync(os.stat, self.path(sha256))
            except FileNotFoundError:
                return False
        return status.st_size == size

    async def delete(self, sha256: str) -> None:
        """Unlink it, in the directory that was marked only."""

        def unlink() -> None:
            self.check_mark()
            self.path(sha256).unlink(missing_ok=True)

        with mapped():
            await anyio.to_thread.run_sync(unlink)

    async def read(self, sha256: str, start: int, stop: int) -> AsyncIterator[bytes]:
        """Read the file."""
        async for chunk in _read(self.path(sha256), start, stop):
            yield chunk

    def path(self, sha256: str) -> Path:
        """`contents/ab/abcd...`."""
        return content_file(self.directory, sha256)

    async def signed_url(self, sha256: str) -> None:
        """Files have no address of their own."""

    async def list(self) -> AsyncIterator[Stored]:
        """Walk the directories."""

        def walk() -> list[Stored]:
            files = (path for path in sorted(self._contents.rglob("*")) if path.is_file())
            return [Stored(path.name, path.stat().st_size) for path in files]

        with mapped():
            found = await anyio.to_thread.run_sync(walk)
        for stored in found:
            yield stored

    async def sweep(self, older_than: float, live: set[str]) -> int:
        """Remove temp files, and directories of blocks, that nothing touched for long."""

        def sweep() -> int:
            self.check_mark()
            limit = time.time() - older_than
            blocks = [path for path in self._blocks.iterdir() if path.name not in live]
            dead = [p for p in (*self._temp.iterdir(), *blocks) if _modified(p) < limit]
            for path in dead:
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)
            return len(dead)

        with mapped():
            return await anyio.to_thread.run_sync(sweep)


class StagedFile(Staged):
    """A temp file that learns its hash while it is written."""

    def __init__(self, store: LocalStore, path: Path, *, hashed: bool = True) -> None:
        self._store = store
        self._path = path
        self._hash = hashlib.sha256() if hashed else None
        self._size = 0
        self._pending: list[bytes] = []
        self._pending_size = 0
        self._file: IO[bytes] | None = None
        self._writing: asyncio.Future[Any] | None = None
        self._stored: Stored | None = None
        self._renamed = False

    async def __aenter__(self) -> Self:
        """The file comes to be with its first bytes."""
        return self

    async def __aexit__(self, *exc: object) -> None:
        def clean() -> None:
            if self._file is not None:
                self._file.close()
            with contextlib.suppress(FileNotFoundError):
                self._path.unlink()

        if self._renamed:
            return
        with anyio.CancelScope(shield=True):
            if self._writing is not None:
                await asyncio.wait([self._writing])
            await anyio.to_thread.run_sync(clean)

    async def write(self, data: bytes) -> None:
        """Append to the file and to the hash, in large steps off the loop.

        The last step is under way when this returns; what goes wrong with it is raised later.
        """
        self._pending.append(data)
        self._pending_size += len(data)
        self._size += len(data)
        if self._pending_size >= LARGE:
            await self._settle()
            self._begin()

    def _begin(self) -> None:
        pending, self._pending, self._pending_size = self._pending, [], 0
        steps = [anyio.to_thread.run_sync(self._append, pending)]
        if self._hash is not None:
            steps.append(anyio.to_thread.run_sync(self._add_to_hash, self._hash, pending))
        self._writing = asyncio.gather(*steps)

    async def _settle(self) -> None:
        """Wait for the step that is under way."""
        if self._writing is not None:
            with mapped():
                await asyncio.shield(self._writing)

    @staticmethod
    def _add_to_hash(hashes: hashlib._Hash, pending: list[bytes]) -> None:
        for data in pending:
            hashes.update(data)

    def _append(self, pending: list[bytes]) -> None:
        if self._file is None:
            self._store.check_mark()
            self._file = _create(self._path)
        for data in pending:
            rest = memoryview(data)
            while rest:  # an unbuffered file may take less than it was given
                rest = rest[self._file.write(rest[:LARGE]) :]
        if hasattr(os, "posix_fadvise"):
            # Begins to flush without waiting, so that `finish` has less to wait for.
            size = sum(map(len, pending))
            at = self._file.tell() - size
            os.posix_fadvise(self._file.fileno(), at, size, os.POSIX_FADV_DONTNEED)

    async def finish(self, *, durable: bool = True) -> Stored:
        """Flush it to the disk, unless it only passes through."""
        await self._settle()

        def end() -> None:
            if self._hash is not None:
                self._add_to_hash(self._hash, self._pending)
            self._append(self._pending)
            if durable and self._file is not None:
                os.fsync(self._file.fileno())

        # One change of threads is all that a small body needs.
        self._writing = asyncio.gather(anyio.to_thread.run_sync(end))
        await self._settle()
        self._pending = []
        self._stored = Stored(self._hash.hexdigest() if self._hash else "", self._size)
        return self._stored

    async def publish(self) -> None:
        """Rename it to its hash."""
        assert self._stored is not None
        target = self._store.path(self._stored.sha256)
        known = self._store.flushed
        await self.rename(target, new_directory=target.parent not in known)
        known.add(target.parent)

    async def rename(self, target: Path, *, new_directory: bool = True) -> None:
        """Move the file to `target`, made durable; its directory too where it may be new."""

        def move() -> None:
            if self._file is not None:
                self._file.close()
            try:
                self._path.rename(target)
            except FileNotFoundError:  # it is the directory's first
                target.parent.mkdir(mode=0o700, exist_ok=True)
                self._path.rename(target)
            self._renamed = True
            sync_dir(target.parent)
            if new_directory:
                sync_dir(target.parent.parent)

        with mapped():
            await anyio.to_thread.run_sync(move)


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # whoever owns it took it away
        return time.time()


def _create(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", buffering=0)


async def _read(path: Path, start: int, stop: int, step: int = CHUNK) -> AsyncIterator[bytes]:
    with mapped():
        try:
            file = await anyio.to_thread.run_sync(lambda: path.open("rb", buffering=0))
        except FileNotFoundError:
            raise NotFound("The contents are not in the store.") from None
    try:
        position = start
        while position < stop:
            with mapped():
                chunk = await anyio.to_thread.run_sync(
                    os.pread, file.fileno(), min(step, stop - position), position
                )
            if not chunk:
                raise ServiceUnavailable(
                    "The contents in the store are shorter than they should be."
                )
            position += len(chunk)
            yield chunk
    finally:
        file.close()
