"""Rows of PostgreSQL as its driver gives them, for the statements that nearly every request asks.

As `inline.PlainStatements` for SQLite: SQLAlchemy makes the text, once, and is not asked again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import asyncpg
import sqlalchemy as sa


class _Row(asyncpg.Record):  # type: ignore[misc]  # it has no types
    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


class StraightStatements:
    """Statements as the driver takes them, remembered: they are few."""

    def __init__(self, dialect: sa.Dialect) -> None:
        self._dialect = dialect
        self._known: dict[sa.Select[Any], tuple[str, Any]] = {}

    async def all(
        self, connection: Any, statement: sa.Select[Any], values: dict[str, Any]
    ) -> Sequence[Any]:
        """All rows; `connection` is the driver's."""
        known = self._known.get(statement)
        if known is None:
            made: Any = statement.compile(dialect=self._dialect)
            known = self._known[statement] = str(made), made
        text, compiled = known
        given = compiled.construct_params(values)
        found: Sequence[Any] = await connection.fetch(
            text, *(given[name] for name in compiled.positiontup), record_class=_Row
        )
        return found
