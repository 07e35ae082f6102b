from __future__ import annotations

import pytest

from tests.support import services


@pytest.fixture(scope="session")
def postgres():
    with services.postgres() as running:
        yield running


@pytest.fixture(scope="session")
def azurite():
    with services.azurite() as running:
        yield running
