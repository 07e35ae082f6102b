"""What happens when the network or the server does not do as it should."""

import asyncio
import dataclasses
import hashlib
import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from amltui import AsyncWorkspace, Workspace, errors
from amltui.config import Connection
from amltui.services.session import open_session
from amltui.transfers import content_stream
from amltui.wire import headers
from tests.support.raw_server import Answer, json_answer, raw_server

W = "1" * 32
DATA = bytes(range(256)) * 4000


class Server:
    """A workspace of one dataset on a server that misbehaves as told."""

    def __init__(self, data=DATA, **contents):
        self.data = data
        self.contents = contents
        self.committed = []
        self.cuts = []

    def dataset(self, request, **more):
        return {
            "Id": f"{W}.f.i",
            "FamilyId": "f",
            "Name": "n",
            "DataTypeId": "GenericCSV",
            "Size": len(self.data),
            "DownloadLocation": {
                "BaseUri": f"http://{request.headers['host']}/",
                "Location": "content",
                "AccessCredential": "?s=SECRET",
            },
            **more,
        }

    def __call__(self, request):
        if request.path == "/content":
            return self.content(request)
        if request.method == "GET" and request.path.endswith("datasources"):
            return json_answer([self.dataset(request, **more) for more in self.committed or [{}]])
        if request.method == "GET":
            return json_answer(self.dataset(request))
        if "resourceuploads" in request.path:
            return json_answer({"Id": "upload-7"})
        if "blobuploads" in request.path:
            return json_answer({})
        return self.commit(request)

    def content(self, request):
        start = int(re.search(r"bytes=(\d+)-", request.headers.get("range", "bytes=0-")).group(1))
        fields = {"ETag": '"e"', "Accept-Ranges": "bytes", **self.contents}
        if start:
            fields["Content-Range"] = f"bytes {start}-{len(self.data) - 1}/{len(self.data)}"
        cut = self.cuts.pop(0) if self.cuts else None
        return Answer(206 if start else 200, self.data[start:], fields, cut=cut)

    def commit(self, request):
        return json_answer(f"{W}.f.i")


async def opened(server):
    return AsyncWorkspace(W, "token", server.endpoint)


async def test_a_cut_download_is_taken_up_where_it_stopped():
    behaviour = Server()
    behaviour.cuts = [100_000, 50_000, 1]
    async with raw_server(behaviour) as server, await opened(server) as workspace:
        assert await (await workspace.datasets.get(0)).read_as_binary() == DATA
    asked = [r.headers.get("range") for r in server.requests if r.path == "/content"]
    assert asked == [None, "bytes=100000-", "bytes=150000-", "bytes=150001-"]
    assert all(headers.TOKEN not in r.headers for r in server.requests if r.path == "/content")


async def test_a_download_that_is_cut_again_and_again_without_a_byte_gives_up():
    behaviour = Server()
    behaviour.cuts = [1000] + [0] * 10
    async with raw_server(behaviour) as server, await opened(server) as workspace:
        with pytest.raises(errors.TransferCut):
            await (await workspace.datasets.get(0)).read_as_binary()


@pytest.mark.parametrize("fault", ["cut at byte 0", "refused for a while"])
async def test_each_road_to_the_bytes_has_the_same_patience(fault, tmp_path, monkeypatch):
    """What one way of reading survives, every other survives too."""
    failing = 6

    class Flaky(Server):
        def content(self, request):
            nonlocal left
            left -= 1
            if left < 0:
                return super().content(request)
            return None if fault == "cut at byte 0" else Answer(503)

    async with raw_server(Flaky()) as server, await opened(server) as workspace:
        left = failing
        dataset = await workspace.datasets.get(0)
        assert await dataset.read_as_binary() == DATA
        left = failing
        async with dataset.open() as file:
            assert await file.read() == DATA
        monkeypatch.setenv("AMLTUI_CACHE_DIR", str(tmp_path / "cache"))
        place = Connection(server.endpoint, W, "token")
        async with open_session(connection=place) as session:
            for quota in (10**9, 1000):
                session.cache.quota = quota
                left = failing
                source = await session.find("n")
                whole = b"".join([chunk async for chunk in session.stream(source)])
                assert whole == DATA


