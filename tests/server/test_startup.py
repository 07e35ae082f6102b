"""What a start finds: a workspace, none, or what is left of one; and what breaks later."""

from __future__ import annotations

import asyncio
import shutil
import socket
import sqlite3
import ssl
import subprocess
import sys
from contextlib import ExitStack

import httpx
import psutil
import pytest

from amltui.server import admin, log, settings, startup
from amltui.server.database.engine import database_url, open_database
from amltui.server.http_errors import StartError
from amltui.server.options import ServeOptions
from amltui.server.store.local import MARK
from tests.server.test_run import _TEAM, start_team
from tests.support.server import ROOT, running_server
from tests.support.studio import Studio


async def open_and_close(data):
    async with startup.open_state(ServeOptions(data), "http://127.0.0.1:1/"):
        pass


def serve_once(data):
    """Leave a workspace of one dataset, as a server that was stopped does."""
    with running_server(data) as server:
        studio = Studio(server)
        studio.create("kept")
        studio.close()


def damage(data):
    """Overwrite the page in which the table of instances begins."""
    database = data / "workspace.sqlite"
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    root = "SELECT rootpage FROM sqlite_master WHERE name = 'instances'"
    (page,) = connection.execute(root).fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    with database.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)


@pytest.mark.parametrize("how", ["no database", "an empty database", "no settings either"])
async def test_a_lost_database_is_not_replaced_by_a_new_workspace(tmp_path, how):
    data = tmp_path / "data"
    serve_once(data)
    before = settings.path(data).read_text()
    database = data / "workspace.sqlite"
    saved = database.read_bytes()
    database.unlink()
    if how == "an empty database":
        database.touch()
    elif how == "no settings either":
        settings.path(data).unlink()
    with pytest.raises(StartError, match=r"database is lost.*Put it back"):
        await open_and_close(data)
    if how != "no settings either":
        assert settings.path(data).read_text() == before
    database.write_bytes(saved)
    await open_and_close(data)


async def test_a_first_start_that_broke_off_can_be_repeated(tmp_path):
    data = tmp_path / "data"
    await open_and_close(data)
    settings.path(data).rename(settings.pending(data))  # as if killed before it had its name
    await open_and_close(data)
    assert settings.read(data)["id"]
    assert not settings.pending(data).exists()


@pytest.mark.parametrize("marked", [True, False], ids=["marked", "of an older version"])
async def test_an_empty_directory_is_not_taken_for_a_store_that_is_not_mounted(tmp_path, marked):
    disk, mounted, other = tmp_path / "disk", tmp_path / "mounted", tmp_path / "other"
    for directory in (disk, other):
        directory.mkdir()
    mounted.symlink_to(disk)
    options = ServeOptions(tmp_path / "data", contents=str(mounted))

    async def open_store():
        async with startup.open_state(options, "http://127.0.0.1:1/"):
            pass

    await open_store()
    if not marked:
        (disk / MARK).unlink()
        await open_store()
        assert (disk / MARK).exists()  # for the contents are there
        (disk / MARK).unlink()
    mounted.unlink()
    mounted.symlink_to(other)
    with pytest.raises(StartError, match="is its disk mounted"):
        await open_store()
    for work in (admin.check, admin.clean, lambda given: admin.repair(given, None)):
        with pytest.raises(StartError, match="is its disk mounted"):
            await asyncio.to_thread(work, options)
    mounted.unlink()
    mounted.symlink_to(disk)
    await open_store()


async def test_a_workspace_whose_contents_are_lost_for_good_can_be_served(tmp_path):
    data = tmp_path / "data"
    serve_once(data)
    (data / MARK).unlink()
    shutil.rmtree(data / "contents")
    with pytest.raises(StartError, match="lost for good") as caught:
        await open_and_close(data)
    (data / MARK).write_text(settings.read(data)["id"])
    assert settings.read(data)["id"] in str(caught.value)
    await open_and_close(data)


def test_a_database_that_is_deleted_while_it_serves_takes_no_more(tmp_path):
    with running_server(tmp_path / "data") as server:
        studio = Studio(server)
        studio.create("before")
        for file in (tmp_path / "data").glob("workspace.sqlite*"):
            file.unlink()
        health = studio.get(f"{server.endpoint}health")
        assert (health.status_code, "deleted or replaced" in health.text) == (503, True)
        assert studio.http.post("tokens", json={"Name": "lost"}).status_code == 503
        studio.close()


async def test_a_damaged_database_is_found_by_the_start(tmp_path):
    data = tmp_path / "data"
    serve_once(data)
    damage(data)
    with pytest.raises(StartError, match="database") as caught:
        await open_and_close(data)
    assert "SELECT" not in str(caught.value)


