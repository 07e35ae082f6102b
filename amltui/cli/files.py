"""Local files that commands read: what can be wrong with them is said before anything is sent."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from amltui.cli.exits import FileNotThere
from amltui.errors import LocalError, UsageError
from amltui.text import visible

STDIN = "-"


@contextmanager
def readable(name: str, *, suffix: str = "") -> Iterator[Path]:
    """A regular file with the contents of `name`, which may be `-` or a pipe.

    What does not lie in a file is first copied to one that only its user can read, because an
    upload may have to send a block again. `suffix` is that copy's extension.

    Raises:
        FileNotThere: there is no such file.
        UsageError: it is a directory.
        LocalError: it cannot be read.
    """
    if name == STDIN:
        with _spooled(sys.stdin.fileno(), suffix) as path:
            yield path
        return
    path = Path(name).expanduser()
    shown = visible(str(path))
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotThere(f"There is no file {shown}") from None
    except OSError as error:
        raise LocalError(
            f"Cannot read {shown}: {error.strerror}", hint="Check its owner and permissions."
        ) from None
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISDIR(mode):
        os.close(descriptor)
        raise UsageError(f"{shown} is a directory", hint="Name a file in it.")
    if stat.S_ISREG(mode):
        os.close(descriptor)
        yield path
        return
    with _spooled(descriptor, suffix) as copy:
        yield copy


@contextmanager
def _spooled(descriptor: int, suffix: str) -> Iterator[Path]:
    with tempfile.NamedTemporaryFile(prefix="amltui-", suffix=suffix) as copy:
        try:
            # Not by a file object: a Ctrl-C between two reads inside its loop would wait for
            # more input before it is heard.
            while piece := os.read(descriptor, 1 << 18):
                copy.write(piece)
            copy.flush()
        except OSError as error:
            raise LocalError(
                f"Cannot keep what was read: {error.strerror}",
                hint="TMPDIR names another place for temporary files.",
            ) from error
        finally:
            if descriptor != sys.stdin.fileno():
                os.close(descriptor)
        yield Path(copy.name)
