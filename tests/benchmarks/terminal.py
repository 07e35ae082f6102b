"""A program on a pseudo terminal, 120x40: its keys, the bytes it writes and when, its memory."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from time import perf_counter

import pyte

QUIET = 0.15
"""Seconds without a byte after which a frame counts as the last."""
PATIENCE = 120
KEYS = {
    "down": b"\x1b[B",
    "up": b"\x1b[A",
    "right": b"\x1b[C",
    "page down": b"\x1b[6~",
    "page up": b"\x1b[5~",
    "end": b"\x1b[F",
    "home": b"\x1b[H",
    "jump": b"\x07",
}


class Terminal:
    """The program and the terminal it believes to have."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
        *,
        size: tuple[int, int] = (120, 40),
    ) -> None:
        self.fd, child = pty.openpty()
        fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        given = os.environ | {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
        given.pop("NO_COLOR", None)
        self.process = subprocess.Popen(
            command, stdin=child, stdout=child, stderr=child, env=given | dict(environment or {})
        )
        os.close(child)
        self._screen = pyte.Screen(*size)
        self._screen.reset_mode(7, private=True)  # Textual ends the wrapping of lines
        self._stream = pyte.ByteStream(self._screen)
        self._unseen: list[bytes] = []
        """What was read and not yet drawn: that takes longer than reading, which is measured."""

    @property
    def screen(self) -> pyte.Screen:
        """What the terminal shows of all that was read."""
        unseen, self._unseen = self._unseen, []
        for data in unseen:
            self._stream.feed(data)
        return self._screen

    def shows(self, text: str) -> bool:
        """Whether a text stands on a line of the screen."""
        return any(text in line for line in self.screen.display)

    def _read(self) -> int:
        data = os.read(self.fd, 1 << 16)
        self._unseen.append(data)
        return len(data)

    def drain(self, quiet: float) -> tuple[int, float]:
        """Bytes until nothing came for `quiet` seconds, and when the last came."""
        count, last = 0, perf_counter()
        while select.select([self.fd], [], [], quiet)[0]:
            count += self._read()
            last = perf_counter()
        return count, last

    def press(self, key: bytes) -> tuple[int, float]:
        """Bytes that a key's answer takes, and seconds to the last of them."""
        start = perf_counter()
        os.write(self.fd, key)
        count, last = self.drain(QUIET)
        return count, last - start

    def until(self, text: str, key: bytes = b"") -> float:
        """Seconds from a key until a text, which must not stand there yet, is on the screen."""
        return self.since(lambda: True, text, key)

    def since(self, happened: Callable[[], bool], text: str, key: bytes) -> float:
        """Seconds from when something, looked for each half millisecond, happened, to a text."""
        os.write(self.fd, key)
        moment = perf_counter() if happened() else None
        came = perf_counter()
        while not self.shows(text):
            if select.select([self.fd], [], [], 0.0005 if moment is None else PATIENCE)[0]:
                self._read()
                came = perf_counter()
            elif moment is not None:
                screen = "\n".join(self.screen.display)
                raise TimeoutError(f"{text!r} did not come:\n{screen}")
            if moment is None and happened():
                moment = perf_counter()
        return 0.0 if moment is None else max(0.0, came - moment)

    @property
    def anonymous(self) -> float:
        """MiB of anonymous memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return (
            next(int(line.split()[1]) for line in status.splitlines() if "RssAnon" in line) / 1024
        )

    def close(self) -> None:
        self.process.terminate()
        with suppress(OSError):
            self.drain(0.3)
        self.process.wait(30)
        os.close(self.fd)


def p95(values: Sequence[float]) -> float:
    return sorted(values)[int(0.95 * (len(values) - 1))]
