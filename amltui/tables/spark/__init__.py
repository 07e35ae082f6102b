"""Questions that a Spark cluster answers, over data that it reads itself.

The same questions as `tables.queries` asks, with the same words, values and answers; nothing of the
data passes here but what is answered. Spark is spoken to by Spark Connect:

    with Spark("sc://host:15002") as spark:
        table = open_table(spark, ["s3a://bucket/sales.csv"], lens, names, cancel)
        answer = sql(table, "select region, sum(amount) from data group by 1", cancel=cancel)

What is a value of which type is said by `tables.types`; `values` says the same in Spark's words.
The contract tests ask both engines and compare. Each function runs in the calling thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from amltui.lazy import lazy

if TYPE_CHECKING:
    from amltui.tables.spark.connection import Spark
    from amltui.tables.spark.questions import distinct, filter_rows, sort, sql
    from amltui.tables.spark.reading import SparkTable, open_table
    from amltui.tables.spark.statistics import histogram, table_statistics

_HOMES = {
    "Spark": "connection",
    "SparkTable": "reading",
    "distinct": "questions",
    "filter_rows": "questions",
    "histogram": "statistics",
    "open_table": "reading",
    "sort": "questions",
    "sql": "questions",
    "table_statistics": "statistics",
}

__all__ = [
    "Spark",
    "SparkTable",
    "distinct",
    "filter_rows",
    "histogram",
    "open_table",
    "sort",
    "sql",
    "table_statistics",
]

# Spark's client takes most of a second to import.
__getattr__ = lazy(__name__, _HOMES)
