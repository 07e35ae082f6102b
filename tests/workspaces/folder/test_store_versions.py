"""Older versions of objects in a bucket that keeps them."""

from __future__ import annotations

import obstore
import pytest
from botocore.config import Config
from botocore.session import get_session
from obstore.store import from_url

from amltui import errors
from amltui.workspaces.capabilities import CAN
from amltui.workspaces.folder.store import StoreWorkspace
from tests.support.azure_versions import versioning_account


@pytest.fixture
def bucket(moto, monkeypatch):
    """A bucket that keeps versions."""
    for name, value in moto.environment.items():
        monkeypatch.setenv(name, value)
    client = get_session().create_client(
        "s3",
        "us-east-1",
        endpoint_url=moto.endpoint,
        config=Config(s3={"addressing_style": "path"}),
    )
    found = moto.new_container()
    client.put_bucket_versioning(
        Bucket=found.split("/")[2], VersioningConfiguration={"Status": "Enabled"}
    )
    return found


@pytest.fixture
def account(monkeypatch):
    """A storage account that keeps versions."""
    with versioning_account() as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture(params=["s3", "azure"])
def url(request):
    if request.param == "s3":
        return request.getfixturevalue("bucket")
    request.getfixturevalue("account")
    return "az://container/prefix"


async def read(workspace, source, **part):
    async with workspace.read(source, **part) as content:
        return b"".join([piece async for piece in content])


async def test_seeing_whether_one_may_write_leaves_no_version(request, url):
    async with StoreWorkspace(url, write=True) as workspace:
        can = await workspace.capabilities()
        assert (can.write, can.versions) == (CAN, CAN)
    if url.startswith("az"):
        assert not any(
            earlier or present
            for earlier, present in request.getfixturevalue("account").blobs.values()
        )
        return
    client = get_session().create_client(
        "s3",
        "us-east-1",
        endpoint_url=request.getfixturevalue("moto").endpoint,
        config=Config(s3={"addressing_style": "path"}),
    )
    left = client.list_object_versions(Bucket=url.split("/")[2])
    assert not {"Versions", "DeleteMarkers"} & left.keys()


async def test_versions_are_listed_read_and_restored(url):
    store = from_url(url, client_options={"allow_http": True})
    for text in (b"a\n1\n", b"a\n2\n", b"a\n3\n"):
        obstore.put(store, "sales.csv", text)
    obstore.put(store, "sales.csv.bak", b"x")
    async with StoreWorkspace(url, write=True) as workspace:
        was_latest = (await workspace.find("sales.csv")).id
        found = await workspace.versions("sales.csv")
        assert [await read(workspace, one) for one in found] == [b"a\n3\n", b"a\n2\n", b"a\n1\n"]
        assert [one.is_latest for one in found] == [True, False, False]
        assert found[0].id == was_latest
        assert len({one.id for one in found}) == 3
        assert await read(workspace, found[2], start=2, stop=3) == b"1"
        assert (await workspace.dataset(found[2].id)) == found[2]
        restored = await workspace.restore(found[2].id)
        assert (restored.is_latest, await read(workspace, restored)) == (True, b"a\n1\n")
        assert len(await workspace.versions("sales.csv")) == 4
        # By the id that it had while it was the present one.
        assert await read(workspace, await workspace.dataset(was_latest)) == b"a\n3\n"
        assert await read(workspace, await workspace.restore(was_latest)) == b"a\n3\n"
        await workspace.delete("sales.csv")
        with pytest.raises(errors.DatasetGone):
            await workspace.versions("sales.csv")
        with pytest.raises(errors.DatasetGone):
            await workspace.dataset("sales.csv@0!0")


async def test_a_store_opened_for_reading_shows_versions_and_restores_none(url):
    store = from_url(url, client_options={"allow_http": True})
    for text in (b"1", b"2"):
        obstore.put(store, "a.txt", text)
    async with StoreWorkspace(url) as workspace:
        old = (await workspace.versions("a.txt"))[1]
        assert await read(workspace, old) == b"1"
        with pytest.raises(errors.NotSupportedByServer, match="reading only"):
            await workspace.restore(old.id)


async def test_a_bucket_that_keeps_none_says_so(moto, monkeypatch):
    for name, value in moto.environment.items():
        monkeypatch.setenv(name, value)
    url = moto.new_container()
    store = from_url(url, client_options={"allow_http": True})
    obstore.put(store, "a.txt", b"1")
    async with StoreWorkspace(url) as workspace:
        with pytest.raises(errors.NotSupportedByServer, match="keeps no older versions"):
            await workspace.versions("a.txt")
        listed = await workspace.find("a.txt")
        obstore.put(store, "a.txt", b"2")
        with pytest.raises(errors.DatasetGone):
            await workspace.dataset(listed.id)


async def test_an_account_of_azure_is_asked_whether_it_keeps_versions(account):
    url = "az://container/prefix"
    store = from_url(url, client_options={"allow_http": True})
    account.keeps = False
    obstore.put(store, "a.txt", b"1")
    async with StoreWorkspace(url) as workspace:
        with pytest.raises(errors.NotSupportedByServer, match="storage account keeps none"):
            await workspace.versions("a.txt")
    account.keeps = True
    obstore.put(store, "a.txt", b"2")
    async with StoreWorkspace(url) as workspace:
        found = await workspace.versions("a.txt")
        assert [await read(workspace, one) for one in found] == [b"2", b"1"]
    # What was written before has no id of a version, and is the present one all the same.
    account.keeps = False
    obstore.put(store, "b.txt", b"1")
    async with StoreWorkspace(url) as workspace:
        assert [one.is_latest for one in await workspace.versions("b.txt")] == [True]


async def test_an_account_of_azure_shows_by_the_first_look_at_it_that_it_keeps_versions(account):
    async with StoreWorkspace("az://empty/prefix", write=True) as workspace:
        can = await workspace.capabilities()
    assert (can.versions, can.restore) == (CAN, CAN)


async def test_an_account_whose_blobs_cannot_be_listed_says_that_versions_are_not_known(
    account, monkeypatch
):
    monkeypatch.setenv("AZURE_STORAGE_ENDPOINT", "http://127.0.0.1:9/x")
    async with StoreWorkspace("az://container/prefix") as workspace:
        missing = (await workspace.capabilities()).versions.missing
    assert missing.startswith("Whether older versions are kept is not known: No answer")
