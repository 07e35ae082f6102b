"""Rows for several tables at once: on a server each statement costs the way there and back."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from amltui.server.database.engine import upsert
from amltui.server.database.tables import contents

Rows = Mapping[sa.Table, Mapping[str, Any]]
"""One row for each table, in the order in which they refer to one another."""
_TAKEN_OVER: Final = {contents: ("touched", "doomed")}
"""Tables in which the row may be there already, and what it takes over from the new one."""


async def insert(connection: AsyncConnection, rows: Rows) -> None:
    """Insert them, on PostgreSQL by one statement."""
    sqlite = connection.dialect.name == "sqlite"
    values = {
        _name(table, column): value for table, row in rows.items() for column, value in row.items()
    }
    columns = tuple((table, tuple(row)) for table, row in rows.items())
    for statement in _statements(columns, sqlite=sqlite):
        await connection.execute(statement, values)


async def insert_instead(
    connection: AsyncConnection, gone: sa.Delete, given: Mapping[str, Any], rows: Rows
) -> bool:
    """Delete a row, and insert others if it was there, by one statement; on PostgreSQL only.

    `given` are the parameters of `gone`, which is made once and asked again and again.
    """
    values = dict(given)
    for table, row in rows.items():
        values |= {_name(table, column): value for column, value in row.items()}
    columns = tuple((table, tuple(row)) for table, row in rows.items())
    done = await connection.execute(_instead(gone, columns), values)
    return done.first() is not None


@cache
def _instead(gone: sa.Delete, columns: tuple[tuple[sa.Table, tuple[str, ...]], ...]) -> Any:
    deleted = gone.returning(sa.true().label("there")).cte("gone")
    inserts = []
    for table, names in columns:
        given = (sa.bindparam(_name(table, name), type_=table.c[name].type) for name in names)
        row = sa.select(*given).select_from(deleted)
        inserts.append(sa.insert(table).from_select(names, row, include_defaults=False))
    *before, last = inserts
    before_it = (one.cte(f"into_{one.table.name}") for one in before)
    return last.add_cte(*before_it).returning(sa.true())


@cache  # building a statement costs more than executing it
def _statements(
    columns: tuple[tuple[sa.Table, tuple[str, ...]], ...], *, sqlite: bool
) -> list[Any]:
    inserts = [_insert(table, names, sqlite=sqlite) for table, names in columns]
    if sqlite or len(inserts) == 1:
        return inserts
    *before, last = inserts
    return [last.add_cte(*(one.cte(f"into_{one.table.name}") for one in before))]


def _insert(table: sa.Table, names: tuple[str, ...], *, sqlite: bool) -> Any:
    given: dict[str, Any] = {name: sa.bindparam(_name(table, name)) for name in names}
    statement = upsert(sqlite)(table).values(given).inline()
    if table not in _TAKEN_OVER:
        return statement
    taken = {name: statement.excluded[name] for name in _TAKEN_OVER[table]}
    return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=taken)


def _name(table: sa.Table, column: str) -> str:
    """A parameter's: columns of two tables may be named alike."""
    return f"{table.name}_{column}"
