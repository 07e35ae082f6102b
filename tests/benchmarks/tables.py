"""What the text table costs, beside pyarrow's own reader in the same run.

    python -m tests.benchmarks.tables [--rows 10000000] [--csv FILE] [--directory DIR]

Prints one line per figure with its bound. The CSV is made in a temporary directory and removed,
unless one is given.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import statistics as stats
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from amltui.formats import format_of
from amltui.tables import HEAD, first_rows, ingest_in_process, open_table, warm_up
from amltui.tables.index_making import index_rows
from amltui.tables.indexed import IndexedRows
from amltui.tables.queries import (
    Condition,
    SortKey,
    distinct,
    filter_rows,
    find,
    histogram,
    sort,
    sql,
    statistics,
)
from amltui.tables.queries.values import Hit
from amltui.tables.source import FileStream, OpenFile
from tests.benchmarks.make_csv import HEADER, make_csv

CSV = format_of("GenericCSV")
MIB = 1024 * 1024

PEER = """
import sys, pyarrow as pa, pyarrow.csv as csv
names = {names!r}
options = csv.ConvertOptions(column_types={{n: pa.string() for n in names}},
    strings_can_be_null=True, null_values=[""], quoted_strings_can_be_null=False)
reader = csv.open_csv(sys.argv[1], csv.ReadOptions(block_size={block}),
    csv.ParseOptions(newlines_in_values=True), options)
with pa.OSFile(sys.argv[2], "wb") as sink, pa.ipc.new_stream(sink, reader.schema) as out:
    for batch in reader:
        out.write_batch(batch)
"""
OURS = """
import sys
from pathlib import Path
from amltui.formats import format_of
from amltui.tables import ingest
ingest(Path(sys.argv[1]), format_of("GenericCSV"), Path(sys.argv[2]), report=note)
"""
# The peer only writes rows, so the time of ours is taken when its rows are in, typing excluded.
BEGIN = """
import time
import pyarrow, pyarrow.csv, pyarrow.compute, numpy
begin, cpu = time.perf_counter(), time.process_time()
def note(progress=None):
    if progress is None or progress.stage == "types":
        print(time.perf_counter() - begin, time.process_time() - cpu, flush=True)
"""


def anonymous(pid: int) -> int:
    """Anonymous resident bytes of a process; 0 when it is gone."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


class Peak:
    """The peak of anonymous memory of a process while inside."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.bytes = 0
        self._stop = threading.Event()

    def __enter__(self):
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.01):
            self.bytes = max(self.bytes, anonymous(self._pid))


def say(what: str, figure: str, bound: str = "") -> None:
    print(f"{what:<58}{figure:>22}   {bound}", flush=True)


def run(script: str, *args: str) -> tuple[float, float, float, int]:
    """Wall seconds, seconds and CPU seconds it printed itself, and its anonymous peak."""
    begin = time.perf_counter()
    command = [sys.executable, "-c", script, *args]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE) as process,
        Peak(process.pid) as peak,
    ):
        out = process.stdout.read()
        process.wait()
    assert process.returncode == 0
    seconds, cpu = map(float, out.split())
    return time.perf_counter() - begin, seconds, cpu, peak.bytes


def measure_ingest(csv: Path, directory: Path) -> None:
    """Both in turn, twice. On a busy machine trust the CPU time, of which ours uses two cores."""
    names = HEADER.strip().split(",")
    peers, ours, memory = [], [], 0
    for block in (1 * MIB, 4 * MIB):
        out = directory / "peer.arrow"
        peer = BEGIN + PEER.format(names=names, block=block) + "note()\n"
        _, seconds, cpu, peak = run(peer, str(csv), str(out))
        peers.append((seconds, cpu))
        figure = f"{seconds:.2f} s, CPU {cpu:.2f} s"
        say(f"pyarrow open_csv to IPC, {block // MIB} MiB blocks", figure, f"{peak / MIB:.0f} MiB")
        out.unlink()
        wall, seconds, cpu, peak = run(BEGIN + OURS, str(csv), str(directory / "ours"))
        ours.append((seconds, cpu))
        memory = max(memory, peak)
        say("  our ingest, rows written", f"{seconds:.2f} s, CPU {cpu:.2f} s")
        say("  our process from start to typed columns", f"{wall:.2f} s")
        shutil.rmtree(directory / "ours")
    say(
        "ingest against the faster pyarrow",
        f"{min(ours)[0] / min(peers)[0]:.2f} x",
        "at most 1.2 x",
    )
    say("  anonymous peak of ingest", f"{memory / MIB:.0f} MiB", "below 300 MiB")


def measure_oversized_rows(directory: Path) -> None:
    """Memory for a field of 100 MB and for a line of 1 GB."""
    for what, data_type_id, parts in (
        (
            "a field of 100 MB",
            "GenericCSV",
            [b'a,b\n1,"', *[b'say ""so"" ' * 100_000] * 91, b'"\n2,x\n'],
        ),
        ("a line of 1 GB", "PlainText", [*[b"x" * 10_000_000] * 100, b"\nend\n"]),
    ):
        source = directory / "oversized"
        with source.open("wb") as file:
            file.writelines(parts)
        script = BEGIN + OURS.replace("GenericCSV", data_type_id)
        _, seconds, _, peak = run(script, str(source), str(directory / "ours"))
        say(f"ingest of {what}", f"{seconds:.2f} s", f"{peak / MIB:.0f} MiB, below 300 MiB")
        shutil.rmtree(directory / "ours")
        source.unlink()


async def measure_beside(csv: Path, directory: Path) -> None:
    """How long this thread's reads take while the worker ingests."""
    table, late = None, []
    running = True

    def progress(_now):
        nonlocal table
        if table is None:
            table = open_table(directory, csv)
        table.refresh()

    async def keys() -> None:
        while running:
            begin = time.perf_counter()
            await asyncio.sleep(0.01)
            if table is not None and table.row_count:
                at = random.randrange(table.row_count)
                table.window(at, at + 40, range(12))
            late.append(time.perf_counter() - begin - 0.01)

    task = asyncio.create_task(keys())
    begin = time.perf_counter()
    await ingest_in_process(csv, CSV, directory, on_progress=progress)
    running = False
    await task
    table.close()
    say("ingest in the worker, start to types", f"{time.perf_counter() - begin:.2f} s")
    late.sort()
    say("a window read while it runs: p95", f"{late[int(len(late) * 0.95)] * 1000:.1f} ms", "50 ms")


