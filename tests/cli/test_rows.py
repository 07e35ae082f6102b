"""Rows, statistics and SQL by command, against a real server."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import json
import sqlite3

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

HOSTILE = b'name,note\n\x1b[31mred,"two\nlines"\n007,"say ""hi"""\n,""\n'


@pytest.fixture
def hostile(amltui):
    """Cells that would act on a terminal or break a line, and a missing and an empty one."""
    if amltui("show", "hostile.csv").code:
        assert amltui.bytes("put", "-", "--name", "hostile.csv", data=HOSTILE)[0] == 0
    return "hostile.csv"


def test_piped_rows_are_one_line_each_and_harmless(amltui, hostile):
    done = amltui("head", hostile)
    assert done.code == 0
    assert "\x1b" not in done.out
    assert [line.split("\t") for line in done.out.splitlines()] == [
        ["name", "note"],
        ["␛[31mred", "two⏎lines"],
        ["007", 'say "hi"'],
        ["", ""],
    ]


def test_csv_gives_the_exact_cells_and_tells_missing_from_empty(amltui, hostile):
    done = amltui("head", hostile, "--format", "csv")
    assert list(csv.reader(io.StringIO(done.out)))[1] == ["\x1b[31mred", "two\nlines"]
    assert done.out.endswith(',""\n')


def test_json_rows_are_one_ascii_document(amltui, hostile):
    code, out, _ = amltui.bytes("head", hostile, "-n", "2", "--json")
    assert code == 0
    document = json.loads(out.decode("ascii"))
    assert document["columns"][0] == {"name": "name", "type": "text"}
    assert document["rows"] == [["\x1b[31mred", "two\nlines"], ["007", 'say "hi"']]
    assert (document["row_count"], document["complete"]) == (2, False)


def test_a_cell_longer_than_a_screen_comes_whole(amltui):
    long = "x" * 5000
    assert amltui("put", "-", "--name", "long cell.csv", data=f"a,b\n{long},1\n").code == 0
    assert amltui("head", "long cell.csv", "--json").json["rows"] == [[long, "1"]]
    assert long in amltui("head", "long cell.csv").out


def test_head_prints_the_beginning_of_a_cell_too_long_to_hold_and_csv_all_of_it(amltui, tmp_path):
    long = 'é "" ' * 2_500_000
    (tmp_path / "long.csv").write_text(f'id,t\n1,"{long}"\n2,x\n', encoding="utf-8")
    head = ("--at", tmp_path, "head", "long.csv")
    size = f"… (cut, {len(long.encode()) + 2:,} bytes)"
    done = amltui(*head)
    assert done.out.splitlines()[1].endswith(size)
    assert len(done.out) < 70_000
    assert "1 cell is too long to be printed whole" in done.err
    document = amltui(*head, "--json").json
    assert document["cut_cells"] == 1
    assert document["rows"][0][1].endswith(size)
    done = amltui(*head, "--format", "csv")
    csv.field_size_limit(1 << 30)
    assert list(csv.reader(io.StringIO(done.out)))[1:] == [
        ["1", long.replace('""', '"')],
        ["2", "x"],
    ]
    assert not done.err


def test_a_long_cell_of_any_format_is_printed_cut_and_exact_as_csv(amltui, tmp_path):
    table = pa.table({"s": ["x" * 9_000_000, "y"]})
    pq.write_table(table, tmp_path / "long.parquet")
    for command in (("head", "long.parquet"), ("sql", "long.parquet", "select * from data")):
        document = amltui("--at", tmp_path, *command, "--json").json
        assert document["rows"][0][0].endswith("x… (cut, 9,000,000 bytes)")
        assert len(document["rows"][0][0]) < 70_000
        assert (document["cut_cells"], document["rows"][1]) == (1, ["y"])
        done = amltui("--at", tmp_path, *command, "--format", "csv")
        assert len(done.out) == 9_000_005


