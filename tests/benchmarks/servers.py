"""How one workspace scales with the number of its servers, behind nginx on one machine.

    python -m tests.benchmarks.servers [--servers 1 2 4] [--store local|moto|azurite]

Prints requests a second of 16 clients: the list of 1,000 datasets unchanged (304) and whole, small
creates; and MiB/s of 16 downloads of 64 MiB; and the processor time that each took of the servers,
the database and the proxy. Clients and store share the processors with them: on a machine of two
only the processor time says what more servers would bring.
"""

from __future__ import annotations

import argparse
import secrets
import time
from collections.abc import Callable
from typing import Literal

import psutil

from tests.benchmarks.server_downloads import MIB, fetch
from tests.benchmarks.server_load import cpu_of, lists, made
from tests.support.cluster import Cluster, whole
from tests.support.studio import Studio, url_of

CLIENTS = 16
DATASETS = 1_000


def spent(running: Cluster) -> list[float]:
    """Seconds of processor time so far: the servers', the database's, the proxy's."""
    started = psutil.Process().children(recursive=True)
    servers = {process.pid for process in running.servers.values()}
    groups = (
        [process for process in started if process.pid in servers],
        [process for process in started if process.name() == "postgres"],
        [process for process in started if process.name() == "nginx"],
    )
    return [sum(map(cpu_of, group)) for group in groups]


def timed(running: Cluster, count: float, work: Callable[[], object]) -> str:
    """How many a second, and milliseconds of processor time of each."""
    before, began = spent(running), time.perf_counter()
    work()
    took = time.perf_counter() - began
    cost = [(b - a) / count * 1e3 for a, b in zip(before, spent(running), strict=True)]
    return f"{count / took:.0f}/s ({', '.join(f'{part:.2f}' for part in cost)})"


def measure(count: int, store: Literal["local", "moto", "azurite"]) -> None:
    """One line of figures."""
    with whole(count, store) as running:
        server = running.workspace
        studio = Studio(server)
        big = studio.create("big", secrets.token_bytes(64 * MIB), DataTypeId="Zip")
        # Of a type that has no schema: each one that is computed would change the list.
        made(server, CLIENTS, DATASETS // CLIENTS, "Zip")
        target = studio.http.get(url_of(big), follow_redirects=False)
        url = target.headers.get("location") or url_of(big)
        figures = {
            "304": timed(running, CLIENTS * 100, lambda: lists(server, CLIENTS, 100)),
            "list": timed(running, CLIENTS * 20, lambda: lists(server, CLIENTS, 20, fresh=True)),
            "creates": timed(running, CLIENTS * 20, lambda: made(server, CLIENTS, 20, "Zip")),
            "MiB of downloads": timed(running, CLIENTS * 64, lambda: fetch(url, CLIENTS)),
        }
        studio.close()
    words = "; ".join(f"{what} {figure}" for what, figure in figures.items())
    print(f"{count} servers, {store}: {words}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--servers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--store", choices=["local", "moto", "azurite"], default="local")
    given = parser.parse_args()
    print("in brackets: ms of the processor each, of the servers, the database, the proxy")
    for count in given.servers:
        measure(count, given.store)


if __name__ == "__main__":
    main()
