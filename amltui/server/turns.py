"""Waiting in line, with an end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from amltui.server.http_errors import ServiceUnavailable


@asynccontextmanager
async def turn(
    lock: asyncio.Lock | asyncio.Semaphore, seconds: float, words: str
) -> AsyncIterator[None]:
    """Hold a lock for the block.

    Raises:
        ServiceUnavailable: it was not to be had within `seconds`; `words` say so to the client.
    """
    try:
        async with asyncio.timeout(seconds):
            await lock.acquire()
    except TimeoutError:
        raise ServiceUnavailable(words) from None
    try:
        yield
    finally:
        lock.release()
