"""A content as bytes that come along, verified at the end."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator

from amltui.cache import Cache
from amltui.errors import Damaged, TransferCut
from amltui.models import Dataset, OutputPort
from amltui.text import visible
from amltui.transfers import Transfers
from amltui.workspaces.base import Workspace


async def stream(
    queue: Transfers, workspace: Workspace, cache: Cache, source: Dataset | OutputPort
) -> AsyncIterator[bytes]:
    """All bytes of a content, in chunks of at most 1 MiB.

    What fits comes through the cache: a cut connection is gone on with unseen, and the next time
    it is there at once. What does not fit comes straight from the host, once.

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
    digest = hashlib.sha256()
    received = 0
    async with workspace.read(source) as content:
        async for chunk in content:
            digest.update(chunk)
            received += len(chunk)
            yield chunk
    size, sha256 = content.info.size, content.info.sha256
    if size is not None and received != size:
        raise TransferCut(
            f'"{visible(source.name)}" ended after {received} of {size} bytes', received=received
        )
    if sha256 is not None and sha256 != digest.hexdigest():
        raise Damaged(f'"{visible(source.name)}" does not have the SHA-256 that the host names')
