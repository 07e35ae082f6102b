"""`amltui diff` over files and datasets, run as people run it."""

from __future__ import annotations

import contextlib
import csv
import sqlite3

import pyarrow.parquet as pq
import pytest

OLD = "id,city,size\n1,Oslo,10\n2,Rome,20\n3,Bonn,30\n"
NEW = "id,city,size\n1,Oslo,10\n2,Roma,20\n4,Kyiv,40\n"


@pytest.fixture
def files(alone):
    (alone.home / "old.csv").write_text(OLD)
    (alone.home / "new.csv").write_text(NEW)
    return alone


def test_two_files_are_compared_without_a_workspace(files):
    files.environment["AMLTUI_ENDPOINT"] = "http://127.0.0.1:9/"
    done = files("diff", "old.csv", "new.csv")
    assert (done.code, done.err) == (1, "")
    assert done.out.splitlines() == [
        "rows 3 → 3, compared by id, which is unique in both: 1 added, 1 removed, 1 changed",
        "column id: mean 2 → 2.33333, population stability index 0.23",
        (
            "column city: 1 cell changed, new: Kyiv, Roma, gone: Bonn, Rome, "
            "population stability index 0.46"
        ),
        "column size: mean 20 → 23.3333, population stability index 0.23",
        "~ 2: city: Rome → Roma",
        "- 3",
        "+ 4",
    ]


def test_sheets_of_both_sides_are_named(files):
    with contextlib.closing(sqlite3.connect(files.home / "book.sqlite")) as book:
        for table, rows in (("first", [(1, "x")]), ("second", [(1, "y")])):
            book.execute(f"create table {table} (a, b)")
            book.executemany(f"insert into {table} values (?, ?)", rows)
        book.commit()
    (files.home / "second.csv").write_text("a,b\n1,y\n")
    both = ("diff", "book.sqlite", "book.sqlite")
    assert files(*both).code == 0
    assert files(*both, "--sheet", "second").code == 0
    assert files(*both, "--sheet", "first", "--sheet", "second").code == 1
    assert files("diff", "book.sqlite", "second.csv", "--sheet", "second", "--sheet", "").code == 0
    assert files("diff", "book.sqlite", "second.csv", "--sheet", "second").code == 3
    assert files(*both, "--sheet", "third").code == 3
    assert files(*both, *("--sheet", "first") * 3).code == 2


def test_equal_files_exit_0_and_failures_have_codes_of_their_own(files):
    assert files("diff", "old.csv", "./old.csv").out == "equal: 3 rows\n"
    assert files("diff", "old.csv", "old.csv", "--quiet").code == 0
    assert files("diff", "old.csv", "new.csv", "--quiet").out == ""
    assert files("diff", "old.csv", "./none.csv").code == 3
    assert files("diff", "old.csv", "new.csv", "--key", "nobody").code == 2
    (files.home / "loop").symlink_to("loop")
    assert files("diff", "old.csv", "./loop").code in {3, 9}


def test_json_has_every_part_of_the_answer(files):
    found = files("diff", "old.csv", "new.csv", "--key", "id", "--json").json
    assert (found["equal"], found["key"], found["key_found"]) == (False, ["id"], False)
    assert (found["added"], found["removed"], found["changed"]) == (1, 1, 1)
    assert found["changes"][0]["cells"] == [{"column": "city", "old": "Rome", "new": "Roma"}]
    drift = {one["column"]: one for one in found["drift"]}
    assert drift["city"]["new_values"] == ["Kyiv", "Roma"]
    assert drift["size"]["changed"] == 0


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_all_rows_that_differ_are_saved_with_old_and_new(files, suffix):
    target = files.home / f"out.{suffix}"
    assert files("diff", "old.csv", "new.csv", "-o", target).code == 1
    if suffix == "csv":
        rows = list(csv.reader(target.read_text().splitlines()))
    else:
        table = pq.read_table(target)
        rows = [table.column_names, *map(list, zip(*table.to_pydict().values(), strict=True))]
    assert rows == [
        ["change", "id", "city", "size"],
        ["old", "2", "Rome", "20"],
        ["new", "2", "Roma", "20"],
        ["removed", "3", "Bonn", "30"],
        ["added", "4", "Kyiv", "40"],
    ]
    assert files("diff", "old.csv", "new.csv", "-o", target).code == 5
    assert files("diff", "old.csv", "new.csv", "-o", target, "--force").code == 1


def test_a_dataset_is_compared_with_a_file_and_with_another_dataset(amltui):
    (amltui.home / "old.csv").write_text(OLD)
    (amltui.home / "new.csv").write_text(NEW)
    amltui("put", "old.csv", "--name", "diff-old")
    amltui("put", "new.csv", "--name", "diff-new")
    assert amltui("diff", "diff-old", "old.csv").code == 0
    done = amltui("diff", "diff-old", "diff-new")
    assert done.code == 1
    assert "~ 2: city: Rome → Roma" in done.out
    assert amltui("diff", "diff-old", "nobody-there").code == 3


def test_two_versions_of_a_dataset_are_compared(amltui):
    (amltui.home / "old.csv").write_text(OLD)
    (amltui.home / "new.csv").write_text(NEW)
    amltui("put", "old.csv", "--name", "diff-versions")
    amltui("update", "diff-versions", "new.csv")
    assert "1 added, 1 removed, 1 changed" in amltui("diff", "diff-versions@1", "diff-versions").out
    assert amltui("diff", "diff-versions@2", "diff-versions@latest", "--quiet").code == 0


def test_an_address_and_a_profile_name_a_side_without_a_workspace_in_force(files):
    files.environment["AMLTUI_ENDPOINT"] = "http://127.0.0.1:9/"
    (files.home / "team").mkdir()
    (files.home / "team" / "sales.csv").write_text(NEW)
    folder = str(files.home / "team")
    assert files("profile", "add", "there", "--url", folder).code == 0
    for word in (f"file://{folder}/sales.csv", "there:sales.csv"):
        done = files("diff", "old.csv", word, "--json")
        assert done.code == 1, done.err
        assert (done.json["added"], done.json["changed"]) == (1, 1)
        assert files("diff", word, "new.csv").code == 0
    assert files("diff", "there:none.csv", "new.csv").code == 3
