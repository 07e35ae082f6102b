"""Giving a whole content its final name, at once and never over another file unasked."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import threading
import uuid
from pathlib import Path
from typing import Final

from amltui.disk import disk_errors, give_name
from amltui.errors import Cancelled, Exists
from amltui.text import visible

_FICLONE: Final = 0x40049409
"""Linux: share the blocks of another file until one of both changes."""
_STEP: Final = 8 * 1024 * 1024
_NO_RANGE: Final = frozenset({errno.EXDEV, errno.EINVAL, errno.EPERM, errno.ENOTSUP, errno.ENOSYS})
"""How systems say that they cannot copy from one of these files to the other by themselves."""


def exists_error(target: Path) -> Exists:
    """The error for a target that is there."""
    return Exists(f"A file of that name exists: {visible(str(target))}")


def usual_mode(target: Path) -> int:
    """The permissions that the user's umask gives a new file where `target` is to be."""
    probe = target.with_name(f".{uuid.uuid4().hex[:12]}.amltui-mode")
    descriptor = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        probe.unlink(missing_ok=True)
        return stat.S_IMODE(os.fstat(descriptor).st_mode)
    finally:
        os.close(descriptor)


def publish(temp: Path, target: Path, *, overwrite: bool) -> None:
    """Flush `temp`, which is whole, and rename it to `target` in the same directory.

    Raises:
        Exists: the target is there and `overwrite` is not given; `temp` stays.
        LocalError: the system refused.
    """
    with disk_errors(target, "write"):
        try:
            give_name(temp, target, replace=overwrite)
        except FileExistsError:
            raise exists_error(target) from None


def copy_and_publish(
    content: Path, temp: Path, target: Path, *, overwrite: bool, stop: threading.Event
) -> None:
    """Copy `content` to `target`: to `temp` in the same directory, then renamed.

    Where the file system can share blocks, no byte is copied. A `temp` that an earlier process
    left is written over.

    Raises:
        Exists: the target is there and `overwrite` is not given.
        DiskFull, LocalError: the system refused; nothing is left behind.
        Cancelled: `stop` was set.
    """
    with disk_errors(target, "write"):
        try:
            mode = 0o666  # less the user's umask: it is the user's file, like any other
            out = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
            try:
                with content.open("rb") as source:
                    _copy(source.fileno(), out, stop)
            finally:
                os.close(out)
            publish(temp, target, overwrite=overwrite)
        finally:
            temp.unlink(missing_ok=True)


def _copy(source: int, out: int, stop: threading.Event) -> None:
    with contextlib.suppress(OSError, ImportError):
        import fcntl

        fcntl.ioctl(out, _FICLONE, source)
        return
    size = os.fstat(source).st_size
    at = 0
    while at < size:
        if stop.is_set():
            raise Cancelled("Stopped while copying to the target")
        at += _copy_some(source, out, min(_STEP, size - at))


def _copy_some(source: int, out: int, count: int) -> int:
    """Copy up to `count` bytes at both files' positions; how many, never none."""
    copied = 0
    if hasattr(os, "copy_file_range"):
        try:
            copied = os.copy_file_range(source, out, count)
        except OSError as error:
            if error.errno not in _NO_RANGE:
                raise
    if not copied:
        data = os.read(source, count)
        copied = len(data)
        view = memoryview(data)
        while view:
            view = view[os.write(out, view) :]
    if not copied:
        raise OSError(errno.EIO, "the cached content became shorter")
    return copied
