"""Uploads through a real server and a line that fails."""

from __future__ import annotations

import hashlib
import os
import re

import pytest

from amltui import errors
from amltui.cache import Cache
from amltui.transfers import State, Transfers
from amltui.transfers.spool import spool
from amltui.workspaces.studio import StudioWorkspace
from tests.support.proxy import Fault, always, once

DATA = os.urandom(5_000_000)


def new_name():
    return f"up {os.urandom(6).hex()}"


async def contents(workspace, dataset_id):
    async with workspace.read(await workspace.dataset(dataset_id)) as content:
        return b"".join([chunk async for chunk in content])


async def named(workspace, name):
    return [one for one in (await workspace.datasets()).datasets if one.name == name]


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "up.csv"
    path.write_bytes(DATA)
    return path


@pytest.mark.parametrize("size", [0, 1, 1_048_575, 1_048_576, 1_048_577, 5_000_000])
async def test_an_upload_arrives_whole(transfers, workspace, source, size):
    source.write_bytes(DATA[:size])
    name = new_name()
    begun = transfers.upload(source, name=name, data_type_id="GenericCSV", description="d")
    done = await transfers.finished(begun.id)
    assert (done.state, done.done, done.total) == (State.DONE, size, size)
    dataset = await workspace.dataset(done.dataset_id)
    assert (dataset.name, dataset.description, dataset.size) == (name, "d", size)
    assert await contents(workspace, done.dataset_id) == DATA[:size]


async def test_an_update_becomes_the_latest_of_its_family(transfers, workspace, stored, source):
    old = await stored(b"old")
    done = await transfers.finished(
        transfers.upload(
            source, name=old.name, data_type_id="GenericCSV", replaces=old.family_id
        ).id
    )
    (latest,) = await named(workspace, old.name)
    assert latest.id == done.dataset_id != old.id
    assert await contents(workspace, latest.id) == DATA


async def test_a_name_that_is_taken_is_found_before_a_byte_is_sent(line, stored, source):
    taken = await stored(b"old")
    transfers, proxy = await line()
    begun = transfers.upload(source, name=taken.name, data_type_id="GenericCSV")
    with pytest.raises(errors.Conflict):
        await transfers.finished(begun.id)
    assert proxy.count("block") == 0


async def test_a_name_taken_meanwhile_is_a_conflict_and_another_name_sends_nothing_again(
    line, workspace, stored, source
):
    name, other = new_name(), new_name()
    transfers, proxy = await line(
        once(Fault(answer=(409, {}, b'{"Message": "exists"}')), kind="commit")
    )
    begun = transfers.upload(source, name=name, data_type_id="GenericCSV")
    with pytest.raises(errors.Conflict):
        await transfers.finished(begun.id)
    sent = proxy.blocks_received
    transfers.retry(begun.id, name=other)
    done = await transfers.finished(begun.id)
    assert proxy.blocks_received == sent
    assert [one.id for one in await named(workspace, other)] == [done.dataset_id]
    assert await named(workspace, name) == []


SURVIVED = {
    "blocks are cut": once(Fault(cut_request=100_000), kind="block", skip=1, times=3),
    "answers to blocks are lost": once(Fault(lose_answer=True), kind="block", times=2),
    "500 for blocks": once(Fault(answer=(500, {}, b"")), kind="block", times=3),
    "429 for a block": once(Fault(answer=(429, {"Retry-After": "1"}, b"")), kind="block"),
    "the beginning fails": once(Fault(answer=(503, {}, b"")), kind="begin", times=2),
    "the list fails": once(Fault(lose_answer=True), kind="api", times=2),
    "the commit never arrives": once(Fault(cut_request=0), kind="commit"),
    "the commit fails": once(Fault(answer=(500, {}, b"")), kind="commit"),
    "the answer to the commit is lost": once(Fault(lose_answer=True), kind="commit"),
}


@pytest.mark.parametrize("update", [False, True], ids=["new", "update"])
@pytest.mark.parametrize("fault", SURVIVED)
async def test_an_upload_survives_and_happens_once(line, workspace, stored, source, fault, update):
    name = new_name()
    family = (await stored(b"old", name)).family_id if update else None
    transfers, proxy = await line(SURVIVED[fault])
    begun = transfers.upload(source, name=name, data_type_id="GenericCSV", replaces=family)
    done = await transfers.finished(begun.id)
    (latest,) = await named(workspace, name)
    assert latest.id == done.dataset_id
    assert await contents(workspace, latest.id) == DATA
    assert len(await workspace.versions(latest.family_id)) == 1 + update
    assert proxy.blocks_received < len(DATA) + 3 * 2**20


