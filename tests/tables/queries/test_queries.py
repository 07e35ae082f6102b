from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import threading
from contextlib import closing
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amltui.errors import Cancelled, Damaged, QueryError
from amltui.formats import format_of
from amltui.tables import ingest, open_table
from amltui.tables.queries import (
    Cancel,
    Condition,
    Hit,
    SortKey,
    distinct,
    filter_rows,
    find,
    histogram,
    in_thread,
    sort,
    sql,
    statistics,
    table_statistics,
)
from tests.support.tables import all_rows

PEOPLE = b"""name,age,born,score
Ann,30,1990-05-01,1.5
bob,7,2015-01-31,
"",010,1991-12-24,inf
Ann,n/a,never,-2
,30,2000-01-01,0.25
Zoe,4,1990-05-01,nan
"""


@pytest.fixture
def people(make_table):
    # Rows enough that one odd value does not make a column text.
    return make_table(PEOPLE + b"Bulk,50,2001-01-01,9\n" * 60)


def numbers(rows):
    return list(rows.row_numbers(0, rows.row_count))


@pytest.mark.parametrize(
    ("column", "operator", "text", "expected"),
    [
        (0, "contains", "AN", [0, 3]),
        (0, "=", "Ann", [0, 3]),
        (0, "=", "", [2]),
        (0, "is missing", "", [4]),
        (0, "regex", "^[bz]o", [1, 5]),
        (1, "<", "8", [1, 5]),
        (1, "=", "10", [2]),
        (1, "=", "n/a", [3]),
        (1, ">=", "50", list(range(6, 66))),
        (2, "<", "1991-01-01", [0, 5]),
        (3, "is missing", "", [1, 5]),
        (1, "is missing", "", [3]),
        (1, "is not missing", "", [0, 1, 2, *range(4, 66)]),
        (None, "contains", "1990", [0, 5]),
    ],
)
def test_a_filter_keeps_the_rows_that_meet_it(people, column, operator, text, expected):
    view = filter_rows(people, [Condition(column, operator, text)])
    assert numbers(view) == expected
    assert all_rows(view) == [all_rows(people)[row] for row in expected]


def test_all_conditions_must_be_met_and_case_can_count(people):
    view = filter_rows(people, [Condition(0, "contains", "ann"), Condition(1, "=", "30")])
    assert numbers(view) == [0]
    assert numbers(filter_rows(people, [Condition(0, "contains", "ann", case=True)])) == []
    assert numbers(filter_rows(view, [Condition(1, "=", "7")])) == []


def test_a_wrong_filter_says_what_is_wrong(people):
    with pytest.raises(QueryError, match='"old" is not an int'):
        filter_rows(people, [Condition(1, "<", "old")])
    with pytest.raises(QueryError, match="Not a regular expression"):
        filter_rows(people, [Condition(0, "regex", "(")])


def test_find_goes_on_from_a_cell_in_both_directions_and_around(people):
    ann = Condition(0, "contains", "ann")
    assert find(people, ann, start=Hit(0, 0)) == Hit(3, 0)
    assert find(people, ann, start=Hit(3, 0)) == Hit(0, 0)
    assert find(people, ann, start=Hit(3, 0), wrap=False) is None
    assert find(people, ann, start=Hit(3, 0), backwards=True) == Hit(0, 0)
    assert find(people, ann, start=Hit(0, 0), backwards=True) == Hit(3, 0)
    assert find(people, Condition(None, "contains", "1990"), start=Hit(0, 1)) == Hit(0, 2)
    assert find(people, Condition(0, "=", "nobody"), start=Hit(0, 0)) is None
    assert find(people, Condition(0, "=", "Zoe"), start=Hit(5, 0)) == Hit(5, 0)


def test_find_in_a_view_follows_the_order_of_the_view(people):
    view = sort(people, [SortKey(0, descending=True)])
    shown = [row[0] for row in all_rows(view)]
    ann = Condition(0, "=", "Ann")
    places = [i for i, name in enumerate(shown) if name == "Ann"]
    assert find(view, ann, start=Hit(0, 0)) == Hit(places[0], 0)
    assert find(view, ann, start=Hit(places[0], 0)) == Hit(places[1], 0)
    assert find(view, ann, start=Hit(places[1], 0)) == Hit(places[0], 0)
    assert find(view, ann, start=Hit(places[1], 0), backwards=True) == Hit(places[0], 0)
    assert find(view, ann, start=Hit(places[0], 0), backwards=True, wrap=False) is None


