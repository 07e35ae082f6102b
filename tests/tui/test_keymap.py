"""Keys that somebody chose, at the screen."""

from __future__ import annotations

import contextlib

import pytest

from amltui.config.keymap import DEFAULTS
from amltui.tui import keymap
from amltui.tui.app import AmltuiApp
from amltui.tui.dialogs.help import HelpScreen, keys_in_focus
from amltui.tui.screens.main import MainScreen
from amltui.tui.widgets.palette import Palette
from tests.tui.conftest import Driver


@pytest.fixture
def file(place, tmp_path):
    path = tmp_path / "config" / "config.toml"
    path.parent.mkdir()
    yield path
    keymap.take({})


@contextlib.asynccontextmanager
async def with_settings(place, size=(120, 40)):
    """The program on a folder, with the keys of the settings."""
    (place / "a.csv").write_text("id,name\n2,b\n1,a\n")
    app = AmltuiApp(place.as_uri())
    app.look_at_settings()
    async with app.run_test(size=size) as pilot:
        user = Driver(app, pilot)
        await user.until(lambda: user.names)
        yield user


async def test_chosen_keys_work_and_are_what_bottom_line_help_palette_and_notes_show(file, place):
    file.write_text(
        '[keymap]\nquit = "Z"\nhelp = "f5"\ndownload = "s"\nsql = "ctrl+e"\n'
        'sort_descending = ","\npreview_pane = "f2"\nrename = "r"\ncommands = "+"\nzoom = ":"\n'
    )
    async with with_settings(place) as user:
        line = user.screen_text().splitlines()[-1]
        assert line.startswith(" f5 help ")
        assert " s download " in line
        assert line.rstrip().endswith(" Z quit")
        await user.press("ctrl+e")
        await user.until(lambda: "for the preview pane: f2 goes there." in user.notes)
        await user.press("d", "question_mark")
        await user.press("f2", "comma")
        await user.until(lambda: "▼" in user.screen_text())
        shown = {one.name: one.keys for one in keys_in_focus(user.main)}
        assert (shown["sql"], shown["quit"], shown["help"]) == (("^e",), ("Z",), ("f5",))
        await user.press("f5")
        await user.until(lambda: list(user.main.query(HelpScreen)))
        await user.press("f5")
        await user.until(lambda: not list(user.main.query(HelpScreen)))
        await user.press("plus")
        await user.until(lambda: user.main.query_one(Palette).display)
        await user.type("sort descending")
        await user.until(lambda: ", " in user.screen_text())
        await user.press("escape", "ctrl+c")
        await user.until(lambda: "Press Z to quit." in user.notes)
        await user.press("ctrl+e")
        await user.until(lambda: user.main.preview.line.display)


async def test_a_wrong_keymap_is_told_with_its_place_and_the_keys_stay(file, place):
    file.write_text('[keymap]\nquit = "Z"\ndownload = "u"\n')
    async with with_settings(place) as user:
        words = "line 3, column 12: the key u is that of `upload`"
        await user.until(lambda: words in user.notes)
        assert keymap.key_of("quit") == "q"
        await user.press("question_mark")
        await user.until(lambda: list(user.main.query(HelpScreen)))


async def test_the_settings_show_the_keymap_and_say_where_it_is_written(file, place):
    file.write_text('[keymap]\nquit = "Z"\n')
    async with with_settings(place, (80, 24)) as user:
        await user.press("O")
        await user.until(lambda: "quit Z" in user.screen_text())
        await user.press("down", "down", "enter")
        await user.until(lambda: "Written in the file: [keymap]" in user.screen_text())


async def test_every_name_is_that_of_a_binding_with_its_keys(place):
    async with with_settings(place) as user:
        found = {}
        for node in [user.app, *user.main.walk_children(with_self=True)]:
            for _key, binding in node._bindings:
                if binding.id in DEFAULTS:
                    found.setdefault(binding.id, set()).add(binding.key)
        assert found == {name: set(keymap.bound(name, "x").key.split(",")) for name in DEFAULTS}
        assert isinstance(user.main, MainScreen)
