"""Folders of a workspace as rows that open."""

import shutil

import pytest

from amltui.tui.app import AmltuiApp
from tests.tui.conftest import Driver


@pytest.fixture
async def user(place, tmp_path, monkeypatch):
    """The program on a folder of this disk, with folders in it."""
    for name in ("ENDPOINT", "WORKSPACE_ID", "TOKEN"):
        monkeypatch.delenv(f"AMLTUI_{name}")
    root = tmp_path / "lake"
    for name in ("raw/2024/a.csv", "raw/2024/b.csv", "raw/notes.csv", "top.csv"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"n\n{name}\n")
    app = AmltuiApp(root.as_uri())
    async with app.run_test(size=(120, 40)) as pilot:
        driver = Driver(app, pilot)
        await driver.until(lambda: driver.names)
        yield driver


def listed(user):
    """The lines of the list."""
    lines = [line[1:31].strip() for line in user.screen_text().split("\n")]
    return [line.split()[:2] for line in lines[2:8] if line]


async def test_a_folder_opens_and_escape_leads_back_to_it(user):
    assert user.names == ["raw/", "top.csv"]
    assert listed(user)[0] == ["/", "raw/"]
    await user.press("home", "enter")
    await user.until(
        lambda: user.names == ["", "raw/2024/", "raw/notes.csv"] or len(user.names) == 3
    )
    assert [line[-1] for line in listed(user)][:3] == ["../", "2024/", "notes.csv"]
    await user.press("j", "enter")
    await user.until(lambda: user.names[1:] == ["raw/2024/a.csv", "raw/2024/b.csv"])
    await user.press("j", "enter")
    await user.until(lambda: user.main.preview.title == "raw/2024/a.csv")
    await user.press("1", "escape")
    await user.until(lambda: user.main.datasets.list.row.name == "raw/2024/")
    await user.press("home", "enter")  # the way up
    await user.until(lambda: user.names == ["raw/", "top.csv"])
    assert user.main.datasets.list.row.name == "raw/"
    await user.press("d")
    await user.until(lambda: "No dataset is selected" in user.notes)


async def test_a_filter_finds_what_lies_deeper_and_its_folder_is_shown_behind_it(user):
    await user.press("slash")
    await user.type("b.csv")
    await user.until(lambda: user.names == ["raw/2024/b.csv"])
    await user.press("escape")
    await user.until(lambda: user.names[1:] == ["raw/2024/a.csv", "raw/2024/b.csv"])
    assert user.main.dataset.name == "raw/2024/b.csv"
    await user.press("backspace", "backspace")
    await user.until(lambda: user.names == ["raw/", "top.csv"])


async def test_the_files_of_a_folder_are_shown_as_one_table(user):
    await user.press("home", "t")
    await user.until(lambda: user.main.preview.title == "raw/")
    await user.until(lambda: "3 rows · complete" in user.screen_text())
    assert "raw/2024/b.csv" in user.screen_text()
    await user.press("1", "enter")
    await user.until(lambda: len(user.names) == 3)
    await user.press("end", "t")  # a file in a folder: the folder that is shown
    await user.until(lambda: user.main.preview.title == "raw/")


async def test_a_folder_whose_files_are_not_one_table_says_so(user, tmp_path):
    (tmp_path / "lake" / "raw" / "other.csv").write_text("a,b,c\n1,2,3\n")
    await user.press("R")
    await user.until(lambda: user.main.datasets.list.rows[0].count == 4)
    await user.press("home", "t")
    await user.until(lambda: "not one table" in user.notes)
    await user.press("end", "t")  # of no folder, so of all
    await user.until(lambda: "a folder of 5 files" in user.notes)


async def test_all_files_are_shown_as_one_table_where_their_names_speak_for_it(user, tmp_path):
    assert "all as one table" not in user.screen_text()
    await user.press("end", "t")  # where no row offers it
    await user.until(lambda: user.main.preview.title == "/")
    await user.until(lambda: "4 rows · complete" in user.screen_text())
    lake = tmp_path / "lake"
    shutil.rmtree(lake)
    for year in (2024, 2025):
        (lake / f"year={year}").mkdir(parents=True)
        (lake / f"year={year}" / "a.csv").write_text("n\n1\n2\n")
    (lake / "_SUCCESS").touch()
    await user.press("1", "R")
    await user.until(lambda: user.names == ["/", "year=2024/", "year=2025/", "_SUCCESS"])
    assert listed(user)[0] == ["≡", "all"]
    await user.press("home", "enter")
    await user.until(lambda: "4 rows · complete" in user.screen_text())
    assert "2025" in user.screen_text()
    await user.press("1", "j", "enter")
    await user.until(lambda: user.names == ["year=2024/", "year=2024/a.csv"])
