"""The object stores that run on this machine."""

import pytest


@pytest.fixture(params=["moto", "azurite"])
def service(request, monkeypatch):
    found = request.getfixturevalue(request.param)
    for name, value in found.environment.items():
        monkeypatch.setenv(name, value)
    return found


@pytest.fixture
def url(service):
    return service.new_container()