def test_sorting_follows_types_and_puts_what_has_none_last(people):
    ages = [row[1] for row in all_rows(sort(people, [SortKey(1)]))]
    assert ages == ["4", "7", "010", "30", "30", *["50"] * 60, "n/a"]
    down = [row[1] for row in all_rows(sort(people, [SortKey(1, descending=True)]))]
    assert down == [*["50"] * 60, "30", "30", "010", "7", "4", "n/a"]


def test_sorting_by_several_columns_keeps_the_order_of_equals(people):
    view = sort(people, [SortKey(2), SortKey(0, descending=True)])
    assert numbers(view)[:2] == [5, 0]
    assert numbers(view)[3:-2] == sorted(numbers(view)[3:-2])


def test_a_filtered_view_can_be_sorted_and_a_sorted_one_filtered(people):
    young = filter_rows(people, [Condition(1, "<", "40")])
    assert numbers(sort(young, [SortKey(1)])) == [5, 1, 2, 0, 4]
    by_age = sort(people, [SortKey(1)])
    assert numbers(filter_rows(by_age, [Condition(1, "<", "40")])) == [5, 1, 2, 0, 4]


def test_a_large_sort_shows_its_top_first(make_table):
    table = make_table(b"n\n" + b"".join(b"%d\n" % (i * 7919 % 150_001) for i in range(150_001)))
    tops = []
    view = sort(table, [SortKey(0)], first=tops.append)
    assert [top.row_count for top in tops] == [1000]
    assert not tops[0].complete
    assert all_rows(tops[0]) == [[str(i)] for i in range(1000)]
    assert view.complete
    assert view.window(149_999, 150_010, [0]) == [["149999", "150000"]]
    assert view.cell(5, 0) == "5"
    view.close()
    assert not list(table.directory.glob("query-*"))


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.integers(-5, 5), st.sampled_from("abAB")), min_size=2, max_size=30))
def test_sorting_is_what_python_sorts(make_table, rows):
    table = make_table(b"n,t\n" + "".join(f"{n},{t}\n" for n, t in rows).encode())
    found = numbers(sort(table, [SortKey(1), SortKey(0, descending=True)]))
    assert found == sorted(range(len(rows)), key=lambda i: (rows[i][1], -rows[i][0], i))


def test_distinct_values_come_with_their_counts(people):
    found = distinct(people, 0)
    assert all_rows(found.values) == [
        ["Bulk", "60"],
        ["Ann", "2"],
        [None, "1"],
        ["", "1"],
        ["Zoe", "1"],
        ["bob", "1"],
    ]
    assert (found.total, found.partial) == (6, False)
    few = distinct(filter_rows(people, [Condition(1, "<", "40")]), 0, limit=2)
    assert (few.values.row_count, few.total, few.partial) == (2, 5, True)


def test_statistics_leave_out_what_does_not_fit_and_say_so(people):
    ages = statistics(filter_rows(people, [Condition(0, "!=", "Bulk")]), 1)
    assert (ages.rows, ages.missing, ages.misfits, ages.distinct) == (6, 1, 0, 4)
    born = statistics(people, 2)
    assert (born.missing, born.misfits) == (0, 1)
    assert (ages.minimum, ages.maximum, ages.mean) == ("4", "30", 16.2)
    assert ages.quartiles == ("7", "10", "30")
    names = statistics(people, 0)
    assert (names.missing, names.empty, names.shortest, names.longest) == (1, 1, 0, 4)
    scores = statistics(people, 3)
    assert scores.mean == pytest.approx((1.5 - 2 + 0.25 + 9 * 60) / 63)
    assert statistics(people, 2).minimum == "1990-05-01"


