from __future__ import annotations

import asyncio
import contextlib
import os

import httpx
import pytest
import sqlalchemy as sa

from amltui.server import catalog, clock, experiments, janitor, references, startup, uploads
from amltui.server.database import tables
from amltui.server.http_errors import Conflict, ServiceUnavailable
from amltui.server.options import ServeOptions
from amltui.server.store.local import LocalStore
from amltui.server.verify import verify
from tests.support.server import running_server
from tests.support.studio import Studio, url_of


@pytest.fixture(params=["sqlite", "postgres"])
def database(request):
    if request.param == "sqlite":
        return None
    return request.getfixturevalue("postgres").new_database()


@pytest.fixture
async def state(database, tmp_path):
    options = ServeOptions(tmp_path / "data", database=database, samples=False)
    async with startup.open_state(options, "http://127.0.0.1:1/") as state:
        yield state


async def once(data):
    yield data


async def make(state, name, content):
    upload = await uploads.begin(state, None, "PlainText")
    await uploads.receive_block(state, None, upload, 0, 1, len(content), once(content))
    return await committed(state, name, upload)


async def make_whole(state, name, content):
    size = len(content)
    upload = await uploads.begin_whole(state, None, "PlainText", size, once(content))
    return await committed(state, name, upload)


async def committed(state, name, upload):
    new = catalog.NewInstance(name, "", "PlainText", "", 0)
    made, _ = await uploads.commit(state, None, upload, new, None)
    return made


async def delete(state, instance_id):
    async with catalog.changing(state.database, state.workspace_id) as connection:
        await catalog.delete(connection, state.workspace_id, instance_id.split(".")[1])


async def stored(state):
    return sorted([s.size async for s in state.store.list()])


async def test_what_nobody_refers_to_goes_and_all_else_stays(state):
    kept, gone = await make(state, "kept", b"1"), await make(state, "gone", b"22")
    shared = await make(state, "shared", b"1")
    left = await uploads.begin(state, None, "PlainText")
    await uploads.receive_block(state, None, left, 0, 2, 3, once(b"333"))
    await uploads.begin_whole(state, None, "PlainText", 4, once(b"4444"))
    for instance_id in (gone, shared):
        await delete(state, instance_id)
    async with state.store.stage() as staged:
        await staged.write(b"55555")
        await references.store(state.database, staged)  # somebody may be about to refer to it
    assert await janitor.clean(state) == janitor.Cleaned(0, 1, 0)
    assert await stored(state) == [1, 4, 5]
    cleaned = await janitor.clean(state, upload_age=1e6, content_age=0)
    assert cleaned.contents == 1
    assert await stored(state) == [1, 4]
    cleaned = await janitor.clean(state, upload_age=0, content_age=0)
    assert (cleaned.uploads, cleaned.contents) == (2, 1)
    assert await stored(state) == [1]
    async with state.database.reading() as connection:
        row = await catalog.one(connection, state.workspace_id, kept)
    assert await state.store.has(row.sha256, 1)
    assert (await verify(state.database, state.store)).findings == ()


async def test_a_link_to_what_is_gone_says_so(tmp_path):
    with running_server(tmp_path / "data", samples=False) as server:
        studio = Studio(server)
        dataset = studio.create("gone")
        studio.http.delete(f"datasources/family/{dataset['FamilyId']}").raise_for_status()
        async with startup.open_state(ServeOptions(server.data), server.endpoint) as beside:
            await janitor.clean(beside, content_age=0)  # unless the server itself was faster
        for part in ("DownloadLocation", "SchemaEndPoint"):
            answer = studio.get(url_of(dataset, part))
            assert answer.status_code == 404
            assert "deleted" in answer.json()["Message"]
        studio.close()


async def test_the_record_of_a_content_stays_while_its_store_is_away(tmp_path):
    disk, mounted, other = tmp_path / "disk", tmp_path / "mounted", tmp_path / "other"
    disk.mkdir()
    mounted.symlink_to(disk)
    options = ServeOptions(tmp_path / "data", contents=str(mounted), samples=False)
    async with startup.open_state(options, "http://127.0.0.1:1/") as state:
        await delete(state, await make(state, "gone", b"gone"))
        await LocalStore(other).open()  # the directory under the mount point
        theirs = next(disk.glob("contents/*/*")).relative_to(disk)
        (other / theirs).parent.mkdir()
        (other / theirs).write_bytes(b"gone")  # or another workspace's disk with the same bytes
        for place in (other, tmp_path / "nowhere"):
            mounted.unlink()
            mounted.symlink_to(place)
            with pytest.raises(ServiceUnavailable):
                await janitor.clean(state, content_age=0)
        assert (other / theirs).exists()
        mounted.unlink()
        mounted.symlink_to(disk)
        assert (await janitor.clean(state, content_age=0)).contents == 1
        assert await stored(state) == []
        assert (await verify(state.database, state.store)).findings == ()


