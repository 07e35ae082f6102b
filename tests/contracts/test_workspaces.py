"""What every kind of workspace keeps, whatever is behind it.

A new kind is a function in `KINDS` that gives an entered workspace; what it lacks it says in its
capabilities, and then refuses with the sentence that stands there.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
from contextlib import asynccontextmanager
from http.server import SimpleHTTPRequestHandler

import pytest

from amltui import errors
from amltui.config import Connection
from amltui.models import OutputPort
from amltui.workspaces.capabilities import Capabilities
from amltui.workspaces.folder import FolderWorkspace
from amltui.workspaces.opening import workspace_of
from amltui.workspaces.terms import Route, Upload
from tests.support.azure import ADDRESS, MANAGER
from tests.support.memory_workspace import MemoryWorkspace
from tests.support.server import running_server
from tests.support.web import serving

DATA = os.urandom(100_000)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running_server(tmp_path_factory.mktemp("workspace") / "data") as running:
        yield running


@asynccontextmanager
async def studio(request):
    server = request.getfixturevalue("server")
    async with workspace_of(
        Connection(server.endpoint, server.workspace_id, server.token)
    ) as workspace:
        yield workspace


@asynccontextmanager
async def embedded(request):
    server = request.getfixturevalue("server")
    connection = Connection(server.endpoint, server.workspace_id, server.token)
    async with workspace_of(connection, key="embedded", data=server.data) as workspace:
        yield workspace


@asynccontextmanager
async def memory(request):
    async with MemoryWorkspace() as workspace:
        yield workspace


@asynccontextmanager
async def folder(request):
    root = request.getfixturevalue("tmp_path") / "folder"
    root.mkdir()
    async with FolderWorkspace(root, write=True) as workspace:
        yield workspace


@asynccontextmanager
async def s3(request):
    async with store(request, request.getfixturevalue("moto")) as workspace:
        yield workspace


@asynccontextmanager
async def azure(request):
    async with store(request, request.getfixturevalue("azurite")) as workspace:
        yield workspace


@asynccontextmanager
async def store(request, service):
    environment = request.getfixturevalue("monkeypatch")
    for name, value in service.environment.items():
        environment.setenv(name, value)
    connection = Connection(service.new_container(), "", "", write=True)
    async with workspace_of(connection) as workspace:
        yield workspace


@asynccontextmanager
async def azureml(request):
    cloud = request.getfixturevalue("azure_cloud")
    environment = request.getfixturevalue("monkeypatch")
    for name, value in cloud.environment.items():
        environment.setenv(name, value)
    cloud.emptied()
    connection = Connection(ADDRESS, "", "", cloud=MANAGER)
    async with workspace_of(connection) as workspace:
        yield workspace


KINDS = [studio, embedded, memory, folder, s3, azure, azureml]


@asynccontextmanager
async def folder_for_reading(request):
    root = request.getfixturevalue("tmp_path") / "folder"
    root.mkdir()
    (root / "one.csv").write_bytes(b"a,b\n")
    async with FolderWorkspace(root) as workspace:
        yield workspace


@asynccontextmanager
async def web(request):
    root = request.getfixturevalue("tmp_path") / "www"
    root.mkdir()
    (root / "one.csv").write_bytes(b"a,b\n")
    with serving(SimpleHTTPRequestHandler, root) as url:
        async with workspace_of(Connection(url, "", "")) as workspace:
            yield workspace


@asynccontextmanager
async def google(request):
    service = request.getfixturevalue("gcs")
    for name, value in service.environment.items():
        request.getfixturevalue("monkeypatch").setenv(name, value)
    url = service.new_container()
    service.put(url, {"one.csv": b"a,b\n"})
    async with workspace_of(Connection(url, "", "", write=True)) as workspace:
        yield workspace


READ_ONLY_KINDS = [folder_for_reading, web, google]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
async def workspace(request):
    async with request.param(request) as opened:
        yield opened
        for dataset in (await opened.datasets()).datasets:
            if not dataset.is_example:
                await opened.delete(dataset.key)


async def put(workspace, name, data=DATA, *, replaces=None, parts=3, **more):
    upload = await workspace.begin_upload("PlainText", name=name, replaces=replaces)
    size = max(workspace.part_sizes.smallest, -(-len(data) // parts)) if data else 1
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    for index in reversed(range(len(pieces))):  # any order
        await workspace.send_part(upload, index, pieces[index], total=len(pieces))
    made = await workspace.commit(upload, name=name, replaces=replaces, **more)
    return await workspace.dataset(made)


@pytest.mark.parametrize("kind", READ_ONLY_KINDS, ids=lambda kind: kind.__name__)
async def test_what_is_only_read_refuses_every_change_with_one_sentence(request, kind):
    async with kind(request) as workspace:
        one = await workspace.find("one.csv")
        upload = Upload("x", "GenericCSV")
        missing = (await workspace.capabilities()).write.missing
        assert missing.endswith(".")
        for asking in (
            workspace.begin_upload("GenericCSV", name="new.csv"),
            workspace.send_part(upload, 0, b"x", total=1),
            workspace.commit(upload, name="new.csv"),
            workspace.edit(one, description="new"),
            workspace.delete(one.key),
        ):
            with pytest.raises(errors.NotSupportedByServer) as caught:
                await asking
            assert str(caught.value) == missing
        assert (await read(workspace, one))[1] == b"a,b\n"


async def read(workspace, source, **part):
    async with workspace.read(source, **part) as content:
        return content.info, b"".join([chunk async for chunk in content])


async def test_what_was_uploaded_is_listed_and_read(workspace):
    made = await put(workspace, "one", description="said", filename="one.txt")
    assert (made.name, made.size, made.description) == ("one", len(DATA), "said")
    assert (made.data_type_id, made.is_latest) == ("PlainText", True)
    assert not made.is_example
    (listed,) = [d for d in (await workspace.datasets()).datasets if not d.is_example]
    assert (listed.id, listed.key, listed.name) == (made.id, made.key, "one")
    for source in (made, listed):
        info, data = await read(workspace, source)
        assert data == DATA
        assert (info.start, info.size) == (0, len(DATA))
        assert info.sha256 in {None, hashlib.sha256(DATA).hexdigest()}


async def test_pages_hold_what_the_list_holds_and_each_dataset_once(workspace):
    for name in ("a", "b", "c"):
        await put(workspace, name, b"x")
    listed = {one.id for one in (await workspace.datasets()).datasets}
    paged = [one.id async for page in workspace.pages() for one in page]
    assert len(paged) == len(set(paged))
    assert set(paged) == listed


async def test_a_level_has_folders_and_what_lies_directly_in_it(workspace):
    try:
        workspace.check_name("in/one")
    except errors.Rejected:
        pytest.skip("this kind has no names with folders")
    for name in ("top", "in/one", "in/deep/er/two"):
        await put(workspace, name, b"x")
    top = await workspace.level("")
    assert "in/" in top.folders
    assert "top" in [one.name for one in top.datasets]
    below = await workspace.level("in/")
    assert below.folders == ("in/deep/",)
    assert [one.name for one in below.datasets] == ["in/one"]
    with pytest.raises(errors.NotFound):
        await workspace.level("none/")


async def test_an_unchanged_list_is_none_and_a_changed_one_is_not(workspace):
    first = await workspace.datasets()
    if first.etag is None:
        pytest.skip("this kind cannot say whether its list changed")
    assert await workspace.datasets(etag=first.etag) is None
    await put(workspace, "new", b"x")
    assert await workspace.datasets(etag=first.etag) is not None


async def test_a_dataset_is_found_by_name_key_and_id(workspace):
    made = await put(workspace, "Findable", b"x")
    for name in ("Findable", made.key, made.id):
        assert (await workspace.find(name)).id == made.id
    with pytest.raises(errors.NotFound, match="findable") as caught:
        await workspace.find("findable")
    assert "Findable" in caught.value.hint
    with pytest.raises(errors.UsageError):
        await workspace.find("")


async def test_a_part_is_read_by_range_and_a_stale_validator_gives_the_whole(workspace):
    made = await put(workspace, "parts")
    info, middle = await read(workspace, made, start=100, stop=200)
    assert (info.start, info.size, middle) == (100, len(DATA), DATA[100:200])
    whole, _ = await read(workspace, made, stop=1)
    again, rest = await read(workspace, made, start=99_000, etag=whole.etag)
    assert (again.start, rest) == (99_000, DATA[99_000:])
    other, everything = await read(workspace, made, start=100, etag='"another"')
    assert (other.start, everything) == (0, DATA)
    assert (await read(workspace, made, start=len(DATA)))[1] == b""


async def test_bytes_go_into_memory_that_the_reader_gives(workspace):
    made = await put(workspace, "into")
    got, buffer = bytearray(), memoryview(bytearray(30_000))
    async with workspace.read(made) as content:
        while count := await content.readinto(buffer):
            got += buffer[:count]
    assert got == DATA


async def test_an_empty_dataset_is_truly_empty(workspace):
    made = await put(workspace, "empty", b"")
    assert made.size == 0
    assert (await read(workspace, made))[1] == b""


async def test_a_part_may_be_sent_twice(workspace):
    upload = await workspace.begin_upload("PlainText", name="twice")
    for _ in range(2):
        await workspace.send_part(upload, 0, b"one", total=1)
    made = await workspace.commit(upload, name="twice")
    assert (await read(workspace, await workspace.dataset(made)))[1] == b"one"


async def test_an_upload_that_was_aborted_leaves_nothing_to_see(workspace):
    before = await workspace.datasets()
    upload = await workspace.begin_upload("PlainText", name="given up")
    await workspace.send_part(upload, 0, b"one", total=1)
    await workspace.abort(upload)
    after = await workspace.datasets()
    assert {one.id for one in after.datasets} == {one.id for one in before.datasets}


async def test_creating_never_replaces_and_replacing_needs_what_it_replaces(workspace):
    made = await put(workspace, "mine", b"1")
    with pytest.raises(errors.Conflict):
        await put(workspace, "mine", b"2")
    assert (await read(workspace, await workspace.find("mine")))[1] == b"1"
    await workspace.delete(made.key)
    with pytest.raises(errors.NotFound):
        await put(workspace, "mine", b"2", replaces=made.key)


async def test_what_came_after_an_upload_was_begun_is_not_lost(workspace):
    made = await put(workspace, "shared", b"first")
    upload = await workspace.begin_upload("PlainText", name="shared", replaces=made.key)
    await workspace.send_part(upload, 0, b"mine", total=1)
    theirs = await put(workspace, "shared", b"theirs", replaces=made.key)
    if (await workspace.capabilities()).versions:
        await workspace.commit(upload, name="shared", replaces=made.key)
        assert (await read(workspace, await workspace.find("shared")))[1] == b"mine"
        assert theirs.id in {one.id for one in await workspace.versions(made.key)}
    else:
        with pytest.raises(errors.Conflict, match="changed meanwhile"):
            await workspace.commit(upload, name="shared", replaces=made.key)
        await workspace.abort(upload)
    assert (await read(workspace, await workspace.dataset(theirs.id)))[1] == b"theirs"


async def test_a_forbidden_name_is_refused(workspace):
    with pytest.raises((errors.Rejected, errors.UsageError)):
        await put(workspace, "a:b")


async def test_a_new_version_is_the_latest_and_the_old_one_stays_readable_by_its_id(workspace):
    first = await put(workspace, "grown", b"1")
    second = await put(workspace, "grown", b"22", replaces=first.key)
    assert second.key == first.key
    assert second.id != first.id
    assert (await workspace.find("grown")).id == second.id
    if not (await workspace.capabilities()).versions:
        pytest.skip("this kind keeps no versions")
    old = await workspace.dataset(first.id)
    assert (old.id, old.is_latest) == (first.id, False)
    assert (await read(workspace, old))[1] == b"1"
    assert [one.id for one in await workspace.versions(first.key)] == [second.id, first.id]
    pages = [page async for page in workspace.version_pages(first.key)]
    assert [one.id for page in pages for one in page.versions] == [second.id, first.id]
    assert [page.more for page in pages] == [True] * (len(pages) - 1) + [False]


async def test_an_old_version_is_restored_as_a_new_one(workspace):
    if not (await workspace.capabilities()).restore:
        pytest.skip("this kind cannot restore")
    first = await put(workspace, "back", b"1")
    second = await put(workspace, "back", b"22", replaces=first.key)
    third = await workspace.restore(first.id)
    assert third.id not in {first.id, second.id}
    assert (await read(workspace, third))[1] == b"1"


async def test_a_dataset_is_renamed_and_described_in_place(workspace):
    can = await workspace.capabilities()
    if not can.edit:
        pytest.skip("this kind cannot edit in place")
    made = await put(workspace, "before", b"1")
    if not can.rename:
        described = await workspace.edit(made, description="now")
        assert (described.name, described.description) == ("before", "now")
        with pytest.raises(errors.NotSupportedByServer) as caught:
            await workspace.edit(made, name="after")
        assert str(caught.value) == can.rename.missing
        return
    after = await workspace.edit(made, name="after", description="now")
    assert (after.name, after.description) == ("after", "now")
    found = await workspace.find("after")
    # Where the name is the key, a new name is a new key.
    assert found.key == after.key in {made.key, "after"}
    with pytest.raises(errors.NotFound):
        await workspace.find("before")


async def test_what_is_archived_is_hidden_until_it_is_brought_back(workspace):
    made = await put(workspace, "stored", b"1")
    second = await put(workspace, "stored", b"22", replaces=made.key)
    if not (await workspace.capabilities()).archive:
        for asking in (workspace.archived(), workspace.archive("x"), workspace.unarchive("x")):
            with pytest.raises(errors.NotSupportedByServer):
                await asking
        return
    await workspace.archive(second.id)
    assert (await workspace.find("stored")).id == made.id
    await workspace.unarchive(second.id)
    assert (await workspace.find("stored")).id == second.id
    await workspace.delete(made.key)
    assert [one.key for one in await workspace.archived()] == [made.key]
    assert (await workspace.datasets()).datasets == ()
    await workspace.unarchive(made.key)
    assert (await workspace.archived(), (await workspace.find("stored")).id) == ((), second.id)


async def test_what_is_gone_says_so(workspace):
    made = await put(workspace, "gone", b"1")
    await workspace.delete(made.key)
    for asking in (workspace.dataset(made.id), workspace.delete(made.key)):
        with pytest.raises(errors.DatasetGone):
            await asking


async def test_a_path_on_this_disk_holds_exactly_the_contents(workspace):
    local = await workspace.local_content(await put(workspace, "near"))
    if local is None:
        pytest.skip("this kind has no path here")
    assert local.path.read_bytes() == DATA
    assert local.sha256 in {None, hashlib.sha256(DATA).hexdigest()}


async def test_the_embedded_workspace_hands_out_paths(request):
    async with embedded(request) as workspace:
        made = await put(workspace, "embedded")
        try:
            listed = await workspace.find("embedded")
            local = await workspace.local_content(listed)
            assert local.path.read_bytes() == DATA
            assert local.sha256 == hashlib.sha256(DATA).hexdigest()
        finally:
            await workspace.delete(made.key)


WAYS = {
    "edit": lambda w, d: w.edit(d, name="x"),
    "versions": lambda w, d: w.versions(d.key),
    "restore": lambda w, d: w.restore(d.id),
    "prune": lambda w, d: w.delete_version(d.id),
    "experiments": lambda w, _: w.experiments(),
    "publish": lambda w, _: w.publish(OutputPort("e", "n", "p"), None, size=0),
    "archive": lambda w, d: w.archive(d.id),
    "folders": lambda w, _: w.begin_folder((), name="x"),
    "tags": lambda w, d: w.tag(d, {"a": "b"}),
    "users": lambda w, _: w.users(),
    "quota": lambda w, _: w.quota(),
}


async def test_what_a_workspace_lacks_it_refuses_with_the_sentence_that_it_gives(workspace):
    made = await put(workspace, "lacking", b"1")
    capabilities = await workspace.capabilities()
    for name, ask in WAYS.items():
        capability = getattr(capabilities, name)
        if capability:
            assert name not in capabilities.lacks
            continue
        with pytest.raises(errors.NotSupportedByServer) as caught:
            await ask(workspace, made)
        assert str(caught.value) == capability.missing
        assert capability.missing.endswith(".")


def test_every_capability_has_a_sentence_for_where_it_is_missing():
    nothing = Capabilities()
    for field in dataclasses.fields(nothing):
        if field.name not in {"write", "exclusive", "rename"}:  # most can
            assert not getattr(nothing, field.name)
            assert getattr(nothing, field.name).missing
    assert not {"copy", "archive"} & set(nothing.lacks)


async def test_a_workspace_has_a_key_without_secrets_and_says_how_it_is_reached(workspace, server):
    assert workspace.key
    assert server.token not in workspace.key
    route = await workspace.route()
    assert route is None or isinstance(route, Route)
    assert (await workspace.info()).workspace_id
