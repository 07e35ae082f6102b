from __future__ import annotations

import pytest

from tests.support.server import running_server
from tests.support.studio import Studio

BACKENDS = [
    "sqlite-local",
    "sqlite-azurite",
    "postgres-local",
    "postgres-azurite",
    "postgres-moto",
]


@pytest.fixture(scope="session", params=BACKENDS)
def server(request, tmp_path_factory):
    database, store = request.param.split("-")
    options, environment = {}, {}
    if database == "postgres":
        options["database"] = request.getfixturevalue("postgres").new_database()
    if store != "local":
        service = request.getfixturevalue(store)
        options["contents"] = service.new_container()
        environment = service.environment
    data = tmp_path_factory.mktemp("server") / "data"
    with running_server(data, environment=environment, **options) as running:
        yield running


@pytest.fixture
def studio(server):
    studio = Studio(server)
    yield studio
    for dataset in studio.own().values():
        studio.http.delete(f"datasources/family/{dataset['FamilyId']}")
    studio.close()
