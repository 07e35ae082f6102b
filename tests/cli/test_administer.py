"""`amltui serve` and `amltui token` on a data directory of their own."""

from __future__ import annotations

import json
import signal
import stat
import subprocess

import httpx
import pytest

pytestmark = pytest.mark.usefixtures("data")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A data directory in which a server has made its workspace."""
    from tests.support.server import running_server

    path = tmp_path_factory.mktemp("administered") / "data"
    with running_server(path, samples=False):
        pass
    return path


@pytest.fixture
def data(alone, made):
    alone.environment["AMLTUI_DATA_DIR"] = str(made)
    return made


def test_a_token_is_shown_once_listed_without_its_value_and_ended(alone):
    secret = alone("token", "create", "nightly", "--days", "3").out.strip()
    assert len(secret) == 32
    listed = alone("token", "list", "--json")
    assert secret not in listed.out
    by_name = {one["name"]: one for one in listed.json}
    assert list(by_name) == ["primary", "secondary", "nightly"]
    assert by_name["nightly"]["role"] == "reader"
    assert by_name["nightly"]["expires"].endswith("Z")
    assert by_name["primary"]["expires"] is None
    alone("token", "create", "yearly", "--expires", "1 Jan 2031 12:00 UTC")
    listed = {one["name"]: one for one in alone("token", "list", "--json").json}
    assert listed["yearly"]["expires"] == "2031-01-01T12:00:00Z"
    replaced = alone("token", "regenerate", "nightly", "--json").json
    assert replaced["token"] != secret
    assert alone("token", "revoke", "nightly").code == 0
    assert "nightly" not in alone("token", "list").out


def test_a_token_has_single_rights_and_a_prefix_where_they_are_given(alone):
    alone("token", "create", "loader", "--role", "writer")
    given = ("--right", "write", "--right", "delete", "--prefix", "sales/")
    assert alone("token", "create", "narrow", *given).code == 0
    listed = {one["name"]: one for one in alone("token", "list", "--json").json}
    assert (listed["loader"]["rights"], listed["loader"]["prefix"]) == (["read", "write"], "")
    narrow = listed["narrow"]
    assert (narrow["role"], narrow["rights"]) == ("custom", ["write", "delete"])
    assert narrow["prefix"] == "sales/"
    shown = alone("token", "list").out
    assert "write+delete" in shown
    assert "sales/" in shown
    assert alone("token", "create", "odd", "--role", "owner", "--prefix", "x").code == 2
    for name in ("loader", "narrow"):
        alone("token", "revoke", name)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["create", "primary"], 5),
        (["create", ""], 2),
        (["create", "x", "--days", "-1"], 2),
        (["create", "x", "--expires", "yesterday"], 2),
        (["create", "x", "--expires", "3/4/2031"], 2),
        (["create", "x", "--expires", "2031-01-01", "--days", "3"], 2),
        (["create", "x", "--role", "god"], 2),
        (["regenerate", "nobody"], 3),
        (["revoke", "nobody"], 3),
        (["revoke", "primary"], 2),
    ],
)
def test_what_cannot_be_done_to_a_token_ends_with_its_code(alone, arguments, code):
    done = alone("token", *arguments)
    assert (done.code, done.out) == (code, "")
    assert done.err.startswith("amltui: ")


def test_tokens_of_a_workspace_that_does_not_exist_are_an_error_that_makes_nothing(alone, tmp_path):
    done = alone("token", "list", "--data", tmp_path / "nowhere")
    assert done.code == 1
    assert "amltui serve" in done.err
    assert not (tmp_path / "nowhere").exists()


def test_serve_says_where_it_listens_and_ends_with_ctrl_c(alone, data):
    process = alone.start("serve", "--no-samples", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    line = process.stdout.readline().decode()
    settings = json.loads((data / "settings.json").read_text())["workspace"]
    assert str(data / "settings.json") in line
    assert stat.S_IMODE((data / "settings.json").stat().st_mode) == 0o600
    endpoint = next(word for word in line.split() if word.startswith("http")).rstrip(";")
    answer = httpx.get(
        f"{endpoint}api/workspaces/{settings['id']}",
        headers={"x-ms-metaanalytics-authorizationtoken": settings["authorization_token"]},
    )
    assert answer.status_code == 200
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode in {0, 130}
    assert settings["authorization_token"].encode() not in out + err + line.encode()


def test_an_embedded_server_says_one_line_and_ends_with_its_input(alone, data):
    process = alone.start(
        "serve", "--embedded", "--data", data, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    ready = json.loads(process.stdout.readline())
    assert ready["settings"] == str(data / "settings.json")
    process.stdin.close()
    assert process.wait(60) == 0
    process.stdout.close()


def test_serve_refuses_other_machines_without_tls(alone):
    done = alone("serve", "--host", "0.0.0.0")
    assert done.code == 1
    assert "--tls-cert" in done.err


def test_serve_checks_its_contents(alone, data):
    assert alone("serve", "--check", "--json").json["findings"] == []
