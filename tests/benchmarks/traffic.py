"""Bytes that the terminal program writes at 120x40 for a key: what a slow line has to carry.

    python -m tests.benchmarks.traffic [--directory DIR] [--low-traffic]

Over an embedded workspace of 44 small datasets, all of them cached by then: each line has the
bytes of a key with all that follows it, and the bound. An idle program has to write nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from pathlib import Path
from statistics import median

from amltui.services.session import open_session
from tests.benchmarks.preview import ENTER, PROGRAM
from tests.benchmarks.tables import say
from tests.benchmarks.terminal import KEYS, Terminal

DATASETS = 40
"""Beside the samples."""
ESCAPE = b"\x1b"
SETTLED = 1.2
"""Seconds without a byte after which nothing follows a key: notes on columns come late."""
TYPED = 0.4
"""As many after which a letter of a filter is answered; the preview comes later."""
QUIET = 10.0
"""Seconds that an idle program is watched."""


def names() -> list[str]:
    return [
        f"set {number:02} of {('sales', 'weather', 'traffic')[number % 3]}"
        for number in range(DATASETS)
    ]


async def fill(directory: Path) -> None:
    """Upload the datasets and fetch them once."""
    file = directory / "rows.csv"
    async with open_session() as session:
        for number, name in enumerate(names()):
            lines = [f"{row},{row * number},place {row % 9},{row / 7:.3f}" for row in range(400)]
            file.write_text("\n".join(["id,amount,place,share", *lines]) + "\n")
            await session.upload(file, name=name, data_type_id="GenericCSV")


def cost(terminal: Terminal, key: bytes) -> int:
    """Bytes until nothing follows."""
    os.write(terminal.fd, key)
    return terminal.drain(SETTLED)[0]


def tell(what: str, sizes: list[int], bound: int) -> None:
    over = "" if median(sizes) <= bound else "   OVER"
    say(what, f"{median(sizes):,.0f} / {max(sizes):,} bytes", f"median / most; {bound:,}{over}")


def measure(terminal: Terminal) -> None:
    terminal.until("set 00")
    terminal.drain(3)
    cost(terminal, KEYS["end"])
    for _ in range(8):  # what is previewed for the first time is also fetched
        cost(terminal, KEYS["up"])
    for _ in range(8):
        cost(terminal, KEYS["down"])
    # The rows of the preview: 58 cells of 36 lines, with their styles.
    tell(
        "a step in the list, and the preview that it opens",
        [cost(terminal, b"k") for _ in range(5)],
        1_536 + 12_000,
    )
    fast = []
    for key in (b"j", b"k") * 3:
        os.write(terminal.fd, key)
        fast.append(terminal.drain(0.1)[0])
    tell("a step in the list alone", fast, 1_536)
    terminal.drain(SETTLED)
    for name, key in {
        "palette": b":",
        "help": b"?",
        "copy menu": b"y",
        "upload": b"u",
        "rename": b"r",
    }.items():
        opened, closed = [], []
        for _ in range(3):
            opened.append(cost(terminal, key))
            closed.append(cost(terminal, ESCAPE))
        tell(f"{name}: opens", opened, 6_144)
        tell(f"{name}: closes", closed, 6_144)
    cost(terminal, b":")
    tell("a letter in the palette", [cost(terminal, letter.encode()) for letter in "down"], 1_024)
    cost(terminal, ESCAPE)
    cost(terminal, b"/")
    letters, previews = [], []
    for letter in "set 1":
        os.write(terminal.fd, letter.encode())
        letters.append(terminal.drain(TYPED)[0])
        previews.append(terminal.drain(SETTLED)[0])
    tell("a letter in the filter", letters, 1_024)
    tell("the preview that opens once typing rests", previews, 12_000)
    idle = terminal.drain(QUIET)[0]
    say(f"idle for {QUIET:.0f} s with the filter open", f"{idle:,} bytes", "0")
    cost(terminal, ESCAPE)
    terminal.until("col 1 of", ENTER)
    terminal.drain(SETTLED)
    tell("a step in the grid", [cost(terminal, b"j") for _ in range(5)], 1_000)
    tell("a page in the grid", [cost(terminal, KEYS["page down"]) for _ in range(3)], 12_000)
    cost(terminal, b"&")
    tell("a letter in a question", [cost(terminal, letter.encode()) for letter in "place"], 1_024)
    cost(terminal, ESCAPE)
    start, idle = time.monotonic(), 0
    while time.monotonic() - start < QUIET:
        idle += terminal.drain(1)[0]
    say(f"idle for {QUIET:.0f} s", f"{idle:,} bytes", "0")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--directory", type=Path)
    parser.add_argument("--low-traffic", action="store_true", help="with the setting of that name")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.directory) as name:
        directory = Path(name)
        places = {
            f"AMLTUI_{name}_DIR": str(directory / name.lower())
            for name in ("CONFIG", "CACHE", "DATA")
        }
        os.environ.update(places, HOME=str(directory), SSH_CONNECTION="1 2 3 4")
        if options.low_traffic:
            (directory / "config").mkdir()
            (directory / "config" / "config.toml").write_text("low_traffic = true\n")
        asyncio.run(fill(directory))
        terminal = Terminal(PROGRAM)
        try:
            measure(terminal)
        finally:
            terminal.close()


if __name__ == "__main__":
    main()
