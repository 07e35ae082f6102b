"""What breaks around a server: it says so with an id, and goes on when it is mended."""

from __future__ import annotations

import os
import resource

import psutil
import pytest

from amltui.server.store.local import LocalStore
from amltui.server.store.objects import ObjectStore
from tests.support import services
from tests.support.server import running_server
from tests.support.studio import Studio, url_of


def assert_told(answer, server, statuses) -> None:
    """A clear answer with an id that stands in the log too, and no secret in either."""
    assert answer.status_code in statuses, answer.text
    body = answer.json()
    assert body["Id"] == answer.headers["x-ms-request-id"]
    log = (server.data / "server.log").read_text()
    assert body["Id"] in log
    assert server.token not in log
    assert "sig=" not in log
    assert "Traceback" not in body["Message"]
    assert answer.status_code != 503 or answer.headers["retry-after"]


def test_a_full_disk_is_told_and_recovered_from(tmp_path):
    with running_server(tmp_path / "data") as server:
        studio = Studio(server)
        process = psutil.Process(server.process.pid)
        _, hard = process.rlimit(resource.RLIMIT_FSIZE)
        process.rlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
        content = os.urandom(3 << 20)
        url = f"{server.endpoint}api/resourceuploads/workspaces/{server.workspace_id}/"
        refused = studio.http.post(url, params={"dataTypeId": "Zip"}, content=content)
        assert_told(refused, server, {507})
        assert studio.http.get("datasources").is_success
        process.rlimit(resource.RLIMIT_FSIZE, (hard, hard))
        assert studio.read(studio.create("fits", content)) == content
        assert list((server.data / "temp").iterdir()) == []
        studio.close()


def test_a_lost_database_is_told_and_recovered_from(tmp_path):
    with services.postgres() as postgres:
        if postgres.service is None:
            pytest.skip("this database is not ours to stop")
        with running_server(tmp_path / "data", database=postgres.new_database()) as server:
            studio = Studio(server)
            studio.create("before")
            postgres.service.stop()
            assert_told(studio.http.get("datasources"), server, {503})
            assert_told(studio.get(f"{server.endpoint}health"), server, {503})
            postgres.service.start()
            assert set(studio.own()) == {"before"}
            studio.create("after")
            studio.close()


def test_an_unreachable_store_is_told_and_recovered_from(tmp_path):
    with services.azurite() as azurite:
        if azurite.service is None:
            pytest.skip("this store is not ours to stop")
        options = {"contents": azurite.new_container(), "environment": azurite.environment}
        with running_server(tmp_path / "data", **options) as server:
            studio = Studio(server)
            dataset = studio.create("before", b"kept")
            azurite.service.stop()
            url = f"{server.endpoint}api/resourceuploads/workspaces/{server.workspace_id}/"
            refused = studio.http.post(url, params={"dataTypeId": "Zip"}, content=b"x")
            assert_told(refused, server, {503})
            assert studio.http.get("datasources").is_success
            azurite.service.start()
            assert studio.get(url_of(dataset)).content == b"kept"
            studio.create("after")
            studio.close()


@pytest.fixture(params=["local", "azurite", "moto"])
def holding(request, tmp_path, monkeypatch):
    """Options of a server, and its store as whoever deletes there sees it."""
    if request.param == "local":
        return {}, LocalStore(tmp_path / "data")
    service = request.getfixturevalue(request.param)
    for name, value in service.environment.items():
        monkeypatch.setenv(name, value)
    url = service.new_container()
    return {"contents": url}, ObjectStore(url, tmp_path / "spool")


def sha_of(dataset) -> str:
    return url_of(dataset).partition("content/")[2].partition("?")[0]


async def test_a_content_that_is_gone_from_the_store_is_named_at_once_for_good(holding, tmp_path):
    options, store = holding
    await store.open()
    with running_server(tmp_path / "data", **options) as server, Studio(server) as studio:
        lost, kept = studio.create("lost", b"lost bytes"), studio.create("kept", b"kept bytes")
        await store.delete(sha_of(lost))
        for _ in range(2):
            answer = studio.get(url_of(lost))
            assert_told(answer, server, {410})
            assert answer.json()["Message"] == (
                'The contents of "lost" are gone from the server\'s store '
                f"(SHA-256 {sha_of(lost)})."
            )
            assert studio.http.get(f"datasources/{lost['Id']}/schema").status_code == 410
        assert studio.get(url_of(kept)).content == b"kept bytes"
        assert studio.read(studio.create("again", b"lost bytes")) == b"lost bytes"
        assert studio.get(url_of(lost)).content == b"lost bytes"


