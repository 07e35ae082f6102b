"""One real server for all tests of the library; each test uses datasets of its own names."""

import itertools

import pytest

import amltui
from tests.support.server import running_server

_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    with running_server(tmp_path_factory.mktemp("api")) as running:
        yield running


@pytest.fixture
def ws(server):
    with amltui.Workspace(server.workspace_id, server.token, server.endpoint) as workspace:
        yield workspace


@pytest.fixture
async def aws(server):
    async with amltui.AsyncWorkspace(
        server.workspace_id, server.token, server.endpoint
    ) as workspace:
        yield workspace


@pytest.fixture
def name():
    """A dataset name that no other test uses."""
    return f"dataset {next(_NUMBERS)}"


@pytest.fixture
def environment(monkeypatch, tmp_path, server):
    """A machine whose environment names the server."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AMLTUI_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("AMLTUI_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("AMLTUI_ENDPOINT", server.endpoint)
    monkeypatch.setenv("AMLTUI_WORKSPACE_ID", server.workspace_id)
    monkeypatch.setenv("AMLTUI_TOKEN", server.token)
