"""What new contents change of a table, and whether rules allow it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from amltui.errors import QueryError
from amltui.tables.queries.cancel import Cancel
from amltui.tables.queries.differences import ColumnPair, ColumnStatus
from amltui.tables.queries.engine import connection, typed_reader
from amltui.tables.queries.match import filter_rows
from amltui.tables.queries.pairing import pair_columns
from amltui.tables.queries.summary import table_statistics
from amltui.tables.queries.values import Condition, Operator, Statistics
from amltui.tables.rows import ColumnType
from amltui.tables.rules import ColumnRules, Limits, Rules
from amltui.tables.table import Table
from amltui.text import visible

_SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class ColumnCheck:
    """A column before and after."""

    name: str
    status: ColumnStatus
    """Never "renamed": the column of the old name is removed then, and one of the new is added."""
    types: tuple[ColumnType | None, ColumnType | None]
    """Before and after; None: it is not there, or nothing is known."""
    missing: tuple[int | None, int | None]
    """Rows without a value; None: the column is not there."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A rule that is not met."""

    rule: str
    """`schema`, `type`, `missing`, `rows`, or that of a column: `required`, `unique`, ..."""
    column: str | None
    message: str
    """What is wrong, safe to show."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What changes, and which rules it breaks."""

    rows: tuple[int | None, int]
    """Before and after; None: there is nothing before."""
    columns: tuple[ColumnCheck, ...]
    """In the order of the new contents, those that are gone at the end."""
    failures: tuple[Failure, ...]

    @property
    def passed(self) -> bool:
        """Whether all rules are met."""
        return not self.failures


def check_rules(
    before: Table | None, after: Table, rules: Rules, *, cancel: Cancel | None = None
) -> Checked:
    """Compare a table with the one before it, and with rules.

    Args:
        before: what there was. None: nothing, so that nothing changed.
        after: what there is now, or shall be.
        rules: what to hold it against.
        cancel: stops it.

    Raises:
        QueryError: a pattern of the rules is no regular expression.
        Cancelled: it was stopped.
    """
    cancel = cancel or Cancel()
    new = table_statistics(after, cancel=cancel)
    columns: tuple[ColumnCheck, ...]
    if before is None:
        columns = tuple(
            ColumnCheck(one.name, "same", (None, one.type), (None, one.missing)) for one in new
        )
    else:
        old = table_statistics(before, cancel=cancel)
        columns = tuple(_column(pair, old, new) for pair in pair_columns(before, after))
    rows = (None if before is None else before.row_count, after.row_count)
    failures = [] if before is None else list(_changes(rules.limits, rows, columns))
    for name, wanted in (rules.columns or {}).items():
        failures += _of_column(after, new, name, wanted, cancel)
    return Checked(rows, columns, tuple(failures))


def _column(pair: ColumnPair, old: list[Statistics], new: list[Statistics]) -> ColumnCheck:
    before = None if pair.left_index is None else old[pair.left_index]
    after = None if pair.right_index is None else new[pair.right_index]
    return ColumnCheck(
        pair.name,
        pair.status,
        (before.type if before else None, after.type if after else None),
        (before.missing if before else None, after.missing if after else None),
    )


def _changes(
    limits: Limits, rows: tuple[int | None, int], columns: tuple[ColumnCheck, ...]
) -> Iterator[Failure]:
    old, new = rows[0] or 0, rows[1]
    for one in columns:
        name = visible(one.name)
        if limits.schema and one.status in {"added", "removed"}:
            yield Failure("schema", one.name, f'column "{name}" was {one.status}')
        if limits.type and one.status == "retyped":
            yield Failure(
                "type", one.name, f'column "{name}" is {one.types[1]}, not {one.types[0]}'
            )
        if limits.missing is not None and None not in one.missing:
            before, after = (_share(one.missing[0], old), _share(one.missing[1], new))
            if after - before > limits.missing:
                said = f'column "{name}" lacks {after:.1%} of its values, before {before:.1%}'
                yield Failure("missing", one.name, said)
    change = (new - old) / old if old else float(new > 0)
    if (limits.fewer is not None and -change > limits.fewer) or (
        limits.more is not None and change > limits.more
    ):
        yield Failure("rows", None, f"{new:,} rows, before {old:,} ({change:+.1%})")


def _share(missing: int | None, rows: int) -> float:
    return (missing or 0) / rows if rows else 0.0


def _of_column(
    table: Table, found: list[Statistics], name: str, wanted: ColumnRules, cancel: Cancel
) -> Iterator[Failure]:
    index = next((place for place, one in enumerate(found) if one.name == name), None)
    shown = visible(name)
    if index is None:
        yield Failure("schema", name, f'there is no column "{shown}"')
        return
    about = found[index]
    if wanted.type is not None and about.type != wanted.type:
        yield Failure("type", name, f'column "{shown}" is {about.type}, not {wanted.type}')
    elif wanted.type is not None and about.misfits:
        said = f'column "{shown}" has {about.misfits:,} values that are not {wanted.type}'
        yield Failure("type", name, said)
    if wanted.required and about.missing:
        yield Failure("required", name, f'column "{shown}" lacks {about.missing:,} values')
    share = _share(about.missing, about.rows)
    if wanted.missing is not None and share > wanted.missing:
        said = f'column "{shown}" lacks {share:.1%} of its values, at most {wanted.missing:.1%}'
        yield Failure("missing", name, said)
    if wanted.unique and _repeated(table, index, cancel):
        yield Failure("unique", name, f'values of column "{shown}" are there more than once')
    for rule, count in _misses(table, index, about, wanted, cancel):
        if count:
            limit = ", ".join(wanted.enum or ()) if rule == "enum" else getattr(wanted, rule)
            said = f'{count:,} values of column "{shown}" do not meet {rule} {_short(limit)}'
            yield Failure(rule, name, said)


def _short(text: str) -> str:
    return visible(text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…")


def _misses(
    table: Table, index: int, about: Statistics, wanted: ColumnRules, cancel: Cancel
) -> Iterator[tuple[str, int]]:
    """How many values do not meet each rule about values."""

    def count(*conditions: tuple[Operator, str]) -> int:
        tests = [Condition(index, operator, text, case=True) for operator, text in conditions]
        with closing(filter_rows(table, tests, cancel=cancel)) as view:
            return view.row_count

    present = about.rows - about.missing
    ends: tuple[tuple[str, str | None, Operator], ...] = (
        ("minimum", wanted.minimum, ">="),
        ("maximum", wanted.maximum, "<="),
    )
    for rule, limit, operator in ends:
        if limit is not None:
            try:
                yield rule, present - count((operator, limit), ("is not missing", ""))
            except QueryError:  # the column is of a type that the limit is not
                yield rule, present
    if wanted.pattern is not None:
        pattern = rf"\A(?:{wanted.pattern})\z"
        yield "pattern", present - count(("regex", pattern), ("is not missing", ""))
    if wanted.enum is not None:
        others: list[tuple[Operator, str]] = [("!=", value) for value in wanted.enum]
        yield "enum", count(*others, ("is not missing", ""))


def _repeated(table: Table, index: int, cancel: Cancel) -> bool:
    with table.reopen() as own, connection(own, cancel) as found:
        found.register("source", typed_reader(own, [index], cancel, as_text=True))
        count, distinct = found.execute(
            "SELECT count(c0), count(DISTINCT hash(c0)) FILTER (c0 IS NOT NULL) FROM source"
        ).fetchall()[0]
        return bool(count != distinct)
