"""Directories for questions, and what is left of those whose process is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from amltui.tables.scratch import Scratch

HOLD = """
import sys, time
from pathlib import Path
from amltui.tables.scratch import Scratch
held = Scratch(Path(sys.argv[1]), "query-")
(held.path / "order").write_text("1")
print(held.path, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path):
    """Another process that holds a directory, and the directory, as if made long ago."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        path = process.stdout.readline().strip()
        os.utime(path, (0, 0))
        yield process, path
        process.kill()


def test_what_a_killed_process_left_is_removed_with_the_next_directory(tmp_path, other):
    process, path = other
    process.send_signal(signal.SIGKILL)
    process.wait()
    with Scratch(tmp_path, "query-") as mine:
        assert [str(one) for one in tmp_path.iterdir()] == [str(mine.path)]
    assert not os.path.exists(path)  # noqa: PTH110 - a path of another process
    assert not list(tmp_path.iterdir())


def test_what_another_process_uses_stays(tmp_path, other):
    _, path = other
    with Scratch(tmp_path, "query-"):
        assert os.listdir(path) == ["order"]  # noqa: PTH208 - as above


def test_what_a_process_leaves_open_goes_with_its_end(tmp_path, other):
    process, _ = other
    process.stdin.close()
    assert process.wait() == 0
    assert not list(tmp_path.iterdir())


def test_other_files_beside_it_stay(tmp_path):
    (tmp_path / "query-file").write_text("a file")
    (tmp_path / "table").mkdir()
    for path in tmp_path.iterdir():
        os.utime(path, (0, 0))
    Scratch(tmp_path, "query-").close()
    assert {path.name for path in tmp_path.iterdir()} == {"query-file", "table"}
