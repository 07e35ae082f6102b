from amltui.services.session import open_session
from amltui.tui.actions import datasets
from amltui.tui.app import AmltuiApp
from amltui.tui.dialogs.file_chooser import FileChooser
from amltui.tui.screens.too_small import TooSmallScreen
from amltui.tui.widgets.header import Header
from tests.tui.conftest import Driver, at_the_screen

CENSUS = "Adult Census Income Binary Classification dataset"
SAMPLES = [
    CENSUS,
    "Airport Codes Dataset",
    "Automobile price data (Raw)",
    "Breast cancer data",
    "Iris",
]


def shows(user, name):
    return user.main.preview.rows and user.main.preview.title == name


async def test_the_samples_are_listed_and_the_first_is_previewed_without_a_key(place):
    async with at_the_screen() as user:
        assert user.names[: len(SAMPLES)] == SAMPLES
        await user.until(lambda: "State-gov" in user.screen_text())
        text = user.screen_text()
        assert "1 Datasets (5)" in text
        assert "UCI Machine" in text
        assert "● online" in text


async def test_every_sample_can_be_previewed(place):
    async with at_the_screen() as user:
        for name in SAMPLES:
            await user.choose(name)
            await user.press("enter")
            await user.until(lambda name=name: shows(user, name))
            assert user.main.preview.rows.row_count > 100
        assert user.notes == ""


async def test_the_filter_narrows_while_typing_and_escape_drops_it(place):
    async with at_the_screen() as user:
        await user.press("slash", "a", "d", "u")
        await user.until(lambda: user.names == [CENSUS])
        await user.press("enter")
        await user.until(lambda: f"/adu 1 of {len(SAMPLES)}" in user.screen_text())
        await user.press("escape")
        await user.until(lambda: len(user.names) >= len(SAMPLES))


async def test_what_the_filter_finds_is_previewed_while_typing(place):
    async with at_the_screen() as user:
        await user.press("slash", "i", "r", "i", "s")
        await user.until(lambda: shows(user, "Iris"))


async def test_a_filter_without_a_match_says_so(place):
    async with at_the_screen() as user:
        await user.press("slash", "q", "q", "q")
        await user.until(lambda: "No name holds that text" in user.screen_text())
        await user.press("escape")
        await user.until(lambda: len(user.names) >= len(SAMPLES))


async def test_a_filter_that_finds_nothing_gives_the_cursor_back_where_it_was(place):
    async with at_the_screen() as user:
        await user.choose("Iris")
        await user.press("slash", "b", "r", "q")
        await user.until(lambda: "No name holds that text" in user.screen_text())
        await user.press("escape")
        await user.until(lambda: len(user.names) >= len(SAMPLES))
        assert user.main.dataset.name == "Iris"
        await user.press("slash", "i", "q")
        await user.until(lambda: "No name holds that text" in user.screen_text())
        await user.press("backspace")
        await user.until(lambda: len(user.names) > 1)
        assert user.main.dataset.name == "Iris"
        await user.press("escape", "slash", "b", "r")
        await user.until(lambda: user.names == ["Breast cancer data"])
        await user.press("escape")  # what was found is what the cursor stays with
        await user.until(lambda: len(user.names) >= len(SAMPLES))
        assert user.main.dataset.name == "Breast cancer data"


async def test_download_leaves_a_file_and_asks_before_it_overwrites_one(place):
    async with at_the_screen() as user:
        await user.choose("Iris")
        await user.press("d")
        await user.until(lambda: "Saved" in user.notes)
        first = (place / "Iris.csv").read_bytes()
        assert first.startswith(b"sepal")
        await user.press("d")
        await user.until(lambda: "there already" in user.screen_text())
        await user.press("k")
        await user.until((place / "Iris-2.csv").exists)
        assert (place / "Iris-2.csv").read_bytes() == first
        (place / "Iris.csv").write_bytes(b"mine")
        await user.press("d")
        await user.until(lambda: "there already" in user.screen_text())
        await user.press("escape")
        await user.until(lambda: "there already" not in user.screen_text())
        assert (place / "Iris.csv").read_bytes() == b"mine"


