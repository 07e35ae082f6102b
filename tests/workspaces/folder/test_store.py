"""Buckets and containers of real services, read as workspaces."""

from __future__ import annotations

import os

import obstore
import pytest
from obstore.store import from_url

from amltui import errors
from amltui.workspaces.folder.store import StoreWorkspace

DATA = os.urandom(3_000_000)
NAMES = ["a.csv", "deep/er/b.tsv", "sp ace/ü 文.csv", "100%/x+y&z='q'.csv", "dots/..x/c.txt"]


@pytest.fixture(params=["moto", "azurite", "gcs"])
def service(request, monkeypatch):
    found = request.getfixturevalue(request.param)
    for name, value in found.environment.items():
        monkeypatch.setenv(name, value)
    return found


@pytest.fixture
def put(service, url):
    """Puts objects, in place of those that are there; None takes one away."""
    if url.startswith("gs:"):
        return lambda objects: service.put(url, objects)
    store = from_url(url, client_options={"allow_http": True})

    def put(objects):
        for name, data in objects.items():
            if data is None:
                obstore.delete(store, name)
            else:
                obstore.put(store, name, data)

    return put


async def read(workspace, source, **part):
    async with workspace.read(source, **part) as content:
        return content.info, b"".join([chunk async for chunk in content])


async def test_objects_of_all_levels_are_listed_found_and_read(put, url):
    put({name: name.encode() for name in NAMES})
    async with StoreWorkspace(url) as workspace:
        listing = await workspace.datasets()
        assert sorted(one.name for one in listing.datasets) == sorted(NAMES)
        assert await workspace.datasets(etag=listing.etag) is None
        for listed in listing.datasets:
            found = await workspace.find(listed.name)
            assert (found.id, found.size) == (listed.id, listed.size)
            assert (await workspace.dataset(listed.id)).key == listed.key
            assert (await read(workspace, listed))[1] == listed.name.encode()


async def test_a_part_is_read_by_range_and_a_stale_validator_gives_the_whole(put, url):
    put({"big": DATA, "empty": b""})
    async with StoreWorkspace(url) as workspace:
        big = await workspace.find("big")
        info, part = await read(workspace, big, start=1_000, stop=2_000_000)
        assert (info.start, info.size, part) == (1_000, len(DATA), DATA[1_000:2_000_000])
        again, rest = await read(workspace, big, start=2_999_990, etag=info.etag)
        assert (again.start, rest) == (2_999_990, DATA[2_999_990:])
        other, whole = await read(workspace, big, start=5, etag='"another"')
        assert (other.start, whole) == (0, DATA)
        assert (await read(workspace, big, start=len(DATA)))[1] == b""
        assert (await read(workspace, await workspace.find("empty")))[1] == b""
        got, buffer = bytearray(), memoryview(bytearray(300_000))
        async with workspace.read(big) as content:
            while count := await content.readinto(buffer):
                got += buffer[:count]
        assert got == DATA


async def test_an_object_that_changed_is_never_read_as_the_one_that_was_listed(put, url):
    put({"a.csv": b"old"})
    async with StoreWorkspace(url) as workspace:
        listed = await workspace.find("a.csv")
        put({"a.csv": b"new"})
        with pytest.raises(errors.ContentChanged):
            await read(workspace, listed)
        with pytest.raises(errors.DatasetGone):
            await workspace.dataset(listed.id)
        put({"a.csv": None})
        # Azure looks at the condition first.
        with pytest.raises((errors.DatasetGone, errors.ContentChanged)):
            await read(workspace, listed)


async def test_more_objects_than_a_page_holds_come_in_pages(put, url):
    put({f"n/{number}.csv": b"x" for number in range(1_030)})
    async with StoreWorkspace(url) as workspace:
        pages = [len(page) async for page in workspace.pages()]
    assert sum(pages) == 1_030
    assert max(pages) <= 1_000


async def test_pages_as_they_come_say_of_each_object_what_the_whole_list_says(put, url):
    put({f"n/{number:04}.csv": b"x" for number in range(1_030)})
    # The first comes before the notes of its folder.
    put({"n/-early.csv": b"x", "!/a.csv": b"x"})
    notes = '[files."{}"]\ndescription = "By day"\ntype = "PlainText"\n'
    put({"n/.amltui.toml": "".join(map(notes.format, ("-early.csv", "1029.csv"))).encode()})
    put({".amltui.toml": notes.format("x").encode()})
    async with StoreWorkspace(url) as workspace:
        seen = []
        listing = await workspace.listed(seen.append)
    given = [one for page in seen for one in page]
    assert len(seen) >= 2
    assert sorted(given, key=lambda one: one.name) == sorted(
        listing.datasets, key=lambda one: one.name
    )
    described = [one.name for one in given if one.description]
    assert sorted(described) == ["n/-early.csv", "n/1029.csv"]


async def test_what_cannot_be_reached_says_which_way(service, url, monkeypatch):
    scheme = url.partition(":")[0]
    async with StoreWorkspace(f"{scheme}://no-such-bucket-here/prefix") as workspace:
        # Google's emulator takes it for a failure of its own.
        with pytest.raises(errors.ServerFailed if scheme == "gs" else errors.NotFound):
            await workspace.datasets()
    for name in service.environment:
        if "ENDPOINT" in name or name == "STORAGE_EMULATOR_HOST":
            monkeypatch.setenv(name, "http://127.0.0.1:9/x")
    async with StoreWorkspace(url) as workspace:
        with pytest.raises(errors.Unreachable):
            await workspace.find("a.csv")


async def test_every_change_is_refused_with_the_sentence_of_the_capability(put, url):
    put({"a.csv": b"x"})
    async with StoreWorkspace(url) as workspace:
        found = await workspace.find("a.csv")
        sentence = (await workspace.capabilities()).write.missing
        for change in (
            workspace.begin_upload("GenericCSV", name="b.csv"),
            workspace.edit(found, name="b.csv"),
            workspace.delete(found.key),
        ):
            with pytest.raises(errors.NotSupportedByServer) as caught:
                await change
            assert str(caught.value) == sentence
