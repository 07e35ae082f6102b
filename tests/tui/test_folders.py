"""Folders of a workspace as rows that open."""

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
