"""Copies of a workspace that is being served."""

from __future__ import annotations

import stat
import subprocess
import sys
import threading

import pytest

from amltui.server import admin, verify
from amltui.server.database.engine import database_url, open_database
from amltui.server.http_errors import StartError
from amltui.server.options import ServeOptions
from amltui.server.store.local import LocalStore
from tests.support.server import ROOT, running_server
from tests.support.studio import Studio


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_backup_during_changes_is_whole_and_can_be_served(tmp_path, kind, request):
    given = {}
    if kind == "postgres":
        given["database"] = request.getfixturevalue("postgres").new_database()
    options = ServeOptions(tmp_path / "data", **given)
    copy = tmp_path / "copy"
    stop = threading.Event()

    def change(server):
        studio = Studio(server)
        number = 0
        while not stop.is_set():
            number += 1
            made = studio.create(f"passing {number}", b"%d" % number * 1000)
            studio.http.delete(f"datasources/family/{made['FamilyId']}").raise_for_status()
        studio.close()

    with running_server(options.data, **given) as server:
        studio = Studio(server)
        kept = studio.create("kept", b"kept bytes")
        studio.block(studio.begin(), 0, 2, b"half an upload")
        changing = threading.Thread(target=change, args=(server,))
        changing.start()
        try:
            first = admin.backup(options, copy)
            again = admin.backup(options, copy)
        finally:
            stop.set()
            changing.join()
        studio.close()
    assert (first.damaged, again.damaged) == ((), ())
    assert again.copied <= 2
    assert admin.check(ServeOptions(copy)).findings == ()
    for path in copy.rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path
    with running_server(copy) as server:
        assert server.token
        studio = Studio(server)
        assert studio.read(studio.one(kept["Id"])) == b"kept bytes"
        studio.create("goes on")
        studio.close()


def test_a_damaged_content_is_named_and_not_saved(tmp_path):
    data = tmp_path / "data"
    with running_server(data, samples=False) as server:
        studio = Studio(server)
        sha = studio.create("hurt", b"hurt bytes")["Sha256"]
        studio.create("well", b"well")
        studio.close()
    (data / "contents" / sha[:2] / sha).write_bytes(b"HURT bytes")
    command = [sys.executable, "-m", "amltui", "server", "backup", str(tmp_path / "copy")]
    saved = subprocess.run(
        [*command, "--data", str(data)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (saved.returncode, sha in saved.stdout) == (7, True), saved.stderr
    assert not (tmp_path / "copy" / "contents" / sha[:2] / sha).exists()


def test_a_check_leaves_a_backup_as_it_is_to_the_byte(tmp_path):
    with running_server(tmp_path / "data", samples=False) as server:
        studio = Studio(server)
        studio.create("kept", b"kept bytes")
        studio.close()
        admin.backup(ServeOptions(server.data), tmp_path / "copy")
    before = held(tmp_path / "copy")
    assert admin.check(ServeOptions(tmp_path / "copy")).findings == ()
    assert held(tmp_path / "copy") == before


def held(directory):
    """What lies below a directory."""
    files = (path for path in directory.rglob("*") if path.is_file())
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


async def test_what_the_janitor_takes_while_a_check_reads_is_no_finding(tmp_path):
    with running_server(tmp_path / "data", samples=False):
        pass

    class Cleaned(LocalStore):
        """One that the janitor is at work in: what is listed is gone right after."""

        async def list(self):
            async for stored in super().list():
                yield stored
            self.path("0" * 64).unlink(missing_ok=True)

    database = open_database(database_url(None, tmp_path / "data"))
    store = Cleaned(tmp_path / "data")
    for name in ("0" * 64, "f" * 64):
        store.path(name).parent.mkdir(exist_ok=True)
        store.path(name).write_bytes(b"")
    report = await verify.verify(database, store)
    await database.close()
    assert report.findings == (f"The store holds {'f' * 64}, which the database does not know.",)


def test_a_workspace_is_not_its_own_backup(tmp_path):
    data = tmp_path / "data"
    with running_server(data):
        pass
    with pytest.raises(StartError, match="directory of its own"):
        admin.backup(ServeOptions(data), data)
