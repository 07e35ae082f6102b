"""Which files of a folder an SQL statement can need, by the columns that their partitions give."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

import duckdb
import pyarrow as pa

_NUMBER: Final = "file number"
_ASK: Final = 'SELECT "file number" FROM data WHERE true'
_PLAIN: Final = frozenset(
    {"BETWEEN", "CAST", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT", "OPERATOR"}
)
"""Classes of expressions that are the same each time they are asked, and read no table."""


def files_asked(text: str, names: Sequence[str], values: Sequence[pa.Array]) -> list[int] | None:
    """The numbers of the files (from 0) with rows that a statement's condition can hold for.

    Those parts of it that name nothing but partitions are asked of their values. None: it is not
    known, as of all but a plain SELECT from `data`, so all files are needed.

    Args:
        text: the statement.
        names: of the columns that partitions give, which come first in `data`.
        values: of each such column its values, one for each file.
    """
    known = {name.lower() for name in names}
    if len(known) < len(names):
        return None
    columns = dict(zip([*names, _NUMBER], [*values, pa.array(range(len(values[0])))], strict=True))
    with duckdb.connect(config={"threads": 1, "enable_external_access": False}) as asked:
        try:
            parts = [one for one in _conditions(_tree(asked, text)) if _names(one) <= known]
            if not parts:
                return None
            whole = _tree(asked, _ASK)
            both = {"class": "CONJUNCTION", "type": "CONJUNCTION_AND", "alias": ""}
            where = parts[0] if len(parts) == 1 else both | {"children": parts}
            whole["statements"][0]["node"]["where_clause"] = where
            asked.register("data", pa.table(columns))
            written = asked.execute("SELECT json_deserialize_sql(?)", [json.dumps(whole)])
            question = written.fetchall()[0][0]
            return sorted(number for (number,) in asked.execute(question).fetchall())
        except (duckdb.Error, LookupError):
            return None  # What is wrong with it is said when it is asked of the rows.


def _tree(parser: duckdb.DuckDBPyConnection, text: str) -> Any:
    answer = parser.execute("SELECT json_serialize_sql(?)", [text]).fetchall()
    return json.loads(answer[0][0])


def _conditions(tree: Any) -> list[Any]:
    """The parts of a condition that all have to be true, where it is asked of `data` alone."""
    statements = tree.get("statements", ())
    if len(statements) != 1:
        return []
    node = statements[0]["node"]
    table, where = node.get("from_table") or {}, node.get("where_clause")
    tables = [one for one in _below(tree) if one.get("type") == "BASE_TABLE"]
    plain = (
        node.get("type") == "SELECT_NODE"
        and len(tables) == 1
        and table.get("type") == "BASE_TABLE"
        and table["table_name"].lower() == "data"
        and not any(table.get(name) for name in ("schema_name", "column_name_alias", "sample"))
        and not (node.get("cte_map") or {}).get("map")
    )
    if not plain or where is None:
        return []
    parts = where["children"] if where["type"] == "CONJUNCTION_AND" else [where]
    return [one for one in parts if all(of in _PLAIN for of in _classes(one))]


def _below(node: Any) -> Iterator[dict[str, Any]]:
    """All objects of a tree."""
    if isinstance(node, dict):
        yield node
    for value in node.values() if isinstance(node, dict) else node:
        if isinstance(value, dict | list):
            yield from _below(value)


def _classes(node: Any) -> Iterator[str]:
    return (one["class"] for one in _below(node) if "class" in one)


def _names(node: Any) -> set[str]:
    """The columns that an expression names, in small letters; of one with a table's its whole."""
    return {
        ".".join(one["column_names"]).lower()
        for one in _below(node)
        if one.get("class") == "COLUMN_REF"
    }
