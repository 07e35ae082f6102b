"""Work that gives way to the screen."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from amltui.priority import BEHIND, behind

PROCESS = """
import os
from pathlib import Path
from amltui.priority import process_gives_way
process_gives_way()
print(os.getpriority(os.PRIO_PROCESS, 0), Path("/proc/self/autogroup").read_text())
"""


@pytest.mark.skipif(not Path("/proc/self/autogroup").exists(), reason="shares are not by session")
def test_a_process_that_leads_a_session_has_that_session_give_way_too():
    told = subprocess.check_output(
        [sys.executable, "-c", PROCESS], text=True, start_new_session=True
    ).split()

    assert int(told[0]) > 0
    assert int(told[-1]) == int(told[0])


@pytest.mark.skipif(not Path("/proc/self/autogroup").exists(), reason="shares are not by session")
def test_a_process_leaves_the_session_alone_that_others_lead():
    before = Path("/proc/self/autogroup").read_text()

    subprocess.run([sys.executable, "-c", PROCESS], check=True, stdout=subprocess.DEVNULL)

    assert Path("/proc/self/autogroup").read_text() == before


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no priority of their own")
async def test_a_function_behind_has_a_thread_that_gives_way_and_no_other_does():
    mine = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    def seen() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    assert await behind(seen) == BEHIND
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == mine
