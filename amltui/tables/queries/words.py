"""The words of SQL as DuckDB speaks it: what an editor completes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import duckdb


@dataclass(frozen=True, slots=True)
class SqlWords:
    """All in small letters, in the order of the alphabet."""

    keywords: tuple[str, ...]
    reserved: frozenset[str]
    """The keywords that no column can be called by without quotes."""
    functions: tuple[str, ...]


@lru_cache(maxsize=1)
def sql_words() -> SqlWords:
    """Keywords and functions; asked of DuckDB once."""
    with duckdb.connect() as found:
        keywords = found.sql(
            "SELECT keyword_name, keyword_category = 'unreserved' FROM duckdb_keywords() ORDER BY 1"
        ).fetchall()
        functions = found.sql(
            "SELECT DISTINCT function_name FROM duckdb_functions() "
            "WHERE regexp_full_match(function_name, '[a-z][a-z0-9_]*') "
            "AND function_type IN ('scalar', 'aggregate', 'macro') ORDER BY 1"
        ).fetchall()
    return SqlWords(
        tuple(word for word, _ in keywords),
        frozenset(word for word, free in keywords if not free),
        tuple(name for (name,) in functions),
    )
