from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from amltui.server import admin
from amltui.server.http_errors import BadRequest, Conflict, StartError
from amltui.server.run import ServeOptions, check
from tests.support.server import running_server
from tests.support.studio import Studio, url_of

OTHER = "0" * 32


def get(server, workspace, token, path="datasources"):
    headers = {"x-ms-metaanalytics-authorizationtoken": token} if token is not None else {}
    url = f"{server.endpoint}api/workspaces/{workspace}/{path}"
    return httpx.get(url, headers=headers)


def test_a_wrong_token_and_an_unknown_workspace_get_the_same_answer(server):
    wrong = [
        get(server, server.workspace_id, "f" * 32),
        get(server, server.workspace_id, ""),
        get(server, server.workspace_id, None),
        get(server, OTHER, server.token),
        get(server, OTHER, "f" * 32),
        get(server, "506153734175476c4f62416c57734963", server.token),
        get(server, OTHER, server.token, "datasources/x.y.z"),
    ]
    assert {answer.status_code for answer in wrong} == {401}
    assert len({answer.json()["Message"] for answer in wrong}) == 1


def test_a_bearer_token_is_as_good(server):
    headers = {"Authorization": f"Bearer {server.token}"}
    assert httpx.get(server.url("datasources"), headers=headers).status_code == 200


def test_owners_see_the_token_that_asked_and_no_other(server, http):
    settings = http.get(server.url()).json()
    assert settings["AuthorizationToken"] == {
        "PrimaryToken": server.token,
        "SecondaryToken": None,
    }
    assert settings["WorkspaceId"] == server.workspace_id
    assert set(settings["Extensions"]) == {"edit", "versions", "restore", "publish", "tokens"}


def test_only_hashes_are_stored(tmp_path):
    with running_server(tmp_path / "data") as server:
        made = httpx.post(server.url("tokens"), json={"Name": "x"}, headers=server.headers).json()
        server.stop()
    for file in (tmp_path / "data").glob("workspace.sqlite*"):
        for token in (server.token, made["Secret"]):
            assert token.encode() not in file.read_bytes()


def test_regenerating_the_primary_token_kills_it_and_settings_follow(tmp_path):
    with running_server(tmp_path / "data") as server:
        studio = Studio(server)
        fresh = studio.http.post("tokens/primary/regenerate").json()["Secret"]
        assert studio.http.get("datasources").status_code == 401
        assert get(server, server.workspace_id, fresh).status_code == 200
        assert fresh in (tmp_path / "data" / "settings.json").read_text()
        headers = {"x-ms-metaanalytics-authorizationtoken": fresh}
        again = httpx.post(server.url("tokens/secondary/regenerate"), headers=headers)
        secondary = again.json()["Secret"]
        assert get(server, server.workspace_id, secondary).status_code == 200
        assert get(server, server.workspace_id, fresh).status_code == 200
        studio.close()


def test_an_expired_token_is_no_token(tmp_path):
    data = tmp_path / "data"
    with running_server(data) as server:
        soon = datetime.now(UTC) + timedelta(milliseconds=1500)
        made = admin.create_token(ServeOptions(data), "short", "reader", soon)
        assert get(server, server.workspace_id, made.secret).status_code == 200
        while datetime.now(UTC) <= soon:
            assert get(server, server.workspace_id, made.secret).status_code in {200, 401}
        assert get(server, server.workspace_id, made.secret).status_code == 401


def test_failed_logins_of_an_address_are_limited_and_good_tokens_still_pass(tmp_path):
    with running_server(tmp_path / "data", failed_logins=5) as server:
        assert get(server, server.workspace_id, server.token).status_code == 200
        statuses = [get(server, server.workspace_id, f"{n:032}").status_code for n in range(8)]
        assert statuses == [401] * 5 + [429] * 3
        refused = get(server, server.workspace_id, "1" * 32)
        assert 1 <= int(refused.headers["retry-after"]) <= 61
        assert get(server, server.workspace_id, server.token).status_code == 200


def test_requests_without_a_token_count_for_nothing_and_the_right_one_gets_in(tmp_path):
    with running_server(tmp_path / "data", failed_logins=5) as server:
        without = [get(server, server.workspace_id, None).status_code for _ in range(10)]
        assert without == [401] * 10
        for number in range(8):
            get(server, server.workspace_id, f"{number:032}")
        assert get(server, server.workspace_id, "1" * 32).status_code == 429
        # For the first time since the start, from an address that is over its limit:
        assert get(server, server.workspace_id, server.token).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.org"])
def test_another_host_than_loopback_needs_tls_or_the_word_insecure(tmp_path, host):
    with pytest.raises(StartError, match="--tls-cert"):
        check(ServeOptions(tmp_path, host=host))
    check(ServeOptions(tmp_path, host=host, insecure=True))


def test_tokens_are_kept_on_the_data_directory_beside_a_running_server(tmp_path):
    options = ServeOptions(tmp_path / "data")
    with pytest.raises(StartError, match="There is no workspace"):
        admin.list_tokens(options)
    with running_server(options.data) as server:
        made = admin.create_token(options, "night", "owner")
        assert made.secret not in repr(made)
        assert [t.name for t in admin.list_tokens(options)] == ["primary", "secondary", "night"]
        assert get(server, server.workspace_id, made.secret, "tokens").status_code == 200
        with pytest.raises(Conflict):
            admin.create_token(options, "night")
        with pytest.raises(BadRequest):
            admin.revoke_token(options, "primary")
        fresh = admin.regenerate_token(options, "night")
        assert get(server, server.workspace_id, made.secret).status_code == 401
        assert get(server, server.workspace_id, fresh.secret).status_code == 200
        admin.revoke_token(options, "night")
        assert get(server, server.workspace_id, fresh.secret).status_code == 401
        primary = admin.regenerate_token(options, "primary")
        assert primary.secret in (options.data / "settings.json").read_text()


def test_links_end_when_their_key_is_replaced_or_their_time_is_over(tmp_path):
    options = ServeOptions(tmp_path / "data")
    with running_server(options.data, link_lifetime=1.0) as server:
        studio = Studio(server)
        url = url_of(studio.all()[0])
        assert studio.get(url).status_code == 200
        admin.rotate_links(options)
        assert studio.get(url).status_code == 403
        url = url_of(studio.all()[0])
        deadline = datetime.now(UTC) + timedelta(seconds=2)
        assert studio.get(url).status_code == 200
        while datetime.now(UTC) <= deadline:
            studio.get(url)
        assert studio.get(url).status_code == 403
        studio.close()


def test_who_uploads_with_a_wrong_token_is_told_so_and_not_cut_off(server):
    start = f"{server.endpoint}api/resourceuploads/workspaces/{server.workspace_id}/"
    refused = httpx.post(
        start,
        params={"dataTypeId": "Zip"},
        content=bytes(8 << 20),
        headers={"x-ms-metaanalytics-authorizationtoken": "wrong"},
    )
    assert refused.status_code == 401
