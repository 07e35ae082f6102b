"""Two large CSVs that differ in 1,000 cells, compared by key, beside DuckDB's own full join.

    python -m tests.benchmarks.diff [--rows 10000000] [--directory DIR]

Both sides work on the same two tables of text that the preview makes. DuckDB's join is what one
would write by hand: a full outer join on the key where any other column is distinct. Each runs in
a process of its own, for its peak of anonymous memory.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from amltui.formats import format_of
from amltui.tables import ingest
from tests.benchmarks.make_csv import make_csv

CELLS = 1_000

MEASURED = """
import json, sys, threading, time
from pathlib import Path
peak = 0
over = threading.Event()
def watch():
    global peak
    while not over.wait(0.02):
        for line in open("/proc/self/status"):
            if line.startswith("RssAnon"):
                peak = max(peak, int(line.split()[1]))
threading.Thread(target=watch, daemon=True).start()
from amltui.tables import open_table
left, right = (open_table(Path(one)) for one in sys.argv[1:3])
"""
OURS = """
from amltui.tables.queries import compare
start = time.perf_counter()
found = compare(left, right, key=["id"], with_drift=False)
print(json.dumps([time.perf_counter() - start, peak // 1024, found.changed]))
"""
PEER = """
import duckdb
from amltui.tables.queries.cancel import Cancel
from amltui.tables.queries.engine import connection, typed_reader
start = time.perf_counter()
columns = range(len(left.columns))
with connection(left, Cancel()) as db:
    for name, table in (("a", left), ("b", right)):
        db.register(name, typed_reader(table, columns, Cancel(), as_text=True))
    differ = " OR ".join(f"a.c{i} IS DISTINCT FROM b.c{i}" for i in columns)
    joined = f"SELECT count(*) FROM a FULL OUTER JOIN b USING (c0) WHERE {differ}"
    found = db.execute(joined).fetchall()
print(json.dumps([time.perf_counter() - start, peak // 1024, found[0][0]]))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--directory", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.directory) as made:
        home = Path(made)
        make_csv(home / "old.csv", options.rows)
        change(home / "old.csv", home / "new.csv", options.rows)
        for name in ("old", "new"):
            ingest(home / f"{name}.csv", format_of("GenericCSV"), home / name)
            (home / f"{name}.csv").unlink()
        print(f"{options.rows:,} rows on each side, {CELLS} cells changed")
        ours, ours_memory = measure(home, OURS)
        peer, peer_memory = measure(home, PEER)
        print(f"compare by key    {ours:6.1f} s   {ours_memory} MiB anonymous at the peak")
        print(f"DuckDB full join  {peer:6.1f} s   {peer_memory} MiB")
        print(f"ratio             {ours / peer:6.2f} x  (3)")


def change(old: Path, new: Path, rows: int) -> None:
    """Copy a CSV with another price in 1,000 of its rows."""
    step = rows // CELLS
    with old.open("rb") as source, new.open("wb") as target:
        for line in source:
            fields = line.split(b",", 5)
            if len(fields) == 6 and fields[0].isdigit() and int(fields[0]) % step == 1:
                fields[4] += b"1"
                target.write(b",".join(fields))
            else:
                target.write(line)


def measure(home: Path, code: str) -> tuple[float, int]:
    done = subprocess.run(
        [sys.executable, "-c", MEASURED + code, str(home / "old"), str(home / "new")],
        check=True,
        capture_output=True,
        text=True,
    )
    seconds, memory, changed = json.loads(done.stdout.splitlines()[-1])
    assert changed == CELLS, changed
    return seconds, memory


if __name__ == "__main__":
    main()
