"""Versions of a dataset: listed, shown, restored, compared; rows as records and files."""

from __future__ import annotations

import json

import pytest

from amltui.services.session import open_session
from tests.tui.conftest import at_the_screen
from tests.tui.test_queries import ask, open_census, state


@pytest.fixture
async def prices(place, tmp_path):
    """A dataset of two versions, of which the second has other rows."""
    texts = (
        "id,name,price\n" + "".join(f"{n},item {n},{n}.50\n" for n in range(20)),
        "id,name,price\n" + "".join(f"{n},item {n},{n + (n == 7)}.50\n" for n in range(2, 23)),
    )
    async with open_session() as session:
        path = tmp_path / "prices.csv"
        path.write_text(texts[0])
        made = await session.upload(path, name="Prices", data_type_id="GenericCSV")
        path.write_text(texts[1])
        made = await session.update(made, path)
        yield made
        await session.edits.delete(made)


async def versions_open(user):
    await user.until(lambda: "Prices" in user.names)
    await user.choose("Prices")
    await user.until(lambda: user.main.preview.title == "Prices" and user.main.preview.rows)
    await user.press("V")
    await user.until(lambda: "Versions of Prices" in user.screen_text())


async def test_an_older_version_is_shown_and_not_changed(place, prices):
    async with at_the_screen() as user:
        await versions_open(user)
        assert "2" in user.screen_text()
        assert "latest" in user.screen_text()
        await user.press("j", "enter")
        await user.until(lambda: "Prices, version of" in user.main.preview.title)
        await user.until(lambda: user.main.preview.rows.row_count == 20)
        assert user.main.preview.rows.cell(0, 0) == "0"
        await user.press("r")
        await user.until(lambda: "versions never change" in user.notes)
        await user.press("1", "enter")
        await user.until(lambda: user.main.preview.title == "Prices")


async def test_who_made_a_version_is_the_person_of_the_token_and_not_the_client(place, prices):
    async with at_the_screen() as user:
        await versions_open(user)
        assert "primary" in user.screen_text()
        assert "· Python SDK" not in user.screen_text()
        await user.press("j", "enter")
        await user.until(lambda: "Prices, version of" in user.main.preview.title)
        await user.until(lambda: "by      primary" in user.screen_text())
        assert "owner   Python SDK" in user.screen_text()  # as the protocol has it


async def test_an_older_version_is_restored_and_that_is_undone(place, prices):
    async with at_the_screen() as user:
        await versions_open(user)
        await user.press("j", "r")
        await user.until(lambda: "is the latest again" in user.notes)
        await user.until(lambda: user.main.dataset.id != prices.id)
        await user.press("z")
        await user.until(lambda: "Undone" in user.notes)
        session = await user.main.session()
        found = await session.versions("Prices")
        assert len(found) == 4
        assert found[0].dataset.size == prices.size


async def test_two_versions_are_compared_in_words_and_row_by_row(place, prices):
    async with at_the_screen() as user:
        await versions_open(user)
        await user.press("c")
        await user.until(lambda: "3 added, 2 removed" in user.screen_text())
        await user.until(lambda: "esc shows the rows that differ" in user.screen_text())
        await user.press("escape")
        await user.until(lambda: "version 1 → 2: 3 added" in state(user))
        rows = user.main.preview.rows
        assert rows.row_count == 6
        assert "7.50 → 8.50" in {rows.cell(row, 3) for row in range(6)}
        await ask(user, "ampersand", "change=removed")
        await user.until(lambda: user.main.preview.rows.row_count == 2)
        await user.press("escape", "escape")
        await user.until(lambda: user.main.preview.rows.row_count == 21)


async def test_a_dataset_is_compared_with_another_that_is_chosen_by_name(place, prices):
    async with at_the_screen() as user:
        await versions_open(user)
        await user.press("escape", "colon")
        await user.type("compare with")
        await user.press("enter")
        await user.until(lambda: "Compare Prices with" in user.screen_text())
        await user.type("Iris")
        await user.press("enter")
        await user.until(lambda: "rows 150 → 21" in user.screen_text())
        await user.press("escape")


async def test_a_row_is_shown_as_a_record_and_the_next_one_after_it(place):
    async with at_the_screen() as user:
        await open_census(user)
        await user.press("o")
        await user.until(lambda: "┏━ Row 1 " in user.screen_text())
        text = user.screen_text()
        assert "native-country" in text
        assert "United-States" in text
        await user.press("right")
        await user.until(lambda: "┏━ Row 2 " in user.screen_text())
        assert "Self-emp-not-inc" in user.screen_text()
        await user.press("escape")
        assert user.main.preview.grid.has_focus


async def test_what_is_seen_is_exported_filtered_sorted_and_without_hidden_columns(place):
    async with at_the_screen() as user:
        await open_census(user)
        await ask(user, "ampersand", "age>88 & sex=Male & hours-per-week>60")
        await user.until(lambda: "& age>88" in state(user))
        count = user.main.preview.rows.row_count
        await user.press("l", "minus")
        await user.press("E")
        await user.until(lambda: "Export what is seen" in user.screen_text())
        assert "14 columns, without 1 hidden" in user.screen_text()
        user.main.focused.clear()
        await user.type("seen.txt")
        await user.press("enter")
        await user.until(lambda: "The ending of a file" in user.screen_text())
        user.main.focused.clear()
        await user.type("seen.jsonl")
        await user.press("enter")
        await user.until(lambda: f"Wrote {count:,} rows" in user.notes)
        lines = (place / "seen.jsonl").read_text().splitlines()
        assert len(lines) == count
        assert "workclass" not in json.loads(lines[0])
        assert json.loads(lines[0])["age"] > 88
        await user.press("E")
        await user.until(lambda: "Export what is seen" in user.screen_text())
        user.main.focused.clear()
        await user.type("seen.jsonl")
        await user.press("enter")
        await user.until(lambda: "there already" in user.screen_text())
        await user.press("k")
        await user.until((place / "seen-2.jsonl").exists)
