"""Commands on a folder of this disk, by `--at` and by a profile."""

from __future__ import annotations

import asyncio
import os

import obstore
import pytest
from obstore.store import S3Store

from amltui.tables import HEAD
from tests.cli.terminal import Terminal
from tests.support.proxy import fault_proxy

ROWS = "id,city\n1,Oslo\n2,Rome\n"


@pytest.fixture
def folder(alone):
    """A folder beside the home, and a workspace's address that nothing answers."""
    alone.environment["AMLTUI_ENDPOINT"] = "http://127.0.0.1:9/"
    root = alone.home / "results"
    (root / "deep").mkdir(parents=True)
    (root / "a.csv").write_text(ROWS)
    (root / "deep/b.tsv").write_text(ROWS.replace(",", "\t"))
    return alone


def test_files_are_listed_read_and_asked_where_they_lie(folder):
    assert [one["name"] for one in folder("--at", "results", "ls", "--json").json] == [
        "a.csv",
        "deep/b.tsv",
    ]
    assert folder("head", "deep/b.tsv", "--at", "results").out == ROWS.replace(",", "\t")
    asked = folder("sql", "a.csv", "select max(id) m from data", "--at", "./results")
    assert asked.out == "m\n2\n"
    assert folder("get", "a.csv", "--at=results", "-o", "-").out == ROWS
    assert folder("get", "deep/b.tsv", "--at", "results").code == 0
    assert (folder.home / "deep_b.tsv").read_text() == ROWS.replace(",", "\t")
    assert folder("show", "none.csv", "--at", "results").code == 3


def test_one_level_is_listed_with_its_folders_as_rows(folder):
    assert folder("ls", "--at", "results", "--folder", "/", "--columns", "name,type").out == (
        "deep/\tfolder\na.csv\tGenericCSV\n"
    )
    below = folder("ls", "--at", "results", "--folder", "deep", "--json").json
    assert [one["name"] for one in below] == ["deep/b.tsv"]
    assert folder("ls", "--at", "results", "--folder", "none").code == 3
    assert folder("ls", "--at", "results", "--folder", "/", "--offline").code == 2


def test_one_file_is_a_folder_of_one(folder):
    listed = folder("ls", "--at", "results/a.csv", "--json").json
    assert [one["name"] for one in listed] == ["a.csv"]
    assert folder("show", "deep/b.tsv", "--at", "results/a.csv").code == 3


def test_open_is_found_in_the_help_and_says_where_it_needs_a_terminal(folder):
    assert "open: " in folder("--help").out
    assert "amltui open data/ flights.csv" in folder("open", "--help").out
    done = folder("open", "results")
    assert (done.code, done.out) == (2, "")
    assert "needs a terminal" in done.err
    assert "amltui --at PLACE ls" in folder("open", "results", "--json").err


def test_open_of_what_is_not_there_says_so_and_shows_nothing(folder):
    terminal = Terminal(folder, "open", "results/none.csv")
    terminal.wait_for(b"There is no results/none.csv")
    terminal.end()
    assert terminal.process.returncode == 3
    assert b"Datasets" not in terminal.seen


def test_several_files_and_folders_open_as_one_list_and_what_is_not_there_is_said(folder):
    terminal = Terminal(folder, "open", "results/a.csv", "none.csv", "results/deep")
    terminal.wait_for(b"There is no ")
    terminal.wait_for(b"none.csv")
    terminal.type(b"q")
    terminal.end()
    assert terminal.process.returncode == 0
    assert b"deep/" in terminal.seen
    assert b"2 places" not in terminal.seen
    assert b"3 places" in terminal.seen


def test_what_is_piped_in_is_shown_while_it_comes_and_keys_come_from_the_terminal(folder):
    end, start = os.pipe()
    terminal = Terminal(folder, "open", "-", stdin=end)
    os.close(end)
    with os.fdopen(start, "wb", buffering=0) as writer:
        writer.write(b"id,city\n1,Oslo\n2,Ro")
        terminal.wait_for(b"standard input")
        terminal.wait_for(b"Oslo")
        terminal.type(b"q")
        terminal.end()
        assert terminal.process.returncode == 0
        with pytest.raises(BrokenPipeError):
            writer.write(b"me\n")
    assert list(folder.home.rglob("content")) == []


