"""Datasets copied to another workspace from the program."""

from __future__ import annotations

import dataclasses

import pytest

from amltui.config.profiles import Profile, save
from amltui.tui.dialogs.copies import CopiesScreen
from amltui.tui.widgets.palette import Palette
from tests.tui.conftest import at_the_screen
from tests.tui.test_marks import fruits, mark, marked
from tests.tui.test_transfers import SLOW, large, states

__all__ = ["fruits", "large"]


@pytest.fixture
def lake(place, tmp_path):
    folder = tmp_path / "lake"
    folder.mkdir()
    save(Profile("waters", folder.as_uri(), write=True), None)
    return folder


async def copy_to(user, words):
    await user.press("y")
    await user.until(lambda: "to another workspace" in user.screen_text())
    await user.press("w")
    await user.until(lambda: user.main.query_one(Palette).display)
    await user.type(words)
    await user.press("enter")
    await user.until(lambda: list(user.main.query(CopiesScreen)))


async def test_the_marked_are_copied_and_what_is_there_is_left_unless_one_says_replace(
    lake, fruits
):
    (lake / "pears.csv").write_text("mine")
    async with at_the_screen((80, 24)) as user:
        await mark(user, "apples", "pears")
        await copy_to(user, "waters")
        await user.until(lambda: "1 of these names is taken there" in user.screen_text())
        text = user.screen_text()
        assert "Copy 2 datasets to waters" in text
        assert "+  apples" in text
        assert "!  pears" in text
        await user.press("enter")
        await user.until(lambda: "Copied 1 dataset to waters." in user.notes)
        assert "apples" in (lake / "apples.csv").read_text()
        assert (lake / "pears.csv").read_text() == "mine"
        assert not marked(user)
        assert any("apples" in row.name for row in user.main.transfers.rows)
        await mark(user, "apples", "pears", "plums")
        await copy_to(user, "waters")
        await user.until(lambda: "2 of these names are taken there" in user.screen_text())
        await user.press("o")
        await user.until(lambda: "Copied 3 datasets to waters." in user.notes)
        assert "pears" in (lake / "pears.csv").read_text()
        await user.press("w", "c")
        await user.until(lambda: not user.main.transfers.rows)


async def test_one_dataset_goes_to_a_folder_that_is_typed(place, fruits, tmp_path):
    (tmp_path / "pond").mkdir()
    async with at_the_screen() as user:
        await user.choose("plums")
        await user.press("colon")
        await user.type("copy to another workspace")
        await user.press("enter")
        await user.until(lambda: "Copy 1 dataset to" in user.screen_text())
        await user.type("that you type")
        await user.press("enter")
        await user.until(lambda: "A folder of this disk" in user.screen_text())
        await user.type(str(tmp_path / "pond"))
        await user.press("enter")
        await user.until(lambda: "Description, type and tags go along." in user.screen_text())
        await user.press("enter")
        await user.until(lambda: "Copied 1 dataset to " in user.notes)
        assert "plums" in (tmp_path / "pond" / "plums.csv").read_text()


async def test_the_workspace_that_is_open_is_not_offered_to_copy_to(lake, monkeypatch):
    for name in ("ENDPOINT", "WORKSPACE_ID", "TOKEN"):
        monkeypatch.delenv(f"AMLTUI_{name}")
    async with at_the_screen() as user:
        await user.press("y")
        await user.until(lambda: "to another workspace" in user.screen_text())
        await user.press("w")
        await user.until(lambda: user.main.query_one(Palette).display)
        await user.until(lambda: "waters" in user.screen_text())
        assert user.screen_text().count("local workspace") == 1  # in the header


async def test_a_workspace_that_can_only_be_read_is_said_and_nothing_is_copied(lake, fruits):
    save(Profile("ice", lake.as_uri()), None)
    async with at_the_screen() as user:
        await user.choose("plums")
        await copy_to(user, "ice")
        await user.until(lambda: "read" in user.main.query_one(".problem").content)
        assert "Asking what is there" not in user.screen_text()
        await user.press("enter", "o", "escape")
        await user.until(lambda: not list(user.main.query(CopiesScreen)))
        assert not list(lake.iterdir())


async def test_one_that_fails_is_told_and_keeps_no_other_from_being_copied(lake, fruits):
    async with at_the_screen() as user:
        await mark(user, "apples", "plums")
        await copy_to(user, "waters")
        await user.until(lambda: "go along" in user.screen_text())
        (lake / "apples.csv").write_text("meanwhile")
        await user.press("enter")
        await user.until(lambda: "Copied 1 of 2 datasets to waters" in user.notes)
        assert "apples was not copied: " in user.notes
        assert (lake / "apples.csv").read_text() == "meanwhile"
        assert (lake / "plums.csv").exists()


async def test_a_copy_that_was_stopped_is_said_and_goes_on_when_it_is_asked_again(lake, large):
    async with at_the_screen(options=SLOW) as user:
        await user.choose(large.name)
        await copy_to(user, "waters")
        await user.until(lambda: "go along" in user.screen_text())
        await user.press("enter")
        await user.until(lambda: "running" in states(user)[:1] and len(states(user)) > 1)
        await user.until(lambda: user.main.transfers.rows[0].done)
        await user.press("q")
        await user.until(lambda: "Transfers are running" in user.screen_text())
        await user.press("n", "w", "end", "x")
        await user.until(lambda: "Copied 0 of 1 dataset to waters" in user.notes)
        assert not list(lake.iterdir())
        assert not user.main.transfers.rows
    quick = dataclasses.replace(SLOW, rate_limit=None)
    async with at_the_screen(options=quick) as user:
        await user.choose(large.name)
        await copy_to(user, "waters")
        await user.until(lambda: "go along" in user.screen_text())
        await user.press("enter")
        await user.until(lambda: "Copied 1 dataset to waters." in user.notes)
        assert [one.stat().st_size for one in lake.iterdir()] == [large.size]


async def test_a_copy_goes_on_by_itself_at_the_next_start(lake, large):
    async with at_the_screen(options=SLOW) as user:
        await user.choose(large.name)
        await copy_to(user, "waters")
        await user.until(lambda: "go along" in user.screen_text())
        await user.press("enter")
        await user.until(lambda: "running" in states(user)[:1] and len(states(user)) > 1)
        await user.until(lambda: user.main.transfers.rows[0].done)
        assert not list(lake.iterdir())
    quick = dataclasses.replace(SLOW, rate_limit=None)
    async with at_the_screen(options=quick) as user:
        await user.until(lambda: "Copied 1 dataset to waters." in user.notes)
        assert f"Going on with the copy of {large.name} to waters" in user.notes
        assert [one.stat().st_size for one in lake.iterdir()] == [large.size]
    async with at_the_screen(options=quick) as user:
        await user.choose(large.name)
        assert "Going on" not in user.notes
