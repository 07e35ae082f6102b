"""Questions about a whole table: filter, find, sort, distinct values, statistics, SQL.

Each takes a `Table` or a `View` of one and a `Cancel`, runs in the calling thread and reads the
table by a reader of its own, so the screen's thread can go on using the table. `in_thread` runs
one from a task, and cancels it when the task is cancelled:

    view = await in_thread(sort, table, [SortKey(3, descending=True)], first=show)

All of them read values as `tables.types` says. Filtering, finding, statistics and histograms go
batch by batch with pyarrow and numpy. Sorting, value counts and SQL are DuckDB's, which is
imported when the first of them is asked; it spills to disk above `MEMORY_LIMIT`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from amltui.lazy import lazy
from amltui.tables.queries.cancel import Cancel, in_thread
from amltui.tables.queries.differences import (
    CellChange,
    ColumnPair,
    Comparison,
    Drift,
    RowChange,
)
from amltui.tables.queries.values import (
    Bin,
    Condition,
    Distinct,
    Histogram,
    Hit,
    Operator,
    SortKey,
    Statistics,
)

if TYPE_CHECKING:
    from amltui.tables.queries.answers import Answer
    from amltui.tables.queries.checks import Checked, ColumnCheck, Failure, check_rules
    from amltui.tables.queries.comparison import compare, differing_rows
    from amltui.tables.queries.histograms import histogram, table_histograms
    from amltui.tables.queries.match import filter_rows, find
    from amltui.tables.queries.merged import difference_table
    from amltui.tables.queries.order import sort
    from amltui.tables.queries.profile import profile_table
    from amltui.tables.queries.select import sql, tables_named
    from amltui.tables.queries.summary import statistics, table_statistics
    from amltui.tables.queries.value_counts import distinct
    from amltui.tables.queries.view import View
    from amltui.tables.queries.words import sql_words

_HOMES = {
    "Answer": "answers",
    "Checked": "checks",
    "ColumnCheck": "checks",
    "Failure": "checks",
    "View": "view",
    "check_rules": "checks",
    "compare": "comparison",
    "difference_table": "merged",
    "differing_rows": "comparison",
    "distinct": "value_counts",
    "filter_rows": "match",
    "find": "match",
    "histogram": "histograms",
    "profile_table": "profile",
    "sort": "order",
    "sql": "select",
    "sql_words": "words",
    "statistics": "summary",
    "table_histograms": "histograms",
    "tables_named": "select",
    "table_statistics": "summary",
}

__all__ = [
    "Answer",
    "Bin",
    "Cancel",
    "CellChange",
    "Checked",
    "ColumnCheck",
    "ColumnPair",
    "Comparison",
    "Condition",
    "Distinct",
    "Drift",
    "Failure",
    "Histogram",
    "Hit",
    "Operator",
    "RowChange",
    "SortKey",
    "Statistics",
    "View",
    "check_rules",
    "compare",
    "difference_table",
    "differing_rows",
    "distinct",
    "filter_rows",
    "find",
    "histogram",
    "in_thread",
    "profile_table",
    "sort",
    "sql",
    "sql_words",
    "statistics",
    "table_histograms",
    "table_statistics",
    "tables_named",
]

# pyarrow and DuckDB come with the first question asked.
__getattr__ = lazy(__name__, _HOMES)
