"""A session with the embedded workspace, as the front ends use it."""

import os

import pytest

from amltui.config import Connection, paths, resolve
from amltui.errors import Conflict, Exists, NotFound, UsageError
from amltui.services import embedded_process
from amltui.services.session import open_session
from amltui.transfers import State
from tests.support.raw_server import json_answer, raw_server
from tests.support.server import running_server

CENSUS = "Adult Census Income Binary Classification dataset"


async def test_the_embedded_workspace_starts_by_itself_and_lists_the_samples():
    async with open_session() as session:
        snapshot = await session.catalog.refresh()
    assert CENSUS in [dataset.name for dataset in snapshot.datasets]


async def test_a_dataset_goes_out_and_back_under_another_name_unchanged(tmp_path):
    async with open_session() as session:
        iris = await session.find("Iris")
        path = await session.download(iris, tmp_path / "iris.csv")
        with pytest.raises(Exists):
            await session.download(iris, path)
        mine = await session.upload(path, name="my iris", data_type_id="GenericCSV")
        with pytest.raises(Conflict):
            await session.upload(path, name="my iris", data_type_id="GenericCSV")
        renamed = await session.edits.rename(mine, "Iris of mine")
        again = await session.download(renamed, tmp_path / "again.csv")
        assert again.read_bytes() == path.read_bytes()
        assert renamed.name == "Iris of mine"
        with pytest.raises(NotFound) as gone:
            await session.find("my iriss")
        assert "Iris" in gone.value.hint


async def test_an_example_refuses_to_be_changed():
    async with open_session() as session:
        iris = await session.find("Iris")
        with pytest.raises(UsageError, match="example"):
            await session.edits.rename(iris, "other")


async def test_changes_can_be_taken_back_in_order(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"a\n1\n")
    (tmp_path / "b.csv").write_bytes(b"a\n2\n")
    async with open_session() as session:
        first = await session.upload(tmp_path / "a.csv", name="a", data_type_id="GenericCSV")
        second = await session.update(first, tmp_path / "b.csv")
        await session.edits.rename(second, "b")
        assert (await session.edits.undo()).summary == 'renamed "a" to "b"'
        assert (await session.edits.undo()).summary == 'updated "a"'
        assert await session.edits.undo() is None
        now = await session.find("a")
        back = await session.download(now, tmp_path / "back.csv")
        assert back.read_bytes() == b"a\n1\n"


async def test_a_killed_embedded_server_is_started_again(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"a\n1\n")
    async with open_session() as session:
        await session.upload(tmp_path / "a.csv", name="kept", data_type_id="GenericCSV")
        process = session._opener._embedded._process
        os.kill(process.pid, 9)
        process.wait()
        assert (await session.find("kept")).size == 4


async def test_a_server_that_was_begun_ahead_is_that_of_the_session():
    embedded_process.begin(None)
    begun = embedded_process._begun[paths.data_dir()]
    async with open_session() as session:
        assert "Iris" in {dataset.name for dataset in (await session.catalog.refresh()).datasets}
        assert session._opener._embedded._process is begun
    assert begun.poll() == 0
    assert not embedded_process._begun


async def test_a_server_that_was_begun_ahead_and_died_is_begun_again():
    embedded_process.begin(None)
    begun = embedded_process._begun[paths.data_dir()]
    begun.kill()
    begun.communicate()
    async with open_session() as session:
        assert (await session.find("Iris")).size


def test_no_server_is_begun_for_another_workspace_or_a_profile_that_is_wrong(tmp_path):
    for place in (str(tmp_path), "no-such-profile"):
        embedded_process.begin(place)
        assert not embedded_process._begun


async def test_two_sessions_on_one_local_workspace_see_each_others_datasets(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"a\n1\n")
    async with open_session() as one, open_session() as other:
        await one.upload(tmp_path / "a.csv", name="shared", data_type_id="GenericCSV")
        assert (await other.find("shared")).size == 4


async def test_a_list_with_entries_that_are_none_says_how_many():
    entries = [{"Id": "w.f.i", "Name": "n"}, {"Name": "without an id"}, 5]
    async with raw_server(lambda _: json_answer(entries)) as server:
        connection = Connection(server.endpoint, "w", "a-token")
        async with open_session(connection=connection) as session:
            snapshot = await session.current_list()
        async with open_session(connection=connection, offline=True) as session:
            remembered = await session.current_list()
    assert snapshot.gap == remembered.gap == "2 of 3 entries of the list could not be read."
    assert [one.name for one in remembered.datasets] == ["n"]


async def test_a_transfer_that_waits_for_a_sign_in_goes_on_with_the_profiles_new_token(
    tmp_path, monkeypatch
):
    data = tmp_path / "server"
    (tmp_path / "a.csv").write_bytes(os.urandom(3 << 20))
    with running_server(data) as server:
        monkeypatch.setenv("AMLTUI_ENDPOINT", server.endpoint)
        monkeypatch.setenv("AMLTUI_WORKSPACE_ID", server.workspace_id)
        monkeypatch.setenv("AMLTUI_TOKEN", "0" * 32)
        async with open_session() as session:
            queue = await session.transfers()
            begun = queue.upload(tmp_path / "a.csv", name="waits", data_type_id="Zip")

            async for (now,) in queue.changes():
                if now.state is State.WAITING_SIGN_IN:
                    break
            monkeypatch.setenv("AMLTUI_TOKEN", server.token)
            await session.resume(begun.id)
            done = await queue.finished(begun.id)
            assert (await session.find("waits")).id == done.dataset_id
            monkeypatch.setenv("AMLTUI_WORKSPACE_ID", "1" * 32)
            with pytest.raises(UsageError, match="another workspace"):
                await session.sign_in(resolve())


async def test_the_embedded_workspace_and_its_token_never_go_through_a_proxy(monkeypatch):
    async with raw_server(lambda _: json_answer([], status=502)) as proxy:
        for variable in ("HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(variable, proxy.endpoint)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        async with open_session() as session:
            assert CENSUS in [one.name for one in (await session.current_list()).datasets]
    assert proxy.requests == []
