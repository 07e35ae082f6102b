"""`kill -9` at random moments: what is resumed is byte for byte what it should be."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import random
import signal
import sys
from urllib.parse import urlsplit

import pytest

from tests.support.proxy import ROOT, Fault, fault_proxy

pytestmark = pytest.mark.slow  # a hundred processes are started and killed

KILLS = 50
"""Of downloads, and as many of uploads."""
MIB = 1024 * 1024
SIZE = 8 * MIB + 12_345
BLOCK = MIB
"""What an upload of this size is sent in, and the most that a download holds back."""


class Runner:
    """Runs one job at a time in a child, and kills it after a while."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def _line(self) -> int:
        return int(await self._process.stdout.readline())

    async def run(self, job: dict, kill_after: float | None) -> int:
        """The exit code; -9: it was killed."""
        self._process.stdin.write(json.dumps(job).encode() + b"\n")
        pid = await self._line()
        ending = asyncio.ensure_future(self._line())
        if kill_after is not None:
            await asyncio.wait([ending], timeout=kill_after)
            if not ending.done():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        return await ending


@pytest.fixture
async def runner():
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.transfers.killing",
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    yield Runner(process)
    process.stdin.close()
    await process.wait()


@pytest.fixture
async def job(server, tmp_path):
    """What every job needs, through a line of 20 MB/s for each connection."""

    def rule(request):
        return Fault(rate=20e6) if request.kind == "content" else None

    async with fault_proxy(urlsplit(server.endpoint).port, rule) as proxy:
        yield (
            proxy,
            {
                "endpoint": proxy.endpoint,
                "workspace": server.workspace_id,
                "token": server.token,
                "cache": str(tmp_path / "cache"),
            },
        )


class Hunt:
    """Kills a job until it is done, at moments spread over the time that a whole run takes."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._longest = 0.3
        self.kills = 0

    async def run(self, job: dict, most: int, check) -> None:
        """Run `job` again and again until it is done, killing it at most `most` times."""
        loop = asyncio.get_running_loop()
        killed = 0
        while True:
            after = random.uniform(0.02, self._longest) if killed < most else None
            begun = loop.time()
            code = await self._runner.run(job, after)
            check()
            if code == 0:
                if killed == 0:
                    self._longest = loop.time() - begun
                return
            assert code == -signal.SIGKILL
            killed += 1
            self.kills += 1


@pytest.mark.parametrize("quota", [10**9, 10 * MIB], ids=["through the cache", "straight"])
async def test_a_killed_download_resumes_to_the_same_bytes(runner, job, stored, tmp_path, quota):
    proxy, what = job
    data = random.randbytes(SIZE)
    dataset = await stored(data)
    out = tmp_path / "out"
    out.mkdir()
    hunt, rounds = Hunt(runner), 0
    while hunt.kills < KILLS // 2:
        target = out / f"{rounds}.csv"

        def check(target=target):
            assert not target.exists() or target.read_bytes() == data

        what |= {
            "kind": "download",
            "dataset": dataset.id,
            "target": str(target),
            "cache": str(tmp_path / f"cache{rounds}"),
            "begun": str(tmp_path / f"begun{rounds}"),
            "quota": quota,
        }
        await hunt.run(what, min(5, KILLS // 2 - hunt.kills) if rounds else 0, check)
        rounds += 1
        assert hashlib.sha256(target.read_bytes()).digest() == hashlib.sha256(data).digest()
    assert sorted(path.name for path in out.iterdir()) == sorted(f"{n}.csv" for n in range(rounds))
    again = proxy.content_sent - rounds * SIZE
    print(f"{hunt.kills} kills, {rounds} downloads, {again / hunt.kills / BLOCK:.2f} blocks a kill")
    assert again < hunt.kills * 2 * BLOCK


async def test_a_killed_upload_resumes_and_happens_once(runner, job, workspace, tmp_path):
    proxy, what = job
    hunt, rounds = Hunt(runner), 0
    while hunt.kills < KILLS:
        source = tmp_path / f"{rounds}.csv"
        data = random.randbytes(SIZE)
        source.write_bytes(data)
        name = f"killed {rounds} {os.urandom(4).hex()}"
        what |= {"kind": "upload", "source": str(source), "name": name, "quota": 10**9}
        what["begun"] = str(tmp_path / f"begun{rounds}")
        await hunt.run(what, min(5, KILLS - hunt.kills) if rounds else 0, lambda: None)
        rounds += 1
        listed = [one for one in (await workspace.datasets()).datasets if one.name == name]
        assert len(listed) == 1
        async with workspace.read(listed[0]) as content:
            digest = hashlib.sha256(b"".join([chunk async for chunk in content])).digest()
        assert digest == hashlib.sha256(data).digest()
        assert len(await workspace.versions(listed[0].family_id)) == 1
    assert list((tmp_path / "cache" / "transfers").glob("*.json")) == []
    again = proxy.blocks_received - rounds * SIZE
    print(f"{hunt.kills} kills, {rounds} uploads, {again / hunt.kills / BLOCK:.2f} blocks a kill")
    assert again < hunt.kills * 2 * BLOCK