async def test_a_dataset_is_uploaded_renamed_described_updated_and_deleted(place, monkeypatch):
    monkeypatch.setattr(datasets, "TAKEN_BACK", 0.1)
    (place / "mine.csv").write_text("a,b\n1,2\n")
    (place / "more.csv").write_text("a,b\n1,2\n3,4\n")
    async with at_the_screen() as user:
        await user.press("u")
        await user.until(lambda: "mine.csv" in user.screen_text())
        await user.type("mi")
        await user.until(lambda: user.dialog.query_one(FileChooser).completion == "mine.csv")
        await user.press("tab", "enter")
        await user.until(lambda: user.app.screen.focused.id == "name")
        await user.press("ctrl+s")
        await user.until(lambda: user.main.dataset and user.main.dataset.name == "mine.csv")

        await user.press("r")
        await user.until(lambda: "Rename" in user.screen_text())
        await user.press("ctrl+a", "ctrl+k")
        await user.type("My numbers")
        await user.press("enter")
        await user.until(lambda: "My numbers" in user.names and "mine.csv" not in user.names)
        assert user.main.dataset.name == "My numbers"

        await user.press("e")
        await user.until(lambda: "Description of My numbers" in user.screen_text())
        await user.type("two columns")
        await user.press("ctrl+s")
        await user.until(lambda: user.main.dataset.description == "two columns")

        await user.press("U")
        await user.until(lambda: "New contents for My numbers" in user.screen_text())
        await user.type("more.csv")
        await user.press("ctrl+s")
        await user.until(lambda: "rows 1 → 2" in user.screen_text())
        await user.press("ctrl+s")
        await user.until(lambda: user.main.dataset.size == 12)
        assert user.main.dataset.name == "My numbers"
        assert user.main.dataset.description == "two columns"

        await user.press("D")
        await user.until(lambda: "cannot be undone" in user.screen_text())
        await user.type("my numbers")
        await user.press("enter")
        await user.until(lambda: "That is not its name" in user.screen_text())
        await user.press("ctrl+a", "ctrl+k")
        await user.type("My numbers")
        await user.press("enter")
        await user.until(lambda: user.names == SAMPLES)
        await user.until(lambda: "Deleted My numbers." in user.notes)


async def test_an_example_cannot_be_renamed_and_the_reason_is_said(place):
    async with at_the_screen() as user:
        await user.choose("Iris")
        await user.press("r")
        await user.until(lambda: "is an example and cannot be changed" in user.notes)


async def test_a_delete_is_sent_only_after_a_while_and_taken_back_until_then(place):
    (place / "kept.csv").write_text("a\n1\n")
    async with at_the_screen() as user, open_session() as other:
        made = await other.upload(place / "kept.csv", name="kept", data_type_id="GenericCSV")
        await user.press("R")
        await user.until(lambda: "kept" in user.names)
        await user.choose("kept")
        await user.press("D")
        await user.until(lambda: "Type its name" in user.screen_text())
        await user.type("kept")
        await user.press("enter")
        await user.until(lambda: "kept" not in user.names)
        await user.press("R")
        assert any(one.id == made.id for one in (await other.current_list()).datasets)
        assert "kept" not in user.names
        await user.press("z")
        await user.until(lambda: "kept" in user.names)
        assert user.main.dataset.name == "kept"
        await user.press("r")
        await user.until(lambda: "Rename" in user.screen_text())
        await user.press("end")
        await user.type(" anew")
        await user.press("enter")
        await user.until(lambda: "kept anew" in user.names)
        await user.press("z")
        await user.until(lambda: "kept" in user.names)
        await user.press("z")
        await user.until(lambda: "nothing to undo" in user.notes)
        await user.press("D")
        await user.until(lambda: "Type its name" in user.screen_text())
        await user.type("kept")
        await user.press("enter")
        await user.until(lambda: "kept" not in user.names)
        await user.press("q")  # what waits is sent before the program ends
        await user.until(lambda: not user.app.is_running)
        assert all(one.id != made.id for one in (await other.current_list()).datasets)


