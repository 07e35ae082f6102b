"""The library against the old client, on one server in one run: ratios of wall time.

    python -m tests.benchmarks.api [--azureml DIR] [--count N] [WHAT ...]

WHAT is one of list, upload, download, frame and memory; all of them when none is named.

The old client (azureml 0.2.7) is that of `--azureml`, a directory that holds its package, or what
`python -m tests.support.services install` put into AMLTUI_TEST_TOOLS, or what is installed. Both
clients use the packages of this environment; frames are also read by the old client as it is, in
its own environment, for pandas 1.5 is the newest that it was made for. Figures are the best of some
runs; a ratio above 1 means that ours is faster.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib.util
import multiprocessing
import os
import random
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import amltui
from tests.benchmarks.server_load import multiply
from tests.support.server import ROOT, RunningServer, running_server
from tests.support.services import old_client_python

WHAT = ("list", "frame", "download", "upload", "memory")
MIB = 1 << 20
RUNS = 9
LATENCY = 0.02
AS_IT_IS = """
import sys, time, azureml, pandas
dataset = azureml.Workspace(*sys.argv[3:]).datasets["frame"]
taken = []
for _ in range(int(sys.argv[2])):
    start = time.perf_counter()
    frame = dataset.to_dataframe()
    taken.append(time.perf_counter() - start)
frame.to_csv(sys.argv[1], index=False)
print(min(taken), pandas.__version__)
"""
"""What the old client's own environment runs."""


def best(action: Callable[[], object], times: int = 3) -> float:
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        taken.append(time.perf_counter() - start)
    return min(taken)


def let_it_work(azureml: Any) -> None:
    """Today's urllib3 closes a response at its end, on which pandas then fails: not so here."""
    opened = azureml._RestClient.open_dataset_contents

    def open_dataset_contents(self: Any, url: str) -> Any:
        raw = opened(self, url)
        raw.auto_close = False
        return raw

    azureml._RestClient.open_dataset_contents = open_dataset_contents


def report(what: str, ours: float, theirs: float, wanted: float) -> None:
    ratio = theirs / ours
    print(f"{what}: ours {ours:.2f} s, azureml {theirs:.2f} s: {ratio:.1f} x (wanted {wanted:g} x)")


def frame_csv(size: int) -> bytes:
    """Ordinary data of `size` bytes: numbers, a category, a date, a text."""
    pick = random.Random(1)
    words = ["alpha", "beta", "gamma", "delta"]
    rows = [
        f"{i},{pick.random() * 1000!r},{pick.randrange(10**6)},{words[i % 4]},"
        f"2024-{i % 12 + 1:02}-{i % 28 + 1:02},customer number {i % 9973},{pick.random():.4f}"
        for i in range(20_000)
    ]
    body = "\n".join(rows) + "\n"
    text = "id,amount,count,kind,day,customer,share\n" + body * (size // len(body) + 1)
    return text[: text.rindex("\n", 0, size) + 1].encode()


def bench_list(home: Path, azureml: Any, count: int) -> None:
    """A list, then 100 datasets by name, from a workspace that was asked nothing before."""
    data = home / "many"
    with running_server(data) as server, amltui.Workspace(*address(server)) as workspace:
        workspace.datasets.add_from_raw_data(b"a,b\n1,2\n", "GenericCSV", "seed 0", "d")
    multiply(data / "workspace.sqlite", count)
    names = [f"seed {n * 37 % count}" for n in range(100)]

    def access(workspace: Any) -> None:
        assert len(workspace.datasets) >= count
        for name in names:
            assert workspace.datasets[name].name == name

    def access_anew() -> None:
        with amltui.Workspace(*address(server)) as workspace:
            access(workspace)

    with running_server(data) as server:
        theirs = azureml.Workspace(*address(server))
        report(
            f"list of {count:,} and 100 by name",
            best(access_anew),
            best(lambda: access(theirs), times=1),
            20,
        )


def bench_upload(
    ours: amltui.Workspace, theirs: Any, far: Callable[[], contextlib.AbstractContextManager[Any]]
) -> None:
    data = os.urandom(256 * MIB)
    numbers = iter(range(1000))

    def add(workspace: Any) -> None:
        name = f"upload {next(numbers)}"
        workspace.datasets.add_from_raw_data(data, "PlainText", name, "d")

    with far() as (distant, old):
        mine, other = best(lambda: add(distant)), best(lambda: add(old), times=2)
        report("upload of 256 MiB, 20 ms more per request", mine, other, 3)
    report("upload of 256 MiB, as it is", best(lambda: add(ours)), best(lambda: add(theirs), 2), 1)


def bench_download(ours: amltui.Workspace, theirs: Any) -> None:
    size = 256 * MIB
    ours.datasets.add_from_raw_data(os.urandom(size), "PlainText", "large", "d")
    mine, old = ours.datasets["large"], theirs.datasets["large"]

    def through(dataset: Any) -> None:
        with dataset.open() as file:
            while file.read(MIB):
                pass

    report(
        "read_as_binary of 256 MiB, ours verified",
        best(mine.read_as_binary),
        best(old.read_as_binary),
        1,
    )
    report(
        "open and read 256 MiB, ours verified",
        best(lambda: through(mine)),
        best(lambda: through(old)),
        1,
    )


def bench_frame(home: Path, server: RunningServer, ours: amltui.Workspace, theirs: Any) -> None:
    import pandas as pd

    ours.datasets.add_from_raw_data(frame_csv(100 * MIB), "GenericCSV", "frame", "d")
    mine, old = ours.datasets["frame"], theirs.datasets["frame"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the old client's way of reading warns of mixed types
        given = [str(home / "frame.csv"), str(RUNS), *address(server)]
        command = [old_client_python(), "-W", "ignore", "-c", AS_IT_IS, *given]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        its_seconds, its_pandas = done.stdout.split()
        its = pd.read_csv(home / "frame.csv", float_precision="round_trip")
        for other in its, old.to_dataframe():
            pd.testing.assert_frame_equal(mine.to_dataframe(), other, rtol=1e-15)
        del its, other
        seconds = best(mine.to_dataframe, RUNS)
        what = "to_dataframe of 100 MiB, the same frame, azureml with pandas"
        report(f"{what} {its_pandas}", seconds, float(its_seconds), 1.5)
        report(f"{what} {pd.__version__}", seconds, best(old.to_dataframe, RUNS), 1)


def bench_memory(server: RunningServer) -> None:
    code = """
        import sys, threading, time
        from pathlib import Path
        import amltui, psutil
        ws = amltui.Workspace(*sys.argv[1:4])
        path = Path(sys.argv[4])
        peak = 0
        def watch():
            global peak
            while True:
                for line in open("/proc/self/smaps_rollup"):
                    if line.startswith("Anonymous:"):
                        peak = max(peak, int(line.split()[1]))
                time.sleep(0.02)  # how often memory is looked at
        threading.Thread(target=watch, daemon=True).start()
        start = time.perf_counter()
        made = ws.datasets.add_from_raw_data(path, "PlainText", "two gigabytes", "d")
        print(f"upload of 2 GiB from a path: {time.perf_counter() - start:.1f} s, "
              f"{peak / 1024:.0f} MiB anonymous at most (wanted 100)")
        peak, start, total = 0, time.perf_counter(), 0
        with made.open() as file:
            while piece := file.read(1 << 20):
                total += len(piece)
        assert total == path.stat().st_size
        print(f"open and read 2 GiB, verified: {time.perf_counter() - start:.1f} s, "
              f"{peak / 1024:.0f} MiB anonymous at most (wanted 100)")
        made.delete()
    """
    with tempfile.NamedTemporaryFile() as file:
        piece = os.urandom(64 * MIB)
        for _ in range(32):
            file.write(piece)
        file.flush()
        arguments = [server.workspace_id, server.token, server.endpoint, file.name]
        subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code), *arguments], check=True, cwd=ROOT
        )


