"""Local files that commands read: what can be wrong with them is said before anything is sent."""

from __future__ import annotations

import errno
import os
import select
import signal
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from amltui.cli.exit_codes import FileNotThere
from amltui.config import paths
from amltui.disk import expanded, refusal
from amltui.errors import Exists, LocalError, UsageError
from amltui.text import visible
from amltui.transfers.spool import spool

STDIN = "-"


@contextmanager
def readable(
    name: str, *, suffix: str = "", check: Callable[[], object] = lambda: None
) -> Iterator[Path]:
    """A regular file with the contents of `name`, which may be `-` or a pipe.

    What does not lie in a file is first copied to one that only its user can read, because an
    upload may have to send a part again; see `transfers.spool`. `suffix` is that copy's extension.
    `check` is called before that: what comes through a pipe is not taken to be refused afterwards.

    Raises:
        FileNotThere: there is no such file.
        UsageError: it is a directory.
        LocalError: it cannot be read.
    """
    if name == STDIN:
        check()
        with _spooled(sys.stdin.fileno(), suffix) as path:
            yield path
        return
    path = expanded(name)
    shown = visible(str(path))
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotThere(f"There is no file {shown}") from None
    except OSError as error:
        raise refusal(error)(f"Cannot read {shown}: {error.strerror}") from None
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISDIR(mode):
        os.close(descriptor)
        raise UsageError(f"{shown} is a directory", hint="Name a file in it.")
    if stat.S_ISREG(mode):
        os.close(descriptor)
        yield path
        return
    try:
        check()
    except BaseException:
        os.close(descriptor)
        raise
    with _spooled(descriptor, suffix) as copy:
        yield copy


@contextmanager
def _spooled(descriptor: int, suffix: str) -> Iterator[Path]:
    with spool(paths.cache_dir() / "transfers", suffix=suffix) as (copy, path):
        try:
            for piece in _pieces(descriptor):
                copy.write(piece)
            copy.flush()
        except OSError as error:
            if error.errno == errno.EBADF:
                raise UsageError("Standard input is closed", hint="Name a file.") from None
            raise LocalError(
                f"Cannot keep what was read: {error.strerror}",
                hint="AMLTUI_CACHE_DIR names another place for it.",
            ) from error
        finally:
            if descriptor != sys.stdin.fileno():
                os.close(descriptor)
        yield path


def _pieces(descriptor: int) -> Iterator[bytes]:
    """All that comes, heard of in time by a Ctrl-C.

    A signal that arrives just before a read blocks would wait for more input. So nothing is read
    before there is something, and each signal writes to a pipe that ends the wait for it.
    """
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    before = signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    try:
        while True:
            ready, _, _ = select.select([descriptor, woken], [], [])
            if woken in ready:  # by now its handler has run, and raised if it was a Ctrl-C
                os.read(woken, 64)
            if descriptor in ready:
                piece = os.read(descriptor, 1 << 18)
                if not piece:
                    return
                yield piece
    finally:
        signal.set_wakeup_fd(before)
        os.close(woken)
        os.close(wake)


def table_file(
    output: str, what: str, *, force: bool, endings: Sequence[str] = (".csv", ".parquet")
) -> Path:
    """The path that rows are written to, as its ending says.

    Args:
        output: as it was typed.
        what: of what the rows are, for the messages.
        force: whether a file that is there may be replaced.
        endings: that there can be.

    Raises:
        UsageError: its name ends otherwise, or it is a directory.
        Exists: it is there.
    """
    target = expanded(output)
    if target.suffix.lower() not in endings:
        known = f"{', '.join(endings[:-1])} or {endings[-1]}"
        raise UsageError(f"{what} is written as {known}", hint="End the file's name so.")
    if target.is_dir():
        raise UsageError(f"{visible(str(target))} is a directory", hint="Name a file in it.")
    if target.exists() and not force:
        raise Exists(f"A file of that name exists: {visible(str(target))}")
    return target
