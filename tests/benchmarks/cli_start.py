"""How long the command line takes to start, beside bare interpreters in the same run.

    python -m tests.benchmarks.cli_start

Each figure is a median of interleaved runs. The limits are held against processor time, which a
busy machine does not stretch; the time on the clock stands beside it.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from amltui.cache import Cache
from amltui.models import Dataset, Listing
from tests.support.server import ROOT, running_server

ROUNDS = 9


class Cost(NamedTuple):
    """Seconds of one run."""

    processor: float
    clock: float


HTTPX = """
import httpx, os
workspace = os.environ["AMLTUI_WORKSPACE_ID"]
url = f"{os.environ['AMLTUI_ENDPOINT']}api/workspaces/{workspace}/datasources"
headers = {"x-ms-metaanalytics-authorizationtoken": os.environ["AMLTUI_TOKEN"]}
for dataset in httpx.get(url, headers=headers).json():
    print(dataset["Name"], dataset["DataTypeId"], dataset["Size"], sep="\\t")
"""

NAMES = 10_000
TAB = 0.1
"""Seconds of the clock within which names are there after Tab."""


def remember_names(cache: Path, key: str) -> None:
    """Put a list of `NAMES` datasets into a cache, as if the workspace had been listed."""
    listed = tuple(
        Dataset(f"{number:032x}", f"{number:032x}", f"dataset {number}", "GenericCSV", size=number)
        for number in range(NAMES)
    )
    Cache(cache).save_listing(key, Listing(listed))


def measure(
    commands: dict[str, list[str]],
    environment: dict[str, str],
    apart: dict[str, dict[str, str]],
) -> dict[str, Cost]:
    """Median cost of each command, run in turns; `apart`: variables that only some have."""
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for turn in range(ROUNDS + 1):
        for name, command in commands.items():
            started = time.perf_counter()
            process = subprocess.Popen(
                command,
                env={**environment, **apart.get(name, {})},
                cwd=ROOT,
                stdout=subprocess.DEVNULL,
            )
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            assert process.returncode == 0, command
            if turn:  # the first fills the disk's cache and writes bytecode
                clock = time.perf_counter() - started
                costs[name].append(Cost(usage.ru_utime + usage.ru_stime, clock))
    return {
        name: Cost(*(statistics.median(one[part] for one in values) for part in (0, 1)))
        for name, values in costs.items()
    }


def main() -> None:
    """Print the figures and the limits that they must hold."""
    amltui = [sys.executable, "-m", "amltui"]
    with tempfile.TemporaryDirectory() as home, running_server(Path(home) / "data") as server:
        environment = {
            **os.environ,
            "HOME": home,
            "AMLTUI_CACHE_DIR": f"{home}/cache",
            "AMLTUI_CONFIG_DIR": f"{home}/config",
            "AMLTUI_ENDPOINT": server.endpoint,
            "AMLTUI_WORKSPACE_ID": server.workspace_id,
            "AMLTUI_TOKEN": server.token,
        }
        remember_names(Path(home) / "many", f"{server.endpoint}{server.workspace_id}")
        found = measure(
            {
                "argparse": [sys.executable, "-c", "import argparse"],
                "httpx": [sys.executable, "-c", HTTPX],
                "version": [*amltui, "--version"],
                "ls": [*amltui, "ls"],
                "offline": [*amltui, "ls", "--offline", "--quiet"],
                "complete": [*amltui, "__complete", "datasets"],
                "many": [*amltui, "__complete", "datasets"],
            },
            environment,
            {"many": {"AMLTUI_CACHE_DIR": f"{home}/many"}},
        )
    base = {name: cost.processor for name, cost in found.items()}
    rows = (
        ("--version", "version", "argparse", 2 * base["argparse"]),
        ("ls, network", "ls", "httpx", 1.5 * base["httpx"]),
        ("ls --offline", "offline", "version", 1.2 * base["version"] + 0.1),
        ("completion", "complete", "version", base["version"] + 0.03),
        (f"of {NAMES:,}", "many", "version", TAB),
    )
    for label, name, peer, limit in rows:
        print(
            f"{label:14} {base[name] * 1000:4.0f} ms, {found[name].clock * 1000:4.0f} wall; "
            f"{base[name] / base[peer]:4.2f} x {peer} ({base[peer] * 1000:.0f} ms); limit "
            f"{limit * 1000:.0f} ms: {'holds' if base[name] <= limit else 'DOES NOT HOLD'}"
        )


if __name__ == "__main__":
    main()
