"""What the parts of a running server share. It holds nothing that another server must know."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from amltui.server.audit import Gathered
from amltui.server.database.engine import Database
from amltui.server.options import ServeOptions
from amltui.server.store.base import Store


@dataclass(slots=True)
class Reservations:
    """Room that requests under way in this process will take; see `quota`."""

    bytes: int = 0
    by_token: Counter[str] = field(default_factory=Counter)


class Watcher:
    """Is told what happens; see `metrics`. This one listens to nothing."""

    def active(self, _method: str, _route: str) -> AbstractContextManager[None]:
        """A request is under way, for the block."""
        return nullcontext()

    def request(
        self, method: str, route: str, status: int, seconds: float, received: int, sent: int
    ) -> None:
        """A request is over; `received` and `sent` are bytes of its bodies."""

    def janitor(self, removed: dict[str, int] | None) -> None:
        """The janitor ran, and removed so many of each kind. None: it failed."""


@dataclass(slots=True)
class ServerState:
    """One workspace's database and store, and how to serve them."""

    options: ServeOptions
    database: Database
    store: Store
    workspace_id: str
    audit: Gathered
    """Entries of the audit log that change nothing."""
    reservations: Reservations = field(default_factory=Reservations)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the server takes no new connections."""
    beginning: asyncio.Semaphore = field(init=False)
    """Held by downloads until their answer begins."""
    watcher: Watcher = field(default_factory=Watcher)
    freed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a content may have lost its last reference: the janitor looks at once."""

    def __post_init__(self) -> None:
        """Size what belongs to the store."""
        self.beginning = asyncio.Semaphore(self.store.begin_at_once)
