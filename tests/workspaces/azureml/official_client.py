"""Azure's own client, unchanged, driven line by line: run by the Python that has it.

Each line of standard input is `[name, arguments]` in JSON; each line of standard output its result.
"""

from __future__ import annotations

import json
import sys
import time
import urllib.parse
import urllib.request

from azure.ai.ml import MLClient
from azure.ai.ml.entities import Data
from azure.core.credentials import AccessToken

ABOUT = json.loads(sys.argv[1])


class Credential:
    """The program of the tests signs in as amltui does."""

    def get_token(self, *scopes, **_):
        form = {
            "grant_type": "client_credentials",
            "client_id": "program",
            "client_secret": ABOUT["secret"],
            "scope": scopes[0],
        }
        data = urllib.parse.urlencode(form).encode()
        place = "https://login.core.local/tenant/oauth2/v2.0/token"
        with urllib.request.urlopen(place, data) as answer:
            return AccessToken(json.load(answer)["access_token"], int(time.time()) + 3600)


BASE = ABOUT["manager"]
CLIENT = MLClient(
    Credential(),
    ABOUT["subscription"],
    ABOUT["group"],
    ABOUT["workspace"],
    cloud="LocalCloud",
    cloud_metadata={
        "resource_manager": BASE,
        "azure_portal": BASE,
        "active_directory": BASE,
        "aml_resource_id": BASE,
        "storage_endpoint": "core.local",
        "registry_discovery_endpoint": BASE,
    },
)


def told(data):
    return {
        "name": data.name,
        "version": data.version,
        "path": data.path,
        "type": data.type,
        "description": data.description,
        "tags": data.tags,
    }


def create(**about):
    return told(CLIENT.data.create_or_update(Data(**about)))


def listed(name=None, view="ACTIVE_ONLY"):
    from azure.ai.ml.constants import ListViewType

    found = CLIENT.data.list(name=name, list_view_type=ListViewType[view])
    return [[one.name, one.version] for one in found]


def got(**about):
    return told(CLIENT.data.get(**about))


def content(name, version):
    """The bytes that the path of a version means, by the datastore that it names."""
    from azure.storage.blob import BlobServiceClient

    path = CLIENT.data.get(name=name, version=version).path
    datastore, _, inner = path.partition("/datastores/")[2].partition("/paths/")
    store = CLIENT.datastores.get(datastore, include_secrets=True)
    address = f"{store.protocol}://{store.account_name}.blob.{store.endpoint}"
    key = {"account_name": store.account_name, "account_key": store.credentials.account_key}
    with BlobServiceClient(address, credential=key) as blobs:
        return blobs.get_blob_client(store.container_name, inner).download_blob().readall().decode()


def folder_content(name, version):
    """The bytes of each file below the path of a version, by the datastore that it names."""
    from azure.storage.blob import BlobServiceClient

    path = CLIENT.data.get(name=name, version=version).path
    datastore, _, inner = path.partition("/datastores/")[2].partition("/paths/")
    store = CLIENT.datastores.get(datastore, include_secrets=True)
    address = f"{store.protocol}://{store.account_name}.blob.{store.endpoint}"
    key = {"account_name": store.account_name, "account_key": store.credentials.account_key}
    with BlobServiceClient(address, credential=key) as blobs:
        container = blobs.get_container_client(store.container_name)
        return {
            one.name.removeprefix(inner): container.download_blob(one.name).readall().decode()
            for one in container.list_blobs(name_starts_with=inner)
        }


def archive(**about):
    CLIENT.data.archive(**about)


def restore(**about):
    CLIENT.data.restore(**about)


print(json.dumps("ready"), flush=True)
for line in sys.stdin:
    name, arguments = json.loads(line)
    try:
        answer = {"result": globals()[name](**arguments)}
    except Exception as error:  # noqa: BLE001 - the test says what it means
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
