"""Old versions of a dataset are deleted by their number and age."""

from __future__ import annotations

import uuid

import pytest


@pytest.fixture
def sales(amltui):
    """A dataset of four versions, by name."""
    name = f"versions {uuid.uuid4().hex}"
    for number in range(4):
        (amltui.home / "v.csv").write_text(f"id\n{number}\n")
        words = ("update", name, "v.csv") if number else ("put", "v.csv", "--name", name)
        assert amltui(*words).code == 0
    return name


def contents(amltui, name):
    return [
        amltui("head", one["id"], "--format", "csv").out.splitlines()[1]
        for one in amltui("versions", name, "--json").json
    ]


def test_the_newest_stay_and_a_dry_run_deletes_nothing(amltui, sales):
    dry = amltui("versions", sales, "--prune", "--keep", "2", "--dry-run", "--json")
    assert [one["number"] for one in dry.json] == [2, 1]
    assert "2 versions would be deleted" in dry.err
    assert contents(amltui, sales) == ["3", "2", "1", "0"]
    done = amltui("versions", sales, "--prune", "--keep", "2", "--yes")
    assert (done.code, len(done.out.splitlines())) == (0, 2)
    assert contents(amltui, sales) == ["3", "2"]
    assert amltui("versions", sales, "--prune", "--keep", "2", "--yes").out == ""


def test_what_is_young_enough_stays_and_so_does_the_latest_always(amltui, sales):
    prune = ("versions", sales, "--prune", "--yes", "--older-than")
    assert amltui(*prune, "90d").out == ""
    assert amltui(*prune, "tomorrow", "--keep", "3").code == 0
    assert contents(amltui, sales) == ["3", "2", "1"]
    assert amltui(*prune, "tomorrow").code == 0
    assert contents(amltui, sales) == ["3"]


@pytest.mark.parametrize(
    "words",
    [
        ["--prune"],
        ["--keep", "2"],
        ["--prune", "--keep", "0"],
        ["--prune", "--older-than", "soon"],
        ["--dry-run"],
        ["--prune", "--keep", "1"],  # nobody agreed
    ],
)
def test_deleting_needs_a_number_or_an_age_and_a_yes(amltui, sales, words):
    assert amltui("versions", sales, *words).code == 2
    assert len(contents(amltui, sales)) == 4


def test_examples_keep_their_versions(amltui):
    assert amltui("versions", "Iris", "--prune", "--keep", "1", "--yes").out == ""
