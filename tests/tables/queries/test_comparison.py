from __future__ import annotations

import io
import time
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amltui.errors import QueryError
from amltui.formats import format_of
from amltui.tables import ingest, open_table
from amltui.tables.queries import compare, difference_table, differing_rows
from tests.support.tables import all_rows

OLD = b"id,city,size\n1,Oslo,10\n2,Rome,20\n3,Bonn,30\n4,,40\n"
NEW = b"id,city,size\n1,Oslo,10\n2,Roma,20\n4,,41\n5,Kyiv,50\n"


def found(comparison):
    return [
        (c.status, c.key, [(d.column, d.old, d.new) for d in c.cells]) for c in comparison.changes
    ]


def test_rows_are_told_apart_by_the_first_unique_column(make_table):
    comparison = compare(make_table(OLD), make_table(NEW))
    assert (comparison.key, comparison.key_found) == (("id",), True)
    assert (comparison.added, comparison.removed, comparison.changed) == (1, 1, 2)
    assert found(comparison) == [
        ("changed", ("2",), [("city", "Rome", "Roma")]),
        ("removed", ("3",), []),
        ("changed", ("4",), [("size", "40", "41")]),
        ("added", ("5",), []),
    ]
    assert not comparison.equal


def test_the_order_of_rows_does_not_count_and_equal_tables_are_equal(make_table):
    header, *rows = OLD.splitlines(keepends=True)
    comparison = compare(make_table(OLD), make_table(header + b"".join(reversed(rows))))
    assert comparison.equal
    assert comparison.changes == ()


def test_a_missing_value_and_an_empty_one_differ(make_table):
    comparison = compare(make_table(b"id,a\n1,\n2,x\n"), make_table(b'id,a\n1,""\n2,x\n'))
    assert found(comparison) == [("changed", ("1",), [("a", None, "")])]


def test_a_key_of_two_columns_is_found(make_table):
    old = b"day,city,t\n1,a,5\n1,b,5\n2,a,5\n2,b,5\n"
    comparison = compare(make_table(old), make_table(old.replace(b"2,b,5", b"2,b,6")))
    assert comparison.key == ("day", "city")
    assert found(comparison) == [("changed", ("2", "b"), [("t", "5", "6")])]


def test_without_a_key_whole_rows_are_compared_and_none_is_called_changed(make_table):
    comparison = compare(make_table(b"a\nx\nx\ny\n"), make_table(b"a\nx\ny\ny\nz\n"))
    assert comparison.key == ()
    assert (comparison.added, comparison.removed, comparison.changed) == (2, 1, 0)


def test_a_given_key_must_be_there_and_unique(make_table):
    old, new = make_table(b"a,b\n1,1\n1,2\n"), make_table(b"a,b\n1,1\n2,2\n")
    with pytest.raises(QueryError, match="Rows of the first share their a"):
        compare(old, new, key=["a"])
    with pytest.raises(QueryError, match='No column is named "c"'):
        compare(old, new, key=["c"])
    assert compare(old, new, key=["b"]).changed == 1


def test_columns_are_added_removed_retyped_and_renamed_by_what_is_in_them(make_table):
    old = b"id,name,note,n\n" + b"".join(b"%d,N%d,x%d,%d\n" % (i, i, i % 3, i) for i in range(50))
    new = b"id,title,extra,n\n" + b"".join(b"%d,N%d,7,v%d\n" % (i, i, i) for i in range(50))
    comparison = compare(make_table(old), make_table(new))
    assert [(pair.status, pair.left, pair.right) for pair in comparison.columns] == [
        ("same", "id", "id"),
        ("renamed", "name", "title"),
        ("added", None, "extra"),
        ("retyped", "n", "n"),
        ("removed", "note", None),
    ]
    assert not comparison.same_columns


def test_a_single_equal_row_does_not_make_a_column_a_renamed_one(make_table):
    comparison = compare(make_table(b"k,a\n1,2\n"), make_table(b"k,x\n1,2\n"))
    statuses = [(pair.status, pair.name) for pair in comparison.columns]
    assert statuses == [("same", "k"), ("added", "x"), ("removed", "a")]


def test_drift_says_how_values_moved(make_table):
    old = b"id,n,kind\n" + b"".join(
        b"%d,%d,%s\n" % (i, i, b"ab"[i % 2 : i % 2 + 1]) for i in range(100)
    )
    new = b"id,n,kind\n" + b"".join(
        b"%d,%d,%s\n" % (i, i + 40, b"bc"[i % 2 : i % 2 + 1]) for i in range(100)
    )
    by_name = {one.column: one for one in compare(make_table(old), make_table(new)).drift}
    assert by_name["id"].changed == 0
    assert by_name["id"].stability == 0
    assert by_name["n"].changed == 100
    assert by_name["n"].mean == (49.5, 89.5)
    assert by_name["n"].stability > 0.25
    assert (by_name["kind"].new_values, by_name["kind"].vanished_values) == (("c",), ("a",))


def test_all_rows_that_differ_are_written_with_their_old_and_new_lines(make_table):
    written = []
    differing_rows(
        make_table(OLD), make_table(NEW), lambda names, rows: written.extend([names, *rows])
    )
    assert written == [
        ["change", "id", "city", "size"],
        ["old", "2", "Rome", "20"],
        ["new", "2", "Roma", "20"],
        ["removed", "3", "Bonn", "30"],
        ["old", "4", None, "40"],
        ["new", "4", None, "41"],
        ["added", "5", "Kyiv", "50"],
    ]


