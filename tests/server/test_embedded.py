from __future__ import annotations

import gzip
import json
import sqlite3
import stat

import httpx

from tests.support.server import ROOT, running_server

SAMPLES = ROOT / "amltui" / "server" / "samples"


def content_url(dataset):
    location = dataset["DownloadLocation"]
    return location["BaseUri"] + location["Location"] + location["AccessCredential"]


def test_the_samples_are_listed_with_source_and_licence(http):
    listed = {d["Name"]: d for d in http.get("datasources").json()}
    assert set(listed) == {
        "Adult Census Income Binary Classification dataset",
        "Airport Codes Dataset",
        "Automobile price data (Raw)",
        "Breast cancer data",
        "Iris",
    }
    for dataset in listed.values():
        assert "Source: " in dataset["Description"]
        assert "Licence: CC" in dataset["Description"]
        assert dataset["Id"].startswith("506153734175476c4f62416c57734963.")


def test_a_sample_downloads_byte_for_byte_without_a_token(http):
    listed = {d["Name"]: d for d in http.get("datasources").json()}
    census = listed["Adult Census Income Binary Classification dataset"]
    answer = httpx.get(content_url(census))
    assert answer.content == gzip.decompress((SAMPLES / "adult.data.gz").read_bytes())
    assert "content-encoding" not in answer.headers


def test_the_example_experiment_has_an_output_that_can_be_read(http):
    listed, _ = http.get("experiments").json()
    experiment = http.get(f"experiments/{listed['ExperimentId']}").json()
    split, convert = experiment["Graph"]["ModuleNodes"]
    assert (split["Comment"], convert["Comment"]) == ("Split", "Convert to CSV")
    (port,) = convert["OutputPortsInternal"]
    output = http.get(
        f"experiments/{listed['ExperimentId']}/outputdata/{convert['Id']}/{port['Name']}"
    )
    assert output.text.splitlines()[0].startswith("age,workclass,fnlwgt,")
    assert 15_000 < len(output.text.splitlines()) < 17_500


def test_the_experiment_that_the_old_clients_tests_look_for_is_there(http):
    _, listed = http.get("experiments").json()
    wanted = "506153734175476c4f62416c57734963.f-id.1f022fd4578847dc867d662a51f0a105"
    assert listed["ExperimentId"] == wanted
    assert listed["Description"] == "Binary Classification: Breast cancer detection"
    split, convert = http.get(f"experiments/{wanted}").json()["Graph"]["ModuleNodes"]
    (source,) = split["InputPortsInternal"]
    assert http.get(f"datasources/{source['DataSourceId']}").json()["Name"] == "Breast cancer data"
    output = http.get(f"experiments/{wanted}/outputdata/{convert['Id']}/Results dataset")
    header, *rows = output.text.splitlines()
    assert header.split(",")[::30] == ["mean radius", "diagnosis"]
    assert 230 < len(rows) < 340
    assert {len(row.split(",")) for row in rows} == {31}


def test_a_workspace_of_an_older_version_gets_the_experiment_that_is_new(tmp_path):
    with running_server(tmp_path / "data") as server:
        server.stop()
    connection = sqlite3.connect(tmp_path / "data" / "workspace.sqlite")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("DELETE FROM experiments WHERE id LIKE '%1f022fd4578847dc867d662a51f0a105'")
    connection.commit()
    connection.close()
    with running_server(tmp_path / "data") as server:
        listed = httpx.get(server.url("experiments"), headers=server.headers).json()
        assert len(listed) == 2
        assert len(httpx.get(server.url("datasources"), headers=server.headers).json()) == 5


def test_settings_are_for_the_owner_only_and_in_the_old_clients_format(server):
    settings = server.data / "settings.json"
    assert stat.S_IMODE(settings.stat().st_mode) == 0o600
    assert stat.S_IMODE(server.data.stat().st_mode) == 0o700
    assert json.loads(settings.read_text()) == {
        "workspace": {
            "id": server.workspace_id,
            "authorization_token": server.token,
            "api_endpoint": server.endpoint,
        }
    }


def test_it_ends_with_its_standard_input_and_opens_again_with_the_same_token(tmp_path):
    with running_server(tmp_path / "data") as first:
        assert first.stop() == 0
    with running_server(tmp_path / "data") as second:
        assert second.token == first.token
        assert second.workspace_id == first.workspace_id


def test_two_servers_serve_one_directory_at_once(tmp_path):
    with running_server(tmp_path / "data") as one, running_server(tmp_path / "data") as two:
        assert one.endpoint != two.endpoint
        made = httpx.post(
            f"{one.endpoint}api/resourceuploads/workspaces/{one.workspace_id}/",
            params={"dataTypeId": "PlainText"},
            content=b"hello",
            headers=one.headers,
        ).json()
        body = {
            "DataSource": {"Name": "shared", "DataTypeId": "PlainText", "Description": ""},
            "UploadId": made["Id"],
        }
        assert httpx.post(one.url("datasources"), json=body, headers=one.headers).is_success
        names = [d["Name"] for d in httpx.get(two.url("datasources"), headers=two.headers).json()]
        assert "shared" in names


def test_lost_settings_come_back_with_a_fresh_token(tmp_path):
    with running_server(tmp_path / "data") as first:
        first.stop()
    (tmp_path / "data" / "settings.json").unlink()
    with running_server(tmp_path / "data") as second:
        assert second.token != first.token
        assert httpx.get(second.url("datasources"), headers=second.headers).status_code == 200
        assert httpx.get(second.url("datasources"), headers=first.headers).status_code == 401