@pytest.mark.parametrize("named", [True, False])
async def test_a_server_that_stores_something_else_is_found_out(line, source, named):
    def spoil(request):
        if request.kind == "content":
            return Fault(headers={"Repr-Digest": "sha-256=:" + "A" * 43 + "=:"})
        wrong = rb'"Sha256":"' + b"a" * 64 if named else rb'"Other":"' + b"a" * 65
        return Fault(edit=lambda body: re.sub(rb'"Sha256":"[0-9a-f]{64}', wrong, body))

    transfers, proxy = await line(spoil)
    begun = transfers.upload(source, name=new_name(), data_type_id="GenericCSV")
    with pytest.raises(errors.Damaged):
        await transfers.finished(begun.id)
    assert proxy.count("content") == (0 if named else 1)  # what the dataset says is enough


async def test_a_file_that_changes_under_the_upload_creates_nothing(line, workspace, source):
    name = new_name()

    def rule(request):
        if request.kind == "block":
            with source.open("r+b") as file:
                file.write(b"changed")

    transfers, _ = await line(rule)
    begun = transfers.upload(source, name=name, data_type_id="GenericCSV")
    with pytest.raises(errors.ContentChanged):
        await transfers.finished(begun.id)
    assert await named(workspace, name) == []
    transfers.retry(begun.id)
    with pytest.raises(errors.ContentChanged):
        await transfers.finished(begun.id)


async def test_a_file_replaced_under_the_upload_creates_nothing(line, workspace, source):
    name = new_name()

    def rule(request):
        if request.kind == "begin":
            other = source.with_name("other")
            other.write_bytes(DATA[::-1])
            other.replace(source)

    transfers, _ = await line(rule)
    begun = transfers.upload(source, name=name, data_type_id="GenericCSV")
    with pytest.raises(errors.ContentChanged):
        await transfers.finished(begun.id)
    assert await named(workspace, name) == []


async def test_a_server_that_forgot_the_upload_gets_it_again(line, workspace, source):
    rule = once(Fault(answer=(404, {}, b"{}")), kind="block", skip=1)
    transfers, _ = await line(rule)
    begun = transfers.upload(source, name=new_name(), data_type_id="GenericCSV")
    done = await transfers.finished(begun.id)
    assert await contents(workspace, done.dataset_id) == DATA


async def test_an_upload_with_an_error_that_stays_fails_and_can_be_retried(line, source):
    transfers, proxy = await line(always(Fault(answer=(500, {}, b"")), kind="block"), attempts=3)
    begun = transfers.upload(source, name=new_name(), data_type_id="GenericCSV")
    with pytest.raises(errors.ServerFailed):
        await transfers.finished(begun.id)
    assert transfers.get(begun.id).state is State.FAILED
    proxy.rule = lambda _: None
    transfers.retry(begun.id)
    assert (await transfers.finished(begun.id)).state is State.DONE


async def test_what_the_workspace_refused_is_not_tried_again_by_a_later_process(
    workspace, cache, source
):
    async with Transfers(workspace, cache) as queue:
        kept = queue.upload(source, name=new_name(), data_type_id="GenericCSV")
        await queue.pause(kept.id)
        refused = queue.upload(source, name="a:b", data_type_id="GenericCSV")
        with pytest.raises(errors.Rejected):
            await queue.finished(refused.id)
        assert len(queue.unfinished()) == 2
    async with Transfers(workspace, cache) as queue:
        assert [record.id for record in queue.unfinished()] == [kept.id]


async def test_a_paused_upload_sends_only_what_is_missing(line, workspace, source):
    transfers, proxy = await line(rate_limit=4e6)
    begun = transfers.upload(source, name=new_name(), data_type_id="GenericCSV")
    async for (now,) in transfers.changes():
        if now.done >= 2**20:
            break
    await transfers.pause(begun.id)
    assert transfers.get(begun.id).state is State.PAUSED
    transfers.resume(begun.id)
    done = await transfers.finished(begun.id)
    assert await contents(workspace, done.dataset_id) == DATA
    assert proxy.blocks_received < len(DATA) + 4 * 2**20


