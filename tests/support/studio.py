"""The protocol by hand, for tests of the server: no client of ours in between."""

from __future__ import annotations

from typing import Any, Self

import httpx

from tests.support.server import RunningServer


class Studio:
    """A workspace over plain httpx; methods return what the server answered.

    Use it as a context where no fixture closes it: a test that fails leaves nothing open then.
    """

    def __init__(self, server: RunningServer, token: str | None = None) -> None:
        self.server = server
        headers = {"x-ms-metaanalytics-authorizationtoken": token or server.token}
        self.http = httpx.Client(
            base_url=server.url() + "/",
            headers=headers,
            timeout=60,
            follow_redirects=True,
            verify=False,  # reading all certificates costs more than most tests
        )

    def close(self) -> None:
        self.http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def upload(self, *blocks: bytes, type_: str = "GenericCSV") -> str:
        """By blocks, as the old client does."""
        upload = self.begin(type_)
        for number, block in enumerate(blocks):
            self.block(upload, number, len(blocks), block).raise_for_status()
        return upload

    def begin(self, type_: str = "GenericCSV", content: bytes = b"") -> str:
        answer = self.http.post(
            f"{self.server.endpoint}api/resourceuploads/workspaces/{self.server.workspace_id}/",
            params={"userStorage": "true", "dataTypeId": type_},
            content=content,
        )
        return answer.raise_for_status().json()["Id"]

    def block(self, upload: str, number: int, count: int, content: bytes) -> httpx.Response:
        return self.http.post(
            f"{self.server.endpoint}api/blobuploads/workspaces/{self.server.workspace_id}/",
            params={"numberOfBlocks": count, "blockId": number, "uploadId": upload},
            content=content,
        )

    def commit(self, upload: str, name: str, *, family: str | None = None, **more: Any):
        source = {
            "Name": name,
            "DataTypeId": "GenericCSV",
            "Description": "",
            "FamilyId": family,
            "Owner": "Python SDK",
            "SourceOrigin": "FromResourceUpload",
            **more,
        }
        body = {"DataSource": source, "UploadId": upload, "UploadedFromFileName": ""}
        return self.http.post("datasources", json=body)

    def create(self, name: str, content: bytes = b"a,b\n1,2\n", **more: Any) -> dict[str, Any]:
        made = self.commit(self.begin(content=content), name, **more).raise_for_status().json()
        return self.one(made)

    def update(self, dataset: dict[str, Any], content: bytes, **more: Any) -> dict[str, Any]:
        name = more.pop("name", dataset["Name"])
        upload = self.begin(content=content)
        made = self.commit(upload, name, family=dataset["FamilyId"], **more)
        return self.one(made.raise_for_status().json())

    def one(self, dataset_id: str) -> dict[str, Any]:
        return self.http.get(f"datasources/{dataset_id}").raise_for_status().json()

    def all(self) -> list[dict[str, Any]]:
        return self.http.get("datasources").raise_for_status().json()

    def own(self) -> dict[str, dict[str, Any]]:
        """Datasets that are no examples, by name."""
        return {d["Name"]: d for d in self.all() if d["Id"].startswith(self.server.workspace_id)}

    def get(self, url: str, **headers: str) -> httpx.Response:
        """Without a token."""
        return httpx.get(
            url, headers={k.replace("_", "-"): v for k, v in headers.items()}, follow_redirects=True
        )

    def read(self, dataset: dict[str, Any]) -> bytes:
        return self.get(url_of(dataset)).raise_for_status().content


def url_of(dataset: dict[str, Any], part: str = "DownloadLocation") -> str:
    """The signed link of a dataset."""
    location = dataset[part]
    return location["BaseUri"] + location["Location"] + location["AccessCredential"]
