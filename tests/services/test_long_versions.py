"""A dataset with more versions than one page of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from amltui.errors import DatasetGone, NotFound, Unreachable
from amltui.models import Dataset
from amltui.services.versions import VersionList, find_by_key, pick
from amltui.workspaces.terms import VersionPage
from tests.support.memory_workspace import MemoryWorkspace

START = datetime(2026, 1, 1, tzinfo=UTC)
PAGE = 10


class LongWorkspace(MemoryWorkspace):
    """One dataset of 55 versions, one for each day, of which a page is given at a time."""

    named_by_key = True

    def __init__(self) -> None:
        super().__init__()
        self.given = 0
        self.fails_at = 0

    async def named(self, name):
        return Dataset("f:55", "f", "f", "") if name == "f" else None

    async def version_pages(self, key):
        if key != "f":
            raise DatasetGone("There is none", 404)
        made = [
            Dataset(f"f:{n}", "f", "f", "", created_date=START + n * timedelta(days=1))
            for n in range(55, 0, -1)
        ]
        for page in pages(made):
            self.given += 1
            if self.given == self.fails_at:
                raise Unreachable("The network is gone")
            yield VersionPage(tuple(page), more=page[-1].id != "f:1")


def pages(made):
    return [tuple(made[at : at + PAGE]) for at in range(0, len(made), PAGE)]


@pytest.mark.parametrize(
    ("which", "expected", "given"),
    [
        ("latest", "f:55", 1),
        (-1, "f:54", 1),
        ("-9", "f:46", 1),
        (-10, "f:45", 2),
        ("f:50", "f:50", 1),
        (START + timedelta(days=50, hours=1), "f:50", 1),
        ("2026-02-10", "f:40", 2),
        (2, "f:2", 6),
        (-54, "f:1", 6),
    ],
)
async def test_no_more_pages_are_read_than_it_takes_to_know_the_version(which, expected, given):
    workspace = LongWorkspace()
    assert (await VersionList(workspace, "f").pick(which, "f")).id == expected
    assert workspace.given == given


@pytest.mark.parametrize("which", [56, -55, "2025-01-01", "f:99"])
async def test_a_version_that_is_on_no_page_is_said_with_those_that_are(which):
    with pytest.raises(NotFound) as caught:
        await VersionList(LongWorkspace(), "f").pick(which, "f")
    assert "versions 1 to 55" in caught.value.hint


async def test_a_step_back_from_a_key_asks_for_one_page_and_no_list():
    workspace = LongWorkspace()
    assert (await find_by_key("f@-1", workspace)).id == "f:54"
    assert workspace.given == 1
    assert (await find_by_key("f@latest", workspace)).id == "f:55"
    assert await find_by_key("g@-1", workspace) is None
    assert workspace.given == 1


async def test_versions_have_numbers_once_all_are_read_and_steps_back_before():
    found = VersionList(LongWorkspace(), "f")
    assert [one.label for one in (await found.read())[:3]] == ["latest", "-1", "-2"]
    for one in found.versions[1:]:
        assert pick([each.dataset for each in found.versions], one.label, "f") == one.dataset
    last = ()
    while found.more:
        last = await found.read()
    assert (last[-1].label, found.versions[0].label, found.versions[-1].label) == ("-54", "55", "1")


async def test_after_a_page_that_did_not_come_the_next_are_read_and_none_twice():
    workspace = LongWorkspace()
    workspace.fails_at = 3
    found = VersionList(workspace, "f")
    await found.read()
    await found.read()
    with pytest.raises(Unreachable):
        await found.read()
    assert found.more
    while found.more:
        await found.read()
    assert [one.dataset.id for one in found.versions] == [f"f:{n}" for n in range(55, 0, -1)]
