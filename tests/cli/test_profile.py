"""`amltui profile`: from what one has at hand to a tested profile."""

from __future__ import annotations

import pytest


@pytest.fixture
def connection(shared_server):
    return shared_server.endpoint, shared_server.workspace_id, shared_server.token


def code_of(connection) -> str:
    endpoint, workspace_id, token = connection
    return (
        "from azureml import Workspace\n"
        f"ws = Workspace(\n    workspace_id='{workspace_id}',\n"
        f"    authorization_token='{token}',\n    endpoint='{endpoint}'\n)\n"
    )


def ini_of(connection) -> str:
    endpoint, workspace_id, token = connection
    return f"[workspace]\nid={workspace_id}\nauthorization_token={token}\napi_endpoint={endpoint}\n"


def test_studios_code_becomes_a_tested_profile_that_works(alone, connection):
    added = alone("profile", "add", "team", "--from", "-", "--use", data=code_of(connection))
    assert added.code == 0, added.err
    assert "answers in" in added.err
    assert connection[2] not in added.out + added.err
    (listed,) = alone("profile", "list", "--json").json
    assert (listed["name"], listed["token"], listed["default"]) == ("team", "file", True)
    assert "Iris" in alone("ls").out
    assert alone("profile", "add", "team", "--from", "-", data=code_of(connection)).code == 5
    assert alone("profile", "use", "local").code == 0
    assert alone("profile", "remove", "team").code == 0
    assert alone("profile", "list", "--json").json == []
    assert connection[2] not in (alone.home / "config" / "credentials.toml").read_text()


def test_an_old_ini_file_and_a_token_from_standard_input_work(alone, connection):
    (alone.home / "settings.ini").write_text(ini_of(connection))
    assert alone("profile", "add", "old", "--from", "settings.ini").code == 0
    done = alone(
        "profile", "add", "ci", "--endpoint", connection[0], "--workspace-id", connection[1],
        "--token-stdin", data=f"{connection[2]}\n",
    )  # fmt: skip
    assert done.code == 0
    assert alone("profile", "test", "ci", "--json").json["lacks"] == []


def test_what_does_not_answer_is_not_kept(alone, connection):
    wrong = (connection[0], connection[1], "0" * 32)
    assert alone("profile", "add", "x", "--from", "-", data=code_of(wrong)).code == 4
    away = ("http://127.0.0.1:9/", *connection[1:])
    assert alone("profile", "add", "x", "--from", "-", data=code_of(away)).code == 6
    assert alone("profile", "list", "--json").json == []


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["add", "x"], 2, "needs --workspace-id and --token-stdin"),
        (["add", "a b"], 2, "name"),
        (["add", "local", "--no-test", "--from", "f.ini"], 2, "embedded"),
        (["add", "x", "--from", "missing"], 3, "There is no file"),
        (["add", "x", "--from", "."], 2, "is a directory"),
        (["add", "x", "--from", "empty"], 2, "No connection was recognised"),
        (["use", "nobody"], 2, "no profile"),
        (["remove", "nobody"], 2, "no profile"),
    ],
)
def test_wrong_input_is_one_sentence_and_its_code(alone, connection, arguments, code, said):
    (alone.home / "f.ini").write_text(ini_of(connection))
    (alone.home / "empty").write_text("")
    done = alone("profile", *arguments)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
