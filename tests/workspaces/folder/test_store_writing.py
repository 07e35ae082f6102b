"""Objects of real services, made, changed and deleted."""

from __future__ import annotations

import random
import threading
import tomllib
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import obstore
import pytest
from botocore.config import Config
from botocore.session import get_session
from obstore.store import from_url

from amltui import errors
from amltui.workspaces.folder import store_writing
from amltui.workspaces.folder.store import StoreWorkspace

PART = 5 << 20


@pytest.fixture
def store(url):
    return from_url(url, client_options={"allow_http": True})


@pytest.fixture
def bucket(moto, monkeypatch):
    """botocore's client, and a fresh bucket of moto."""
    for name, value in moto.environment.items():
        monkeypatch.setenv(name, value)
    settings = Config(s3={"addressing_style": "path"})
    client = get_session().create_client(
        "s3", "us-east-1", endpoint_url=moto.endpoint, config=settings
    )
    return client, moto.new_container()


async def put(workspace, name, data, *, parts=None, **more):
    upload = await workspace.begin_upload("PlainText", name=name)
    for index, part in enumerate([data] if parts is None else parts):
        await workspace.send_part(upload, index, part, total=1)
    return await workspace.dataset(await workspace.commit(upload, name=name, **more))


def bytes_of(store, key):
    return bytes(obstore.get(store, key).bytes())


def keys(store):
    return sorted(meta["path"] for chunk in obstore.list(store) for meta in chunk)


async def test_an_upload_goes_on_in_another_process_where_it_stopped(store, url):
    data = random.randbytes(2 * PART + 7)
    async with StoreWorkspace(url, write=True) as first:
        upload = await first.begin_upload("PlainText", name="ü/big one.bin")
        await first.send_part(upload, 2, data[2 * PART :], total=3)
        await first.send_part(upload, 0, data[:PART], total=3)
    assert keys(store) == []
    async with StoreWorkspace(url, write=True) as second:
        await second.send_part(upload, 1, data[PART : 2 * PART], total=3)
        made = await second.commit(upload, name="ü/big one.bin")
        # The answer may have been lost: to ask again says that it happened.
        assert await second.commit(upload, name="ü/big one.bin") == made
    assert bytes_of(store, "ü/big one.bin") == data


async def test_a_name_that_somebody_took_meanwhile_is_a_conflict_and_stays_as_it_is(store, url):
    async with StoreWorkspace(url, write=True) as workspace:
        upload = await workspace.begin_upload("PlainText", name="a.csv")
        await workspace.send_part(upload, 0, b"mine", total=1)
        obstore.put(store, "a.csv", b"theirs")
        with pytest.raises(errors.Conflict):
            await workspace.commit(upload, name="a.csv")
        await workspace.abort(upload)
    assert bytes_of(store, "a.csv") == b"theirs"


async def test_what_changed_since_an_upload_began_is_not_replaced(store, url):
    obstore.put(store, "a.csv", b"old")
    async with StoreWorkspace(url, write=True) as workspace:
        upload = await workspace.begin_upload("PlainText", name="a.csv")
        await workspace.send_part(upload, 0, b"mine", total=1)
        obstore.put(store, "a.csv", b"theirs")
        with pytest.raises(errors.Conflict):
            await workspace.commit(upload, name="a.csv", replaces="a.csv")
    assert bytes_of(store, "a.csv") == b"theirs"


async def test_a_rename_never_takes_anothers_name_and_takes_the_notes_along(store, url):
    async with StoreWorkspace(url, write=True) as workspace:
        made = await put(workspace, "in/a.csv", b"1", description="said")
        obstore.put(store, "b.csv", b"theirs")
        with pytest.raises(errors.Conflict):
            await workspace.edit(made, name="b.csv")
        assert bytes_of(store, "in/a.csv") == b"1"
        after = await workspace.edit(made, name="out/c.csv")
        assert (after.name, after.description) == ("out/c.csv", "said")
        empty = await put(workspace, "none", b"", parts=[])
        assert (await workspace.edit(empty, name="none 2")).size == 0
    assert bytes_of(store, "out/c.csv") == b"1"
    assert keys(store) == [".amltui.toml", "b.csv", "none 2", "out/.amltui.toml", "out/c.csv"]


async def test_a_large_object_is_renamed_in_no_more_steps_than_the_store_takes(bucket, monkeypatch):
    monkeypatch.setattr(store_writing, "_COPIED", PART)
    monkeypatch.setattr(store_writing, "_STEPS", 3)
    client, url = bucket
    place, data = {"Bucket": url.split("/")[2]}, random.randbytes(5 * PART + 1)
    client.put_object(**place, Key="prefix/a.bin", Body=data)
    async with StoreWorkspace(url, write=True) as workspace:
        await workspace.edit(await workspace.find("a.bin"), name="b.bin")
    made = client.get_object(**place, Key="prefix/b.bin")
    assert made["Body"].read() == data
    assert made["ETag"].endswith('-3"')


