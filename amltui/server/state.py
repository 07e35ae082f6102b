"""What the parts of a running server share. It holds nothing that another server must know."""

from __future__ import annotations

from dataclasses import dataclass

from amltui.server.database.engine import Database
from amltui.server.options import ServeOptions
from amltui.server.store.base import Store


@dataclass(frozen=True, slots=True)
class State:
    """One workspace's database and store, and how to serve them."""

    options: ServeOptions
    database: Database
    store: Store
    workspace_id: str
