"""Files and folders that whoever runs the program may not read."""

from __future__ import annotations

import subprocess
import sys

import pytest

RUN = """
import ctypes, os, sys
for power in (1, 2):  # of root: to read and to write what permissions forbid
    ctypes.CDLL(None).prctl(24, power, 0, 0, 0)
os.execv(sys.executable, [sys.executable, "-m", "amltui", *sys.argv[1:]])
"""


@pytest.fixture
def forbidden(alone):
    """Runs commands for whom permissions hold, also where the tests are run by root."""
    folder = alone.home / "data"
    folder.mkdir()
    for name in ("a", "secret"):
        (folder / f"{name}.csv").write_text("a\n1\n")
    (folder / "closed").mkdir()
    (folder / "secret.csv").chmod(0)
    (folder / "closed").chmod(0)

    def run(*words):
        return subprocess.run(
            [sys.executable, "-c", RUN, *words],
            env=alone.environment,
            cwd=alone.home,
            capture_output=True,
            text=True,
            check=False,
        )

    yield run
    for path in (folder, folder / "closed"):
        path.chmod(0o700)


def test_a_folder_that_may_not_be_read_says_so_and_the_others_are_listed(forbidden, alone):
    listed = forbidden("--at", "data/", "ls")
    assert listed.returncode == 0
    assert [line.split("\t")[0] for line in listed.stdout.splitlines()] == ["a.csv", "secret.csv"]
    assert "1 of 3 entries of the list could not be read" in listed.stderr
    (alone.home / "data").chmod(0)
    shut = forbidden("--at", "data/", "ls")
    assert (shut.returncode, shut.stdout) == (4, "")
    assert "No permission for" in shut.stderr


def test_a_file_that_may_not_be_read_fails_alone_and_leaves_nothing(forbidden, alone):
    got = forbidden("--at", "data/", "get", "secret.csv", "-o", "x.csv")
    assert got.returncode == 4
    assert "No permission for" in got.stderr
    assert not (alone.home / "x.csv").exists()
    (alone.home / "to").mkdir()
    copied = forbidden("cp", "data/", "to/")
    assert copied.returncode == 4
    assert '"secret.csv"' in copied.stderr
    assert "1 of 3 entries of the list could not be read" in copied.stderr
    assert [path.name for path in (alone.home / "to").iterdir()] == ["a.csv"]


@pytest.mark.parametrize("words", [["head"], ["stats"], ["sql"], ["get"]])
def test_every_command_answers_alike_of_a_file_that_may_not_be_read(forbidden, words):
    more = ["select 1 from data"] if words == ["sql"] else []
    done = forbidden("--at", "data/", *words, "secret.csv", *more)
    assert done.returncode == 4
    assert "Check its owner and permissions." in done.stderr


@pytest.mark.parametrize("words", [["put", "data/secret.csv"], ["diff", "data/a.csv"]])
def test_what_may_not_be_read_is_neither_sent_nor_compared(forbidden, words):
    done = forbidden(*words, *(["data/secret.csv"] if words[0] == "diff" else []))
    assert done.returncode == 4
    assert "Check its owner and permissions." in done.stderr


def test_a_folder_that_may_not_be_written_takes_no_copy(forbidden, alone):
    (alone.home / "to").mkdir()
    (alone.home / "to").chmod(0o500)
    copied = forbidden("cp", "data/a.csv", "to/")
    assert copied.returncode == 4
    assert "No permission for" in copied.stderr
    assert list((alone.home / "to").iterdir()) == []
