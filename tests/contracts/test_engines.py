"""What every engine for questions must answer, and alike: DuckDB on this machine, and Spark."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amltui.config.cluster import engine_address
from amltui.errors import (
    Cancelled,
    ConfigError,
    QueryError,
    Unreachable,
    Unreadable,
    UnsupportedDataType,
)
from amltui.formats.dialect import Dialect
from amltui.formats.lens import look
from amltui.tables import queries, spark
from amltui.tables.file_rows import content_table
from amltui.tables.queries import Cancel, Condition, SortKey
from tests.support.tables import all_rows

pytestmark = pytest.mark.slow  # a Spark is started, which takes some ten seconds

PEOPLE = (
    b"""name,age,born,score,seen,code,happy
Ann,30,1990-05-01,1.5,2024-02-03T04,007,yes
bob,7,2015-01-31,,2024-02-03 04:05:06.5,010,no
"",010,1991-12-24,inf,2024-02-03 04:05,123,no
Ann,n/a,never,-2,0000-02-03 04:05,001,no
,30,2000-01-01,0.25,2024-02-29,100,YES
"Zo,e
second line",4,1990-05-01,nan,2024-02-30,099,no
"""
    + b"Bulk,50,2001-01-01,9,2001-01-01,555,no\n" * 60
)


class Engine:
    """One engine, with a table on it."""

    def __init__(self, module, open_it):
        self.ask = module
        self._open = open_it

    def table(self, data, dialect=None, data_type_id="GenericCSV", ending=".csv"):
        return self._open(data, dialect, data_type_id, ending)


@pytest.fixture(scope="session")
def cluster(spark_address):
    with spark.Spark(spark_address) as opened:
        yield opened


def lens_of(path, data, dialect, data_type_id):
    return look(data[:65536], path.name, data_type_id, whole=len(data) < 65536, dialect=dialect)


@pytest.fixture(scope="module", params=["duckdb", "spark"])
def engine(request, tmp_path_factory):
    opened = []
    cluster = request.getfixturevalue("cluster") if request.param == "spark" else None

    def open_it(data, dialect, data_type_id, ending):
        directory = tmp_path_factory.mktemp("engine")
        path = directory / f"data [1] *{{a,b}}{ending}"
        path.write_bytes(data)
        lens = lens_of(path, data, dialect, data_type_id)
        opened.append(content_table(path, directory / "table", lens))
        table = opened[-1].__enter__()
        if cluster is None:
            return table
        names = [column.name for column in table.columns]
        return spark.open_table(
            cluster, [f"file://{path}"], lens, names, first=table, cancel=Cancel()
        )

    yield Engine(queries if cluster is None else spark, open_it)
    for context in opened:
        context.__exit__(None, None, None)


@pytest.fixture(scope="module")
def people(engine):
    return engine.table(PEOPLE)


def test_columns_have_the_types_that_all_their_values_show(people):
    assert [
        (one.name, one.type, one.notation, one.misfits, one.missing) for one in people.columns
    ] == [
        ("name", "text", "", 0, 0),
        ("age", "int", "", 0, 1),
        ("born", "date", "", 1, 0),
        ("score", "float", "", 0, 2),
        ("seen", "datetime", "", 2, 0),
        ("code", "text", "", 0, 0),
        ("happy", "bool", "yes/no", 0, 0),
    ]
    assert people.row_count == 66


@pytest.mark.parametrize(
    ("column", "operator", "text", "expected"),
    [
        (0, "contains", "AN", ["Ann", "Ann"]),
        (0, "=", "Ann", ["Ann", "Ann"]),
        (0, "=", "", [""]),
        (0, "is missing", "", [None]),
        (0, "regex", "^[bz]o", ["Zo,e\nsecond line", "bob"]),
        (1, "<", "8", ["Zo,e\nsecond line", "bob"]),
        (1, "=", "10", [""]),
        (1, "=", "n/a", ["Ann"]),
        (1, ">=", "50", ["Bulk"] * 60),
        (2, "<", "1991-01-01", ["Ann", "Zo,e\nsecond line"]),
        (3, "is missing", "", ["Zo,e\nsecond line", "bob"]),
        (1, "is missing", "", ["Ann"]),
        (0, "!=", "Bulk", [None, "", "Ann", "Ann", "Zo,e\nsecond line", "bob"]),
        (4, ">", "2024-02-03 04:05", [None, "bob"]),
        (6, "=", "yes", ["Ann", None]),
        (None, "contains", "1990", ["Ann", "Zo,e\nsecond line"]),
    ],
)
def test_a_filter_keeps_the_rows_that_meet_it(engine, people, column, operator, text, expected):
    answer = engine.ask.filter_rows(people, [Condition(column, operator, text)])
    found = [row[0] for row in all_rows(answer)]
    assert sorted(found, key=str) == sorted(expected, key=str)
    answer.close()


def test_all_conditions_must_be_met(engine, people):
    answer = engine.ask.filter_rows(
        people, [Condition(0, "contains", "ann"), Condition(1, "is not missing")]
    )
    assert [row[1] for row in all_rows(answer)] == ["30"]
    answer.close()


def test_a_condition_that_is_no_value_of_the_column_is_refused(engine, people):
    with pytest.raises(QueryError, match='"soon" is not a date'):
        engine.ask.filter_rows(people, [Condition(2, "<", "soon")])


@pytest.mark.parametrize(
    ("descending", "expected"), [(False, ["4", "7", "010"]), (True, ["50"] * 3)]
)
def test_sorting_follows_types(engine, people, descending, expected):
    answer = engine.ask.sort(people, [SortKey(1, descending=descending)])
    assert [row[1] for row in all_rows(answer)][:3] == expected
    assert [row[1] for row in all_rows(answer)][-1] == "n/a"
    answer.close()


def test_distinct_values_come_with_their_counts(engine, people):
    found = engine.ask.distinct(people, 0, limit=3)
    values, counts = found.values.window(0, 3, [0, 1])
    assert list(zip(values, counts, strict=True)) == [("Bulk", "60"), ("Ann", "2"), (None, "1")]
    assert found.total == 6
    assert found.exact


def test_statistics_are_the_same_numbers(engine, people):
    name, age, born, score, seen, _, happy = engine.ask.table_statistics(people)
    assert (name.rows, name.missing, name.empty, name.distinct) == (66, 1, 1, 5)
    assert (name.minimum, name.maximum, name.shortest, name.longest) == ("", "bob", 0, 16)
    assert (age.missing, age.misfits, age.distinct, age.minimum, age.maximum) == (
        1,
        0,
        5,
        "4",
        "50",
    )
    assert age.mean == pytest.approx(sum([30, 7, 10, 30, 4, *[50] * 60]) / 65)
    assert age.quartiles == ("50", "50", "50")
    assert age.spellings == ("n/a",)
    assert (born.misfits, born.minimum, born.maximum) == (1, "1990-05-01", "2015-01-31")
    assert (score.missing, score.minimum, score.maximum) == (2, "-2.0", "inf")
    assert score.mean == pytest.approx((1.5 - 2 + 0.25 + 9 * 60) / 63)
    assert score.std == pytest.approx(1.977, abs=0.01)
    assert (seen.misfits, seen.maximum) == (2, "2024-02-29 00:00:00")
    assert (happy.minimum, happy.maximum) == ("false", "true")
    assert happy.mean == pytest.approx(2 / 66)
    assert all(one.distinct_exact and one.quartiles_exact for one in (name, age, born, score))


def test_a_histogram_counts_every_value(engine, people):
    ages = engine.ask.histogram(people, 1, bins=4)
    assert [one.count for one in ages.bins] == [3, 0, 2, 60]
    assert (ages.missing, ages.other) == (1, 0)
    assert ages.edges == (4.0, 15.5, 27.0, 38.5, 50.0)
    names = engine.ask.histogram(people, 0, bins=2)
    assert [(one.low, one.count) for one in names.bins] == [("Bulk", 60), ("Ann", 2)]
    assert (names.missing, names.other) == (1, 3)
    happy = engine.ask.histogram(people, 6)
    assert [(one.low, one.count) for one in happy.bins] == [("false", 64), ("true", 2)]
    days = engine.ask.histogram(people, 2, bins=3)
    assert sum(one.count for one in days.bins) == 65
    assert days.other == 1


def test_sql_sees_columns_by_their_types(engine, people):
    with engine.ask.sql(
        people,
        'select name, sum(age) as s, count(*) as n, min("born") as d, max(seen) as t, '
        "max(score) as f, bool_or(happy) as h from data group by name order by n desc, name",
    ) as answer:
        rows = all_rows(answer)
        assert rows[0] == [
            "Bulk",
            "3000",
            "60",
            "2001-01-01",
            "2001-01-01 00:00:00",
            "9.0",
            "false",
        ]
        assert ["Ann", "30", "2", "1990-05-01", "2024-02-03 04:00:00", "1.5", "true"] in rows
        assert not answer.partial
        assert [one.type for one in answer.columns][-4:] == ["date", "datetime", "float", "bool"]


def test_an_answer_that_is_cut_says_so(engine, people):
    with engine.ask.sql(people, "select age from data", limit=7) as answer:
        assert answer.row_count == 7
        assert answer.partial
    with engine.ask.sql(people, "select age from data limit 7;", limit=7) as answer:
        assert not answer.partial


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-- nothing",
        "drop table data",
        "insert into data select * from data",
        "create table x as select 1",
        "select 1; select 2",
        "select * from nothing_like_it",
        "select nope from data",
        "select from where",
        "set x = 1",
    ],
)
def test_only_a_select_over_the_data_is_answered(engine, people, text):
    with pytest.raises(QueryError):
        engine.ask.sql(people, text)


@pytest.mark.parametrize(
    "text", ["select * from csv.`/etc/hostname`", "select * from '/etc/hostname'"]
)
def test_sql_reads_no_file(engine, people, text):
    with pytest.raises(QueryError):
        engine.ask.sql(people, text)


def test_an_error_in_sql_says_where(engine, people):
    text = "select age,\n  nope\nfrom data"
    with pytest.raises(QueryError) as raised:
        engine.ask.sql(people, text)
    assert raised.value.position == text.index("nope")
    assert "JVM" not in str(raised.value)


def test_other_tables_are_asked_by_their_names(engine, people):
    other = engine.table(b"name,town\nAnn,Ulm\n")
    with engine.ask.sql(
        people, 'select town from data join "Towns@2" using (name)', others={"Towns@2": other}
    ) as answer:
        assert all_rows(answer) == [["Ulm"], ["Ulm"]]


def test_names_that_differ_by_capitals_alone_can_be_told_apart(engine):
    table = engine.table(b"Id,ID\n1,2\n")
    with engine.ask.sql(table, 'select "ID_1" from data') as answer:
        assert all_rows(answer) == [["2"]]
        assert answer.renamed == ((1, "ID_1"),)


def test_a_question_is_stopped(engine, people):
    cancel = Cancel()
    slow = (
        "select count(*) from data a, data b, data c, data d, data e, data f "
        "where a.age + b.age * c.age + d.age * e.age > f.age"
    )
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(engine.ask.sql, people, slow, cancel=cancel)
        with pytest.raises(TimeoutError):
            asked.result(1)  # it is under way
        until = time.monotonic() + 30
        while not asked.done() and time.monotonic() < until:
            cancel.cancel()
            asked.exception(0.2) if asked.done() else time.sleep(0.05)
        assert isinstance(asked.exception(1), Cancelled)


def test_rows_of_other_widths_are_counted(engine):
    table = engine.table(b"a,b,c\n1,2,3\n4,5\n6,7,8\n")
    assert (table.row_count, table.malformed_count) == (3, 1)
    with engine.ask.sql(table, "select a, c from data order by a") as answer:
        assert all_rows(answer) == [["1", "3"], ["4", None], ["6", "8"]]


@pytest.mark.parametrize(
    ("data", "dialect", "rows"),
    [
        (b"a;b\n1;x\n2;'y;z'\n", Dialect(delimiter=";", quote="'"), [["1", "x"], ["2", "y;z"]]),
        (
            "a,b\n1,Zürich\n2,Genève\n".encode("cp1252"),
            Dialect(encoding="cp1252"),
            [["1", "Zürich"], ["2", "Genève"]],
        ),
        (b"# hello\na,b\n1,2\n", Dialect(comment="#"), [["1", "2"]]),
        (b"1,2\n3,4\n", Dialect(header=False), [["1", "2"], ["3", "4"]]),
        (b'a,b\r\n1,"x\ny"\r\n', Dialect(), [["1", "x\ny"]]),
    ],
)
def test_dialects_are_read_alike(engine, data, dialect, rows):
    table = engine.table(data, dialect)
    with engine.ask.sql(table, "select * from data order by 1") as answer:
        assert all_rows(answer) == rows


LINES = b"""{"id": 1, "day": "2024-01-31", "x": 1.50, "deep": {"a": [1, 2]}, "t": "a\\nb"}
{"id": 2, "x": 1e5, "ok": true, "t": null}