async def test_notes_are_one_file_per_folder_and_only_where_there_is_something(store, url):
    obstore.put(store, "x/.amltui.toml", b"# mine\n[files.'gone']\ndescription = 'old'\n")
    async with StoreWorkspace(url, write=True) as workspace:
        await put(workspace, "a.txt", b"1")
        assert keys(store) == ["a.txt", "x/.amltui.toml"]
        await put(workspace, "x/b.txt", b"1", description="said")
        await put(workspace, "x/c", b"1")
        text = bytes_of(store, "x/.amltui.toml").decode()
        assert text.startswith("# mine\n")
        assert set(tomllib.loads(text)["files"]) == {"gone", "b.txt", "c"}
    async with StoreWorkspace(url) as other:
        listed = {one.name: one for one in (await other.datasets()).datasets}
        assert set(listed) == {"a.txt", "x/b.txt", "x/c"}
        assert listed["x/b.txt"].description == "said"
        assert listed["x/c"].data_type_id == "PlainText"
        assert (await other.find("x/b.txt")).description == "said"


async def test_writing_has_to_be_allowed(store, url):
    obstore.put(store, "a.csv", b"x")
    async with StoreWorkspace(url) as workspace:
        with pytest.raises(errors.NotSupportedByServer, match="reading only"):
            await workspace.delete("a.csv")
    assert keys(store) == ["a.csv"]


@pytest.mark.parametrize("name", ["", "a:b", "../x", "/x", "a//b", "x/.y", "é/" * 400 + "long"])
async def test_a_name_that_cannot_be_kept_is_refused_before_anything_is_sent(url, name):
    async with StoreWorkspace(url, write=True) as workspace:
        with pytest.raises(errors.Rejected):
            await workspace.begin_upload("PlainText", name=name)


async def test_parts_that_were_given_up_take_no_room(bucket):
    client, url = bucket
    async with StoreWorkspace(url, write=True) as workspace:
        upload = await workspace.begin_upload("PlainText", name="a.csv")
        await workspace.send_part(upload, 0, b"x", total=1)
        await workspace.abort(upload)
        with pytest.raises(errors.NotFound):
            await workspace.commit(upload, name="a.csv")
    assert "Uploads" not in client.list_multipart_uploads(Bucket=url.split("/")[2])


async def test_names_that_cannot_be_read_are_counted_and_hide_nothing(bucket):
    client, url = bucket
    good = [
        "a.csv",
        "A.csv",
        "end.",
        "n" * 1_000,
        "dir/x.csv",
        "b%2Fc",
        "sp ace ",
        "-",
        "~",
        "\u202e",
    ]
    for name in [*good, "a//b.csv", "../x.csv", "./y.csv", "c\x01.csv", "dir/", "/lead.csv"]:
        client.put_object(
            Bucket=url.split("/")[2], Key=f"prefix/{name}", Body=b"x" * (name[-1] != "/")
        )
    async with StoreWorkspace(url) as workspace:
        listing = await workspace.datasets()
        assert sorted(one.name for one in listing.datasets) == sorted(good)
        assert listing.unreadable == 5
        for one in listing.datasets:
            async with workspace.read(one) as content:
                assert b"".join([chunk async for chunk in content]) == b"x"


class Careless(BaseHTTPRequestHandler):
    """Hands requests on without their conditions, as a store that does not know them answers."""

    protocol_version = "HTTP/1.1"

    def _hand_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        sent = {k: v for k, v in self.headers.items() if not k.lower().startswith(("if-", "host"))}
        there = HTTPConnection(self.server.behind)
        there.request(self.command, self.path, body, sent)
        answer = there.getresponse()
        data = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in {"transfer-encoding", "connection", "date", "server"}:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
        there.close()

    # The names are those that the class calls.
    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _hand_on  # noqa: N815

    def log_message(self, *_):
        pass


async def test_where_conditions_are_ignored_it_is_said_and_a_taken_name_still_seen(
    bucket, moto, monkeypatch
):
    _, url = bucket
    server = ThreadingHTTPServer(("127.0.0.1", 0), Careless)
    server.behind = urlsplit(moto.endpoint).netloc
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    try:
        async with StoreWorkspace(url, write=True) as workspace:
            can = await workspace.capabilities()
            assert can.write
            assert "silently wins" in can.exclusive.missing
            await put(workspace, "a.csv", b"1")
            with pytest.raises(errors.Conflict):
                await put(workspace, "a.csv", b"2")
            assert [one.name for one in (await workspace.datasets()).datasets] == ["a.csv"]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def test_an_object_that_is_gone_between_list_and_read_says_so(store, url):
    obstore.put(store, "a.csv", b"x" * 10)
    async with StoreWorkspace(url) as workspace:
        listed = await workspace.find("a.csv")
        obstore.delete(store, "a.csv")
        with pytest.raises((errors.DatasetGone, errors.ContentChanged)):
            async with workspace.read(listed):
                pass