def _relay(listener: socket.socket, port: int) -> None:
    """Forward to `port`, each request `LATENCY` seconds late."""

    async def pump(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, turn: list[bool], *, up: bool
    ) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(1 << 20):
                if up and not turn[0]:
                    await asyncio.sleep(LATENCY)
                turn[0] = up
                writer.write(data)
                await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
        turn = [False]
        await asyncio.gather(pump(reader, back, turn, up=True), pump(there, writer, turn, up=False))

    async def main() -> None:
        server = await asyncio.start_server(serve, sock=listener, limit=1 << 22)
        await server.serve_forever()

    asyncio.run(main())


@contextlib.contextmanager
def distant(server: RunningServer, old: Any) -> Iterator[Any]:
    """Both clients behind a relay that adds the latency."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = int(server.endpoint.rstrip("/").rpartition(":")[2])
    process = multiprocessing.get_context("fork").Process(target=_relay, args=(listener, port))
    process.start()
    endpoint = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    listener.close()
    try:
        with amltui.Workspace(server.workspace_id, server.token, endpoint) as ours:
            yield ours, old.Workspace(server.workspace_id, server.token, endpoint)
    finally:
        process.terminate()
        process.join()


def old_client(directory: str | None) -> Any:
    """The old client's module."""
    if directory:
        sys.path.append(directory)
    elif importlib.util.find_spec("azureml") is None:
        # After ours, so that what both need is the same release.
        command = [old_client_python(), "-c", "import sysconfig as s; print(s.get_path('purelib'))"]
        found = subprocess.run(command, check=True, capture_output=True, text=True)
        sys.path.append(found.stdout.strip())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import azureml
    let_it_work(azureml)
    return azureml


def address(server: RunningServer) -> tuple[str, str, str]:
    return server.workspace_id, server.token, server.endpoint


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--azureml")
    parser.add_argument("--count", type=int, default=5000, help="datasets to list")
    parser.add_argument("what", nargs="*")
    given = parser.parse_args()
    what = given.what or WHAT
    if unknown := set(what) - set(WHAT):
        parser.error(f"there is no benchmark called {', '.join(unknown)}")
    azureml = old_client(given.azureml)
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        os.environ["HOME"] = name  # the old client reads a settings file there
        if "list" in what:
            bench_list(home, azureml, given.count)
        with running_server(home / "data") as server:
            theirs = azureml.Workspace(*address(server))
            with amltui.Workspace(*address(server)) as ours:
                if "frame" in what:
                    bench_frame(home, server, ours, theirs)
                if "download" in what:
                    bench_download(ours, theirs)
                if "upload" in what:
                    bench_upload(ours, theirs, lambda: distant(server, azureml))
                if "memory" in what:
                    bench_memory(server)


if __name__ == "__main__":
    main()
