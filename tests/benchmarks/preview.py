"""The terminal program itself on a large CSV in an embedded workspace, on a pseudo terminal.

    python -m tests.benchmarks.preview [--rows 10000000] [--csv FILE] [--directory DIR]

From key to answer: the first rows, keys while the rest is fetched and ingested by its worker, and
keys once all rows are there; bytes written; anonymous memory. The CSV is made in a temporary
directory and removed, unless one is given.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

from amltui.tables import HEAD
from tests.benchmarks.make_csv import make_csv
from tests.benchmarks.tables import say
from tests.benchmarks.terminal import KEYS, Terminal, p95

PROGRAM = [sys.executable, "-m", "amltui"]
NAME = "large"
ENTER = b"\r"
FEW = 8
"""Datasets that the first rows are waited for of."""
BOUNDS = {"down": "35 ms, 1 KB", "page down": "35 ms, 12 KB"}


def workspace(directory: Path, csv: Path) -> dict[str, str]:
    """An environment with a workspace of its own that holds the file; nothing of it is cached.

    It also holds the first 9 MiB of it, each time with another name, which its first column has
    too: so the screen says whose rows it shows.
    """
    environment = {
        f"AMLTUI_{name}_DIR": str(directory / name.lower()) for name in ("CONFIG", "CACHE", "DATA")
    } | {"HOME": str(directory)}
    whole = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"} | environment
    with csv.open("rb") as file:
        head = file.read(9 << 20)
    few = {f"few{number}": directory / f"few{number}.csv" for number in range(FEW)}
    for name, path in few.items():
        path.write_bytes(f"{name}_".encode() + head)
    for name, path in [(NAME, csv), *few.items()]:
        put = [*PROGRAM, "put", str(path), "--name", name, "--type", "GenericCSV", "--quiet"]
        subprocess.run(put, check=True, env=whole, stdout=subprocess.DEVNULL)
    return environment


def choose(terminal: Terminal, name: str = NAME) -> None:
    """Put the cursor of the list on the dataset."""
    terminal.until(f"/{name} 1 of", b"1\x1b/" + name.encode() + ENTER)
    terminal.drain(0.5)


def first_rows(terminal: Terminal, cache: Path) -> None:
    """Open datasets that nothing is cached of: from the first 256 KiB on this disk to their rows.

    The first range is fetched alone, so a file that large is one that it has arrived in.
    """
    waits = []
    for number in range(FEW):
        choose(terminal, f"few{number}")
        known = {path for path in cache.rglob("*") if path.is_file()}

        def arrived(known: set[Path] = known) -> bool:
            new = (path for path in cache.rglob("*") if path not in known and path.is_file())
            return any(path.stat().st_blocks * 512 >= HEAD for path in new)

        waits.append(terminal.since(arrived, f"few{number}_", ENTER) * 1000)
        terminal.drain(1)
    say(
        "first 256 KiB here to the first rows: median / worst",
        f"{median(waits):.1f} / {max(waits):.1f} ms",
        f"50 ms; {FEW} datasets of 9 MiB",
    )


def while_ingesting(terminal: Terminal) -> None:
    """Move by one row until all rows are there: the border names the cursor's row."""
    waits, row = [], 1
    begin = perf_counter()
    whole = False
    while not whole:
        for key, step in [("down", 1)] * 9 + [("up", -1)] * 8:
            row += step
            waits.append(terminal.until(f"row {row:,} ·", KEYS[key]) * 1000)
            terminal.drain(0.03)
            whole = whole or terminal.shows("rows · complete")
    say(
        "a key while rows arrive: median / p95",
        f"{median(waits):.1f} / {p95(waits):.1f} ms",
        f"p95 40 ms; {len(waits)} keys, worst {max(waits):.0f} ms, {perf_counter() - begin:.1f} s",
    )
    while terminal.drain(1.5)[0]:  # the header's bars are being made
        pass


def moves(terminal: Terminal, rows: int) -> dict[str, list[tuple[int, float]]]:
    """Bytes and seconds of each kind of key, once all rows are there."""
    found = {
        name: [terminal.press(KEYS[name]) for _ in range(20)] for name in ("down", "page down")
    }
    found["down at the lower edge"] = [terminal.press(KEYS["down"]) for _ in range(45)][-8:]
    found["page up"] = [terminal.press(KEYS["page up"]) for _ in range(10)]
    found["end"], found["home"] = [], []
    for _ in range(10):
        for name in ("end", "home"):
            found[name].append(terminal.press(KEYS[name]))
    found["jump"] = []
    for _ in range(20):
        for letter in f":{random.randrange(1, rows)}":
            terminal.press(letter.encode())
        found["jump"].append(terminal.press(ENTER))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--directory", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.directory) as name:
        directory = Path(name)
        csv = options.csv
        if csv is None:
            csv = directory / "large.csv"
            make_csv(csv, options.rows)
        environment = workspace(directory, csv)
        terminal = Terminal(PROGRAM, environment)
        try:
            terminal.until(NAME)
            terminal.drain(2)
            choose(terminal)
            empty = terminal.anonymous
            first = terminal.until("col 1 of 12", ENTER)
            say("enter to the first rows on the screen", f"{first * 1000:.0f} ms")
            while_ingesting(terminal)
            for what, answers in moves(terminal, options.rows).items():
                waits = [seconds * 1000 for _, seconds in answers]
                sizes = [size for size, _ in answers]
                say(
                    f"{what}: key to last byte, median / p95",
                    f"{median(waits):.1f} / {p95(waits):.1f} ms",
                    f"{BOUNDS.get(what, '35 ms')}; at most {max(sizes):,} bytes",
                )
            more = terminal.anonymous - empty
            say(
                "anonymous memory above the program without a preview", f"{more:+.0f} MiB", "60 MiB"
            )
            first_rows(terminal, directory / "cache")
        finally:
            terminal.close()


if __name__ == "__main__":
    main()
