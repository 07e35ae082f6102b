"""Commands that take several names."""

from __future__ import annotations

import json
import os
import time

import pytest


def test_a_folder_is_put_got_and_deleted_by_a_pattern_and_the_same_command_goes_on(amltui):
    folder = amltui.home / "data" / "sub"
    folder.mkdir(parents=True)
    (folder / "y.csv").write_bytes(b"a\n1\n")
    (folder.parent / "x.csv").write_bytes(b"a\n2\n")
    assert amltui("put", "data", "--prefix", "several/").code == 0
    assert amltui("put", "data", "--prefix", "several/").code == 5
    again = amltui("put", "data", "--prefix", "several/", "--exists", "skip", "--json")
    assert [json.loads(line)["kept"] for line in again.out.splitlines()] == [True, True]

    got = amltui("get", "several/*", "nobody here", "-d", "out", "--layout", "tree")
    assert got.code == 3
    assert sorted(got.out.split()) == ["out/several/sub/y.csv", "out/several/x.csv"]
    assert (amltui.home / "out/several/x.csv").read_bytes() == b"a\n2\n"
    assert "2 were there already" in amltui("get", "several/*", "-d", "out", "--layout", "tree").err

    assert amltui("rm", "several/*").code == 2
    assert amltui("rm", "several/*", "--yes").code == 0
    assert amltui("show", "several/*").code == 3


def test_two_datasets_never_go_to_one_file(amltui):
    (amltui.home / "a.csv").write_bytes(b"a\n1\n")
    assert amltui("put", "a.csv", "--name", "Case same").code == 0
    assert amltui("ls").code == 0
    second = amltui("put", "a.csv", "--name", "case same")
    assert second.code == 0
    assert '"Case same", whose name differs by capitals only' in second.err
    paths = amltui("get", "?ase same", "-d", "both").out.splitlines()
    assert len({path.casefold() for path in paths}) == 2


@pytest.mark.parametrize("kind", ["server", "folder", "bucket"])
def test_put_leaves_what_holds_the_same_bytes_and_updates_what_does_not(amltui, kind, request):
    home = amltui.home
    at = ()
    if kind == "folder":
        (home / "kept").mkdir()
        assert amltui("profile", "add", "there", "--url", home / "kept", "--write").code == 0
        at = ("--profile", "there")
    if kind == "bucket":
        moto = request.getfixturevalue("moto")
        amltui.environment |= moto.environment
        assert amltui("profile", "add", "there", "--url", moto.new_container(), "--write").code == 0
        at = ("--profile", "there")
    (home / "new").mkdir()
    for name in ("one.csv", "two.csv"):
        (home / "new" / name).write_bytes(b"a\n1\n")
    put = ("put", "new", "--prefix", f"same-{kind}-", "--exists", "update", "--json", *at)
    assert amltui(*put).code == 0
    (home / "new/two.csv").write_bytes(b"a\n2\n")  # as many bytes
    again = amltui(*put)
    assert again.code == 0
    kept = {line["name"]: line["kept"] for line in map(json.loads, again.out.splitlines())}
    assert kept == {f"same-{kind}-one.csv": True, f"same-{kind}-two.csv": False}
    got = amltui("get", f"same-{kind}-two.csv", "-o", "-", *at)
    assert got.out == "a\n2\n"


def test_of_a_folder_with_another_in_it_that_cannot_be_read_nothing_is_put(amltui):
    folder = amltui.home / "half"
    folder.mkdir()
    (folder / "a.csv").write_bytes(b"a\n1\n")
    below = os.open(folder, os.O_RDONLY)
    for _ in range(20):  # deeper than any path can be long: so for an administrator too
        os.mkdir("d" * 250, dir_fd=below)
        above, below = below, os.open("d" * 250, os.O_RDONLY, dir_fd=below)
        os.close(above)
    os.close(below)
    refused = amltui("put", "half", "--prefix", "half/")
    assert (refused.code, "Could not read the folder" in refused.err) == (1, True), refused.err
    assert amltui("show", "half/a.csv").code == 3


