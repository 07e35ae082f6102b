"""Questions about Parquet files where they lie: the answers are those of a table of text."""

from __future__ import annotations

import datetime as dt
import math
import os
from contextlib import closing
from decimal import Decimal
from itertools import count

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amltui.errors import QueryError
from amltui.formats.registry import PARQUET
from amltui.tables import ingest, open_table
from amltui.tables.queries import (
    Condition,
    Hit,
    SortKey,
    filter_rows,
    find,
    histogram,
    parquet,
    sort,
    sql,
    table_statistics,
)
from amltui.tables.queries import view as views_of_tables
from amltui.tables.queries.parquet import parquet_table
from tests.support.tables import all_rows

NOT_UTF8 = pa.StringArray.from_buffers(1, pa.py_buffer(b"\0\0\0\0\1\0\0\0"), pa.py_buffer(b"\xe9"))


@pytest.fixture
def both(tmp_path):
    """A Parquet file of an Arrow table as a table where it lies, and as one of text."""
    opened = []
    numbers = count()

    def make(table, **options):
        number = next(numbers)
        path = tmp_path / f"it's {number}.parquet"
        pq.write_table(table, path, **options)
        ingest(path, PARQUET, tmp_path / f"table-{number}")
        scratch = tmp_path / f"scratch-{number}"
        scratch.mkdir()
        opened.extend([parquet_table(path, scratch), open_table(tmp_path / f"table-{number}")])
        return opened[-2:]

    yield make
    for table in opened:
        if table is not None:
            table.close()


