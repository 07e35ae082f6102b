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
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from amltui.errors import Cancelled

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from anyio.from_thread import BlockingPortal

T = TypeVar("T")

_PATIENCE: Final = 5
"""Seconds that calls under way get to end when the loop does."""


class Closable(Protocol):
    """What lives on the loop and must be closed there."""

    async def aclose(self) -> None:
        """Let go of connections and processes; safe to call twice."""


class Loop:
    """The shared loop. Every method may be called from any thread.

    Nobody waits for the loop while holding the lock, and nothing on the loop needs the lock for
    more than a moment: so neither can block the other for good.
    """

    def __init__(self) -> None:
        self._forget()
        self.generation = 0
        """Changes when everything that lived on the loop is gone."""
        self._over = False
        atexit.register(self._end)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(before=self._before_fork, after_in_child=self._after_fork)

    def _forget(self) -> None:
        self._lock = threading.RLock()
        self._portal: BlockingPortal | None = None
        self._running: AbstractContextManager[BlockingPortal] | None = None
        self._thread = 0
        self._busy = 0
        self._residents: set[Closable] = set()
        self._orphans: deque[Closable] = deque()
        self._leaving: set[asyncio.Task[None]] = set()
        self._calls: set[asyncio.Task[Any]] = set()

    def call(self, func: Callable[..., Awaitable[T]], *args: Any) -> T:
        """The result of `await func(*args)` on the loop; interrupting the wait cancels it.

        Raises:
            Cancelled: the loop was closed meanwhile.
        """
        started: list[asyncio.Task[Any]] = []

        async def run() -> T:
            task = asyncio.current_task()
            assert task is not None
            started.append(task)
            self._calls.add(task)
            try:
                return await func(*args)
            finally:
                self._calls.discard(task)

        with self.use():
            portal = self._started()
            try:
                return portal.start_task_soon(run).result()
            except CancelledError:
                raise Cancelled("The workspace was closed while this was under way") from None
            except BaseException:
                # Also when Ctrl-C came before there was a future to cancel.
                for task in (t for t in started if not t.done()):
                    task.get_loop().call_soon_threadsafe(task.cancel)
                raise

    @contextmanager
    def use(self) -> Iterator[None]:
        """Keep the loop, and with it the generation, for the length of the block."""
        with self._lock:
            self._busy += 1
        try:
            yield
        finally:
            with self._lock:
                self._busy -= 1

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other threads out for the length of the block, which must be short."""
        with self._lock:
            yield

    def adopt(self, resident: Closable) -> None:
        """Note what must be closed before the loop ends."""
        with self._lock:
            self._residents.add(resident)

    def dismiss(self, resident: Closable | None) -> None:
        """Close a resident; the loop ends with the last one. Waits, unless it is called there.

        The garbage collector may call this on any thread, also while the lock is held and on the
        loop itself: then the resident is closed as soon as that is possible.
        """
        if resident is None:
            return
        if threading.get_ident() == self._thread:
            self._residents.discard(resident)
            self._close_here(resident)
            return
        if not self._lock.acquire(timeout=1):
            self._orphans.append(resident)
            return
        try:
            known = resident in self._residents and self._portal is not None
            self._residents.discard(resident)
        finally:
            self._lock.release()
        if known:
            self.call(resident.aclose)
            if not self._residents and not self._busy:
                self.close()

    def close(self) -> None:
        """Close all residents and end the thread."""
        with self._lock:
            portal, running = self._portal, self._running
            if portal is None or running is None or threading.get_ident() == self._thread:
                return
            residents = {*self._residents, *self._orphans}
            self._portal = self._running = None
            self._residents = set()
            self._orphans.clear()
            self._thread = 0
            self.generation += 1
            calls = self._calls
        portal.call(_close_all, calls, residents)
        running.__exit__(None, None, None)

    def _started(self) -> BlockingPortal:
        with self._lock:
            if self._over:
                raise RuntimeError("Python is ending: a workspace cannot be used any more")
            if self._portal is None:
                from anyio.from_thread import start_blocking_portal

                self._running = start_blocking_portal("asyncio", name="amltui")
                self._portal = self._running.__enter__()
                self._thread = self._portal.call(threading.get_ident)
            while self._orphans:
                self._portal.start_task_soon(self._orphans.popleft().aclose)
            return self._portal

    def _close_here(self, resident: Closable) -> None:
        task = asyncio.get_running_loop().create_task(resident.aclose())
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    def _end(self) -> None:
        # A daemon thread may still be calling: a loop that it started now would never end.
        self._over = True
        self.close()

    def _before_fork(self) -> None:
        if self._lock.acquire(blocking=False):
            idle = not self._busy
            self._lock.release()
            if idle:
                self.close()

    def _after_fork(self) -> None:
        # Another thread was in a call: its loop did not come along, so its objects are dead. They
        # are kept, because collecting them would write to connections that the parent still uses.
        if self._portal is not None:
            _ABANDONED.append((self._portal, self._running, self._residents))
            self.generation += 1
        self._forget()


_ABANDONED: list[Any] = []


async def _close_all(calls: set[asyncio.Task[Any]], residents: set[Closable]) -> None:
    # A request under way would open a connection again after they were closed.
    if calls:
        for call in calls:
            call.cancel()
        await asyncio.wait(set(calls), timeout=_PATIENCE)
    for resident in residents:
        await resident.aclose()


LOOP = Loop()
