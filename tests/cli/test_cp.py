"""Copies between a server's workspace, folders of this disk, and object stores."""

from __future__ import annotations

import os
import tomllib

import obstore
import pytest
from obstore.store import S3Store

ROWS = "id,city\n1,Oslo\n2,Rome\n"


@pytest.fixture
def place(amltui):
    """Two folders, and a dataset with a description and a type that no file name says."""
    for name in ("from", "to"):
        (amltui.home / name).mkdir()
    (amltui.home / "from/a.csv").write_text(ROWS)
    (amltui.home / "from/deep").mkdir()
    (amltui.home / "from/deep/b.txt").write_text("x\n")
    name = f"cp {os.urandom(4).hex()}"
    source = amltui.home / "x.csv"
    source.write_text(ROWS)
    put = amltui("put", "x.csv", "--name", name, "--type", "GenericCSVNoHeader", "-d", "said")
    assert put.code == 0
    amltui.dataset = name
    return amltui


@pytest.fixture
def stores(place, moto):
    """Profiles `one` and `two` in one bucket, and obstore's view of it."""
    place.environment |= moto.environment
    url = moto.new_container()
    for name in ("one", "two"):
        assert place("profile", "add", name, "--url", f"{url}/{name}", "--write").code == 0
    store = S3Store(
        url.split("/")[2],
        prefix="prefix",
        endpoint=moto.endpoint,
        access_key_id="anybody",
        secret_access_key="no secret",
        region="us-east-1",
        client_options={"allow_http": True},
    )
    return place, store


def names(where):
    return sorted(str(p.relative_to(where)) for p in where.rglob("*") if p.is_file())


def test_a_dataset_comes_to_a_folder_and_back_with_description_and_type(place):
    assert place("cp", f":{place.dataset}", "to/").code == 0
    file = f"{place.dataset}.csv"
    assert (place.home / "to" / file).read_text() == ROWS
    noted = tomllib.loads((place.home / "to/.amltui.toml").read_text())["files"][file]
    assert noted == {"description": "said", "type": "GenericCSVNoHeader"}
    back = f"{place.dataset} back"
    copied = place("cp", f"to/{file}", f":{back}", "--json")
    assert copied.code == 0
    (row,) = copied.json
    assert (row["to"], row["size"], row["way"]) == (back, len(ROWS), "machine")
    shown = place("show", back, "--json").json
    assert (shown["description"], shown["data_type_id"]) == ("said", "GenericCSVNoHeader")
    place("rm", back, "--yes")


def test_a_taken_name_is_a_conflict_and_force_makes_a_version(place):
    assert place("cp", "from/a.csv", f":{place.dataset}").code == 5
    assert place("cp", "from/a.csv", f":{place.dataset}", "--force").code == 0
    assert len(place("versions", place.dataset, "--json").json) == 2
    first = place("cp", f":{place.dataset}@1", "to/one.csv")
    assert first.code == 0
    assert (place.home / "to/one.csv").read_text() == ROWS


def test_a_whole_folder_is_copied_and_a_dry_run_changes_nothing(place):
    planned = place("cp", "from/", "to/", "--dry-run", "--json")
    assert [row["to"] for row in planned.json] == ["a.csv", "deep/b.txt"]
    assert names(place.home / "to") == []
    assert place("cp", "from/", "to/").code == 0
    assert names(place.home / "to") == ["a.csv", "deep/b.txt"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["from/none.csv", "to/"], 3),
        ([":none", "to/"], 3),
        (["nobody:x", "to/"], 2),
        (["from/a.csv"], 2),
        (["from/", "to/one.csv"], 2),
        (["from/a.csv", "gone/x.csv"], 2),
        (["", "to/"], 2),
        (["from/a.csv", "x.csv", ":a:b"], 2),
        (["from/a.csv", "s3://bucket/"], 1),
    ],
)
def test_what_cannot_be_copied_says_so_by_its_exit_code(place, words, code):
    place.environment |= {"AWS_ENDPOINT": "http://127.0.0.1:9", "AWS_ACCESS_KEY_ID": "nobody"}
    place.environment["AWS_SECRET_ACCESS_KEY"] = "nothing"
    done = place("cp", *words)
    assert done.code == code, done.err
    assert done.err
    assert names(place.home / "to") == []


def test_sync_copies_what_differs_and_deletes_only_when_told(place):
    (place.home / "to/old.csv").write_text("old")
    assert place("sync", "to/", "./from/").code == 0
    assert names(place.home / "to") == ["a.csv", "deep/b.txt", "old.csv"]
    again = place("sync", "to/", "./from/", "--json").json
    assert {row["way"] for row in again} == {"none"}
    other = ROWS.replace("Oslo", "Lima")
    (place.home / "from/a.csv").write_text(other)  # of the same size
    os.utime(place.home / "from/a.csv", (1, 1))
    ways = {
        by: place("sync", "to/", "./from/a.csv", "--by", by, "--dry-run", "--json").json[0]["way"]
        for by in ("size", "time", "hash")
    }
    assert ways == {"size": "none", "time": "none", "hash": "machine"}
    assert place("sync", "to/", "./from/", "--by", "hash").code == 0
    assert (place.home / "to/a.csv").read_text() == other
    assert place("sync", "to/", "./from/", "--delete").code == 2
    assert place("sync", "to/", "./from/", "--delete", "--yes").code == 0
    assert names(place.home / "to") == ["a.csv", "deep/b.txt"]
    assert place("sync", "to/", place.dataset, "--by", "age").code == 2


