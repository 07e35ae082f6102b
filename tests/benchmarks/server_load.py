"""The server under load, against nginx and json.dumps in the same run.

    python -m tests.benchmarks.server_load [downloads|list|upload|creates] [--gib 4]

Needs curl, and nginx for `downloads`; `creates` takes --database for PostgreSQL. Prints figures
with the bound that each must hold.
"""

from __future__ import annotations

import argparse
import json
import secrets
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import psutil

from tests.benchmarks.server_downloads import MIB, Memory, downloads
from tests.support.server import RunningServer, running_server
from tests.support.studio import Studio


def listing(directory: Path) -> None:
    """A list of 10,000 datasets."""
    with running_server(directory / "data") as server:
        studio = Studio(server)
        studio.create("seed 0")
        studio.close()
    multiply(directory / "data" / "workspace.sqlite", 10_000)
    with running_server(directory / "data") as server:
        studio = Studio(server)
        studio.http.get("datasources").raise_for_status()
        took, dumped, size = [], [], 0
        for number in range(7):
            studio.create(f"change {number}").clear()  # so that the list is made anew
            began = time.perf_counter()
            answer = studio.http.get("datasources")
            took.append(time.perf_counter() - began)
            document, size = answer.json(), len(answer.content)
            assert len(document) > 10_000
            began = time.perf_counter()
            json.dumps(document)
            dumped.append(time.perf_counter() - began)
        began = time.perf_counter()
        studio.http.get("datasources")
        repeated = time.perf_counter() - began
        tag = {"If-None-Match": answer.headers["etag"]}
        began = time.perf_counter()
        assert studio.http.get("datasources", headers=tag).status_code == 304
        unchanged = time.perf_counter() - began
        studio.close()
        rate = lists(server, 8, 1_000)
    ours, theirs = statistics.median(took), statistics.median(dumped)
    print(f"list of {len(document)} datasets ({size / MIB:.1f} MiB): {ours * 1e3:.0f} ms after a "
          f"change, with the way to the client, json.dumps {theirs * 1e3:.0f} ms: ratio "
          f"{ours / theirs:.2f} (at most 3)")  # fmt: skip
    print(f"the same list again: {repeated * 1e3:.0f} ms, ratio {repeated / theirs:.2f}; "
          f"304: {unchanged * 1e3:.1f} ms, of 8 clients {rate:.0f}/s (at least 2000)")  # fmt: skip


def multiply(database: Path, count: int) -> None:
    """Copy the one dataset of a stopped server."""
    with sqlite3.connect(database) as connection:
        connection.row_factory = sqlite3.Row
        family = dict(connection.execute("SELECT * FROM families WHERE name = 'seed 0'").fetchone())
        instance = dict(
            connection.execute("SELECT * FROM instances WHERE name = 'seed 0'").fetchone()
        )
        for number in range(1, count):
            identity, name = secrets.token_hex(16), f"seed {number}"
            insert(connection, "families", family | {"id": identity, "name": name})
            whole = f"{instance['workspace_id']}.{identity}.{secrets.token_hex(16)}"
            row = {"id": whole, "family_id": identity, "name": name, "resource_upload_id": None}
            insert(connection, "instances", instance | row)
    connection.close()


def insert(connection: sqlite3.Connection, table: str, row: dict[str, object]) -> None:
    names = ", ".join(row)
    marks = ", ".join(f":{name}" for name in row)
    connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", row)


def upload(directory: Path, gib: int) -> None:
    """One upload of some GiB, whole and by blocks of 4 MiB."""
    with (
        running_server(directory / "data", afresh=True) as server,
        Memory(server.process.pid) as memory,
    ):
        studio = Studio(server)
        studio.http.timeout = httpx.Timeout(None)
        block = secrets.token_bytes(4 * MIB)
        began = time.perf_counter()
        url = f"{server.endpoint}api/resourceuploads/workspaces/{server.workspace_id}/"
        body = (block for _ in range(gib * 256))
        whole = studio.http.post(url, params={"dataTypeId": "Zip"}, content=body).json()["Id"]
        studio.commit(whole, "whole", DataTypeId="Zip").raise_for_status()
        took = time.perf_counter() - began
        print(f"{gib} GiB in one body: {gib * 1024 / took:.0f} MiB/s")
        began = time.perf_counter()
        upload_id = studio.begin("Zip")
        for number in range(gib * 256):
            studio.block(upload_id, number, gib * 256, block).raise_for_status()
        sent = time.perf_counter()
        studio.commit(upload_id, "blocks", DataTypeId="Zip").raise_for_status()
        took = time.perf_counter() - began
        print(f"{gib} GiB in blocks: {gib * 1024 / took:.0f} MiB/s, of {took:.1f} s the commit "
              f"{time.perf_counter() - sent:.1f} s")  # fmt: skip
        studio.close()
    print(f"memory of the server: {memory.peak / MIB:.0f} MiB (below 200)")


