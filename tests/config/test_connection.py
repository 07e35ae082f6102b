"""Which workspace is used, and who says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from amltui.config import Connection, resolve
from amltui.config.profiles import Profile, save, use
from amltui.errors import ConfigError

W = "0123456789abcdef0123456789abcdef"


def legacy(home: Path, **values: str) -> Path:
    path = home / ".azureml" / "settings.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"workspace": values}))
    return path


def environment(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for key, value in values.items():
        monkeypatch.setenv(f"AMLTUI_{key.upper()}", value)


def profile(name: str, token: str | None = "profile-token") -> None:
    save(Profile(name, f"https://{name}.example/", f"{name}-id"), token)


def test_nothing_said_anywhere_means_the_embedded_workspace():
    assert resolve() is None


def test_each_value_comes_from_the_first_that_says_it(home, monkeypatch):
    profile("team")
    use("team")
    environment(monkeypatch, token="environment-token")
    connection = resolve(endpoint="https://argument.example/base")
    assert connection == Connection(
        "https://argument.example/base/",
        "team-id",
        "environment-token",
        "team",
        {
            "endpoint": "argument",
            "workspace_id": 'profile "team"',
            "token": "environment AMLTUI_TOKEN",
            "profile": "default of the settings",
        },
    )


@pytest.mark.parametrize("key", ["endpoint", "workspace_id", "token"])
def test_argument_before_environment_before_profile(key, home, monkeypatch):
    profile("team")
    use("team")
    values = {"endpoint": "https://e.example/", "workspace_id": "from-env", "token": "from-env"}
    environment(monkeypatch, **{key: values[key]})
    assert getattr(resolve(), key) == values[key]
    argument = {"endpoint": "https://a.example/"}.get(key, "from-argument")
    assert getattr(resolve(**{key: argument}), key) == argument


def test_the_environment_goes_before_the_old_clients_file(home, monkeypatch):
    legacy(home, id=W, authorization_token="old", api_endpoint="https://old.example")
    environment(monkeypatch, endpoint="http://127.0.0.1:8000/base/path")
    connection = resolve()
    assert connection.endpoint == "http://127.0.0.1:8000/base/path/"
    assert (connection.workspace_id, connection.token) == (W, "old")


@pytest.mark.parametrize("key", ["endpoint", "api_endpoint"])
def test_both_spellings_of_the_old_clients_endpoint_are_read(key, home):
    legacy(home, id=W, authorization_token="old", **{key: "https://old.example"})
    assert resolve().endpoint == "https://old.example/"


@pytest.mark.parametrize("key", ["endpoint", "api_endpoint"])
def test_the_old_clients_ini_file_is_read(key, home):
    path = home / ".azureml" / "settings.ini"
    path.parent.mkdir()
    path.write_text(f"[workspace]\nid={W}\nauthorization_token=a%b\n{key}=https://ini.example\n")
    connection = resolve()
    assert connection.endpoint == "https://ini.example/"
    assert connection.token == "a%b"
    assert connection.sources["token"] == str(path)


def test_without_an_endpoint_the_old_clients_default_is_used(home):
    legacy(home, id=W, authorization_token="old")
    connection = resolve()
    assert connection.endpoint == "https://studioapi.azureml.net/"
    assert connection.sources["endpoint"] == "default"


def test_a_profile_named_as_an_argument_is_not_changed_by_the_environment(monkeypatch):
    profile("team")
    environment(monkeypatch, endpoint="https://e.example/", workspace_id="e", token="e")
    connection = resolve(profile="team")
    assert connection.endpoint == "https://team.example/"
    assert (connection.workspace_id, connection.token) == ("team-id", "profile-token")


def test_the_environment_fills_what_a_named_profile_lacks(monkeypatch):
    profile("team", token=None)
    environment(monkeypatch, token="from-ci")
    assert resolve(profile="team").token == "from-ci"


def test_a_server_that_the_environment_names_goes_before_a_default_folder(tmp_path, monkeypatch):
    save(Profile("data", tmp_path.as_uri(), ""), None)
    use("data")
    assert resolve().is_folder
    environment(monkeypatch, token="alone it names no workspace")
    assert resolve().is_folder
    environment(monkeypatch, endpoint="https://e.example/", workspace_id="e", token="e")
    assert (resolve().endpoint, resolve().workspace_id) == ("https://e.example/", "e")
    assert resolve().profile is None
    assert resolve(profile="data").is_folder


def test_a_profile_without_a_token_does_not_borrow_one_from_the_old_clients_file(home):
    legacy(home, id=W, authorization_token="old")
    profile("team", token=None)
    with pytest.raises(ConfigError, match='Profile "team" has no token') as caught:
        resolve(profile="team")
    assert "amltui profile add team" in caught.value.hint


def test_the_profile_of_the_environment_is_used(monkeypatch):
    profile("team")
    profile("other")
    use("other")
    environment(monkeypatch, profile="team")
    assert resolve().profile == "team"


def test_local_is_the_embedded_workspace_whatever_else_is_set(home, monkeypatch):
    legacy(home, id=W, authorization_token="old")
    assert resolve() is not None
    use("local")
    assert resolve() is None
    environment(monkeypatch, endpoint="https://e.example/", workspace_id="e", token="e")
    assert resolve().workspace_id == "e"
    assert resolve(profile="local") is None


def test_a_missing_value_is_named_with_the_variable_that_sets_it(monkeypatch):
    environment(monkeypatch, workspace_id=W)
    with pytest.raises(ConfigError, match="has no token") as caught:
        resolve()
    assert "AMLTUI_TOKEN" in caught.value.hint


@pytest.mark.parametrize(
    "endpoint", ["ftp://x/", "x", "https://", "https://u:secret@x/", "https://x/?sig=secret", "h t"]
)
def test_a_wrong_endpoint_is_an_error_that_does_not_repeat_it(endpoint):
    with pytest.raises(ConfigError) as caught:
        resolve(endpoint=endpoint, workspace_id=W, token="t")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("token", ["two words", "line\r\nX-Header: 1", "ünïcode"])
def test_a_token_that_no_header_can_carry_is_refused_and_not_repeated(token):
    with pytest.raises(ConfigError) as caught:
        resolve(endpoint="https://x/", workspace_id=W, token=token)
    assert token[-4:] not in str(caught.value)


def test_a_token_never_shows_in_a_representation(home):
    legacy(home, id=W, authorization_token="planted-secret")
    assert "planted-secret" not in repr(resolve())


@pytest.mark.parametrize(
    ("text", "place"),
    [('{"workspace": {"id": "x",, }}', "line 1, column 26"), ("[]", "no .workspace. object")],
)
def test_a_broken_settings_file_is_named_with_its_place(home, text, place):
    path = home / ".azureml" / "settings.json"
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(ConfigError, match=place):
        resolve()


def test_a_broken_ini_file_is_named_with_its_line_and_without_its_text(home):
    path = home / ".azureml" / "settings.ini"
    path.parent.mkdir()
    path.write_text("[workspace]\nid=x\nplanted-secret\n")
    with pytest.raises(ConfigError, match="line 3") as caught:
        resolve()
    assert "planted-secret" not in str(caught.value)


def test_a_profile_opens_only_what_is_its_own(home, monkeypatch):
    profile("team")
    use("team")
    assert resolve().opened_by == "team"
    environment(monkeypatch, token="environment-token")
    assert resolve().opened_by == "team"
    environment(monkeypatch, workspace_id="another")
    found = resolve()
    assert (found.profile, found.opened_by) == ("team", None)
    assert resolve("team").opened_by == "team"
    monkeypatch.delenv("AMLTUI_WORKSPACE_ID")
    environment(monkeypatch, endpoint="https://other.example/")
    assert resolve().opened_by is None


def test_a_profile_of_a_folder_opens_it(home, tmp_path):
    save(Profile("data", tmp_path.as_uri()), None)
    assert resolve("data").opened_by == "data"
    assert resolve(str(tmp_path)).opened_by is None
