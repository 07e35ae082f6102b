"""Keys typed faster than the program follows: each is for what the keys before it have opened."""

import asyncio
import sys
import time
from functools import partial

import pytest
from textual.events import Key, Paste
from textual.widgets import Input

from amltui.services.conversion import Look
from amltui.services.session import open_session
from amltui.tui.dialogs.file_chooser import FileChooser
from amltui.tui.dialogs.help import HelpScreen
from amltui.tui.dialogs.prompts import Confirm
from amltui.tui.dialogs.upload import UploadScreen
from amltui.tui.key_queue import HELD
from tests.benchmarks.terminal import Terminal
from tests.support.server import ROOT
from tests.tui.conftest import at_the_screen
from tests.tui.test_queries import CENSUS, open_census, state

NAMED = {
    "?": "question_mark",
    "\r": "enter",
    "\x1b": "escape",
    "/": "slash",
    "&": "ampersand",
    ":": "colon",
    "]": "right_square_bracket",
}


def at_once(user, text):
    """All keys before the program handles the first."""
    for character in text:
        user.app.post_message(Key(NAMED.get(character, character), character))


def path_typed(user):
    """What stands in the dialog that sends a file."""
    return next((line.value for line in user.main.query("#path").results(Input)), None)


async def test_a_filter_typed_at_once_filters_and_opens_nothing_else(place):
    async with at_the_screen() as user:
        shown = user.main.query_one("#details").display
        at_once(user, "/iris\r")
        await user.until(lambda: "/iris 1 of" in user.screen_text())
        await user.until(lambda: user.main.focused.id == "list")
        assert user.names == ["Iris"]
        assert user.main.query_one("#details").display == shown


async def test_what_is_pasted_behind_a_key_goes_where_the_key_led(place):
    async with at_the_screen() as user:
        user.app.post_message(Key("slash", "/"))
        user.app.post_message(Paste("iris"))
        await user.until(lambda: user.names == ["Iris"])


async def test_keys_behind_a_jump_move_from_where_it_led(place):
    async with at_the_screen() as user:
        await open_census(user)
        at_once(user, ":1200\rjj")
        await user.until(lambda: user.main.preview.grid.cursor_row == 1_201)
        assert user.main.preview.grid.has_focus


async def test_a_question_typed_at_once_is_asked_of_the_preview(place):
    async with at_the_screen() as user:
        await open_census(user)
        at_once(user, "&Holand-Netherlands\rl")
        await user.until(lambda: state(user).startswith("1 of 32,561 rows"))
        assert user.main.preview.grid.cursor_column == 1


async def test_a_dialog_takes_keys_typed_before_it_stood(place):
    async with at_the_screen() as user:
        await open_census(user)
        at_once(user, "?\x1bj")
        await user.until(lambda: user.main.preview.grid.cursor_row == 1)
        assert user.app.screen is user.main


async def test_the_palette_keeps_keys_from_the_panes_behind_and_escape_closes_it(place):
    async with at_the_screen() as user:
        await open_census(user)
        await user.press("colon")
        await user.until(lambda: "Commands" in user.screen_text())
        await user.press("tab", "f1", "ctrl+q")
        assert user.app.screen is user.main
        await user.press("escape")
        await user.until(lambda: "Commands" not in user.screen_text())
        assert user.main.preview.grid.has_focus


def test_a_real_terminal_may_send_a_filter_in_one_piece(place):
    terminal = Terminal([sys.executable, "-m", "amltui"], {"PYTHONPATH": str(ROOT)})
    try:
        terminal.until("Iris")
        terminal.until("/iris 1 of", b"/iris\r")
    finally:
        terminal.close()


async def test_what_is_typed_behind_a_key_that_opens_a_dialog_is_for_the_dialog(place):
    async with at_the_screen() as user:
        at_once(user, "u/nowhere")
        await user.until(lambda: path_typed(user) == "/nowhere")
        assert not user.main.datasets.filtering


async def test_keys_go_on_when_an_action_opens_nothing(place):
    async with at_the_screen() as user:
        at_once(user, "Rzj")  # refresh, then undo, of which there is nothing
        await user.until(lambda: "There is nothing to undo" in user.notes)
        await user.until(lambda: user.main.dataset.name == user.names[1])


