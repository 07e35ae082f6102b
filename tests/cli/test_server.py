"""`amltui server` and `amltui serve --check --repair`, on a workspace of two datasets."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from contextlib import closing

import pytest

from tests.support.server import running_server
from tests.support.studio import Studio


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A data directory, and its backup."""
    path = tmp_path_factory.mktemp("whole") / "data"
    with running_server(path, samples=False) as server:
        studio = Studio(server)
        made = studio.http.post("tokens", json={"Name": "anna", "Role": "writer"}).json()
        anna = Studio(server, made["Secret"])
        first = anna.create("sales", b"12345", Owner="The Queen")
        anna.update(first, b"1234567", Owner="The Queen")
        studio.create("stock", b"123")
        anna.close()
        studio.close()
    return path


@pytest.fixture
def data(alone, filled, tmp_path):
    copy = tmp_path / "served"
    shutil.copytree(filled, copy)
    alone.environment["AMLTUI_DATA_DIR"] = str(copy)
    return copy


def contents(data):
    return sorted(path.read_bytes() for path in (data / "contents").rglob("*") if path.is_file())


def test_a_backup_is_restored_and_never_over_another_workspace(alone, data, tmp_path):
    assert alone("server", "backup", tmp_path / "copy").code == 0
    restored = alone("server", "restore", tmp_path / "copy", "--data", tmp_path / "new", "--json")
    assert (restored.code, restored.json["copied"], restored.json["damaged"]) == (0, 3, [])
    assert contents(tmp_path / "new") == contents(data)
    checked = alone("serve", "--check", "--data", tmp_path / "new", "--json")
    assert (checked.code, checked.json["contents"]) == (0, 3)
    again = alone("server", "restore", tmp_path / "copy", "--data", tmp_path / "new", "--json")
    assert (again.code, again.json["copied"]) == (0, 0)
    with running_server(tmp_path / "other", samples=False):
        pass
    refused = alone("server", "restore", tmp_path / "copy", "--data", tmp_path / "other")
    assert refused.code == 1
    assert "other" in refused.err
    nowhere = alone("server", "restore", tmp_path / "nowhere", "--data", tmp_path / "newer")
    assert nowhere.code == 1
    assert not (tmp_path / "newer").exists()


@pytest.mark.parametrize(
    ("by", "names"),
    [
        ("owner", {"anna": (2, 12, 12), "primary": (1, 3, 3)}),
        ("dataset", {"sales": (2, 12, 12), "stock": (1, 3, 3)}),
        ("version", {"sales@1": (1, 5, 5), "sales@2": (1, 7, 7), "stock@1": (1, 3, 3)}),
    ],
)
@pytest.mark.usefixtures("data")
def test_usage_says_who_takes_what(alone, by, names):
    found = alone("server", "usage", "--by", by, "--json")
    assert found.code == 0
    groups = found.json["groups"]
    assert {g["name"]: (g["versions"], g["bytes"], g["frees"]) for g in groups} == names
    assert found.json["stored"] == 15
    shown = alone("server", "usage", "--by", by)
    assert all(name in shown.out for name in names)
    assert "15 B" in shown.err


def test_retention_is_shown_tried_set_followed_and_put_off(alone, data):
    assert "all versions" in alone("server", "retention").out.lower()
    tried = alone("server", "retention", "--keep", "1", "--dry-run", "--json").json
    assert [(old["name"], old["number"], old["size"]) for old in tried["due"]] == [("sales", 1, 5)]
    assert alone("server", "retention", "--json").json["policy"]["keep"] is None
    assert alone("server", "retention", "--keep", "1").code == 0
    assert alone("server", "retention", "--json").json["policy"]["keep"] == 1
    cleaned = alone("serve", "--clean", "--json")
    assert (cleaned.code, cleaned.json["contents"]) == (0, 1)
    assert contents(data) == [b"123", b"1234567"]
    assert alone("server", "retention", "--off", "--json").json["policy"]["keep"] is None
    for wrong in (("--keep", "0"), ("--off", "--keep", "2"), ("--days", "-1")):
        assert alone("server", "retention", *wrong).code == 2