def test_the_screen_is_written_again_once_all_of_a_pipe_is_here(folder):
    """The program that piped it in may have written over it, as `curl` does."""
    end, start = os.pipe()
    terminal = Terminal(folder, "open", "-", stdin=end)
    os.close(end)
    with os.fdopen(start, "wb", buffering=0) as writer:
        writer.write(b"id,city\n1,Oslo\n2,Ro")
        terminal.wait_for(b"Oslo")
        writer.write(b"me\n")
    terminal.wait_for(b"standard input")  # at the top, where nothing has changed
    terminal.type(b"q")
    terminal.end()


def test_open_of_standard_input_says_what_it_needs(folder):
    terminal = Terminal(folder, "open", "-")
    terminal.wait_for(b"Nothing is piped into amltui")
    terminal.end()
    assert terminal.process.returncode == 2
    done = folder("open", "-", data=ROWS)
    assert (done.code, done.out) == (2, "")
    assert "needs a terminal" in done.err


def test_open_of_several_of_which_none_is_there_says_each(folder):
    terminal = Terminal(folder, "open", "results/none.csv", "./other.csv")
    terminal.wait_for(b"results/none.csv")
    terminal.wait_for(b"other.csv")
    terminal.end()
    assert terminal.process.returncode == 3
    assert b"Datasets" not in terminal.seen
    assert folder("open").code == 2
    assert "ftp" in folder("open", "results/a.csv", "ftp://x/y").err


def test_open_reads_texts_as_it_is_told(folder):
    (folder.home / "results" / "a.csv").write_text("x;y\n1,5;two words\n")
    told = ("--delimiter", ";", "--decimal", ",")
    terminal = Terminal(folder, "open", "results/a.csv", *told)
    terminal.wait_for(b"separated by ;, decimal comma")
    terminal.wait_for(b"two words")
    terminal.type(b"q")
    terminal.end()
    assert terminal.process.returncode == 0


def test_a_folder_that_was_named_for_one_command_is_only_read(folder):
    for words in (["put", "results/a.csv", "--name", "c.csv"], ["rename", "a.csv", "c.csv"],
                  ["rm", "a.csv", "--yes"], ["describe", "a.csv", "x"]):  # fmt: skip
        done = folder(*words, "--at", "results")
        assert (done.code, "reading only" in done.err) == (1, True), words
    assert sorted(one.name for one in (folder.home / "results").iterdir()) == ["a.csv", "deep"]


def test_a_profile_that_says_so_may_write(folder):
    assert folder("profile", "add", "res", "--url", "results", "--write").code == 0
    here = ("--profile", "res")
    assert folder("put", "results/a.csv", "--name", "new/c.csv", *here).code == 0
    root = folder.home / "results"
    assert (root / "new/c.csv").read_text() == ROWS
    assert folder("put", "results/a.csv", "--name", "new/c.csv", *here).code == 5
    assert folder("update", "new/c.csv", "results/deep/b.tsv", *here).code == 0
    assert (root / "new/c.csv").read_text() == ROWS.replace(",", "\t")
    assert folder("rename", "new/c.csv", "d.csv", *here).code == 0
    assert folder("describe", "d.csv", "by city", *here).code == 0
    assert folder("show", "d.csv", "--json", *here).json["description"] == "by city"
    assert folder("rm", "d.csv", "--yes", *here).code == 0
    assert sorted(one.name for one in root.rglob("*") if one.is_file()) == ["a.csv", "b.tsv"]
    (listed,) = folder("profile", "list", "--json").json
    assert listed["endpoint"] == root.as_uri()


def test_what_is_no_folder_is_said(folder):
    assert folder("ls", "--at", "nothing-here").code == 3
    assert folder("ls", "--at", "ftp://x/").code == 2
    assert folder("ls", "--at", "results", "--profile", "x").code == 2
    assert folder("versions", "a.csv", "--at", "results").code == 1


