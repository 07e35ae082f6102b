from __future__ import annotations

import functools
import os
import signal

import pytest
from hypothesis import settings

from tests.support import services
from tests.support.azure import running_azure
from tests.support.forks import ROOT, of_commands

# A script that starts the tests in its background switches these off, for what they start, too.
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
    if signal.getsignal(number) is signal.SIG_IGN:
        usual = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
        signal.signal(number, usual)

# No test reads or writes the keyring of whoever runs it. `keyring` chooses once for the whole
# process, so one test that asked without this would choose for all that follow.
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"

# The gate gives the same verdict for the same commit; everywhere else each run looks elsewhere.
# No example fails because the machine is busy: pytest's own limit ends what hangs.
settings.register_profile("gate", derandomize=True, deadline=None)
settings.register_profile("elsewhere", deadline=None)
settings.load_profile("gate" if os.environ.get("CI") else "elsewhere")


def pytest_xdist_auto_num_workers(config):
    """More than there are processors: tests mostly wait for the processes that they start."""
    return 2 * (os.cpu_count() or 1)


def pytest_xdist_make_scheduler(config, log):
    """Each file on one worker, for what its tests share; all that ask a Spark beside the same one.

    It takes some ten seconds of two processors to start, for each worker that has such tests.
    """
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    @functools.cache
    def group_of(file):
        return "spark" if "spark_address" in (ROOT / file).read_text("utf-8") else file

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid):
            return group_of(super()._split_scope(nodeid))

    return Scheduling(config, log)


def pytest_collection_modifyitems(items):
    """Files with slow tests first: one that began last would be waited for alone."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def postgres():
    with services.postgres() as running:
        yield running


@pytest.fixture(scope="session")
def azurite():
    with services.azurite() as running:
        yield running


@pytest.fixture(scope="session")
def azure_cloud(tmp_path_factory):
    with running_azure(tmp_path_factory.mktemp("azure")) as running:
        yield running


@pytest.fixture(scope="session")
def spark_address():
    with services.spark() as address:
        yield address


@pytest.fixture(scope="session")
def gcs():
    with services.gcs() as running:
        yield running


@pytest.fixture(scope="session")
def forks():
    """What runs commands without importing the program for each of them."""
    with of_commands() as found:
        yield found


@pytest.fixture(scope="session")
def moto():
    with services.moto() as running:
        yield running
