"""This program beside the terminal viewers on PyPI, on one CSV, each in tmux at 120x40.

    python -m tests.benchmarks.viewers [--mib 100 1000] [--rounds 5] [--directory DIR] [--only N...]

Prints the README's table: for each how long it takes from its start to the first rows and to the
last row on the screen (here: with its number, all rows counted), and its peak of anonymous memory
(all its processes together); then each bound beside its ratio in this run. The programs take turns,
and each figure is a median. The viewers read the file; this program shows it from its embedded
workspace, which holds it since an upload before, and of which nothing is cached.
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
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from threading import Event, Thread

import psutil

from tests.benchmarks.make_csv import make_csv
from tests.benchmarks.preview import NAME, PROGRAM, workspace
from tests.benchmarks.tables import anonymous, say
from tests.support.server import running_server

OURS = "amltui"
PEERS = {"datui": "datui", "dataframe-textual": "dv", "visidata": "vd"}
"""Package on PyPI and its command."""
BYTES_PER_ROW = 110.35
PATIENCE = 120


class Window:
    """A command in a tmux of its own, and the memory of all its processes."""

    def __init__(self, command: str, directory: Path, environment: dict[str, str]) -> None:
        self._socket = str(directory / "tmux.sock")
        self.peak = self.server = 0
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
                all_of_it = [root, *root.children(recursive=True)]
                taken = {one.pid: anonymous(one.pid) for one in all_of_it}
                self.peak = max(self.peak, sum(taken.values()))
                servers = [one.pid for one in all_of_it if "--embedded" in one.cmdline()]
                self.server = max([self.server, *(taken[pid] for pid in servers)])

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
            time.sleep(0.005)  # how often the screen is looked at

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


@dataclass
class Times:
    """Seconds from a program's start, and its memory."""

    first: float
    """Until the first rows are on the screen."""
    last: float | None
    """Until the last row is, and all rows are counted. None: it never was."""
    seen: float | None
    """Until the last row is on the screen, though its number may be an estimate."""
    peak: int
    """Bytes of anonymous memory, of all its processes."""
    entered: float = 0.0
    """When `enter` was pressed in the list of this program."""
    server: int = 0
    """Of `peak`, what its embedded server took at most."""
    written: int = 0
    """Bytes that stand in the cache of this program afterwards."""


def measure(command: str, csv: Path, directory: Path, environment: dict[str, str]) -> Times:
    """One run of a viewer, or of this program where `environment` has a workspace."""
    first, last = ends(csv)
    ours = "AMLTUI_DATA_DIR" in environment
    with csv.open("rb") as file:  # into the page cache, for everybody alike
        while file.read(1 << 24):
            pass
    begin = time.perf_counter()

    def now() -> float:
        return time.perf_counter() - begin

    window = Window(command, directory, environment)
    try:
        if ours:
            window.until(NAME)
            window.until(csv.name, key="End")
            window.keys("Enter")
        entered = now()
        window.until(first)
        found = Times(now(), None, None, 0, entered)
        with contextlib.suppress(TimeoutError):
            window.until(last, key="G")
            found.seen = now()
            if ours:
                window.until("rows · complete")
                window.until(last, key="G")
            found.last = now()
        found.peak, found.server = window.peak, window.server
        return found
    finally:
        window.close()


def line(name: str, first: float, last: float | None, peak: int | None = None) -> None:
    """One row of the README's table."""
    shown = "never by `G`" if last is None else f"{last:.2f} s"
    memory = "" if peak is None else f"{peak / 2**20:,.0f} MiB"
    print(f"| {name} | {first:.2f} s | {shown} | {memory} |", flush=True)


def bounds(ours: list[Times], theirs: list[Times]) -> None:
    """Each bound beside the ratio in this run: medians over medians of the peer named first."""
    first = median(one.first for one in theirs)
    last = median(one.last for one in theirs if one.last is not None)
    whole = [one for one in ours if one.last is not None]
    from_enter = [one.last - one.entered for one in whole]
    rows = (
        ("first rows from enter", [one.first - one.entered for one in ours], first, 0.5),
        ("last row, all rows counted, from enter", from_enter, last, 0.5),
        ("first rows from the start", [one.first for one in ours], first, 2.5),
        ("last row, all rows counted, from the start", [one.last for one in whole], last, 0.7),
    )
    for what, values, peer, bound in rows:
        say(what, f"{median(values) / peer:.2f} x", f"{bound} x {next(iter(PEERS))}")
    say("peak memory", f"{max(one.peak for one in ours) / 2**20:,.0f} MiB", "180 MiB")
    say("  of the server", f"{max(one.server for one in ours) / 2**20:,.0f} MiB", "80 MiB")
    written = max(one.written for one in ours) / 1e6
    say("written by the preview", f"{written:,.1f} MB", "below 20 MB")


