"""An Azure ML workspace of the tests, and amltui connected to it."""

from __future__ import annotations

import obstore
import pytest
from obstore.store import AzureStore

from amltui.config.azure import AzureWorkspaceId, cloud_of
from amltui.workspaces.azureml import AzureMLWorkspace
from amltui.workspaces.http.retries import Retry
from tests.support.azure import GROUP, MANAGER, SUBSCRIPTION, WORKSPACE
from tests.support.services import ACCOUNT, KEY

HERE = AzureWorkspaceId(SUBSCRIPTION, GROUP, WORKSPACE)


@pytest.fixture
def azure(azure_cloud, monkeypatch):
    """What the workspace holds; nothing at first."""
    for name, value in azure_cloud.environment.items():
        monkeypatch.setenv(name, value)
    return azure_cloud.emptied()


@pytest.fixture
def blobs(azure):
    """Puts a blob into the default datastore; its address."""
    store = AzureStore(
        azure.container,
        account_name=ACCOUNT,
        account_key=KEY,
        endpoint=f"https://{ACCOUNT}.blob.core.local",
    )

    def put(path, data):
        obstore.put(store, path, data)
        return azure.path(path)

    return put


@pytest.fixture
async def workspace(azure):
    cloud = cloud_of(MANAGER, source="the tests")
    async with AzureMLWorkspace(HERE, cloud, retry=Retry(first_wait=0.01)) as opened:
        yield opened
