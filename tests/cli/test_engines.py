"""Questions that a cluster answers, by command."""

from __future__ import annotations

import json

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

pytestmark = pytest.mark.slow  # a Spark is started, which takes some ten seconds


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "parts").mkdir()
    for number in range(2):
        rows = "".join(f'{row},"a\n{row % 2}"\n' for row in range(number * 50, number * 50 + 50))
        (tmp_path / "parts" / f"{number}.csv").write_text("id,name\n" + rows)
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "1.csv").write_text("id\n1\n")
    (tmp_path / "deep" / "er" / "2.csv").write_text("id\n2\n")
    (tmp_path / "short.csv").write_text("id,name\n1,x\n2\n")
    return tmp_path


def test_a_cluster_answers_sql_over_a_folder_of_files(amltui, folder, spark_address):
    query = "select name, count(*) as n, sum(id) as s from data group by name order by name"
    asked = ["sql", "parts/", query, "--at", str(folder), "--format", "json"]
    there, here = amltui(*asked, "--engine", spark_address), amltui(*asked)
    assert there.code == here.code == 0
    assert json.loads(there.out)["rows"] == json.loads(here.out)["rows"]
    assert len(json.loads(there.out)["rows"]) == 2


def test_a_cluster_reads_the_files_in_folders_below_too(amltui, folder, spark_address):
    asked = ["sql", "deep/", "select sum(id) as s from data", "--at", str(folder)]
    assert amltui(*asked, "--engine", spark_address).out == amltui(*asked).out == "s\n3\n"


def test_a_cluster_tells_statistics_and_malformed_rows(amltui, folder, spark_address):
    done = amltui("stats", "short.csv", "--at", str(folder), "--engine", spark_address, "--json")
    found = json.loads(done.out)
    assert (found["row_count"], found["malformed"]) == (2, 1)
    assert found["columns"][0]["maximum"] == "2"
    assert "1 row" in done.err
    done = amltui("stats", "short.csv", "id", "--at", str(folder), "--engine", spark_address)
    assert "histogram" not in done.err
    assert "quartile 1" in done.out


def test_the_settings_may_name_the_cluster(amltui, folder, spark_address):
    asked = ["sql", "parts/", "select count(*) n from data", "--at", str(folder)]
    none = amltui(*asked, "--engine", "configured")
    assert none.code == 2
    assert "No engine is configured" in none.err
    (amltui.home / "config").mkdir(exist_ok=True)
    settings = f'engine = "{spark_address}"\nengine_above = "1 B"\n'
    (amltui.home / "config" / "config.toml").write_text(settings)
    done = amltui(*asked, "--engine", "configured")
    assert done.out.split() == ["n", "100"]
    here = amltui("sql", "short.csv", "select count(*) n from data", "--at", str(folder))
    assert "--engine configured asks" in here.err
    assert here.out.split() == ["n", "2"]


def test_a_token_is_taken_from_the_environment_and_never_shown(amltui, folder, spark_address):
    asked = ["sql", "parts/", "select count(*) n from data", "--at", str(folder), "--engine"]
    done = amltui(*asked, f"{spark_address}/;token=TOPSECRET")
    assert done.code == 2
    assert "SPARK_REMOTE" in done.err
    assert "TOPSECRET" not in done.err + done.out
    # A Spark that takes tokens speaks TLS, which this one does not: nothing of it is answered.
    amltui.environment["SPARK_REMOTE"] = f"{spark_address}/;token=TOPSECRET"
    done = amltui(*asked, spark_address, "--debug")
    assert done.code != 0
    assert "No Spark answers" in done.err
    assert "TOPSECRET" not in done.err + done.out


def test_what_no_cluster_reaches_is_said(amltui, spark_address):
    assert amltui.bytes("put", "-", "--name", "far.csv", data=b"a,b\n1,2\n")[0] == 0
    done = amltui("sql", "far.csv", "select 1", "--engine", spark_address)
    assert done.code != 0
    assert "does not reach" in done.err


# What both engines must answer alike about folders, the whole way


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    place = tmp_path_factory.mktemp("folders")
    for number, (year, code) in enumerate(
        [("2023", "01"), ("2024", "12"), ("__HIVE_DEFAULT_PARTITION__", "03")]
    ):
        below = f"year={year}/code={code}/where=a%2Fb c"
        for kind in ("parquet", "csv", "jsonl"):
            (place / kind / below).mkdir(parents=True)
        table = pa.table({"n": [number, 7], "s": ["x", None]})
        pq.write_table(table, place / "parquet" / below / "a.parquet")
        (place / "csv" / below / "a.csv").write_text(f"n,s\n{number},x\n7,\n")
        lines = f'{{"n": {number}, "s": "x"}}\n{{"n": 7, "s": null}}\n'
        (place / "jsonl" / below / "a.jsonl").write_text(lines)
    return place


@pytest.fixture(params=["duckdb", "spark"])
def asked(request, folders, alone):
    """What answers about a folder of the place."""
    more = ["--at", str(folders), "--json"]
    if request.param == "spark":
        more += ["--engine", request.getfixturevalue("spark_address")]
    return lambda *words: alone(*words, *more).json


@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl"])
def test_the_names_of_folders_are_the_same_columns(asked, kind):
    columns = asked("stats", f"{kind}/")["columns"]
    assert [(one["name"], one["type"], one["missing"]) for one in columns] == [
        ("year", "int", 2),
        ("code", "text", 0),
        ("where", "text", 0),
        ("n", "int", 0),
        ("s", "text", 3),
    ]
    assert asked("sql", f"{kind}/", "select * from data order by code, n")["rows"] == [
        ["2023", "01", "a/b c", "0", "x"],
        ["2023", "01", "a/b c", "7", None],
        [None, "03", "a/b c", "2", "x"],
        [None, "03", "a/b c", "7", None],
        ["2024", "12", "a/b c", "1", "x"],
        ["2024", "12", "a/b c", "7", None],
    ]
    found = asked("sql", f"{kind}/", "select sum(year), count(*) from data where code = '12'")
    assert found["rows"] == [["4048", "2"]]


def test_duckdb_alone_finds_the_same_in_folders(folders):
    found = duckdb.sql(
        'select year, "where", n from read_parquet('
        f"'{folders}/parquet/**/*.parquet', hive_partitioning=true) where n <> 7 order by n"
    ).fetchall()
    assert found == [(2023, "a/b c", 0), (2024, "a/b c", 1), (None, "a/b c", 2)]
