"""Contents in an object store: Azure Blob, S3 or Google Cloud Storage, through obstore.

A content is written to a local temp file first, because its name is its hash, then put under
that name as a whole. obstore is called in threads: its async interface can abort the interpreter
at exit. Credentials come from the cloud's usual environment variables, never from the URL.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

import anyio.to_thread
import obstore
from obstore import exceptions
from obstore.store import AzureStore, GCSStore, S3Store, from_url

from amltui.server.http_errors import NotFound, ServiceUnavailable, StartError
from amltui.server.store.base import Staged, Store, Stored, StoredBlock
from amltui.server.store.local import LocalStore, StagedFile
from amltui.server.store.reasons import reason
from amltui.server.turns import turn

SCHEMES: Final = frozenset({"az", "azure", "abfs", "abfss", "adl", "s3", "s3a", "gs"})
_PIECE: Final = 4 << 20
"""Bytes that are read in one step."""
_PART: Final = 8 << 20
"""Bytes of a part of a large object. S3 takes none below 5 MiB, and 10,000 of them at most, so
this is also enough for the largest upload."""
_REDIRECT_LIFETIME: Final = timedelta(minutes=15)
"""How long a download can be begun by a redirect, which is followed at once: the store does not
know when our own link ends."""
_UPLOAD_LIFETIME: Final = timedelta(days=1)
_RETRY: Final[Any] = {
    "max_retries": 2,
    "retry_timeout": timedelta(seconds=10),
    "backoff": {
        "init_backoff": timedelta(milliseconds=100),
        "max_backoff": timedelta(seconds=2),
        "base": 2,
    },
}
_CONNECT: Final = timedelta(seconds=5)
_ANSWER: Final = timedelta(seconds=10)
"""How long the store may take for what moves no contents: a request waits for it."""
_MOVE: Final = timedelta(minutes=5)
"""And for a piece or a part of contents, on a slow line too."""
_THREADS: Final = 40
"""Calls of the store at once. They have threads of their own: when the store does not answer, all
else goes on."""
_IN_LINE: Final = 20.0
"""Seconds that a call waits for one of them."""
_NOT_NOW: Final = "The store of contents cannot be reached now."
_T = TypeVar("_T")


@contextlib.contextmanager
def _mapped() -> Iterator[None]:
    try:
        yield
    except (exceptions.NotFoundError, FileNotFoundError):
        raise NotFound("The contents are not in the store.") from None
    except (exceptions.BaseError, OSError) as error:
        raise ServiceUnavailable(_NOT_NOW) from error


class ObjectStore(Store):
    """`contents/ab/abcd...` and `blocks/<upload>/...` under a container's prefix."""

    begin_at_once = _THREADS

    def __init__(self, url: str, spool: Path) -> None:
        super().__init__(spool)
        self._url = url
        self._temp = LocalStore(spool)
        self._store: Any = None
        self._quick: Any = None
        """The same store, asked for what moves no contents."""
        self._slots = asyncio.Semaphore(_THREADS)
        self._threads = anyio.CapacityLimiter(_THREADS)

    async def open(self) -> None:
        """Connect, and make the spool for uploads.

        Raises:
            StartError: the URL or the credentials are wrong, or the store does not answer.
        """
        await self._temp.open()
        try:
            self._store, self._quick = self._connected(_MOVE), self._connected(_ANSWER)
            await self.probe()
        except (exceptions.BaseError, ValueError) as error:
            why = reason(error, self._url)
            raise StartError(f"The store of contents cannot be opened: {why}") from None
        except (ServiceUnavailable, NotFound) as error:
            why = reason(error.__cause__ or error, self._url)
            raise StartError(f"The store of contents cannot be used: {why}") from None

    def _connected(self, patience: timedelta) -> Any:
        options: Any = {
            "allow_http": _http_allowed(),
            "connect_timeout": _CONNECT,
            "timeout": patience,
        }
        return from_url(self._url, client_options=options, retry_config=_RETRY)

    async def _call(self, function: Callable[[], _T]) -> _T:
        """Run it in a thread, its failures mapped."""
        async with turn(self._slots, _IN_LINE, _NOT_NOW):
            with _mapped():
                return await anyio.to_thread.run_sync(function, limiter=self._threads)

    async def probe(self) -> None:
        """List one object."""

        def first() -> None:
            next(iter(obstore.list(self._quick, "contents", chunk_size=1)), None)

        await self._call(first)

    async def check_in_place(self) -> None:
        """List: a container or bucket that is away cannot be listed."""
        await self.probe()

    async def is_marked(self, workspace_id: str) -> bool:  # noqa: ARG002 - the base's
        """It needs no mark: a container or bucket is there, or cannot be listed."""
        return True

    async def mark(self, workspace_id: str) -> None:
        """Nothing is written."""

    def scratch(self) -> Path:
        """A name in the spool."""
        return self._temp.scratch()

    def stage(self) -> Staged:
        """A temp file on this machine, put into the store when it is published."""
        return _Spooled(self, self.scratch())

    async def put_block(
        self, upload_id: str, number: int, data: AsyncIterator[bytes]
    ) -> StoredBlock:
        """Put a block under a key of its own."""
        key = f"{upload_id}/{number}-{secrets.token_hex(8)}"
        path = self.scratch()
        async with StagedFile(self._temp, path, hashed=False) as staged:
            async for chunk in data:
                await staged.write(chunk)
            stored = await staged.finish(durable=False)
            await self.put(f"blocks/{key}", path)
        return StoredBlock(key, stored.size)

    async def read_block(self, key: str) -> AsyncIterator[bytes]:
        """Read a block in pieces."""
        size = await self.block_size(key)
        if size is None:
            raise NotFound("A block of the upload is not in the store.")
        async for chunk in self._pieces(f"blocks/{key}", 0, size):
            yield chunk

    async def block_size(self, key: str) -> int | None:
        """Ask for the object's head."""
        try:
            head = await self._call(lambda: obstore.head(self._quick, f"blocks/{key}"))
        except NotFound:
            return None
        return int(head["size"])

    async def upload_url(self, key: str) -> str | None:
        """A signed link that takes the bytes of a block by PUT."""
        return await self._sign("PUT", f"blocks/{key}", _UPLOAD_LIFETIME)

    async def drop_blocks(self, upload_id: str) -> None:
        """Delete all objects of the upload."""

        def drop() -> None:
            for batch in obstore.list(self._quick, f"blocks/{upload_id}"):
                if paths := [entry["path"] for entry in batch]:
                    obstore.delete(self._quick, paths)

        with contextlib.suppress(NotFound):
            await self._call(drop)

    async def drop_block(self, key: str) -> None:
        """Delete the block's object."""
        with contextlib.suppress(NotFound):
            await self._call(lambda: obstore.delete(self._quick, f"blocks/{key}"))

    async def has(self, sha256: str, size: int) -> bool:
        """Ask for the object's head."""
        try:
            head = await self._call(lambda: obstore.head(self._quick, _key(sha256)))
        except NotFound:
            return False
        return int(head["size"]) == size

    async def delete(self, sha256: str) -> None:
        """Delete the object; a container or bucket that is away answers as if there were none."""
        try:
            await self._call(lambda: obstore.delete(self._quick, _key(sha256)))
        except NotFound:
            await self.check_in_place()

    async def read(self, sha256: str, start: int, stop: int) -> AsyncIterator[bytes]:
        """Read the object in pieces."""
        async for chunk in self._pieces(_key(sha256), start, stop):
            yield chunk

    def path(self, sha256: str) -> None:
        """Objects are no files."""

    async def signed_url(self, sha256: str) -> str | None:
        """A link that the store itself answers."""
        return await self._sign("GET", _key(sha256), _REDIRECT_LIFETIME)

    async def list(self) -> AsyncIterator[Stored]:
        """List the prefix."""

        def listed() -> list[Stored]:
            return [
                Stored(str(entry["path"]).rpartition("/")[2], int(entry["size"]))
                for batch in obstore.list(self._quick, "contents", chunk_size=1_000)
                for entry in batch
            ]

        for stored in await self._call(listed):
            yield stored

    async def sweep(self, older_than: float, live: set[str]) -> int:
        """Remove temp files here, and blocks there, that no upload knows."""
        limit = datetime.now(UTC) - timedelta(seconds=older_than)

        def sweep() -> int:
            removed = 0
            for batch in obstore.list(self._quick, "blocks", chunk_size=1_000):
                dead = [
                    entry["path"]
                    for entry in batch
                    if str(entry["path"]).split("/")[1] not in live
                    and entry["last_modified"] < limit
                ]
                if dead:
                    obstore.delete(self._quick, dead)
                    removed += len(dead)
            return removed

        return await self._temp.sweep(older_than, live) + await self._call(sweep)

    async def put(self, key: str, path: Path) -> None:
        """Put a local file under a key; the object appears whole."""
        await self._call(
            lambda: obstore.put(self._store, key, path, chunk_size=_PART, max_concurrency=4)
        )

    async def _pieces(self, key: str, start: int, stop: int) -> AsyncIterator[bytes]:
        position = start
        while position < stop:
            length = min(_PIECE, stop - position)
            read = partial(obstore.get_range, self._store, key, start=position, length=length)
            piece = bytes(await self._call(read))
            if len(piece) != length:
                raise ServiceUnavailable(
                    "The contents in the store are shorter than they should be."
                )
            position += length
            for offset in range(0, length, 1 << 20):
                yield piece[offset : offset + (1 << 20)]

    async def _sign(
        self, method: Literal["GET", "PUT"], key: str, lifetime: timedelta
    ) -> str | None:
        store = self._quick
        if not isinstance(store, (AzureStore, S3Store, GCSStore)):
            return None
        return await self._call(lambda: obstore.sign(store, method, key, lifetime))


class _Spooled(StagedFile):
    """A temp file whose publication is a put."""

    def __init__(self, store: ObjectStore, path: Path) -> None:
        super().__init__(store._temp, path)  # noqa: SLF001 - its own spool
        self._objects = store

    async def publish(self) -> None:
        """Put it, unless the store has it: bytes of one hash are the same bytes."""
        assert self._stored is not None
        if not await self._objects.has(self._stored.sha256, self._stored.size):
            await self._objects.put(_key(self._stored.sha256), self._path)


def _http_allowed() -> bool:
    """As the cloud's variables say: our own client options would hide them."""
    names = ("AZURE_ALLOW_HTTP", "AWS_ALLOW_HTTP", "GOOGLE_ALLOW_HTTP")
    return any(os.environ.get(name, "").lower() in {"1", "true"} for name in names)


def _key(sha256: str) -> str:
    return f"contents/{sha256[:2]}/{sha256}"
