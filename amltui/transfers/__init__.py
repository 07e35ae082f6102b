"""Downloads and uploads that survive a cut line, a full disk and a killed process.

Importing this package costs nothing: its modules come when a name is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from amltui.lazy import lazy

if TYPE_CHECKING:
    from amltui.transfers.fetch import Feed
    from amltui.transfers.queue import Transfers
    from amltui.transfers.records import Record
    from amltui.transfers.states import Options, State, Transfer

__all__ = ["Feed", "Options", "Record", "State", "Transfer", "Transfers"]

_HOMES = {
    "Feed": "fetch",
    "Options": "states",
    "Record": "records",
    "State": "states",
    "Transfer": "states",
    "Transfers": "queue",
}

__getattr__ = lazy(__name__, _HOMES)
