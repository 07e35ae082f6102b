"""The requests of the public R client (RevolutionAnalytics/AzureML 0.2.15), as it sends them."""

from __future__ import annotations

import httpx
import pytest

CSV = b"a,b\n1,2\n"


@pytest.fixture
def r(server):
    """Its headers; our settings.json's endpoint ends with a slash, and it adds another."""
    headers = {
        "User-Agent": "R",
        "Content-Type": "application/json;charset=UTF8",
        "x-ms-client-session-id": "DefaultSession",
        "x-ms-metaanalytics-authorizationtoken": server.token,
    }
    with httpx.Client(base_url=server.endpoint.rstrip("/"), headers=headers) as client:
        yield lambda method, path, **more: client.request(
            method, f"{server.endpoint}/{path}", **more
        )


def test_lists_are_read_by_a_path_with_two_slashes(server, r):
    base = f"api/workspaces/{server.workspace_id}"
    assert r("GET", base).json()["WorkspaceId"] == server.workspace_id
    assert any(d["Name"] == "Iris" for d in r("GET", f"{base}/datasources").json())
    (first, *_) = r("GET", f"{base}/experiments").json()
    assert r("GET", f"{base}/experiments/{first['ExperimentId']}").json()["Graph"]


def test_a_frame_is_uploaded_in_one_body_and_deleted(server, r):
    where = f"workspaces/{server.workspace_id}"
    query = "?userStorage=true&dataTypeId=GenericTSV"
    upload = r("POST", f"api/resourceuploads/{where}/{query}", content=CSV).json()
    body = {
        "DataSource": {
            "Name": "from R",
            "DataTypeId": "GenericTSV",
            "Description": "Uploaded from R",
            "FamilyId": "",
            "Owner": "R SDK",
            "SourceOrigin": "FromResourceUpload",
        },
        "UploadId": upload["Id"],
        "UploadedFromFileName": "",
        "ClientPoll": True,
    }
    made = r("POST", f"api/{where}/datasources", json=body).json()
    listed = r("GET", f"api/{where}/datasources/{made}").json()
    place = listed["DownloadLocation"]
    link = place["BaseUri"] + place["Location"] + place["AccessCredential"]
    assert httpx.get(link).content == CSV
    family = listed["FamilyId"]
    assert r("DELETE", f"api/{where}/datasources/family/{family}").status_code == 204


@pytest.mark.parametrize("slashes", ["", "/", "//"])
def test_its_web_services_are_none(server, slashes):
    answer = httpx.get(
        f"{server.endpoint}{slashes}workspaces/{server.workspace_id}/webservices",
        headers={"Authorization": f"Bearer {server.token}", "Accept": "application/json"},
    )
    assert (answer.status_code, answer.json()) == (200, [])