def test_a_bucket_is_read_like_a_folder(folder, moto):
    folder.environment |= moto.environment
    url = moto.new_container()
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    options = {
        "endpoint": moto.endpoint,
        "access_key_id": "anybody",
        "secret_access_key": "no secret",
        "region": "us-east-1",
    }
    store = S3Store(bucket, prefix=prefix, client_options={"allow_http": True}, **options)
    obstore.put(store, "in/a.csv", ROWS.encode())
    assert [one["name"] for one in folder("ls", "--at", url, "--json").json] == ["in/a.csv"]
    assert folder("head", "in/a.csv", "--at", url).out == ROWS.replace(",", "\t")
    assert folder("get", "in/a.csv", "--at", url, "-o", "-").out == ROWS
    assert folder("put", "results/a.csv", "--name", "b.csv", "--at", url).code == 1
    assert folder("ls", "--at", "s3://nobody:secret@x/").code == 2


def test_a_folder_of_one_table_is_read_by_its_name(alone):
    days = alone.home / "data" / "days"
    days.mkdir(parents=True)
    for number in (1, 2, 3):
        (days / f"{number}.csv").write_text(f"a\n{number}\n")
    at = ("--at", str(alone.home / "data"))
    assert alone(*at, "head", "days/", "--json").json["rows"] == [["1"], ["2"], ["3"]]
    asked = alone(*at, "sql", "days/", "select sum(a::int) from data", "--json")
    assert asked.json["rows"] == [["6"]]
    assert "3 files" in alone(*at, "show", "days/").out
    assert alone(*at, "get", "days/", "-o", "-").out == "a\n1\n2\n3\n"
    (days / "4.txt").write_text("x\n")
    refused = alone(*at, "head", "days/")
    assert (refused.code, "not one table" in refused.err) == (1, True)
    (alone.home / "to").mkdir()
    assert alone("cp", str(days), "to/").code == 0
    assert len(list((alone.home / "to").iterdir())) == 4


async def test_first_rows_of_a_large_object_take_three_requests_and_fetch_one_block(folder, moto):
    url = moto.new_container()
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    options = {"endpoint": moto.endpoint, "skip_signature": True, "region": "us-east-1"}
    store = S3Store(bucket, prefix=prefix, client_options={"allow_http": True}, **options)
    rows = b"".join(b"%d,%s\n" % (row, b"x" * 90) for row in range(60_000))
    obstore.put(store, "large.csv", b"id,text\n" + rows)
    folder.environment |= moto.environment
    async with fault_proxy(int(moto.endpoint.rpartition(":")[2])) as proxy:
        folder.environment["AWS_ENDPOINT"] = proxy.endpoint.rstrip("/")
        done = await asyncio.to_thread(folder, "--at", url, "head", "large.csv", "-n", "2")
        assert done.out == f"id\ttext\n0\t{'x' * 90}\n1\t{'x' * 90}\n"
        # The object and what is noted of it, asked for together; then the block.
        asked = [(one.method, one.headers.get("range")) for one in proxy.requests]
        assert sorted(asked[:2]) == [("GET", None), ("HEAD", None)]
        assert asked[2:] == [("GET", f"bytes=0-{HEAD - 1}")]
        # More rows than that block holds are all that is missing.
        more = await asyncio.to_thread(folder, "--at", url, "head", "large.csv", "-n", "50000")
        assert more.out.splitlines()[-1].startswith("49999\t")


def test_what_the_folders_of_a_table_say_is_asked_about_at_every_door(alone):
    for year in (2023, 2024):
        place = alone.home / "data" / "days" / f"year={year}"
        place.mkdir(parents=True)
        (place / "a.csv").write_text("a\n1\n2\n")
    at = ("--at", str(alone.home / "data"))
    rows = [["2023", "1"], ["2023", "2"], ["2024", "1"], ["2024", "2"]]
    assert alone(*at, "head", "days/", "--json").json["rows"] == rows
    asked = alone(*at, "sql", "days/", "select sum(year + a) from data where year = 2024", "--json")
    assert asked.json["rows"] == [["4051"]]
    assert alone(*at, "stats", "days/", "--json").json["columns"][0]["type"] == "int"
    assert alone(*at, "get", "days/", "-o", "-").out.startswith("year,a\n2023,1\n")
    assert alone(*at, "diff", "days/", "days/").code == 0
