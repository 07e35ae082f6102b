from __future__ import annotations

import contextlib
import os
from urllib.parse import urlsplit

import pytest

from amltui.cache import Cache
from amltui.cache.entries import without_links
from amltui.transfers import Options, Transfers
from amltui.workspaces.studio import Retry, StudioWorkspace
from tests.support.proxy import fault_proxy
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
    """Puts bytes into the workspace; the dataset, without a link to one host."""

    async def store(data: bytes, name: str | None = None, family_id: str | None = None):
        path = tmp_path / f"source-{os.urandom(4).hex()}"
        path.write_bytes(data)
        name = name or f"dataset {os.urandom(6).hex()}"
        begun = transfers.upload(path, name=name, data_type_id="GenericCSV", replaces=family_id)
        done = await transfers.finished(begun.id)
        return without_links(await workspace.dataset(done.dataset_id))

    return store


@pytest.fixture
async def line(server, tmp_path):
    """Opens a queue behind a fault proxy."""
    async with contextlib.AsyncExitStack() as stack:

        async def open_line(rule=None, *, quota=10**9, **options):
            port = urlsplit(server.endpoint).port
            proxy = await stack.enter_async_context(fault_proxy(port, rule))
            workspace = await stack.enter_async_context(
                StudioWorkspace(
                    proxy.endpoint,
                    server.workspace_id,
                    server.token,
                    key="line",
                    retry=Retry(attempts=1),
                )
            )
            cache = stack.enter_context(Cache(tmp_path / "line", quota))
            transfers = await stack.enter_async_context(
                Transfers(workspace, cache, options=Options(**options))
            )
            return transfers, proxy

        yield open_line
