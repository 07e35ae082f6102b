"""A workspace in another database or store: restored from a backup, or migrated."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import threading
import time

import pytest

from amltui.server import admin, moving
from amltui.server.audit import Filter
from amltui.server.http_errors import StartError
from amltui.server.moving import Seat
from amltui.server.options import ServeOptions
from tests.support.server import ROOT, running_server, start_server
from tests.support.studio import Studio, url_of


def quiet(_done, _total):
    pass


def fill(server):
    """Some datasets, versions, outputs and tokens; what must come through."""
    studio = Studio(server)
    first = studio.create("sales", b"one", Description="d")
    studio.update(first, b"two")
    studio.create("empty", b"")
    studio.create("same", b"two")
    port = f"experiments/{server.workspace_id}.f-id.nightly/outputdata/node/port"
    studio.http.put(port, params={"dataTypeId": "Zip"}, content=b"out").raise_for_status()
    made = studio.http.post("tokens", json={"Name": "anna", "Role": "reader"}).json()
    studio.begin(content=b"never committed")
    described = picture(server)
    studio.close()
    return described, made["Secret"]


def picture(server, token=None):
    """Everything that clients can see of a workspace, links left out."""
    studio = Studio(server, token)
    try:
        seen = {}
        for dataset in studio.own().values():
            versions = studio.http.get(f"datasources/family/{dataset['FamilyId']}/versions")
            for one in versions.json():
                keys = ("Id", "Name", "Description", "Size", "CreatedDate", "IsLatest", "Sha256")
                seen[one["Id"]] = [one[key] for key in keys] + [studio.read(one)]
        path = f"experiments/{server.workspace_id}.f-id.nightly"
        return (
            seen,
            studio.http.get(path).json(),
            studio.http.get(f"{path}/outputdata/node/port").content,
        )
    finally:
        studio.close()


@pytest.fixture(params=["sqlite", "postgres"])
def database(request):
    if request.param == "sqlite":
        return None
    return request.getfixturevalue("postgres").new_database()


@pytest.mark.parametrize("store", ["local", "moto"])
def test_a_backup_is_restored_with_its_ids_tokens_and_links(
    tmp_path, database, store, request, monkeypatch
):
    contents, environment = None, {}
    if store != "local":
        service = request.getfixturevalue(store)
        contents, environment = service.new_container(), service.environment
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
    with running_server(tmp_path / "old", samples=False) as server:
        before, anna = fill(server)
        studio = Studio(server)
        link = url_of(studio.own()["sales"])
        studio.close()
        admin.backup(ServeOptions(tmp_path / "old"), tmp_path / "copy")
    options = ServeOptions(tmp_path / "new", database=database, contents=contents, samples=False)
    restored = moving.restore(options, tmp_path / "copy", quiet)
    assert (restored.contents, restored.copied, restored.damaged) == (4, 4, ())
    assert restored.current
    with running_server(
        options.data, database=database, contents=contents, samples=False
    ) as server:
        assert picture(server) == picture(server, anna) == before
        path = link.partition("/content/")[2]
        assert studio.get(f"{server.endpoint}content/{path}").content == b"two"
        studio = Studio(server)
        studio.create("goes on")
        studio.close()
    assert admin.check(options).findings == ()
    found = []
    admin.read_audit(options, Filter(), found.extend)
    actions = [entry.action for entry in found if entry.action != "download"]
    assert actions[-2:] == ["workspace.restore", "dataset.create"]


def test_a_workspace_goes_to_postgres_and_back_as_it_was(tmp_path, postgres):
    with running_server(tmp_path / "old", samples=False) as server:
        before, _ = fill(server)
    url = postgres.new_database()
    there = moving.migrate(Seat.of(str(tmp_path / "old"), None), Seat.of(url, None), quiet)
    assert (there.contents, there.copied) == (4, 0)  # the contents stay where they are
    back = moving.migrate(
        Seat.of(url, str(tmp_path / "old")), Seat.of(str(tmp_path / "new"), None), quiet
    )
    assert back.copied == 4
    with running_server(tmp_path / "old", database=url, samples=False) as server:
        assert picture(server) == before
    with running_server(tmp_path / "new", samples=False) as server:
        # A database knows no token's secret: the start has made a new one for settings.json.
        assert picture(server) == before


@pytest.mark.parametrize("store", ["moto", "azurite"])
def test_contents_move_to_a_store_while_the_database_stays(tmp_path, store, request, monkeypatch):
    service = request.getfixturevalue(store)
    for name, value in service.environment.items():
        monkeypatch.setenv(name, value)
    with running_server(tmp_path / "data", samples=False) as server:
        before, _ = fill(server)
    bucket, place = service.new_container(), str(tmp_path / "data")
    moved = moving.migrate(Seat.of(place, None), Seat.of(place, bucket), quiet)
    assert (moved.copied, moved.current) == (4, True)
    with running_server(tmp_path / "data", contents=bucket, samples=False) as server:
        assert picture(server) == before


def test_a_copy_is_brought_up_to_date_until_it_is_changed_itself(tmp_path, database):
    target = Seat(tmp_path / "new", database, None)
    source = Seat.of(str(tmp_path / "old"), None)
    with running_server(tmp_path / "old", samples=False) as server:
        fill(server)
        moving.migrate(source, target, quiet)
        studio = Studio(server)
        studio.create("later", b"later")
        gone = studio.own()["same"]["FamilyId"]
        studio.http.delete(f"datasources/family/{gone}").raise_for_status()
        studio.close()
        again = moving.migrate(source, target, quiet)
        assert again.copied == 1
        before = picture(server)
    with running_server(tmp_path / "new", database=database, samples=False) as server:
        assert picture(server) == before
        studio = Studio(server)
        studio.create("of the copy's own")
        studio.close()
    with pytest.raises(StartError, match="changed there"):
        moving.migrate(source, target, quiet)


def test_another_workspace_is_never_copied_over(tmp_path):
    for name in ("one", "two"):
        with running_server(tmp_path / name, samples=False):
            pass
    with pytest.raises(StartError, match="another workspace"):
        moving.migrate(
            Seat.of(str(tmp_path / "one"), None), Seat.of(str(tmp_path / "two"), None), quiet
        )
    with pytest.raises(StartError, match="no backup"):
        moving.restore(ServeOptions(tmp_path / "x"), tmp_path / "nowhere", quiet)


def test_a_workspace_whose_disk_of_contents_is_not_mounted_is_not_copied(tmp_path):
    disk, mounted, other = tmp_path / "disk", tmp_path / "mounted", tmp_path / "other"
    for directory in (disk, other):
        directory.mkdir()
    mounted.symlink_to(disk)
    options = ServeOptions(tmp_path / "old", contents=str(mounted))
    with running_server(options.data, contents=options.contents, samples=False) as server:
        studio = Studio(server)
        studio.create("one", b"one")
        studio.close()
    admin.backup(options, tmp_path / "copy")
    mounted.unlink()
    mounted.symlink_to(other)
    (tmp_path / "copy" / "contents").rename(tmp_path / "copy" / "elsewhere")
    source, new = Seat.of(str(options.data), options.contents), tmp_path / "new"
    for target in (Seat(new, None, None), Seat(options.data, None, str(tmp_path / "store"))):
        with pytest.raises(StartError, match="is its disk mounted"):
            moving.migrate(source, target, quiet)
    with pytest.raises(StartError, match="is its disk mounted"):
        moving.restore(ServeOptions(new), tmp_path / "copy", quiet)
    assert not (new / "workspace.sqlite").exists()
    mounted.unlink()
    mounted.symlink_to(disk)
    assert moving.migrate(source, Seat(new, None, None), quiet).copied == 1


def test_a_database_alone_does_not_say_where_its_contents_are(tmp_path):
    with running_server(tmp_path / "old", samples=False) as server:
        before, _ = fill(server)
    urls = [f"sqlite:///{tmp_path / name / 'workspace.sqlite'}" for name in ("old", "new")]
    (tmp_path / "new").mkdir()
    with pytest.raises(StartError, match="--from-contents"):
        moving.migrate(Seat.of(urls[0], None), Seat.of(urls[1], None), quiet)
    source = Seat.of(urls[0], str(tmp_path / "old"))
    assert moving.migrate(source, Seat.of(urls[1], None), quiet).copied == 0
    with running_server(tmp_path / "new", contents=str(tmp_path / "old"), samples=False) as server:
        assert picture(server) == before


def test_damaged_and_lost_contents_are_named_and_all_else_is_copied(tmp_path):
    with running_server(tmp_path / "old", samples=False) as server:
        studio = Studio(server)
        hurt, lost = (studio.create(n, n.encode())["Sha256"] for n in ("hurt", "lost"))
        studio.create("well", b"well")
        studio.close()
    contents = tmp_path / "old" / "contents"
    (contents / hurt[:2] / hurt).write_bytes(b"HURT")
    (contents / lost[:2] / lost).unlink()
    command = [sys.executable, "-m", "amltui", "server", "migrate"]
    command += ["--from", str(tmp_path / "old"), "--to", str(tmp_path / "new")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 7, done.stderr
    assert hurt in done.stdout
    assert lost in done.stdout
    assert len([p for p in (tmp_path / "new" / "contents").rglob("*") if p.is_file()]) == 1


@pytest.mark.slow  # a migration is killed and begun again until it gets through
def test_a_migration_that_is_killed_again_and_again_beside_writers_loses_nothing(
    tmp_path, postgres
):
    url, chance = postgres.new_database(), random.Random(18)
    command = [sys.executable, "-m", "amltui", "server", "migrate", "--from", str(tmp_path / "old")]
    command += ["--to", url, "--to-contents", str(tmp_path / "new"), "--json"]
    server = start_server(tmp_path / "old", samples=False)
    acknowledged, stop = {}, threading.Event()

    def write():
        studio = Studio(server)
        while not stop.is_set():
            content = os.urandom(50_000)
            made = studio.create(f"w {len(acknowledged)}", content)
            acknowledged[made["Id"]] = content
        studio.close()

    writing = threading.Thread(target=write)
    writing.start()
    try:
        for _ in range(6):
            process = subprocess.Popen(
                command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            watched = tmp_path / "new" / "contents"
            deadline = time.monotonic() + 60
            while not watched.exists() and time.monotonic() < deadline and process.poll() is None:
                time.sleep(0.005)
            stop.wait(chance.uniform(0, 0.4))
            process.kill()
            process.wait()
        busy = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert busy.returncode in {0, 8}, busy.stderr
    finally:
        stop.set()
        writing.join()
    server.stop()
    server.process.stdout.close()
    last = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert last.returncode == 0, last.stderr
    options = ServeOptions(tmp_path / "new", database=url)
    assert admin.check(options).findings == ()
    shutil.copy(tmp_path / "old" / "settings.json", tmp_path / "new")
    with running_server(tmp_path / "new", database=url, samples=False) as new:
        studio = Studio(new)
        for made, content in acknowledged.items():
            assert studio.read(studio.one(made)) == content
        studio.close()
    assert len(acknowledged) > 5
