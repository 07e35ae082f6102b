"""Keys typed faster than the program follows: each is for what the keys before it have opened."""

import sys

from textual.events import Key, Paste

from tests.benchmarks.terminal import Terminal
from tests.support.server import ROOT
from tests.tui.conftest import at_the_screen
from tests.tui.test_queries import open_census, state

NAMED = {
    "?": "question_mark",
    "\r": "enter",
    "\x1b": "escape",
    "/": "slash",
    "&": "ampersand",
    ":": "colon",
}


def at_once(user, text):
    """All keys before the program handles the first."""
    for character in text:
        user.app.post_message(Key(NAMED.get(character, character), character))


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
        await user.until(lambda: user.main.query("#path") and user.main.query_one("#path").value)
        await user.until(lambda: user.main.query_one("#path").value == "/nowhere")
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
            await user.until(lambda: user.main.query("#path"))
            await user.until(lambda: user.main.query_one("#path").value == "/nowhere")
            user.app.post_message(Key("ctrl+s", None))
            user.app.post_message(Key("escape", None))
            await user.until(lambda: not user.main.query("#path"))
        at_once(user, "j")
        await user.until(lambda: user.main.dataset.name == user.names[1])
