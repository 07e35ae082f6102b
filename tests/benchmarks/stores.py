"""Object stores against their own clients, rclone and DuckDB alone, in one run.

    python -m tests.benchmarks.stores [list|rows|parquet|transfer|group] [--objects N] [--mib N]
        [--files N] [--rows N]

Against an S3 of the tests on this machine (moto, see tests/support/services.py):

`list`: all objects, by amltui and by obstore alone; the first page by itself.
`rows`: the first rows of a CSV at 50 ms latency: seconds, round trips, requests, bytes.
`parquet`: the first and last rows of a Parquet file, beside pyarrow.dataset and DuckDB.
`transfer`: one object up and down by `amltui put` and `get`, against `rclone copyto`, in turns.
rclone sends as many parts at once as we do, of the size that both use for up to some 50 GB. It does
not look at what it sent: moto says of an object without versions that it has the version "null",
as S3 does not, and refuses the question for that version with which rclone would look.
`group`: a group-by over Parquet files, by amltui as one table and by DuckDB on files of this disk.
DuckDB answers in this process, which has imported it; the command is a process of its own.
The same by amltui over a folder of this disk, and in one process: so store and question are told
apart, and what a command takes beyond them is the start of its process.

The usual sizes are small; those of the figures that are published are 100,000 objects, 1,024 MiB,
64 files and 10,000,000 rows.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import math
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import duckdb
import numpy as np
import obstore
import pyarrow as pa
import pyarrow.fs
import pyarrow.parquet as pq
from obstore.store import from_url
from pyarrow.dataset import dataset

from amltui.services.session import open_session
from amltui.services.whole_tables import dataset_table
from amltui.tables.queries import in_thread, sql
from amltui.transfers import Options
from amltui.workspaces.folder.store import StoreWorkspace
from tests.support.proxy import FaultProxy, fault_proxy, slow_line
from tests.support.services import Moto, moto

MIB = 1 << 20
LATENCY = 0.05


def timed(work: Callable[[], object], rounds: int) -> float:
    """The median of some rounds, in seconds."""
    found = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return statistics.median(found)


def own_directories(home: Path) -> dict[str, str]:
    """What lets the program keep everything in a directory."""
    names = ("CONFIG", "CACHE", "DATA")
    return {f"AMLTUI_{name}_DIR": str(home / name.lower()) for name in names}


def amltui(home: Path, *arguments: str) -> str:
    """Run the program in a process of its own; what it printed."""
    command = [sys.executable, "-m", "amltui", *arguments]
    done = subprocess.run(
        command, env=os.environ | own_directories(home), check=True, capture_output=True
    )
    return done.stdout.decode()


def listing(url: str, options: argparse.Namespace) -> None:
    """All objects below a prefix."""
    store = from_url(url, client_options={"allow_http": True})
    for number in range(options.objects):
        obstore.put(store, f"{number // 1_000}/{number}.csv", b"a\n1\n")

    async def ours() -> float:
        first: list[float] = []
        async with StoreWorkspace(url) as workspace:
            began = time.perf_counter()
            await workspace.listed(lambda _: first.append(time.perf_counter() - began))
        return first[0]

    def theirs() -> None:
        assert sum(map(len, obstore.list(store, chunk_size=1_000))) == options.objects

    firsts: list[float] = []
    mine = timed(lambda: firsts.append(asyncio.run(ours())), options.rounds)
    other = timed(theirs, options.rounds)
    print(f"list {options.objects:,} objects: {mine:.2f} s, obstore {other:.2f} s")
    print(f"  the first page after {statistics.median(firsts):.2f} s")


@contextlib.contextmanager
def counted(port: int, latency: float) -> Iterator[FaultProxy]:
    """A line to `port` with latency that counts requests and bytes; set AWS_ENDPOINT to it."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    with slow_line(port, latency=latency) as line:
        made = fault_proxy(int(line.rstrip("/").rpartition(":")[2]))
        proxy = asyncio.run_coroutine_threadsafe(made.__aenter__(), loop).result()
        before, os.environ["AWS_ENDPOINT"] = os.environ["AWS_ENDPOINT"], proxy.endpoint.rstrip("/")
        try:
            yield proxy
        finally:
            os.environ["AWS_ENDPOINT"] = before
            asyncio.run_coroutine_threadsafe(made.__aexit__(None, None, None), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()


def measured(
    running: Moto, work: Callable[[], object], rounds: int, before: Callable[[], object]
) -> str:
    """Seconds at 50 ms, round trips, requests and bytes, in words."""
    port = int(running.endpoint.rpartition(":")[2])
    took: list[float] = []
    for latency in (LATENCY, 5 * LATENCY):
        with counted(port, latency) as proxy:
            times = []
            for _ in range(rounds):
                before()
                proxy.requests.clear()
                proxy.content_sent = 0
                times.append(timed(work, 1))
            took.append(statistics.median(times))
            requests, fetched = len(proxy.requests), proxy.content_sent
    trips = (took[1] - took[0]) / (4 * LATENCY)
    return (
        f"{took[0]:.2f} s at {LATENCY * 1000:.0f} ms; {trips:.1f} round trips of this line, where "
        f"each request has a connection of its own and takes two; {requests} requests, "
        f"{fetched / MIB:.2f} MiB"
    )


def first_rows(running: Moto, url: str, home: Path, options: argparse.Namespace) -> None:
    """The first rows of a CSV on a line with latency."""
    store = from_url(url, client_options={"allow_http": True})
    rows = b"".join(b"%d,city-%d\n" % (n, n % 97) for n in range(options.mib * 60_000))
    obstore.put(store, "rows.csv", b"id,city\n" + rows)
    head = lambda: amltui(home, "--at", url, "head", "rows.csv")  # noqa: E731
    forget = lambda: shutil.rmtree(home / "cache", ignore_errors=True)  # noqa: E731
    found = measured(running, head, options.rounds, forget)
    print(f"first rows of a CSV of {len(rows) / MIB:.0f} MiB: {found}")


def parquet(running: Moto, url: str, home: Path, options: argparse.Namespace) -> None:
    """First and last rows of a Parquet file on a line with latency, by several readers."""
    count = options.rows or options.mib * 300_000
    path = home / "rows.parquet"
    _write_parquet(path, count)
    obstore.put(from_url(url, client_options={"allow_http": True}), "rows.parquet", path)
    print(f"Parquet of {count:,} rows, {path.stat().st_size / MIB:.0f} MiB:")
    key = f"{url.removeprefix('s3://')}/rows.parquet"

    def by_arrow() -> None:
        endpoint = os.environ["AWS_ENDPOINT"].removeprefix("http://")
        files = pyarrow.fs.S3FileSystem(
            endpoint_override=endpoint, scheme="http", region="us-east-1"
        )
        assert dataset(key, filesystem=files).head(50).num_rows == 50

    def by_duckdb() -> None:
        code = (
            "import duckdb, fsspec; duckdb.register_filesystem(fsspec.filesystem('amltui')); "
            "duckdb.sql(\"select * from 'amltui://there/rows.parquet' limit 50\").fetchall()"
        )
        environment = os.environ | own_directories(home)
        subprocess.run([sys.executable, "-c", code], env=environment, check=True)

    amltui(home, "profile", "add", "there", "--url", url)
    forget = lambda: shutil.rmtree(home / "cache", ignore_errors=True)  # noqa: E731
    for name, work in (
        ("amltui head", lambda: amltui(home, "--at", url, "head", "rows.parquet")),
        ("amltui head --tail", lambda: amltui(home, "--at", url, "head", "rows.parquet", "--tail")),
        ("pyarrow.dataset.head(50)", by_arrow),
        ("DuckDB by amltui://, limit 50", by_duckdb),
    ):
        print(f"  {name}: {measured(running, work, options.rounds, forget)}")
    with Opened(url, forget) as opened:
        words = measured(running, opened.last_rows, options.rounds, opened.first_rows)
        print(f"  amltui, the last rows after the first, beyond these: {words}")


def _write_parquet(path: Path, count: int) -> None:
    """Rows of a number, a random one and a word, in groups of a million."""
    chance = np.random.default_rng(1)
    words = pa.array([f"word {number}" for number in range(977)])
    writer = None
    for first in range(0, count, 1_000_000):
        numbers = np.arange(first, min(first + 1_000_000, count))
        part = pa.table(
            {
                "n": numbers,
                "value": chance.random(len(numbers)),
                "word": words.take(pa.array(numbers % 977)),
            }
        )
        writer = writer or pq.ParquetWriter(path, part.schema)
        writer.write_table(part)
    assert writer is not None
    writer.close()


class Opened:
    """A preview in a session of this process."""

    def __init__(self, url: str, forget: Callable[[], None]) -> None:
        self._url = url
        self._forget = forget
        self._loop = asyncio.new_event_loop()
        self._stack = contextlib.AsyncExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._loop.run_until_complete(self._stack.aclose())
        self._loop.close()

    def first_rows(self) -> None:
        """Open the preview anew."""

        async def work() -> None:
            await self._stack.aclose()
            self._forget()
            session = await self._stack.enter_async_context(open_session(self._url))
            dataset = await session.find("rows.parquet")
            self._preview = await session.previews.open(dataset, brief=True)
            self._stack.callback(self._preview.close)

        self._loop.run_until_complete(work())

    def last_rows(self) -> None:
        """Read the last rows."""
        _, found = self._loop.run_until_complete(self._preview.window_of(None, 20))
        assert len(found) == 20


def transfer(running: Moto, url: str, home: Path, options: argparse.Namespace) -> None:
    """One large object, there and back."""
    source = home / "large.bin"
    with source.open("wb") as file:
        for _ in range(options.mib):
            file.write(random.randbytes(MIB))
    amltui(home, "profile", "add", "there", "--url", url, "--write")
    bucket = url.removeprefix("s3://")
    remote = f"store:{bucket}"
    about = {
        "TYPE": "s3",
        "PROVIDER": "Other",
        "ENDPOINT": running.endpoint,
        "FORCE_PATH_STYLE": "true",
        "NO_CHECK_BUCKET": "true",
        "NO_HEAD": "true",
        "CHUNK_SIZE": str(StoreWorkspace.part_sizes.smallest // 1024),  # in KiB
        "UPLOAD_CONCURRENCY": str(Options().parts),
        "ACCESS_KEY_ID": os.environ["AWS_ACCESS_KEY_ID"],
        "SECRET_ACCESS_KEY": os.environ["AWS_SECRET_ACCESS_KEY"],
    }
    os.environ |= {f"RCLONE_CONFIG_STORE_{name}": value for name, value in about.items()}
    rclone = shutil.which("rclone")
    target = home / "back.bin"

    numbers = itertools.count()

    def up() -> None:
        amltui(home, "--profile", "there", "put", str(source), "--name", f"{next(numbers)}.bin")

    def down() -> None:
        shutil.rmtree(home / "cache", ignore_errors=True)
        amltui(home, "--profile", "there", "get", "0.bin", "-o", str(target))

    def copied(*places: str) -> None:
        # It refuses every store where a bundle is named, also one that speaks no TLS.
        own = {name: value for name, value in os.environ.items() if name != "AWS_CA_BUNDLE"}
        command = [str(rclone), "copyto", "--ignore-times", *places]
        subprocess.run(command, env=own, check=True, capture_output=True)

    def alone(one: Callable[[], object]) -> float:
        # Neither replaces what the other brought, nor waits while that is written to the disk.
        target.unlink(missing_ok=True)
        os.sync()
        return timed(one, 1)

    for name, mine, places in (
        ("up", up, (str(source), f"{remote}/by-rclone.bin")),
        ("down", down, (f"{remote}/0.bin", str(target))),
    ):
        took: list[tuple[float, float]] = []
        for _ in range(options.rounds):
            theirs = alone(lambda places=places: copied(*places)) if rclone else math.nan
            took.append((alone(mine), theirs))
        ours, theirs = (options.mib / statistics.median(some) for some in zip(*took, strict=True))
        line = f"{name} {options.mib} MiB: {ours:.0f} MiB/s"
        print(f"{line}, rclone {theirs:.0f} MiB/s, {ours / theirs:.2f} x" if rclone else line)


def group(url: str, home: Path, options: argparse.Namespace) -> None:
    """A group-by over Parquet files."""
    store = from_url(url, client_options={"allow_http": True})
    folder = home / "parts"
    folder.mkdir()
    each = options.mib * MIB // options.files // 12
    cities = pa.array([f"city-{number}" for number in range(97)])
    for number in range(options.files):
        numbers = np.arange(number * each, (number + 1) * each)
        table = pa.table({"n": numbers, "city": cities.take(pa.array(numbers % 97))})
        pq.write_table(table, folder / f"{number:03}.parquet", compression="NONE")
        obstore.put(store, f"parts/{number:03}.parquet", folder / f"{number:03}.parquet")
    question = "select city, count(*), sum(n::bigint) from {} group by city"

    def ours(place: str) -> None:
        amltui(home, "--at", place, "sql", "parts/", question.format("data"))

    async def here(place: str) -> list[float]:
        """Finding the files, opening them as one table, and each question."""
        took, began = [], time.perf_counter()

        def lap() -> None:
            nonlocal began
            took.append(time.perf_counter() - began)
            began = time.perf_counter()

        async with open_session(place) as session:
            dataset = await session.find("parts/")
            lap()
            async with dataset_table(session, dataset, in_place=True) as table:
                lap()
                for _ in range(options.rounds):
                    (await in_thread(sql, table, question.format("data"))).close()
                    lap()
        return took

    def theirs() -> None:
        duckdb.sql(question.format(f"'{folder}/*.parquet'")).fetchall()

    first = timed(lambda: ours(url), 1)
    again, alone = timed(lambda: ours(url), options.rounds), timed(theirs, options.rounds)
    print(
        f"group-by over {options.files} files of {options.mib} MiB in all: {first:.2f} s the first "
        f"time, {again:.2f} s again, DuckDB alone on this disk {alone:.2f} s"
    )
    disk = home.as_uri()
    first, again = timed(lambda: ours(disk), 1), timed(lambda: ours(disk), options.rounds)
    print(f"  a folder of this disk: {first:.2f} s the first time, {again:.2f} s again")
    for name, place in (("the store", url), ("this disk", disk)):
        found, opened, *asked = asyncio.run(here(place))
        print(
            f"  in one process, of {name}: {found:.2f} s to find the files, {opened:.2f} s to open "
            f"them as one table, {statistics.median(asked):.2f} s for the question"
        )


def main() -> None:
    """Measure what was asked for, or all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="?", choices=("list", "rows", "parquet", "transfer", "group"))
    parser.add_argument("--objects", type=int, default=2_000)
    parser.add_argument("--mib", type=int, default=32)
    parser.add_argument("--files", type=int, default=8)
    parser.add_argument("--rows", type=int, help="of the Parquet file; else by --mib")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with moto() as running, tempfile.TemporaryDirectory() as place:
        home = Path(place)
        os.environ |= running.environment | own_directories(home)
        if options.what in {None, "list"}:
            listing(running.new_container(), options)
        if options.what in {None, "rows"}:
            first_rows(running, running.new_container(), home, options)
        if options.what in {None, "parquet"}:
            parquet(running, running.new_container(), home, options)
        if options.what in {None, "transfer"}:
            transfer(running, running.new_container(), home, options)
        if options.what in {None, "group"}:
            group(running.new_container(), home, options)


if __name__ == "__main__":
    main()
