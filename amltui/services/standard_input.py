"""Standard input as something to look at: kept on this disk while the program runs, then gone.

    input/<12 hex>/content      what came through the pipe
                   lock         held by the process that keeps it
                   cache/       the cache of the session that shows it

in the directory of the cache. What no process holds is removed at the next look, so also what is
left by a `kill -9`.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from amltui.cache import DEFAULT_QUOTA
from amltui.config import paths
from amltui.config.connection_values import input_address
from amltui.config.quota import cache_quota
from amltui.disk import PRIVATE_FILE, is_locked, lock, private_dir
from amltui.errors import LocalError
from amltui.workspaces.arrival import Arrival

_INPUT: Final = "input"


@contextlib.contextmanager
def standard_input(descriptor: int) -> Iterator[str]:
    """Keep what comes through a pipe until the block ends; the address to look at it.

    The descriptor is closed here. At most as many bytes are kept as the cache may take.

    Raises:
        LocalError: no file can be made for it.
        ConfigError: the quota of the settings is no size.
    """
    sweep()
    quota = cache_quota()
    with _directory() as directory:
        arrival = Arrival(directory / "content", DEFAULT_QUOTA if quota is None else quota)
        arrival.begin(descriptor)
        try:
            yield input_address(arrival.path)
        finally:
            arrival.forget()


@contextlib.contextmanager
def _directory() -> Iterator[Path]:
    """A directory of this process alone, removed with all in it at the end."""
    try:
        directory = private_dir(paths.cache_dir() / _INPUT / uuid.uuid4().hex[:12])
    except OSError:
        try:
            directory = Path(tempfile.mkdtemp(prefix="amltui-"))
        except OSError as error:
            raise LocalError(f"Standard input cannot be kept: {error.strerror}") from None
    try:
        descriptor = os.open(directory / "lock", os.O_CREAT | os.O_WRONLY, PRIVATE_FILE)
        try:
            with contextlib.suppress(OSError):  # a file system without locks
                lock(descriptor)
            yield directory
        finally:
            os.close(descriptor)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def sweep() -> None:
    """Remove what processes that are gone left behind."""
    with contextlib.suppress(OSError):
        for directory in (paths.cache_dir() / _INPUT).iterdir():
            if not is_locked(directory / "lock"):
                shutil.rmtree(directory, ignore_errors=True)
