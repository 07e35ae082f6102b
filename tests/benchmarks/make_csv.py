"""The large CSV that tables are measured on: twelve mixed columns, the same bytes each time.

    python -m tests.benchmarks.make_csv 10000000 /tmp/large.csv      about 1.1 GB

Of the notes 5 % are quoted for a comma, 2 % for a line feed and 2 % for quotes of their own; 3 % of
the ratios are missing.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

HEADER = "id,name,city,score,price,qty,flag,day,ts,ratio,code,note\n"
_CITIES = np.array(["Paris", "Berlin", "Tokyo", "New York", "Lima", "Oslo", "Cairo", "Delhi"])
_WORDS = ["alpha", "beta", "gamma", "lorem", "ipsum", "red", "green", "blue", "zebra", "needle"]
_CHUNK = 100_000


def _notes(random: np.random.Generator, count: int = 4_000) -> np.ndarray:
    notes = []
    for _ in range(count):
        note = " ".join(random.choice(_WORDS, random.integers(2, 5)))
        kind = random.random()
        if kind < 0.05:
            note = '"' + note.replace(" ", ", ", 1) + '"'
        elif kind < 0.07:
            note = '"' + note.replace(" ", "\n", 1) + '"'
        elif kind < 0.09:
            note = '"' + note.replace(" ", ' ""so"" ', 1) + '"'
        notes.append(note)
    return np.array(notes, dtype=object)


def make_csv(path: Path, rows: int) -> None:
    """Write `rows` rows and a header."""
    random = np.random.default_rng(11)
    notes = _notes(random)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(HEADER)
        for start in range(0, rows, _CHUNK):
            n = min(_CHUNK, rows - start)
            days = np.datetime64("2000-01-01") + random.integers(0, 9_000, n)
            times = np.datetime64("2020-01-01T00:00:00") + random.integers(0, 10**8, n)
            ratios = random.random(n)
            missing = random.random(n) < 0.03
            columns = [
                range(start, start + n),
                [f"u{value:x}" for value in random.integers(0, 1 << 30, n).tolist()],
                random.choice(_CITIES, n).tolist(),
                [f"{value:.4f}" for value in random.normal(50, 15, n).tolist()],
                [f"{value:.2f}" for value in random.lognormal(3, 1, n).tolist()],
                random.integers(0, 1_000, n).tolist(),
                np.where(random.integers(0, 2, n), "true", "false").tolist(),
                np.datetime_as_string(days).tolist(),
                np.datetime_as_string(times).tolist(),
                [
                    "" if gone else f"{value:.6f}"
                    for value, gone in zip(ratios, missing, strict=True)
                ],
                [f"K{value:04x}" for value in random.integers(0, 65_536, n).tolist()],
                notes[random.integers(0, len(notes), n)].tolist(),
            ]
            lines = zip(*columns, strict=True)
            file.write("".join(",".join(map(str, line)) + "\n" for line in lines))


if __name__ == "__main__":
    make_csv(Path(sys.argv[2]), int(sys.argv[1]))
