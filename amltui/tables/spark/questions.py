"""Filter, sort, values with their counts, and SQL, asked of a cluster."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from pyspark.sql import functions as F  # noqa: N812 - as everybody calls it

from amltui.errors import QueryError
from amltui.formats.arrays import strings
from amltui.tables.memory import MemoryRows
from amltui.tables.queries.answers import (
    LIMIT,
    Answer,
    only_select,
    renamed,
    sql_names,
    write_answer,
)
from amltui.tables.queries.cancel import Cancel
from amltui.tables.queries.match import value_to_compare
from amltui.tables.queries.values import Condition, Distinct, SortKey
from amltui.tables.rows import Column
from amltui.tables.scratch import Scratch
from amltui.tables.spark.reading import SparkTable, column_type
from amltui.tables.spark.values import is_missing, typed

_MOST: Final = 2**31 - 1
"""The largest limit that Spark has."""
_AT_ONCE: Final = 10_000
"""Rows of an answer that are held in memory."""
_PREFIX: Final = "amltui-cluster-answer-"
_READS: Final = re.compile(r"\s*(\(|select\b|with\b|from\b|values\b|table\b)", re.IGNORECASE)
_COMMENT: Final = re.compile(r"\s*(--[^\n]*\n|/\*.*?\*/)", re.DOTALL)
_ARROW: Final[dict[str, Any]] = {
    "boolean": pa.bool_(),
    "tinyint": pa.int8(),
    "smallint": pa.int16(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", "UTC"),
    "timestamp_ntz": pa.timestamp("us"),
    "string": pa.string(),
}
"""Arrow's types of the values that an answer may have; all others become text on the cluster."""


def filter_rows(
    table: SparkTable,
    conditions: Sequence[Condition],
    *,
    limit: int = LIMIT,
    cancel: Cancel | None = None,
) -> Answer:
    """The rows that meet all conditions, see `tables.queries.filter_rows`; at most `limit`.

    Raises:
        QueryError: a regular expression is wrong, or a text is not of the column's type.
        Unreachable: the cluster is gone.
        Cancelled: it was stopped.
    """
    found = table.frame
    for condition in conditions:
        columns = range(len(table.columns)) if condition.column is None else [condition.column]
        meets = F.lit(0) == 1
        for index in columns:
            meets = meets | _surely(_meets(table, index, condition))
        found = found.where(meets)
    return _rows_of(table, found, limit, cancel or Cancel())


def sort(
    table: SparkTable,
    keys: Sequence[SortKey],
    *,
    limit: int = 1_000,
    cancel: Cancel | None = None,
) -> Answer:
    """The first rows by the values of columns, see `tables.queries.sort`; equal ones in any order.

    Raises:
        Unreachable: the cluster is gone.
        Cancelled: it was stopped.
    """
    by = []
    for key in keys:
        value = value_in(table, key.column)
        by.append(value.desc_nulls_last() if key.descending else value.asc_nulls_last())
    return _rows_of(table, table.frame.orderBy(*by), limit, cancel or Cancel())


def distinct(
    table: SparkTable, column: int, *, limit: int = 10_000, cancel: Cancel | None = None
) -> Distinct:
    """A column's values as text with their counts, the most common first; all of them exact.

    Raises:
        Unreachable: the cluster is gone.
        Cancelled: it was stopped.
    """
    counted = table.frame.groupBy(table.text(column).alias("value")).count()
    with table.spark.asking(cancel or Cancel()):
        total = counted.count()
        order = (F.col("count").desc(), F.col("value").asc_nulls_first())
        pairs = counted.orderBy(*order).limit(limit).collect()
    columns = (Column(table.columns[column].name, "text"), Column("count", "int"))
    batch = pa.RecordBatch.from_arrays(
        [strings([one[0] for one in pairs]), strings([str(one[1]) for one in pairs])],
        names=["value", "count"],
    )
    return Distinct(MemoryRows(columns, [batch]), total)


def sql(
    table: SparkTable,
    text: str,
    *,
    others: Mapping[str, SparkTable] | None = None,
    limit: int = LIMIT,
    cancel: Cancel | None = None,
) -> Answer:
    """The answer of a SELECT on `data`, in Spark's SQL; see `tables.queries.sql`.

    Nothing can be changed, and no file named: the statement is read as a subquery, which no
    command is. Tables that the cluster itself knows can be read.

    Raises:
        QueryError: the text is wrong, or no SELECT.
        Unreachable: the cluster is gone.
        Cancelled: it was stopped.
    """
    query = text.strip().rstrip(";").rstrip()
    bare = _COMMENT.sub("", query)
    if not bare.strip():
        raise QueryError("Write one SELECT statement.")
    if not _READS.match(bare):
        raise only_select()
    cancel = cancel or Cancel()
    with table.spark.asking(cancel, text=query) as session:
        for name, one in {"data": table, **(others or {})}.items():
            _view(one).createOrReplaceTempView(_quoted(name))
        # Its first line is the statement's second, which `connection` reckons with.
        answered = session.sql(f"SELECT * FROM (\n{query}\n)")  # noqa: S608 - it is the user's own
        columns, chosen = _plain(answered)
        answer = _answer(columns, answered.toDF(*chosen[0]).select(*chosen[1]), limit, cancel)
    answer.renamed = renamed(table.columns)
    return answer