async def test_a_file_that_is_no_file_is_refused(transfers, tmp_path):
    with pytest.raises(errors.LocalError):
        transfers.upload(tmp_path / "none", name="x", data_type_id="GenericCSV")
    with pytest.raises(errors.LocalError):
        transfers.upload(tmp_path, name="x", data_type_id="GenericCSV")


async def test_a_revoked_token_makes_an_upload_wait_and_a_new_sign_in_lets_it_go_on(
    line, source, workspace, server
):
    revoked = True

    def rule(request):
        if revoked and request.kind != "content":
            return Fault(answer=(401, {}, b"{}"))
        return None

    transfers, proxy = await line(rule)
    begun = transfers.upload(source, name=new_name(), data_type_id="GenericCSV")
    async for (now,) in transfers.changes():
        if now.state is State.WAITING_SIGN_IN:
            assert isinstance(now.error, errors.Unauthorized)
            break
    revoked = False
    async with StudioWorkspace(
        proxy.endpoint, server.workspace_id, server.token, key="line"
    ) as again:
        transfers.signed_in(again)
        done = await transfers.finished(begun.id)
        assert (await workspace.dataset(done.dataset_id)).size == len(DATA)


async def test_a_token_that_may_not_write_is_an_error_not_a_question(line, source):
    transfers, _ = await line(always(Fault(answer=(403, {}, b"{}")), kind="begin"))
    begun = transfers.upload(source, name=new_name(), data_type_id="GenericCSV")
    with pytest.raises(errors.Unauthorized):
        await transfers.finished(begun.id)


async def test_no_link_and_no_token_is_written_anywhere(
    transfers, stored, workspace, server, tmp_path
):
    dataset = await stored(DATA)
    linked = await workspace.dataset(dataset.id)
    credential = linked.download_location.access_credential
    assert credential
    cache = transfers._context.cache
    cache.save_listing("test", await workspace.datasets())
    begun = transfers.download(linked, tmp_path / "out.csv")
    await transfers.finished(begun.id)
    transfers.download(linked, tmp_path / "two.csv")
    seen = [path.read_bytes() for path in cache.directory.rglob("*") if path.is_file()]
    assert any(dataset.id.encode() in data for data in seen)
    for data in seen:
        assert credential.encode() not in data
        assert server.token.encode() not in data
    assert (
        hashlib.sha256((tmp_path / "out.csv").read_bytes()).digest()
        == hashlib.sha256(DATA).digest()
    )


async def begun_and_left(line, source, name, **changes):
    """Begin an upload in a queue that ends in the middle; the proxy, and what it received."""
    transfers, proxy = await line(rate_limit=4e6)
    begun = transfers.upload(source, name=name, data_type_id="GenericCSV", **changes)
    async for (now,) in transfers.changes():
        if now.done >= 2**20:
            break
    await transfers.__aexit__()
    assert transfers.get(begun.id).state is State.PAUSED
    return proxy


async def test_the_same_upload_asked_for_again_goes_on_where_it_was(line, workspace, source):
    name = new_name()
    proxy = await begun_and_left(line, source, name)
    transfers, again = await line()
    begun = transfers.upload(source, name=name, data_type_id="GenericCSV", description="d")
    done = await transfers.finished(begun.id)
    assert await contents(workspace, done.dataset_id) == DATA
    assert (await workspace.dataset(done.dataset_id)).description == "d"
    assert again.blocks_received <= len(DATA) - 2**20
    assert proxy.blocks_received + again.blocks_received < len(DATA) + 5 * 2**20
    assert transfers.unfinished() == ()


async def test_a_file_that_changed_since_is_sent_anew_and_leaves_no_old_entry(
    line, workspace, source
):
    name = new_name()
    await begun_and_left(line, source, name)
    source.write_bytes(DATA[::-1])
    transfers, proxy = await line()
    begun = transfers.upload(source, name=name, data_type_id="GenericCSV")
    done = await transfers.finished(begun.id)
    assert await contents(workspace, done.dataset_id) == DATA[::-1]
    assert proxy.blocks_received >= len(DATA)
    assert transfers.unfinished() == ()


