"""What every store of contents keeps."""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
from datetime import timedelta
from pathlib import Path

import httpx
import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amltui.server.http_errors import NotFound, ServiceUnavailable, StartError
from amltui.server.store import objects
from amltui.server.store.local import LocalStore
from amltui.server.store.objects import ObjectStore
from tests.support.server import running_server
from tests.support.services import free_port
from tests.support.studio import Studio, url_of


@pytest.fixture(params=["local", "azurite", "moto"])
async def store(request, tmp_path, monkeypatch):
    if request.param == "local":
        store = LocalStore(tmp_path / "store")
    else:
        service = request.getfixturevalue(request.param)
        for name, value in service.environment.items():
            monkeypatch.setenv(name, value)
        store = ObjectStore(service.new_container(), tmp_path / "spool")
    await store.open()
    return store


async def put(store, *chunks):
    async with store.stage() as staged:
        for chunk in chunks:
            await staged.write(chunk)
        stored = await staged.finish()
        await staged.publish()
    return stored


async def read(store, stored, start=0, stop=None):
    stop = stored.size if stop is None else stop
    return b"".join([chunk async for chunk in store.read(stored.sha256, start, stop)])


async def parts(*chunks):
    for chunk in chunks:
        yield chunk


async def test_what_is_published_can_be_read_in_any_part(store):
    content = os.urandom(17 << 20)  # more than two parts of an upload to an object store
    stored = await put(store, content[:7], content[7:])
    assert stored.sha256 == hashlib.sha256(content).hexdigest()
    assert await read(store, stored) == content
    assert await read(store, stored, 4_194_300, 4_194_310) == content[4_194_300:4_194_310]
    assert await store.has(stored.sha256, stored.size)
    assert not await store.has(stored.sha256, stored.size + 1)


async def test_an_empty_content_is_a_content(store):
    stored = await put(store)
    assert stored.size == 0
    assert await store.has(stored.sha256, 0)
    assert await read(store, stored) == b""


async def test_what_is_not_published_is_nowhere(store, tmp_path):
    async with store.stage() as staged:
        await staged.write(b"x")
        stored = await staged.finish()
    assert not await store.has(stored.sha256, 1)
    assert [found async for found in store.list()] == []
    assert not [path for path in tmp_path.rglob("temp/*") if path.is_file()]


async def test_the_same_bytes_are_kept_once_and_can_be_published_again(store):
    first, second = await put(store, b"same"), await put(store, b"same")
    assert first == second
    assert [found async for found in store.list()] == [first]


async def test_a_deleted_content_is_gone_and_deleting_again_is_no_error(store):
    stored = await put(store, b"gone")
    for _ in range(2):
        await store.delete(stored.sha256)
    assert not await store.has(stored.sha256, stored.size)
    with pytest.raises(NotFound):
        await read(store, stored)


async def test_blocks_are_kept_until_they_are_dropped(store):
    one = await store.put_block("upload", 0, parts(b"a", b"b"))
    two = await store.put_block("upload", 0, parts(b"c"))
    assert one.key != two.key
    assert (one.size, await store.block_size(one.key)) == (2, 2)
    assert b"".join([chunk async for chunk in store.read_block(one.key)]) == b"ab"
    await store.sweep(0, {"upload"})
    assert await store.block_size(two.key) == 1
    await store.drop_blocks("upload")
    await store.drop_blocks("upload")
    assert await store.block_size(one.key) is None
    with pytest.raises(NotFound):
        _ = [chunk async for chunk in store.read_block(two.key)]


async def test_blocks_of_unknown_uploads_are_swept(store):
    block = await store.put_block("unknown", 0, parts(b"a"))
    assert await store.sweep(3600, set()) == 0
    assert await store.sweep(-1, set()) == 1
    assert await store.block_size(block.key) is None


