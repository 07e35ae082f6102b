"""Renames and descriptions where the server lacks our extension, and what may go wrong then."""

import asyncio
import contextlib

import pytest

from amltui.errors import Conflict, ContentChanged, ContentError, NotFound, UsageError
from amltui.services.edits import Edits
from amltui.workspaces.studio import StudioWorkspace
from tests.support.proxy import Fault, fault_proxy
from tests.support.server import running_server

BLOCK_SIZE = 1 << 20


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running_server(tmp_path_factory.mktemp("edits") / "data") as running:
        yield running


def original_protocol_only(request):
    """Answer as the hosted service would: it has no PATCH."""
    return Fault(answer=(405, {}, b"")) if request.method == "PATCH" else None


@contextlib.asynccontextmanager
async def workspace_of_2015(server, rule=original_protocol_only):
    port = int(server.endpoint.rstrip("/").rpartition(":")[2])
    async with (
        fault_proxy(port, rule) as proxy,
        StudioWorkspace(proxy.endpoint, server.workspace_id, server.token) as workspace,
    ):
        yield workspace


async def made(workspace, name, data, replaces=None):
    upload = await workspace.begin_upload("GenericCSV")
    blocks = [data[i : i + BLOCK_SIZE] for i in range(0, len(data), BLOCK_SIZE)]
    for index, block in enumerate(blocks):
        await workspace.send_part(upload, index, block, total=len(blocks))
    new = await workspace.commit(upload, name=name, description="old", replaces=replaces)
    return await workspace.dataset(new)


async def contents(workspace, dataset):
    async with workspace.read(dataset) as content:
        return b"".join([chunk async for chunk in content])


def edits_of(workspace):
    async def connect():
        return workspace

    return Edits(connect)


@pytest.mark.parametrize("size", [0, 1, BLOCK_SIZE, BLOCK_SIZE + 1])
async def test_a_rename_sends_the_same_contents_where_the_server_cannot_rename(server, size):
    data = b"a" * size
    async with workspace_of_2015(server) as workspace:
        before = await made(workspace, f"plain {size}", data)
        after = await edits_of(workspace).rename(before, f"renamed {size}")
        assert (after.name, after.description) == (f"renamed {size}", "old")
        assert after.family_id == before.family_id
        assert await contents(workspace, after) == data


async def test_a_description_can_be_changed_and_taken_back_there_too(server):
    async with workspace_of_2015(server) as workspace:
        edits = edits_of(workspace)
        before = await made(workspace, "described", b"a\n1\n")
        after = await edits.describe(before, "new")
        assert (after.name, after.description) == ("described", "new")
        await edits.undo()
        listing = await workspace.datasets()
        now = next(d for d in listing.datasets if d.family_id == before.family_id)
        assert (now.name, now.description) == ("described", "old")


async def test_a_taken_name_changes_nothing(server):
    async with workspace_of_2015(server) as workspace:
        await made(workspace, "taken", b"1")
        before = await made(workspace, "wants it", b"2")
        with pytest.raises(Conflict):
            await edits_of(workspace).rename(before, "taken")
        listing = await workspace.datasets()
        assert {"taken", "wants it"} <= {d.name for d in listing.datasets}


async def test_contents_that_arrive_damaged_are_not_sent_back(server):
    def rule(request):
        if request.kind == "content":
            return Fault(edit=lambda body: body.replace(b"1", b"2"))
        return original_protocol_only(request)

    async with workspace_of_2015(server) as workspace:
        before = await made(workspace, "precious", b"a\n1\n")
    async with workspace_of_2015(server, rule) as workspace:
        dataset = await workspace.dataset(before.id)
        with pytest.raises(ContentError):
            await edits_of(workspace).rename(dataset, "precious, renamed")
    async with workspace_of_2015(server) as workspace:
        listing = await workspace.datasets()
        now = next(d for d in listing.datasets if d.family_id == before.family_id)
        assert await contents(workspace, now) == b"a\n1\n"


