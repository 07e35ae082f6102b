"""Copies of what came through a pipe, kept until their upload is over.

    transfers/spool-<12 hex><extension>

An upload may have to read a part again, which a pipe cannot. The process that fills a copy holds
a lock on it. What no process holds and no unfinished upload needs is deleted at the next look at
the journal, so also after a `kill -9`.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import uuid
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO, Final

from amltui.disk import PRIVATE_FILE, is_locked, lock, private_dir

_PREFIX: Final = "spool-"


@contextlib.contextmanager
def spool(directory: Path, *, suffix: str = "") -> Iterator[tuple[IO[bytes], Path]]:
    """A new file to fill, and its path.

    It is nobody's to delete within the block; afterwards `sweep` deletes it unless an unfinished
    upload needs it. Where `directory` cannot be written it is a file without a name, which ends
    with this process.
    """
    try:
        private_dir(directory)
        path = directory / f"{_PREFIX}{uuid.uuid4().hex[:12]}{suffix[:32]}"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
    except OSError:
        with tempfile.TemporaryFile(prefix="amltui-") as file:
            yield file, Path(f"/dev/fd/{file.fileno()}")
        return
    with open(descriptor, "w+b") as file:  # noqa: PTH123 - a descriptor has no Path
        with contextlib.suppress(OSError):  # a file system without locks
            lock(descriptor)
        yield file, path


def is_spooled(path: Path) -> bool:
    """Whether a file is such a copy, and its name nothing that a person gave."""
    return path.name.startswith(_PREFIX) or path.is_relative_to("/dev/fd")


def sweep(directory: Path, needed: Collection[str]) -> None:
    """Delete the copies that no process holds, except those whose paths are `needed`."""
    with contextlib.suppress(OSError):
        for path in directory.glob(f"{_PREFIX}*"):
            if str(path) not in needed and not is_locked(path):
                path.unlink(missing_ok=True)