def test_what_answers_hold_cut_of_a_cell_is_said(amltui, tmp_path):
    rows = b"id,t\n1," + b"x" * 34_000_000 + b"\n2," + b"y" * 12_000_000 + b"\n"
    (tmp_path / "long.csv").write_bytes(rows)
    at = ("--at", tmp_path)
    done = amltui(*at, "sql", "long.csv", "select length(t) n from data", "--json")
    assert done.json["rows"] == [["65536"], ["12000000"]]
    assert done.json["cut_cells"] == 1
    assert "1 cell is too long for answers to hold whole" in done.err
    done = amltui(*at, "stats", "long.csv", "t", "--json")
    assert (done.json["cut_cells"], done.json["longest"]) == (1, 12_000_000)
    assert "too long" in done.err


def test_head_says_how_many_of_the_rows_it_shows_are_malformed(amltui):
    data = "a,b\n1,2\n1,2,3\n4,5\n6\n"
    assert amltui("put", "-", "--name", "ragged.csv", "--type", "GenericCSV", data=data).code == 0
    assert amltui("head", "ragged.csv", "-n", "3", "--json").json["malformed"] == 1
    assert amltui("head", "ragged.csv", "-n", "1", "--json").json["malformed"] == 0
    done = amltui("head", "ragged.csv")
    assert done.code == 0
    assert '2 rows of "ragged.csv"' in done.err


def test_bytes_without_rows_are_shown_as_bytes(amltui):
    assert amltui("put", "-", "--name", "raw.zip", data="PK\x03\x04 and more").code == 0
    done = amltui("head", "raw.zip")
    assert done.code == 0
    assert "50 4b 03 04" in done.out.lower()
    assert amltui("sql", "raw.zip", "select 1 from data").code == 7


def test_more_rows_than_the_first_block_holds_are_waited_for(amltui):
    lines = "".join(f"{number},{'y' * 90}\n" for number in range(6000))
    assert amltui("put", "-", "--name", "many.csv", data="n,filler\n" + lines).code == 0
    assert amltui("head", "many.csv", "-n", "5500").out.count("\n") == 5501
    assert amltui("head", "many.csv", "-n", "99999").out.count("\n") == 6001
    assert amltui("sql", "many.csv", "select n from data").out.count("\n") == 6001


def test_statistics_of_all_columns_and_of_one(amltui):
    document = amltui("stats", "Iris", "--json").json
    assert document["row_count"] == 150
    assert [one["type"] for one in document["columns"]] == ["float"] * 4 + ["text"]
    one = amltui("stats", "Iris", "sepal_length", "--json").json
    assert (one["minimum"], one["maximum"]) == ("4.3", "7.9")
    assert sum(part["count"] for part in one["histogram"]) == 150
    assert "█" in amltui("stats", "Iris", "5").out


def test_statistics_use_the_words_of_statistics_and_say_the_same_each_time(amltui):
    head, first = amltui("stats", "Iris").out.splitlines()[:2]
    assert dict(zip(head.split("\t"), first.split("\t"), strict=True))["column"] == "sepal_length"
    lines = amltui("stats", "Iris", "Airport Codes Dataset").out.splitlines()
    assert [line.partition("\t")[0] for line in lines].count("name") == 1
    text = amltui("stats", "Iris", "sepal_length").out
    words = {line.split("\t")[0].strip() for line in text.splitlines()}
    assert {"distinct", "min", "median", "max", "mean", "std"} <= words
    first = amltui("stats", "Adult Census Income", "--json").out
    assert amltui("stats", "Adult Census Income", "--json").out == first


def test_missing_values_are_told_with_their_spelling(amltui):
    amltui("put", "-", "--name", "na.csv", data="n\n" + "1\n2\n3\n4\nNA\n")
    one = amltui("stats", "na.csv", "n", "--json").json
    assert (one["type"], one["missing"], one["spellings"]) == ("int", 1, ["NA"])
    assert (one["quartiles"], one["quartiles_exact"]) == (["1.75", "2.5", "3.25"], True)
    assert "1 (some as NA)" in amltui("stats", "na.csv", "n").out
    assert amltui("sql", "na.csv", "select count(n) from data").out.splitlines()[1] == "4"
    assert amltui("head", "na.csv").out.splitlines()[-1] == "NA"