async def test_a_name_that_is_taken_or_forbidden_is_found_before_the_contents_are_sent():
    async with raw_server(Server()) as server, await opened(server) as workspace:
        add = workspace.datasets.add_from_raw_data
        for name, expected in (("n", errors.Conflict), ("a:b", errors.Rejected)):
            with pytest.raises(expected):
                await add(bytes(20 << 20), "GenericCSV", name, "d")
        with pytest.raises(errors.Rejected, match="longer than 256"):
            await add(b"x", "GenericCSV", "x" * 257, "d")
    assert not [r for r in server.requests if "blobuploads" in r.path]


async def test_contents_that_change_between_two_parts_are_not_glued_together():
    class Changing(Server):
        def content(self, request):
            answer = super().content(request)
            answer.headers["ETag"] = f'"{len(self.cuts)}"'
            return answer

    behaviour = Changing()
    behaviour.cuts = [1000, 500]
    async with raw_server(behaviour) as server, await opened(server) as workspace:
        with pytest.raises(errors.ContentChanged):
            await (await workspace.datasets.get(0)).read_as_binary()


@pytest.mark.parametrize("header", [headers.REPR_DIGEST, headers.CONTENT_MD5])
async def test_contents_whose_hash_is_not_the_promised_one_are_damaged(header):
    promised = {
        headers.REPR_DIGEST: headers.repr_digest(hashlib.sha256(b"other").hexdigest()),
        headers.CONTENT_MD5: "eB5eJF1ptWaXm4bijSPyxw==",
    }
    csv = b"a,b\n" + b"1,2\n" * 400_000
    behaviour = Server(csv, **{header: promised[header]})
    async with raw_server(behaviour) as server, await opened(server) as workspace:
        dataset = await workspace.datasets.get(0)
        with pytest.raises(errors.Damaged, match="not what was promised"):
            await dataset.read_as_binary()
        with pytest.raises(errors.Damaged, match="not what was promised"):
            await dataset.to_dataframe()
        async with dataset.open() as file:
            assert await file.read(len(csv)) == csv
            with pytest.raises(errors.Damaged, match="not what was promised"):
                await file.read()
        async with dataset.open() as file:
            with pytest.raises(errors.Damaged, match="not what was promised"):
                assert [chunk async for chunk in file]
        async with dataset.open() as file:
            await file.seek(4)  # of a part nothing is known
            assert await file.read() == csv[4:]


async def test_a_synchronous_file_finds_out_that_it_is_damaged():
    wrong = headers.repr_digest(hashlib.sha256(b"other").hexdigest())
    behaviour = Server(**{headers.REPR_DIGEST: wrong})
    async with raw_server(behaviour) as server:

        def read():
            with Workspace(W, "token", server.endpoint) as workspace:
                file = workspace.datasets[0].open()
                assert file.read(len(DATA)) == DATA
                with pytest.raises(errors.Damaged, match="not what was promised"):
                    file.read()

        await asyncio.to_thread(read)


async def test_what_follows_the_end_of_a_content_is_nothing():
    async with raw_server(Server()) as server, await opened(server) as workspace:
        dataset = await workspace.datasets.get(0)
        for place in (len(DATA), len(DATA) + 10):
            async with dataset.open() as file:
                await file.seek(place)
                assert await file.read() == b""


class Closing(Server):
    """Each content on a connection of its own, to a host whose name must be looked up."""

    def content(self, request):
        return dataclasses.replace(super().content(request), cut=len(self.data))


ROWS = b"a,b\n" + b"1,2\n" * 50_000


async def test_many_frames_at_once_leave_threads_for_looking_up_the_host():
    async with raw_server(Closing(ROWS)) as server:
        endpoint = server.endpoint.replace("127.0.0.1", "localhost")
        async with AsyncWorkspace(W, "token", endpoint) as workspace:
            dataset = await workspace.datasets.get(0)
            async with asyncio.timeout(60):
                frames = await asyncio.gather(*(dataset.to_dataframe() for _ in range(64)))
    assert {frame.shape for frame in frames} == {(50_000, 2)}