def test_a_damaged_database_is_a_finding_of_the_check(tmp_path):
    data = tmp_path / "data"
    serve_once(data)
    damage(data)
    command = [sys.executable, "-m", "amltui", "serve", "--check", "--data", str(data)]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 7, checked.stderr
    assert "The database" in checked.stdout
    assert "SELECT" not in checked.stdout + checked.stderr


def test_a_database_that_cannot_be_read_is_a_finding_of_the_repair(tmp_path):
    data = tmp_path / "data"
    serve_once(data)
    damage(data)
    done, report = admin.repair(ServeOptions(data), None)
    assert done == ()
    (finding,) = report.findings
    assert "cannot be read" in finding
    assert "SELECT" not in finding


def test_a_directory_that_others_could_read_is_closed_to_them(tmp_path):
    data = tmp_path / "data"
    serve_once(data)
    settings.path(data).chmod(0o644)
    (data / "workspace.sqlite").chmod(0o664)
    (data / "contents").chmod(0o755)
    with running_server(data):
        modes = {path.name: path.stat().st_mode & 0o777 for path in data.iterdir()}
    assert {mode & 0o077 for mode in modes.values()} == {0}
    assert modes["contents"] == 0o700


def test_health_reads_what_a_list_needs(tmp_path):
    with running_server(tmp_path / "data") as server:
        damage(tmp_path / "data")
        assert httpx.get(f"{server.endpoint}health").status_code == 503


def test_the_check_migrates_nothing(tmp_path):
    data = tmp_path / "data"
    serve_once(data)
    connection = sqlite3.connect(data / "workspace.sqlite", isolation_level=None)
    connection.execute("UPDATE alembic_version SET version_num = '0001'")
    connection.close()
    with pytest.raises(StartError, match="schema version 0001"):
        admin.check(ServeOptions(data))


def test_old_clients_connect_by_tls_1_2(tmp_path):
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command, "-keyout", key, "-out", cert], check=True, capture_output=True)
    with running_server(tmp_path / "data", tls_cert=cert, tls_key=key) as server:
        old = ssl.create_default_context(cafile=str(cert))
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        assert httpx.get(f"{server.endpoint}health", verify=old).status_code == 200


def test_silent_connections_do_not_keep_others_out(tmp_path):
    """With 256 descriptors, which the server may not raise, and 400 who say nothing."""
    command = ["bash", "-c", 'ulimit -n 256; exec "$@"', "bash", sys.executable, "-c", _TEAM]
    process = subprocess.Popen(
        [*command, str(tmp_path / "data"), "0"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with ExitStack() as held:
        endpoint = process.stdout.readline().split()[4].rstrip(";")
        host, _, port = endpoint.removeprefix("http://").strip("/").partition(":")
        for _ in range(400):
            held.enter_context(socket.create_connection((host, int(port)), 120))
        assert httpx.get(f"{endpoint}health", timeout=120).status_code == 200
        process.terminate()
    process.communicate(timeout=60)


def test_the_soft_limit_of_descriptors_is_raised(tmp_path):
    with running_server(tmp_path / "data") as server:
        soft, hard = psutil.Process(server.process.pid).rlimit(psutil.RLIMIT_NOFILE)
        assert soft == min(hard, 65_536)


def test_a_database_url_that_is_none_is_told(tmp_path):
    with pytest.raises(StartError, match="not a URL"):
        database_url("postgresql://u:p@host:port/ws", tmp_path)


def test_without_what_postgresql_needs_the_start_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(StartError, match=r"pip install 'amltui\[postgres\]'"):
        open_database(database_url("postgresql://u@h/ws", tmp_path))


def test_a_log_with_its_requests_lasts_for_two_gigabytes(tmp_path, monkeypatch):
    monkeypatch.setattr(log.LOGGER, "handlers", [])
    log.configure(tmp_path / "log", access=True)
    (handler,) = log.LOGGER.handlers
    assert handler.maxBytes * (handler.backupCount + 1) >= 2 << 30
    handler.close()


@pytest.mark.parametrize(
    ("text", "words"), [(None, "is not there for"), ("damaged", "does not hold")]
)
def test_settings_that_are_lost_or_damaged_are_said_and_not_called_the_owners(
    tmp_path, text, words
):
    data = tmp_path / "data"
    serve_once(data)
    settings.path(data).unlink()
    if text is not None:
        settings.path(data).write_text(text)
    with start_team(data, log=subprocess.DEVNULL) as server:
        line = server.stdout.readline()
        server.terminate()
    assert f"{words} the owner's connection: `amltui token` makes a token" in line