async def test_an_upload_dialog_left_while_it_looks_at_its_file_is_gone_without_harm(place):
    async with at_the_screen() as user:
        for _ in range(5):
            at_once(user, "u/nowhere")
            await user.until(lambda: path_typed(user) == "/nowhere")
            user.app.post_message(Key("ctrl+s", None))
            user.app.post_message(Key("escape", None))
            await user.until(lambda: not user.main.query("#path"))
        at_once(user, "j")
        await user.until(lambda: user.main.dataset.name == user.names[1])


async def test_a_file_that_is_sent_while_it_is_looked_at_is_sent_as_what_it_is(place):
    (place / "new.tsv").write_text("a\tb\n1\t2\n")
    looking, seen = asyncio.Event(), asyncio.Event()

    async def guess(_path):
        looking.set()
        await seen.wait()
        return "GenericTSV"

    async def look_at(_path, _type, _convert):
        return Look("", None, None)

    async with at_the_screen() as user:
        dialog = UploadScreen(guess, look_at)
        asked = asyncio.ensure_future(user.main.ask(dialog))
        await user.until(lambda: user.dialog.query_one("#path").has_focus)
        await user.type("new.tsv")
        at_once(user, "\r")
        await looking.wait()
        user.app.post_message(Key("ctrl+s", None))
        await user.until(lambda: any(one.group == "send" for one in dialog.workers))
        # Enter's own end comes behind it, as where a file was just found to be there.
        dialog.query_one(FileChooser).post_message(FileChooser.Chosen(place / "new.tsv"))
        await user.pilot.pause()
        seen.set()
        await user.until(asked.done)
        sent = asked.result()
        assert (sent.path, sent.name, sent.data_type_id) == (
            place / "new.tsv",
            "new.tsv",
            "GenericTSV",
        )


async def test_what_is_typed_behind_the_key_that_sends_a_file_is_no_part_of_its_name(place):
    (place / "new.csv").write_text("a,b\n1,2\n")
    looking, seen = asyncio.Event(), asyncio.Event()

    async def guess(_path):
        return "GenericCSV"

    async def look_at(_path, _type, _convert):
        if looking.is_set():
            await seen.wait()
        return Look("", None, None)

    async with at_the_screen() as user:
        dialog = UploadScreen(guess, look_at)
        asked = asyncio.ensure_future(user.main.ask(dialog))
        await user.until(lambda: user.dialog.query_one("#path").has_focus)
        await user.type("new.csv")
        await user.press("enter")
        name = user.dialog.query_one("#name", Input)
        await user.until(lambda: name.has_focus and name.value == "new.csv")
        looking.set()
        user.app.post_message(Key("ctrl+s", None))
        at_once(user, "w")
        await user.until(lambda: name.value == "w")  # it does not wait for ever
        seen.set()
        await user.until(asked.done)
        assert asked.result().name == "new.csv"


async def test_a_key_behind_the_one_that_sends_a_file_is_for_what_lies_behind(place):
    (place / "quick.csv").write_text("a,b\n1,2\n")
    async with at_the_screen() as user:
        await user.press("u")
        await user.until(lambda: user.main.query("#path"))
        await user.type("quick.csv")
        await user.press("enter")
        await user.until(lambda: user.main.focused.id == "name")
        await user.until(lambda: "guessed" in user.screen_text())
        user.app.post_message(Key("ctrl+s", None))
        at_once(user, "?")
        await user.until(lambda: user.main.query(HelpScreen))
        await user.press("escape")
        await user.until(lambda: "quick.csv" in user.names)
        async with open_session() as session:
            found = await session.find("quick.csv")
            await session.edits.delete(found)


async def test_the_end_of_one_action_does_not_send_the_keys_that_wait_for_the_next_one(place):
    async with at_the_screen() as user:
        at_once(user, "u\x1bu/nowhere")
        await user.until(lambda: path_typed(user) == "/nowhere")
        assert not user.main.datasets.filtering


async def test_help_typed_behind_the_end_of_a_dialog_is_shown(place):
    async with at_the_screen() as user:
        at_once(user, "u\x1b?")
        await user.until(lambda: user.main.query(HelpScreen))


async def test_a_key_chosen_in_the_palette_comes_before_those_typed_behind_it(place):
    async with at_the_screen() as user:
        at_once(user, ":upload\r/nowhere")
        await user.until(lambda: path_typed(user) == "/nowhere")


