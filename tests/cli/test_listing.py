"""`ls`: which datasets, in which order and in which form."""

from __future__ import annotations

import csv
import io
import socket

import pytest

from tests.cli.terminal import Terminal

SIZES = {"b, two": 20, "a one": 10, "C three": 30}


@pytest.fixture
def listed(alone):
    """Lists a folder with three files of known sizes and ages."""
    import os
    import time

    folder = alone.home / "folder"
    folder.mkdir()
    for name, size in SIZES.items():
        (folder / name).write_bytes(bytes(size))
        # Three days apart: the smallest is the newest.
        then = time.time() - 86_400 * 0.3 * size
        os.utime(folder / name, (then, then))
    return lambda *options: alone("--at", "folder", "ls", *options)


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--sort", "name"], ["a one", "b, two", "C three"]),
        (["--sort", "size"], ["C three", "b, two", "a one"]),
        (["--sort=size", "--reverse"], ["a one", "b, two", "C three"]),
        (["--sort", "date"], ["a one", "b, two", "C three"]),
        (["--since", "5 days ago"], ["a one"]),
        (["--since", "1 week ago", "--sort", "size"], ["b, two", "a one"]),
    ],
)
def test_datasets_are_chosen_and_sorted(listed, options, names):
    done = listed(*options, "--format", "names0")
    assert (done.code, done.out.split("\0")) == (0, [*names, ""])


def test_each_form_has_the_columns_that_were_asked_for(listed):
    options = ("--sort", "name", "--columns", "size,name")
    assert listed(*options).out == "10\ta one\n20\tb, two\n30\tC three\n"
    assert listed(*options, "--format", "tsv").out == listed(*options).out
    rows = list(csv.reader(io.StringIO(listed(*options, "--format", "csv").out)))
    assert rows == [["size", "name"], ["10", "a one"], ["20", "b, two"], ["30", "C three"]]
    assert listed(*options, "--format", "table").out.split("\n")[0].split() == ["SIZE", "NAME"]
    document = listed("--sort", "name", "--format", "json").json
    assert [one["size"] for one in document] == [10, 20, 30]
    assert document == listed("--sort", "name", "--json").json


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--columns", "nmae"], "There are: name, type"),
        (["--sort", "colour"], "name"),
        (["--since", "when pigs fly"], "--since"),
        (["--json", "--format", "csv"], "exclude each other"),
        (["--columns", "name", "--format", "names0"], "--columns does not go with names0"),
    ],
)
def test_options_that_make_no_sense_are_refused(listed, options, words):
    done = listed(*options)
    assert (done.code, done.out) == (2, "")
    assert words in done.err


def test_on_a_terminal_a_server_that_does_not_answer_is_said_once_while_it_is_waited_for(alone):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        alone.environment |= {
            "AMLTUI_ENDPOINT": f"http://127.0.0.1:{silent.getsockname()[1]}/",
            "AMLTUI_WORKSPACE_ID": "w" * 32,
            "AMLTUI_TOKEN": "t",
        }
        terminal = Terminal(alone, "ls")
        terminal.wait_for(b"127.0.0.1 does not answer yet; waiting (Ctrl-C ends it).")
        connection, _ = silent.accept()
        connection.close()
        again, _ = silent.accept()  # it is asked again
        with again:
            terminal.type(b"\x03")
            terminal.end()
        assert terminal.process.returncode == 130
        assert terminal.seen.count(b"does not answer") == 1
