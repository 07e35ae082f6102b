"""From a Studio (classic) workspace to Azure ML v2 and back, with all that both can keep."""

from __future__ import annotations

import pytest

from tests.support.azure import MANAGER, PATH

NAME = "Adult Census Income"
CONTENTS = ["a,b\n1,2\n", "a,b\n3,4\n", "a,b\n5,6\n"]


@pytest.fixture
def both(azure_cloud, amltui):
    """A server's workspace, which is in force, and the profile `cloud`."""
    amltui.environment |= azure_cloud.environment
    amltui.azure = azure_cloud.emptied()
    added = amltui("profile", "add", "cloud", "--azure", PATH, "--cloud", MANAGER)
    assert added.code == 0, added.err
    return amltui


def put(amltui, name, contents, **about):
    options = [f"--{key}={value}" for key, value in about.items()]
    for number, text in enumerate(contents):
        (amltui.home / "x.csv").write_text(text)
        words = ("update", name, "x.csv") if number else ("put", "x.csv", "--name", name, *options)
        done = amltui(*words)
        assert done.code == 0, done.err


def contents(amltui, where, name):
    versions = (
        amltui("--profile", where, "versions", name, "--json").json
        if where
        else amltui("versions", name, "--json").json
    )
    at = ("--profile", where) if where else ()
    return [amltui(*at, "get", one["id"], "-o", "-").out for one in reversed(versions)]


def test_datasets_move_with_name_description_type_and_versions_and_come_back(both, tmp_path):
    name = f"{NAME} {tmp_path.name}"
    there = name.replace(" ", "-")
    put(both, name, CONTENTS, description="By hand", type="GenericCSVNoHeader")
    planned = both("cp", "--versions", "--dry-run", f":{name}", "cloud:", "--json").json
    assert [(one["to"], one["versions"]) for one in planned] == [(there, 3)]
    assert both.azure.assets == {}
    (moved,) = both("cp", "--versions", f":{name}", "cloud:", "--json").json
    assert (moved["to"], moved["id"], moved["versions"]) == (there, f"{there}:3", 3)
    assert contents(both, "cloud", there) == CONTENTS
    shown = both("--profile", "cloud", "show", there, "--json").json
    assert (shown["description"], shown["data_type_id"]) == ("By hand", "GenericCSVNoHeader")
    for version in both.azure.assets[there].versions:
        assert version.properties["tags"] == {
            "amltui.name": name, "amltui.type": "GenericCSVNoHeader",
        }  # fmt: skip
    assert both("rm", name, "--yes").code == 0
    both.azure.assets[there].versions[-1].properties["tags"]["team"] = "x"
    both.azure.assets[there].versions[0].properties["tags"]["stage"] = "raw"
    back = both("cp", "--versions", f"cloud:{there}", ":", "--json")
    assert back.code == 0, back.err
    (row,) = back.json
    assert (row["to"], row["not_kept"]["tag team"]) == (name, "x")
    assert "Not kept of" in back.err
    assert "tag team x" in back.err
    assert row["not_kept"][f"tag stage of {there}:1"] == "raw"
    assert f"tag stage of {there}:1 raw" in back.err
    assert contents(both, "", name) == CONTENTS
    shown = both("show", name, "--json").json
    assert (shown["description"], shown["data_type_id"]) == ("By hand", "GenericCSVNoHeader")


def test_a_move_that_was_cut_adds_the_versions_that_are_not_there(both, tmp_path):
    name = f"sales-{tmp_path.name}"
    put(both, name, CONTENTS[:1])
    assert both("cp", "--versions", f":{name}", "cloud:").code == 0
    (both.home / "x.csv").write_text(CONTENTS[1])
    both("update", name, "x.csv")
    (more,) = both("cp", "--versions", f":{name}", "cloud:", "--json").json
    assert (more["versions"], more["id"]) == (1, f"{name}:2")
    (none,) = both("cp", "--versions", f":{name}", "cloud:", "--json").json
    assert (none["versions"], none["way"]) == (0, "none")
    (both.home / "x.csv").write_text("another")
    assert both("--profile", "cloud", "update", name, "x.csv").code == 0
    assert both("cp", "--versions", f":{name}", "cloud:").code == 5
    assert contents(both, "cloud", name) == [*CONTENTS[:2], "another"]
    (both.home / "to").mkdir()
    refused = both("cp", "--versions", f":{name}", "to/")
    assert (refused.code, "version" in refused.err) == (1, True)


def test_what_has_no_place_is_said_and_what_is_broken_fails_alone(both, tmp_path):
    azure = both.azure
    both.home.joinpath("days").mkdir()
    for day in ("a", "b"):
        both.home.joinpath("days", f"{day}.csv").write_text(f"{day}\n1\n")
    for words in (
        ("put", "days", "--name", f"mixed-{tmp_path.name}"),
        ("put", "days/a.csv", "--name", f"good-{tmp_path.name}"),
        ("put", "days/a.csv", "--name", f"old-{tmp_path.name}"),
        ("rm", f"old-{tmp_path.name}", "--yes"),
    ):
        assert both("--profile", "cloud", *words).code == 0
    azure.add(f"gone-{tmp_path.name}", azure.path("never/there.csv"))
    done = both("cp", "cloud:", ":", "--json")
    rows = {row["from"].partition("-")[0]: row for row in done.json}
    assert {name: row["way"] for name, row in rows.items()} == {
        "mixed": "failed", "good": "machine", "gone": "failed",
    }  # fmt: skip
    assert "not one table" in rows["mixed"]["error"]
    assert done.code in {1, 3}
    assert "1 archived of cloud are left out" in done.err
    assert rows["good"]["not_kept"]["owner"] == "Ada Example"