async def test_what_is_typed_behind_the_end_of_a_question_is_for_the_panes(place):
    async with at_the_screen() as user:
        await open_census(user)
        at_once(user, "X\x1bj")
        await user.until(lambda: user.main.preview.grid.cursor_row == 1)
        at_once(user, "\x1b:download to\r")
        await user.until(lambda: user.dialog.query_one(Input).has_focus)
        await user.press("ctrl+u")
        at_once(user, "nowhere/at all.csv\rj")
        await user.until(lambda: user.main.dataset.name == user.names[1])


async def test_keys_wait_for_a_dialog_that_is_long_in_coming(place, monkeypatch):
    whole = UploadScreen.compose

    def slow(self):
        time.sleep(HELD + 0.1)  # as where the processor is busy
        yield from whole(self)

    monkeypatch.setattr(UploadScreen, "compose", slow)
    async with at_the_screen() as user:
        at_once(user, "u/nowhere")
        await user.until(lambda: path_typed(user) == "/nowhere")


async def test_the_focus_goes_back_to_the_pane_when_a_dialog_came_over_the_palette(place):
    async with at_the_screen() as user:
        await user.press("colon")
        user.main.work(partial(user.main.ask, Confirm("Sure?", "It came late.")))
        await user.until(lambda: user.main.query(Confirm) and user.dialog.is_attached)
        await user.until(lambda: user.main.focused is user.dialog)
        await user.press("escape")
        await user.until(lambda: user.main.focused is user.main.datasets.list)
        at_once(user, "j")
        await user.until(lambda: user.main.dataset.name == user.names[1])


class ComingQuestion(Confirm):
    """A question during which something happens while it is being made."""

    def __init__(self, happens):
        super().__init__("Sure?", "It comes.")
        self._happens = happens

    def on_mount(self):
        self._happens()


async def test_a_dialog_that_is_left_while_it_is_being_made_lets_the_focus_where_it_was(place):
    async with at_the_screen() as user:
        await user.main.ask(ComingQuestion(lambda: user.dialog.dismiss(None)))
        assert user.main.focused is user.main.datasets.list
        await user.press("j")
        assert user.main.dataset.name == user.names[1]


async def test_of_a_question_that_is_given_up_while_its_dialog_is_being_made_nothing_stays(place):
    async with at_the_screen() as user:

        def give_up():
            asking.cancel()

        asking = asyncio.create_task(user.main.ask(ComingQuestion(give_up)))
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert not user.main.query(Confirm)
        assert user.main.focused is user.main.datasets.list


async def test_a_path_typed_behind_the_key_that_exports_is_where_it_is_written_to(place):
    async with at_the_screen() as user:
        await open_census(user)
        at_once(user, "Ejj")
        await user.until(lambda: user.dialog.query_one(Input).value.endswith("jj"))
        assert user.main.preview.grid.cursor_row == 0


async def test_an_answer_typed_behind_the_key_that_quits_is_for_its_question(place):
    async with at_the_screen() as user:
        user.main._commands._closing.quit = partial(
            user.main.ask, Confirm("Quit?", "Transfers run.")
        )
        at_once(user, "qnj")
        await user.until(lambda: user.main.dataset.name == user.names[1])
        assert not user.main.query(Confirm)


async def test_what_is_asked_of_rows_that_are_on_their_way_is_done_once_they_are_here(place):
    async with at_the_screen() as user:
        await open_census(user)
        pane = user.main.preview
        rows, view = pane.rows, pane.view
        pane.expect()
        pane.say("Fetching the first rows…", title=view.title, coming=True)
        await user.press("I", "right_square_bracket")  # the last counts
        assert "▼" not in state(user)
        pane.show(rows, view)
        await user.until(lambda: "▼ age" in state(user))


async def test_what_is_asked_behind_the_key_that_opens_a_dataset_is_asked_of_that_one(place):
    async with at_the_screen() as user:
        await open_census(user)
        at_once(user, "1j\r]")
        await user.until(lambda: "▼" in state(user))
        assert user.main.preview.title != CENSUS


async def test_what_was_asked_of_rows_that_did_not_come_is_not_asked_of_others(place):
    async with at_the_screen() as user:
        await open_census(user)
        pane = user.main.preview
        rows, view = pane.rows, pane.view
        pane.expect()
        pane.say("Fetching the first rows…", title=view.title, coming=True)
        await user.press("right_square_bracket", "1")
        pane.show(rows, view)
        await user.press("2")
        pane.say("There is no preview of this dataset.")
        await user.press("right_square_bracket")
        pane.show(rows, view)
        await user.press("end")
        await user.until(lambda: pane.grid.cursor_row == pane.grid.row_count - 1)
        assert "▼" not in state(user)
