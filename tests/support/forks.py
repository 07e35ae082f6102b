"""Commands and servers in processes of their own that need not import the program first.

Importing is most of what a short command or the start of a server costs, and it is the same each
time. One process does it once and forks for each of them: the child has its own arguments,
environment, directory and standard streams, runs a function of the program and ends as the program
does. What start-up itself does is tested elsewhere, with processes that start from nothing.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path
from types import TracebackType
from typing import IO, NoReturn, Self

ROOT = Path(__file__).parents[2]
_LARGEST = 1 << 17
"""Bytes of one request: arguments and environment."""
_SECONDS = 600
"""How long a command may take on a busy machine."""

OF_COMMANDS = (
    "anyio._backends._asyncio",
    "cyclopts",
    "cyclopts.help",
    "duckdb",
    "encodings.idna",
    "h11",
    "httpcore",
    "httpx",
    "rich.console",
    "rich.table",
    "amltui.__main__",
    "amltui.cli.app",
    "amltui.cli.completion",
    "amltui.cli.diagnosis",
    "amltui.cli.help_format",
    "amltui.cli.ls",
    "amltui.cli.progress",
    "amltui.formats",
    "amltui.server.admin",
    "amltui.services.conversion",
    "amltui.services.dialects",
    "amltui.services.experiments",
    "amltui.services.previews",
    "amltui.services.selection",
    "amltui.services.session",
    "amltui.services.snippets",
    "amltui.services.unfinished",
    "amltui.services.whole_tables",
    "amltui.tables.export",
    "amltui.tables.queries",
    "amltui.tables.queries.answers",
    "amltui.tables.queries.engine",
    "amltui.tables.queries.numeric",
    "amltui.tables.queries.parquet",
    "amltui.tables.queries.sample",
    "amltui.tables.queries.select",
    "amltui.tables.queries.summary",
    "amltui.transfers",
    "amltui.workspaces.azureml.contents",
    "amltui.workspaces.azureml.workspace",
    "amltui.workspaces.folder.store_azure",
    "amltui.workspaces.folder.workspace",
    "amltui.workspaces.http.client",
    "amltui.workspaces.http.network",
    "amltui.workspaces.http.proxies",
    "amltui.workspaces.http.transport",
    "amltui.workspaces.opening",
    "amltui.workspaces.studio",
    "amltui.workspaces.studio.contents",
)
OF_SERVERS = (
    "aiosqlite",
    "anyio._backends._asyncio",
    "concurrent.futures.thread",
    "granian.server.embed",
    "importlib.resources.readers",
    "amltui.server.database.inline",
    "amltui.server.run",
    "tests.support.server",
)


class Forked:
    """A process that was forked; what `subprocess.Popen` has of the same name means the same.

    `stdin`, `stdout`: our ends of its pipes, where it was given any.
    """

    def __init__(self, ended: int, stdin: IO[bytes] | None, stdout: IO[bytes] | None) -> None:
        self._ended = os.fdopen(ended)
        self.stdin = stdin
        self.stdout = stdout
        self.returncode: int | None = None
        self.pid = int(self._ended.readline())

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end: its exit code, or the number of the signal that ended it, below 0."""
        if self.returncode is None:
            if not select.select([self._ended], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
            self.returncode = int(self._ended.read())
            self._ended.close()
        return self.returncode

    def poll(self) -> int | None:
        """Its exit code, None while it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


class Forks:
    """The process that forks, which imports `modules` first; use it as a context."""

    def __init__(self, *modules: str) -> None:
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * _LARGEST)
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.forks", str(theirs.fileno()), *modules],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                cwd=ROOT,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._ours.close()
        self._process.kill()
        self._process.wait()

    def start(
        self,
        function: str,
        arguments: list[str],
        environment: dict[str, str],
        place: Path,
        streams: list[int],
        *,
        pipes: tuple[IO[bytes] | None, IO[bytes] | None] = (None, None),
    ) -> Forked:
        """Run `module:function` with `arguments` as those of the program.

        `streams`: its standard streams. `pipes`: our ends of the first two. Several threads may
        start processes at once.
        """
        asked = json.dumps([function, arguments, environment, str(place)]).encode()
        read, written = os.pipe()
        socket.send_fds(self._ours, [asked], [*streams, written])
        os.close(written)
        return Forked(read, *pipes)

    def run(
        self, arguments: list[str], environment: dict[str, str], place: Path, data: bytes = b""
    ) -> tuple[int, bytes, bytes]:
        """Run `amltui` with `data` as standard input: exit code, output, errors.

        A code below 0 is the number of the signal that ended it, as for `subprocess`. Several
        threads may run commands at once.
        """
        with (
            tempfile.TemporaryFile() as given,
            tempfile.TemporaryFile() as out,
            tempfile.TemporaryFile() as err,
        ):
            given.write(data)
            given.seek(0)
            streams = [given.fileno(), out.fileno(), err.fileno()]
            process = self.start(COMMAND, arguments, environment, place, streams)
            try:
                code = process.wait(_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise
            out.seek(0)
            err.seek(0)
            return code, out.read(), err.read()


COMMAND = "amltui.__main__:main"


def of_commands() -> Forks:
    """What runs commands."""
    return Forks(*OF_COMMANDS)


@functools.cache
def of_servers() -> Forks:
    """What runs servers: one for all tests of this process, which ends with it."""
    return Forks(*OF_SERVERS)


def _serve(channel: socket.socket, modules: list[str]) -> None:
    """Fork for each request until nobody asks any more; a child never returns from here."""
    import gc

    if "amltui.cli.app" in modules:
        from amltui.cli.registry import COMMANDS

        targets = [one.target for command in COMMANDS for one in (command, *command.commands)]
        found = {f"amltui.cli.commands.{target.partition(':')[0]}" for target in targets if target}
        modules = [*modules, *sorted(found)]
    for name in modules:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # children that look for garbage in all of this would copy it
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that wait
    while True:
        asked, streams, _, _ = socket.recv_fds(channel, _LARGEST, 4)
        if not asked:
            return
        if not os.fork():
            channel.close()
            _wait_for_child(*json.loads(asked), streams)
        for stream in streams:
            os.close(stream)


def _wait_for_child(
    function: str,
    arguments: list[str],
    environment: dict[str, str],
    place: str,
    streams: list[int],
) -> NoReturn:
    """Run a function in a process of its own, and tell which one and how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    ended = streams.pop()
    child = os.fork()
    if not child:
        os.close(ended)
        _become(function, arguments, environment, place, streams)
    for stream in streams:
        os.close(stream)
    os.write(ended, f"{child}\n".encode())
    _, status = os.waitpid(child, 0)
    os.write(ended, str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _become(
    function: str,
    arguments: list[str],
    environment: dict[str, str],
    place: str,
    streams: list[int],
) -> NoReturn:
    """Be the program, and end with its code."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(place)
    sys.argv = ["amltui", *arguments]
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, "utf-8", "backslashreplace", closefd=False)
    module, _, name = function.partition(":")

    code = 1
    try:
        code = getattr(importlib.import_module(module), name)()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:  # noqa: BLE001 - as the interpreter does with what nobody caught
        traceback.print_exc()
    # As at the end of an interpreter, without taking the modules apart, which takes as long again.
    import atexit
    import threading

    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
    except OSError:
        code = 120
    os._exit(code)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])), sys.argv[2:])