@pytest.mark.parametrize(
    ("kind", "usual", "odd"),
    [("int", "7", "1_000"), ("bool", "false", "t"), ("date", "2020-01-01", "2020-1-2")],
)
def test_what_does_not_fit_a_column_fits_it_in_its_statistics_no_more(make_table, kind, usual, odd):
    table = make_table(b"x\n" + f"{usual}\n".encode() * 60 + f"{odd}\n".encode())
    column, about = table.columns[0], statistics(table, 0)
    assert (column.type, column.misfits, about.misfits) == (kind, 1, 1)
    assert (about.minimum, about.maximum) == (usual, usual)


def test_quartiles_of_a_sorted_column_are_those_of_all_of_it(make_table):
    table = make_table(b"n\n" + b"".join(b"%d\n" % i for i in range(300_000)))
    assert statistics(table, 0).quartiles == ("74999.75", "149999.5", "224999.25")
    assert statistics(table, 0).quartiles_exact


def test_statistics_of_a_table_without_rows_are_empty(make_table):
    table = make_table(b"a,b\n")
    assert statistics(table, 0).rows == 0
    assert distinct(table, 0).total == 0
    assert histogram(table, 0).bins == ()
    assert sort(table, [SortKey(0)]).row_count == 0
    assert filter_rows(table, [Condition(0, "=", "x")]).row_count == 0
    with sql(table, "select count(*) from data") as answer:
        assert all_rows(answer) == [["0"]]


def test_a_histogram_counts_every_value_once(people):
    for column in range(4):
        found = histogram(people, column, bins=4)
        assert sum(part.count for part in found.bins) + found.missing + found.other == 66
    ages = histogram(people, 1, bins=2)
    assert [(part.low, part.high, part.count) for part in ages.bins] == [
        ("4", "27", 3),
        ("27", "50", 62),
    ]
    assert (ages.other, ages.missing) == (0, 1)
    days = histogram(people, 2, bins=2)
    assert days.other == 1
    assert (days.bins[0].low, days.bins[-1].high) == ("1990-05-01", "2015-01-31")
    assert histogram(people, 0, bins=1).bins[0].count == 60


def test_sql_sees_columns_by_their_types(people):
    found = sql(people, "select sum(age) as \"all\", max(born) last from data where name = 'Ann'")
    assert all_rows(found) == [["30", "1990-05-01"]]
    assert [(column.name, column.type) for column in found.columns] == [
        ("all", "int"),
        ("last", "date"),
    ]
    found.close()
    assert not list(people.directory.glob("query-*"))


def test_an_answer_that_is_cut_says_so(people):
    with sql(people, "select * from data", limit=66) as whole:
        assert (whole.row_count, whole.partial) == (66, False)
    with sql(people, "select * from data", limit=10) as found:
        assert (found.row_count, found.partial) == (10, True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "select 1; select 2",
        "selct",
        "select nosuch from data",
        "select * from read_csv('/etc/passwd')",
        "select * from read_text('/etc/passwd')",
        "select * from glob('/*')",
        "select * from '/etc/passwd'",
        "select getenv('HOME')",
        "copy data to 'x.csv'",
        "create table t as select 1",
        "attach 'x.db'",
        "install httpfs",
        "load httpfs",
        "set memory_limit = '1TB'",
        "pragma database_list",
        "call pragma_version()",
        "export database 'x'",
        "select * from people",
    ],
)
def test_sql_reads_nothing_but_the_data_and_changes_nothing(people, text):
    with pytest.raises(QueryError):
        sql(people, text)


def test_an_sql_error_says_where(people):
    with pytest.raises(QueryError) as found:
        sql(people, "select ) from data")
    assert found.value.position == len("select ")


@pytest.mark.parametrize(
    "text",
    [
        "\n  select name,\n    'é', nosuch\n  from data",
        "-- é\nselect age from data\nwhere nosuch > 1 ; ",
        "select " + "1234567890, " * 30 + "nosuch from data",
        "with a as (select 1 as x)\nselect x from a\nunion all select nosuch from data",
    ],
)
def test_an_sql_error_points_at_the_word_in_any_line_of_the_text(people, text):
    with pytest.raises(QueryError) as found:
        sql(people, text)
    assert text[found.value.position :].startswith("nosuch")
    assert "{" not in str(found.value)


