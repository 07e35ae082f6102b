from __future__ import annotations

import os
import signal

import pytest
from hypothesis import settings

from tests.support import services

# A script that starts the tests in its background switches these off, for what they start, too.
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
    if signal.getsignal(number) is signal.SIG_IGN:
        usual = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
        signal.signal(number, usual)

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
