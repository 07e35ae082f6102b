"""Transfers against curl and against a plain sequential uploader, in one run.

    python -m tests.benchmarks.transfers [loopback|line|upload] [--mib 1024] [--rounds 3]

A large file goes straight to its target by default, a small one through the cache.

`loopback`: a verified download to a file from a server on this machine, against `curl -o`.
`line`: the same with 50 ms latency and 20 MB/s for each connection, against one curl.
`upload`: with 50 ms latency, against blocks of 2 MiB sent one after the other.
Each download and upload of ours runs in a process of its own, whose processor time and largest
anonymous memory are printed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import httpx

from amltui.cache import Cache
from amltui.transfers import Transfers
from amltui.workspaces.studio import StudioWorkspace
from tests.support.proxy import ROOT, slow_line
from tests.support.server import RunningServer, running_server

MIB = 1024 * 1024


class Peak:
    """The largest anonymous memory of this process, in bytes, looked at 50 times a second."""

    def __init__(self) -> None:
        self.anonymous = 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._end.wait(0.02):
            for line in Path("/proc/self/status").read_text().splitlines():
                if line.startswith("RssAnon:"):
                    self.anonymous = max(self.anonymous, int(line.split()[1]) * 1024)


def touch_memory(directory: Path, mib: int) -> None:
    """Write and delete a file, so that the memory for the files to come was used just now.

    A virtual machine may give memory that is free for two seconds back to its host; the first
    write to it then takes ten times as long, which would be measured instead of the transfer.
    """
    os.sync()  # nobody flushes what the one before left
    with tempfile.TemporaryFile(dir=directory) as file:
        for _ in range(mib):
            file.write(bytes(MIB))


async def ours(job: dict) -> dict:
    """In the child: one transfer, timed from the open workspace to the verified file."""
    workspace = StudioWorkspace(job["endpoint"], job["workspace"], job["token"], key="bench")
    with Cache(Path(job["cache"]), job.get("quota", 10 * 1024**3)) as cache, Peak() as peak:
        async with workspace, Transfers(workspace, cache) as transfers:
            await workspace.capabilities()
            touch_memory(Path(job["cache"]), job["touch"])
            begun, cpu = time.perf_counter(), time.process_time()
            if "dataset" in job:
                dataset = await workspace.dataset(job["dataset"])
                one = transfers.download(dataset, Path(job["target"]))
            else:
                path = Path(job["source"])
                one = transfers.upload(path, name=job["name"], data_type_id="PlainText")
            done = await transfers.finished(one.id)
            seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    return {
        "seconds": seconds,
        "cpu": cpu,
        "anonymous": peak.anonymous,
        "dataset": done.dataset_id,
        "checked": done.checked,
    }


def run_ours(
    server: RunningServer, directory: Path, mib: int, endpoint: str | None = None, **job
) -> dict:
    job |= {
        "touch": 2 * mib,
        "endpoint": endpoint or server.endpoint,
        "workspace": server.workspace_id,
        "token": server.token,
        "cache": tempfile.mkdtemp(dir=directory),
    }
    command = [sys.executable, "-m", "tests.benchmarks.transfers", "child", json.dumps(job)]
    out = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
    return json.loads(out)


def curl(url: str, target: Path, mib: int) -> float:
    touch_memory(target.parent, 2 * mib)
    begun = time.perf_counter()
    subprocess.run(["curl", "-sf", "-o", str(target), url], check=True)
    return time.perf_counter() - begun


async def link(server: RunningServer, endpoint: str, dataset: str) -> str:
    async with StudioWorkspace(endpoint, server.workspace_id, server.token) as workspace:
        return (await workspace.dataset(dataset)).download_location.url


def store(server: RunningServer, directory: Path, mib: int) -> str:
    source = directory / "source"
    with source.open("wb") as file:
        for _ in range(mib):
            file.write(random.randbytes(MIB))
    done = run_ours(server, directory, mib, source=str(source), name=f"bench {os.urandom(3).hex()}")
    print(f"  (upload of {mib} MiB on loopback: {mib / done['seconds']:.0f} MiB/s)")
    source.unlink()
    return done["dataset"]


def downloads(
    server: RunningServer, directory: Path, mib: int, rounds: int, endpoint: str, goal: float
) -> None:
    dataset = store(server, directory, mib)
    url = asyncio.run(link(server, endpoint, dataset))
    target = directory / "target"
    ways = {"through the cache": 64 * MIB * mib, "straight": 10 * 1024**3}
    times: dict[str, list[dict]] = {way: [] for way in ways}
    peers = []
    for _ in range(rounds):
        target.unlink(missing_ok=True)
        peers.append(curl(url, target, mib))
        for way, quota in ways.items():
            target.unlink(missing_ok=True)
            job = {"dataset": dataset, "target": str(target), "quota": quota}
            times[way].append(run_ours(server, directory, mib, endpoint, **job))
            assert times[way][-1]["checked"] == "sha256"
            subprocess.run(["rm", "-rf", *map(str, directory.glob("tmp*"))], check=True)
    peer = statistics.median(peers)
    print(f"  curl: {mib / peer:.0f} MiB/s (median of {rounds})")
    for way, runs in times.items():
        seconds = statistics.median(one["seconds"] for one in runs)
        cpu = statistics.median(one["cpu"] for one in runs) / mib * 1024
        peak = max(one["anonymous"] for one in runs) / MIB
        print(
            f"  ours, {way}: {mib / seconds:.0f} MiB/s = {peer / seconds:.2f} x curl "
            f"(goal {goal}); CPU {cpu:.1f} s/GiB; anonymous peak {peak:.0f} MiB (goal < 120)"
        )


async def sequential(server: RunningServer, endpoint: str, data: bytes) -> float:
    """What the old client does: blocks of 2 MiB, one after the other; seconds."""
    blocks = -(-len(data) // (2 * MIB))
    api = f"{endpoint}api"
    begun = time.perf_counter()
    async with httpx.AsyncClient(headers=server.headers, timeout=60) as http:
        where = f"workspaces/{server.workspace_id}"
        query = "userStorage=true&dataTypeId=PlainText"
        answer = await http.post(f"{api}/resourceuploads/{where}/?{query}", content=b"")
        upload = answer.raise_for_status().json()["Id"]
        for block in range(blocks):
            query = (
                f"numberOfBlocks={blocks}&blockId={block}&uploadId={upload}&dataTypeId=PlainText"
            )
            part = data[block * 2 * MIB : (block + 1) * 2 * MIB]
            answer = await http.post(f"{api}/blobuploads/{where}/?{query}", content=part)
            answer.raise_for_status()
        body = {
            "DataSource": {"Name": f"seq {os.urandom(4).hex()}", "DataTypeId": "PlainText"},
            "UploadId": upload,
        }
        (await http.post(f"{api}/{where}/datasources", json=body)).raise_for_status()
    return time.perf_counter() - begun


def uploads(server: RunningServer, directory: Path, mib: int, rounds: int, endpoint: str) -> None:
    source = directory / "source"
    data = random.randbytes(mib * MIB)
    source.write_bytes(data)
    peers, runs = [], []
    for number in range(rounds):
        touch_memory(directory, 2 * mib)
        peers.append(asyncio.run(sequential(server, endpoint, data)))
        name = f"bench {number} {os.urandom(3).hex()}"
        runs.append(run_ours(server, directory, mib, endpoint, source=str(source), name=name))
    peer = statistics.median(peers)
    seconds = statistics.median(one["seconds"] for one in runs)
    cpu = statistics.median(one["cpu"] for one in runs) / mib * 1024
    peak = max(one["anonymous"] for one in runs) / MIB
    print(
        f"  sequential 2 MiB: {mib / peer:.0f} MiB/s; ours {mib / seconds:.0f} MiB/s = "
        f"{peer / seconds:.2f} x (goal 4); CPU {cpu:.1f} s/GiB; anonymous peak {peak:.0f} MiB"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", nargs="*", default=["loopback", "line", "upload"])
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        with running_server(directory / "data") as server:
            port = urlsplit(server.endpoint).port
            assert port is not None
            if "loopback" in given.what:
                print(f"Download of {given.mib} MiB on loopback")
                downloads(server, directory, given.mib, given.rounds, server.endpoint, 0.7)
            if "line" in given.what:
                mib = given.mib // 4
                print(f"Download of {mib} MiB, 50 ms latency, 20 MB/s for each connection")
                with slow_line(port, latency=0.05, rate=20e6) as endpoint:
                    downloads(server, directory, mib, 1, endpoint, 3)
            if "upload" in given.what:
                mib = given.mib // 8
                print(f"Upload of {mib} MiB, 50 ms latency")
                with slow_line(port, latency=0.05) as endpoint:
                    uploads(server, directory, mib, given.rounds, endpoint)


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        print(json.dumps(asyncio.run(ours(json.loads(sys.argv[2])))))
    else:
        main()
