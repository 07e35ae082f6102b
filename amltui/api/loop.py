"""One event loop in one thread, for all synchronous workspaces of this process.

It starts with the first call and ends with the last workspace, at interpreter exit, or before a
fork, so that a child process inherits neither thread nor connection. Whoever comes back after
that finds a new `generation` and connects anew.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from anyio.from_thread import BlockingPortal

T = TypeVar("T")


class Closable(Protocol):
    """What lives on the loop and must be closed there."""

    async def aclose(self) -> None:
        """Let go of connections and processes; safe to call twice."""


class Loop:
    """The shared loop. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._forget()
        self.generation = 0
        """Changes when everything that lived on the loop is gone."""
        atexit.register(self.close)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(before=self._before_fork, after_in_child=self._after_fork)

    def _forget(self) -> None:
        self._lock = threading.RLock()
        self._portal: BlockingPortal | None = None
        self._running: AbstractContextManager[BlockingPortal] | None = None
        self._thread = 0
        self._busy = 0
        self._residents: set[Closable] = set()
        self._leaving: set[asyncio.Task[None]] = set()

    def call(self, func: Callable[..., Awaitable[T]], *args: Any) -> T:
        """The result of `await func(*args)` on the loop; interrupting the wait cancels it."""
        with self._lock:
            portal = self._started()
            self._busy += 1
        try:
            future = portal.start_task_soon(func, *args)
            try:
                return future.result()
            except BaseException:
                future.cancel()
                raise
        finally:
            with self._lock:
                self._busy -= 1

    def adopt(self, resident: Closable) -> None:
        """Note what must be closed before the loop ends."""
        with self._lock:
            self._residents.add(resident)

    def dismiss(self, resident: Closable | None) -> None:
        """Close a resident; the loop ends with the last one. Never raises, waits if it can."""
        with self._lock:
            if resident is None or resident not in self._residents or self._portal is None:
                return
            self._residents.discard(resident)
        if threading.get_ident() == self._thread:
            # The garbage collector can run anywhere, also on the loop itself.
            task = asyncio.get_running_loop().create_task(resident.aclose())
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)
            return
        self.call(resident.aclose)
        with self._lock:
            if not self._residents and not self._busy:
                self.close()

    def close(self) -> None:
        """Close all residents and end the thread."""
        with self._lock:
            portal, running = self._portal, self._running
            if portal is None or running is None or threading.get_ident() == self._thread:
                return
            self._portal = self._running = None
            residents, self._residents = self._residents, set()
            self.generation += 1
            portal.call(_close_all, residents)
            running.__exit__(None, None, None)

    def _started(self) -> BlockingPortal:
        if self._portal is None:
            from anyio.from_thread import start_blocking_portal

            self._running = start_blocking_portal("asyncio", name="amltui")
            self._portal = self._running.__enter__()
            self._thread = self._portal.call(threading.get_ident)
        return self._portal

    def _before_fork(self) -> None:
        if self._lock.acquire(blocking=False):
            try:
                if not self._busy:
                    self.close()
            finally:
                self._lock.release()

    def _after_fork(self) -> None:
        # Another thread was in a call: its loop did not come along, so its objects are dead. They
        # are kept, because collecting them would write to connections that the parent still uses.
        if self._portal is not None:
            _ABANDONED.append((self._portal, self._residents))
            self.generation += 1
        self._forget()


_ABANDONED: list[Any] = []


async def _close_all(residents: set[Closable]) -> None:
    for resident in residents:
        await resident.aclose()


LOOP = Loop()