def test_sql_over_a_view_sees_its_rows_and_no_others(people):
    view = filter_rows(people, [Condition(1, "<", "40")])
    with sql(view, "select name from data") as found:
        names = [row[:1] for row in all_rows(view)]
        assert sorted(all_rows(found), key=repr) == sorted(names, key=repr)
    with sql(view, "select count(*) from data a, data b") as found:
        assert all_rows(found) == [[str(view.row_count**2)]]


def test_any_column_finds_texts_in_columns_of_every_type(make_table):
    table = make_table(
        b"n,h,f,b,d,t\n1,0xFE,1e5,true,2020-01-02,2020-01-02T03:04:05Z\n"
        b"2,0x10,nan,false,2021-01-02,2020-02-03\n"
    )
    assert table.columns[1].type == "text"
    for text, rows in (
        ("E5", 1),
        ("NaN", 1),
        ("ALSE", 1),
        ("T03", 1),
        ("05z", 1),
        ("2", 2),
        ("-02", 2),
        ("0X", 2),
        ("xfe", 1),
        ("y", 0),
    ):
        assert filter_rows(table, [Condition(None, "contains", text)]).row_count == rows, text


def test_rows_that_cannot_be_read_are_not_the_fault_of_the_statement(people):
    with (people.directory / "rows.arrow").open("r+b") as file:
        file.seek(people.stream.schema.serialize().size)
        file.write(b"\x01" * 500)
    for ask in (
        lambda: sql(people, "select sum(age) from data"),
        lambda: sort(people, [SortKey(1)]),
        lambda: distinct(people, 0),
    ):
        with pytest.raises(Damaged) as found:
            ask()
        assert "Traceback" not in str(found.value)
        assert str(people.directory) not in str(found.value)


def test_an_answer_has_the_types_of_its_values(people):
    text = (
        "select 1::hugeint a, 2.5 b, '10:00'::time c, '2024-01-01 10:00'::timestamp d,"
        " '2024-01-01 10:00'::timestamptz e, '2024-01-01'::timestamp_ns f, [1] g"
    )
    with sql(people, text) as found:
        kinds = [(column.type, column.notation) for column in found.columns]
        about = table_statistics(found)
    assert kinds == [
        ("int", "more than 64 bits"), ("float", ""), ("time", ""), ("datetime", ""),
        ("datetime", "with zone"), ("datetime", "nanoseconds"), ("text", ""),
    ]  # fmt: skip
    assert [(one.misfits, one.missing) for one in about] == [(0, 0)] * 7


@pytest.fixture
def long_cells(make_table):
    return make_table(b"x\n" + (b"a" * 900 + b"\n") * 2_000 + b"q\x00r\n")


@pytest.mark.parametrize("pattern", ["(a+)+!$", "(a|aa)+!$", "(a*)*b"])
def test_expressions_that_hang_others_answer_at_once(long_cells, pattern):
    assert filter_rows(long_cells, [Condition(0, "regex", pattern)]).row_count == 0


def test_a_zero_byte_in_an_expression_finds_itself(long_cells):
    assert numbers(filter_rows(long_cells, [Condition(0, "regex", "^q\0r$")])) == [2_000]


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("(?<=a)b", "invalid perl operator"),
        (r"(a)\1", "invalid escape sequence"),
        ("(a{1000}){1000}", "invalid repetition size"),
        ("a" * 1_000_000, "too large"),
        ("[", "missing ]"),
        ("\x1b[31m(", "missing ]: [31m("),
        ("a\ud800", "no characters"),
    ],
)
def test_what_is_no_expression_says_why(long_cells, pattern, words):
    with pytest.raises(QueryError, match=re.escape(words)) as caught:
        filter_rows(long_cells, [Condition(0, "regex", pattern)])
    assert len(str(caught.value)) < 200
    assert "\x1b" not in str(caught.value)


REPEATING = "(a?){1000}" * 10 + "b$"


def test_an_expression_that_would_take_hours_is_given_up(long_cells):
    with pytest.raises(QueryError, match="too slow"):
        filter_rows(long_cells, [Condition(0, "regex", REPEATING)])


