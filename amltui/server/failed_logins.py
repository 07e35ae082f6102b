"""A limit on wrong tokens of one address, which all servers of a workspace share.

The database counts them by address and minute. A right token always gets in, whatever its address
did before, so that one bad client behind a shared address does not lock its neighbours out. An
address above the limit is refused from memory, so that it costs no more writes.
"""

from __future__ import annotations

import logging
import math
import time
from collections import OrderedDict
from functools import cache
from typing import Any, Final

import sqlalchemy as sa

from amltui.server import log
from amltui.server.database.engine import Database, upsert
from amltui.server.database.failures import is_failure
from amltui.server.database.tables import failed_logins
from amltui.server.http_errors import HTTPError, TooManyRequests

_MINUTE: Final = 60.0
_REMEMBERED: Final = 4_096
"""Addresses that are remembered as refused; the oldest go first."""


class FailedLogins:
    """Counts failed logins."""

    def __init__(self, database: Database, limit: int) -> None:
        self._database = database
        self._limit = limit
        self._refused: OrderedDict[str, float] = OrderedDict()

    async def count(self, address: str) -> None:
        """Count one more.

        Raises:
            TooManyRequests: there were `limit` of them in the last minute.
        """
        now = time.time()
        if self._refused.get(address, 0.0) > now:
            self._refuse(address, now)
        try:
            failures = await self._add(address[:100], now)
        except Exception as error:
            if not is_failure(error) and not isinstance(error, HTTPError):
                raise
            log.event("failed login not counted", logging.WARNING, words=type(error).__name__)
            return
        if failures > self._limit:
            self._refused[address] = (now // _MINUTE + 1) * _MINUTE
            self._refused.move_to_end(address)
            while len(self._refused) > _REMEMBERED:
                self._refused.popitem(last=False)
            self._refuse(address, now)

    def _refuse(self, address: str, now: float) -> None:
        raise TooManyRequests(
            "Too many failed logins from this address. Wait a little.",
            headers={"Retry-After": str(math.ceil(self._refused[address] - now))},
        )

    async def _add(self, address: str, now: float) -> float:
        """How many there are with this one: of this minute, and of the last as far as it counts."""
        minute, passed = int(now // _MINUTE), now % _MINUTE / _MINUTE
        async with self._database.writing() as connection:
            old = failed_logins.c.minute < minute - 1
            await connection.execute(sa.delete(failed_logins).where(old))
            row = {"address": address, "minute": minute, "failures": 1}
            await connection.execute(_one_more(sqlite=self._database.is_sqlite), row)
            found = await connection.execute(
                sa.select(failed_logins.c.minute, failed_logins.c.failures).where(
                    failed_logins.c.address == address
                )
            )
            counts = {row.minute: row.failures for row in found}
        return float(counts[minute] + counts.get(minute - 1, 0) * (1 - passed))


@cache
def _one_more(*, sqlite: bool) -> Any:
    statement: Any = upsert(sqlite)(failed_logins)
    more = {"failures": failed_logins.c.failures + 1}
    return statement.on_conflict_do_update(index_elements=["address", "minute"], set_=more)
