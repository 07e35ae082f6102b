"""Terminals that know ASCII only."""

import sys

import pytest

from amltui.tui.plain_glyphs import ascii_of, only_ascii
from tests.benchmarks.terminal import Terminal
from tests.support.server import ROOT


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, False),
        ({"LANG": "C.UTF-8"}, False),
        ({"LANG": "de_DE.utf8"}, False),
        ({"LC_CTYPE": "UTF-8"}, False),
        ({"LANG": "C"}, True),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, True),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "C"}, True),
        ({"LANG": "C", "LC_ALL": "en_US.UTF-8"}, False),
        ({"LANG": "de_DE.ISO-8859-1"}, True),
    ],
)
def test_the_locale_says_whether_more_than_ascii_is_known(environment, expected):
    assert only_ascii(environment) is expected


def test_each_sign_has_one_in_its_place():
    assert [ascii_of(one) for one in ("│", "…", "é", "漢", "👩\u200d👧", "●", "a")] == list(
        "|~e??*a"
    )


@pytest.mark.parametrize("locale", [{"LC_ALL": "C"}, {"LANG": "C", "LC_ALL": "", "LC_CTYPE": ""}])
def test_a_locale_without_utf8_gets_ascii_only(place, locale):
    terminal = Terminal([sys.executable, "-m", "amltui"], {"PYTHONPATH": str(ROOT)} | locale)
    try:
        terminal.until("Iris")
        terminal.until("col 1 of", b"\r")
        terminal.until("complete")
        terminal.until("Commands", b":")
        text = "\n".join(terminal.screen.display)
        assert text.isascii(), [one for one in text if not one.isascii()]
    finally:
        terminal.close()
