"""Keys that somebody chose for the terminal program."""

from __future__ import annotations

import re

import pytest

from amltui import help as documentation
from amltui.config import keymap, profiles, settings
from amltui.errors import ConfigError


@pytest.fixture
def file():
    path = profiles.profiles_file()
    path.parent.mkdir()
    return path


def test_keys_that_are_named_are_changed_and_all_others_stay(file):
    assert keymap.keymap() == {}
    file.write_text('[keymap]\ndownload = "ctrl+x"\nup = ["up", "e", ","]\ndescribe = "alt+e"\n')
    chosen = keymap.keymap()
    assert keymap.keys_for("download", chosen) == ("ctrl+x",)
    assert keymap.keys_for("up", chosen) == ("up", "e", ",")
    assert keymap.keys_for("upload", chosen) == ("u",)


def test_two_commands_can_change_their_keys_and_panes_can_have_the_same_one(file):
    file.write_text('[keymap]\ndownload = "u"\nupload = "d"\nsql = "x"\n')
    assert keymap.keymap() == {"download": ("u",), "upload": ("d",), "sql": ("x",)}


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('dowload = "x"', "`dowload` in {}, line 2, column 1 is nothing that a key can do"),
        ('\n  quit = "ctrl+i"', "`quit` in {}, line 3, column 10: a terminal sends ctrl+i as tab"),
        ('quit = "escape"', "{}, line 2, column 8: the key escape stays what it is"),
        ('quit = "question_mark"', "{}, line 2, column 8 is no key that a terminal sends"),
        ('quit = "ctrl+?"', '{}, line 2, column 8 is no key that a terminal sends: "ctrl+?"'),
        ('quit = ""', "is no key"),
        ("quit = 7", "{}, line 2, column 8 has to be a key or a list of keys"),
        ("quit = []", "has to be a key or a list of keys"),
        ('sql = "f"', "`sql` in {}, line 2, column 7: the key f is that of `freeze`"),
        ('sql = "d"', "`sql` in {}, line 2, column 7: the key d is that of `download`"),
        ('quit = "x"', "the key x is that of `cancel`"),
        ('sql = "x"\nexport = "x"', "`sql` in {}, line 2, column 7: the key x is that of `export`"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(file, lines, words):
    file.write_text(f"[keymap]\n{lines}\n")
    with pytest.raises(ConfigError, match=re.escape(words.format(file))):
        keymap.keymap()


def test_a_keymap_that_is_no_section_is_refused(file):
    file.write_text('keymap = "vi"\n')
    with pytest.raises(ConfigError, match="line 1, column 10 has to be a section"):
        keymap.keymap()


def test_the_settings_show_it_and_what_is_wrong_with_it(file):
    file.write_text('[keymap]\nquit = "Z"\nsql = "Z"\n')
    (shown,) = (one for one in settings.read_settings()[0] if one.setting.key == "keymap")
    assert shown.value == "quit Z, sql Z"
    assert "`quit` (line 2, column 8): the key Z is that of `sql`" in str(shown.problem)
    assert settings.read_settings()[1] == ()


def test_no_two_commands_have_one_key_where_both_work():
    every = {name: list(one.keys) for name, one in keymap.DEFAULTS.items()}
    assert len(keymap.keymap_of(every, lambda name, **_: name)) == len(keymap.DEFAULTS)


def test_the_topic_of_keys_lists_all_names_with_their_keys():
    rows = [line.split(" | ")[:2] for line in documentation.read("keys").splitlines()]
    listed = {row[0].strip("| `"): row[1].strip("`").split("` `") for row in rows if len(row) == 2}
    listed.pop("name")
    assert listed == {name: list(one.keys) for name, one in keymap.DEFAULTS.items()}
