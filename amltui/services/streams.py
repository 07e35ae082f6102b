"""A content as bytes that come along, verified at the end."""

from __future__ import annotations

from collections.abc import AsyncIterator

from amltui.cache import Cache
from amltui.models import Dataset, OutputPort
from amltui.transfers import Transfers
from amltui.transfers.stream import ContentStream
from amltui.workspaces.base import Workspace


async def stream(
    queue: Transfers, workspace: Workspace, cache: Cache, source: Dataset | OutputPort
) -> AsyncIterator[bytes]:
    """All bytes of a content, in chunks of at most 1 MiB.

    What fits comes through the cache: a cut connection is gone on with unseen, and the next time
    it is there at once. What does not fit comes straight from the host, with the same patience.

    Raises:
        Damaged: what came is not what the workspace has; it was already given, so the receiver
            must not use it.
        AmltuiError: what stopped it.
    """
    if isinstance(source, OutputPort) or cache.fits(source.size or 0):
        async with queue.feed(source) as feed:
            async for chunk in feed.chunks():
                yield chunk
            await feed.wait_whole()
        return

    async def connect() -> Workspace:
        return workspace

    content = ContentStream(connect, source, options=queue.options)
    try:
        while (piece := await content.take()) is not None:
            yield bytes(piece)
    finally:
        await content.aclose()
