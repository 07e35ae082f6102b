"""How one table differs from another: columns, rows by a key, cells, and how values moved.

DuckDB joins the keys with one hash of each row's other cells, so that neither table has to fit in
memory; only rows that differ are looked at cell by cell. Cells are compared as the text that they
are: 1.0 and 1.00 differ, and so do a missing value and an empty one. The order of rows does not
count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Final

from amltui.tables.queries.cancel import Cancel
from amltui.tables.queries.differences import Comparison
from amltui.tables.queries.drift import drift_of
from amltui.tables.queries.engine import connection
from amltui.tables.queries.pairing import pair_columns
from amltui.tables.queries.row_join import Join
from amltui.tables.queries.whole import digests_of_cuts, with_digests
from amltui.tables.table import Table

SHOWN: Final = 1_000
"""Rows that differ which a comparison gives, unless told otherwise."""


def compare(
    left: Table,
    right: Table,
    *,
    key: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    limit: int = SHOWN,
    with_drift: bool = True,
    cancel: Cancel | None = None,
) -> Comparison:
    """Compare two whole tables.

    Args:
        left: the first, or older one.
        right: the second, or newer one.
        key: names of columns whose values tell rows apart, in both; None: the first column that
            is unique in both, else the first two of six. Without such, whole rows are compared.
        columns: names of the only columns to compare, beside the key; None: all.
        limit: rows that differ to give; all are counted.
        with_drift: also say how each column's values moved.
        cancel: stops it.

    Raises:
        QueryError: a column is in neither table, or the key's values are not unique.
        DiskFull: no space for intermediate results.
        Cancelled: it was stopped.
    """
    with _joined(left, right, key=key, columns=columns, cancel=cancel or Cancel()) as join:
        found = join.comparison(limit)
        if not with_drift:
            return found
        changed = join.changed_cells() if join.keyed else None
        drift = drift_of(join.left, join.right, found.columns, changed, join.cancel)
    return replace(found, drift=drift)


def differing_rows(
    left: Table,
    right: Table,
    write: Callable[[Sequence[str], Iterator[Sequence[str | None]]], object],
    *,
    key: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    cancel: Cancel | None = None,
) -> Comparison:
    """Compare two tables, and hand every row that differs to `write`.

    Args:
        left: the first, or older one.
        right: the second, or newer one.
        write: called once with the names of the columns and the rows. The first column, `change`,
            is `added`, `removed`, `old` or `new`; a changed row gives its old and its new line.
        key: see `compare`.
        columns: see `compare`.
        cancel: stops it.

    Raises:
        QueryError, DiskFull, Cancelled: see `compare`.
    """
    with _joined(left, right, key=key, columns=columns, cancel=cancel or Cancel()) as join:
        write(["change", *(pair.name for pair in join.pairs)], join.lines())
        return join.comparison(0)


@contextmanager
def _joined(
    left: Table,
    right: Table,
    *,
    key: Sequence[str] | None,
    columns: Sequence[str] | None,
    cancel: Cancel,
) -> Iterator[Join]:
    with left.reopen() as one, right.reopen() as other, connection(one, cancel) as found:
        pairs = pair_columns(one, other, columns, key)
        join = Join(one, other, pairs, found, cancel)
        old, new = digests_of_cuts(one, cancel), digests_of_cuts(other, cancel)
        if old is not None and new is not None:
            join.change = (partial(with_digests, old), partial(with_digests, new))
        join.choose_key(key)
        join.run()
        yield join