no object
{"id": 3, "day": "2024-02-01", "x": -0.25, "late key": "\xc3\xbc", "ok": false, "t": ""}
"""


def test_json_lines_have_the_types_and_texts_that_stand_there(engine):
    table = engine.table(LINES, data_type_id="PlainText", ending=".jsonl")
    assert [(one.name, one.type, one.missing) for one in table.columns] == [
        ("id", "int", 1),
        ("day", "date", 2),
        ("x", "float", 1),
        ("deep", "text", 0),
        ("t", "text", 0),
        ("ok", "bool", 2),
        ("late key", "text", 0),
    ]
    assert (table.row_count, table.malformed_count) == (4, 1)
    answer = engine.ask.filter_rows(table, [Condition(0, "is not missing", "")])
    assert sorted(all_rows(answer), key=str) == [
        ["1", "2024-01-31", "1.50", '{"a":[1,2]}', "a\nb", None, None],
        ["2", None, "1e5", None, None, "true", None],
        ["3", "2024-02-01", "-0.25", None, "", "false", "ü"],
    ]
    answer.close()
    with engine.ask.sql(table, "select sum(x), max(day) from data") as found:
        assert all_rows(found) == [["100001.25", "2024-02-01"]]


cells = st.text(st.characters(codec="utf-8", exclude_characters="\0\ufdd0"), max_size=6)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(st.tuples(cells, cells), min_size=1, max_size=20))
def test_any_texts_come_out_as_they_are(engine, rows):
    data = "a,b\n" + "".join(
        ",".join('"' + cell.replace('"', '""') + '"' for cell in row) + "\n" for row in rows
    )
    table = engine.table(data.encode(), Dialect())
    answer = engine.ask.filter_rows(table, [])
    found = sorted(tuple(row) for row in all_rows(answer))
    answer.close()
    assert found == sorted(rows)


# What only a cluster can do wrong


def test_a_key_that_comes_after_the_first_rows_is_a_column(cluster, tmp_path):
    path = tmp_path / "data.jsonl"
    path.write_bytes(b'{"b": 1}\n{"a": 2, "b": 3}\n')
    lens = lens_of(path, path.read_bytes(), None, "PlainText")
    opened = spark.open_table(cluster, [f"file://{path}"], lens, ["b"], cancel=Cancel())
    assert [one.name for one in opened.columns] == ["b", "a"]
    with spark.sql(opened, "select a, b from data order by b") as answer:
        assert all_rows(answer) == [[None, "1"], ["2", "3"]]


def test_what_has_no_reader_there_is_refused_with_what_to_do(cluster, tmp_path):
    path = tmp_path / "data.arff"
    data = b"@relation r\n@attribute a numeric\n@data\n1\n"
    lens = lens_of(path, data, None, "ARFF")
    with pytest.raises(UnsupportedDataType) as raised:
        spark.open_table(cluster, [f"file://{path}"], lens, ["a"], cancel=Cancel())
    assert "Leave the engine out" in raised.value.hint


def spark_table(cluster, path, data, dialect=None, first=None, names=("a", "b")):
    path.write_bytes(data)
    lens = lens_of(path, data, dialect, "GenericCSV")
    return spark.open_table(cluster, [f"file://{path}"], lens, names, first=first, cancel=Cancel())


def test_rows_that_spark_reads_otherwise_are_noticed_before_anything_is_asked(cluster, tmp_path):
    path = tmp_path / "data.csv"
    data = b"a,b\n1,2\n3,4\n"
    path.write_bytes(b"a,b\n1,2\n3,5\n")
    lens = lens_of(path, data, None, "GenericCSV")
    otherwise = pytest.raises(Unreadable, match=r'row 2 .* "b" is "4" there and "5" here')
    with content_table(path, tmp_path / "table", lens) as first, otherwise:
        spark_table(cluster, path, data, first=first)


@pytest.mark.parametrize(
    ("dialect", "words"),
    [
        (Dialect(skip=2), "lines before the header"),
        (Dialect(header_rows=2), "several header rows"),
        (Dialect(comment="//"), "comments"),
        (Dialect(decimal=",", delimiter=";"), "comma"),
        (Dialect(missing=("x",)), "missing"),
    ],
)
def test_what_spark_cannot_read_as_it_is_meant_is_refused(cluster, tmp_path, dialect, words):
    with pytest.raises(UnsupportedDataType) as raised:
        spark_table(cluster, tmp_path / "data.csv", b"a,b\n1,2\n", dialect)
    assert words in raised.value.hint


def test_data_that_the_cluster_does_not_see_is_said_to_be_so(cluster, tmp_path):
    path = tmp_path / "data.csv"
    data = b"a,b\n1,2\n"
    lens = lens_of(path, data, None, "GenericCSV")
    with pytest.raises(Unreachable, match="does not see this data"):
        spark.open_table(cluster, [f"file://{path}"], lens, ["a", "b"], cancel=Cancel())


def test_parquet_has_the_types_of_its_file(cluster, tmp_path):
    path = tmp_path / "data.parquet"
    table = pa.table(
        {
            "n": pa.array([1, None, 3]),
            "x": [1.5, 2.5, None],
            "t": pa.array([0, 1, None], pa.timestamp("us", "UTC")),
            "s": ["a", "", None],
            "l": [[1, 2], [], None],
        }
    )
    pq.write_table(table, path)
    data = path.read_bytes()
    lens = look(data, path.name, "Parquet", whole=True)
    opened = spark.open_table(
        cluster, [f"file://{path}"], lens, table.column_names, cancel=Cancel()
    )
    assert [one.type for one in opened.columns] == ["int", "float", "datetime", "text", "text"]
    assert [one.missing for one in opened.columns[:3]] == [1, 1, 1]
    with spark.sql(opened, "select sum(n), max(x), max(l) from data") as answer:
        assert all_rows(answer) == [["4", "2.5", "[]"]] or all_rows(answer) == [
            ["4", "2.5", "[1,2]"]
        ]


def test_a_cluster_that_is_not_there_or_says_nothing_is_given_up(monkeypatch):
    monkeypatch.setattr("amltui.tables.spark.connection._WAIT", 0.5)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        for _ in range(2):
            address = f"sc://127.0.0.1:{silent.getsockname()[1]}"
            with pytest.raises(Unreachable, match="No Spark answers at sc"):
                spark.Spark(address).__enter__()
            silent.listen()


def test_a_program_without_a_file_can_ask_a_cluster(spark_address):
    code = (
        "import sys; from amltui.tables.spark import Spark\n"
        "with Spark(sys.argv[1]) as spark: print(spark.session.version[0])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, spark_address],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.strip() == "4", done.stderr
    assert done.stderr == ""


@pytest.mark.parametrize(
    "text", ["http://host", "sc://", "host:15002", "sc://host:port", "sc://host/;token=secret"]
)
def test_an_address_that_is_none_or_holds_a_token_is_refused(text):
    with pytest.raises(ConfigError) as raised:
        engine_address(text, source="--engine")
    assert "secret" not in str(raised.value)


def test_progress_is_told_in_tasks(spark_address, tmp_path):
    told = []
    with spark.Spark(spark_address, progress=lambda done, of: told.append((done, of))) as cluster:
        table = spark_table(cluster, tmp_path / "data.csv", b"a,b\n1,2\n")
        spark.sql(table, "select count(*) from data a, data b, range(3000000) c").close()
    assert all(0 <= done <= of for done, of in told)
    assert told