def test_columns_that_differ_in_capitals_only_are_said_to_have_other_names_in_sql(amltui):
    amltui("put", "-", "--name", "capitals.csv", data="Id,ID,id\n1,2,3\n")
    done = amltui("sql", "capitals.csv", 'select "ID_1" from data')
    assert done.out == "ID_1\n2\n"
    assert 'column 2 "ID" is "ID_1", column 3 "id" is "id_2"' in done.err
    assert amltui("sql", "Iris", "select 1 as one from data limit 1").err == ""


def test_a_dataset_without_anything_in_it_answers_sql(amltui):
    amltui("put", "-", "--name", "empty.csv", data="")
    assert amltui("sql", "empty.csv", "select count(*) as n from data").out == "n\n0\n"
    assert amltui("sql", "empty.csv", "select * from data", "--json").json["row_count"] == 0
    done = amltui("sql", "empty.csv", "select nosuch from data")
    assert (done.code, "nosuch" in done.err) == (2, True)
    assert amltui("stats", "empty.csv", "--json").json["columns"] == []


def test_sql_answers_in_every_form(amltui):
    query = "select class, count(*) as n from data group by class order by class"
    assert amltui("sql", "Iris", query).out.splitlines()[0] == "class\tn"
    assert amltui("sql", "Iris", query, "--format", "csv").out.endswith("virginica,50\n")
    assert amltui("sql", "Iris", "-", "--json", data=query).json["rows"][0] == ["setosa", "50"]
    done = amltui("sql", "Iris", query, "-o", "answer.parquet")
    assert done.out == "answer.parquet\n"
    table = pq.read_table(amltui.home / "answer.parquet")
    assert table.to_pydict()["n"] == [50, 50, 50]
    assert amltui("sql", "Iris", query, "-o", "answer.csv").code == 0
    assert (amltui.home / "answer.csv").read_text().startswith("class,n\nsetosa,50\n")
    assert amltui("sql", "Iris", query, "-o", "answer.csv").code == 5
    assert amltui("sql", "Iris", query, "-o", "answer.xlsx").code == 0
    sheet = openpyxl.load_workbook(amltui.home / "answer.xlsx").active
    assert list(sheet.iter_rows(values_only=True))[:2] == [("class", "n"), ("setosa", 50)]
    assert not list(amltui.home.glob(".*.part"))


def test_a_mistake_in_sql_is_pointed_at(amltui):
    done = amltui("sql", "Iris", "select class frm data where")
    assert done.code == 2
    lines = done.err.splitlines()
    place = next(index for index, line in enumerate(lines) if line.strip() == "^")
    assert lines[place - 1].strip() == "select class frm data where"
    assert lines[place].index("^") == lines[place - 1].index("data")
    assert '"nonsense"' in amltui("sql", "Iris", "select nonsense from data").err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["head", "Iris", "-n", "0"], 2, "-n 0"),
        (["head", "Iris", "--json", "--format", "csv"], 2, "exclude each other"),
        (["head", "Iris", "--format", "xml"], 2, "csv"),
        (["stats", "Iris", "sepal_lenght"], 3, 'Did you mean "sepal_length"'),
        (["stats", "Iris", "99"], 3, "1 to 5"),
        (["stats", "Iris", "1", "--bins", "0"], 2, "--bins"),
        (["sql", "Iris", "drop table data"], 2, "Only SELECT"),
        (["sql", "Iris", "select 1; select 2"], 2, "one statement"),
        (["sql", "Iris", "select * from '/etc/passwd'"], 2, ""),
        (["sql", "Iris", "select 1", "-o", "x.xls"], 2, ".parquet"),
    ],
)
def test_wrong_questions_end_with_their_code(amltui, arguments, code, said):
    done = amltui(*arguments)
    assert (done.code, done.out) == (code, "")
    assert said in done.err


def test_bytes_of_another_format_are_named_and_shown_as_bytes(amltui):
    data = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n"
    put = ("put", "-", "--name", "page.csv", "--type", "GenericCSV")
    assert amltui.bytes(*put, data=data)[0] == 0
    for _ in range(2):
        done = amltui("head", "page.csv")
        assert done.code == 0
        assert "25 50 44 46" in done.out
        assert "These bytes are PDF, not GenericCSV." in done.err
    for command in (("stats", "page.csv"), ("sql", "page.csv", "select 1 from data")):
        done = amltui(*command)
        assert done.code != 0
        assert "These bytes are PDF, not GenericCSV" in done.err
        assert "Traceback" not in done.err


