"""The line of keys says what keys do now, for what has the focus."""

import pytest

from amltui.tui.notifications import Notifications
from amltui.tui.plain_glyphs import key_in_ascii
from amltui.tui.widgets.keybar import KeyBar
from tests.tui.conftest import at_the_screen


def key_line(user):
    return user.screen_text().splitlines()[-1]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (("slash",), "keep the filter"),
        (("enter", "ampersand"), "what was asked before"),
        (("enter", "s"), "complete"),
        (("r",), "leave"),
        (("u",), "leave"),
        (("colon",), "leave"),
    ],
)
async def test_who_types_a_text_is_shown_the_keys_of_the_text_and_not_of_the_pane_behind(
    place, keys, expected
):
    async with at_the_screen() as user:
        await user.choose("Iris")
        await user.press("enter")
        await user.until(lambda: user.main.preview.rows and user.main.preview.title == "Iris")
        if keys[0] in {"r", "u"}:
            (place / "own.csv").write_text("a\n1\n")
            session = await user.main.session()
            made = await session.upload(place / "own.csv", name="own", data_type_id="GenericCSV")
            await user.main.reload(select=made.key)
        await user.press("1", *keys)
        await user.until(lambda: expected in key_line(user))
        for other in ("find", "download", "rename  ", "commands"):
            assert other not in key_line(user)
        await user.press("escape")
        await user.until(lambda: "download" in key_line(user))
        if keys[0] in {"r", "u"}:
            await session.edits.delete(made)


def test_keys_that_have_a_sign_have_a_name_each_in_ascii():
    signs = ("⏎", "⌫", "↑", "↓", "←", "→", "shift+↑")
    names = [key_in_ascii(sign) for sign in signs]
    assert len(set(names)) == len(signs)
    assert all(name.isascii() for name in names)


async def test_a_long_note_at_the_very_start_is_cut_before_the_line_has_a_width():
    notes = Notifications()
    notes.say("word " * 100, "error")
    lines = KeyBar(notes)._wrapped(notes.live[0])
    assert len(lines) == 4
    assert lines[-1].endswith("`messages`)")