def usual(rows):
    random = np.random.default_rng(3)
    numbers = random.normal(size=rows)
    numbers[::7] = np.nan
    moments = random.integers(-(10**9), 2 * 10**9, rows)
    return pa.table(
        {
            "id": np.arange(rows),
            "ID": pa.array(random.integers(0, 9, rows), pa.int16(), mask=numbers > 1),
            "f": numbers,
            "yes": pa.array(random.integers(0, 2, rows).astype(bool), mask=numbers < -1),
            "word": pa.array([f"w{i % 5}" if i % 11 else None for i in range(rows)]),
            "kind": pa.array([f"{i % 3}" for i in range(rows)]).dictionary_encode(),
            "day": pa.array(moments // 86_400, pa.int32()).cast(pa.date32()),
            "at": pa.array(moments * 1_000_000, pa.int64()).cast(pa.timestamp("us")),
        }
    )


QUERIES = (
    "select * from data",
    'select "ID_1", count(*), sum(id), min(day), max("at") from data group by 1 order by all',
    "select word, kind, count(yes) from data where f > 0 or f is null group by all order by all",
    "select typeof(columns(*)) from data limit 1",
    "select id from data where \"at\" > timestamp '2000-01-01' and day <> date '1999-01-01'",
)


@pytest.mark.parametrize("query", QUERIES)
def test_sql_over_a_file_answers_as_over_its_texts(both, query):
    answers = []
    for table in both(usual(3_000), row_group_size=700):
        with sql(table, query) as answer:
            answers.append((answer.columns, answer.renamed, all_rows(answer)))
    assert answers[0] == answers[1]


@pytest.mark.parametrize("counted", [True, False], ids=["footer counts", "footer is silent"])
def test_a_file_and_its_texts_have_the_same_columns_statistics_orders_and_filters(both, counted):
    here, text = both(usual(3_000), row_group_size=700, write_statistics=counted)
    assert here.columns == text.columns
    assert all_rows(here) == all_rows(text)
    assert table_statistics(here) == table_statistics(text)
    for column in range(len(here.columns)):
        assert histogram(here, column) == histogram(text, column)
        views = [sort(table, [SortKey(column, descending=True)]) for table in (here, text)]
        assert views[0].order.tolist() == views[1].order.tolist()
    views = [filter_rows(table, [Condition(2, ">", "0.5")]) for table in (here, text)]
    assert views[0].order.tolist() == views[1].order.tolist()
    found = []
    for view in views:
        with sql(view, "select id, f from data order by id") as answer:
            found.append(all_rows(answer))
    assert found[0] == found[1]
    assert len(found[0]) == len(views[0].order)


def test_rows_that_lie_far_apart_are_asked_for_and_come_as_others_do(both):
    here, text = (
        sort(table, [SortKey(0, descending=True)])
        for table in both(usual(3_000), row_group_size=700)
    )
    asked = []
    here.on_wanted = lambda: asked.append(here.wanted.first)
    rows, columns = (1_990, 2_054), [0, 2]
    while not here.is_here(*rows, columns):
        wanted = here.wanted
        here.put(wanted, here.read_wanted(wanted))
    assert asked == [1_000, 2_000]
    assert here.window(*rows, columns) == text.window(*rows, columns)
    assert here.wanted is None
    assert here.is_here(0, 64, columns)  # these came with the answer


VALUES = {
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.uint8(): st.integers(0, 255),
    pa.float64(): st.floats(allow_infinity=False),
    pa.bool_(): st.booleans(),
    pa.string(): st.text(alphabet="aé0N,\"'\n", max_size=3),
    pa.date32(): st.dates(),
    pa.timestamp("ms"): st.datetimes().map(
        lambda one: one.replace(microsecond=one.microsecond // 1000 * 1000)
    ),
}


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.data())
def test_whatever_a_file_holds_it_is_what_its_texts_are(both, data):
    kinds = data.draw(st.lists(st.sampled_from(list(VALUES)), min_size=1, max_size=4))
    rows = data.draw(st.integers(1, 6))
    arrays = [
        pa.array(data.draw(st.lists(st.none() | VALUES[kind], min_size=rows, max_size=rows)), kind)
        for kind in kinds
    ]
    here, text = both(pa.table(arrays, names=[f"n{at}" for at in range(len(kinds))]))
    if here is None:
        return
    assert here.columns == text.columns
    answers = []
    for table in (here, text):
        with sql(table, "select * from data") as answer:
            answers.append((answer.columns, all_rows(answer)))
    assert answers[0] == answers[1]
    key = SortKey(data.draw(st.integers(0, len(kinds) - 1)), descending=data.draw(st.booleans()))
    sought = Condition(None, "contains", data.draw(st.sampled_from("a1:N-.")))
    start = Hit(data.draw(st.integers(0, rows - 1)), data.draw(st.integers(0, len(kinds) - 1)))
    backwards = data.draw(st.booleans())
    assert seen(here, key, sought, start, backwards) == seen(text, key, sought, start, backwards)


def seen(table, key, sought, start, backwards):
    """What the program shows of a table: sorted, filtered, looked through, cell by cell."""
    whole, ordered = table, sort(table, [key])
    some = filter_rows(ordered, [sought])
    shown = []
    for rows in (whole, ordered, some):
        columns = range(len(rows.columns))
        hit = find(rows, sought, start=start, backwards=backwards)
        cells = [[rows.cell(row, at) for at in columns] for row in range(rows.row_count)]
        shown.append((list(rows.row_numbers(0, rows.row_count)), all_rows(rows), cells, hit))
    return shown


def test_rows_far_apart_are_those_of_the_texts_also_beyond_what_is_read_at_once(both, monkeypatch):
    monkeypatch.setattr(views_of_tables, "_TOGETHER", 16)
    monkeypatch.setattr(views_of_tables, "_MANY", 200)
    monkeypatch.setattr(views_of_tables, "_KEPT", 1_000)
    shown = []
    for table in both(usual(3_000), row_group_size=700):
        ordered = sort(table, [SortKey(4), SortKey(2, descending=True)])
        windows = [(0, 10), (12, 40), (2_995, 3_010), (0, 10), (100, 900), (5, 5)]
        shown.append(
            [ordered.window(*one, columns) for one in windows for columns in ((4, 0), range(8))]
        )
    assert shown[0] == shown[1]


def test_a_window_of_a_sorted_file_reads_only_what_it_shows(both, monkeypatch):
    here, _ = both(usual(3_000), row_group_size=700)
    ordered = sort(here, [SortKey(0, descending=True)])
    read = []
    beginnings = type(here).beginnings
    monkeypatch.setattr(
        type(here),
        "beginnings",
        lambda table, rows, columns: (
            read.append((len(rows), list(columns))) or beginnings(table, rows, columns)
        ),
    )
    assert ordered.window(0, 2, [0, 4])[0] == ["2999", "2998"]
    assert read == []  # It came with the answer.
    ordered.window(2_500, 2_510, [0, 4])
    ordered.window(2_510, 2_560, [4, 0])
    assert read == [(1_000, [0, 4])]  # Both windows are of the same thousand rows.


@pytest.mark.parametrize(
    "array",
    [
        pa.array([1.5, math.inf]),
        pa.array([1.5], pa.float32()),
        pa.array([Decimal("1.50")]),
        pa.array([2**64 - 1], pa.uint64()),
        pa.array([[1]]),
        pa.array([b"x"]),
        pa.array([dt.datetime(2024, 1, 1, tzinfo=dt.UTC)]),
        pa.array([1], pa.timestamp("ns")),
        pa.array([dt.time(10, 30)]),
        pa.array([10**9], pa.int32()).cast(pa.date32()),
        NOT_UTF8,
        NOT_UTF8.dictionary_encode(),
    ],
    ids=lambda array: str(array.type),
)
def test_what_duckdb_would_read_otherwise_is_left_to_a_table_of_text(both, array):
    here, _ = both(pa.table({"a": array}))
    assert here is None


@pytest.mark.parametrize(
    "text",
    [
        "select * from read_csv('/etc/passwd')",
        "select * from read_parquet('/tmp/*.parquet')",
        "select * from glob('/*')",
        "copy data to 'x.csv'",
        "set allowed_paths = ['/etc/passwd']",
        "set enable_external_access = true",
    ],
)
def test_sql_over_a_file_reads_no_other_and_changes_nothing(both, text):
    here, _ = both(usual(10))
    with pytest.raises(QueryError):
        sql(here, text)


def test_of_long_texts_far_apart_as_much_is_read_as_is_shown_and_a_cell_is_whole(both):
    texts = [f"{n}{'x' * 5_000}" for n in range(300)]
    here, there = both(pa.table({"n": np.random.default_rng(5).permutation(300), "s": texts}))
    shown, same = sort(here, [SortKey(0)]), sort(there, [SortKey(0)])
    assert shown.window(0, 300, [0, 1]) == same.window(0, 300, [0, 1])
    assert [shown.cell(row, 1) for row in (0, 299)] == [same.cell(row, 1) for row in (0, 299)]
    assert max(array.nbytes for array in shown._read.values()) < 300 * 1_100
    shown.close()
    same.close()


CONDITIONS = (
    *(
        (0, sign, text)
        for sign in ("<", "<=", ">", ">=", "=", "!=")
        for text in ("0", "999", "2500")
    ),
    *((1, sign, text) for sign in ("<", "<=", ">", ">=", "=") for text in ("-1", "249.75", "250")),
    *((2, sign, text) for sign in ("<", ">=", "=") for text in ("1970-02-01", "1970-04-11")),
    *(
        (3, sign, text)
        for sign in ("<", ">=", "=")
        for text in ("1970-01-01 00:16:40", "1960-01-01")
    ),
    (1, "=", "nan"),
    (4, "=", "w999"),
    (4, ">", "w2"),
)


def in_order(rows=3_000):
    numbers = np.arange(rows)
    return pa.table(
        {
            "id": numbers,
            "f": pa.array(np.where(numbers % 7, numbers / 4, np.nan), mask=numbers % 5 == 0),
            "day": pa.array(numbers // 30, pa.int32()).cast(pa.date32()),
            "at": pa.array(numbers * 1_000, pa.int64()).cast(pa.timestamp("ms")),
            "word": [f"w{number}" for number in numbers],
        }
    )


def test_whatever_the_footer_rules_out_the_rows_are_those_of_the_texts(both):
    table, texts = both(in_order(), row_group_size=500)
    for column, sign, text in CONDITIONS:
        condition = Condition(column, sign, text)
        found = []
        for one in (table, texts):
            with closing(filter_rows(one, [condition])) as view:
                hit = find(one, condition, start=Hit(1_200, 0))
                found.append((view.order.tolist(), hit))
        assert found[0] == found[1], condition


def test_row_groups_that_the_footer_rules_out_are_not_read(both, monkeypatch):
    table, _ = both(in_order(), row_group_size=500)
    groups = []
    some = parquet.ParquetBatches.some

    def noted(source, wanted, *more):
        groups.extend(wanted)
        return some(source, wanted, *more)

    monkeypatch.setattr(parquet.ParquetBatches, "some", noted)
    conditions = [Condition(0, ">=", "600"), Condition(3, "<", "1970-01-01 00:16:40")]
    with closing(filter_rows(table, conditions)) as view:
        assert view.order.tolist() == list(range(600, 1_000))
    assert set(groups) == {1}
    groups.clear()
    assert find(table, Condition(0, "=", "2700"), start=Hit(0, 0)) == Hit(2_700, 0)
    assert set(groups) == {5}


def test_a_word_is_not_looked_for_in_columns_of_numbers(both, monkeypatch):
    here, _ = both(pa.table({"a": [1, 2], "t": ["x", "y"], "b": [0.5, 1.5]}))
    read = []
    column = parquet._Groups.column

    def noted(groups, number, index):
        read.append(index)
        return column(groups, number, index)

    monkeypatch.setattr(parquet._Groups, "column", noted)
    for operator in ("contains", "="):
        assert find(here, Condition(None, operator, "zz"), start=Hit(0, 0)) is None
        assert filter_rows(here, [Condition(None, operator, "zz")]).row_count == 0
        assert set(read) == {1}
    assert find(here, Condition(None, "=", "1.5"), start=Hit(0, 0)) == Hit(1, 2)


def test_values_are_counted_again_only_once_the_file_was_written_to(tmp_path):
    path = tmp_path / "f.parquet"

    def write(*values):
        plain = {"use_dictionary": False, "write_statistics": False, "compression": "NONE"}
        pq.write_table(pa.table({"f": pa.array(values, pa.float64())}), path, **plain)

    def missing():
        with closing(parquet_table(path, tmp_path, tmp_path / "kept")) as table:
            return table.columns[0].missing

    write(1.0, math.nan)
    before = path.stat()
    assert missing() == 1
    write(1.0, 2.0)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    assert missing() == 1  # it was not looked at
    os.utime(path)
    assert missing() == 0
