"""Completion in shells on a real terminal, as somebody who presses Tab meets it."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import termios
import time

import pytest

from tests.support.services import missing

START = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], "bind 'set enable-bracketed-paste off'"),
    "zsh": (
        ["zsh", "-f", "-i"],
        "autoload -U compinit; compinit -u -D; unsetopt zle_bracketed_paste",
    ),
    "fish": (["fish", "--no-config", "--interactive"], "true"),
}

ESCAPES = re.compile(r"\x1b(?:\[[0-9;?>]*[A-Za-z]|\][^\x07]*\x07|[()]B|[=>])")


class Shell:
    """An interactive shell on a terminal of its own."""

    def __init__(self, name, environment, home):
        if shutil.which(name) is None:
            missing(name, f"apt-get install {name}")
        command, setup = START[name]
        # On a dumb terminal fish shows no list.
        terminal = "xterm" if name == "fish" else "dumb"
        self._master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (50, 200))
        self.process = subprocess.Popen(
            # fish wants the terminal to be its own.
            ["setsid", "--ctty", *command], stdin=slave, stdout=slave, stderr=slave, cwd=home,
            env={**environment, "TERM": terminal, "PS1": "$ ", "COLUMNS": "200"},
        )  # fmt: skip
        os.close(slave)
        self._seen = ""
        self.type(f"{setup}; source ./script; echo rea''dy\r")
        self.wait_for("ready")

    def type(self, keys):
        """Press keys."""
        os.write(self._master, keys.encode())

    def wait_for(self, text):
        """Read the screen until `text` was drawn after what was waited for before."""
        end = time.monotonic() + 60
        while text not in self._seen:
            ready, _, _ = select.select([self._master], [], [], max(0.0, end - time.monotonic()))
            assert ready, self._seen[-2000:]
            read = os.read(self._master, 65536).decode(errors="replace")
            self._seen = ESCAPES.sub("", self._seen + read)
        self._seen = self._seen.partition(text)[2]

    def close(self):
        """End it."""
        self.process.kill()
        self.process.wait()
        os.close(self._master)


@pytest.fixture(params=["bash", "zsh", "fish"])
def shell(amltui, completion, request):
    """A shell that knows the list of the shared server and can run the program."""
    script = amltui.home / "bin" / "amltui"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m amltui "$@"\n')
    script.chmod(0o700)
    amltui.environment["PATH"] = f"{script.parent}:{amltui.environment['PATH']}"
    assert amltui("ls").code == 0
    assert amltui("head", "Iris").code == 0
    assert amltui("sql", "Iris", "select 1").code == 0
    (amltui.home / "only-file.csv").write_text("a\n1\n")
    (amltui.home / "script").write_text(completion(request.param))
    shell = Shell(request.param, amltui.environment, amltui.home)
    shell.name = request.param
    yield shell
    shell.close()


def test_tab_completes_commands_names_columns_types_and_files(shell):
    shell.type("echo amltui-1\x15amltui snip\t")
    shell.wait_for("snippet ")
    shell.type("\x15amltui get Airp\t")
    shell.wait_for("Dataset")
    shell.type("\x15amltui get Iris@l\t")
    shell.wait_for("Iris@latest")
    shell.type("\x15amltui put only-f\t")
    shell.wait_for("only-file.csv")
    shell.type("\x15amltui put only-file.csv --type GenericCSVN\t")
    shell.wait_for("GenericCSVNoHeader")
    shell.type("\x15amltui stats Iris petal_w\t")
    shell.wait_for("petal_width")


def test_tab_says_what_each_candidate_is(shell):
    # bash lists at the second press, where the first has nothing to add.
    again = "\t\t" if shell.name == "bash" else "\t"
    shell.type(f"\x15amltui tra{again}")
    shell.wait_for("transfers")
    shell.type(f"\x15amltui get A{again}")
    shell.wait_for("GenericCSV, 102 KiB")
    shell.type(f"\x15amltui snippet Iris --for a{again}")
    shell.wait_for("Python with the old client")
    shell.type(f"\x15amltui ls --{again}")
    shell.wait_for("Print one JSON document")
