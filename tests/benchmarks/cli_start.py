"""How long the command line takes to start, beside bare interpreters in the same run.

    python -m tests.benchmarks.cli_start

Each figure is a median of interleaved runs, so that a busy machine slows all of them alike.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.support.server import ROOT, running_server

ROUNDS = 15

HTTPX = """
import httpx, os
workspace = os.environ["AMLTUI_WORKSPACE_ID"]
url = f"{os.environ['AMLTUI_ENDPOINT']}api/workspaces/{workspace}/datasources"
headers = {"x-ms-metaanalytics-authorizationtoken": os.environ["AMLTUI_TOKEN"]}
for dataset in httpx.get(url, headers=headers).json():
    print(dataset["Name"], dataset["DataTypeId"], dataset["Size"], sep="\\t")
"""


def measure(commands: dict[str, list[str]], environment: dict[str, str]) -> dict[str, float]:
    """Median seconds of each command, run in turns."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(ROUNDS + 1):
        for name, command in commands.items():
            started = time.perf_counter()
            subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, check=True)
            if turn:  # the first fills the disk's cache and writes bytecode
                times[name].append(time.perf_counter() - started)
    return {name: statistics.median(values) for name, values in times.items()}


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
        found = measure(
            {
                "argparse": [sys.executable, "-c", "import argparse"],
                "httpx": [sys.executable, "-c", HTTPX],
                "version": [*amltui, "--version"],
                "ls": [*amltui, "ls"],
                "offline": [*amltui, "ls", "--offline"],
                "complete": [*amltui, "__complete", "datasets"],
            },
            environment,
        )
    rows = (
        ("--version", "version", "bare + argparse", found["argparse"], 2 * found["argparse"]),
        ("ls, network", "ls", "bare httpx script", found["httpx"], 1.5 * found["httpx"]),
        ("ls --offline", "offline", "--version", found["version"], 1.2 * found["version"] + 0.1),
        ("completion", "complete", "--version", found["version"], found["version"] + 0.1),
    )
    for label, name, peer, base, limit in rows:
        print(
            f"{label:14} {found[name] * 1000:6.0f} ms  {found[name] / base:4.2f} x {peer} "
            f"({base * 1000:.0f} ms); limit {limit * 1000:.0f} ms: "
            f"{'holds' if found[name] <= limit else 'DOES NOT HOLD'}"
        )


if __name__ == "__main__":
    main()
