"""`amltui get` of 500 small datasets at once, against one by one, on a line with 20 ms latency.

    python -m tests.benchmarks.bulk [--datasets 500] [--latency 0.02]

One by one is both `--jobs 1` and, as a loop of a shell does it, a command for each; of these 20 are
run and the rest is reckoned. Beside it stands the same without latency, which is what this machine
takes for the work itself.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.support.proxy import ROOT, slow_line
from tests.support.server import RunningServer, running_server
from tests.support.studio import Studio

_FEW = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=int, default=500)
    parser.add_argument("--latency", type=float, default=0.02)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as made,
        running_server(Path(made) / "data", samples=False) as server,
    ):
        studio = Studio(server)
        names = [f"small-{number:03}" for number in range(options.datasets)]
        for number, name in enumerate(names):
            studio.create(name, f"a,b\n{number},2\n".encode() * 200)
        studio.close()
        port = int(server.endpoint.rstrip("/").rpartition(":")[2])
        with slow_line(port, latency=options.latency) as endpoint:
            together = got(server, endpoint, ["small-*", "-d", "out"])
            alone = got(server, endpoint, ["small-*", "-d", "out", "--jobs", "1"])
            loop = sum(got(server, endpoint, [name]) for name in names[:_FEW])
            loop *= options.datasets / _FEW
        near = got(server, server.endpoint, ["small-*", "-d", "out"])
    print(f"{options.datasets} datasets of some KB, {options.latency * 1000:.0f} ms there and back")
    print(f"get 'small-*'             {together:6.1f} s")
    print(f"the same with --jobs 1    {alone:6.1f} s   {alone / together:5.1f} x  (5)")
    print(f"a command for each        {loop:6.1f} s   {loop / together:5.1f} x  (5)")
    print(f"get 'small-*', no latency {near:6.1f} s")


def got(server: RunningServer, endpoint: str, arguments: list[str]) -> float:
    """Seconds that `amltui get` takes, with nothing cached."""
    with tempfile.TemporaryDirectory() as home:
        environment = {
            **os.environ,
            "HOME": home,
            "AMLTUI_CACHE_DIR": f"{home}/cache",
            "AMLTUI_CONFIG_DIR": f"{home}/config",
            "AMLTUI_ENDPOINT": endpoint,
            "AMLTUI_WORKSPACE_ID": server.workspace_id,
            "AMLTUI_TOKEN": server.token,
            "PYTHONPATH": str(ROOT),
        }
        command = [sys.executable, "-m", "amltui", "get", *arguments, "--quiet"]
        start = time.perf_counter()
        subprocess.run(command, check=True, env=environment, cwd=home, stdout=subprocess.DEVNULL)
        return time.perf_counter() - start


if __name__ == "__main__":
    main()
