"""The first rows of a content, read by a process of its own and remembered."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from typing import Final

import msgspec

from amltui.server import log, references
from amltui.server.http_errors import Conflict, ServiceUnavailable
from amltui.server.state import ServerState
from amltui.server.store.base import Stored
from amltui.server.turns import turn
from amltui.server.workers import content_file, run_worker

_PARALLEL: Final = 2
_PATIENCE: Final = 30.0
"""Seconds that a content may take, whatever else the machine does."""
_IN_LINE: Final = 10.0
"""Seconds that a page waits for its turn: it has more to show than rows."""
_MANY: Final = "Many first rows are asked for now. Load the page again in a moment."
_NOT_NOW: Final = "The first rows cannot be read now."
_WHOLE: Final = 64 << 20
"""Bytes up to which contents are fetched from an object store to be looked at."""
_REMEMBERED: Final = 100
"""Contents whose first rows are remembered."""
_Key = tuple[str, str]


class Lines(msgspec.Struct):
    """What the process prints."""

    columns: list[str] = []
    types: list[str] = []
    rows: list[list[str | None]] = []
    more_columns: int = 0
    """Columns that are not shown."""
    more_rows: bool = False
    """Whether there are rows after these."""
    error: str = ""
    """Why there are none, for good."""


class FirstRows:
    """Reads them, a few contents at once."""

    def __init__(self, state: ServerState) -> None:
        self._state = state
        self._slots = asyncio.Semaphore(_PARALLEL)
        self._known: OrderedDict[_Key, Lines] = OrderedDict()

    async def of(self, stored: Stored, data_type_id: str) -> Lines:
        """The first rows.

        Raises:
            Conflict: these contents have none that could be shown.
            ContentLost: they should be in the store and are not.
            ServiceUnavailable: they cannot be read now.
        """
        key = (stored.sha256, data_type_id)
        found = self._known.get(key)
        if found is None:
            async with turn(self._slots, _IN_LINE, _MANY):
                found = await self._read(stored, data_type_id)
            self._known[key] = found
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        if found.error:
            raise Conflict(found.error)
        return found

    async def _read(self, stored: Stored, data_type_id: str) -> Lines:
        if self._state.store.path(stored.sha256) is None and stored.size > _WHOLE:
            raise Conflict("These contents are too large to show their first rows here.")
        if not await self._state.store.has(stored.sha256, stored.size):
            raise await references.missing_reason(self._state, stored.sha256)
        try:
            async with (
                asyncio.timeout(_PATIENCE),  # an object store may take its time, too
                content_file(self._state, stored) as (path, scratch),
            ):
                code, out, err = await run_worker(
                    "amltui.server.web.rows_worker", str(path), data_type_id, str(scratch),
                    patience=_PATIENCE,
                )  # fmt: skip
        except TimeoutError:
            raise ServiceUnavailable(_NOT_NOW) from None
        if code == 0:
            return msgspec.json.decode(out, type=Lines)
        words = err[-500:].decode("utf-8", "replace")
        log.event("first rows failed", logging.WARNING, code=code, words=words)
        raise ServiceUnavailable(_NOT_NOW)
