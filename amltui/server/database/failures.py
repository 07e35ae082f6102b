"""What a failure of the database is, and what it means."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from amltui.server.http_errors import StartError


def is_failure(error: Exception) -> bool:
    """Whether the database is why; a driver raises its own errors while it connects."""
    if isinstance(error, (sa.exc.DBAPIError, sa.exc.TimeoutError, sqlite3.Error, OSError)):
        return True
    return type(error).__module__.startswith("asyncpg")


def is_full(error: Exception) -> bool:
    """Whether the database has no room on its disk."""
    cause = getattr(error, "orig", error)
    sqlstate = getattr(cause, "sqlstate", None) or getattr(error, "sqlstate", None)
    return sqlstate == "53100" or getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL


@contextmanager
def at_start() -> Iterator[None]:
    """Tell a failure of the database as why there is no start."""
    try:
        yield
    except Exception as error:
        if not is_failure(error):
            raise
        reason = str(getattr(error, "orig", None) or error).splitlines() or [type(error).__name__]
        raise StartError(f"The database cannot be used: {reason[0]}") from error
