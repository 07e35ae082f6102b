"""Work that gives way to the screen: processes and threads that begin with fewer shares of it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

T = TypeVar("T")

BEHIND: Final = 5
"""Steps of niceness by which a thread stands behind those of the screen."""
_FAR_BEHIND: Final = 15
"""As many for a process of several threads, which would else have all processors but a share."""


def process_gives_way() -> None:
    """Put this process, which leads a session of its own, behind those of the screen."""
    os.nice(_FAR_BEHIND)
    # Linux shares processors out among sessions first, and niceness counts within one alone.
    group = Path("/proc/self/autogroup")
    if os.getsid(0) == os.getpid():
        with contextlib.suppress(OSError):
            group.write_text(str(_FAR_BEHIND), "ascii")


def thread_gives_way() -> None:
    """Put this thread behind the others. It stays there: nobody may take that back."""
    with contextlib.suppress(OSError, AttributeError):
        # Of this thread alone: Linux keeps priorities by thread.
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), BEHIND)


async def behind(function: Callable[[], T]) -> T:
    """Run a function in a thread of its own that gives way; what it returned."""
    pool = ThreadPoolExecutor(1, "behind", thread_gives_way)
    try:
        return await asyncio.get_running_loop().run_in_executor(pool, function)
    finally:
        pool.shutdown(wait=False)
