"""Small things done to a disk, each in one place: private files, whole files, its errors.

Every `OSError` that leaves this room goes through `disk_errors`, so callers see `DiskFull` or
`LocalError` and no number.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from amltui.errors import DiskFull, LocalError
from amltui.text import visible

PRIVATE_DIR: Final = 0o700
PRIVATE_FILE: Final = 0o600
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextlib.contextmanager
def disk_errors(path: Path | str, doing: str) -> Iterator[None]:
    """Turn an `OSError` into what a person can act on. `doing` completes "could not ...".

    Raises:
        DiskFull: no space, quota or largest file size reached.
        LocalError: anything else that the system refused.
    """
    try:
        yield
    except OSError as error:
        where = visible(str(path))
        if error.errno in _FULL:
            raise DiskFull(f"No space left to {doing}: {where}") from error
        raise LocalError(f"Could not {doing}: {where} ({error.strerror or error})") from error


def private_dir(path: Path) -> Path:
    """`path` as a directory for this user only, made with its parents where they lack."""
    if not path.is_dir():
        if not path.parent.is_dir():
            private_dir(path.parent)  # `parents=True` would make it readable for others
        path.mkdir(mode=PRIVATE_DIR, exist_ok=True)
    return path


def write_whole(path: Path, data: bytes, *, sync: bool = False) -> None:
    """Put `data` at `path` at once: a reader sees the old file or the new one, never a part.

    `sync`: also survive a power cut; otherwise only the death of this process.
    """
    temp = path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}.tmp")
    try:
        fd = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
        with open(fd, "wb") as file:  # noqa: PTH123 - a descriptor has no Path
            file.write(data)
            if sync:
                file.flush()
                os.fsync(fd)
        temp.replace(path)
    except BaseException:
        temp.unlink(missing_ok=True)
        raise
    if sync:
        sync_dir(path.parent)


def sync_dir(path: Path) -> None:
    """Make renames in `path` survive a power cut, where the file system can do that."""
    with contextlib.suppress(OSError):
        fd = os.open(path, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def free_space(path: Path) -> int | None:
    """Bytes that this user may still write near `path`; None where that cannot be told."""
    for place in (path, *path.parents):
        with contextlib.suppress(OSError):
            return shutil.disk_usage(place).free
    return None


def boot_id() -> str:
    """What tells this boot of this machine from others, or "" where the system has no such id.

    Data written since the machine started is in its page cache even if nobody called fsync.
    """
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip().replace("-", "")
    return ""
