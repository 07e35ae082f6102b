from __future__ import annotations

import os

import pytest

from amltui.cache import Cache
from amltui.transfers import Transfers
from amltui.workspaces.studio import StudioWorkspace
from tests.support.server import running_server


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    with running_server(tmp_path_factory.mktemp("transfers") / "data") as running:
        yield running


@pytest.fixture
async def workspace(server):
    async with StudioWorkspace(
        server.endpoint, server.workspace_id, server.token, key="test"
    ) as opened:
        yield opened


@pytest.fixture
def cache(tmp_path):
    with Cache(tmp_path / "cache") as one:
        yield one


@pytest.fixture
async def transfers(workspace, cache):
    async with Transfers(workspace, cache) as queue:
        yield queue


@pytest.fixture
def stored(transfers, workspace, tmp_path):
    """Puts bytes into the workspace; the dataset."""

    async def store(data: bytes, name: str | None = None, family_id: str | None = None):
        path = tmp_path / f"source-{os.urandom(4).hex()}"
        path.write_bytes(data)
        name = name or f"dataset {os.urandom(6).hex()}"
        begun = transfers.upload(path, name=name, data_type_id="GenericCSV", family_id=family_id)
        done = await transfers.finished(begun.id)
        return await workspace.dataset(done.dataset_id)

    return store
