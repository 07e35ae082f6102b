"""`amltui pick` on a terminal of its own, its standard output captured as a shell does."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from pathlib import Path


class Terminal:
    """Standard input and error of a process."""

    def __init__(self, amltui, *arguments: str):
        self._master, slave = pty.openpty()
        os.set_blocking(self._master, False)
        import fcntl
        import struct
        import termios

        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        amltui.environment["TERM"] = "xterm-256color"
        self.process = amltui.start(
            *arguments, stdin=slave, stderr=slave, stdout=subprocess.PIPE, start_new_session=True
        )
        os.close(slave)
        self._seen = b""

    def wait_for(self, text: bytes, seconds: float = 120) -> None:
        """Read the screen until `text` was drawn."""
        end = time.monotonic() + seconds
        while text not in self._seen:
            left = end - time.monotonic()
            assert left > 0, self._seen[-2000:]
            if select.select([self._master], [], [], left)[0]:
                self._read()

    def _read(self) -> None:
        try:
            self._seen += os.read(self._master, 65536)
        except OSError:
            assert self.process.poll() is None, self._seen[-2000:]

    def type(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def end(self, keys: bytes = b"") -> bytes:
        """Read on, typing `keys` now and then, until the process ends; its standard output."""
        end = time.monotonic() + 60
        while self.process.poll() is None:
            assert time.monotonic() < end, self._seen[-2000:]
            if not select.select([self._master], [], [], 0.5)[0]:
                self.type(keys)
            else:
                try:
                    self._seen += os.read(self._master, 65536)
                except OSError:
                    break
        out, _ = self.process.communicate(timeout=60)
        os.close(self._master)
        return out


def test_the_path_of_what_is_chosen_is_the_only_output(amltui):
    first = amltui("ls", "--json").json[0]
    terminal = Terminal(amltui, "pick")
    terminal.wait_for(first["name"][:8].encode())
    out = terminal.end(b"\r")
    assert terminal.process.returncode == 0
    path = out.decode().removesuffix("\n")
    assert "\x1b" not in path
    assert Path(path).stat().st_size == first["size"]


def test_without_a_terminal_it_says_what_to_do_instead(amltui):
    done = amltui("pick")
    assert (done.code, done.out) == (2, "")
    assert "amltui get" in done.err


def test_leaving_chooses_nothing(amltui):
    assert amltui("ls", "--quiet").code == 0
    terminal = Terminal(amltui, "pick")
    terminal.wait_for(b"Iris")
    terminal.type(b"q")
    assert terminal.end() == b""
    assert terminal.process.returncode == 130
