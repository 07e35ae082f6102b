"""Rows of two tables brought together by a key, or as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

from amltui.errors import QueryError
from amltui.tables.queries.cancel import Cancel
from amltui.tables.queries.differences import CellChange, ColumnPair, Comparison, RowChange
from amltui.tables.queries.engine import typed_reader
from amltui.tables.queries.pairing import recognise_renamed
from amltui.tables.table import Table
from amltui.text import visible

_KEY_COLUMNS: Final = 6
"""Columns among which a key of two is looked for: there are 15 pairs of them."""
_NEARLY: Final = 0.97
"""Share of distinct values, as estimated, from which a column may be unique."""
_AT_ONCE: Final = 128
"""Columns that DuckDB has at a time: each takes some 100 KiB, however few the rows are."""


@dataclass
class Join:
    """Two tables whose rows are brought together; `run` makes the DuckDB table `differing`.

    Its columns are `l` and `r`, the row in the left and right table or NULL.
    """

    left: Table
    right: Table
    pairs: list[ColumnPair]
    found: Any
    cancel: Cancel
    key: tuple[str, ...] = ()
    key_found: bool = False
    change: Sequence[Callable[[Any, int, int], Any] | None] = (None, None)
    """What makes cells comparable that a table holds cut; None: their source is not at hand."""

    @property
    def keyed(self) -> bool:
        """Whether rows are told apart by a key."""
        return bool(self.key)

    @property
    def both(self) -> list[ColumnPair]:
        """The columns that both tables have."""
        return [p for p in self.pairs if p.left_index is not None and p.right_index is not None]

    @property
    def key_pairs(self) -> list[ColumnPair]:
        """The columns of the key, in its order."""
        by_name = {pair.name: pair for pair in reversed(self.both)}
        return [by_name[name] for name in self.key]

    def choose_key(self, given: Sequence[str] | None) -> None:
        """Check the key that was given, or find one."""
        if given is not None:
            self._check(given)
            self.key = tuple(given)
            return
        if not (self.left.row_count and self.right.row_count):
            return
        likely = self._likely_keys()
        tries: list[tuple[ColumnPair, ...]] = [(pair,) for pair in likely]
        tries += list(combinations(self.both[:_KEY_COLUMNS], 2))
        for columns in tries:
            if all(self._unique(side, columns) for side in (0, 1)):
                self.key = tuple(pair.name for pair in columns)
                self.key_found = True
                return

    def _check(self, given: Sequence[str]) -> None:
        there = {pair.name for pair in self.both}
        for name in given:
            if name not in there:
                raise QueryError(f'Only one of the two has the column "{visible(name)}" of the key')
        if len(set(given)) < len(given) or not given:
            raise QueryError("A key is one or more different columns")
        self.key = tuple(given)
        columns = self.key_pairs
        for side, which in enumerate(("first", "second")):
            if not self._unique(side, columns):
                raise QueryError(
                    f"Rows of the {which} share their {' and '.join(map(visible, given))}",
                    hint="Name more columns for the key, or none to compare whole rows.",
                )

    def _source(self, side: int, columns: Sequence[ColumnPair]) -> None:
        """Make columns of one table known as `source`, once, as c0, c1 ... and `row`."""
        table = self.right if side else self.left
        indexes = [pair.right_index if side else pair.left_index for pair in columns]
        kept = [index for index in indexes if index is not None]
        reader = typed_reader(table, kept, self.cancel, as_text=True, change=self.change[side])
        self.found.register("source", reader)

    def _likely_keys(self) -> list[ColumnPair]:
        """Columns that are nearly unique in the first table, by an estimate of one pass."""
        enough = _NEARLY * self.left.row_count - 2
        likely = []
        for columns in _groups(self.both):
            self._source(0, columns)
            wanted = ", ".join(f"approx_count_distinct(c{place})" for place in range(len(columns)))
            answer = self.found.execute(f"SELECT {wanted} FROM source").fetchall()[0]  # noqa: S608 - only our own names
            counts = zip(columns, answer, strict=True)
            likely += [pair for pair, count in counts if count * 1.03 >= enough]
        return likely

    def _unique(self, side: int, columns: Sequence[ColumnPair]) -> bool:
        self._source(side, columns)
        names = ", ".join(f"c{place}" for place in range(len(columns)))
        count, distinct = self.found.execute(
            f"SELECT count(*), count(DISTINCT hash({names})) FROM source"  # noqa: S608 - only our own names
        ).fetchall()[0]
        return bool(count == distinct)

    def run(self) -> None:
        """Bring the rows together."""
        recognise_renamed(self.left, self.right, self.pairs)
        for side, name in enumerate(("before", "after")):
            self._load(side, name)
        if self.keyed:
            on = " AND ".join(
                f"before.k{place} IS NOT DISTINCT FROM after.k{place}"
                for place in range(len(self.key))
            )
            self.found.execute(
                "CREATE TEMP TABLE differing AS SELECT before.row AS l, after.row AS r "  # noqa: S608 - only our own names
                f"FROM before FULL OUTER JOIN after ON {on} "
                "WHERE before.row IS NULL OR after.row IS NULL OR before.h <> after.h"
            )
        else:
            # The nth row of some cells in one table belongs to the nth of the same in the other.
            self.found.execute(
                "CREATE TEMP TABLE differing AS SELECT one.row AS l, other.row AS r FROM "
                "(SELECT *, row_number() OVER (PARTITION BY h ORDER BY row) AS n FROM before) one "
                "FULL OUTER JOIN "
                "(SELECT *, row_number() OVER (PARTITION BY h ORDER BY row) AS n FROM after) other "
                "ON one.h = other.h AND one.n = other.n "
                "WHERE one.row IS NULL OR other.row IS NULL"
            )
        for name in ("before", "after"):
            self.found.execute(f"DROP TABLE {name}")

    def _load(self, side: int, name: str) -> None:
        """Keys, a hash of the other cells, and the number of each row of one table."""
        keys = self.key_pairs
        others = [pair for pair in self.both if pair not in keys]
        self._source(side, keys)
        wanted = [f"c{place} AS k{place}" for place in range(len(keys))]
        # Without a column in common no row equals another.
        alike = "0" if self.both else f"2 * row + {side}"
        self.found.execute(
            f"CREATE TEMP TABLE {name} AS SELECT {', '.join([*wanted, 'row'])}, "  # noqa: S608 - only our own names
            f"CAST({alike} AS UBIGINT) AS h FROM source"
        )
        for columns in _groups(others):
            self._source(side, columns)
            cells = ", ".join(f"c{place}" for place in range(len(columns)))
            self.found.execute(
                f"CREATE TEMP TABLE next AS SELECT {name}.* REPLACE (hash(h, cells) AS h) "  # noqa: S608 - only our own names
                f"FROM {name} JOIN (SELECT row, hash({cells}) AS cells FROM source) USING (row)"
            )
            self.found.execute(f"DROP TABLE {name}")
            self.found.execute(f"ALTER TABLE next RENAME TO {name}")

    def comparison(self, limit: int) -> Comparison:
        """What was found, with the first rows that differ; no drift."""
        added, removed, changed = self.found.execute(
            "SELECT count(*) FILTER (l IS NULL), count(*) FILTER (r IS NULL), "
            "count(*) FILTER (l IS NOT NULL AND r IS NOT NULL) FROM differing"
        ).fetchall()[0]
        return Comparison(
            tuple(self.pairs),
            self.key,
            self.key_found,
            self.left.row_count,
            self.right.row_count,
            added,
            removed,
            changed,
            tuple(self._change(left, right) for left, right in self._places(limit)),
            cut=0 if self.change[0] else self.left.cut_count + self.right.cut_count,
        )

    def _places(self, limit: int | None) -> Iterator[tuple[int | None, int | None]]:
        """Rows that differ, in the order of the second table; removed ones where they were."""
        self.found.execute(
            "SELECT l, r FROM differing ORDER BY coalesce(r, l), r IS NOT NULL, l LIMIT ?",
            [1 << 62 if limit is None else limit],
        )
        while rows := self.found.fetchmany(1_000):
            self.cancel.check()
            yield from rows

    def _change(self, left: int | None, right: int | None) -> RowChange:
        columns = self.key_pairs if self.keyed else self.both
        if not columns:
            index = "left_index" if right is None else "right_index"
            columns = [pair for pair in self.pairs if getattr(pair, index) is not None]
        if right is not None:
            values = [self.right.cell(right, p.right_index or 0) for p in columns]
        else:
            values = [self.left.cell(left or 0, p.left_index or 0) for p in columns]
        if left is None or right is None:
            return RowChange("added" if left is None else "removed", left, right, tuple(values))
        cells = []
        for pair in self.both:
            old = self.left.cell(left, pair.left_index or 0)
            new = self.right.cell(right, pair.right_index or 0)
            if old != new:
                cells.append(CellChange(pair.name, old, new))
        return RowChange("changed", left, right, tuple(values), tuple(cells))

    def lines(self) -> Iterator[list[str | None]]:
        """Every row that differs, as `differing_rows` hands them on."""
        # The connection answers one query at a time, and what reads these lines asks nothing.
        for left, right in self._places(None):
            whole = left is not None and right is not None
            if left is not None:
                yield ["old" if whole else "removed", *self._cells(left, 0)]
            if right is not None:
                yield ["new" if whole else "added", *self._cells(right, 1)]

    def _cells(self, row: int, side: int) -> Iterator[str | None]:
        for pair in self.pairs:
            index = pair.right_index if side else pair.left_index
            table = self.right if side else self.left
            yield None if index is None else table.cell(row, index)

    def changed_cells(self) -> dict[str, int]:
        """For each column that both have, the cells that differ in rows that both have."""
        keys = self.key_pairs
        compared = [pair for pair in self.both if pair not in keys]
        if not compared:
            return {}
        counts: dict[str, int] = {}
        for columns in _groups(compared):
            counts |= self._changed(columns)
        return counts

    def _changed(self, columns: Sequence[ColumnPair]) -> dict[str, int]:
        for side, name, row in ((0, "before", "l"), (1, "after", "r")):
            self._source(side, columns)
            self.found.execute(
                f"CREATE TEMP TABLE {name} AS SELECT source.* EXCLUDE (row), l FROM source "  # noqa: S608 - only our own names
                f"JOIN differing ON source.row = differing.{row} "
                "WHERE l IS NOT NULL AND r IS NOT NULL"
            )
        wanted = ", ".join(
            f"count(*) FILTER (before.c{place} IS DISTINCT FROM after.c{place})"
            for place in range(len(columns))
        )
        answer = self.found.execute(
            f"SELECT {wanted} FROM before JOIN after USING (l)"  # noqa: S608 - only our own names
        ).fetchall()[0]
        for name in ("before", "after"):
            self.found.execute(f"DROP TABLE {name}")
        return {pair.name: count for pair, count in zip(columns, answer, strict=True)}


def _groups(columns: Sequence[ColumnPair]) -> Iterator[Sequence[ColumnPair]]:
    for start in range(0, len(columns), _AT_ONCE):
        yield columns[start : start + _AT_ONCE]
