"""The settings in the program, and the file that they are in."""

from __future__ import annotations

import pytest

from amltui.config.profiles import Profile, save
from amltui.tui import theme as themes
from amltui.tui.app import AmltuiApp
from amltui.tui.dialogs.settings import SettingsScreen
from amltui.tui.pace import PACE
from amltui.tui.widgets.choices import Choices
from tests.tui.conftest import Driver, at_the_screen


@pytest.fixture
def file(place, tmp_path):
    path = tmp_path / "config" / "config.toml"
    path.parent.mkdir()
    return path


async def open_settings(user):
    await user.press("O")
    await user.until(lambda: user.main.query_one(SettingsScreen).query(Choices).first().has_focus)


async def go_to(user, key):
    await user.press("home")
    lines = user.main.query_one(SettingsScreen).query(Choices).first()
    while lines.current.id != key:
        await user.press("down")


async def test_a_theme_is_chosen_and_the_program_has_it_at_once(file):
    file.write_text('# mine\nsomething = "new"\n')
    async with at_the_screen((80, 24)) as user:
        await open_settings(user)
        text = user.screen_text()
        assert "Not known here, and kept: something" in text
        assert "colours of the terminal program" in text
        await go_to(user, "theme")
        assert "Not set, it is: dark" in user.screen_text()
        await user.press("enter")
        await user.until(lambda: "the terminal's own 16 colours" in user.screen_text())
        await user.press("down", "down", "enter")
        await user.until(lambda: user.app.theme == themes.LIGHT.name)
        await user.until(lambda: "Saved; it counts at once" in user.screen_text())
        assert file.read_text() == 'theme = "light"\n\n# mine\nsomething = "new"\n'
        await user.press("enter", "up", "up", "enter")
        await user.until(lambda: "Taken out" in user.screen_text())
        assert user.app.theme in {themes.DARK.name, themes.ANSI_DARK.name}  # as the terminal is
        assert "theme" not in file.read_text()
        await user.press("escape")
        await user.until(lambda: not list(user.main.query(SettingsScreen)))


async def test_a_size_that_is_none_is_said_beside_its_field_and_the_quota_counts_at_once(file):
    async with at_the_screen((80, 24)) as user:
        await open_settings(user)
        await go_to(user, "cache_quota")
        await user.press("enter")
        await user.type("much")
        await user.press("enter")
        await user.until(lambda: "no size: 'much'. A size looks like 20 GiB." in user.screen_text())
        assert not file.exists()
        user.main.focused.clear()
        await user.type("3 GiB")
        await user.press("enter")
        await user.until(lambda: "3.0 GiB" in user.screen_text().splitlines()[0])
        assert file.read_text().strip() == 'cache_quota = "3 GiB"'
        await user.press("enter", "escape")  # the field is left, then the screen
        await user.until(
            lambda: user.main.query_one(SettingsScreen).query(Choices).first().has_focus
        )
        assert "3 GiB" in file.read_text()
        await user.press("enter", "ctrl+u", "enter")
        await user.until(lambda: "10 GiB" in user.screen_text().splitlines()[0])
        assert not file.read_text().strip()


async def test_the_default_is_one_of_the_profiles_and_counts_from_the_next_start(file, tmp_path):
    save(Profile("lake", tmp_path.as_uri()), None)
    async with at_the_screen() as user:
        await open_settings(user)
        await user.press("enter")
        await user.until(lambda: "a profile" in user.screen_text())
        await user.press("end", "enter")
        await user.until(lambda: "Saved; it counts from the next start on" in user.screen_text())
        assert file.read_text().startswith('default = "lake"\n')


async def test_another_program_changes_a_setting_meanwhile_and_both_changes_stay(file):
    file.write_text('fetch_limit = "1 GiB"\n')
    async with at_the_screen() as user:
        await open_settings(user)
        file.write_text('fetch_limit = "2 GiB"  # mine\n')
        await go_to(user, "engine_above")
        await user.press("enter")
        await user.type("5 GiB")
        await user.press("enter")
        await user.until(lambda: "2 GiB" in user.screen_text())
        assert file.read_text() == 'engine_above = "5 GiB"\nfetch_limit = "2 GiB"  # mine\n'


