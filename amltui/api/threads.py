"""Threads for what takes long or waits for the event loop.

asyncio has a few threads, which also look up the names of hosts. Were they all to wait for bytes
whose connection needs such a look-up, nothing would ever go on. So what may last or wait runs on
threads of its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    import anyio
    from anyio.lowlevel import RunVar

T = TypeVar("T")

_MOST: Final = min(32, (os.cpu_count() or 1) + 4)
"""Threads of one event loop: parsing needs processors, and memory for each content."""


async def apart(work: Callable[[], T]) -> T:
    """The result of `work` in a thread; a caller that is cancelled does not wait for its end."""
    import anyio.to_thread

    return await anyio.to_thread.run_sync(work, abandon_on_cancel=True, limiter=_limiter())


@cache
def _limiters() -> RunVar[anyio.CapacityLimiter]:
    from anyio.lowlevel import RunVar

    return RunVar("amltui.api.threads")  # one value for each event loop


def _limiter() -> anyio.CapacityLimiter:
    import anyio

    limiters = _limiters()
    limiter = limiters.get(None)
    if limiter is None:
        limiter = anyio.CapacityLimiter(_MOST)
        limiters.set(limiter)
    return limiter
