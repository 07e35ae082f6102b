"""A content as a cluster reads it: its texts, the types of its columns, and a check of both.

Spark's reader of CSV is not ours. So its first rows are compared with ours before anything is
asked, and what it cannot read as we do is refused in words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from pyspark.sql import functions as F  # noqa: N812 - as everybody calls it

from amltui.errors import Unreadable, UnsupportedDataType
from amltui.formats.lens import Lens
from amltui.formats.registry import JSON_LINES, PARQUET
from amltui.tables.inference import Counts, candidate, column_of
from amltui.tables.queries.cancel import Cancel
from amltui.tables.rows import CELL_LIMIT, Column, ColumnType, Rows
from amltui.tables.spark.json_lines import json_lines
from amltui.tables.spark.partition_columns import (
    check_names,
    folder_columns,
    quoted,
    reader,
    typed_folders,
)
from amltui.tables.spark.values import is_missing, trimmed, value_of, without_unknown
from amltui.tables.types import INT128, WITH_ZONE, Family
from amltui.text import visible

if TYPE_CHECKING:
    from amltui.formats.dialect import Dialect
    from amltui.tables.spark.connection import Spark

SAMPLE: Final = 4_096
"""First rows that say what a column is likely of; then every row is counted."""
_COMPARED: Final = 500
"""First rows that are compared with ours."""
_BAD: Final = "bad"
_MISSING: Final = "\ufdd0"
"""What an empty field without quotes is read as: no character, so hardly in any text."""
_PACKED: Final = {"gzip": ".gz", "bzip2": ".bz2", "zstd": ".zst"}
"""What Spark unpacks by itself, by the end of a name."""


@dataclass(frozen=True, slots=True)
class SparkTable:
    """All rows of a content on a cluster, in columns `c0`, `c1` ..., each a text as it stands."""

    spark: Spark
    frame: Any
    columns: tuple[Column, ...]
    row_count: int
    malformed_count: int
    """Rows with another number of fields; of too many, those after the last column are left out."""
    cuts: tuple[tuple[int, int], ...] = ()
    """Cells of which only the beginning is known, see `Table.cuts`: the cluster has all whole."""
    cut_count: int = 0
    native: bool = False
    """Whether the columns have values already, as those of Parquet have."""

    def text(self, index: int) -> Any:
        """A column's texts."""
        return F.col(f"c{index}").cast("string")


def open_table(
    spark: Spark,
    addresses: Sequence[str],
    lens: Lens,
    names: Sequence[str],
    *,
    encoding: str = "utf-8",
    first: Rows | None = None,
    cancel: Cancel,
) -> SparkTable:
    """Read a content on the cluster: one pass over it, to count rows and find the types.

    Args:
        spark: an open session.
        addresses: where its files are, as the cluster reaches them.
        lens: how they are read.
        names: of the columns.
        encoding: of the text, where nobody said it.
        first: the first rows as we read them, to compare with; None: they are not known.
        cancel: stops it.

    Raises:
        UnsupportedDataType: Spark cannot read it as we do.
        Unreadable: Spark reads its first rows otherwise.
        Unreachable: the cluster does not see it.
        Cancelled: it was stopped.
    """
    with spark.asking(cancel) as session:
        addresses = [_literal(one) for one in addresses]
        if lens.fmt == PARQUET:
            return _parquet(spark, session, addresses, names)
        if lens.fmt == JSON_LINES:
            frame, names, folders = json_lines(session, addresses, lens, names, _BAD)
        elif lens.dialect is not None:
            frame, folders = _delimited(session, addresses, lens, names, encoding)
        else:
            raise UnsupportedDataType(
                lens.fmt.data_type_id,
                hint="Spark is asked about delimited text, JSON Lines and Parquet here. Leave the "
                "engine out: then this machine answers.",
            )
        texts = frame.limit(SAMPLE).toArrow()
        _compare(texts, first)
        return _counted(spark, frame, texts, names, folders)


def _literal(address: str) -> str:
    """An address in which nothing is a pattern of names."""
    return re.sub(r"([*?{}\[\]\\])", r"\\\1", address)


