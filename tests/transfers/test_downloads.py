"""Downloads through a real server."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import os
import shutil
from datetime import UTC, datetime

import pytest

from amltui.cache import Cache, Identity, PartFile
from amltui.errors import Cancelled, Damaged, Exists, LocalError
from amltui.server.store.objects import ObjectStore
from amltui.transfers import Options, State, Transfers
from amltui.transfers.destinations import FileDestination
from amltui.transfers.journal import Journal
from amltui.transfers.records import DownloadRecord, DownloadRequest
from amltui.workspaces.studio import StudioWorkspace
from tests.support.server import running_server

DATA = os.urandom(6_000_000)


def leftovers(directory):
    return sorted(path.name for path in directory.iterdir() if path.name.startswith("."))


@pytest.mark.parametrize("size", [0, 1, 262_143, 262_144, 262_145, 1_310_720, 6_000_000])
async def test_a_download_gives_the_same_bytes_under_the_name_asked_for(
    transfers, stored, tmp_path, size
):
    dataset = await stored(DATA[:size])
    target = tmp_path / "out.csv"
    done = await transfers.finished(transfers.download(dataset, target).id)
    assert target.read_bytes() == DATA[:size]
    assert (done.state, done.done, done.total) == (State.DONE, size, size)
    assert done.checked == "sha256"
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("store", ["azurite", "moto"])
async def test_what_an_object_store_sends_is_verified_too(request, tmp_path, cache, store):
    """Its answers lack our digest; the redirect that leads there has it."""
    service = request.getfixturevalue(store)
    options = {"contents": service.new_container(), "environment": service.environment}
    with running_server(tmp_path / "data", **options) as server:
        connection = (server.endpoint, server.workspace_id, server.token)
        async with StudioWorkspace(*connection) as workspace:
            upload = await workspace.begin_upload("Zip")
            await workspace.send_part(upload, 0, DATA, total=1)
            dataset = await workspace.dataset(
                await workspace.commit(upload, name="far", description="")
            )
            async with Transfers(workspace, cache) as transfers:
                target = tmp_path / "far.zip"
                done = await transfers.finished(transfers.download(dataset, target).id)
    assert done.checked == "sha256"
    assert target.read_bytes() == DATA


async def test_what_somebody_changed_in_an_object_store_is_noticed(
    moto, tmp_path, cache, monkeypatch
):
    bucket = moto.new_container()
    for name, value in moto.environment.items():
        monkeypatch.setenv(name, value)
    with running_server(tmp_path / "data", contents=bucket) as server:
        connection = (server.endpoint, server.workspace_id, server.token)
        async with StudioWorkspace(*connection) as workspace:
            upload = await workspace.begin_upload("Zip")
            await workspace.send_part(upload, 0, b"right", total=1)
            dataset = await workspace.dataset(
                await workspace.commit(upload, name="hurt", description="")
            )
            sha256 = hashlib.sha256(b"right").hexdigest()
            (tmp_path / "wrong").write_bytes(b"wrong")
            store = ObjectStore(bucket, tmp_path / "spool")
            await store.open()
            await store.put(f"contents/{sha256[:2]}/{sha256}", tmp_path / "wrong")
            async with Transfers(workspace, cache, options=Options(attempts=2)) as transfers:
                begun = transfers.download(dataset, tmp_path / "x.zip")
                with pytest.raises(Damaged):
                    await transfers.finished(begun.id)
    assert not (tmp_path / "x.zip").exists()


async def test_in_a_directory_the_file_gets_a_safe_name(transfers, stored, tmp_path):
    dataset = await stored(b"a,b\n", name="../../etc/pass wd")
    (tmp_path / "into").mkdir()
    done = await transfers.finished(transfers.download(dataset, tmp_path / "into").id)
    assert done.path.parent == tmp_path / "into"
    assert done.path.read_bytes() == b"a,b\n"


async def test_a_file_that_is_there_is_never_overwritten_unasked(transfers, stored, tmp_path):
    dataset = await stored(b"new")
    target = tmp_path / "out.csv"
    target.write_bytes(b"old")
    with pytest.raises(Exists):
        transfers.download(dataset, target)
    assert target.read_bytes() == b"old"
    await transfers.finished(transfers.download(dataset, target, overwrite=True).id)
    assert target.read_bytes() == b"new"


async def test_a_file_that_appears_meanwhile_is_not_overwritten(transfers, stored, tmp_path):
    dataset = await stored(DATA)
    target = tmp_path / "out.csv"
    begun = transfers.download(dataset, target)
    target.write_bytes(b"somebody else's")
    with pytest.raises(Exists):
        await transfers.finished(begun.id)
    assert target.read_bytes() == b"somebody else's"
    assert leftovers(tmp_path) == []


async def test_a_directory_that_is_not_there_is_said_at_once(transfers, stored, tmp_path):
    dataset = await stored(b"x")
    with pytest.raises(LocalError, match="No such directory"):
        transfers.download(dataset, tmp_path / "not" / "there.csv")


async def test_a_content_too_large_for_the_cache_goes_straight_to_its_target(
    workspace, stored, tmp_path
):
    dataset = await stored(DATA)
    with Cache(tmp_path / "small", quota=1_000_000) as cache:
        async with Transfers(workspace, cache) as transfers:
            done = await transfers.finished(transfers.download(dataset, tmp_path / "o.csv").id)
        assert done.path.read_bytes() == DATA
        assert cache.info().size == 0
    assert leftovers(tmp_path) == []


async def test_a_feed_shows_the_head_before_the_rest_and_ends_whole(transfers, stored):
    dataset = await stored(DATA)
    transfers._context.cache.entry("test", dataset).drop_content()
    async with transfers.feed(dataset) as feed:
        there = await feed.wait(1_000)
        assert feed.read(0, there) == DATA[:there]
        digest = hashlib.sha256()
        async for chunk in feed.chunks():
            digest.update(chunk)
        path = await feed.wait_whole()
    assert digest.digest() == hashlib.sha256(DATA).digest()
    assert path.read_bytes() == DATA


async def test_a_cancelled_download_leaves_nothing_under_any_name(workspace, stored, tmp_path):
    dataset = await stored(DATA)
    out = tmp_path / "out"
    out.mkdir()
    with Cache(tmp_path / "small", quota=1_000_000) as cache:
        options = Options(rate_limit=2_000_000)
        async with Transfers(workspace, cache, options=options) as transfers:
            begun = transfers.download(dataset, out / "o.csv")
            async for (now,) in transfers.changes():
                if now.done > 0:
                    break
            await transfers.cancel(begun.id)
            assert transfers.get(begun.id).state is State.CANCELLED
            with pytest.raises(Cancelled):
                await transfers.finished(begun.id)
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("quota", [1_000_000, 10**9])
async def test_a_paused_download_goes_on_where_it_stopped(workspace, stored, tmp_path, quota):
    dataset = await stored(DATA)
    with Cache(tmp_path / "other", quota=quota) as cache:
        async with Transfers(workspace, cache, options=Options(rate_limit=4e6)) as transfers:
            begun = transfers.download(dataset, tmp_path / "o.csv")
            async for (now,) in transfers.changes():
                if now.done > 1_000_000:
                    break
            await transfers.pause(begun.id)
            paused = transfers.get(begun.id)
            assert paused.state is State.PAUSED
            transfers.resume(begun.id)
            async for (now,) in transfers.changes():
                if now.done:
                    assert now.done >= paused.done
                    break
            await transfers.finished(begun.id)
    assert (tmp_path / "o.csv").read_bytes() == DATA


async def test_progress_comes_at_most_ten_times_a_second_and_ends_with_the_end(
    workspace, stored, tmp_path
):
    dataset = await stored(DATA)
    with Cache(tmp_path / "other") as cache:
        async with Transfers(workspace, cache, options=Options(rate_limit=8e6)) as transfers:
            transfers.download(dataset)
            loop = asyncio.get_running_loop()
            times, states = [], []
            async for (now,) in transfers.changes():
                times.append(loop.time())
                states.append(now)
                if now.state.over:
                    break
    assert all(b - a >= 0.095 for a, b in itertools.pairwise(times))
    assert states[-1].state is State.DONE
    assert any(state.rate and state.eta for state in states)


async def test_an_unwritable_cache_is_replaced_by_a_temporary_one_with_one_warning(
    workspace, stored, tmp_path
):
    dataset = await stored(DATA)
    (tmp_path / "file").write_bytes(b"in the way")
    with Cache(tmp_path / "file" / "cache") as cache:
        async with Transfers(workspace, cache) as transfers:
            await transfers.finished(transfers.download(dataset, tmp_path / "o.csv").id)
            async with transfers.feed(dataset) as feed:
                path = await feed.wait_whole()
        assert "Working without a cache" in cache.problem
        assert path.exists()
    assert not path.exists()
    assert (tmp_path / "o.csv").read_bytes() == DATA


@pytest.mark.parametrize("ours", [True, False])
async def test_a_target_placed_just_before_a_kill_is_known_by_its_hash(
    transfers, stored, cache, tmp_path, ours
):
    dataset = await stored(DATA)
    target = tmp_path / "out.csv"
    target.write_bytes(DATA if ours else b"somebody else's")
    plan = DownloadRequest(str(target), placing=hashlib.sha256(DATA).hexdigest(), dataset=dataset)
    record = DownloadRecord("k1", "test", dataset.name, datetime.now(UTC), request=plan)
    Journal(cache.journals).add(record).close()
    (one,) = transfers.resume_unfinished()
    if ours:
        done = await transfers.finished(one.id)
        assert (done.state, done.done, done.checked) == (State.DONE, len(DATA), "sha256")
    else:
        with pytest.raises(Exists):
            await transfers.finished(one.id)
        assert target.read_bytes() == b"somebody else's"


@pytest.mark.parametrize("ours", [True, False])
async def test_without_a_hash_a_target_placed_just_before_a_kill_is_known_as_a_file(
    transfers, stored, cache, tmp_path, ours
):
    dataset = await stored(DATA)
    target = tmp_path / "out.csv"
    noted = []
    destination = FileDestination(target, overwrite=False, placing=noted.append)
    part = PartFile.create(destination.base, Identity(size=len(DATA), etag='"1"'))
    part.write(0, DATA)
    destination.commit(part, part.identity, "length")
    part.close()
    if not ours:
        shutil.copy(target, tmp_path / "other.csv")
        (tmp_path / "other.csv").rename(target)
    plan = DownloadRequest(str(target), placing=noted[0], dataset=dataset)
    record = DownloadRecord("k1", "test", dataset.name, datetime.now(UTC), request=plan)
    Journal(cache.journals).add(record).close()
    (one,) = transfers.resume_unfinished()
    if ours:
        done = await transfers.finished(one.id)
        assert (done.state, done.done, done.checked) == (State.DONE, len(DATA), "length")
    else:
        with pytest.raises(Exists):
            await transfers.finished(one.id)
    assert target.read_bytes() == DATA


@pytest.mark.parametrize("damage", ["a byte", "the length", "the card"])
async def test_a_cached_content_that_the_disk_damaged_is_fetched_again(
    transfers, stored, cache, tmp_path, damage
):
    dataset = await stored(DATA)
    await transfers.finished(transfers.download(dataset).id)
    entry = cache.entry("test", dataset)
    if damage == "a byte":
        with entry.raw.open("r+b") as file:
            file.write(bytes([DATA[0] ^ 1]))
    elif damage == "the length":
        os.truncate(entry.raw, 1000)
    else:
        (entry.directory / "card.json").write_bytes(b"{")
    await transfers.finished(transfers.download(dataset, tmp_path / "out.csv").id)
    assert (tmp_path / "out.csv").read_bytes() == DATA
    assert entry.raw.read_bytes() == DATA


async def test_changes_end_when_the_queue_is_closed(workspace, stored, cache):
    dataset = await stored(DATA)
    async with Transfers(workspace, cache, options=Options(rate_limit=1e6)) as transfers:
        transfers.download(dataset)
        seen = transfers.changes()
        await anext(seen)
    last = [now async for now in seen][-1]
    assert [one.state for one in last] == [State.PAUSED]


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
@pytest.mark.parametrize("quota", [1_000_000, 10**9], ids=["straight", "through the cache"])
async def test_a_file_has_the_permissions_of_any_other_new_file(
    workspace, stored, tmp_path, quota, mask
):
    dataset = await stored(DATA)
    before = os.umask(mask)
    try:
        with Cache(tmp_path / "other", quota=quota) as cache:
            async with Transfers(workspace, cache) as transfers:
                await transfers.finished(transfers.download(dataset, tmp_path / "o.csv").id)
    finally:
        os.umask(before)
    assert (tmp_path / "o.csv").stat().st_mode & 0o777 == 0o666 & ~mask


@pytest.mark.parametrize("quota", [1_000_000, 10**9], ids=["straight", "through the cache"])
async def test_two_queues_that_replace_one_file_do_not_disturb_each_other(
    workspace, stored, tmp_path, quota
):
    dataset = await stored(DATA)
    other = await stored(DATA[::-1])
    target = tmp_path / "o.csv"
    async with contextlib.AsyncExitStack() as stack:
        begun = []
        for number, source in enumerate((dataset, other, dataset, other)):
            cache = stack.enter_context(Cache(tmp_path / f"cache {number}", quota=quota))
            queue = await stack.enter_async_context(Transfers(workspace, cache))
            begun.append((queue, queue.download(source, target, overwrite=True).id))
        for queue, name in begun:
            done = await queue.finished(name)
            assert done.state is State.DONE
    assert target.read_bytes() in {DATA, DATA[::-1]}
    assert leftovers(tmp_path) == []