def _meets(table: SparkTable, index: int, condition: Condition) -> Any:
    """Whether a column's value meets a condition; see `tables.queries.match.Test`."""
    column, text = table.columns[index], table.text(index)
    operator, wanted = condition.operator, condition.text
    if operator in {"is missing", "is not missing"}:
        absent = (
            text.isNull() if column.type in {None, "text"} or table.native else is_missing(text)
        )
        return absent if operator == "is missing" else ~absent
    if operator == "contains":
        if condition.case:
            return text.contains(wanted)
        return F.lower(text).contains(wanted.lower())
    if operator == "regex":
        return text.rlike(wanted if condition.case else f"(?i){wanted}")
    value, scalar = value_in(table, index), value_to_compare(condition, column)
    same = text == F.lit(wanted)
    if scalar.is_valid:
        other = _literal(scalar)
        if operator in _COMPARE:
            return _COMPARE[operator](value, other)
        same = _surely(same) | (value == other)
    return same if operator == "=" else ~_surely(same)


_COMPARE: Final[dict[str, Any]] = {
    "<": lambda value, other: value < other,
    "<=": lambda value, other: value <= other,
    ">": lambda value, other: value > other,
    ">=": lambda value, other: value >= other,
}


def _surely(condition: Any) -> Any:
    """A condition that is false where it is not known."""
    return F.coalesce(condition, F.lit(0) == 1)


def _literal(scalar: Any) -> Any:
    """An Arrow scalar as a value in Spark."""
    found = scalar.as_py()
    if pa.types.is_timestamp(scalar.type):
        kind = "timestamp" if scalar.type.tz else "timestamp_ntz"
        return F.lit(found.isoformat(sep=" ")).cast(kind)
    return F.lit(found)


def value_in(table: SparkTable, index: int) -> Any:
    """A column's values, of its type."""
    return F.col(f"c{index}") if table.native else typed(F.col(f"c{index}"), table.columns[index])


def _view(table: SparkTable) -> Any:
    """A table with its columns' names and types, for SQL."""
    names = sql_names(table.columns)
    return table.frame.select(
        *(value_in(table, index).alias(name) for index, name in enumerate(names))
    )


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _rows_of(table: SparkTable, found: Any, limit: int, cancel: Cancel) -> Answer:
    """Rows of a table as they stand in it, at most `limit`."""
    names = [f"c{index}" for index in range(len(table.columns))]
    with table.spark.asking(cancel):
        return _answer(table.columns, found.select(*names), limit, cancel)


def _plain(answered: Any) -> tuple[tuple[Column, ...], tuple[list[str], list[Any]]]:
    """The columns of an answer; and their names by place, with what makes plain values of them.

    By place, for an answer may have two columns of one name.
    """
    columns, places, chosen = [], [], []
    for index, (name, kind) in enumerate(answered.dtypes):
        place, value = f"c{index}", F.col(f"c{index}")
        if kind.startswith(("struct", "array", "map")):
            value = F.to_json(value)
        elif kind == "binary":
            value = F.hex(value)
        elif kind not in _ARROW and not kind.startswith("decimal"):
            value = value.cast("string")
        type_, notation = column_type(kind)
        columns.append(Column(name, type_, notation=notation))
        places.append(place)
        chosen.append(value.alias(place))
    return tuple(columns), (places, chosen)


def _answer(columns: Sequence[Column], frame: Any, limit: int, cancel: Cancel) -> Answer:
    """An answer of values that come row by row, never all at once."""
    kinds = [_ARROW.get(kind) or _decimal(kind) for _, kind in frame.dtypes]
    scratch = Scratch(Path(tempfile.gettempdir()), _PREFIX)
    try:
        rows = frame.limit(min(limit + 1, _MOST)).toLocalIterator()
        cut = write_answer(scratch.path, columns, _texts(rows, kinds), limit, cancel)
    except BaseException:
        scratch.close()
        raise
    answer = Answer(scratch)
    answer.partial = cut
    return answer


def _texts(rows: Iterable[Any], kinds: Sequence[Any]) -> Iterator[list[Any]]:
    from amltui.tables.queries.select import as_texts  # DuckDB comes with it

    left = iter(rows)
    schema = pa.schema([(f"c{place}", kind) for place, kind in enumerate(kinds)])
    while some := list(islice(left, _AT_ONCE)):
        columns = zip(*some, strict=True)
        values = [pa.array(column, kind) for column, kind in zip(columns, kinds, strict=True)]
        yield as_texts(pa.RecordBatch.from_arrays(values, schema=schema))


def _decimal(kind: str) -> Any:
    found = re.fullmatch(r"decimal\((\d+),(\d+)\)", kind)
    return pa.decimal128(int(found[1]), int(found[2])) if found else pa.string()
