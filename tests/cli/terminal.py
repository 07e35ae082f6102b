"""A command on a terminal of its own."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from typing import NoReturn


class Terminal:
    """Standard input and error of a process; also its output, unless that is to be captured."""

    def __init__(
        self,
        amltui,
        *arguments: str,
        capture: bool = False,
        term: str = "xterm-256color",
        stdin: int | None = None,
    ):
        self._master, slave = pty.openpty()
        os.set_blocking(self._master, False)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        amltui.environment["TERM"] = term
        self.process = amltui.start(
            *arguments,
            stdin=slave if stdin is None else stdin,
            stderr=slave,
            stdout=subprocess.PIPE if capture else slave,
            start_new_session=True,
            # Its controlling terminal, whose Ctrl-C is a signal: standard error is surely on it.
            preexec_fn=lambda: fcntl.ioctl(2, termios.TIOCSCTTY, 0),
        )
        os.close(slave)
        self.seen = b""
        """Everything that was drawn."""
        self._read_to = 0

    @property
    def echo(self) -> bool:
        """Whether the terminal shows what is typed."""
        return bool(termios.tcgetattr(self._master)[3] & termios.ECHO)

    def wait_for(self, text: bytes, seconds: float = 60) -> None:
        """Read the screen until `text` was drawn after what was waited for before."""
        end = time.monotonic() + seconds
        while (at := self.seen.find(text, self._read_to)) < 0:
            left = end - time.monotonic()
            if left <= 0:
                self._fail()
            if (
                select.select([self._master], [], [], left)[0]
                and not self._read()
                and self.process.poll() is not None
            ):
                self._fail()
        self._read_to = at + len(text)

    def _read(self) -> bool:
        """Take what was drawn; whether there was something."""
        try:
            drawn = os.read(self._master, 65536)
        except OSError:  # nothing yet, or nobody has the terminal any more
            return False
        self.seen += drawn
        return True

    def _fail(self) -> NoReturn:
        """End the test, and the process with it: the tests that follow are not to hear of it."""
        self.process.kill()
        self.process.communicate()
        os.close(self._master)
        raise AssertionError(self.seen[-2000:])

    def type(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def end(self, keys: bytes = b"") -> bytes:
        """Read on, typing `keys` now and then, until the process ends; its standard output."""
        end = time.monotonic() + 60
        while self.process.poll() is None:
            if time.monotonic() > end:
                self._fail()
            if not select.select([self._master], [], [], 0.5)[0]:
                self.type(keys)
            else:
                self._read()
        while self._read():
            pass
        out, _ = self.process.communicate(timeout=60)
        self.echoes = self.echo
        os.close(self._master)
        return out or b""
