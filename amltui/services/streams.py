"""A content as bytes that come along, verified at the end."""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

from amltui.cache import Cache
from amltui.errors import DiskFull
from amltui.models import Dataset, OutputPort
from amltui.transfers import Transfers
from amltui.transfers.destinations import hidden_beside
from amltui.transfers.publish import copy_and_publish
from amltui.transfers.stream import ContentStream
from amltui.workspaces.base import Workspace


async def stream(
    queue: Transfers, workspace: Workspace, cache: Cache, source: Dataset | OutputPort
) -> AsyncIterator[bytes]:
    """All bytes of a content, in chunks of at most 1 MiB.

    What fits comes through the cache: a cut connection is gone on with unseen, and the next time
    it is there at once. What does not fit, or finds the disk full, comes straight from the host,
    with the same patience.

    Raises:
        Damaged: what came is not what the workspace has; it was already given, so the receiver
            must not use it.
        AmltuiError: what stopped it.
    """
    if isinstance(source, OutputPort) or cache.fits(source.size or 0):
        given = False
        try:
            async with queue.feed(source) as feed:
                async for chunk in feed.chunks():
                    given = True
                    yield chunk
                await feed.wait_whole()
        except DiskFull:
            if given:
                raise
        else:
            return

    async def connect() -> Workspace:
        return workspace

    content = ContentStream(connect, source, options=queue.options)
    try:
        while (piece := await content.take()) is not None:
            yield bytes(piece)
    finally:
        await content.aclose()


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
