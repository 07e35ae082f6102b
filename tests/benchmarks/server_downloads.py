"""Many downloads at once, and what a small call waits meanwhile; part of `server_load`.

Beside nginx stands a bare application: Granian as the server runs it, which answers a constant and
sends the same file, with nothing of ours. What a small call waits for it while *others* are sent
to is the machine's part; what it waits for while the bare application itself sends is Granian's,
whose few threads send to all connections in turn.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import httpx
import psutil

from amltui.server import run
from tests.support.server import ROOT, running_server
from tests.support.services import free_port, wait_for_port
from tests.support.studio import Studio, url_of

MIB = 1 << 20
CLIENTS = 64


class Memory:
    """The highest resident memory of a process while the block runs."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.peak = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.is_set():
            self.peak = max(self.peak, self._process.memory_info().rss)
            self._stop.wait(0.02)


@contextmanager
def nginx(directory: Path) -> Iterator[str]:
    """nginx serving a directory; its address."""
    port = free_port()
    config = directory / "nginx.conf"
    config.write_text(
        f"daemon off; pid {directory}/pid; error_log {directory}/error.log; user root;"
        "worker_processes auto; events { worker_connections 1024; }"
        "http { access_log off; sendfile on; tcp_nopush on;"
        f" server {{ listen 127.0.0.1:{port}; root {directory}; }} }}"
    )
    if os.geteuid() != 0:
        config.write_text(config.read_text().replace("user root;", ""))
    process = subprocess.Popen(["nginx", "-c", str(config), "-e", f"{directory}/error.log"])
    try:
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/")
                break
            except httpx.TransportError:
                assert process.poll() is None
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait()


def fetch(url: str, count: int) -> float:
    """Download `url` that many times at once; seconds."""
    with tempfile.NamedTemporaryFile("w", suffix=".curl") as config:
        config.write("".join(f'url = "{url}"\noutput = "/dev/null"\n' for _ in range(count)))
        config.flush()
        command = [
            "curl",
            "-sS",
            "--no-progress-meter",
            "--fail",
            "--parallel",
            "--parallel-immediate",
        ]
        began = time.perf_counter()
        subprocess.run(
            [*command, "--parallel-max", str(count), "--config", config.name], check=True
        )
        return time.perf_counter() - began


def p99(http: httpx.Client, path: str, stop: threading.Event, at_least: int) -> float:
    """Seconds within which 99 of 100 small calls answer, asked for until `stop` is set."""
    times: list[float] = []
    while not stop.is_set() or len(times) < at_least:
        began = time.perf_counter()
        http.get(path).raise_for_status()
        times.append(time.perf_counter() - began)
        time.sleep(0.005)  # so that the probe itself is no load
    return statistics.quantiles(times, n=100)[98]


def idle_and_loaded(http: httpx.Client, path: str, download: str) -> tuple[float, float]:
    """`p99` while nothing else is asked, and while `CLIENTS` fetch `download`."""
    stop = threading.Event()
    stop.set()
    idle = p99(http, path, stop, 300)
    stop.clear()
    loaded: list[float] = []
    watcher = threading.Thread(target=lambda: loaded.append(p99(http, path, stop, 50)))
    watcher.start()
    for _ in range(2):
        fetch(download, CLIENTS)
    stop.set()
    watcher.join()
    return idle, loaded[0]


class Bare:
    """The application (RSGI) that answers a constant, or its one file at `file`."""

    def __init__(self, file: Path) -> None:
        self._file, self._size = str(file), file.stat().st_size

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        if scope.path == "/file":
            fields = [("content-length", str(self._size))]
            protocol.response_file_range(200, fields, self._file, 0, self._size)
        else:
            protocol.response_bytes(200, [], b"x" * 1_000)


async def serve_bare(file: Path, port: int) -> None:
    """Serve it as `amltui.server.run` does."""
    from granian.constants import HTTPModes, Interfaces
    from granian.http import HTTP1Settings
    from granian.server.embed import Server

    server = Server(
        Bare(file),
        port=port,
        interface=Interfaces.RSGI,
        http=HTTPModes.http1,
        websockets=False,
        backlog=1024,
        log_enabled=False,
        runtime_blocking_threads=run._READERS,
        http1_settings=HTTP1Settings(max_buffer_size=run._BUFFER),
    )
    server.workers = run._SENDERS
    await server.serve()


@contextmanager
def bare(file: Path) -> Iterator[str]:
    """The bare application in a process of its own; its address."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", __spec__.name, file, str(port)], cwd=ROOT)
    try:
        wait_for_port(port, process)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait()


def downloads(directory: Path) -> None:
    """64 downloads of 64 MiB at once."""
    size = 64 * MIB
    with running_server(directory / "data", afresh=True) as server:
        studio = Studio(server)
        dataset = studio.create("load", secrets.token_bytes(size), DataTypeId="Zip")
        path, sha256 = f"datasources/{dataset['Id']}", hash_of(dataset)
        file = directory / sha256
        shutil.copy(next((directory / "data" / "contents").glob(f"*/{sha256}")), file)
        file.chmod(0o644)
        with nginx(directory) as peer, bare(file) as constant:
            rates: dict[str, list[float]] = {"nginx": [], "amltui": []}
            with Memory(server.process.pid) as memory:
                for _ in range(3):
                    for name, url in (("nginx", peer + sha256), ("amltui", url_of(dataset))):
                        rates[name].append(CLIENTS * 64 / fetch(url, CLIENTS))
                own = idle_and_loaded(studio.http, path, url_of(dataset))
            (directory / "small").write_bytes(studio.http.get(path).content)
            with httpx.Client(base_url=peer) as http:
                base = idle_and_loaded(http, "small", peer + sha256)
            with httpx.Client(base_url=constant) as http:
                machine = idle_and_loaded(http, "", url_of(dataset))
                granian = idle_and_loaded(http, "", constant + "file")
        studio.close()
    ours, theirs = statistics.median(rates["amltui"]), statistics.median(rates["nginx"])
    print(f"{CLIENTS} downloads of 64 MiB: {ours:.0f} MiB/s, nginx {theirs:.0f} MiB/s: "
          f"ratio {ours / theirs:.2f} (at least 0.9)")  # fmt: skip
    print(f"memory of the server: {memory.peak / MIB:.0f} MiB (below 200)")
    print("p99 of a small call, ms:")
    for what, (idle, loaded) in (
        ("metadata (below 5)", own),
        ("a file of that size, nginx sends", base),
        ("a bare application, this server sends", machine),
        ("a bare application, it sends itself", granian),
    ):
        print(f"  {what}: idle {idle * 1e3:.1f}, loaded {loaded * 1e3:.1f}, "
              f"ratio {loaded / idle:.1f}")  # fmt: skip


def hash_of(dataset: dict[str, object]) -> str:
    return url_of(dataset).partition("content/")[2].partition("?")[0]


if __name__ == "__main__":
    asyncio.run(serve_bare(Path(sys.argv[1]), int(sys.argv[2])))