def test_compressed_rows_are_shown_asked_and_compared_as_their_text_is(amltui):
    text = b"a,b\n" + b"".join(b"%d,x%d\n" % (i, i % 3) for i in range(500))
    for name, data in (
        ("packed rows, plain.csv", text),
        ("packed rows, packed.csv", gzip.compress(text)),
    ):
        put = ("put", "-", "--name", name, "--type", "GenericCSV")
        assert amltui.bytes(*put, data=data)[0] == 0
    for command in (
        ("head",),
        ("stats",),
        ("sql", "select b, sum(a) from data group by b order by b"),
    ):
        name, *rest = command
        plain, packed = (
            amltui(name, of, *rest) for of in ("packed rows, plain.csv", "packed rows, packed.csv")
        )
        assert (packed.code, packed.out) == (0, plain.out)
    assert amltui("diff", "packed rows, plain.csv", "packed rows, packed.csv").code == 0


def test_of_a_compressed_content_that_is_cut_the_rows_before_are_shown_and_the_code_says_so(amltui):
    numbers = b"".join(b"%d,%d\n" % (i, i * i) for i in range(90_000))
    packed = gzip.compress(b"a,b\n" + numbers)[:-5_000]
    put = ("put", "-", "--name", "cut.csv", "--type", "GenericCSV")
    assert amltui.bytes(*put, data=packed)[0] == 0
    assert amltui("head", "cut.csv", "-n", "3").code == 0
    done = amltui("head", "cut.csv", "-n", "90000", "--json")
    assert done.code == 7
    assert 70_000 < done.json["row_count"] < 90_000
    assert done.json["complete"] is False
    assert "cut off" in done.err
    done = amltui("stats", "cut.csv")
    assert (done.code, done.out) == (7, "")
    assert "cut off" in done.err


def test_a_sheet_is_chosen_by_its_name(amltui, tmp_path):
    database = sqlite3.connect(tmp_path / "x.db")
    database.execute("create table one (a)")
    database.execute("create table two as select 7 as b")
    database.commit()
    database.close()
    assert amltui("put", str(tmp_path / "x.db"), "--name", "x.db").code == 0
    assert amltui("head", "x.db").out == "a\n"
    for _ in range(2):
        assert amltui("head", "x.db", "--sheet", "two").out == "b\n7\n"
        done = amltui("sql", "x.db", "select b + 1 as c from data", "--sheet", "two")
        assert done.out == "c\n8\n"
    assert amltui("head", "x.db", "--sheet", "two", "--remember").out == "b\n7\n"
    assert amltui("stats", "x.db").out.splitlines()[1].startswith("b\t")
    assert amltui("head", "x.db", "--remember").out == "a\n"
    assert amltui("head", "x.db").out == "a\n"
    done = amltui("stats", "x.db", "--sheet", "three")
    assert done.code == 3
    assert 'no table "three"' in done.err


def test_malformed_rows_are_counted_too_where_rows_are_read_by_their_index(amltui):
    rows = "".join(f"{number},{'y' * 90}\n" for number in range(60_000))
    data = "a,b\n1,2,3\n" + rows + "1\n"
    assert amltui("put", "-", "--name", "odd.csv", "--type", "GenericCSV", data=data).code == 0
    assert amltui("head", "odd.csv", "-n", "59000", "--json").json["malformed"] == 1
    assert amltui("head", "odd.csv", "-n", "70000", "--json").json["malformed"] == 2


