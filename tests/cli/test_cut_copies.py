"""Copies that are killed: they stand among the transfers, go on, and are made once."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
from urllib.parse import urlsplit

import pytest

from tests.support.proxy import Fault, fault_proxy

MIB = 1 << 20
SIZE = 16 * MIB + 5
STALLED = 100_000
"""Bytes that come of a range that is held up."""
"""Sent in 17 parts of 1 MiB."""


@pytest.fixture
async def line(shared_server, alone):
    """The way to the server, which a test may hold up; commands go that way."""
    async with fault_proxy(urlsplit(shared_server.endpoint).port) as proxy:
        alone.use(shared_server)
        alone.environment["AMLTUI_ENDPOINT"] = proxy.endpoint
        yield proxy


@pytest.fixture
def name():
    return f"cut {os.urandom(4).hex()}"


async def run(commands, *words):
    return await asyncio.to_thread(commands, *words)


@contextlib.asynccontextmanager
async def killed(commands, *words):
    """Run a command for the block, and end it with `kill -9` there."""
    process = await asyncio.to_thread(commands.start, *words)
    try:
        yield process
    finally:
        process.kill()
        await asyncio.to_thread(process.wait)


class HeldUp:
    """Lets the first requests of a kind through; the others, and when there are some, wait."""

    def __init__(self, kind, free, asked):
        self._kind, self._free, self._asked = kind, free, asked
        self.seen = 0
        self.reached = asyncio.Event()

    def __call__(self, request):
        if request.kind != self._kind:
            return None
        self.seen += 1
        if self.seen >= self._asked:
            self.reached.set()
        return None if self.seen <= self._free else Fault(wait=3600)


@pytest.mark.parametrize("again", ["cp", "resume"])
async def test_a_copy_that_was_killed_while_it_sent_sends_only_the_rest(
    line, alone, name, tmp_path, again
):
    data = random.randbytes(SIZE)
    (tmp_path / "big.bin").write_bytes(data)
    copy = ("cp", "big.bin", f":{name}")
    # Five parts are under way at once: with the tenth asked for the first five are acknowledged.
    line.rule = HeldUp("block", 5, 10)
    async with killed(alone, *copy):
        await line.rule.reached.wait()
    (left,) = (await run(alone, "transfers", "--json")).json
    assert (left["kind"], left["name"], left["state"]) == ("copy", "big.bin", "paused")
    assert (left["done"], left["total"]) == (5 * MIB, SIZE)
    line.rule, line.blocks_received = lambda _: None, 0
    done = await run(alone, *(copy if again == "cp" else ("transfers", "resume")))
    assert done.code == 0, done.err
    assert line.blocks_received == SIZE - 5 * MIB
    assert (await run(alone, "transfers", "--json")).json == []
    assert len((await run(alone, "versions", name, "--json")).json) == 1
    assert (await run(alone, "get", name, "-o", "back.bin")).code == 0
    assert (tmp_path / "back.bin").read_bytes() == data


@pytest.mark.parametrize("again", ["cp", "resume"])
async def test_a_streamed_copy_that_was_killed_sends_only_the_rest(
    line, alone, name, tmp_path, again
):
    """The cache has no room for it; what was sent is read again, and its hash proved."""
    data = random.randbytes(SIZE)
    (tmp_path / "big.bin").write_bytes(data)
    assert (await run(alone, "put", "big.bin", "--name", name, "-d", "said")).code == 0
    alone.environment["AMLTUI_CACHE_QUOTA"] = str(SIZE)
    copy = ("cp", f":{name}", f":{name} copy")
    line.rule = HeldUp("block", 5, 10)
    async with killed(alone, *copy):
        await line.rule.reached.wait()
    (left,) = (await run(alone, "transfers", "--json")).json
    assert (left["kind"], left["name"], left["state"]) == ("copy", name, "paused")
    assert (left["done"], left["total"]) == (5 * MIB, SIZE)
    line.rule, line.blocks_received = lambda _: None, 0
    done = await run(alone, *(copy if again == "cp" else ("transfers", "resume")))
    assert done.code == 0, done.err
    assert line.blocks_received == SIZE - 5 * MIB
    assert (await run(alone, "transfers", "--json")).json == []
    assert not list((tmp_path / "cache" / "transfers").iterdir())
    assert len((await run(alone, "versions", f"{name} copy", "--json")).json) == 1
    assert (await run(alone, "get", f"{name} copy", "-o", "back.bin")).code == 0
    assert (tmp_path / "back.bin").read_bytes() == data


@pytest.mark.parametrize("again", ["cp", "resume"])
async def test_a_copy_that_was_killed_while_it_fetched_fetches_only_the_rest(
    line, alone, name, tmp_path, again
):
    data = random.randbytes(SIZE)
    (tmp_path / "big.bin").write_bytes(data)
    assert (await run(alone, "put", "big.bin", "--name", name, "-d", "said")).code == 0
    (tmp_path / "to").mkdir()
    copy = ("cp", f":{name}", "to/")
    reached = asyncio.Event()

    def rule(request):
        # The first range comes alone; of the others one comes far enough to be noted.
        if request.kind != "content":
            return None
        if line.count("content") > 4:
            reached.set()
        return Fault(stall=STALLED) if line.count("content") > 2 else None

    line.rule = rule
    async with killed(alone, *copy):
        await reached.wait()
    assert list((tmp_path / "to").iterdir()) == []
    (left,) = (await run(alone, "transfers", "--json")).json
    assert (left["kind"], left["name"], left["total"]) == ("copy", name, SIZE)
    before = line.content_sent
    stalled = (line.count("content") - 2) * STALLED
    line.rule = lambda _: None
    done = await run(alone, *(copy if again == "cp" else ("transfers", "resume")))
    assert done.code == 0, done.err
    assert before > 256 << 10
    assert line.content_sent <= SIZE + stalled + MIB
    (file,) = [one for one in (tmp_path / "to").iterdir() if not one.name.startswith(".")]
    assert file.read_bytes() == data
    assert "said" in (tmp_path / "to/.amltui.toml").read_text()
    assert (await run(alone, "transfers", "--json")).json == []


@pytest.mark.parametrize("again", ["cp", "resume"])
async def test_a_copy_that_was_killed_when_it_was_just_made_is_made_once(
    line, alone, name, tmp_path, again
):
    folder = tmp_path / "from"
    folder.mkdir()
    for one in ("a", "b"):
        (folder / f"{one}.csv").write_text(f"{one}\n1\n")
    copy = ("cp", "from/", f":{name}/", "--jobs", "1")
    done = asyncio.Event()

    def answered(data):
        process.kill()
        done.set()
        return data

    line.rule = lambda request: Fault(edit=answered) if request.kind == "commit" else None
    async with killed(alone, *copy) as process:
        await done.wait()
    (left,) = (await run(alone, "transfers", "--json")).json
    assert (left["kind"], left["name"]) == ("copy", "2 datasets")
    line.rule = lambda _: None
    ended = await run(alone, *(copy if again == "cp" else ("transfers", "resume")))
    assert ended.code == 0, ended.err
    for one in ("a", "b"):
        assert len((await run(alone, "versions", f"{name}/{one}.csv", "--json")).json) == 1
    assert (await run(alone, "transfers", "--json")).json == []


async def test_a_copy_that_was_killed_can_be_dropped_and_leaves_nothing(
    line, alone, name, tmp_path
):
    (tmp_path / "big.bin").write_bytes(random.randbytes(SIZE))
    line.rule = HeldUp("block", 5, 10)
    async with killed(alone, "cp", "big.bin", f":{name}"):
        await line.rule.reached.wait()
    line.rule = lambda _: None
    cleared = await run(alone, "transfers", "clear")
    assert (cleared.code, "Dropped 1 transfer." in cleared.err) == (0, True)
    assert (await run(alone, "transfers", "--json")).json == []
    assert not list((tmp_path / "cache" / "transfers").glob("*.json"))
    assert (await run(alone, "cp", "big.bin", f":{name}")).code == 0
