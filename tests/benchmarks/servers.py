"""How one workspace scales with the number of its servers, behind nginx on one machine.

    python -m tests.benchmarks.servers [--servers 1 2 4] [--store local|moto|azurite]

Prints requests a second of 16 clients: the list of 1,000 datasets unchanged (304) and whole, small
creates; and MiB/s of 16 downloads of 64 MiB. Clients, proxy, database and store share the
processors with the servers, so a machine of two says only where it stops.
"""

from __future__ import annotations

import argparse
import json
import secrets
import subprocess
import sys
import time

from tests.benchmarks.server_load import MIB, fetch, made
from tests.support.cluster import whole
from tests.support.server import RunningServer
from tests.support.studio import Studio, url_of

CLIENTS = 16
DATASETS = 1_000
_LIST = """
import http.client, json, sys, time, urllib.parse
endpoint, workspace, token, each, fresh = json.loads(sys.argv[1])
connection = http.client.HTTPConnection(urllib.parse.urlsplit(endpoint).netloc)
fields = {"x-ms-metaanalytics-authorizationtoken": token}
def ask():
    connection.request("GET", f"/api/workspaces/{workspace}/datasources", headers=fields)
    answer = connection.getresponse()
    answer.read()
    return answer
fields["If-None-Match"] = ask().headers["ETag"]
if fresh:
    del fields["If-None-Match"]
print(flush=True)
sys.stdin.read()
for _ in range(each):
    assert ask().status == (200 if fresh else 304)
"""


def lists(server: RunningServer, each: int, *, fresh: bool) -> float:
    """Lists a second; `fresh`: whole ones, not only whether they changed."""
    given = json.dumps([server.endpoint, server.workspace_id, server.token, each, fresh])
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _LIST, given], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for _ in range(CLIENTS)
    ]
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()  # it is connected
    began = time.perf_counter()
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
    assert [process.wait() for process in processes] == [0] * CLIENTS
    return CLIENTS * each / (time.perf_counter() - began)


def measure(count: int, store: str) -> None:
    """One line of figures."""
    with whole(count, store) as running:
        server = running.workspace
        studio = Studio(server)
        big = studio.create("big", secrets.token_bytes(64 * MIB), DataTypeId="Zip")
        made(server, CLIENTS, DATASETS // CLIENTS)
        while any(one["SchemaStatus"] == "Pending" for one in studio.own().values()):
            time.sleep(0.5)  # each schema that is computed changes the list
        unchanged, changed = lists(server, 100, fresh=False), lists(server, 20, fresh=True)
        began = time.perf_counter()
        created = len(made(server, CLIENTS, 20))
        took = time.perf_counter() - began
        target = studio.http.get(url_of(big), follow_redirects=False)
        url = target.headers.get("location") or url_of(big)
        moved = CLIENTS * 64 / fetch(url, CLIENTS)
        studio.close()
    print(
        f"{count} servers, {store}: 304 {unchanged:.0f}/s, list {changed:.0f}/s, "
        f"creates {created / took:.0f}/s, downloads {moved:.0f} MiB/s",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--servers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--store", choices=["local", "moto", "azurite"], default="local")
    given = parser.parse_args()
    for count in given.servers:
        measure(count, given.store)


if __name__ == "__main__":
    main()
