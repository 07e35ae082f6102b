"""Older versions of objects in a bucket that keeps them."""

from __future__ import annotations

import obstore
import pytest
from botocore.config import Config
from botocore.session import get_session
from obstore.store import from_url

from amltui import errors
from amltui.workspaces.folder.store import StoreWorkspace


@pytest.fixture
def url(moto, monkeypatch):
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


async def read(workspace, source, **part):
    async with workspace.read(source, **part) as content:
        return b"".join([piece async for piece in content])


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


async def test_a_bucket_opened_for_reading_shows_versions_and_restores_none(url):
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