def test_a_directory_of_contents_that_is_not_mounted_is_told_as_away(tmp_path):
    disk, mounted = tmp_path / "disk", tmp_path / "mounted"
    disk.mkdir()
    mounted.symlink_to(disk)
    empty = tmp_path / "empty"
    (empty / "contents").mkdir(parents=True)
    with (
        running_server(tmp_path / "data", contents=str(mounted)) as server,
        Studio(server) as studio,
    ):
        dataset = studio.create("before", b"kept")
        for place in (empty, tmp_path / "nowhere"):
            mounted.unlink()
            mounted.symlink_to(place)
            assert_told(studio.get(url_of(dataset)), server, {503})
        assert_told(studio.get(f"{server.endpoint}health"), server, {503})
        upload = f"{server.endpoint}api/resourceuploads/workspaces/{server.workspace_id}/"
        answer = studio.http.post(upload, params={"dataTypeId": "Zip"}, content=b"x")
        assert_told(answer, server, {503})
        mounted.unlink()
        mounted.symlink_to(disk)
        assert studio.get(url_of(dataset)).content == b"kept"


def test_a_directory_that_stands_in_the_place_of_one_that_is_not_mounted_takes_nothing(tmp_path):
    disk, mounted, other = tmp_path / "disk", tmp_path / "mounted", tmp_path / "other"
    disk.mkdir()
    mounted.symlink_to(disk)
    for name in ("contents", "blocks", "temp"):  # as a server's start leaves it
        (other / name).mkdir(parents=True)
    with (
        running_server(tmp_path / "data", contents=str(mounted)) as server,
        Studio(server) as studio,
    ):
        dataset = studio.create("before", b"kept")
        begun = studio.begin()
        mounted.unlink()
        mounted.symlink_to(other)
        upload = f"{server.endpoint}api/resourceuploads/workspaces/{server.workspace_id}/"
        answer = studio.http.post(upload, params={"dataTypeId": "Zip"}, content=b"x")
        assert_told(answer, server, {503})
        assert_told(studio.block(begun, 0, 1, b"x"), server, {503})
        assert not [path for path in other.rglob("*") if path.is_file()]
        (other / "contents" / "ab").mkdir()  # as an upload leaves it
        assert_told(studio.get(url_of(dataset)), server, {503})
        assert_told(studio.get(f"{server.endpoint}health"), server, {503})
        mounted.unlink()
        mounted.symlink_to(disk)
        assert studio.block(begun, 0, 1, b"x").is_success
        assert studio.get(url_of(dataset)).content == b"kept"


@pytest.mark.parametrize("holding", ["moto"], indirect=True)
async def test_a_bucket_that_is_away_is_told_as_away(holding, moto, tmp_path):
    options, store = holding
    await store.open()
    with running_server(tmp_path / "data", **options) as server, Studio(server) as studio:
        dataset = studio.create("before", b"kept")
        async for stored in store.list():
            await store.delete(stored.sha256)
        bucket = options["contents"].split("/")[2]
        studio.http.delete(f"{moto.endpoint}/{bucket}").raise_for_status()
        assert_told(studio.get(url_of(dataset)), server, {503})


def test_a_lost_content_is_a_final_answer_and_the_check_names_it(tmp_path):
    from amltui.server import admin
    from amltui.server.run import ServeOptions

    with running_server(tmp_path / "data") as server:
        studio = Studio(server)
        lost, hurt = studio.create("lost", b"lost bytes"), studio.create("hurt", b"hurt bytes")
        for dataset, change in ((lost, None), (hurt, b"HURT bytes")):
            sha = sha_of(dataset)
            file = server.data / "contents" / sha[:2] / sha
            file.unlink() if change is None else file.write_bytes(change)
        (server.data / "contents" / "stray").write_bytes(b"")
        assert_told(studio.get(url_of(lost)), server, {410})
        studio.close()
        findings = admin.check(ServeOptions(server.data)).findings
    assert len(findings) == 3
    assert any("stray" in line for line in findings)
    assert any("missing" in line and "'lost'" in line for line in findings)
    assert any("damaged" in line and "'hurt'" in line for line in findings)
