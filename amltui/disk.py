"""What is done to a disk, each in one place: whole files, private ones, locks, its errors.

Where a file is written that others may read meanwhile, it is written beside its place, flushed,
and renamed: `write_whole` and `whole_file`, or `give_name` for one that is written elsewhere.
`disk_errors` says in words what the system refused. Locks are the system's own, held by whoever
opened a file or directory until it is closed, so also until a process is killed.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from amltui.errors import DiskFull, LocalError, NotPermitted
from amltui.text import visible

PRIVATE_DIR: Final = 0o700
PRIVATE_FILE: Final = 0o600
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NO_LINKS: Final = frozenset(
    {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV}
)
"""How file systems say that they have no hard links."""
_NO_FLUSH: Final = frozenset(
    {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EACCES, errno.EBADF, errno.ENOENT}
)
"""How systems say that a directory cannot be flushed; gone is flushed enough."""
_PAUSE: Final = 0.01
"""Seconds between two looks at a lock."""


@contextlib.contextmanager
def disk_errors(path: Path | str, doing: str) -> Iterator[None]:
    """Turn an `OSError` into what a person can act on. `doing` completes "could not ...".

    Raises:
        DiskFull: no space, quota or largest file size reached.
        NotPermitted: this user may not.
        LocalError: anything else that the system refused.
    """
    try:
        yield
    except OSError as error:
        where = visible(str(path))
        if error.errno in _FULL:
            raise DiskFull(f"No space left to {doing}: {where}") from error
        raise refusal(error)(f"Could not {doing}: {where} ({error.strerror or error})") from error


def refusal(error: OSError) -> type[LocalError]:
    """As what it is told that this machine refused a file."""
    return NotPermitted if isinstance(error, PermissionError) else LocalError


def expanded(path: str | os.PathLike[str]) -> Path:
    """A path as somebody writes it: `~` and `~user` are homes, as a shell has it.

    Where there is no such user it is only a name.
    """
    return Path(os.path.expanduser(path))  # noqa: PTH111  that of Path raises where there is none


def short(path: Path) -> str:
    """A path as it is shown, with `~` for the home directory; `expanded` takes it back."""
    text, home = str(path), str(Path.home())
    return f"~{text[len(home) :]}" if text == home or text.startswith(f"{home}{os.sep}") else text


def private_dir(path: Path) -> Path:
    """`path` as a directory for this user only, made with its parents where they lack."""
    if not path.is_dir():
        if not path.parent.is_dir():
            private_dir(path.parent)  # `parents=True` would make it readable for others
        path.mkdir(mode=PRIVATE_DIR, exist_ok=True)
    return path


def write_whole(path: Path, data: bytes, *, sync: bool = False) -> None:
    """Put `data` at `path` at once, for this user only: see `whole_file`."""
    with whole_file(path, sync=sync) as file:
        file.write(data)


@contextlib.contextmanager
def whole_file(path: Path, *, mode: int = PRIVATE_FILE, sync: bool = True) -> Iterator[BinaryIO]:
    """A new file beside `path` to write to, which takes that name at the end.

    Whoever reads `path` sees the old file or the new one, never a part; what fails leaves nothing
    behind. `mode` is less the umask. `sync`: it also survives a power cut, otherwise only the
    death of this process.
    """
    temp = temp_beside(path)
    try:
        with open(os.open(temp, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode), "w+b") as file:  # noqa: PTH123 - a descriptor has no Path
            yield file
        give_name(temp, path, sync=sync)
    except BaseException:
        temp.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def appearing(path: Path) -> Iterator[Path]:
    """A path beside `path` for a file that something else writes; as `whole_file` otherwise."""
    temp = temp_beside(path)
    try:
        yield temp
        give_name(temp, path)
    finally:
        temp.unlink(missing_ok=True)


def temp_beside(path: Path) -> Path:
    """A hidden name that nobody has, in the directory of `path`."""
    return path.with_name(f".{path.name[:200]}.{os.urandom(6).hex()}.tmp")


def give_name(temp: Path, path: Path, *, replace: bool = True, sync: bool = True) -> None:
    """Rename a file that is all written to `path` in the same file system.

    Args:
        temp: the file.
        path: its name to be.
        replace: whether a file of this name may be there, and is replaced.
        sync: flush the file before and its new name after.

    Raises:
        FileExistsError: there is one, and `replace` is false; `temp` stays.
    """
    if sync:
        _flush(temp)
    if replace:
        temp.replace(path)
    else:
        rename_new(temp, path)
    if sync:
        sync_dir(path.parent)


def rename_new(old: Path, new: Path) -> None:
    """Rename a file to a name that nobody has; of several at once one succeeds.

    Raises:
        FileExistsError: somebody has it.
    """
    try:
        os.link(old, new)  # unlike a rename it never replaces
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # An empty file holds the name until the real one takes its place.
        os.close(os.open(new, os.O_CREAT | os.O_EXCL, PRIVATE_FILE))
        try:
            old.replace(new)
        except OSError:
            new.unlink(missing_ok=True)
            raise
    else:
        old.unlink()


def sync_dir(path: Path) -> None:
    """Make renames in `path` survive a power cut, where the file system can do that."""
    try:
        _flush(path)
    except OSError as error:
        if error.errno not in _NO_FLUSH:
            raise


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def lock(descriptor: int) -> bool:
    """Lock an open file or directory, until it is closed; False: another process holds it.

    Raises:
        OSError: its file system has no locks.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_locked(path: Path) -> bool:
    """Whether a process holds a file, or that cannot be told: then it is to be left alone."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return True  # it is about to be made, or to go
    try:
        return not lock(descriptor)
    except OSError:
        return True
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def alone(directory: Path, seconds: float = 10.0) -> Iterator[bool]:
    """Be the only one who changes files of a directory, which is made where it lacks. Blocks.

    The directory itself is locked, without a file more. Gives False where another program did not
    let go within `seconds`, of which each needs some thousandths. Where there are no locks, the
    last one to write wins.
    """
    with contextlib.ExitStack() as stack:
        mine = True
        with contextlib.suppress(OSError):
            descriptor = os.open(private_dir(directory), os.O_RDONLY)
            stack.callback(os.close, descriptor)
            end = time.monotonic() + seconds
            while not (mine := lock(descriptor)) and time.monotonic() < end:
                time.sleep(_PAUSE)  # who waits for a lock cannot say until when
        yield mine


def free_space(path: Path) -> int | None:
    """Bytes that this user may still write near `path`; None where that cannot be told."""
    for place in (path, *path.parents):
        with contextlib.suppress(OSError):
            import shutil  # only where it is asked: this module is loaded at every start

            return shutil.disk_usage(place).free
    return None


def boot_id() -> str:
    """What tells this boot of this machine from others, or "" where the system has no such id.

    Data written since the machine started is in its page cache even if nobody called fsync.
    """
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip().replace("-", "")
    return ""