def creates(directory: Path, database: str | None) -> None:
    """Small creates of many clients at once: an upload in one body, then its commit."""
    with running_server(directory / "data", database=database, samples=False) as server:
        process = psutil.Process(server.process.pid)
        alone = made(server, 1, 40)
        before, began = cpu_of(process), time.perf_counter()
        together = made(server, 16, 40)
        took, cpu = time.perf_counter() - began, cpu_of(process) - before
    p50, worst = statistics.median(together), statistics.quantiles(together, n=100)[98]
    bound = 200 if database else 150
    print(f"creates of 16 clients: {len(together) / took:.0f}/s (at least {bound}), "
          f"{cpu / len(together) * 1e3:.1f} ms of the server's CPU each; p50 {p50 * 1e3:.0f} ms, "
          f"p99 {worst * 1e3:.0f} ms: ratio {worst / p50:.1f} (below 10); one client alone "
          f"p50 {statistics.median(alone) * 1e3:.0f} ms")  # fmt: skip


def made(server: RunningServer, clients: int, each: int, type_: str = "GenericCSV") -> list[float]:
    """Seconds that every one of these creates took. The clients are processes: they cost little
    and never wait for one another."""
    given = json.dumps([server.endpoint, server.workspace_id, server.token, each, type_])
    command = [sys.executable, "-c", _CREATE, given]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(clients)
    ]
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()  # it is connected
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
    found: list[float] = []
    for process in processes:
        assert process.stdout is not None
        found += json.loads(process.stdout.read())
        process.wait()
    return found


_CREATE = """
import http.client, json, os, sys, time, urllib.parse
endpoint, workspace, token, each, type_ = json.loads(sys.argv[1])
connection = http.client.HTTPConnection(urllib.parse.urlsplit(endpoint).netloc)
def ask(path, body):
    connection.request("POST", path, body, {"x-ms-metaanalytics-authorizationtoken": token})
    answer = connection.getresponse()
    text = answer.read()
    assert answer.status == 200, text
    return json.loads(text)
connection.connect()
print(flush=True)
sys.stdin.read()
times = []
for number in range(each):
    name = f"load {os.getpid()} {number}"
    began = time.perf_counter()
    path = f"/api/resourceuploads/workspaces/{workspace}/?dataTypeId={type_}"
    upload = ask(path, f"a,b\\n{os.getpid()},{number}\\n")["Id"]
    source = {"Name": name, "DataTypeId": type_, "Description": "", "Owner": "load"}
    commit = json.dumps({"DataSource": source, "UploadId": upload})
    ask(f"/api/workspaces/{workspace}/datasources", commit)
    times.append(time.perf_counter() - began)
print(json.dumps(times))
"""


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


def lists(server: RunningServer, clients: int, each: int, *, fresh: bool = False) -> float:
    """Lists a second; `fresh`: whole ones, not only whether they changed."""
    given = json.dumps([server.endpoint, server.workspace_id, server.token, each, fresh])
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _LIST, given], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for _ in range(clients)
    ]
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()  # it is connected
    began = time.perf_counter()
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
    assert [process.wait() for process in processes] == [0] * clients
    return clients * each / (time.perf_counter() - began)


def cpu_of(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


_ALL = ["downloads", "list", "upload", "creates"]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", nargs="?", choices=_ALL)
    parser.add_argument("--gib", type=int, default=4)
    parser.add_argument("--database")
    given = parser.parse_args()
    chosen = [given.what] if given.what else _ALL
    for what in chosen:
        with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
            directory = Path(name)
            directory.chmod(0o755)
            if what == "downloads":
                downloads(directory)
            elif what == "list":
                listing(directory)
            elif what == "creates":
                creates(directory, given.database)
            else:
                upload(directory, given.gib)
    return 0


if __name__ == "__main__":
    sys.exit(main())