async def test_a_slow_expression_can_be_stopped(long_cells):
    asked = asyncio.create_task(
        in_thread(filter_rows, long_cells, [Condition(0, "regex", REPEATING)])
    )
    await asyncio.sleep(0)  # its thread begins
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked


def test_a_payload_of_nan_is_no_number_and_can_be_found(make_table):
    table = make_table(b"x,y\n" + b"1.5,a\nnan,b\n" * 40 + b"nan(payload),c\n")
    assert (table.columns[0].type, table.columns[0].misfits) == ("float", 1)
    for text in ("payload", "pay", "("):
        assert numbers(filter_rows(table, [Condition(0, "contains", text)])) == [80]
        assert find(table, Condition(None, "contains", text), start=Hit(0, 0)) == Hit(80, 0)
    assert numbers(filter_rows(table, [Condition(0, "=", "nan(payload)")])) == [80]
    assert statistics(table, 0).misfits == 1


def test_odd_column_names_can_be_asked_for(make_table):
    table = make_table(b'a,A,"say ""x""",row,select\n1,2,3,4,5\n')
    with sql(table, 'select "a", "A_1", "say ""x""", "row", "select" from data') as found:
        assert all_rows(found) == [["1", "2", "3", "4", "5"]]


def test_a_question_can_be_cancelled_before_it_begins(people):
    cancel = Cancel()
    cancel.cancel()
    for ask in (
        lambda: filter_rows(people, [Condition(0, "=", "x")], cancel=cancel),
        lambda: find(people, Condition(0, "=", "x"), start=Hit(0, 0), cancel=cancel),
        lambda: sort(people, [SortKey(0)], cancel=cancel),
        lambda: distinct(people, 0, cancel=cancel),
        lambda: statistics(people, 0, cancel=cancel),
        lambda: histogram(people, 1, cancel=cancel),
        lambda: sql(people, "select 1", cancel=cancel),
    ):
        with pytest.raises(Cancelled):
            ask()
    assert not list(people.directory.glob("query-*"))


async def test_cancelling_the_task_stops_the_question(people):
    endless = "select count(*) from range(10000000) a, range(10000000) b where a.range <> b.range"
    loop, begun = asyncio.get_running_loop(), asyncio.Event()

    def ask(*, cancel):
        loop.call_soon_threadsafe(begun.set)
        return sql(people, endless, cancel=cancel)

    task = asyncio.create_task(in_thread(ask))
    async with asyncio.timeout(60):
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert not list(people.directory.glob("query-*"))


@pytest.mark.parametrize("of", [lambda answer: answer, lambda answer: ("counts", answer)])
async def test_an_answer_that_comes_when_nobody_waits_any_more_is_closed(of):
    asked, go, closed = threading.Event(), threading.Event(), threading.Event()

    def question(*, cancel):
        del cancel  # it was nearly done, and did not hear of it
        asked.set()
        go.wait()
        return of(SimpleNamespace(close=closed.set))

    task = asyncio.create_task(in_thread(question))
    await asyncio.to_thread(asked.wait)
    task.cancel()
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(closed.wait, 10)


async def test_a_question_in_a_thread_answers_or_fails_as_it_does_without(people):
    assert (await in_thread(distinct, people, 0)).total == 6
    with pytest.raises(QueryError):
        await in_thread(sql, people, "selct")


