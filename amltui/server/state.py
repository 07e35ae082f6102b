"""What the parts of a running server share. It holds nothing that another server must know."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from amltui.server.audit import Gathered
from amltui.server.database.engine import Database
from amltui.server.options import ServeOptions
from amltui.server.store.base import Store


@dataclass(slots=True)
class Reservations:
    """Room that requests under way in this process will take; see `quota`."""

    bytes: int = 0


@dataclass(frozen=True, slots=True)
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
    freed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a content may have lost its last reference: the janitor looks at once."""
