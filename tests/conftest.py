from __future__ import annotations

import os

import pytest
from hypothesis import settings

from tests.support import services

# The gate gives the same verdict for the same commit; everywhere else each run looks elsewhere.
settings.register_profile("gate", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("gate")


@pytest.fixture(scope="session")
def postgres():
    with services.postgres() as running:
        yield running


@pytest.fixture(scope="session")
def azurite():
    with services.azurite() as running:
        yield running


@pytest.fixture(scope="session")
def moto():
    with services.moto() as running:
        yield running
