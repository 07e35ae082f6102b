from __future__ import annotations

import httpx
import pytest

from tests.support.server import running_server


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running_server(tmp_path_factory.mktemp("data") / "data") as running:
        yield running


@pytest.fixture
def http(server):
    with httpx.Client(base_url=server.url() + "/", headers=server.headers) as client:
        yield client