async def test_what_a_workspace_cannot_do_is_said_and_not_offered(tmp_path, place, monkeypatch):
    for name in ("ENDPOINT", "WORKSPACE_ID", "TOKEN"):
        monkeypatch.delenv(f"AMLTUI_{name}")
    folder = tmp_path / "folder"
    folder.mkdir()
    app = AmltuiApp(folder.as_uri())
    async with app.run_test(size=(120, 40)) as pilot:
        user = Driver(app, pilot)
        await user.until(lambda: "No datasets." in user.screen_text())
        assert "Press u" not in user.screen_text()
        assert "This folder was opened" in user.screen_text()
        await user.press("u")
        await user.until(lambda: "opened for reading only" in user.notes)
        assert "Upload a file" not in user.screen_text()


async def test_a_name_that_is_taken_is_asked_for_again_without_sending_the_file_again(
    place, monkeypatch
):
    monkeypatch.setattr(datasets, "TAKEN_BACK", 0.1)
    (place / "late").write_text("a\n1\n")
    (place / "other.csv").write_text("b\n2\n")
    async with at_the_screen() as user, open_session() as other:
        await user.press("u")
        await user.until(lambda: user.app.screen.focused.id == "path")
        await user.type("late")
        await user.until(lambda: user.dialog.query_one(FileChooser).completion == "late")
        made = await other.upload(place / "other.csv", name="late", data_type_id="GenericCSV")
        await user.press("ctrl+s")
        await user.until(lambda: "The name is taken" in user.screen_text())
        await user.press("enter")
        await user.until(lambda: "Give another name." in user.screen_text())
        await user.press("end")
        await user.type("2")
        await user.press("enter")
        await user.until(lambda: user.main.dataset and user.main.dataset.name == "late2")
        await user.press("D")
        await user.until(lambda: "cannot be undone" in user.screen_text())
        await user.type("late2")
        await user.press("enter")
        await user.until(lambda: "Deleted late2." in user.notes)
        await other.edits.delete(made)


async def test_a_name_that_is_taken_is_said_while_it_is_typed_and_can_be_the_next_version(place):
    (place / "first.csv").write_text("a\n1\n")
    (place / "second.csv").write_text("a\n1\n2\n")
    async with open_session() as other:
        made = await other.upload(place / "first.csv", name="numbers", data_type_id="GenericCSV")
        async with at_the_screen() as user:
            await user.until(lambda: "numbers" in user.names)
            await user.press("u")
            await user.until(lambda: user.app.screen.focused.id == "path")
            await user.type("second.csv")
            await user.press("enter")
            await user.until(lambda: user.main.focused.id == "name")
            user.main.focused.clear()
            await user.type("Iris")
            await user.until(lambda: "Iris is there already" in user.screen_text())
            assert "^n sends" not in user.screen_text()  # it is an example
            user.main.focused.clear()
            await user.type("numbers")
            await user.until(lambda: "^n sends it" in user.screen_text())
            await user.press("ctrl+s")
            await user.until(lambda: "Upload a file" in user.screen_text())
            await user.press("ctrl+n")
            await user.until(lambda: "rows 1 → 2" in user.screen_text())
            await user.press("ctrl+s")
            await user.until(lambda: user.main.dataset and user.main.dataset.size == 6)
            assert len(await other.versions("numbers")) == 2
        await other.edits.delete(made)


async def test_help_shows_the_keys_of_what_is_in_focus(place):
    async with at_the_screen() as user:
        await user.press("question_mark")
        await user.until(lambda: "datasets" in user.screen_text() and "Keys" in user.screen_text())
        for _ in range(6):
            if "half a page down" not in user.screen_text():
                await user.press("pagedown")
        assert "half a page down" in user.screen_text()
        await user.press("escape", "2", "question_mark")
        await user.until(lambda: "filter rows" in user.screen_text())


