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
        # The least of several: notes on columns may still come in between.
        assert 0 < min(terminal.press(KEYS["down"])[0] for _ in range(6)) < 1_000
        assert 2_000 < min(terminal.press(KEYS["page down"])[0] for _ in range(6)) < 12_000
    finally:
        terminal.close()
