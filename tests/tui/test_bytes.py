"""What keys cost on a slow line: bytes that the program writes to a real terminal."""

import os
import select
import sys

import pytest

from tests.benchmarks.terminal import KEYS, PATIENCE, Terminal
from tests.support.server import ROOT

SETTLED = 0.4
"""Seconds without a byte after which nothing follows a key."""


@pytest.fixture
def terminal(place):
    terminal = Terminal([sys.executable, "-m", "amltui"], {"PYTHONPATH": str(ROOT)})
    try:
        terminal.until("Iris")
        yield terminal
    finally:
        terminal.close()


def cost(terminal: Terminal, key: bytes) -> int:
    """Bytes that a key's answer takes, however late it begins."""
    os.write(terminal.fd, key)
    assert select.select([terminal.fd], [], [], PATIENCE)[0], key
    return terminal.drain(SETTLED)[0]


def test_a_cursor_key_writes_a_kilobyte_and_a_page_twelve(terminal):
    terminal.until("col 1 of", b"\r")
    terminal.until("complete")
    terminal.until("row 2 ·", KEYS["down"])
    terminal.drain(0.5)
    # The least of several: notes on columns may still come in between. What a busy machine
    # writes only later counts for the key behind.
    steps = [terminal.press(KEYS["down"])[0] for _ in range(6)]
    assert 0 < min(filter(None, steps)) < 1_000
    pages = [terminal.press(KEYS["page down"])[0] for _ in range(6)]
    assert 500 < min(filter(None, pages)) < 12_000


def test_a_dialog_writes_six_kilobytes_a_letter_one_and_a_list_step_the_rows_it_opens(terminal):
    terminal.until("col 1 of", b"\r")
    terminal.until("complete")
    terminal.drain(2)  # the notes on columns
    for key in (b":", b"?", b"y", b"u"):
        # Each twice, and the cheaper: something else may have been drawn meanwhile.
        costs = [(cost(terminal, key), cost(terminal, b"\x1b")) for _ in range(2)]
        assert 300 < min(opened for opened, _ in costs) < 6_144, key
        assert 300 < min(closed for _, closed in costs) < 6_144, key
    cost(terminal, b":")
    assert 0 < min(cost(terminal, letter.encode()) for letter in "copy") < 1_024
    cost(terminal, b"\x1b")
    cost(terminal, b"1")
    steps = [cost(terminal, key) for key in (KEYS["down"], KEYS["up"]) * 2]
    # One and a half for the step, and once the rows of the preview that it opens.
    assert 0 < min(steps) < 1_536 + 12_000
    cost(terminal, b"/")
    assert 0 < min(cost(terminal, letter.encode()) for letter in "iris") < 1_024
