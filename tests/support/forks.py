"""Commands in processes of their own that need not import the program first.

Importing is most of what a short command costs, and it is the same each time. One process does it
once and forks for each command: the child has its own arguments, environment, directory and
standard streams, runs `amltui.__main__.main` and ends as the program does. What start-up itself
does is tested elsewhere, with processes that start from nothing.
"""

from __future__ import annotations

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
from typing import NoReturn, Self

from tests.support.server import ROOT

_LARGEST = 1 << 17
"""Bytes of one request: arguments and environment."""
_SECONDS = 120

_IMPORTED = (
    "cyclopts",
    "duckdb",
    "rich.console",
    "rich.table",
    "amltui.cli.app",
    "amltui.cli.completion",
    "amltui.cli.diagnosis",
    "amltui.cli.listing",
    "amltui.cli.progress",
    "amltui.formats",
    "amltui.server.admin",
    "amltui.services.experiments",
    "amltui.services.previews",
    "amltui.services.session",
    "amltui.services.snippets",
    "amltui.services.unfinished",
    "amltui.tables.export",
    "amltui.tables.queries",
    "amltui.transfers",
    "amltui.workspaces.studio",
)


class Forks:
    """The process that forks; use it as a context."""

    def __init__(self) -> None:
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * _LARGEST)
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.forks", str(theirs.fileno())],
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

    def run(
        self, arguments: list[str], environment: dict[str, str], place: Path, data: bytes = b""
    ) -> tuple[int, bytes, bytes]:
        """Run `amltui` with `data` as standard input: exit code, output, errors.

        A code below 0 is the number of the signal that ended it, as for `subprocess`. Several
        threads may run commands at once.
        """
        asked = json.dumps([arguments, environment, str(place)]).encode()
        read, written = os.pipe()
        with (
            tempfile.TemporaryFile() as given,
            tempfile.TemporaryFile() as out,
            tempfile.TemporaryFile() as err,
            os.fdopen(read) as ended,
        ):
            given.write(data)
            given.seek(0)
            streams = [given.fileno(), out.fileno(), err.fileno(), written]
            socket.send_fds(self._ours, [asked], streams)
            os.close(written)
            assert select.select([ended], [], [], _SECONDS)[0], f"{arguments} did not end"
            code = int(ended.read())
            out.seek(0)
            err.seek(0)
            return code, out.read(), err.read()


def _serve(channel: socket.socket) -> None:
    """Fork for each request until nobody asks any more; a child never returns from here."""
    import gc
    import importlib

    from amltui.cli.registry import COMMANDS
    from amltui.cli.session import prepared

    prepared()
    targets = [one.target for command in COMMANDS for one in (command, *command.commands)]
    modules = {f"amltui.cli.commands.{target.partition(':')[0]}" for target in targets if target}
    for name in (*_IMPORTED, *sorted(modules)):
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
    arguments: list[str], environment: dict[str, str], place: str, streams: list[int]
) -> NoReturn:
    """Run a command in a process of its own, and tell how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    ended = streams.pop()
    child = os.fork()
    if not child:
        os.close(ended)
        _become(arguments, environment, place, streams)
    _, status = os.waitpid(child, 0)
    os.write(ended, str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _become(
    arguments: list[str], environment: dict[str, str], place: str, streams: list[int]
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
    from amltui.__main__ import main

    code = 1
    try:
        code = main()
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
    _serve(socket.socket(fileno=int(sys.argv[1])))
