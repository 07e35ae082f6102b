"""What the quota bounds, and how room comes back."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from contextlib import contextmanager, suppress

import pytest

from amltui.server import admin
from amltui.server.run import ServeOptions
from tests.support.server import running_server
from tests.support.studio import Studio

KIB = 1 << 10
QUOTA = 1_000 * KIB


@pytest.fixture
def studio(tmp_path):
    with running_server(tmp_path / "data", quota=QUOTA, samples=False) as server:
        studio = Studio(server)
        yield studio
        studio.close()


def used(studio):
    return studio.http.get("quota").json()["UsedStorage"]


def on_disk(studio):
    found = 0
    for name in ("contents", "blocks", "temp"):
        for path in (studio.server.data / name).rglob("*"):
            found += path.stat().st_size if path.is_file() else 0
    return found


def publish(studio, port, content):
    experiment = f"{studio.server.workspace_id}.f-id.e"
    path = f"experiments/{experiment}/outputdata/n/{port}"
    return path, studio.http.put(path, params={"dataTypeId": "Zip"}, content=content)


def until(studio, size):
    """Wait until the workspace takes so many bytes."""
    while used(studio) != size or on_disk(studio) != size:
        time.sleep(0.05)  # the janitor is another's task


@pytest.mark.parametrize("way", ["outputs", "blocks", "uploads", "one block again and again"])
def test_no_way_leads_above_the_quota(studio, way):
    statuses = set()
    upload = studio.begin("Zip")
    for number in range(15):
        content = os.urandom(190 * KIB)
        if way == "outputs":
            _, answer = publish(studio, f"p{number}", content)
        elif way == "blocks":
            answer = studio.block(upload, number, 20, content)
        elif way == "uploads":
            url = f"{studio.server.endpoint}api/resourceuploads/workspaces/"
            url += f"{studio.server.workspace_id}/"
            answer = studio.http.post(url, params={"dataTypeId": "Zip"}, content=content)
        else:
            answer = studio.block(upload, 0, 2, content)
        statuses.add(answer.status_code)
        assert used(studio) == on_disk(studio) <= QUOTA
    if way == "one block again and again":
        assert (statuses, used(studio)) == ({200}, 190 * KIB)
    else:
        assert max(statuses) == 507
        assert used(studio) == 5 * 190 * KIB


def test_what_would_not_fit_is_refused_before_its_body(studio):
    studio.create("most", os.urandom(900 * KIB))
    head = (
        f"POST /api/resourceuploads/workspaces/{studio.server.workspace_id}/?dataTypeId=Zip "
        f"HTTP/1.1\r\nHost: test\r\nContent-Length: {200 * KIB}\r\nExpect: 100-continue\r\n"
        f"Authorization: Bearer {studio.server.token}\r\n\r\n"
    )
    host, _, port = studio.server.endpoint.removeprefix("http://").strip("/").partition(":")
    with socket.create_connection((host, int(port)), 30) as connection:
        connection.sendall(head.encode())
        assert connection.recv(12) == b"HTTP/1.1 507"


def test_room_comes_back_soon_after_a_deletion(studio):
    content = os.urandom(900 * KIB)
    dataset = studio.create("large", content)
    path, published = publish(studio, "p", content[: 50 * KIB])
    assert published.status_code == 204
    studio.http.delete(f"datasources/family/{dataset['FamilyId']}").raise_for_status()
    until(studio, 50 * KIB)
    assert studio.read(studio.create("large again", content)) == content
    studio.http.delete(path).raise_for_status()
    until(studio, 900 * KIB)


def test_versions_outputs_and_experiments_can_be_deleted(studio):
    old = studio.create("versions", os.urandom(300 * KIB))
    new = studio.update(old, b"new")
    refused = studio.http.delete(f"datasources/{new['Id']}")
    assert (refused.status_code, "latest" in refused.text) == (409, True)
    assert studio.http.delete(f"datasources/{old['Id']}").status_code == 204
    assert studio.http.get(f"datasources/{old['Id']}").status_code == 404
    assert studio.read(studio.one(new["Id"])) == b"new"
    path, _ = publish(studio, "one", b"1")
    publish(studio, "two", b"22")
    experiment = path.partition("/outputdata")[0]
    assert studio.http.delete(path).status_code == 204
    assert studio.http.get(path).status_code == 404
    (node,) = studio.http.get(experiment).json()["Graph"]["ModuleNodes"]
    assert [port["Name"] for port in node["OutputPortsInternal"]] == ["two"]
    assert studio.http.delete(experiment).status_code == 204
    assert studio.http.get(experiment).status_code == 404
    assert studio.http.delete(experiment).status_code == 404
    until(studio, 3)


def test_room_that_nobody_uses_is_given_back_when_asked(studio):
    upload = studio.begin("Zip")
    studio.block(upload, 0, 2, bytes(100)).raise_for_status()
    stray = studio.server.data / "temp" / "stray"
    stray.write_bytes(b"left by a process that was killed")
    os.utime(stray, (1, 1))
    cleaned = studio.http.post("clean").raise_for_status().json()
    assert cleaned == {"Uploads": 0, "Contents": 0, "Leftovers": 1}
    options = ServeOptions(studio.server.data)
    stray.write_bytes(b"again")
    os.utime(stray, (1, 1))
    assert admin.clean(options).leftovers == 1
    assert studio.block(upload, 1, 2, b"still there").is_success


def test_tiny_blocks_are_bounded(studio):
    upload = studio.begin("Zip")
    assert studio.block(upload, 999, 3_000, b"").is_success
    refused = studio.block(upload, 1_000, 3_000, b"")
    assert (refused.status_code, "65536 bytes or more" in refused.text) == (400, True)
    assert studio.block(upload, 2_999, 3_000, b"the last").is_success


def test_the_number_of_blocks_cannot_change_so_none_is_dropped(studio):
    upload = studio.begin("Zip")
    for number in range(2):
        studio.block(upload, number, 3, b"x").raise_for_status()
    refused = studio.block(upload, 0, 1, b"x")
    assert (refused.status_code, "has 3 blocks" in refused.text) == (400, True)
    assert "1 of 3 blocks" in studio.commit(upload, "short").text


def test_an_upload_that_became_a_dataset_says_so_to_who_wants_another_name(studio):
    upload = studio.begin(content=b"x")
    studio.commit(upload, "first").raise_for_status()
    refused = studio.commit(upload, "second")
    assert refused.status_code == 409
    assert "already become" in refused.json()["Message"]


@contextmanager
def small_disk(path):
    path.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(path)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("only an administrator can mount a small disk")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


def test_a_full_disk_is_said_by_health_and_as_507_and_deleting_still_works(tmp_path):
    with (
        small_disk(tmp_path / "disk") as disk,
        running_server(disk / "data", samples=False, log=tmp_path / "log") as server,
    ):
        studio = Studio(server)
        dataset = studio.create("first", os.urandom(20 << 20))
        health = f"{server.endpoint}health"
        assert studio.get(health).status_code == 200
        filler = disk / "filler"
        filler.write_bytes(bytes(36 << 20))
        assert studio.get(health).status_code == 507
        url = f"{server.endpoint}api/resourceuploads/workspaces/{server.workspace_id}/"
        refused = studio.http.post(url, params={"dataTypeId": "Zip"}, content=b"x")
        assert refused.status_code == 507
        assert "Traceback" not in (tmp_path / "log").read_text()
        with filler.open("ab", buffering=0) as file, suppress(OSError):
            while file.write(bytes(4 << 10)):
                continue
        family = f"datasources/family/{dataset['FamilyId']}"
        described = studio.http.patch(family, json={"Description": "x" * 100_000})
        assert described.status_code == 507, described.text
        filler.unlink()
        studio.http.delete(family).raise_for_status()
        until(studio, 0)
        assert studio.get(health).status_code == 200
        studio.close()


def test_a_token_has_a_quota_of_its_own(studio):
    made = studio.http.post("tokens", json={"Name": "loop", "Role": "writer", "Quota": 500 * KIB})
    own = Studio(studio.server, made.raise_for_status().json()["Secret"])
    statuses = []
    for number in range(3):
        statuses.append(publish(own, f"p{number}", os.urandom(100 * KIB))[1].status_code)
        url = f"{studio.server.endpoint}api/resourceuploads/workspaces/"
        url += f"{studio.server.workspace_id}/"
        answer = own.http.post(url, params={"dataTypeId": "Zip"}, content=os.urandom(100 * KIB))
        statuses.append(answer.status_code)
    assert statuses == [204, 200, 204, 200, 204, 507]
    assert own.http.get("quota").json() == {
        "UsedStorage": 500 * KIB,
        "MaximumStorage": 500 * KIB,
    }
    studio.create("somebody else's", os.urandom(400 * KIB))
    experiment = f"{studio.server.workspace_id}.f-id.e"
    studio.http.delete(f"experiments/{experiment}").raise_for_status()
    own.create("fits again", os.urandom(100 * KIB))
    own.close()


@pytest.mark.parametrize("quota", [-1, 1 << 63, 1.5, "1"])
def test_a_quota_that_is_no_number_of_bytes_is_refused(studio, quota):
    body = {"Name": "odd", "Role": "writer", "Quota": quota}
    assert studio.http.post("tokens", json=body).status_code == 400