def measure_windows(table) -> None:
    times = []
    before = anonymous(psutil.Process().pid)
    for _ in range(1_000):
        at = random.randrange(table.row_count)
        begin = time.perf_counter()
        table.window(at, at + 50, range(12))
        times.append(time.perf_counter() - begin)
    times.sort()
    say("50 rows anywhere: median / p95", f"{times[500] * 1e3:.2f} / {times[950] * 1e3:.2f} ms")
    grown = (anonymous(psutil.Process().pid) - before) / MIB
    say("  anonymous memory after 1,000 jumps", f"+{grown:.0f} MiB", "60 MiB")


def measure_index(csv: Path) -> None:
    """Windows of the file by its row index, of which no table is made."""
    begin = time.perf_counter()
    with FileStream(csv) as stream:
        index = index_rows(stream, CSV)
    say("row index of all rows", f"{time.perf_counter() - begin:.2f} s", f"{index.row_count:,}")
    rows = IndexedRows(OpenFile.at(csv), index)
    times, before = [], anonymous(psutil.Process().pid)
    for _ in range(1_000):
        at = random.randrange(rows.row_count)
        begin = time.perf_counter()
        rows.window(at, at + 50, range(12))
        times.append(time.perf_counter() - begin)
    times.sort()
    figure = f"{times[500] * 1e3:.2f} / {times[950] * 1e3:.2f} ms"
    say("50 rows anywhere by the index: median / p95", figure, "p95 10 ms")
    grown = (anonymous(psutil.Process().pid) - before) / MIB
    say("  anonymous memory after 1,000 jumps", f"+{grown:.0f} MiB", "30 MiB")
    rows.close()


def measure_question(what: str, bound: str, ask: Callable[[], object]) -> None:
    pid = psutil.Process().pid
    before = anonymous(pid)
    times = []
    with Peak(pid) as peak:
        for _ in range(3):
            begin = time.perf_counter()
            answer = ask()
            times.append(time.perf_counter() - begin)
            if hasattr(answer, "close"):
                answer.close()
    memory = f"peak +{max(0, peak.bytes - before) / MIB:.0f} MiB"
    say(what, f"{stats.median(times):.2f} s", f"{bound}, {memory}")


def measure_questions(table) -> None:
    for name, column, kind in (("floats", 3, "float"), ("texts", 11, "text"), ("names", 1, "text")):
        assert table.columns[column].type == kind
        firsts: list[float] = []

        def ask(column=column, firsts=firsts):
            begin = time.perf_counter()
            note = lambda _view: firsts.append(time.perf_counter() - begin)  # noqa: E731 - short
            return sort(table, [SortKey(column)], first=note)

        measure_question(f"sort {name}: whole order", "5 s", ask)
        say("  first screen", f"{stats.median(firsts):.2f} s", "0.6 s")
    rows = table
    measure_question(
        "filter contains", "1 s", lambda: filter_rows(rows, [Condition(11, "contains", "needle")])
    )
    measure_question(
        "filter < on floats", "1 s", lambda: filter_rows(rows, [Condition(3, "<", "10")])
    )
    measure_question(
        "filter by regular expression",
        "1 s",
        lambda: filter_rows(rows, [Condition(11, "regex", "n..dle")]),
    )
    measure_question("statistics of floats", "1 s", lambda: statistics(rows, 3))
    measure_question("statistics of texts", "1 s", lambda: statistics(rows, 11))
    measure_question("histogram of floats", "1 s", lambda: histogram(rows, 3))
    measure_question("histogram of dates", "1 s", lambda: histogram(rows, 7))
    measure_question("distinct notes", "1 s", lambda: distinct(rows, 11))
    measure_question("distinct names (nearly all differ)", "1 s", lambda: distinct(rows, 1))
    measure_question(
        "find from the first to the last row",
        "",
        lambda: find(rows, Condition(0, "=", str(rows.row_count - 1)), start=Hit(0, 0)),
    )
    measure_question(
        "SQL group by", "", lambda: sql(rows, "select city, avg(score) from data group by all")
    )


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
        say("source", f"{csv.stat().st_size / 1e9:.2f} GB")
        warm_up()
        with csv.open("rb") as file:
            head = file.read(HEAD)
        times = []
        for _ in range(20):
            begin = time.perf_counter()
            first_rows(head, CSV, whole=False)
            times.append(time.perf_counter() - begin)
        say(
            "first rows of 256 KiB: median / worst",
            f"{stats.median(times) * 1e3:.1f} / {max(times) * 1e3:.1f} ms",
            "50 ms on screen",
        )
        measure_index(csv)
        measure_ingest(csv, directory)
        measure_oversized_rows(directory)
        asyncio.run(measure_beside(csv, directory / "table"))
        with open_table(directory / "table", csv) as table:
            measure_windows(table)
            measure_questions(table)


if __name__ == "__main__":
    main()
