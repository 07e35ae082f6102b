import re
import subprocess
import sys
from pathlib import Path

import pytest

from amltui.server import run
from tests.support.server import running_server

_TURN = re.compile(r"se\.slice\s*:\s*(\d+)")


def turn(text):
    """Nanoseconds that Linux lets a thread run before another one's turn; it may not say."""
    return [int(number) for number in _TURN.findall(text)]


@pytest.fixture
def usual():
    path = Path("/proc/self/sched")
    found = turn(path.read_text()) if path.exists() else []
    release = tuple(map(int, re.findall(r"\d+", Path("/proc/sys/kernel/osrelease").read_text())))
    if not found or release < (6, 12):
        pytest.skip("this system says nothing of turns, or grants no short ones")
    return found


def test_the_threads_that_answer_have_short_turns(tmp_path, usual):
    with running_server(tmp_path / "data") as server:
        tasks = Path(f"/proc/{server.process.pid}/task").iterdir()
        found = {int(task.name): turn((task / "sched").read_text()) for task in tasks}
    assert found[server.process.pid] < usual  # the one that runs Python
    assert sum(short < usual for short in found.values()) > run._SENDERS


def test_what_a_thread_with_short_turns_starts_has_usual_ones(usual):
    program = (
        "import subprocess; from amltui.server import slices; slices.shorten();"
        "subprocess.run(['cat', '/proc/self/sched'])"
    )
    shown = subprocess.check_output([sys.executable, "-c", program], text=True)
    assert turn(shown) == usual