def taken(directory: Path) -> int:
    """Bytes of the disk that the files in a directory take."""
    files = (path for path in directory.rglob("*") if path.is_file() and not path.is_symlink())
    return sum(path.stat().st_blocks * 512 for path in files)


def elsewhere(csv: Path, directory: Path, command: str, home: dict[str, str]) -> Times:
    """One run on a content that comes over loopback from a server whose disk nobody knows."""
    with running_server(directory / "server") as server:
        environment = home | {
            f"AMLTUI_{name}_DIR": str(directory / name.lower())
            for name in ("CONFIG", "CACHE", "DATA")
        }
        environment |= {
            "AMLTUI_ENDPOINT": server.endpoint,
            "AMLTUI_WORKSPACE_ID": server.workspace_id,
            "AMLTUI_TOKEN": server.token,
            "AMLTUI_FETCH_LIMIT": "1 TiB",
            "PYTHONPATH": str(Path.cwd()),
            "LANG": "C.UTF-8",
        }
        put = [*PROGRAM, "put", str(csv), "--name", NAME, "--type", "GenericCSV", "--quiet"]
        subprocess.run(put, check=True, env=environment, stdout=subprocess.DEVNULL)
        found = measure(command, csv, directory, environment)
        found.written = taken(directory / "cache")
        return found


def elsewhere_bounds(ours: list[Times], theirs: list[Times], size: int) -> None:
    """The bounds of a content that comes from a server that shares no disk."""
    last = median(one.last for one in theirs if one.last is not None)
    whole = [one.last - one.entered for one in ours if one.last is not None]
    figure = f"{median(whole) / last:.2f} x" if whole else "never"
    say("from a server elsewhere: last row, from enter", figure, f"1.0 x {next(iter(PEERS))}")
    written = max(one.written for one in ours)
    say("  written, of the content", f"{written / size:.3f} x", "the content once")


def compare(mib: int, rounds: int, commands: dict[str, str], directory: Path) -> None:
    """All programs on one CSV, in turns; the README's table and the bounds."""
    csv = directory / "viewed.csv"
    make_csv(csv, int(mib * 2**20 / BYTES_PER_ROW))
    home = {"HOME": str(directory), "PATH": os.environ["PATH"], "TERM": "screen-256color"}
    found: dict[str, list[Times]] = {name: [] for name in commands}
    far: list[Times] = []
    for number in range(rounds):
        for name, command in commands.items():
            if name != OURS:
                found[name].append(measure(f"{command} {csv}", csv, directory, home))
                continue
            with tempfile.TemporaryDirectory(dir=directory, prefix=f"{number}-") as own:
                environment = home | workspace(Path(own), csv) | {"PYTHONPATH": str(Path.cwd())}
                mine = measure(command, csv, directory, environment)
                mine.written = taken(Path(own) / "cache")
                found[name].append(mine)
            with tempfile.TemporaryDirectory(dir=directory, prefix=f"{number}-far-") as own:
                far.append(elsewhere(csv, Path(own), command, home))
    print(f"\n| {csv.stat().st_size / 2**20:,.0f} MiB | first rows | last row | peak memory |")
    print("|---|---|---|---|")
    for name, times in found.items():
        lasts = [one.last for one in times if one.last is not None]
        last = median(lasts) if lasts else None
        first, peak = median(one.first for one in times), max(one.peak for one in times)
        if name != OURS:
            line(name, first, last, peak)
            continue
        entered = median(one.entered for one in times)
        line("amltui, from its start", first, last, peak)
        line("amltui, from `enter` in its list", first - entered, last and last - entered)
        seen = [one.seen - one.entered for one in times if one.seen is not None]
        if seen:
            say("\nlast row on the screen, number estimated, from enter", f"{median(seen):.2f} s")
    peers = [times for name, times in found.items() if name.startswith(next(iter(PEERS)))]
    if peers and found.get(OURS):
        bounds(found[OURS], peers[0])
        elsewhere_bounds(far, peers[0], csv.stat().st_size)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--directory", type=Path)
    parser.add_argument("--only", choices=[OURS, *PEERS], nargs="+")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.directory) as name:
        directory = Path(name)
        commands: dict[str, str] = {}
        for package in PEERS:
            if options.only is None or package in options.only:
                command, version = install(package, directory)
                commands[f"{package} {version}"] = str(command)
        if options.only is None or OURS in options.only:
            commands[OURS] = " ".join(PROGRAM)
        for mib in options.mib:
            compare(mib, options.rounds, commands, directory)


if __name__ == "__main__":
    main()