def _delimited(
    session: Any, addresses: Sequence[str], lens: Lens, names: Sequence[str], encoding: str
) -> tuple[Any, int]:
    """Its rows, and how many of the first columns the names of folders say."""
    dialect = lens.dialect
    assert dialect is not None
    _readable(dialect, lens, addresses)
    own = [f"c{index}" for index in range(len(names))]
    found = folder_columns(session, addresses, [*own, _BAD])
    folders = check_names(found, names)
    fields = [f"{one} STRING" for one in own[folders:]]
    count = len(names)
    frame = (
        reader(session, found)
        .schema(", ".join([*fields, f"{_BAD} STRING"]))
        .options(
            sep=dialect.delimiter,
            quote=dialect.quote,
            escape=dialect.escape or dialect.quote,
            header=dialect.header,
            comment=dialect.comment,
            encoding=dialect.encoding or encoding,
            # Else a line end in quotes begins a row, without a word. One task reads such a file.
            multiLine=bool(dialect.quote),
            ignoreLeadingWhiteSpace=dialect.skip_space,
            nullValue=_MISSING,
            emptyValue="",
            mode="PERMISSIVE",
            columnNameOfCorruptRecord=_BAD,
            maxColumns=max(20_480, 2 * count),
        )
        .csv(list(addresses))
    )
    said = [quoted(name).alias(f"c{index}") for index, name in enumerate(found[:folders])]
    return frame.select(*said, *own[folders:], _BAD), folders


def _readable(dialect: Dialect, lens: Lens, addresses: Sequence[str]) -> None:
    """See that Spark has words for how a text is written."""
    lacks = [
        (dialect.skip > 0, "lines before the header"),
        (dialect.header and dialect.header_rows > 1, "several header rows"),
        (len(dialect.comment) > 1, "comments that begin with several characters"),
        (dialect.decimal != "." or bool(dialect.thousands), "numbers written with a comma"),
        (bool(dialect.missing), "spellings of a missing value"),
        (
            any(
                len(lens.packing) > 1 or not one.lower().endswith(_PACKED.get(packing, "\0"))
                for packing in lens.packing
                for one in addresses
            ),
            "text that is packed so",
        ),
    ]
    for lack, words in lacks:
        if lack:
            raise UnsupportedDataType(
                lens.fmt.data_type_id, hint=f"Spark does not read {words} as it is meant here."
            )


def _compare(texts: Any, first: Rows | None) -> None:
    """See that the first rows are those that we read.

    Raises:
        Unreadable: they are not.
    """
    if first is None:
        return
    width = len(first.columns)
    count = max(0, min(first.row_count - (not first.complete), _COMPARED, texts.num_rows))
    ours = first.window(0, count, range(width))
    theirs = [texts.column(index).slice(0, count).to_pylist() for index in range(width)]
    widths = texts.column(_BAD).slice(0, count).to_pylist()
    for row, other_width in enumerate(widths):
        if other_width is not None:
            continue  # it is counted as malformed
        for index in range(width):
            here, there = ours[index][row], theirs[index][row]
            if _comparable(here) != _comparable(there):
                raise Unreadable(
                    f"Spark reads row {row + 1} otherwise: column "
                    f'"{visible(first.columns[index].name)}" is '
                    f'"{visible(str(there))[:60]}" there and "{visible(str(here))[:60]}" here',
                    hint="Ask this machine instead: leave the engine out.",
                )