async def test_what_is_wrong_in_the_file_is_marked_and_said(file):
    file.write_text('fetch_limit = "much"\nengine = "sc://host/;token=hidden"\n')
    async with at_the_screen((80, 24)) as user:
        await open_settings(user)
        await go_to(user, "fetch_limit")
        await user.until(
            lambda: "`fetch_limit` (line 1, column 15) is no size: 'much'" in user.screen_text()
        )
        assert "! fetch_limit" in user.screen_text()
        await go_to(user, "engine")
        await user.until(lambda: "holds a token" in user.screen_text())
        await user.press("enter")
        await user.until(lambda: "esc leave it as it is" in user.screen_text())
        assert "hidden" not in user.screen_text()


async def test_a_file_that_is_no_toml_is_told_with_line_and_column(file):
    async with at_the_screen() as user:
        file.write_text("theme =\n")
        await user.press("O")
        await user.until(lambda: "line 1, column 8" in user.notes)
        assert not list(user.main.query(SettingsScreen))


async def test_the_palette_has_them(file):
    async with at_the_screen((80, 24)) as user:
        await user.press("colon")
        await user.type("settings")
        await user.press("enter")
        await user.until(lambda: list(user.main.query(SettingsScreen)))
        await user.press("q")
        await user.until(lambda: not list(user.main.query(SettingsScreen)))


async def test_a_sign_for_missing_values_and_the_folder_for_downloads_count_at_once(
    file, place, tmp_path
):
    folder = tmp_path / "got"
    folder.mkdir()
    lake = tmp_path / "lake"
    lake.mkdir()
    (lake / "gaps.csv").write_text("a,b\n1,\n2,x\n")
    file.write_text(f'download_folder = "{folder}"\n')
    async with at_the_screen(profile=lake.as_uri()) as user:
        await user.press("enter")
        await user.until(lambda: "∅" in user.screen_text())
        await open_settings(user)
        await go_to(user, "missing_sign")
        await user.press("enter")
        await user.type("none!")
        await user.press("enter")
        await user.until(lambda: "no sign of 1 to 4 cells" in user.screen_text())
        user.main.focused.clear()
        await user.type("N/A")
        await user.press("enter")
        await user.until(lambda: "Saved; it counts at once" in user.screen_text())
        await user.press("escape")
        await user.until(lambda: "N/A" in user.screen_text() and "∅" not in user.screen_text())
        await user.press("d")
        await user.until(lambda: f"Saved {folder / 'gaps.csv'}" in user.notes)
        folder.rename(tmp_path / "gone")
        await user.press("d")
        await user.until(lambda: "is no folder" in user.notes)
    assert list(place.iterdir()) == []


async def test_numbers_and_dates_are_shown_as_set_and_copied_as_they_are(file, place):
    (place / "sales.csv").write_text(
        "amount,day,note\n1234567.891,2026-02-01,1234567\n2.5,2026-02-03,x\n"
    )
    async with at_the_screen(profile=place.as_uri()) as user:
        await user.press("enter")
        await user.until(lambda: "1234567.891" in user.screen_text())
        await open_settings(user)
        await go_to(user, "number_format")
        await user.press("enter")
        await user.type("1,234.56")
        await user.press("enter")
        await user.until(lambda: "number_format = " in file.read_text())
        await go_to(user, "date_format")
        await user.press("enter", "down", "down", "enter")
        await user.until(lambda: "date_format = " in file.read_text())
        await user.press("escape")
        await user.until(lambda: "1,234,567.89 " in user.screen_text())
        text = user.screen_text()
        assert "2.50 " in text
        assert "01.02.2026" in text
        assert "2026-02-01" not in text
        assert " 1234567 " in text  # a text
        assert "1234567.891" not in text
        assert user.main.preview.grid.copy(limit=1_000).text.startswith("1234567.891")


async def test_where_traffic_is_to_be_low_rows_come_on_enter_and_without_distributions(
    file, place, monkeypatch
):
    monkeypatch.setattr(PACE, "low", False)
    (place / "a.csv").write_text("id,name\n2,b\n1,a\n")
    file.write_text("low_traffic = true\n")
    app = AmltuiApp(place.as_uri())
    app.look_at_settings()
    async with app.run_test(size=(120, 40)) as pilot:
        user = Driver(app, pilot)
        await user.until(lambda: "enter shows the first rows at once" in user.screen_text())
        await user.press("enter")
        await user.until(lambda: "2 rows" in user.screen_text())
        assert not user.main.preview.grid.show_summaries
        await open_settings(user)
        await go_to(user, "low_traffic")
        await user.press("enter", "down", "down", "enter")
        await user.until(lambda: 'low_traffic = "no"' in file.read_text())
        await user.until(lambda: not PACE.low)
