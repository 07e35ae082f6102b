"""What happens to the program when its terminal goes away."""

import os
import pty
import signal
import subprocess
import sys

import pytest

ITSELF = [sys.executable, "-m", "amltui"]
DEAF = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh"]
"""What a background of a script may start with."""


@pytest.mark.parametrize("command", [ITSELF, [*ITSELF, "pick"], [*DEAF, *ITSELF]])
def test_the_program_ends_with_its_terminal_also_when_nobody_says_so(command, tmp_path):
    ours, theirs = pty.openpty()
    names = {f"AMLTUI_{name}_DIR": str(tmp_path / name) for name in ("CONFIG", "CACHE", "DATA")}
    process = subprocess.Popen(
        command,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        # A session of its own without a controlling terminal: no SIGHUP will come.
        start_new_session=True,
        env={**os.environ, **names, "TERM": "xterm-256color"},
    )
    try:
        os.close(theirs)
        os.read(ours, 1)  # it has begun to draw
        os.close(ours)
        assert process.wait(60) == -signal.SIGHUP
    finally:
        process.kill()
        process.wait()
