"""Commands that take several names."""

from __future__ import annotations

import json


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
    for name in ("Case same", "case same"):
        assert amltui("put", "a.csv", "--name", name).code == 0
    paths = amltui("get", "?ase same", "-d", "both").out.splitlines()
    assert len({path.casefold() for path in paths}) == 2
