"""Whether the terminal is dark or light: asked of it before the program draws (OSC 11)."""

from __future__ import annotations

import contextlib
import os
import re
import select
import termios
import time
import tty
from typing import Final

PATIENCE: Final = 1.0
"""Seconds that the answer may take: a round trip."""
_ASK: Final = b"\x1b]11;?\x1b\\\x1b[c"
"""The background, and what every terminal answers: then nothing more is on its way."""
_DEAF: Final = frozenset({"dumb", "linux"})
"""Terminals that would write the question on the screen."""
_COLOUR: Final = re.compile(rb"\x1b\]11;rgba?:([0-9a-fA-F]+)/([0-9a-fA-F]+)/([0-9a-fA-F]+)")
_END: Final = re.compile(rb"\x1b\[\?[\d;]*c")


def is_light() -> bool | None:
    """Whether the terminal's background is light; None: it does not say."""
    if os.environ.get("TERM", "dumb") in _DEAF:
        return None
    with contextlib.suppress(OSError, termios.error):
        fd = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
        try:
            before = termios.tcgetattr(fd)
            try:
                tty.setcbreak(fd, termios.TCSANOW)
                return light_in(_answer(fd))
            finally:
                termios.tcsetattr(fd, termios.TCSANOW, before)
        finally:
            os.close(fd)
    return None


def _answer(fd: int) -> bytes:
    os.write(fd, _ASK)
    answer, end = b"", time.monotonic() + PATIENCE
    while not _END.search(answer):
        left = end - time.monotonic()
        if left <= 0 or not select.select([fd], [], [], left)[0]:
            break
        answer += os.read(fd, 1024)
    return answer


def light_in(answer: bytes) -> bool | None:
    """Whether the colour in an answer is light, by its luminance; None: there is none in it."""
    found = _COLOUR.search(answer)
    if found is None:
        return None
    red, green, blue = (int(part, 16) / float(16 ** len(part) - 1) for part in found.groups())
    luminosity: float = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return luminosity > 0.5