def test_one_file_takes_a_name_also_with_exists(amltui):
    (amltui.home / "n.csv").write_bytes(b"a\n1\n")
    put = ("put", "n.csv", "--name", "named once", "--exists")
    assert amltui(*put, "update").code == 0
    assert amltui(*put, "skip").code == 0
    (amltui.home / "n.csv").write_bytes(b"a\n2\n")
    assert amltui(*put, "update").code == 0
    assert amltui("get", "named once", "-o", "-").out == "a\n2\n"
    assert len(amltui("versions", "named once", "--json").json) == 2
    refused = amltui("put", "n.csv", "n.csv", "--name", "named once", "--exists", "update")
    assert (refused.code, "--name is for one file" in refused.err) == (2, True)
    refused = amltui(*put, "update", "--convert")
    assert (refused.code, "--exists" in refused.err) == (2, True)
    refused = amltui("put", "-", "--name", "named once", "--exists", "update", data="a\n")
    assert (refused.code, "--exists" in refused.err) == (2, True)


def test_put_of_what_exists_gives_it_the_type_and_the_description_that_were_said(amltui):
    (amltui.home / "t.csv").write_bytes(b"a\n1\n")
    put = ("put", "t.csv", "--prefix", "said ", "--exists", "update")
    assert amltui(*put, "-d", "first").code == 0
    assert amltui(*put, "--type", "GenericCSVNoHeader", "-d", "second").code == 0
    shown = amltui("show", "said t.csv", "--json").json
    assert (shown["data_type_id"], shown["description"]) == ("GenericCSVNoHeader", "second")
    (amltui.home / "t.csv").write_bytes(b"a\n2\n")
    assert amltui(*put).code == 0
    shown = amltui("show", "said t.csv", "--json").json
    assert (shown["data_type_id"], shown["description"]) == ("GenericCSVNoHeader", "second")


def test_get_replaces_a_file_that_was_changed_here_and_kept_its_size(amltui):
    (amltui.home / "a.csv").write_bytes(b"a\n1\n")
    assert amltui("put", "a.csv", "--name", "changed here").code == 0
    assert amltui("get", "changed here", "-d", "out").code == 0
    (amltui.home / "out/changed here.csv").write_bytes(b"a\n9\n")
    assert amltui("get", "changed here", "-d", "out").code == 5
    assert amltui("get", "changed here", "-d", "out", "--force").code == 0
    assert (amltui.home / "out/changed here.csv").read_bytes() == b"a\n1\n"
    again = amltui("get", "changed here", "-d", "out", "--json")
    assert (again.json["kept"], again.json["checked"]) == (True, "sha256")


def test_names_are_regular_expressions_where_that_is_said(amltui):
    (amltui.home / "a.csv").write_bytes(b"a\n1\n")
    names = {"regex a1", "regex a22", "regex b1"}
    for name in names:
        assert amltui("put", "a.csv", "--name", name).code == 0
    shown = amltui("show", r"regex a\d+", "--regex", "--json").out.splitlines()
    assert {json.loads(line)["name"] for line in shown} == names - {"regex b1"}
    assert amltui("show", "regex a", "--regex").code == 3, "a whole name must fit"
    wrong = amltui("rm", "regex (", "--regex", "--yes")
    assert wrong.code == 2
    assert "is no regular expression" in wrong.err
    (amltui.home / "into").mkdir()
    assert amltui("cp", r":regex [ab]1", "into/", "--regex", "--jobs", "2").code == 0
    assert {path.name for path in (amltui.home / "into").iterdir()} >= {
        "regex a1.csv", "regex b1.csv"
    }  # fmt: skip
    assert amltui("get", "regex a1").code == 0
    assert amltui("cache", "pin", "regex .*", "--regex").code == 0
    assert amltui("rm", "regex .*", "--regex", "--yes").code == 0


def test_places_to_copy_stand_in_a_file(amltui):
    (amltui.home / "to").mkdir()
    (amltui.home / "a.csv").write_bytes(b"a\n1\n")
    (amltui.home / "b.csv").write_bytes(b"a\n2\n")
    (amltui.home / "names").write_text("a.csv\nb.csv\n")
    done = amltui("cp", "--from-file", "names", "to/", "--json")
    assert [one["to"] for one in done.json] == ["a.csv", "b.csv"]
    assert (amltui.home / "to/b.csv").read_bytes() == b"a\n2\n"


def test_a_rate_is_kept_and_what_is_none_is_refused(amltui):
    (amltui.home / "300k.bin").write_bytes(bytes(300 << 10))
    for wrong in ("fast", "0", "-1K", "3T"):
        assert amltui("put", "300k.bin", f"--limit-rate={wrong}").code == 2
    for command in (("put", "300k.bin", "--name", "slow"), ("get", "slow")):
        begun = time.monotonic()
        assert amltui(*command, "--limit-rate", "200K").code == 0
        # What goes first waits for nothing.
        assert time.monotonic() - begun > 0.8
