"""A home of its own for every test, and one real server for all of them."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support.forks import Forks
from tests.support.server import ROOT, RunningServer, running_server


class Done(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its one document."""
        return json.loads(self.out)


class Commands:
    """Runs `amltui` as people do: in a process of its own, with a home of its own."""

    def __init__(self, home: Path, forks: Forks):
        self.home = home
        self._forks = forks
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("AMLTUI_")},
            "HOME": str(home),
            "AMLTUI_CONFIG_DIR": str(home / "config"),
            "AMLTUI_CACHE_DIR": str(home / "cache"),
            "AMLTUI_DATA_DIR": str(home / "data"),
            "PYTHONPATH": str(ROOT),
        }

    def use(self, server: RunningServer, token: str | None = None) -> None:
        """Speak to `server` from now on."""
        self.environment["AMLTUI_ENDPOINT"] = server.endpoint
        self.environment["AMLTUI_WORKSPACE_ID"] = server.workspace_id
        self.environment["AMLTUI_TOKEN"] = token or server.token

    def start(self, *arguments: object, **settings: Any) -> subprocess.Popen[bytes]:
        """Start the program from nothing, to watch it while it works."""
        command = [sys.executable, "-m", "amltui", *map(str, arguments)]
        settings.setdefault("cwd", self.home)
        return subprocess.Popen(command, env=self.environment, **settings)

    def bytes(self, *arguments: object, data: bytes = b"") -> tuple[int, bytes, bytes]:
        """Run a command to its end; exit code, output, errors."""
        return self._forks.run(list(map(str, arguments)), self.environment, self.home, data)

    def __call__(self, *arguments: object, data: str = "") -> Done:
        """As `bytes`, with texts."""
        code, out, err = self.bytes(*arguments, data=data.encode())
        return Done(code, out.decode(), err.decode())


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server for all tests: each uses names of its own."""
    with running_server(tmp_path_factory.mktemp("server") / "data") as server:
        yield server


@pytest.fixture(scope="session")
def completion(tmp_path_factory: pytest.TempPathFactory, forks: Forks) -> Callable[[str], str]:
    """Gives the completion script for a shell: to make one, every command is loaded."""
    commands = Commands(tmp_path_factory.mktemp("completion"), forks)

    @functools.cache
    def script(shell: str) -> str:
        done = commands("completion", shell)
        assert done.code == 0, done.err
        return done.out

    return script


@pytest.fixture
def alone(tmp_path: Path, forks: Forks) -> Commands:
    """Commands without any workspace set."""
    return Commands(tmp_path, forks)


@pytest.fixture
def amltui(alone: Commands, shared_server: RunningServer) -> Commands:
    """Commands that speak to the shared server."""
    alone.use(shared_server)
    return alone