@given(chunks=st.lists(st.binary(max_size=3000), max_size=5), data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
async def test_every_part_of_every_content_reads_back(chunks, data):
    with tempfile.TemporaryDirectory() as directory:
        store = LocalStore(Path(directory))
        await store.open()
        stored = await put(store, *chunks)
        content = b"".join(chunks)
        start = data.draw(st.integers(0, len(content)))
        stop = data.draw(st.integers(start, len(content)))
        assert await read(store, stored, start, stop) == content[start:stop]
        assert stored.sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("store_name", ["azurite", "moto"])
def test_bytes_go_straight_to_the_object_store_and_come_from_there(request, tmp_path, store_name):
    service = request.getfixturevalue(store_name)
    options = {"contents": service.new_container(), "environment": service.environment}
    with running_server(tmp_path / "data", **options) as server:
        studio = Studio(server)
        begun = studio.http.post(
            f"{server.endpoint}api/resourceuploads/workspaces/{server.workspace_id}/",
            params={"dataTypeId": "Zip"},
        ).json()
        content = os.urandom(1 << 20)
        put = httpx.put(  # the header is for Azure and no other needs it
            begun["SharedAccessUri"], content=content, headers={"x-ms-blob-type": "BlockBlob"}
        )
        assert put.is_success
        dataset = studio.one(studio.commit(begun["Id"], "direct", DataTypeId="Zip").json())
        assert studio.read(dataset) == content
        assert dataset["Size"] == len(content)
        first = httpx.get(url_of(dataset))
        assert first.status_code == 307
        assert first.headers["location"].startswith(service.endpoint)
        assert first.headers["etag"] == f'"{hashlib.sha256(content).hexdigest()}"'
        studio.close()


async def test_a_workspace_moves_to_an_object_store_by_copying_its_files(
    moto, tmp_path, monkeypatch
):
    with running_server(tmp_path / "data") as server:
        studio = Studio(server)
        content = os.urandom(1 << 20)
        studio.create("moved", content)
        studio.close()
    for name, value in moto.environment.items():
        monkeypatch.setenv(name, value)
    bucket = moto.new_container()
    store = ObjectStore(bucket, tmp_path / "spool")
    await store.open()
    for file in (tmp_path / "data" / "contents").glob("*/*"):
        await store.put(str(file.relative_to(tmp_path / "data")), file)
    with running_server(tmp_path / "data", contents=bucket) as server:
        studio = Studio(server)
        assert studio.read(studio.own()["moved"]) == content
        studio.close()


async def test_a_store_that_does_not_answer_keeps_nobody_waiting(azurite, tmp_path, monkeypatch):
    if azurite.service is None:
        pytest.skip("this store is not ours to stop")
    monkeypatch.setattr(objects, "_ANSWER", timedelta(seconds=0.5))
    monkeypatch.setattr(objects, "_IN_LINE", 0.1)
    monkeypatch.setattr(objects, "_THREADS", 5)
    for name, value in azurite.environment.items():
        monkeypatch.setenv(name, value)
    store = ObjectStore(azurite.new_container(), tmp_path / "spool")
    await store.open()
    stored = await put(store, b"kept")
    process = psutil.Process(azurite.service.process.pid)
    process.suspend()
    try:
        asked = (store.probe(), store.has(stored.sha256, 4), store.delete("0" * 64),
                 store.block_size("upload/0"), store.drop_blocks("upload"))  # fmt: skip
        more = [store.has(stored.sha256, 4) for _ in range(5)]  # than it has threads
        done = await asyncio.gather(*asked, *more, return_exceptions=True)
    finally:
        process.resume()
    assert {type(one) for one in done} == {ServiceUnavailable}
    assert all("Retry-After" in one.headers for one in done)
    assert await store.has(stored.sha256, 4)


async def refusal(url, directory):
    """Why a server does not start on a store."""
    with pytest.raises(StartError) as caught:
        await ObjectStore(url, directory).open()
    return str(caught.value)


@pytest.mark.parametrize(("store_name", "scheme"), [("azurite", "az"), ("moto", "s3")])
async def test_a_container_that_is_missing_is_named(
    request, tmp_path, monkeypatch, store_name, scheme
):
    service = request.getfixturevalue(store_name)
    for name, value in service.environment.items():
        monkeypatch.setenv(name, value)
    address = service.endpoint.partition("://")[2].partition("/")[0]
    assert await refusal(f"{scheme}://nosuch/prefix", tmp_path) == (
        "The store of contents cannot be used: There is no container or bucket "
        f'"nosuch" at {address}. Make it first: no server does.'
    )


async def test_wrong_credentials_of_a_store_and_one_that_is_not_there_are_told(
    azurite, tmp_path, monkeypatch
):
    for name, value in azurite.environment.items():
        monkeypatch.setenv(name, value)
    url = azurite.new_container()
    signature = "sv=2021-12-02&sig=c2VjcmV0"
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_KEY")
    monkeypatch.setenv("AZURE_STORAGE_SAS_KEY", signature)
    told = await refusal(url, tmp_path)
    assert "The credentials in the environment may not list" in told
    monkeypatch.setenv("AZURE_STORAGE_ENDPOINT", f"http://127.0.0.1:{free_port()}/account")
    nowhere = await refusal(url, tmp_path)
    assert "cannot be reached" in nowhere
    assert "c2VjcmV0" not in told + nowhere
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_NAME")
    assert "Account must be specified" in await refusal(url, tmp_path)
