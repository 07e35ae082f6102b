"""An Azure ML v2 workspace by the command line, and that none of its secrets is left anywhere."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.cli.test_secrets import Watch, leaked, parts
from tests.support.azure import ADDRESS, GROUP, MANAGER, PATH, SUBSCRIPTION, WORKSPACE, error


@pytest.fixture
def azure(azure_cloud, alone):
    """The workspace, empty; `alone` finds it and is signed in."""
    alone.environment |= azure_cloud.environment
    found = azure_cloud.emptied()
    (alone.home / "sales.csv").write_text("a,b\n1,2\n3,4\n")
    return found


@pytest.fixture
def amltui(azure, alone):
    added = alone("profile", "add", "cloud", "--azure", PATH, "--cloud", MANAGER, "--use")
    assert added.code == 0, added.err
    return alone


@pytest.mark.parametrize("way", [PATH, ADDRESS, f"{SUBSCRIPTION}/{GROUP}/{WORKSPACE}", "deep/er"])
def test_a_workspace_becomes_a_profile_by_each_of_its_names(azure, alone, way):
    (alone.home / "deep" / "er").mkdir(parents=True)
    (alone.home / "deep" / ".azureml").mkdir()
    names = (SUBSCRIPTION, GROUP, WORKSPACE)
    keys = ("subscription_id", "resource_group", "workspace_name")
    settings = json.dumps(dict(zip(keys, names, strict=True)))
    (alone.home / "deep" / ".azureml" / "config.json").write_text(settings)
    added = alone("profile", "add", "cloud", "--azure", way, "--cloud", MANAGER)
    assert added.code == 0, added.err
    (listed,) = alone("profile", "list", "--json").json
    assert (listed["endpoint"], listed["token"]) == (ADDRESS, None)


def test_workspaces_of_the_account_are_listed(azure, alone):
    (found,) = alone("azure", "workspaces", "--cloud", MANAGER, "--json").json
    assert (found["name"], found["id"], found["region"]) == (WORKSPACE, PATH, "westeurope")


def test_wrong_words_are_refused(azure, alone):
    for words in (
        ("--azure", "/subscriptions/x"),
        ("--azure", PATH, "--cloud", "moon"),
        ("--azure", PATH, "--url", "/tmp"),
        ("--cloud", "china"),
    ):
        assert alone("profile", "add", "x", *words).code == 2, words
    assert alone("profile", "list", "--json").json == []


def test_a_file_goes_there_and_back_in_versions(amltui):
    assert amltui("put", "sales.csv", "--name", "sales", "--description", "By day").code == 0
    assert amltui("put", "sales.csv", "--name", "sales").code == 5
    (amltui.home / "sales.csv").write_text("a,b\n5,6\n")
    assert amltui("update", "sales", "sales.csv").code == 0
    shown = amltui("show", "sales", "--json").json
    assert (shown["id"], shown["data_type_id"], shown["size"]) == ("sales:2", "GenericCSV", 8)
    assert shown["description"] == "By day"
    assert amltui("get", "sales@1", "-o", "-").out == "a,b\n1,2\n3,4\n"
    assert amltui("sql", "sales", "select a from data", "--json").json["rows"] == [["5"]]
    assert amltui("restore", "sales@1").code == 0
    assert [one["id"] for one in amltui("versions", "sales", "--json").json] == [
        "sales:3", "sales:2", "sales:1",
    ]  # fmt: skip
    assert amltui("describe", "sales", "By night").code == 0
    assert amltui("ls", "--json").json[0]["description"] == "By night"
    refused = amltui("rename", "sales", "other")
    assert (refused.code, "cannot rename" in refused.err) == (1, True)


def test_one_of_5000_versions_is_shown_listed_and_fetched_without_reading_them_all(azure, amltui):
    amltui("put", "sales.csv", "--name", "sales")
    azure.add_many("many", azure.assets["sales"].versions[0].properties["dataUri"], 5_000)
    for words in (
        ("show", "many@-1"),
        ("head", "many@latest"),
        ("get", "many@-2", "-o", "-"),
        ("sql", "many@-3", "select count(*) from data"),
    ):
        azure.asked.clear()
        done = amltui(*words)
        assert done.code == 0, done.err
        assert azure.managed.count("GET /data/many/versions") <= 1, words
        assert "GET /data" not in azure.managed, words
        assert len(azure.managed) <= 10, words
    azure.asked.clear()
    listed = amltui("versions", "many", "--json").json
    assert [one["number"] for one in listed] == list(range(5_000, 0, -1))
    assert azure.managed.count("GET /data/many/versions") == 50


def test_a_folder_is_one_asset_where_it_has_a_name(amltui):
    (amltui.home / "days").mkdir()
    for day in (1, 2):
        (amltui.home / "days" / f"{day}.csv").write_text(f"a\n{day}\n")
    put = amltui("put", "days", "--name", "days", "--description", "By day", "--json")
    assert put.code == 0, put.err
    assert (put.json["id"], put.json["size"], put.json["description"]) == ("days:1", 6, "By day")
    assert amltui("get", "days", "-o", "-").out == "a\n1\n2\n"
    assert amltui("put", "days", "--name", "days").code == 5
    (amltui.home / "days" / "3.csv").write_text("a\n3\n")
    assert amltui("update", "days", "days").code == 0
    assert amltui("get", "days", "-o", "-").out == "a\n1\n2\n3\n"
    assert amltui("show", "days", "--json").json["description"] == "By day"
    assert amltui("put", "days", "--name", "x", "--type", "GenericCSV").code == 2
    refused = amltui("--profile", "local", "put", "days", "--name", "days")
    assert (refused.code, "is one file" in refused.err) == (1, True)
    (amltui.home / "empty").mkdir()
    assert amltui("put", "empty", "--name", "empty").code == 2
    assert amltui("put", "days", "--prefix", "each-").code == 0
    assert {"each-1.csv", "days"} <= {one["name"] for one in amltui("ls", "--json").json}


def test_a_folder_of_parquet_files_is_asked_as_one_table(amltui):
    (amltui.home / "p").mkdir()
    for number in range(3):
        table = pa.table({"a": range(number * 1000, number * 1000 + 1000)})
        pq.write_table(table, amltui.home / "p" / f"{number}.parquet", row_group_size=300)
    assert amltui("put", "p", "--name", "p").code == 0
    asked = amltui("sql", "p", "select count(*), sum(a::int) from data", "--json")
    assert asked.json["rows"] == [["3000", str(sum(range(3000)))]]
    assert amltui("head", "p", "-n", "2", "--json").json["rows"] == [["0"], ["1"]]
    assert "3 files" in amltui("show", "p").out


def test_a_version_is_given_tags_and_loses_them(amltui):
    amltui("put", "sales.csv", "--name", "sales")
    tagged = amltui("azure", "tag", "sales", "team=x", "checked=a=b", "--json").json
    assert tagged["tags"] == {"checked": "a=b", "team": "x"}
    assert amltui("azure", "tag", "sales:1", "team=").code == 0
    assert amltui("show", "sales", "--json").json["tags"] == {"checked": "a=b"}
    assert amltui("azure", "tag", "sales", "team").code == 2
    assert amltui("azure", "tag", "sales").code == 2


def test_what_is_removed_is_archived_and_comes_back(amltui):
    amltui("put", "sales.csv", "--name", "sales")
    assert "Archived" in amltui("rm", "sales", "--yes").err
    assert amltui("ls", "--json").json == []
    assert [one["name"] for one in amltui("azure", "archived", "--json").json] == ["sales"]
    assert "amltui azure restore sales" in amltui("put", "sales.csv", "--name", "sales").err
    assert amltui("azure", "restore", "sales").code == 0
    assert [one["name"] for one in amltui("ls", "--json").json] == ["sales"]
    assert amltui("azure", "archive", "sales:1").code == 0


@pytest.mark.parametrize("form", ["tsv", "csv", "names0", "table"])
def test_the_first_of_5000_assets_are_printed_after_two_requests(azure, amltui, form):
    for number in range(5_000):
        azure.add(f"asset-{number:04}", "https://example.org/x.csv")
    azure.stall_after(2)
    listing = amltui.start("ls", "--format", form, stdout=subprocess.PIPE)
    try:
        first = b""
        while b"asset-0199" not in first:
            piece = listing.stdout.read1(20_000)
            assert piece, first
            first += piece
        assert b"asset-0200" not in first
        assert azure.listed <= 3  # the third is under way
    finally:
        azure.stalled.set()
    whole = first + listing.communicate(timeout=60)[0]
    assert listing.returncode == 0
    names = re.findall(rb"asset-\d{4}", whole)
    assert names == [b"asset-%04d" % number for number in range(5_000)]
    assert whole.count(b"NAME") + whole.count(b"name") == (form in {"csv", "table"})
    assert len(amltui("ls", "--json").json) == 5_000


def test_one_asset_of_many_is_found_without_the_list(azure, amltui):
    for number in range(200):
        azure.add(f"asset-{number:04}", "https://example.org/x.csv")
    amltui("put", "sales.csv", "--name", "sales")
    amltui("update", "sales", "sales.csv")
    before = azure.listed
    for name in ("sales", "sales:1", "sales@1", "sales@-1", "sales@latest"):
        assert amltui("head", name).code == 0
    assert azure.listed == before
    missing = amltui("head", "salse")
    assert (missing.code, '"sales"' in missing.err) == (3, True)


def test_snippets_name_the_workspace_and_the_version(amltui):
    amltui("put", "sales.csv", "--name", "sales")
    for kind in ("amltui", "azureml", "pandas", "cli", "az"):
        code = amltui("snippet", "sales", "--for", kind).out
        assert "sales" in code
        if kind in {"azureml", "pandas"}:
            assert f"'{WORKSPACE}'" in code
            compile(code, kind, "exec")
    assert (
        "az ml data show --name sales --version 1" in amltui("snippet", "sales", "--for", "az").out
    )
    assert amltui("--profile", "local", "snippet", "Iris", "--for", "az").code == 2


@pytest.mark.slow  # each command runs three times
def test_no_secret_is_left_anywhere_whatever_fails(azure, amltui):
    (amltui.home / "days").mkdir()
    (amltui.home / "days" / "1.csv").write_text("a\n1\n")
    key, secret = azure.secrets["key"], amltui.environment["AZURE_CLIENT_SECRET"]
    told = []
    bad = {
        "well": lambda _: None,
        "refused": lambda asked: error(403, "AuthorizationFailed", said(asked)),
        "failing": lambda asked: error(400, "UserError", said(asked)),
    }

    def said(asked):
        return f"{asked.token} AccountKey={key}; Authorization: Bearer {asked.token}"

    commands = [
        ("put", "sales.csv", "--name", "sales"), ("put", "days", "--name", "days"),
        ("update", "days", "days"), ("ls",), ("show", "sales"), ("head", "sales"),
        ("get", "sales", "-o", "-"), ("update", "sales", "sales.csv"), ("versions", "sales"),
        ("restore", "sales@1"), ("describe", "sales", "x"), ("rm", "sales", "--yes"),
        ("azure", "archived"), ("azure", "restore", "sales"), ("snippet", "sales"), ("doctor",),
        ("profile", "test", "cloud"), ("azure", "workspaces", "--cloud", MANAGER),
    ]  # fmt: skip
    with Watch([key[:20]]) as watch:
        for name, rule in bad.items():
            azure.rule = (
                rule
                if name == "well"
                else lambda asked, rule=rule: None if "oauth2" in asked.path else rule(asked)
            )
            for command in commands:
                done = amltui(*command, "--debug")
                assert "This should not happen" not in done.err, (command, done.err)
                told.append(done.out + done.err)
    assert watch.found == set()
    hidden = [*parts(key), *parts(secret)]
    hidden += [token[40:70] for token in azure.tokens if len(token) > 70]
    for text in told:
        assert not leaked(text, hidden), leaked(text, hidden)
    seen = 0
    for path in Path(amltui.home).rglob("*"):
        if path.is_file() and not path.is_symlink():
            seen += 1
            text = path.read_bytes().decode("utf-8", "replace")
            assert not leaked(text, hidden), (path, leaked(text, hidden))
    assert seen > 5