def test_questions_cost_nothing_until_asked():
    script = (
        "import sys, amltui.tables.queries\n"
        "print(sorted({'duckdb', 'pyarrow', 'numpy', 'pandas'} & set(sys.modules)))\n"
        "from amltui.tables.queries import filter_rows, find, View\n"
        "print('duckdb' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert re.sub(r"\s+", " ", done.stdout) == "[] False "


def test_neither_tables_nor_questions_import_pandas(people):
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from amltui.formats import format_of\n"
        "from amltui.tables import first_rows, ingest, open_table\n"
        "from amltui.tables.queries import *\n"
        "source, directory = Path(sys.argv[1]), Path(sys.argv[2])\n"
        "first_rows(source.read_bytes(), format_of('GenericCSV'), whole=True)\n"
        "ingest(source, format_of('GenericCSV'), directory)\n"
        "with open_table(directory) as table:\n"
        "    view = filter_rows(table, [Condition(1, '<', '40')])\n"
        "    for rows in (table, view):\n"
        "        sort(rows, [SortKey(1)]); distinct(rows, 0)\n"
        "        for column in range(4):\n"
        "            statistics(rows, column); histogram(rows, column)\n"
        "    sql(table, 'select 1').close()\n"
        "print('pandas' in sys.modules)\n"
    )
    command = [sys.executable, "-c", script, str(people.source), str(people.directory / "again")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def rows_with_a_name_of_their_own(count, common):
    """`count` rows; each of `common` takes the name of one row in a hundred."""
    lines = [b"number,name"]
    for row in range(count):
        name = common[row % 100] if row % 100 < len(common) else b"n%d" % row
        lines.append(b"%d,%s" % (row % 1000, name))
    return b"\n".join(lines) + b"\n"


@pytest.fixture(scope="module")
def differing(tmp_path_factory):
    """A table above the size where each of many values is counted."""
    home = tmp_path_factory.mktemp("differing")
    source = home / "source"
    source.write_bytes(rows_with_a_name_of_their_own(1_050_000, [b"Ann", b"", b"Zoe"]))
    ingest(source, format_of("GenericCSV"), home / "table")
    with open_table(home / "table", source) as table:
        yield table


def test_where_nearly_all_values_differ_the_common_ones_are_found_and_counted(differing):
    found = distinct(differing, 1, limit=5)
    assert not found.exact
    assert abs(found.total - 1_018_503) < 100_000
    assert all_rows(found.values)[:3] == [[None, "10500"], ["Ann", "10500"], ["Zoe", "10500"]]
    assert {count for _, count in all_rows(found.values)[3:]} == {"1"}
    spread = histogram(differing, 1, bins=4)
    assert (spread.sampled, spread.missing) == (100_000, 10_500)
    assert [part.count for part in spread.bins] == [10_500, 10_500, 1, 1]
    assert spread.other == 1_050_000 - 10_500 - sum(part.count for part in spread.bins)
    assert statistics(differing, 1).differing == "nearly all"
    assert not statistics(differing, 0).differing


def test_a_view_of_many_differing_values_counts_its_own_rows_only(differing):
    view = filter_rows(differing, [Condition(0, "!=", "0")])
    found = distinct(view, 1, limit=3)
    assert not found.exact
    # Every tenth of Ann's rows has the number 0.
    assert all_rows(found.values)[:3] == [[None, "10500"], ["Zoe", "10500"], ["Ann", "9450"]]


def test_few_values_in_many_rows_are_all_counted(differing):
    found = distinct(differing, 0, limit=1)
    assert (found.exact, found.total) == (True, 1000)


def test_a_histogram_of_a_sample_says_so_and_has_the_shape_of_the_whole(differing):
    whole, part = histogram(differing, 0, bins=4), histogram(differing, 0, bins=4, sampled=True)
    assert whole.sampled is None
    assert part.sampled == 100_000 == sum(one.count for one in part.bins)
    assert [one.low for one in part.bins] == [one.low for one in whole.bins]
    assert all(abs(one.count - 25_000) < 1_000 for one in part.bins)


def test_counting_values_can_be_stopped(differing):
    cancel = Cancel()
    cancel.cancel()
    with pytest.raises(Cancelled):
        distinct(differing, 1, cancel=cancel)


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("5 May 2020", [2, 3]),
        ("2020-05-05", [2, 3]),
        ("tomorrow", [3]),
        ("1000 weeks ago", [1, 2, 3]),
    ],
)
def test_a_date_column_is_compared_with_dates_as_people_type_them(make_table, typed, shown):
    table = make_table(b"day\n1960-01-01\n2019-12-31\n2020-05-05\n9000-01-01\n")
    with table, closing(filter_rows(table, [Condition(0, ">=", typed)])) as view:
        assert numbers(view) == shown


def test_what_is_no_date_is_refused_with_examples(make_table):
    table = make_table(b"day\n1960-01-01\n2019-12-31\n")
    with table, pytest.raises(QueryError) as raised:
        filter_rows(table, [Condition(0, "<", "3/4/2020")])
    assert "1 Nov 2026" in raised.value.hint
