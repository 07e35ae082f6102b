"""Another workspace in the same program."""

import pytest

from amltui.config.profiles import Profile, save, use
from amltui.services.session import open_session
from amltui.tui.pick import Picker
from amltui.tui.widgets.palette import Palette
from amltui.tui.widgets.tab_line import TabLine
from tests.tui.conftest import Driver, at_the_screen
from tests.tui.test_transfers import SLOW, large, states

__all__ = ["large"]


@pytest.fixture
def lake(place, tmp_path):
    """A profile `waters` of a folder with one file."""
    (tmp_path / "lake").mkdir()
    (tmp_path / "lake" / "lake.csv").write_text("a,b\n1,2\n")
    save(Profile("waters", (tmp_path / "lake").as_uri()), None)


def open_names(user):
    return list(user.app.tabs.names)


def tab_line(user):
    return user.screen_text().splitlines()[1]


async def choose(user, words):
    await user.press("W")
    await user.until(lambda: user.main.query_one(Palette).display)
    await user.type(words)
    await user.press("enter")


async def test_a_profile_a_typed_folder_and_the_first_workspace_are_opened_by_keys(place, tmp_path):
    for name in ("lake", "pond"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.csv").write_text("a,b\n1,2\n")
    save(Profile("waters", (tmp_path / "lake").as_uri()), None)
    async with at_the_screen((80, 24)) as user:
        first = user.names
        await user.press("W")
        await user.until(lambda: f"{open_names(user)[0]} (open)" in user.screen_text())
        await user.press("escape")
        await user.until(lambda: user.main.query_one("#list").has_focus)
        await choose(user, "waters")
        await user.until(lambda: user.names == ["lake.csv"])
        await user.press("enter")
        await user.until(lambda: user.main.preview.rows.cell(0, 1) == "2")
        await choose(user, "that you type")
        await user.until(lambda: "Open a workspace" in user.screen_text())
        await user.type(str(tmp_path / "nowhere"))
        await user.press("enter")
        await user.until(lambda: "There is no such folder." in user.screen_text())
        user.main.focused.clear()
        await user.type(str(tmp_path / "pond"))
        await user.press("enter")
        await user.until(lambda: user.names == ["pond.csv"])
        await choose(user, "127.0.0.1")
        await user.until(lambda: user.names == first)
        await user.press("W")
        await user.until(lambda: "pond" in user.screen_text())  # it was open before
        await user.press("escape", "q")
        await user.until(lambda: not user.app.is_running)


async def test_a_folder_that_is_typed_among_the_workspaces_is_opened(place, tmp_path):
    (tmp_path / "pond").mkdir()
    (tmp_path / "pond" / "pond.csv").write_text("a,b\n1,2\n")
    async with at_the_screen((80, 24)) as user:
        await choose(user, str(tmp_path / "pond"))
        await user.until(lambda: user.names == ["pond.csv"])
        await choose(user, str(tmp_path / "nowhere"))
        await user.until(lambda: "Open a workspace" in user.screen_text())
        await user.until(lambda: user.main.focused.value == str(tmp_path / "nowhere"))
        await user.press("enter")
        await user.until(lambda: "There is no such folder." in user.screen_text())


async def test_a_workspace_that_was_left_stays_as_it_was_and_its_transfers_go_on(
    place, large, lake
):
    async with at_the_screen(options=SLOW) as user:
        await user.choose(large.name)
        await user.press("d")
        await user.until(lambda: states(user) == ["running"])
        await user.press("slash")
        await user.type("iris")
        await user.press("enter", "enter")
        await user.until(lambda: user.main.preview.title == "Iris" and user.main.preview.rows)
        await user.press("j", "j")
        await choose(user, "waters")
        await user.until(lambda: user.names == ["lake.csv"])
        assert tab_line(user).split() == ["1", open_names(user)[0], "2", "waters"]
        await user.until((place / "squares.csv").exists)
        await user.until(lambda: f"{open_names(user)[0]}: Saved" in user.notes)
        await user.press("right_curly_bracket")
        await user.until(lambda: user.names == ["Iris"])
        assert states(user) == ["done"]
        assert user.main.preview.title == "Iris"
        assert user.main.preview.grid.cursor_row == 2
        await user.press("left_curly_bracket")
        await user.until(lambda: user.names == ["lake.csv"])


async def test_quitting_and_closing_ask_of_transfers_wherever_they_run(place, large, lake):
    async with at_the_screen(options=SLOW) as user:
        await user.press("Q")
        await user.until(lambda: "the only open workspace" in user.notes)
        await user.choose(large.name)
        await user.press("d")
        await user.until(lambda: states(user) == ["running"])
        await choose(user, "waters")
        await user.until(lambda: user.names == ["lake.csv"])
        await user.press("q")
        await user.until(lambda: f"running in {open_names(user)[0]}." in user.screen_text())
        await user.press("n", "Q")  # nothing runs in this one
        await user.until(lambda: large.name in user.names)
        assert open_names(user) == [user.main._loader.name]
        assert not user.main.query_one(TabLine).display
        await choose(user, "waters")
        await user.until(lambda: user.names == ["lake.csv"])
        await user.press("left_curly_bracket", "Q")
        await user.until(lambda: "Close this workspace?" in user.screen_text())
        await user.press("y")
        await user.until(lambda: open_names(user) == ["waters"])
        await choose(user, "127.0.0.1")
        await user.until(lambda: "Going on with squares" in user.notes)


async def test_what_waits_to_be_deleted_in_any_of_them_is_sent_before_the_program_ends(
    place, lake, tmp_path
):
    (tmp_path / "own.csv").write_text("a\n1\n")
    async with open_session() as session:
        await session.upload(tmp_path / "own.csv", name="own.csv", data_type_id="GenericCSV")
    async with at_the_screen() as user:
        await user.choose("own.csv")
        await user.press("D")
        await user.until(lambda: user.dialog)
        await user.type("own.csv")
        await user.press("enter")
        await user.until(lambda: "own.csv" not in user.names)
        await choose(user, "waters")
        await user.until(lambda: user.names == ["lake.csv"])
        await user.press("q")
        await user.until(lambda: not user.app.is_running)
    async with open_session() as session:
        assert "own.csv" not in [one.name for one in (await session.current_list()).datasets]


async def test_a_place_is_opened_once_and_the_list_begins_with_what_is_open(place, lake):
    async with at_the_screen((80, 24)) as user:
        await choose(user, "waters")
        await user.until(lambda: user.names == ["lake.csv"])
        await user.press("W")
        await user.until(lambda: user.main.query_one(Palette).display)
        lines = user.screen_text().splitlines()
        first = next(at for at, line in enumerate(lines) if "(open, tab 1)" in line)
        assert open_names(user)[0] in lines[first]
        assert "waters" in lines[first + 1]
        assert "(open)" in lines[first + 1]
        await user.press("enter")
        await user.until(lambda: "lake.csv" not in user.names)
        await choose(user, "waters")
        await user.until(lambda: user.names == ["lake.csv"])
        assert len(user.app.tabs.tabs) == 2


@pytest.fixture
def nothing_named(place, monkeypatch):
    """An environment that names no workspace."""
    for name in ("ENDPOINT", "WORKSPACE_ID", "TOKEN"):
        monkeypatch.delenv(f"AMLTUI_{name}")


async def offered(user):
    """What can be chosen, without addresses."""
    await user.press("W")
    await user.until(lambda: user.main.query_one(Palette).display)
    return [one.label.split("  ")[0] for one in user.main.query_one(Palette)._commands][:-1]


async def test_the_local_workspace_is_one_entry_however_it_was_opened(nothing_named, lake):
    for profile in (None, "local"):
        async with at_the_screen(profile=profile) as user:
            assert await offered(user) == ["local workspace (open)", "waters"]


async def test_a_folder_is_one_entry_by_its_profile_its_address_and_as_the_one_of_the_start(
    nothing_named, lake, tmp_path
):
    folder = str(tmp_path / "lake")
    async with at_the_screen(profile="waters") as user:
        await choose(user, "that you type")
        await user.until(lambda: "Open a workspace" in user.screen_text())
        await user.type(f"{folder}/")
        await user.press("enter")
        await user.until(lambda: user.main.query_one("#list").has_focus)
        assert open_names(user) == ["waters"]
        assert await offered(user) == ["waters (open)", "local workspace"]
    use("waters")
    async with at_the_screen() as user:
        assert await offered(user) == ["waters (open)", "local workspace"]
    async with at_the_screen(profile=folder) as user:
        assert await offered(user) == ["waters (open)", "local workspace"]


async def test_a_workspace_that_cannot_be_opened_is_said_and_the_one_before_stays(
    place, monkeypatch
):
    save(Profile("broken", "https://studio.example.org/", "1" * 32), None)
    async with at_the_screen() as user:
        before = user.names
        monkeypatch.delenv("AMLTUI_TOKEN")
        monkeypatch.delenv("AMLTUI_ENDPOINT")
        monkeypatch.delenv("AMLTUI_WORKSPACE_ID")
        await choose(user, "broken")
        await user.until(lambda: "broken" in user.notes)
        assert user.names == before
        assert len(user.app.tabs.tabs) == 1


async def test_another_workspace_fits_a_terminal_that_changed_while_it_was_not_seen(place, lake):
    async with at_the_screen() as user:
        first = user.names
        await choose(user, "waters")
        await user.until(lambda: user.names == ["lake.csv"])
        await user.pilot.resize_terminal(30, 8)
        await user.pilot.resize_terminal(80, 24)
        await user.press("right_curly_bracket")
        await user.until(lambda: user.names == first)
        await user.until(
            lambda: user.main.size.width == 80 and not user.main.query_one("#details").display
        )
        lines = user.screen_text().splitlines()
        assert len(lines) == 24
        assert all(len(line) <= 80 for line in lines)


async def test_nothing_else_is_opened_while_a_dataset_is_picked(place):
    app = Picker()
    async with app.run_test() as pilot:
        user = Driver(app, pilot)
        await user.until(lambda: user.names)
        await user.press("W")
        await user.until(lambda: "q takes none" in user.notes)
        assert not user.main.query_one(Palette).display
