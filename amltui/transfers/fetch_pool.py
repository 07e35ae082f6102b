"""Fetches into the cache, shared: a preview and a download of one dataset are one fetch."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from amltui.cache import Cache, Source
from amltui.errors import AmltuiError
from amltui.transfers.attempt import TransferContext
from amltui.transfers.destinations import CacheDestination, Destination
from amltui.transfers.fetch import Feed, Fetch
from amltui.transfers.rates import RateLimiter
from amltui.transfers.retry import Report, RetryPolicy, Wakeups
from amltui.transfers.states import Options, State
from amltui.workspaces.base import Workspace


@dataclass(slots=True)
class QueueContext:
    """What all transfers of one queue share."""

    workspace: Workspace
    """Replaced after a new sign-in."""
    cache: Cache
    options: Options
    wakeups: Wakeups
    downloads: RateLimiter
    uploads: RateLimiter

    def for_transfer(self, limit: RateLimiter, report: Report) -> TransferContext:
        """What one transfer works with."""
        retry = RetryPolicy(self.options, self.wakeups, report)
        return TransferContext(lambda: self.workspace, self.options, limit, retry)


class Shared:
    """One fetch with those who want it."""

    def __init__(self, context: QueueContext, source: Source, destination: Destination) -> None:
        self.state = State.RUNNING
        self.waits_for: AmltuiError | None = None
        self.watchers: list[Callable[[], None]] = []
        """Called when anything about it changed."""
        self.users = 0
        self.closing = contextlib.ExitStack()
        """What ends when nobody wants it any longer."""
        transfer = context.for_transfer(context.downloads, self._report)
        self.fetch = Fetch(transfer, source, destination, self._noted)
        self.task = asyncio.ensure_future(self.fetch.run())
        self.task.add_done_callback(_looked_at)

    def _report(self, state: State, error: AmltuiError | None) -> None:
        self.state, self.waits_for = state, error
        self._noted()

    def _noted(self) -> None:
        for watcher in list(self.watchers):
            watcher()


def _looked_at(task: asyncio.Future[Path]) -> None:
    """The error stays in `Fetch.error`; nobody has to await the task for it."""
    if not task.cancelled():
        task.exception()


class FetchPool:
    """All fetches into the cache that are under way in this process."""

    def __init__(self, context: QueueContext) -> None:
        self._context = context
        self._running: dict[str, Shared] = {}

    def acquire(self, source: Source) -> Shared:
        """The fetch of `source`, begun now if there is none. Release it again."""
        cache = self._context.cache
        entry = cache.entry(self._context.workspace.key, source)
        shared = self._running.get(entry.id)
        if shared is None or shared.fetch.over:
            shared = Shared(self._context, source, CacheDestination(cache, entry, source))
            shared.closing.enter_context(cache.using(entry))
            self._running[entry.id] = shared
        shared.users += 1
        return shared

    def release(self, shared: Shared) -> None:
        """Give it back; the last user's release stops it."""
        shared.users -= 1
        if shared.users == 0:
            shared.task.cancel()
            shared.closing.close()
            self._running = {key: one for key, one in self._running.items() if one is not shared}

    def feed(self, source: Source) -> Feed:
        """Read along while `source` arrives."""
        shared = self.acquire(source)
        return Feed(shared.fetch, lambda: self.release(shared))

    async def close(self) -> None:
        """Stop all; what arrived stays."""
        running = list(self._running.values())
        for shared in running:
            shared.task.cancel()
        await asyncio.gather(*(shared.task for shared in running), return_exceptions=True)
        for shared in running:
            shared.closing.close()
        self._running.clear()