def test_a_limit_bounds_what_is_given_and_not_what_is_counted(make_table):
    old = b"a\n" + b"".join(b"%d\n" % i for i in range(3000))
    comparison = compare(make_table(old), make_table(b"a\n"), limit=5)
    assert len(comparison.changes) == 5
    assert comparison.removed == 3000
    assert comparison.partial


CELL = st.none() | st.text("ab1", max_size=2)
ROWS = st.dictionaries(st.integers(0, 12).map(str), st.tuples(CELL, CELL), max_size=10)


def as_csv(rows):
    out = io.StringIO()
    for row in [("k", "a", "b"), *((key, *cells) for key, cells in rows.items())]:
        quoted = ("" if cell is None else '"' + cell.replace('"', '""') + '"' for cell in row)
        out.write(",".join(quoted) + "\n")
    return out.getvalue().encode()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(ROWS, ROWS, st.booleans())
def test_it_finds_what_a_plain_comparison_in_python_finds(tmp_path_factory, old, new, keyed):
    directory = tmp_path_factory.mktemp("compare")
    tables = []
    for name, rows in (("old", old), ("new", new)):
        source = directory / f"{name}.csv"
        source.write_bytes(as_csv(rows))
        ingest(source, format_of("GenericCSV"), directory / name)
        tables.append(open_table(directory / name, source))
    with tables[0], tables[1]:
        if keyed:
            comparison = compare(*tables, key=["k"], with_drift=False)
            expected = Counter(
                {
                    "added": len(new.keys() - old.keys()),
                    "removed": len(old.keys() - new.keys()),
                    "changed": sum(old[key] != new[key] for key in old.keys() & new.keys()),
                }
            )
            changed = {c.key[0]: c.cells for c in comparison.changes if c.status == "changed"}
            for key, cells in changed.items():
                differ = [
                    n
                    for n, one, other in zip("ab", old[key], new[key], strict=True)
                    if one != other
                ]
                assert [cell.column for cell in cells] == differ
        else:
            comparison = compare(*tables, columns=["a", "b"], with_drift=False)
            if comparison.key:
                return
            before, after = Counter(old.values()), Counter(new.values())
            expected = Counter(added=(after - before).total(), removed=(before - after).total())
        counted = Counter(
            added=comparison.added, removed=comparison.removed, changed=comparison.changed
        )
        assert +counted == +expected
        assert Counter(change.status for change in comparison.changes) == +expected


def test_cells_too_long_for_the_table_are_compared_whole(make_table):
    long = b"x" * 34_000_000
    old = make_table(b"k,v\n1," + long + b"y\n2,b\n")
    new = make_table(b"k,v\n1," + long + b"z\n2,b\n")
    comparison = compare(old, new)
    assert (old.cut_count, new.cut_count, comparison.cut) == (1, 1, 0)
    assert (comparison.changed, comparison.equal) == (1, False)
    assert [(d.old[-1], d.new[-1]) for d in comparison.changes[0].cells] == [("y", "z")]
    assert compare(old, make_table(b"k,v\n1," + long + b"y\n2,b\n")).equal


def test_a_cell_that_only_one_table_holds_cut_equals_the_same_one(make_table):
    long = b"y" * 100_000
    old = make_table(b"k,w,v\n1," + b"x" * 33_500_000 + b"," + long + b"\n")
    new = make_table(b"k,w,v\n1,x," + long + b"\n")
    assert (old.cuts, new.cut_count) == (((0, 2),), 0)
    assert compare(old, new, columns=["k", "v"]).changed == 0
    assert [cell.column for cell in compare(old, new).changes[0].cells] == ["w"]


def test_cells_of_which_only_the_beginning_is_at_hand_are_counted(make_table):
    rows = b"k,v\n1," + b"x" * 34_000_000 + b"\n"
    old, new = make_table(rows), make_table(rows)
    new.source.unlink()
    comparison = compare(old, new)
    assert (comparison.changed, comparison.cut) == (0, 2)


def test_tables_without_a_column_in_common_differ_in_all_rows(make_table):
    comparison = compare(make_table(b"a,b\n1,2\n"), make_table(b"x,y\n3,4\n5,6\n"))
    assert [pair.status for pair in comparison.columns] == ["added", "added", "removed", "removed"]
    assert (comparison.added, comparison.removed, comparison.key) == (2, 1, ())


def test_three_thousand_columns_are_compared(make_table):
    names = b",".join(b"c%d" % place for place in range(3_000))
    rows = [b",".join(b"%d" % (row * place) for place in range(3_000)) for row in range(50)]
    old = make_table(b"\n".join([names, *rows]) + b"\n")
    rows[7] = rows[7].replace(b"231", b"232", 1)
    new = make_table(b"\n".join([names, *rows]) + b"\n")
    begun = time.process_time()
    comparison = compare(old, new)
    assert time.process_time() - begun < 60  # a query for each column takes minutes
    assert [one.column for one in comparison.drift if one.changed] == ["c33"]
    assert (comparison.changed, comparison.added, comparison.removed) == (1, 0, 0)
    assert [(d.column, d.old, d.new) for d in comparison.changes[0].cells] == [
        ("c33", "231", "232")
    ]


def test_rows_that_differ_are_a_table_with_old_and_new_values_in_one_line(make_table):
    found, rows = difference_table(make_table(OLD), make_table(NEW))
    with rows:
        assert (found.added, found.removed, found.changed) == (1, 1, 2)
        assert [column.name for column in rows.columns] == ["change", "id", "city", "size"]
        assert all_rows(rows) == [
            ["changed", "2", "Rome → Roma", "20"],
            ["removed", "3", "Bonn", "30"],
            ["changed", "4", None, "40 → 41"],
            ["added", "5", "Kyiv", "50"],
        ]
