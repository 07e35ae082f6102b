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


@pytest.fixture
def studio(server):
    studio = Studio(server)
    yield studio
    studio.close()


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
    extensions = {"edit", "versions", "restore", "publish", "tokens", "prune"}
    assert set(settings["Extensions"]) == extensions


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
        for seconds in (1.5, 3, 6, 12, 24, 48, 96):
            soon = datetime.now(UTC) + timedelta(seconds=seconds)
            made = admin.create_token(ServeOptions(data), f"{seconds} s", "reader", soon)
            answer = get(server, server.workspace_id, made.secret)
            if datetime.now(UTC) <= soon:
                break  # else the machine was too busy to ask in time
        assert answer.status_code == 200
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


def test_failed_logins_are_counted_by_all_servers_of_a_workspace(tmp_path, postgres):
    options = {"database": postgres.new_database(), "failed_logins": 4, "samples": False}
    data = tmp_path / "data"
    with running_server(data, **options) as one, running_server(data, **options) as two:
        servers = [one, two] * 4
        statuses = [
            get(server, one.workspace_id, f"{number:032}").status_code
            for number, server in enumerate(servers)
        ]
        assert statuses == [401] * 4 + [429] * 4
        assert get(two, one.workspace_id, one.token).status_code == 200


RIGHTS = {
    "read": [("GET", "datasources", None), ("GET", "quota", None)],
    "write": [("PATCH", "datasources/family/{family}", {"Description": "x"})],
    "delete": [("DELETE", "datasources/family/{family}", None)],
    "administer": [("GET", "tokens", None), ("GET", "users", None), ("POST", "clean", None)],
}


@pytest.mark.parametrize("right", RIGHTS)
def test_a_token_may_do_what_its_rights_say_and_nothing_else(tmp_path, right):
    with running_server(tmp_path / "data", samples=False) as server:
        owner = Studio(server)
        family = owner.create("kept")["FamilyId"]
        body = {"Name": "limited", "Role": "custom", "Rights": [right]}
        made = owner.http.post("tokens", json=body).raise_for_status().json()
        assert (made["Role"], made["Rights"]) == (
            "reader" if right == "read" else "custom",
            [right],
        )
        limited = Studio(server, made["Secret"])
        for other in ["read", "write", "administer", "delete"]:  # what deletes comes last
            for method, path, sent in RIGHTS[other]:
                answer = limited.http.request(method, path.format(family=family), json=sent)
                assert (answer.status_code == 403) == (other != right), (method, path)
        limited.close()
        owner.close()


def test_who_made_a_dataset_is_the_tokens_person_whatever_a_client_writes(tmp_path):
    with running_server(tmp_path / "data") as server:
        studio = Studio(server)
        made = studio.http.post("tokens", json={"Name": "anna", "Role": "writer"}).json()
        anna = Studio(server, made["Secret"])
        first = anna.create("sales", Owner="The Queen")
        assert (first["Owner"], first["CreatedBy"]) == ("The Queen", "anna")
        second = studio.update(first, b"2", Owner="The Queen")
        assert (second["Owner"], second["CreatedBy"]) == ("The Queen", "primary")
        again = anna.http.post(f"datasources/{first['Id']}/restore").json()
        assert (again["Owner"], again["CreatedBy"]) == ("The Queen", "anna")
        path = f"datasources/family/{first['FamilyId']}/versions"
        makers = [one["CreatedBy"] for one in anna.http.get(path).json()]
        assert makers == ["anna", "primary", "anna"]
        anna.close()
        studio.close()


def test_a_writer_uploads_and_edits_and_deletes_nothing(tmp_path):
    with running_server(tmp_path / "data", samples=False) as server:
        owner = Studio(server)
        made = owner.http.post("tokens", json={"Name": "w", "Role": "writer"}).json()
        writer = Studio(server, made["Secret"])
        dataset = writer.create("written")
        assert writer.http.delete(f"datasources/family/{dataset['FamilyId']}").status_code == 403
        assert writer.http.get("tokens").status_code == 403
        listed = {token["Name"]: token for token in owner.http.get("tokens").json()}
        assert listed["w"]["LastUsed"]
        assert listed["w"]["Rights"] == ["read", "write"]
        for studio in (owner, writer):
            studio.close()


@pytest.mark.parametrize(
    "body",
    [
        {"Role": "king"},
        {"Role": "custom"},
        {"Role": "custom", "Rights": ["fly"]},
        {"Role": "owner", "Prefix": "sales"},
        {"Role": "reader", "Prefix": "a:b"},
    ],
)
def test_rights_that_make_no_sense_are_refused(server, body):
    body = {"Name": "odd", **body}
    answer = httpx.post(server.url("tokens"), json=body, headers=server.headers)
    assert answer.status_code == 400


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"])
def test_an_end_that_no_calendar_has_is_refused(server, moment):
    body = {"Name": "odd", "Role": "reader", "Expires": moment}
    answer = httpx.post(server.url("tokens"), json=body, headers=server.headers)
    assert answer.status_code == 400


