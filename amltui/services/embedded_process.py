"""The process of the embedded workspace server, and its beginning ahead of the session.

Whoever runs a program on the local workspace waits for that server. So the program can begin it
before its own imports, which then happen beside those of the server. This module is imported
first: it imports little itself.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path
from typing import IO, Final

from amltui.config import paths, resolve
from amltui.config.children import child_command, child_environment
from amltui.errors import AmltuiError

LOG_LIMIT: Final = 1 << 20
"""Bytes after which the log is begun anew."""

_begun: dict[Path, subprocess.Popen[bytes]] = {}
"""By its data directory, a process that no session has taken yet."""


def begin(profile: str | None) -> None:
    """Begin the embedded server if `profile` means the local workspace; else do nothing.

    What goes wrong is left for the session to meet and say.
    """
    with contextlib.suppress(AmltuiError, OSError):
        if resolve(profile) is None:
            data = paths.data_dir()
            _begun[data] = _spawn(data)


def taken(data: Path) -> subprocess.Popen[bytes]:
    """The server of a data directory: the one that was begun, or a new one. Blocks.

    Raises:
        OSError: its log cannot be written.
    """
    begun = _begun.pop(data, None)
    return begun if begun is not None and begun.poll() is None else _spawn(data)


def log_file(data: Path) -> Path:
    """Where the server of a data directory writes what goes wrong; no secrets in it."""
    return data / "server.log"


def _spawn(data: Path) -> subprocess.Popen[bytes]:
    with _open_log(data) as log:
        return subprocess.Popen(  # noqa: S603 - our own module
            child_command("amltui", "serve", "--embedded", "--data", str(data)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=child_environment(),
            # Ctrl-C in the terminal is for us; we then end the child in order.
            start_new_session=True,
        )


def _open_log(data: Path) -> IO[bytes]:
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(log_file(data), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    log = os.fdopen(descriptor, "ab")
    if log.tell() > LOG_LIMIT:
        log.truncate(0)
    return log
