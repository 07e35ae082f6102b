"""Several readers, queues and processes on one cache; what is full, gone or away."""

from __future__ import annotations

import asyncio
import os
import resource
from dataclasses import replace

import pytest

from amltui import errors
from amltui.cache import Cache
from amltui.models import OutputPort
from amltui.transfers import Options, State, Transfers
from amltui.transfers.journal import Journal
from tests.support.proxy import Fault, always, once

DATA = os.urandom(4_000_000)


async def test_a_preview_and_downloads_of_one_dataset_are_one_fetch(line, stored, tmp_path):
    dataset = await stored(DATA)
    transfers, proxy = await line()
    async with transfers.feed(dataset) as feed:
        begun = [transfers.download(dataset, tmp_path / f"{n}.csv") for n in range(3)]
        for one in begun:
            await transfers.finished(one.id)
        assert feed.complete
    assert [(tmp_path / f"{n}.csv").read_bytes() for n in range(3)] == [DATA] * 3
    assert proxy.content_sent == len(DATA)


async def test_two_queues_on_one_cache_fetch_once(line, stored, workspace, tmp_path):
    dataset = await stored(DATA)
    transfers, proxy = await line(always(Fault(rate=20e6)))
    cache = Cache(tmp_path / "line")
    async with Transfers(transfers._context.workspace, cache) as other:
        one = transfers.download(dataset, tmp_path / "1.csv")
        two = other.download(dataset, tmp_path / "2.csv")
        async with other.feed(dataset) as feed:
            async for chunk in feed.chunks():
                assert chunk
        await asyncio.gather(transfers.finished(one.id), other.finished(two.id))
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "2.csv").read_bytes() == DATA
    assert proxy.content_sent == len(DATA)


async def test_when_the_process_that_fetches_stops_the_other_goes_on(line, stored, tmp_path):
    dataset = await stored(DATA)
    transfers, proxy = await line(always(Fault(rate=4e6)))
    async with Transfers(transfers._context.workspace, Cache(tmp_path / "line")) as other:
        one = transfers.download(dataset)
        async for (now,) in transfers.changes():
            if now.done > 500_000:
                break
        two = other.download(dataset, tmp_path / "2.csv")
        async for (now,) in other.changes():
            if now.done > 500_000:
                break
        await transfers.cancel(one.id)
        await other.finished(two.id)
    assert (tmp_path / "2.csv").read_bytes() == DATA
    assert proxy.content_sent < len(DATA) + 1_500_000


async def test_the_last_reader_to_leave_stops_the_fetch_and_what_came_is_used(line, stored):
    dataset = await stored(DATA)
    transfers, proxy = await line(always(Fault(rate=8e6)))
    async with transfers.feed(dataset) as feed:
        await feed.wait(300_000)
    stopped = proxy.content_sent
    assert stopped < len(DATA)
    async with transfers.feed(dataset) as feed:
        await feed.wait_whole()
        assert feed.read(0, len(DATA)) == DATA
    assert proxy.content_sent < len(DATA) + 1_500_000


async def test_what_is_cached_is_read_with_the_network_away(line, stored, tmp_path):
    whole, part = await stored(DATA), await stored(DATA[::-1])
    transfers, proxy = await line()
    await transfers.finished(transfers.download(whole).id)
    proxy.rule = always(Fault(rate=8e6))
    async with transfers.feed(part) as feed:
        there = await feed.wait(400_000)
    proxy.rule = lambda _: Fault(lose_answer=True)
    done = await transfers.finished(transfers.download(whole, tmp_path / "out.csv").id)
    assert done.path.read_bytes() == DATA
    async with transfers.feed(part) as feed:
        assert await feed.wait(there) >= there
        assert feed.read(0, there) == DATA[::-1][:there]
        assert not feed.complete


async def test_an_output_that_was_replaced_is_fetched_again(line, workspace, server, tmp_path):
    experiment = f"{server.workspace_id}.f-id.{os.urandom(16).hex()}"
    port = OutputPort(experiment, "node 1", "Results dataset", "PlainText")

    async def publish(data):
        async def body():
            yield data

        await workspace.publish(port, body(), size=len(data))

    await publish(b"first")
    transfers, proxy = await line()
    for wanted in (b"first", b"first", b"second, longer"):
        await publish(wanted)
        target = tmp_path / os.urandom(4).hex()
        done = await transfers.finished(transfers.download(port, target).id)
        assert target.read_bytes() == wanted
        assert done.state is State.DONE
    proxy.rule = lambda _: Fault(lose_answer=True)
    done = await transfers.finished(transfers.download(port, tmp_path / "away").id)
    assert done.path.read_bytes() == b"second, longer"


async def test_a_dataset_larger_than_the_disk_is_refused_before_a_byte(line, stored, tmp_path):
    dataset = replace(await stored(b"small"), size=10**17)
    transfers, proxy = await line()
    with pytest.raises(errors.DiskFull, match="free"):
        await transfers.finished(transfers.download(dataset, tmp_path / "out.csv").id)
    assert proxy.count("content") == 0
    assert list(tmp_path.glob("*.csv")) == []


