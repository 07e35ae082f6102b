"""A program on a pseudo terminal, 120x40: its keys, the bytes it writes and when, its memory."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from time import perf_counter

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
_ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[=>()78]B?")


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
        self.written = b""
        """All that came since the last `until` began, without escapes; the newest 64 KB."""

    def _read(self) -> bytes:
        data = os.read(self.fd, 1 << 16)
        self.written = (self.written + _ESCAPES.sub(b"", data))[-(1 << 16) :]
        return data

    def drain(self, quiet: float) -> tuple[int, float]:
        """Bytes until nothing came for `quiet` seconds, and when the last came."""
        count, last = 0, perf_counter()
        while select.select([self.fd], [], [], quiet)[0]:
            count += len(self._read())
            last = perf_counter()
        return count, last

    def press(self, key: bytes) -> tuple[int, float]:
        """Bytes that a key's answer takes, and seconds to the last of them."""
        start = perf_counter()
        os.write(self.fd, key)
        count, last = self.drain(QUIET)
        return count, last - start

    def until(self, text: str, key: bytes = b"") -> float:
        """Seconds from a key until a text, which must not stand there yet, is written."""
        start = perf_counter()
        self.written = b""
        os.write(self.fd, key)
        while text.encode() not in self.written:
            if not select.select([self.fd], [], [], PATIENCE)[0]:
                raise TimeoutError(f"{text!r} did not come; the last: {self.written[-2000:]!r}")
            self._read()
        return perf_counter() - start

    def since(self, happened: Callable[[], bool], text: str, key: bytes) -> float:
        """Seconds from when something, looked for each half millisecond, happened, to a text."""
        moment = None
        self.written = b""
        os.write(self.fd, key)
        while text.encode() not in self.written:
            if select.select([self.fd], [], [], 0.0005 if moment is None else PATIENCE)[0]:
                self._read()
            if moment is None and happened():
                moment = perf_counter()
        return 0.0 if moment is None else perf_counter() - moment

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
