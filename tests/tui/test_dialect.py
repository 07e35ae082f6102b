"""Saying in the terminal program how a text is written."""

from __future__ import annotations

from textual.widgets import Input, Static

from amltui.services.session import open_session
from tests.tui.conftest import at_the_screen


async def put(place, name, data):
    """A dataset that was promised to be commas."""
    path = place / f"{name}.csv"
    path.write_bytes(data)
    async with open_session() as session:
        await session.upload(path, name=name, data_type_id="GenericCSV")


async def test_a_first_row_that_is_cut_says_so(place):
    await put(place, "Long", b"number,Self-emp-not-inc\n1,Married-civ-spouse\n")
    async with at_the_screen() as user:
        await user.choose("Long")
        await user.press("enter", "X")
        await user.until(lambda: "How Long is written" in user.screen_text())
        shown = user.dialog.query_one("#first-rows", Static)
        await user.until(lambda: "Married-civ-s…" in str(shown.content))
        assert "Self-emp-not-…" in str(shown.content)


async def test_another_dialect_is_offered_tried_applied_remembered_and_taken_back(place):
    await put(place, "Semicolons", b"day;rain\n2024-01-01;1,5\n2024-01-02;0,25\n2024-01-03;12,5\n")
    async with at_the_screen() as user:
        await user.choose("Semicolons")
        await user.press("enter")
        await user.until(lambda: "press X: looks separated by ;" in user.screen_text())
        await user.press("X")
        await user.until(lambda: "How Semicolons is written" in user.screen_text())
        await user.press("ctrl+o")
        await user.until(lambda: user.main.query_one("#delimiter", Input).value == ";")
        await user.until(lambda: "0.25" in user.screen_text())
        await user.press("ctrl+s")
        grid = user.main.preview
        await user.until(
            lambda: grid.rows and [c.name for c in grid.rows.columns] == ["day", "rain"]
        )
        assert grid.rows.window(0, 1, [0, 1]) == [["2024-01-01"], ["1.5"]]
    async with at_the_screen() as user:  # it is remembered
        await user.choose("Semicolons")
        await user.press("enter")
        grid = user.main.preview
        await user.until(
            lambda: grid.rows and [c.name for c in grid.rows.columns] == ["day", "rain"]
        )
        await user.press("X")
        await user.until(lambda: "How Semicolons is written" in user.screen_text())
        await user.press("ctrl+r", "ctrl+s")
        await user.until(
            lambda: grid.rows and [c.name for c in grid.rows.columns] != ["day", "rain"]
        )


async def test_what_cannot_be_a_dialect_is_said_and_changes_nothing(place):
    await put(place, "Plain commas", b"a,b\n1,2\n3,4\n")
    async with at_the_screen() as user:
        await user.choose("Plain commas")
        await user.press("enter")
        await user.until(lambda: user.main.preview.rows is not None)
        await user.press("X")
        await user.until(lambda: "How Plain commas is written" in user.screen_text())
        user.main.query_one("#delimiter", Input).value = "ab"
        await user.until(lambda: "cannot be the delimiter" in user.screen_text())
        await user.press("ctrl+s")
        assert user.dialog.display
        await user.press("escape")
        await user.until(lambda: "is written" not in user.screen_text())
        assert [column.name for column in user.main.preview.rows.columns] == ["a", "b"]
