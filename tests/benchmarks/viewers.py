"""This program beside the terminal viewers on PyPI, on one CSV, each in tmux at 120x40.

    python -m tests.benchmarks.viewers [--mib 100] [--directory DIR] [--only NAME...]

Prints for each how long it takes from its start to the first rows and to the last row on the
screen, and its peak of anonymous memory (all its processes together). The viewers read the file;
this program fetches it from its embedded workspace server, which holds it since an upload before.
The peers are installed with pip into virtual environments that are removed again.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import tempfile
import time
import venv
from pathlib import Path
from threading import Event, Thread

import psutil

from tests.benchmarks.make_csv import make_csv
from tests.benchmarks.preview import NAME, PROGRAM, workspace
from tests.benchmarks.tables import anonymous

PEERS = {"datui": "datui", "dataframe-textual": "dv", "visidata": "vd"}
"""Package on PyPI and its command."""
BYTES_PER_ROW = 110.35
PATIENCE = 120


class Window:
    """A command in a tmux of its own, and the memory of all its processes."""

    def __init__(self, command: str, directory: Path, environment: dict[str, str]) -> None:
        self._socket = str(directory / "tmux.sock")
        self.peak = 0
        self._stop = Event()
        given = [f"-e{name}={value}" for name, value in environment.items()]
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x120", "-y40", *given, command)
        self._pid = int(self._tmux("display-message", "-p", "#{pane_pid}"))
        self._watch = Thread(target=self._measure)
        self._watch.start()

    def _tmux(self, *words: str) -> str:
        command = ["tmux", "-S", self._socket, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def _measure(self) -> None:
        while not self._stop.wait(0.05):
            with contextlib.suppress(psutil.Error):
                root = psutil.Process(self._pid)
                pids = [root.pid, *(child.pid for child in root.children(recursive=True))]
                self.peak = max(self.peak, sum(map(anonymous, pids)))

    def keys(self, *names: str) -> None:
        self._tmux("send-keys", *names)

    def until(self, text: str, *, key: str | None = None) -> None:
        """Wait for a text on the screen, pressing a key five times a second where one is given."""
        deadline, pressed = time.monotonic() + PATIENCE, 0.0
        while text not in (screen := self._tmux("capture-pane", "-p")):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{text!r} did not come:\n{screen}")
            if key and time.monotonic() - pressed > 0.2:
                self.keys(key)
                pressed = time.monotonic()
            time.sleep(0.005)

    def close(self) -> None:
        self._stop.set()
        self._watch.join()
        self._tmux("kill-server")


def install(package: str, directory: Path) -> tuple[Path, str]:
    """The package's command in a new virtual environment, and its version."""
    place = directory / package
    venv.create(place, with_pip=True)
    python = place / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-qq", package], check=True)
    code = f"import importlib.metadata as m; print(m.version({package!r}))"
    version = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True)
    return place / "bin" / PEERS[package], version.stdout.strip()


def ends(csv: Path) -> tuple[str, str]:
    """What names the first and the last row: the second field, which nearly always differs."""
    with csv.open("rb") as file:
        first = file.readlines(4096)[1]
        file.seek(-4096, os.SEEK_END)
        last = file.read().splitlines()[-1]
    return first.split(b",")[1].decode(), last.split(b",")[1].decode()


def measure(
    what: str, command: str, csv: Path, directory: Path, environment: dict[str, str]
) -> None:
    first, last = ends(csv)
    with csv.open("rb") as file:  # into the page cache, for everybody alike
        while file.read(1 << 24):
            pass
    begin = time.perf_counter()
    window = Window(command, directory, environment)
    try:
        if what == "amltui":
            window.until(NAME)
            window.until(csv.name, key="End")
            window.keys("Enter")
        entered = time.perf_counter()
        window.until(first)
        rows = time.perf_counter()
        try:
            window.until(last, key="G")
        except TimeoutError:
            print(f"{what:26}{rows - begin:10.2f} s{'never by G':>14}", flush=True)
            return
        whole, memory = time.perf_counter(), f"{window.peak / 2**20:14,.0f} MiB"
        print(f"{what:26}{rows - begin:10.2f} s{whole - begin:12.2f} s{memory}", flush=True)
        if what == "amltui":
            print(
                f"{'  from enter in its list':26}{rows - entered:10.2f} s{whole - entered:12.2f} s"
            )
    finally:
        window.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=100)
    parser.add_argument("--directory", type=Path)
    parser.add_argument("--only", choices=["amltui", *PEERS], nargs="+")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.directory) as name:
        directory = Path(name)
        csv = directory / "viewed.csv"
        make_csv(csv, int(options.mib * 2**20 / BYTES_PER_ROW))
        print(f"CSV of {csv.stat().st_size / 2**20:,.0f} MiB")
        print(f"{'':26}{'first rows':>12}{'last row':>14}{'peak memory':>18}")
        home = {"HOME": name, "PATH": os.environ["PATH"], "TERM": "screen-256color"}
        for package in PEERS:
            if options.only is None or package in options.only:
                command, version = install(package, directory)
                measure(f"{package} {version}", f"{command} {csv}", csv, directory, home)
        if options.only is None or "amltui" in options.only:
            environment = home | workspace(directory, csv) | {"PYTHONPATH": str(Path.cwd())}
            measure("amltui", " ".join(PROGRAM), csv, directory, environment)


if __name__ == "__main__":
    main()
