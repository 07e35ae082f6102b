"""The REST client against the real server."""

import asyncio

import psutil
import pytest

from amltui import errors
from amltui.models import OutputPort
from amltui.workspaces.studio import Retry, StudioWorkspace
from tests.support.server import running_server

EXAMPLE = "Adult Census Income Binary Classification dataset"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running_server(tmp_path_factory.mktemp("studio")) as running:
        yield running


@pytest.fixture
async def workspace(server):
    async with StudioWorkspace(server.endpoint, server.workspace_id, server.token) as opened:
        yield opened


async def put(workspace, name, *blocks, replaces=None, data_type_id="PlainText"):
    upload = await workspace.begin_upload(data_type_id)
    for index, block in reversed(list(enumerate(blocks))):
        await workspace.send_part(upload, index, block, total=len(blocks))
    return await workspace.commit(upload, name=name, description="d", replaces=replaces)


async def whole(workspace, source, **part):
    async with workspace.read(source, **part) as content:
        return content.info, b"".join([chunk async for chunk in content])


async def named(workspace, name):
    return next(d for d in (await workspace.datasets()).datasets if d.name == name)


async def test_the_samples_are_listed_and_read(workspace):
    listing = await workspace.datasets()
    assert await workspace.datasets(etag=listing.etag) is None
    census = await named(workspace, EXAMPLE)
    assert census.is_example
    info, data = await whole(workspace, census)
    assert len(data) == census.size == info.size
    assert info.ranges
    assert info.etag
    assert info.sha256
    part, middle = await whole(workspace, census, start=100, stop=200, etag=info.etag)
    assert (part.start, middle) == (100, data[100:200])
    assert (await whole(workspace, census, start=census.size))[1] == b""
    other, again = await whole(workspace, census, start=100, etag='"another"')
    assert (other.start, again) == (0, data)


async def test_a_dataset_lives_from_upload_to_deletion(workspace):
    made = await put(workspace, "life", b"one\n", b"two\n")
    first = await workspace.dataset(made)
    assert (await whole(workspace, first))[1] == b"one\ntwo\n"
    with pytest.raises(errors.Conflict):
        await put(workspace, "life", b"x")
    with pytest.raises(errors.Rejected):
        await put(workspace, "a:b", b"x")
    second = await put(workspace, "life", replaces=first.key)
    assert (await whole(workspace, await workspace.dataset(second)))[1] == b""
    edited = await workspace.edit(first, name="renamed")
    assert (edited.name, edited.description) == ("renamed", "d")
    assert (await workspace.edit(edited, description="")).description == ""
    restored = await workspace.restore(made)
    assert (await whole(workspace, restored))[1] == b"one\ntwo\n"
    versions = await workspace.versions(first.key)
    assert [v.size for v in versions] == [8, 0, 8]
    await workspace.delete(first.key)
    for gone in (workspace.dataset(made), workspace.delete(first.key)):
        with pytest.raises(errors.DatasetGone):
            await gone


async def test_examples_cannot_be_changed(workspace):
    census = await named(workspace, EXAMPLE)
    with pytest.raises(errors.HttpError):
        await workspace.edit(census, name="mine")


async def test_experiments_have_graphs_and_their_outputs_can_be_read_and_published(workspace):
    (listed, *_) = [e for e in await workspace.experiments() if e.is_example]
    experiment = await workspace.experiment(listed.experiment_id)
    port = next(p for p in experiment.outputs if p.data_type_id == "GenericCSV")
    assert (await whole(workspace, port))[1].startswith(b"age,")
    with pytest.raises(errors.NotFound):
        await whole(workspace, OutputPort(listed.experiment_id, "nowhere", "x"))

    async def data():
        yield b"a,b\n"
        yield b"1,2\n"

    mine = f"{workspace.key.rsplit('/', 1)[1]}.f-id.0123"
    port = OutputPort(mine, "node", "Results dataset", "GenericCSV")
    await workspace.publish(port, data(), size=8)
    assert (await whole(workspace, port, start=4))[1] == b"1,2\n"


async def test_a_workspace_says_who_and_how_much(workspace, server):
    info = await workspace.info()
    assert info.workspace_id == server.workspace_id
    assert (await workspace.capabilities()).restore
    assert (await workspace.quota()).used >= 0
    assert [u.role for u in await workspace.users()]


async def test_a_wrong_token_is_unauthorized(server):
    async with StudioWorkspace(server.endpoint, server.workspace_id, "wrong") as opened:
        with pytest.raises(errors.Unauthorized, match="please check your workspace ID"):
            await opened.datasets()


@pytest.fixture
def private_server(tmp_path, certificate):
    """A server whose certificate nobody has signed, and the certificate."""
    cert, key = certificate
    with running_server(tmp_path / "data", tls_cert=cert, tls_key=key) as server:
        yield server, cert


async def test_a_private_certificate_is_trusted_when_the_environment_says_so(
    private_server, monkeypatch
):
    server, cert = private_server
    where = (server.endpoint, server.workspace_id, server.token)
    async with StudioWorkspace(*where) as workspace:
        with pytest.raises(errors.Unreachable) as caught:
            await workspace.datasets()
    assert not caught.value.passing
    assert "SSL_CERT_FILE" in caught.value.hint
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    async with StudioWorkspace(*where, retry=Retry(attempts=1)) as workspace:
        census = await named(workspace, EXAMPLE)
        assert len((await whole(workspace, census))[1]) == census.size


@pytest.mark.parametrize("turns", range(0, 16, 3))
async def test_closing_it_while_connections_are_made_leaves_none_open(server, turns):
    def connections():
        return {c.fd for c in psutil.Process().net_connections() if c.status == "ESTABLISHED"}

    before = connections()
    async with StudioWorkspace(server.endpoint, server.workspace_id, server.token) as workspace:
        asking = [asyncio.create_task(workspace.datasets()) for _ in range(4)]
        for _ in range(turns):
            await asyncio.sleep(0)
    for answer in await asyncio.gather(*asking, return_exceptions=True):
        assert not isinstance(answer, BaseException) or isinstance(answer, errors.UsageError)
    assert connections() == before
