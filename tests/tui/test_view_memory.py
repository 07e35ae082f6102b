"""What is remembered of how datasets were looked at."""

import asyncio
import json

from amltui.config import paths
from amltui.tables.rows import Column
from amltui.tui import view_memory
from amltui.tui.view_memory import ColumnView, DatasetView, ViewMemory
from tests.tui.conftest import at_the_screen
from tests.tui.test_queries import CENSUS, ask, open_census, state


async def test_widths_hidden_and_frozen_columns_the_order_and_the_dataset_come_back(place):
    async with at_the_screen() as user:
        await user.choose("Iris")
        await user.press("enter")
        await user.until(lambda: "150 rows · complete" in state(user))
        await user.press("greater_than_sign", "l", "minus", "h", "f", "right_square_bracket")
        await user.until(lambda: "▼ sepal_length" in state(user))
        width = user.main.preview.grid.chosen_widths[0]
        await user.press("q")
        await user.until(lambda: not user.app.is_running)
    async with at_the_screen() as user:
        await user.until(lambda: user.main.dataset.name == "Iris")
        await user.until(lambda: "▼ sepal_length" in state(user))
        grid = user.main.preview.grid
        assert grid.chosen_widths == {0: width}
        assert (grid.hidden_columns, grid.fixed_columns) == ({1}, 1)
        # The other keys take it back for the next time.
        await user.press("2", "right_square_bracket", "underscore", "f", "equals_sign")
        await user.until(lambda: state(user) == "150 rows · complete")
        await user.press("q")
        await user.until(lambda: not user.app.is_running)
    kept = json.loads((paths.data_dir() / "views.json").read_text())
    assert [one.get("views", {}) for one in kept.values()] == [{}]


async def test_hidden_columns_are_hidden_still_behind_an_sql_result(place):
    async with at_the_screen() as user:
        await open_census(user)
        await user.press("l", "minus")
        await user.until(lambda: "1 hidden" in user.screen_text())
        await ask(user, "s", "select count(*) as n from data")
        await user.until(lambda: user.main.preview.rows.columns[0].name == "n")
        assert "hidden" not in user.screen_text()
        await user.press("escape")
        await user.until(lambda: "1 hidden" in user.screen_text())
        assert user.main.preview.title == CENSUS


def test_only_columns_that_are_still_there_are_given_back():
    view = DatasetView(
        (ColumnView(0, "a", 9), ColumnView(1, "b", hidden=True), ColumnView(7, "c", 5)),
        frozen=3,
        sort=(1, "b", True),
    )
    fitting = view.fitting([Column("a", "int"), Column("other", "int")])
    assert fitting == DatasetView((ColumnView(0, "a", 9),))


async def test_two_programs_that_note_at_once_lose_nothing_and_the_file_stays_small(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("AMLTUI_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(view_memory, "VIEWS", 30)

    async def program(number):
        memory = ViewMemory()
        await memory.load("workspace")
        for one in range(10):
            assert memory.note_view(f"{number}-{one}", DatasetView(frozen=1))
            await asyncio.to_thread(memory.write)

    await asyncio.gather(*(program(number) for number in range(3)))
    again = ViewMemory()
    await again.load("workspace")
    known = [again.view(f"{number}-{one}").frozen for number in range(3) for one in range(10)]
    assert known == [1] * 30
    assert again.note_view("one more", DatasetView(frozen=2))
    again.write()
    kept = json.loads((tmp_path / "views.json").read_text())["workspace"]["views"]
    assert len(kept) == 30
    assert kept["one more"] == {"frozen": 2}


async def test_a_damaged_file_is_as_none(tmp_path, monkeypatch):
    monkeypatch.setenv("AMLTUI_DATA_DIR", str(tmp_path))
    (tmp_path / "views.json").write_text('{"workspace": {"at": 3}}')
    memory = ViewMemory()
    await memory.load("workspace")
    assert memory.at == ""
    assert memory.note_at("x")
    memory.write()
    assert json.loads((tmp_path / "views.json").read_text())["workspace"]["at"] == "x"