def test_rows_from_any_place_are_printed_and_say_when_their_number_is_only_expected(amltui):
    line = b"%d,some text that makes the row a little longer,%d\n"
    data = b"id,text,n\n" + b"".join(line % (i, i * 7) for i in range(150_000))
    assert amltui.bytes("put", "-", "--name", "large.csv", data=data)[0] == 0
    amltui.environment["AMLTUI_FETCH_LIMIT"] = "1 MiB"
    tail = amltui("head", "large.csv", "--tail", "-n", "3", "--format", "csv")
    assert [line.split(",")[0] for line in tail.out.splitlines()] == [
        "id", "149997", "149998", "149999",
    ]  # fmt: skip
    assert "Rows near" in tail.err
    assert "fetched" in tail.err
    middle = amltui("head", "large.csv", "--offset", "70000", "-n", "1", "--json").json
    assert middle["estimated"] is True
    assert abs(int(middle["rows"][0][0]) - middle["offset"]) < 10_000
    start = amltui("head", "large.csv", "--offset", "100", "-n", "2", "--json").json
    assert (start["offset"], start["estimated"]) == (100, False)
    assert [row[0] for row in start["rows"]] == ["100", "101"]
    whole = amltui("head", "large.csv", "-n", "150000", "--json").json
    assert whole["row_count"] == 150_000
    exact = amltui("head", "large.csv", "--tail", "-n", "1", "--json").json
    assert (exact["offset"], exact["estimated"]) == (149_999, False)


def test_an_offset_below_nothing_or_with_tail_is_a_wrong_use(amltui, hostile):
    assert amltui("head", hostile, "--offset", "-1").code == 2
    assert amltui("head", hostile, "--offset", "1", "--tail").code == 2
    assert amltui("head", hostile, "--tail", "-n", "1").out.splitlines()[1:]


def test_statistics_of_one_column_of_parquet_elsewhere_fetch_that_column(amltui, tmp_path):
    count = 300_000
    columns = {
        "id": range(count),
        "half": [at / 2 for at in range(count)],
        "text": ["x" * 40] * count,
    }
    path = tmp_path / "large.parquet"
    pq.write_table(pa.table(columns), path, compression="none", use_dictionary=False)
    assert amltui("put", path, "--name", "large.parquet", "--type", "Dataset").code == 0
    one = amltui("stats", "large.parquet", "half", "--json")
    assert "requests; the footer counts 300,000 rows" in one.err
    fetched = float(one.err.split(" MiB")[0].split()[-1])
    assert fetched < 4  # of more than 16
    whole = amltui("stats", "large.parquet", "--json").json["columns"][1]
    assert {key: one.json[key] for key in whole} == whole
    assert amltui("stats", "large.parquet", "none").code == 3


@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_what_has_no_room_is_asked_of_the_first_rows_that_fit_and_the_exit_code_says_so(
    alone, tmp_path, compress
):
    alone.environment["AMLTUI_CACHE_QUOTA"] = "4 MB"
    data = "n\n" + "".join(f"{n:07}\n" for n in range(700_000))
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "large.csv").write_bytes(compress(data.encode()))
    query = ("sql", "large.csv", "select count(*), max(n) from data")
    done = alone("--at", str(folder), *query, "--json")
    assert done.code == 1
    [[count, largest]] = done.json["rows"]
    assert 50_000 < int(count) < 700_000
    assert int(largest) == int(count) - 1 == done.json["first_rows"] - 1
    assert f"{int(count):,} rows" in alone("--at", str(folder), *query).err
    found = alone("--at", str(folder), "stats", "large.csv", "n")
    assert found.code == 1
    assert f"first {int(count):,} rows" in found.err
    assert "do not fit" in found.err
    saved = alone("--at", str(folder), *query, "-o", str(tmp_path / "answer.csv"))
    assert saved.code == 1
    assert not (tmp_path / "answer.csv").exists()


def test_of_a_database_and_a_workbook_without_room_the_first_rows_answer(alone, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    rows = [(n, f"word {n}") for n in range(80_000)]
    with contextlib.closing(sqlite3.connect(folder / "words.sqlite")) as database, database:
        database.execute("create table words (n, word)")
        database.executemany("insert into words values (?, ?)", rows)
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("words")
    for row in [("n", "word"), *rows]:
        sheet.append(row)
    book.save(folder / "words.xlsx")
    alone.environment["AMLTUI_CACHE_QUOTA"] = "1 MB"
    for name in ("words.sqlite", "words.xlsx"):
        query = ("sql", name, "select count(*), max(n) from data", "--json")
        done = alone("--at", str(folder), *query)
        assert done.code == 1
        assert "do not fit" in done.err
        [[count, largest]] = done.json["rows"]
        assert 0 < int(count) == done.json["first_rows"] < 80_000
        assert int(largest) == int(count) - 1