@pytest.mark.parametrize(("command", "code"), [("cp", 2), ("sync", 2)])
def test_a_name_that_the_target_cannot_have_fails_alone_and_is_named(place, command, code):
    (place.home / "from/a*b.csv").write_text(ROWS)
    (place.home / "to/old.csv").write_text("old")
    words = ("from/", "to/") if command == "cp" else ("to/", "./from/", "--delete", "--yes")
    done = place(command, *words, "--json")
    assert (done.code, names(place.home / "to")) == (code, ["a.csv", "deep/b.txt", "old.csv"])
    assert '"a*b.csv": A file\'s name cannot hold *' in done.err
    ways = {row["from"]: (row["way"], row.get("exit_code")) for row in done.json}
    assert ways == {
        "a*b.csv": ("failed", code),
        "a.csv": ("machine", None),
        "deep/b.txt": ("machine", None),
    }
    assert place("cp", "from/", "to/", "--force", "--dry-run").code == code


def test_sync_of_a_list_with_a_gap_says_so_and_deletes_nothing(place):
    assert place("sync", "to/", "./from/").code == 0
    (place.home / "from/deep/b.txt").unlink()
    unreadable = os.fsencode(place.home / "from/deep") + b"/\xff.txt"
    with open(unreadable, "wb"):  # noqa: PTH123  a name that is no text
        pass
    done = place("sync", "to/", "./from/", "--delete", "--yes")
    assert (done.code, names(place.home / "to")) == (1, ["a.csv", "deep/b.txt"])
    assert "1 of 2 entries of the list could not be read" in done.err
    assert "Nothing was deleted" in done.err
    for words in (("get", "*", "-d", "got", "--at", "from"), ("stats", "*", "--at", "from")):
        assert "1 of 2 entries of the list could not be read" in place(*words).err
    assert "could not be read" not in place("get", "a.csv", "-o", "-", "--at", "from").err
    os.unlink(unreadable)  # noqa: PTH108
    assert place("sync", "to/", "./from/", "--delete", "--yes").code == 0
    assert names(place.home / "to") == ["a.csv"]


def test_between_folders_of_one_store_no_byte_passes_here(stores):
    amltui, store = stores
    assert amltui("cp", "from/a.csv", "one:in/ü 1.csv").code == 0
    assert amltui("describe", "in/ü 1.csv", "said", "--profile", "one").code == 0
    copied = amltui("cp", "one:", "two:", "--json")
    assert [(row["to"], row["way"]) for row in copied.json] == [("in/ü 1.csv", "store")]
    assert bytes(obstore.get(store, "two/in/ü 1.csv").bytes()) == ROWS.encode()
    shown = amltui("show", "in/ü 1.csv", "--profile", "two", "--json").json
    assert shown["description"] == "said"
    assert amltui("cp", "one:", "two:").code == 5


def test_a_dataset_goes_to_a_store_and_an_object_comes_back(stores):
    amltui, store = stores
    assert amltui("cp", f":{amltui.dataset}", "two:x/").code == 0
    key = f"two/x/{amltui.dataset}.csv"
    assert bytes(obstore.get(store, key).bytes()) == ROWS.encode()
    back = f"{amltui.dataset} back"
    assert amltui("cp", f"two:x/{amltui.dataset}.csv", f":{back}").code == 0
    shown = amltui("show", back, "--json").json
    assert (shown["description"], shown["data_type_id"]) == ("said", "GenericCSVNoHeader")
    amltui("rm", back, "--yes")


def test_no_credential_of_a_store_is_kept_or_said(stores):
    amltui, _ = stores
    secret = "very-secret-key-0123456789"
    amltui.environment["AWS_SECRET_ACCESS_KEY"] = secret
    amltui.environment["AWS_SESSION_TOKEN"] = token = "session-token-9876543210"
    said = [
        amltui("--debug", "cp", "from/", "one:"),
        amltui("--debug", "ls", "--profile", "one", "--json"),
        amltui("--debug", "head", "a.csv", "--profile", "one"),
        amltui("--debug", "show", "none", "--profile", "one"),
        amltui("doctor", "--profile", "one"),
        amltui("profile", "test", "one"),
    ]
    amltui.environment["AWS_ENDPOINT"] = "http://127.0.0.1:9"
    said.append(amltui("--debug", "put", "x.csv", "--profile", "one"))
    assert [done.code for done in said[:3]] == [0, 0, 0]
    for done in said:
        for word in (secret, token):
            assert word not in done.out + done.err
    kept = [path for path in amltui.home.rglob("*") if path.is_file()]
    assert kept
    for path in kept:
        data = path.read_bytes()
        assert secret.encode() not in data, path
        assert token.encode() not in data, path