async def test_a_terminal_of_forty_by_ten_shows_a_message_and_recovers(place):
    async with at_the_screen((80, 24)) as user:
        await user.pilot.resize_terminal(40, 10)
        await user.until(lambda: isinstance(user.app.screen, TooSmallScreen))
        await user.until(lambda: "too small" in user.screen_text())
        assert "Datasets" not in user.screen_text()
        await user.pilot.resize_terminal(120, 40)
        await user.until(lambda: "1 Datasets" in user.screen_text())
        assert user.app.screen is user.main


async def test_panes_are_reached_by_number_and_shown_one_at_a_time_when_narrow(place):
    async with at_the_screen((60, 20)) as user:
        for key, title in (("2", "2 "), ("3", "3 Details"), ("4", "4 Transfers"), ("1", "1 Data")):
            await user.press(key)
            await user.until(lambda title=title: title in user.screen_text())
            panes = user.main.query(".pane").results()
            assert sum(bool(pane.region) and pane.display for pane in panes) == 1


async def test_escape_steps_back_and_never_quits(place):
    async with at_the_screen() as user:
        await user.press("2", "plus", "escape", "escape", "escape", "escape", "escape")
        assert user.app.is_running
        assert user.main.query_one("#list").has_focus


async def test_hostile_text_from_a_file_is_drawn_as_plain_characters(place):
    name = "[bold]x[/bold] \u202edlrow"
    (place / "h.csv").write_text("[red]a[/red],b\n\x1b]0;t\x07,[link=x]y\n")
    async with at_the_screen() as user:
        session = await user.main.session()
        made = await session.upload(
            place / "h.csv", name=name, data_type_id="GenericCSV", description="[blink]\x1b[5m"
        )
        await user.main.reload(select=made.family_id)
        await user.until(lambda: "[red]a[/red]" in user.screen_text())
        text = user.screen_text()
        assert "[bold]x[/bold] <202E>dlrow" in text
        assert "[blink]␛[5m" in text
        assert "\x1b" not in text
        assert "\u202e" not in text
        await session.edits.delete(made)


async def test_an_unreachable_workspace_is_said_and_nothing_breaks(place, monkeypatch):
    monkeypatch.setenv("AMLTUI_ENDPOINT", "http://127.0.0.1:9/")
    app = AmltuiApp()
    async with app.run_test(size=(120, 40)) as pilot:
        user = Driver(app, pilot)
        await user.until(lambda: user.main.query_one(Header).status.state == "offline")
        await user.until(lambda: user.notes)
        await user.until(lambda: "tried again" in user.screen_text())
        assert "Check the network" in user.notes


async def test_quit_leaves_with_status_zero(place):
    async with at_the_screen() as user:
        await user.press("q")
        await user.until(lambda: not user.app.is_running)
    assert user.app.return_code == 0


async def test_quit_leaves_also_where_no_session_can_be_opened(place, monkeypatch):
    monkeypatch.setenv("AMLTUI_ENDPOINT", "http://127.0.0.1:9/")
    monkeypatch.delenv("AMLTUI_TOKEN", raising=False)
    app = AmltuiApp()
    async with app.run_test(size=(120, 40)) as pilot:
        user = Driver(app, pilot)
        await user.until(lambda: "no access token" in user.notes or "no token" in user.notes)
        await user.press("q")
        await user.until(lambda: not app.is_running)
    assert app.return_code == 0


async def test_what_is_cancelled_before_it_begins_leaves_nothing_behind(place):
    async with at_the_screen() as user:

        async def nothing() -> None:
            pass

        for _ in range(3):  # each takes the place of the one before at once
            user.main.work(nothing, group="a test", exclusive=True)
        user.main.workers.cancel_group(user.main, "a test")
        await user.pilot.pause()