async def test_the_record_of_a_content_stays_while_its_bucket_is_away(tmp_path, moto, monkeypatch):
    for name, value in moto.environment.items():
        monkeypatch.setenv(name, value)
    options = ServeOptions(tmp_path / "data", contents=moto.new_container(), samples=False)
    bucket = f"{moto.endpoint}/{options.contents.split('/')[2]}"
    async with (
        startup.open_state(options, "http://127.0.0.1:1/") as state,
        httpx.AsyncClient() as http,
    ):
        await delete(state, await make(state, "gone", b"gone"))
        async for content in state.store.list():
            await state.store.delete(content.sha256)  # a bucket must be empty before it can go
        (await http.delete(bucket)).raise_for_status()
        with pytest.raises(ServiceUnavailable):
            await janitor.clean(state, content_age=0)
        (await http.put(bucket)).raise_for_status()
        assert (await janitor.clean(state, content_age=0)).contents == 1


async def test_an_output_is_a_reference(state):
    async with state.store.stage() as staged:
        await staged.write(b"output")
        content = await references.store(state.database, staged)
    experiment = f"{state.workspace_id}.f-id.e"
    async with state.database.writing() as connection:
        await experiments.publish(
            connection, state.workspace_id, experiment, "n", "p", "PlainText", content
        )
    await janitor.clean(state, content_age=0)
    assert await stored(state) == [6]


async def test_a_doomed_content_cannot_be_referred_to_but_kept_anew(state):
    async with state.store.stage() as staged:
        await staged.write(b"doomed")
        content = await references.store(state.database, staged)
    assert await janitor._doom(state, content.sha256, 0)
    with pytest.raises(Conflict):
        async with state.database.writing() as connection:
            await references.lock(connection, content.sha256)
    async with state.store.stage() as staged:  # another upload of the same bytes takes it back
        await staged.write(b"doomed")
        await references.store(state.database, staged)
    assert not await janitor._remove(state, content.sha256)
    assert await stored(state) == [6]


@pytest.mark.parametrize("make", [make, make_whole])
async def test_a_janitor_that_never_rests_never_takes_what_is_being_committed(state, make):
    """Few contents, made, deleted and made again all the time, with no age to protect them."""
    stop = asyncio.Event()

    async def clean():
        while not stop.is_set():
            await janitor.clean(state, upload_age=1e6, content_age=0)

    async def insist(name, content):
        while True:
            with contextlib.suppress(Conflict):  # as a client does that is told to upload again
                return await make(state, name, content)

    async def work(number):
        for turn in range(12):
            content = b"%d" % (turn % 3)
            made = await insist(f"w{number} {turn}", content)
            async with state.database.reading() as connection:
                row = await catalog.one(connection, state.workspace_id, made)
            assert b"".join([c async for c in state.store.read(row.sha256, 0, 1)]) == content
            await delete(state, made)

    cleaner = asyncio.create_task(clean())
    try:
        await asyncio.gather(*(work(number) for number in range(4)))
        last = [await insist(f"last {n}", b"%d" % n) for n in range(3)]
    finally:
        stop.set()
        await cleaner
    assert len(last) == 3
    assert (await verify(state.database, state.store)).findings == ()


async def test_a_small_create_is_few_statements_on_a_server(state):
    """Each costs the way there and back, most of them while other writers wait.

    The upload is looked up besides, which the driver is asked alone: SQLAlchemy does not see it.
    """
    await make_whole(state, "before", b"a")
    asked = []
    for engine in {state.database._reading, state.database._writing}:
        sa.event.listen(
            engine.sync_engine, "before_cursor_execute", lambda *given: asked.append(given[2])
        )
    await make_whole(state, "counted", b"b")
    if not state.database.is_sqlite:
        assert len(asked) == 3, asked
    async with state.database.reading() as connection:
        found = await catalog.listed(connection, state.workspace_id)
    assert [row.name for row in found] == ["before", "counted"]


async def test_leftovers_of_dead_writers_go(state, tmp_path):
    data = tmp_path / "data"
    old = clock.now() / 1e6 - 90_000
    (data / "temp" / "dead").write_bytes(b"x")
    (data / "blocks" / "dead").mkdir()
    (data / "temp" / "dead schema").mkdir()
    (data / "temp" / "dead schema" / "table").write_bytes(b"x")
    for path in (*(data / "temp").iterdir(), data / "blocks" / "dead"):
        os.utime(path, (old, old))
    (data / "temp" / "alive").write_bytes(b"x")
    assert (await janitor.clean(state)).leftovers == 3
    assert [path.name for path in (data / "temp").iterdir()] == ["alive"]


def test_all_tables_that_refer_to_contents_are_known_to_the_janitor():
    referring = {
        column.table.name
        for table in tables.METADATA.sorted_tables
        for column in table.c
        if any(key.column is tables.contents.c.sha256 for key in column.foreign_keys)
        and not any(key.ondelete == "CASCADE" for key in column.foreign_keys)
    }
    assert referring == {"instances", "outputs", "uploads"}