def test_a_repair_makes_indexes_anew_and_says_what_is_still_wrong(alone, data):
    name = "ix_instances_sha256"
    with closing(sqlite3.connect(data / "workspace.sqlite")) as database:
        database.execute("PRAGMA writable_schema = ON")
        row = database.execute("SELECT * FROM sqlite_master WHERE name = ?", [name]).fetchone()
        database.execute("DELETE FROM sqlite_master WHERE name = ?", [name])
        database.commit()
    with closing(sqlite3.connect(data / "workspace.sqlite")) as database:
        # Rows that the index, which is not there now, never sees.
        database.execute("DELETE FROM instances WHERE name = 'stock'")
        database.execute("DELETE FROM families WHERE name = 'stock'")
        database.execute("PRAGMA writable_schema = ON")
        database.execute("INSERT INTO sqlite_master VALUES (?, ?, ?, ?, ?)", row)
        database.commit()
    lost = next(p for p in (data / "contents").rglob("*") if p.is_file() and p.stat().st_size == 7)
    lost.unlink()
    checked = alone("serve", "--check")
    assert checked.code == 7
    assert name in checked.out
    repaired = alone("serve", "--check", "--repair", "--json")
    assert repaired.code == 7
    assert repaired.json["repaired"] == ["The database's indexes were made anew."]
    (finding,) = repaired.json["findings"]
    assert "sales" in finding
    words = alone("serve", "--check", "--repair")
    assert "Still wrong: 1" in words.err


def test_a_repair_takes_lost_contents_from_a_backup(alone, data, tmp_path):
    assert alone("server", "backup", tmp_path / "copy").code == 0
    shutil.rmtree(data / "contents")
    assert alone("serve", "--check").code == 7
    repaired = alone("serve", "--check", "--repair", "--backup", tmp_path / "copy", "--json")
    assert (repaired.code, len(repaired.json["repaired"])) == (0, 3)
    assert contents(data) == [b"123", b"12345", b"1234567"]
    assert alone("serve", "--check").code == 0


@pytest.mark.parametrize("options", [("--repair",), ("--check", "--backup", "x")])
@pytest.mark.usefixtures("data")
def test_options_that_do_not_go_together_are_a_usage_error(alone, options):
    assert alone("serve", *options).code == 2


def test_a_printed_unit_runs_what_was_typed_and_is_shut_off_from_all_else(alone, tmp_path):
    data, log = tmp_path / "50% of $all", "/var/log/amltui/server.log"
    done = alone("serve", "--data", data, "--port", "8765", "--log", log, "--print-unit")
    assert done.code == 0
    assert not data.exists()
    lines = done.out.splitlines()
    (command,) = (line for line in lines if line.startswith("ExecStart="))
    place = str(data).replace("%", "%%")
    shown = place.replace("$", "$$")
    assert command.endswith(f'amltui serve --data "{shown}" --port 8765 --log {log}')
    assert f'ReadWritePaths="{place}" /var/log/amltui' in lines
    assert "LimitNOFILE=65536" in lines
    program = shutil.which("systemd-analyze")
    if program is None:
        return
    unit = tmp_path / "amltui.service"
    unit.write_text(done.out)
    rated = subprocess.run(
        [program, "security", "--offline=yes", "--threshold=30", unit],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert rated.returncode == 0, rated.stdout + rated.stderr


@pytest.mark.parametrize(
    "options",
    [
        ("--data", "here"),
        ("--data", "/srv/aml", "--log", "here.log"),
        ("--data", "/srv/aml", "--database", "postgresql://u:secret@db/aml"),
    ],
)
def test_a_unit_that_could_not_work_or_tells_a_password_is_not_printed(alone, options):
    done = alone("serve", *options, "--print-unit")
    assert (done.code, done.out) == (2, "")
    assert "secret" not in done.err
