"""Who did what, as `amltui audit` tells it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sqlite3

import httpx
import pytest

from amltui.server import admin, audit, startup
from amltui.server.audit import Filter, Origin
from amltui.server.options import ServeOptions
from tests.support.server import running_server
from tests.support.studio import Studio, url_of


def entries(options, **which):
    found = []
    admin.read_audit(options, Filter(**which), found.extend)
    return found


def told(found):
    return [(e.actor, e.action, e.name, e.status) for e in found]


@pytest.fixture(params=["sqlite", "postgres"])
def options(request, tmp_path):
    given = None
    if request.param == "postgres":
        given = request.getfixturevalue("postgres").new_database()
    return ServeOptions(tmp_path / "data", database=given, samples=False)


def serve(options, **more):
    return running_server(options.data, database=options.database, samples=False, **more)


def test_every_change_is_written_down_with_who_what_and_from_where(options):
    with serve(options) as server:
        studio = Studio(server)
        first = studio.create("sales", b"1")
        second = studio.update(first, b"2")
        family = f"datasources/family/{first['FamilyId']}"
        studio.http.patch(family, json={"Name": "turnover"}).raise_for_status()
        studio.http.post(f"datasources/{first['Id']}/restore").raise_for_status()
        studio.http.delete(f"datasources/{second['Id']}").raise_for_status()
        experiment = f"experiments/{server.workspace_id}.f-id.nightly"
        port = f"{experiment}/outputdata/node/port"
        studio.http.put(port, params={"dataTypeId": "PlainText"}, content=b"o").raise_for_status()
        studio.http.delete(port).raise_for_status()
        studio.http.delete(experiment).raise_for_status()
        made = studio.http.post("tokens", json={"Name": "anna", "Role": "reader"}).json()
        studio.http.post(f"tokens/{made['Id']}/regenerate").raise_for_status()
        studio.http.delete(f"tokens/{made['Id']}").raise_for_status()
        studio.http.delete(family).raise_for_status()
        studio.http.post("clean").raise_for_status()
        studio.close()
    found = entries(options)
    assert [(e.action, e.name) for e in found] == [
        ("dataset.create", "sales"),
        ("dataset.update", "sales"),
        ("dataset.edit", "turnover"),
        ("version.restore", "turnover"),
        ("version.delete", "turnover"),
        ("output.publish", "node/port"),
        ("output.delete", "node/port"),
        ("experiment.delete", ""),
        ("token.create", "anna"),
        ("token.regenerate", "anna"),
        ("token.revoke", "anna"),
        ("dataset.delete", "turnover"),
        ("room.clean", ""),
    ]
    assert {(e.actor, e.client, e.status) for e in found} == {("primary", "127.0.0.1", 200)}
    assert all(e.request_id and e.token_id for e in found)
    assert found[0].target == first["Id"]
    assert [e.time for e in found] == sorted(e.time for e in found)
    secrets = (made["Secret"], server.token)
    assert not any(secret in repr(found) for secret in secrets)


def test_downloads_are_written_down_once_for_many_alike(options):
    with serve(options) as server:
        studio = Studio(server)
        dataset = studio.create("read", b"0123456789")
        made = studio.http.post("tokens", json={"Name": "anna", "Role": "reader"}).json()
        reader = Studio(server, made["Secret"])
        link = url_of(reader.own()["read"])
        for start in range(5):
            assert reader.get(link, Range=f"bytes={start}-{start}").status_code == 206
        assert studio.get(url_of(dataset)).is_success
        reader.close()
        studio.close()
    found = entries(options, action="download")
    assert told(found) == [("anna", "download", "read", 200), ("primary", "download", "read", 200)]
    assert {e.target for e in found} == {dataset["Id"]}
    assert "sig=" not in repr(found)


def test_refusals_are_written_down_with_their_status(options):
    with serve(options) as server:
        studio = Studio(server)
        dataset = studio.create("mine")
        made = studio.http.post("tokens", json={"Name": "anna", "Role": "reader"}).json()
        reader = Studio(server, made["Secret"])
        for _ in range(3):
            refused = reader.http.delete(f"datasources/family/{dataset['FamilyId']}")
            assert refused.status_code == 403
        wrong = {"x-ms-metaanalytics-authorizationtoken": "guessed token"}
        assert httpx.get(server.url("datasources"), headers=wrong).status_code == 401
        assert httpx.get(server.url("datasources")).status_code == 401  # no token, no attempt
        assert studio.commit(studio.begin(content=b"x"), "mine").status_code == 409
        reader.close()
        studio.close()
    found = entries(options, refused=True)
    assert [(e.actor, e.action, e.target, e.status) for e in found] == [
        ("anna", "dataset.delete", dataset["FamilyId"], 403),
        ("", "login", "", 401),
        ("primary", "dataset.create", "", 409),
    ]
    assert "guessed" not in repr(found)


def test_what_was_refused_has_no_entry_of_a_change(options):
    with serve(options) as server:
        studio = Studio(server)
        studio.create("taken")
        assert studio.commit(studio.begin(content=b"x"), "taken").status_code == 409
        studio.close()
    assert told(entries(options, action="dataset")) == [
        ("primary", "dataset.create", "taken", 200),
        ("primary", "dataset.create", "", 409),
    ]


def test_what_the_database_alone_refuses_is_written_down_as_it_was_answered(tmp_path):
    options = ServeOptions(tmp_path / "data", samples=False)
    with serve(options) as server:
        with contextlib.closing(sqlite3.connect(options.data / "workspace.sqlite")) as database:
            database.execute(
                "CREATE TRIGGER taken BEFORE INSERT ON tokens "
                "BEGIN SELECT RAISE(ABORT, 'as a unique index would'); END"
            )
            database.commit()
        studio = Studio(server)
        refused = studio.http.post("tokens", json={"Name": "anna", "Role": "reader"})
        assert refused.status_code == 409
        studio.close()
    assert [e.status for e in entries(options, action="token.create")] == [409]


def test_a_change_that_was_acknowledged_has_its_entry_after_a_kill(options):
    with serve(options) as server:
        studio = Studio(server)
        for number in range(3):
            studio.create(f"kept {number}")
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
        studio.close()
    assert [e.name for e in entries(options)] == ["kept 0", "kept 1", "kept 2"]


def test_filters_choose_and_the_last_are_the_newest(options):
    async def write():
        async with (
            startup.open_state(options, "http://127.0.0.1:1/") as state,
            state.database.writing() as connection,
        ):
            for number in range(10):
                origin = Origin(f"a{number % 2}", None, f"10.0.0.{number}")
                target = f"w.family{number}.i"
                await audit.record(connection, origin, "dataset.edit", target, f"n{number}")
            await audit.record(connection, Origin("a0", None, "x"), "datasets", "t", "n")

    asyncio.run(write())

    def names(**which):
        return [e.name for e in entries(options, **which)]

    assert names(actor="a1") == ["n1", "n3", "n5", "n7", "n9"]
    assert names(actor="a1", last=2) == ["n7", "n9"]
    assert names(dataset="n3") == names(dataset="family3") == names(client="10.0.0.3") == ["n3"]
    assert names(dataset="w.family3.i") == ["n3"]
    assert len(names(action="dataset")) == 10
    moments = [e.time for e in entries(options)]
    assert names(since=moments[8]) == ["n8", "n9", "n"]
    assert names(until=moments[2]) == ["n0", "n1"]
    assert names(dataset="%") == names(action="data%") == []


def test_what_an_own_command_does_is_written_down_too(tmp_path):
    options = ServeOptions(tmp_path / "data", samples=False)
    with serve(options):
        pass
    made = admin.create_token(options, "anna")
    admin.regenerate_token(options, "anna")
    admin.revoke_token(options, made.info.id)
    admin.rotate_links(options)
    admin.clean(options)
    found = entries(options)
    assert [(e.action, e.name) for e in found] == [
        ("token.create", "anna"),
        ("token.regenerate", "anna"),
        ("token.revoke", "anna"),
        ("links.rotate", ""),
        ("room.clean", ""),
    ]
    assert all(e.actor.endswith("@local") and e.client == "local" for e in found)
    assert made.secret not in repr(found)


async def test_gathered_entries_wait_for_the_database_and_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(audit, "_GATHERED", 5)
    options = ServeOptions(tmp_path / "data", samples=False)
    async with startup.open_state(options, "http://127.0.0.1:1/") as state:
        gathered = audit.Gathered(state.database)
        file = tmp_path / "data" / "workspace.sqlite"
        file.rename(tmp_path / "away")
        for number in range(9):
            gathered.add(Origin(f"a{number}", None, "c"), "login", status=401)
        await gathered.write()
        (tmp_path / "away").rename(file)
        await gathered.write()
        async with state.database.reading() as connection:
            assert await audit.count(connection, Filter()) == 5