def test_a_token_with_a_prefix_knows_the_datasets_of_that_prefix_only(tmp_path):
    with running_server(tmp_path / "data") as server:
        owner = Studio(server)
        inside, outside = owner.create("sales/one"), owner.create("Sales/two")
        owner.http.put(
            f"experiments/{server.workspace_id}.f-id.e/outputdata/n/p",
            params={"dataTypeId": "GenericCSV"},
            content=b"a\n1\n",
        ).raise_for_status()
        body = {
            "Name": "sales",
            "Role": "custom",
            "Rights": ["read", "write", "delete"],
            "Prefix": "sales/",
        }
        made = owner.http.post("tokens", json=body).json()
        sales = Studio(server, made["Secret"])
        names = {dataset["Name"] for dataset in sales.all()}
        assert "sales/one" in names
        assert "Sales/two" not in names
        assert len(names) > 1  # the examples are everybody's
        assert sales.read(sales.one(inside["Id"])) == owner.read(inside)
        experiment = f"experiments/{server.workspace_id}.f-id.e"
        hidden = [
            ("GET", f"datasources/{outside['Id']}", None),
            ("GET", f"datasources/{outside['Id']}/schema", None),
            ("GET", f"datasources/family/{outside['FamilyId']}/versions", None),
            ("PATCH", f"datasources/family/{outside['FamilyId']}", {"Description": "x"}),
            ("POST", f"datasources/{outside['Id']}/restore", None),
            ("DELETE", f"datasources/{outside['Id']}", None),
            ("DELETE", f"datasources/family/{outside['FamilyId']}", None),
        ]
        for method, path, sent in hidden:
            assert sales.http.request(method, path, json=sent).status_code == 404, (method, path)
        for method, path in [("GET", experiment), ("DELETE", experiment)]:
            assert sales.http.request(method, path).status_code == 403
        assert all(
            not one["ExperimentId"].startswith(server.workspace_id)
            for one in sales.http.get("experiments").json()
        )
        assert sales.commit(sales.begin(content=b"1"), "other").status_code == 403
        upload = sales.begin(content=b"1")
        assert sales.commit(upload, "sales/x", family=outside["FamilyId"]).status_code == 404
        renamed = sales.http.patch(
            f"datasources/family/{inside['FamilyId']}", json={"Name": "elsewhere"}
        )
        assert renamed.status_code == 403
        assert owner.one(outside["Id"])["Description"] == ""
        sales.update(sales.one(inside["Id"]), b"a\n2\n")
        assert sales.http.delete(f"datasources/family/{inside['FamilyId']}").status_code == 204
        for studio in (owner, sales):
            studio.close()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("one", "one "),
        ("one", " one"),
        ("one", "o\u200bne"),
        ("one", "\ufeffone"),
        ("one two", "one\u00a0two"),
        ("\u00e9t\u00e9", "e\u0301te\u0301"),
    ],
)
def test_names_that_look_alike_are_not_two_datasets(studio, first, second):
    dataset = studio.create(first)
    try:
        refused = studio.commit(studio.begin(content=b"2"), second)
        assert refused.status_code == 409
        assert f'"{first}" already exists' in refused.json()["Message"]
        other = studio.create("another name")
        path = f"datasources/family/{other['FamilyId']}"
        assert studio.http.patch(path, json={"Name": second}).status_code == 409
        studio.http.delete(path)
        same = f"datasources/family/{dataset['FamilyId']}"
        assert studio.http.patch(same, json={"Name": second}).json()["Name"] == second
    finally:
        studio.http.delete(f"datasources/family/{dataset['FamilyId']}")


def test_a_name_of_invisible_characters_is_empty(studio):
    refused = studio.commit(studio.begin(content=b"1"), "\u200b \ufeff")
    assert (refused.status_code, "empty" in refused.text) == (400, True)


def test_health_says_that_it_lives_and_whether_it_is_ready(server):
    for path in ("health/live", "health/ready", "health"):
        answer = httpx.get(f"{server.endpoint}{path}")
        assert (answer.status_code, answer.json()) == (200, {"Status": "ok"})


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


def test_links_end_when_their_key_is_replaced(tmp_path):
    options = ServeOptions(tmp_path / "data")
    with running_server(options.data) as server:
        studio = Studio(server)
        url = url_of(studio.all()[0])
        assert studio.get(url).status_code == 200
        admin.rotate_links(options)
        assert studio.get(url).status_code == 403
        assert studio.get(url_of(studio.all()[0])).status_code == 200
        studio.close()


def test_links_end_when_their_time_is_over(tmp_path):
    for seconds in (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0):
        with running_server(tmp_path / "data", link_lifetime=seconds) as server:
            studio, began = Studio(server), datetime.now(UTC)
            url = url_of(studio.all()[0])
            over = datetime.now(UTC) + timedelta(seconds=seconds + 1)
            first = studio.get(url).status_code
            in_time = datetime.now(UTC) < began + timedelta(seconds=seconds)
            while in_time and datetime.now(UTC) <= over:
                studio.get(url)
            last = studio.get(url).status_code
            studio.close()
        if in_time:
            break  # else the machine was too busy to ask in time
    assert (first, last) == (200, 403)


def test_who_uploads_with_a_wrong_token_is_told_so_and_not_cut_off(server):
    start = f"{server.endpoint}api/resourceuploads/workspaces/{server.workspace_id}/"
    refused = httpx.post(
        start,
        params={"dataTypeId": "Zip"},
        content=bytes(8 << 20),
        headers={"x-ms-metaanalytics-authorizationtoken": "wrong"},
    )
    assert refused.status_code == 401
