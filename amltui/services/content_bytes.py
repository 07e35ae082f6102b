"""A content as bytes that come along, verified at the end."""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

from amltui.cache import Cache
from amltui.errors import Damaged, DiskFull
from amltui.models import Dataset, OutputPort
from amltui.transfers import Transfers
from amltui.transfers.content_stream import ContentStream
from amltui.transfers.destinations import hidden_beside
from amltui.transfers.publish import copy_and_publish
from amltui.workspaces.base import Workspace


async def stream(
    queue: Transfers, workspace: Workspace, cache: Cache, source: Dataset | OutputPort
) -> AsyncIterator[bytes]:
    """All bytes of a content, in chunks of at most 1 MiB.

    What fits comes through the cache: a cut connection is gone on with unseen, and the next time
    it is there at once. Its first byte is given when the last one is here and all are verified.
    What does not fit, or finds the disk full, comes straight from the host, with the same
    patience; of a damaged one the last piece is never given.

    Raises:
        Damaged: what came is not what the workspace has; of what came straight from the host a
            part was already given, which the receiver must not use.
        AmltuiError: what stopped it.
    """
    if isinstance(source, OutputPort) or cache.fits(source.size or 0):
        async with queue.feed(source) as feed:
            try:
                await feed.wait_whole()
            except DiskFull:
                whole = False
            else:
                whole = True
            if whole:
                async for chunk in feed.chunks():
                    yield chunk
                return

    async for chunk in _straight(queue, workspace, source):
        yield chunk


async def _straight(
    queue: Transfers, workspace: Workspace, source: Dataset | OutputPort
) -> AsyncIterator[bytes]:
    """All bytes as they come from the host; the last piece when all are verified."""

    async def connect() -> Workspace:
        return workspace

    content = ContentStream(connect, source, options=queue.options)
    last = b""
    try:
        while (piece := await content.take()) is not None:
            if last:
                yield last
            last = bytes(piece)
    except Damaged as error:
        raise Damaged(
            str(error), hint="It is not whole: do not use what was already written of it."
        ) from error
    finally:
        await content.aclose()
    if last:
        yield last


async def read(path: Path) -> AsyncIterator[bytes]:
    """All bytes of a file, in chunks of 1 MiB."""
    with path.open("rb") as file:
        while chunk := await asyncio.to_thread(file.read, 1 << 20):
            yield chunk


async def copy(content: Path, target: Path, *, overwrite: bool) -> None:
    """Give a cached content to `target`, whole or not at all.

    Raises:
        Exists: the target is there and `overwrite` is not given.
        DiskFull, LocalError: it cannot be written.
    """
    temp = Path(f"{hidden_beside(target)}-{uuid.uuid4().hex}.part")
    await asyncio.to_thread(
        copy_and_publish, content, temp, target, overwrite=overwrite, stop=threading.Event()
    )