async def test_a_file_that_changed_behind_its_time_is_noticed(line, workspace, source):
    name = new_name()
    await begun_and_left(line, source, name)
    before = source.stat()
    source.write_bytes(DATA[::-1])
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
    transfers, _ = await line()
    begun = transfers.upload(source, name=name, data_type_id="GenericCSV")
    with pytest.raises(errors.ContentChanged):
        await transfers.finished(begun.id)
    assert await named(workspace, name) == []


async def test_another_upload_of_the_file_leaves_what_was_begun(line, source):
    name = new_name()
    await begun_and_left(line, source, name)
    transfers, _ = await line()
    begun = transfers.upload(source, name=new_name(), data_type_id="GenericCSV")
    await transfers.finished(begun.id)
    assert [one.name for one in transfers.unfinished()] == [name]


async def test_this_machine_under_another_name_is_the_same_workspace(
    server, tmp_path, workspace, source
):
    name = new_name()
    with Cache(tmp_path / "cache") as cache:
        for host in ("127.0.0.1", "localhost"):
            endpoint = server.endpoint.replace("127.0.0.1", host)
            async with (
                StudioWorkspace(endpoint, server.workspace_id, server.token) as opened,
                Transfers(opened, cache) as transfers,
            ):
                if host == "localhost":
                    (left,) = transfers.resume_unfinished()
                    await transfers.finished(left.id)
                else:
                    left = transfers.upload(source, name=name, data_type_id="GenericCSV")
                    await transfers.pause(left.id)
    assert len(await named(workspace, name)) == 1


async def test_where_nobody_can_sign_in_a_revoked_token_fails_and_keeps_the_upload(
    line, source, workspace
):
    name = new_name()
    rule = once(Fault(answer=(401, {}, b"{}")), kind="block", skip=2, times=99)
    transfers, proxy = await line(rule, attended=False, parts=1)
    begun = transfers.upload(source, name=name, data_type_id="GenericCSV")
    with pytest.raises(errors.Unauthorized):
        await transfers.finished(begun.id)
    await transfers.__aexit__()
    assert ["Unauthorized" in one.error for one in transfers.unfinished()] == [True]
    transfers, again = await line()
    begun = transfers.upload(source, name=name, data_type_id="GenericCSV")
    done = await transfers.finished(begun.id)
    assert await contents(workspace, done.dataset_id) == DATA
    assert again.blocks_received < len(DATA)
    assert proxy.count("commit") == 0


async def test_a_spooled_file_is_kept_for_its_upload_and_deleted_with_it(line, source):
    transfers, _ = await line(always(Fault(answer=(401, {}, b"{}")), kind="block"), attended=False)
    journal = transfers._context.cache.journals
    with spool(journal, suffix=".csv") as (file, path):
        file.write(DATA)
        file.flush()
        begun = transfers.upload(path, name=new_name(), data_type_id="GenericCSV")
        with pytest.raises(errors.Unauthorized):
            await transfers.finished(begun.id)
    await transfers.__aexit__()
    transfers, _ = await line()
    (again,) = transfers.resume_unfinished()
    assert path.exists()
    assert again.path is None  # its name says nothing to a person
    done = await transfers.finished(again.id)
    assert not path.exists()
    assert (
        await transfers._context.workspace.dataset(done.dataset_id)
    ).uploaded_from_filename == ""


async def test_a_spooled_file_that_nothing_needs_is_deleted(transfers, cache, source):
    with spool(cache.journals) as (_, held):
        left = cache.journals / "spool-0123456789ab.csv"
        left.write_bytes(DATA)
        assert transfers.resume_unfinished() == ()
        assert held.exists()
        assert not left.exists()


@pytest.mark.parametrize(("name", "said"), [("a:b", "forbidden characters"), ("n" * 257, "256")])
async def test_a_name_that_cannot_be_is_found_before_a_byte_is_sent(line, source, name, said):
    transfers, proxy = await line()
    begun = transfers.upload(source, name=name, data_type_id="GenericCSV")
    with pytest.raises(errors.Rejected, match=said):
        await transfers.finished(begun.id)
    assert proxy.requests == []


async def test_a_server_that_is_full_is_not_asked_again(line, source):
    transfers, proxy = await line(always(Fault(answer=(507, {}, b"{}")), kind="begin"))
    begun = transfers.upload(source, name=new_name(), data_type_id="GenericCSV")
    with pytest.raises(errors.ServerFailed):
        await transfers.finished(begun.id)
    assert proxy.count("begin") == 1
