"""An Azure ML workspace of the tests, and amltui connected to it."""

from __future__ import annotations

import obstore
import pytest
from obstore.store import AzureStore

from amltui.cache import Cache
from amltui.config.azure import AzureWorkspaceId, cloud_of
from amltui.transfers import Options, Transfers
from amltui.transfers.folder_files import folder_at
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
def put_folder(tmp_path):
    """Uploads a folder by a queue of its own, which is not there any more when it returns."""

    async def put(workspace, folder, name="days", *, description="", replaces=None, **options):
        given = {"attempts": 3, "offline_timeout": 3.0, "attended": False} | options
        with Cache(tmp_path / "cache", 10**9) as cache:
            async with Transfers(workspace, cache, options=Options(**given)) as queue:
                found = folder_at(folder)
                begun = queue.upload_folder(
                    found, name=name, description=description, replaces=replaces
                )
                done = await queue.finished(begun.id)
                assert (done.done, done.total) == (found.size, found.size)
                return done.dataset_id

    return put


@pytest.fixture
async def workspace(azure):
    cloud = cloud_of(MANAGER, source="the tests")
    async with AzureMLWorkspace(HERE, cloud, retry=Retry(first_wait=0.01)) as opened:
        yield opened
