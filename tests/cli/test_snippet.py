"""Code that `amltui snippet` prints, run as it is printed, against a real server."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support import services
from tests.support.server import ROOT

pytestmark = pytest.mark.slow  # each snippet runs in an interpreter of its own

AS_AZUREML = "import sys, amltui; sys.modules['azureml'] = amltui\n"
"""amltui answers to the old client's names: also where that one no longer runs."""


@pytest.fixture
def program(amltui):
    """An `amltui` on the path, as an installation makes one."""
    script = amltui.home / "bin" / "amltui"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m amltui "$@"\n')
    script.chmod(0o700)
    amltui.environment["PATH"] = f"{script.parent}:{amltui.environment['PATH']}"
    return amltui


def run(amltui, *command: str, code: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        input=code,
        env=amltui.environment,
        cwd=amltui.home,
        capture_output=True,
        text=True,
        check=True,
    )


@pytest.mark.parametrize("with_token", [False, True])
@pytest.mark.parametrize("kind", ["amltui", "azureml", "pandas"])
def test_python_code_runs_as_printed(program, shared_server, kind, with_token):
    options = ["--with-token"] if with_token else []
    done = program("snippet", "Iris", "--for", kind, *options)
    assert done.code == 0, done.err
    assert (shared_server.token in done.out) is with_token
    assert ("Do not share it" in done.err) is with_token
    if with_token:
        for name in ("ENDPOINT", "WORKSPACE_ID", "TOKEN"):
            del program.environment[f"AMLTUI_{name}"]
    shim = AS_AZUREML if kind == "azureml" else ""
    code = f"{shim}{done.out}\nprint(df.shape)\n"
    assert run(program, sys.executable, "-", code=code).stdout == "(150, 5)\n"


@pytest.mark.parametrize("with_token", [False, True])
def test_code_for_the_old_client_runs_there_as_printed(program, with_token):
    python = services.old_client_python()
    done = program("snippet", "Iris", "--for", "azureml", *(["--with-token"] * with_token))
    if with_token:
        del program.environment["AMLTUI_TOKEN"]
    assert run(program, python, "-", code=f"{done.out}\nprint(df.shape)\n").stdout == "(150, 5)\n"


def test_shell_code_runs_as_printed(program):
    name = 'it\'s a "name" $HOME `id`.csv'
    assert program("put", "-", "--name", name, data="a\n1\n").code == 0
    code = program("snippet", name, "--for", "cli").out
    path = run(program, "sh", "-e", code=code).stdout.strip()
    assert (program.home / path).read_text() == "a\n1\n"


def test_with_a_profile_the_code_names_it_and_holds_no_secret(program, shared_server):
    settings = shared_server.data / "settings.json"
    assert program("profile", "add", "team", "--from", settings, "--endpoint",
                   shared_server.endpoint).code == 0  # fmt: skip
    for name in ("ENDPOINT", "WORKSPACE_ID", "TOKEN"):
        del program.environment[f"AMLTUI_{name}"]
    done = program("snippet", "Iris", "--profile", "team")
    assert "profile='team'" in done.out
    assert shared_server.token not in done.out
    code = f"{done.out}\nprint(len(df))\n"
    assert run(program, sys.executable, "-", code=code).stdout == "150\n"


def test_a_token_in_code_needs_an_owner(program, shared_server):
    made = subprocess.run(
        [sys.executable, "-m", "amltui", "token", "create", "snippet reader", "--data",
         str(shared_server.data)],
        capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    program.use(shared_server, made.stdout.strip())
    done = program("snippet", "Iris", "--with-token")
    assert (done.code, done.out) == (4, "")
    assert program("snippet", "Iris").code == 0


def test_what_pandas_cannot_read_is_said(program):
    done = program("snippet", "Breast cancer data", "--for", "pandas")
    assert done.code == 7
    assert "--for amltui" in done.err
