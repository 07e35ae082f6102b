"""The start of the terminal program beside that of a bare Textual app, on a pseudo terminal.

    python -m tests.benchmarks.start [--rounds 5] [--directory DIR]

From the start of the process to: the first paint, the list and the rows that were cached by an
earlier run, and the answer of the embedded workspace. The two take turns, each figure is a median,
and its bound stands beside its ratio in this run.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

from tests.benchmarks.preview import ENTER, PROGRAM
from tests.benchmarks.tables import say
from tests.benchmarks.terminal import Terminal

BARE = """
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self):
        yield Static("a bare app")
Bare().run()
"""
NAME = "cached"
CELL = "here already"
"""Stands in the first rows of the dataset that is shown at the start."""
STAGES = {"first paint": ("1 Datasets", 1.5), "cached list and preview": (CELL, 1.8)}
ONLINE = ("● online", 3.0)


def environment(directory: Path) -> dict[str, str]:
    """A workspace of its own with a small dataset."""
    found = {f"AMLTUI_{one}_DIR": str(directory / one.lower()) for one in ("CONFIG", "CACHE")} | {
        "AMLTUI_DATA_DIR": str(directory / "data"),
        "HOME": str(directory),
    }
    csv = directory / "cached.csv"
    csv.write_text("a,b\n" + f"{CELL},1\n" * 1_000)
    put = [*PROGRAM, "put", str(csv), "--name", NAME, "--type", "GenericCSV", "--quiet"]
    whole = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"} | found
    subprocess.run(put, check=True, env=whole, stdout=subprocess.DEVNULL)
    return found


def started(command: list[str], texts: list[str], given: dict[str, str]) -> list[float]:
    """Seconds from the start of a program until each text is on the screen, in this order."""
    begin = perf_counter()
    terminal = Terminal(command, given)
    try:
        found = []
        for text in texts:
            terminal.until(text)
            found.append(perf_counter() - begin)
        return found
    finally:
        terminal.close()


def leave_at_the_dataset(given: dict[str, str]) -> None:
    """Be at the dataset once, so that list and rows are cached and the next start shows them."""
    terminal = Terminal(PROGRAM, given)
    try:
        terminal.until(ONLINE[0])
        terminal.until(f"/{NAME} 1 of", b"/" + NAME.encode() + ENTER)
        terminal.until(CELL, ENTER)
        terminal.drain(1)
        os.write(terminal.fd, b"q")
        terminal.process.wait(30)
    finally:
        terminal.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--directory", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.directory) as name:
        given = environment(Path(name))
        leave_at_the_dataset(given)
        bare, ours, online = [], [], []
        texts = [text for text, _ in STAGES.values()]
        for _ in range(options.rounds):
            bare += started([sys.executable, "-c", BARE], ["a bare app"], {})
            ours.append(started(PROGRAM, texts, given))
            online += started(PROGRAM, [ONLINE[0]], given)
    peer = median(bare)
    say("a bare Textual app", f"{peer:.2f} s")
    for place, (what, (_, bound)) in enumerate(STAGES.items()):
        seconds = median(times[place] for times in ours)
        say(what, f"{seconds:.2f} s, {seconds / peer:.2f} x", f"{bound} x a bare Textual app")
    seconds = median(online)
    say("online", f"{seconds:.2f} s, {seconds / peer:.2f} x", f"{ONLINE[1]} x a bare Textual app")


if __name__ == "__main__":
    main()
