"""Files that are looked at without a workspace, uploaded to one from there."""

from __future__ import annotations

import pytest

from amltui.config.connection_values import several_address
from amltui.config.profiles import Profile, save
from amltui.tui.dialogs.copies import CopiesScreen
from amltui.tui.dialogs.upload import UploadScreen
from amltui.tui.widgets.palette import Palette
from tests.tui.conftest import at_the_screen


@pytest.fixture
def lake(place, tmp_path):
    folder = tmp_path / "lake"
    folder.mkdir()
    save(Profile("waters", folder.as_uri(), write=True), None)
    return folder


@pytest.fixture
def shown(place, tmp_path):
    """The address of two files that have one name."""
    for year in ("2024", "2025"):
        (tmp_path / year).mkdir()
        (tmp_path / year / "sales.csv").write_text(f"year,sold\n{year},10\n")
    return several_address([str(tmp_path / year / "sales.csv") for year in ("2024", "2025")])


async def go_to(user, name):
    await user.press("home")
    if name.endswith("(2025).csv"):
        await user.press("down")
    await user.until(lambda: user.main.dataset is not None and user.main.dataset.name == name)


async def upload_to(user, words):
    await user.press("u")
    await user.until(lambda: user.main.query_one(Palette).display)
    await user.type(words)
    await user.press("enter")


async def test_a_file_goes_to_the_workspace_that_is_chosen_by_the_upload_dialog(lake, shown):
    async with at_the_screen((80, 24), profile=shown) as user:
        await go_to(user, "sales (2025).csv")
        await upload_to(user, "waters")
        await user.until(lambda: list(user.main.query(UploadScreen)))
        await user.until(lambda: "2025  10" in user.screen_text())
        text = user.screen_text()
        assert "Upload to waters" in text
        assert "sales (2025).csv" in text
        assert "GenericCSV, guessed" in text
        await user.press("ctrl+s")
        await user.until(lambda: "Uploaded sales (2025).csv to waters." in user.notes)
        assert (lake / "sales (2025).csv").read_text() == "year,sold\n2025,10\n"
        assert any("sales (2025).csv" in row.name for row in user.main.transfers.rows)


async def test_a_name_that_is_taken_there_is_said_before_anything_is_sent(lake, shown):
    (lake / "sales (2024).csv").write_text("mine")
    async with at_the_screen(profile=shown) as user:
        await go_to(user, "sales (2024).csv")
        await upload_to(user, "waters")
        await user.until(lambda: "is there already" in user.screen_text())
        await user.press("ctrl+s")
        assert list(user.main.query(UploadScreen))
        await user.press("end", "2", "ctrl+s")
        await user.until(lambda: "Uploaded" in user.notes)
    assert (lake / "sales (2024).csv").read_text() == "mine"
    assert (lake / "sales (2024).csv2").read_text() == "year,sold\n2024,10\n"


async def test_a_workspace_that_cannot_be_written_says_so_before_the_dialog(lake, shown):
    save(Profile("ice", lake.as_uri()), None)
    async with at_the_screen(profile=shown) as user:
        await go_to(user, "sales (2024).csv")
        await upload_to(user, "ice")
        await user.until(lambda: "reading only" in user.notes)
        assert not list(user.main.query(UploadScreen))
        assert not list(lake.iterdir())


async def test_marked_files_go_together(lake, shown):
    async with at_the_screen(profile=shown) as user:
        await go_to(user, "sales (2024).csv")
        await user.press("asterisk")
        await upload_to(user, "waters")
        await user.until(lambda: list(user.main.query(CopiesScreen)))
        await user.until(lambda: "go along" in user.screen_text())
        await user.press("enter")
        await user.until(lambda: "Copied 2 datasets to waters." in user.notes)
    assert sorted(one.name for one in lake.iterdir()) == ["sales (2024).csv", "sales (2025).csv"]