@pytest.mark.parametrize("quota", [10**9, 1_000_000], ids=["through the cache", "straight"])
async def test_a_disk_that_fills_is_an_error_and_a_retry_goes_on(
    workspace, stored, tmp_path, quota
):
    dataset = await stored(DATA)
    target = tmp_path / "out.csv"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Cache(tmp_path / "full", quota) as cache:
        async with Transfers(workspace, cache) as transfers:
            resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, before[1]))
            try:
                begun = transfers.download(dataset, target)
                with pytest.raises(errors.DiskFull):
                    await transfers.finished(begun.id)
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, before)
            assert not target.exists()
            transfers.retry(begun.id)
            await transfers.finished(begun.id)
    assert target.read_bytes() == DATA
    assert [path for path in tmp_path.iterdir() if path.name.startswith(".")] == []


async def test_the_cache_makes_room_for_what_is_fetched(line, stored):
    transfers, _ = await line(quota=10_000_000)
    cache = transfers._context.cache
    first, second, third = [await stored(DATA[n:]) for n in range(3)]
    for dataset in (first, second, third):
        await transfers.finished(transfers.download(dataset).id)
        assert cache.info().size <= cache.quota
    whole = [cache.entry("line", one).whole for one in (first, second, third)]
    assert whole == [False, True, True]


async def test_a_feed_that_does_not_fit_says_so(line, stored):
    transfers, _ = await line(quota=1_000_000)
    dataset = await stored(DATA)
    async with transfers.feed(dataset) as feed:
        with pytest.raises(errors.DiskFull, match="quota"):
            await feed.wait_whole()


async def test_the_rate_limit_holds_for_all_connections_together(workspace, stored, tmp_path):
    dataset = await stored(DATA[:2_000_000])
    loop = asyncio.get_running_loop()
    with Cache(tmp_path / "slow") as cache:
        async with Transfers(workspace, cache, options=Options(rate_limit=2e6)) as transfers:
            begun = loop.time()
            await transfers.finished(transfers.download(dataset, tmp_path / "o.csv").id)
            assert loop.time() - begun >= 0.8


async def test_no_more_run_at_once_than_were_asked_for(line, stored):
    datasets = [await stored(DATA[n : n + 400_000]) for n in range(5)]
    transfers, _ = await line(always(Fault(rate=1e6)), concurrency=2)
    begun = [transfers.download(dataset) for dataset in datasets]
    most = 0
    async for now in transfers.changes():
        most = max(most, sum(one.state is State.RUNNING for one in now))
        if all(one.state.over for one in now):
            break
    assert most == 2
    assert {transfers.get(one.id).state for one in begun} == {State.DONE}


async def test_what_a_closed_queue_left_is_resumed_by_the_next_one(line, stored, tmp_path):
    dataset = await stored(DATA)
    transfers, proxy = await line(always(Fault(rate=4e6)))
    transfers.download(dataset, tmp_path / "out.csv")
    async for (now,) in transfers.changes():
        if now.done > 1_000_000:
            break
    workspace = transfers._context.workspace
    async with Transfers(workspace, Cache(tmp_path / "line")) as early:
        assert early.resume_unfinished() == ()  # it is held by the queue that runs it
        assert len(early.unfinished()) == 1
    await transfers.__aexit__()
    proxy.rule = lambda _: None
    async with Transfers(workspace, Cache(tmp_path / "line")) as later:
        (one,) = later.resume_unfinished()
        await later.finished(one.id)
        assert later.unfinished() == ()
    assert (tmp_path / "out.csv").read_bytes() == DATA
    assert proxy.content_sent < len(DATA) + 1_500_000


async def test_a_forgotten_failure_leaves_nothing(line, stored, tmp_path):
    dataset = await stored(DATA)
    transfers, _ = await line(once(Fault(answer=(404, {}, b"")), times=9), quota=1_000_000)
    begun = transfers.download(dataset, tmp_path / "out.csv")
    with pytest.raises(errors.ContentLost):
        await transfers.finished(begun.id)
    transfers.forget()
    assert transfers.snapshot() == ()
    assert transfers.unfinished() == ()


async def test_a_cleared_journal_leaves_nothing_beside_the_target(line, stored, tmp_path):
    dataset = await stored(DATA)
    out = tmp_path / "out"
    out.mkdir()
    transfers, _ = await line(always(Fault(rate=2e6)), quota=1_000_000)
    transfers.download(dataset, out / "o.csv")
    async for (now,) in transfers.changes():
        if now.done:
            break
    await transfers.__aexit__()
    assert list(out.iterdir()) != []
    journal = Journal(transfers._context.cache.journals)
    for entry in journal.claim_unowned("line"):
        entry.delete()
    assert list(out.iterdir()) == []
    assert journal.records() == []