async def test_a_change_by_somebody_else_is_not_undone_over(server):
    async with workspace_of_2015(server) as workspace:
        edits = edits_of(workspace)
        before = await made(workspace, "shared", b"1")
        after = await edits.rename(before, "ours")
        await made(workspace, "theirs", b"2", replaces=after.key)
        with pytest.raises(ContentChanged):
            await edits.undo()


async def test_an_empty_name_is_refused_before_anything_is_sent(server):
    async with workspace_of_2015(server) as workspace:
        before = await made(workspace, "named", b"1")
        with pytest.raises(UsageError):
            await edits_of(workspace).rename(before, "  ")


async def test_what_was_deleted_cannot_be_undone_into_being(server):
    async with workspace_of_2015(server) as workspace:
        edits = edits_of(workspace)
        after = await edits.rename(await made(workspace, "short-lived", b"1"), "gone soon")
        await edits.delete(after)
        assert edits.undoable is None
        with pytest.raises(NotFound):
            await workspace.dataset(after.id)


@contextlib.asynccontextmanager
async def a_rename_under_way(server, before):
    """A rename that the server has made and whose answer waits for an event, and that event."""
    asked, answered = asyncio.Event(), asyncio.Event()

    def rule(request):
        if request.method != "PATCH" or asked.is_set():
            return None
        asked.set()
        return Fault(until=answered)

    async with workspace_of_2015(server, rule) as workspace:
        dataset = await made(workspace, before, b"a\n1\n")
        edits = edits_of(workspace)
        rename = asyncio.create_task(edits.rename(dataset, f"{before} renamed"))
        await asked.wait()
        yield edits, dataset, answered
        await rename


async def test_an_undo_takes_back_the_rename_that_is_still_under_way(server):
    async with a_rename_under_way(server, "early") as (edits, dataset, answered):
        undo = asyncio.create_task(edits.undo())
        await asyncio.sleep(0)
        answered.set()
        change = await undo
    assert change is not None
    assert (change.before.key, change.after.name) == (dataset.key, "early renamed")
    assert edits.undoable is None


async def test_two_undos_at_once_take_back_two_changes(server):
    async with workspace_of_2015(server, lambda _: None) as workspace:
        edits = edits_of(workspace)
        first = await edits.rename(await made(workspace, "twice", b"a\n1\n"), "twice 1")
        await edits.rename(first, "twice 2")
        undone = await asyncio.gather(edits.undo(), edits.undo())
        assert [change.after.name for change in undone] == ["twice 2", "twice 1"]
        assert (await workspace.dataset(first.id)).name == "twice"


async def test_a_delete_that_waits_is_taken_back_while_an_earlier_rename_is_under_way(server):
    async with a_rename_under_way(server, "slow") as (edits, dataset, answered):
        delete = edits.delete_later(dataset)
        assert await edits.undo() is delete
        answered.set()


async def test_an_undo_of_a_change_that_fails_takes_back_no_other(server):
    asked, answered, sent = asyncio.Event(), asyncio.Event(), []

    def rule(request):
        if request.method == "PATCH":
            sent.append(request)
            if len(sent) == 2:
                asked.set()
                return Fault(until=answered)
        return None

    async with workspace_of_2015(server, rule) as workspace:
        await made(workspace, "not free", b"a\n1\n")
        edits = edits_of(workspace)
        before = await edits.rename(await made(workspace, "undo", b"a\n1\n"), "undo renamed")
        rename = asyncio.create_task(edits.rename(before, "not free"))
        await asked.wait()
        assert edits.undo_waits_for == 'renaming "undo renamed" to "not free"'
        undo = asyncio.create_task(edits.undo())
        await asyncio.sleep(0)
        answered.set()
        with pytest.raises(Conflict):
            await rename
        with pytest.raises(UsageError, match="Nothing was undone"):
            await undo
        assert edits.undo_waits_for == ""
        assert (await edits.undo()).after.name == "undo renamed"
