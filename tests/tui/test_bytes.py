"""What keys cost on a slow line: bytes that the program writes to a real terminal."""

import sys

from tests.benchmarks.terminal import KEYS, Terminal
from tests.support.server import ROOT


def test_a_cursor_key_writes_a_kilobyte_and_a_page_twelve(place):
    terminal = Terminal([sys.executable, "-m", "amltui"], {"PYTHONPATH": str(ROOT)})
    try:
        terminal.until("Iris")
        terminal.until("col 1 of", b"\r")
        terminal.until("complete")
        terminal.until("row 2 ·", KEYS["down"])
        terminal.drain(0.5)
        # The least of several: notes on columns may still come in between. What a busy machine
        # writes only later counts for the key behind.
        steps = [terminal.press(KEYS["down"])[0] for _ in range(6)]
        assert 0 < min(filter(None, steps)) < 1_000
        pages = [terminal.press(KEYS["page down"])[0] for _ in range(6)]
        assert 2_000 < min(filter(None, pages)) < 12_000
    finally:
        terminal.close()