def _comparable(text: str | None) -> str | None:
    """A cell as it is compared: a window cuts it, and Spark makes line ends in quotes one."""
    return None if text is None else text[: CELL_LIMIT // 2].replace("\r\n", "\n")


def _counted(
    spark: Spark, frame: Any, texts: Any, names: Sequence[str], folders: int
) -> SparkTable:
    """Types of all values: a family by the first rows, then counted in every row."""
    families = []
    for index in range(len(names)):
        looked_at = texts.column(index)
        if index < folders:  # the first rows may have one value only
            looked_at = frame.select(f"c{index}").distinct().limit(SAMPLE).toArrow().column(0)
        family = candidate([looked_at.combine_chunks()])
        families.append(None if family is None else without_unknown(family))
    # Spark refuses to look at rows of other widths alone.
    own = F.col(f"c{folders}") if folders < len(names) else F.lit("")
    bad = F.when(F.col(_BAD).isNotNull(), F.coalesce(own, F.lit("")))
    asked = [F.count(F.lit(1)).alias("rows"), F.count(bad).alias(_BAD)]
    for index, family in enumerate(families):
        if family is not None:
            asked += _counts_of(index, family)
    found = frame.agg(*asked).toArrow().to_pylist()[0]
    columns = tuple(
        Column(name, "text")
        if family is None
        else column_of(name, family, _as_counts(index, family, found))
        for index, (name, family) in enumerate(zip(names, families, strict=True))
    )
    return SparkTable(spark, frame, columns, found["rows"], found[_BAD])


def _counts_of(index: int, family: Family) -> list[Any]:
    text = F.col(f"c{index}")
    values = [value_of(text, reading) for reading in family.readings]
    texts = trimmed(text)
    length = F.when(values[0].isNotNull(), F.length(texts))
    asked = [F.count(value).alias(f"fit_{index}_{place}") for place, value in enumerate(values)]
    asked += [
        F.count(F.when(is_missing(text), 1)).alias(f"missing_{index}"),
        F.collect_set(F.when(is_missing(text), texts)).alias(f"spelled_{index}"),
        F.min(length).alias(f"shortest_{index}"),
        F.max(length).alias(f"longest_{index}"),
        F.max(F.when(values[0].isNotNull(), texts.startswith("0"))).alias(f"zeros_{index}"),
    ]
    if family.rivals:
        first, second = values
        asked += [
            F.count(F.when(first.isNotNull() & second.isNull(), 1)).alias(f"proof_{index}_0"),
            F.count(F.when(second.isNotNull() & first.isNull(), 1)).alias(f"proof_{index}_1"),
        ]
    return asked


def _as_counts(index: int, family: Family, found: dict[str, Any]) -> Counts:
    present = found["rows"] - found[f"missing_{index}"]
    shortest = found[f"shortest_{index}"]
    return Counts(
        misfits=tuple(
            present - found[f"fit_{index}_{place}"] for place in range(len(family.readings))
        ),
        present=present,
        missing=found[f"missing_{index}"],
        spellings=frozenset(found[f"spelled_{index}"]),
        proofs=(found.get(f"proof_{index}_0", 0), found.get(f"proof_{index}_1", 0)),
        code=bool(found[f"zeros_{index}"])
        and shortest == found[f"longest_{index}"]
        and shortest > 1,
    )


_NATIVE: Final[dict[str, tuple[ColumnType, str]]] = {
    "tinyint": ("int", ""),
    "smallint": ("int", ""),
    "int": ("int", ""),
    "bigint": ("int", ""),
    "float": ("float", ""),
    "double": ("float", ""),
    "boolean": ("bool", ""),
    "date": ("date", ""),
    "timestamp": ("datetime", WITH_ZONE),
    "timestamp_ntz": ("datetime", ""),
}


def column_type(kind: str) -> tuple[ColumnType, str]:
    """Our type, and its notation, of values of one of Spark's types."""
    if kind.startswith("decimal"):
        return ("int", INT128.notation) if kind.endswith(",0)") else ("float", "")
    return _NATIVE.get(kind, ("text", ""))


def _parquet(
    spark: Spark, session: Any, addresses: Sequence[str], names: Sequence[str]
) -> SparkTable:
    """A table whose types Parquet says itself; nested values and bytes are compact text."""
    folders = folder_columns(session, addresses, ())
    read = reader(session, folders).parquet(*addresses)
    own = [(name, kind) for name, kind in read.dtypes if name not in folders]
    if folders and [*folders, *(name for name, _ in own)] != list(names):
        raise Unreadable(
            f"Spark finds other columns: {', '.join(visible(name) for name in read.columns)}",
            hint="Ask this machine instead: leave the engine out.",
        )
    said = typed_folders(read, folders)
    columns = [column for column, _ in said]
    chosen = [value for _, value in said]
    for name, kind in own:
        value = quoted(name)
        if kind.startswith(("struct", "array", "map")):
            value = F.to_json(value)
        elif kind == "binary":
            value = F.hex(value)
        elif kind not in _NATIVE:
            value = value.cast("string")
        chosen.append(value)
        type_, notation = column_type(kind)
        columns.append(Column(name, type_, notation=notation))
    frame = read.select(*(value.alias(f"c{index}") for index, value in enumerate(chosen)))
    asked = [F.count(F.lit(1)).alias("rows")]
    asked += [F.count(F.col(f"c{index}")).alias(f"there_{index}") for index in range(len(chosen))]
    found = frame.agg(*asked).toArrow().to_pylist()[0]
    there = [found[f"there_{index}"] for index in range(len(columns))]
    counted = (
        column
        if column.type == "text"
        else replace(column, present=present, missing=found["rows"] - present)
        for column, present in zip(columns, there, strict=True)
    )
    return SparkTable(spark, frame, tuple(counted), found["rows"], 0, native=True)
