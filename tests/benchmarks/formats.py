"""Compressed text against plain text, and JSON Lines against pyarrow's own reader.

    python -m tests.benchmarks.formats [--mib N] [--rounds N]

Prints each figure with its bound: ratios of medians in one run.
"""

from __future__ import annotations

import argparse
import gzip
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow.json

from amltui.formats.lens import look
from amltui.formats.registry import JSON_LINES
from amltui.services.previews.first import first_in
from amltui.tables import HEAD, ingest
from tests.benchmarks.tables import say

FIRST_ROWS = 1.2
"""First rows of gz, times those of the plain text."""
JSON_INGEST = 1.5
"""A table of JSON Lines, times pyarrow's parse into memory."""


def main() -> None:
    """Make the files, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        plain, packed, lines = _files(directory, given.mib << 20)
        text = _median(given.rounds, lambda: _first_rows(plain))
        gz = _median(given.rounds, lambda: _first_rows(packed))
        _say("first rows of gz text", gz, text, "the plain text's", FIRST_ROWS)
        number = iter(range(given.rounds))
        ours = _median(
            given.rounds, lambda: ingest(lines, JSON_LINES, directory / f"table{next(number)}")
        )
        theirs = _median(given.rounds, lambda: pyarrow.json.read_json(lines))
        _say("JSON Lines to a table", ours, theirs, "pyarrow.json's parse", JSON_INGEST)


def _files(directory: Path, size: int) -> tuple[Path, Path, Path]:
    """A CSV of `size` bytes, the same in gzip, and JSON Lines of as many rows."""
    paths = tuple(directory / name for name in ("rows.csv", "rows.csv.gz", "rows.jsonl"))
    plain, packed, lines = paths
    with (
        plain.open("wb") as csv,
        gzip.open(packed, "wb", compresslevel=6) as gz,
        lines.open("wb") as objects,
    ):
        for target in (csv, gz):
            target.write(b"id,value,word,flag\n")
        row = written = 0
        while written < size:
            value, word = row * 7919 % 1_000_003 / 8, f"word {row * 31 % 5003}"
            line = f"{row},{value},{word},{row % 3 == 0}\n".encode()
            csv.write(line)
            gz.write(line)
            truth = str(row % 3 == 0).lower()
            objects.write(
                b'{"id":%d,"value":%r,"word":"%s","flag":%s}\n'
                % (row, value, word.encode(), truth.encode())
            )
            written += len(line)
            row += 1
    return plain, packed, lines


def _first_rows(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(HEAD)
    lens = look(head, path.name, "GenericCSV", whole=False)
    if not first_in(head, lens, whole=False).row_count:
        raise SystemExit(f"{path.name} gave no rows")


def _median(rounds: int, work: Callable[[], object]) -> float:
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def _say(what: str, ours: float, theirs: float, whose: str, bound: float) -> None:
    say(what, f"{ours:.4f} s, {ours / theirs:.2f} x {whose} ({theirs:.4f} s)", f"{bound} x")


if __name__ == "__main__":
    main()