async def test_many_threads_get_frames_of_one_workspace_at_once():
    async with raw_server(Closing(ROWS)) as server:
        endpoint = server.endpoint.replace("127.0.0.1", "localhost")

        def frames():
            with Workspace(W, "token", endpoint) as workspace, ThreadPoolExecutor(32) as pool:
                return list(pool.map(lambda _: workspace.datasets[0].to_dataframe(), range(64)))

        async with asyncio.timeout(60):
            found = await asyncio.to_thread(frames)
    assert {frame.shape for frame in found} == {(50_000, 2)}


async def test_a_commit_whose_answer_is_lost_is_looked_up_instead_of_repeated():
    class Losing(Server):
        def commit(self, request):
            assert json.loads(request.body)["UploadId"] == "upload-7"
            self.committed.append({"ResourceUploadId": "upload-7", "Name": "made"})

    behaviour = Losing()
    async with raw_server(behaviour) as server, await opened(server) as workspace:
        made = await workspace.datasets.add_from_raw_data(DATA, "GenericCSV", "made", "d")
        assert made.id == f"{W}.f.i"
    commits = [r for r in server.requests if r.method == "POST" and "datasources" in r.path]
    assert len(commits) == 1


async def test_a_commit_that_is_lost_and_did_not_happen_is_an_error(monkeypatch):
    monkeypatch.setattr(
        content_stream, "ALONE", dataclasses.replace(content_stream.ALONE, offline_timeout=0.5)
    )

    class Dead(Server):
        def commit(self, request):
            return None

    async with raw_server(Dead()) as server, await opened(server) as workspace:
        with pytest.raises(errors.Unreachable):
            await workspace.datasets.add_from_raw_data(b"x", "GenericCSV", "made", "d")


async def test_blocks_that_the_server_refuses_fail_the_upload_with_its_own_words():
    class Full(Server):
        def __call__(self, request):
            if "blobuploads" in request.path:
                return json_answer({"Message": "The workspace is full."}, 507)
            return super().__call__(request)

    async with raw_server(Full()) as server, await opened(server) as workspace:
        with pytest.raises(errors.ServerFailed, match="The workspace is full"):
            await workspace.datasets.add_from_raw_data(bytes(20 << 20), "GenericCSV", "m", "d")


async def test_a_server_of_2015_gets_the_contents_again_for_a_rename():
    class Old(Server):
        names = ()

        def __call__(self, request):
            if request.path == f"/api/workspaces/{W}":
                return json_answer({"WorkspaceId": W})
            return super().__call__(request)

        def commit(self, request):
            source = json.loads(request.body)["DataSource"]
            self.names = (source["Name"], source["FamilyId"], source["DataTypeId"])
            return json_answer(f"{W}.f.i")

    behaviour = Old()
    async with raw_server(behaviour) as server, await opened(server) as workspace:
        dataset = await workspace.datasets.get(0)
        await dataset.rename("new")
        with pytest.raises(errors.NotSupportedByServer):
            await dataset.versions()
    assert behaviour.names == ("new", "f", "GenericCSV")
    sent = b"".join(r.body for r in server.requests if "blobuploads" in r.path)
    assert sent == DATA


async def test_a_file_that_shrinks_while_it_is_uploaded_creates_nothing(tmp_path):
    class Shrinking:
        def __init__(self):
            self.rest = 10

        def tell(self):
            return 0

        def seek(self, offset, whence=0):
            return 10 if whence == 2 else offset

        def read(self, size=-1):
            return b""

    async with raw_server(Server()) as server, await opened(server) as workspace:
        with pytest.raises(errors.ContentChanged):
            await workspace.datasets.add_from_raw_data(Shrinking(), "GenericCSV", "n", "d")
    assert not [r for r in server.requests if r.method == "POST" and "datasources" in r.path]
