"""Whether the terminal is dark or light: asked of it before the program draws (OSC 11)."""

from __future__ import annotations

import contextlib
import os
import re
import select
import sys
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
    if sys.__stdin__ is None or sys.__stderr__ is None:
        return None
    with contextlib.suppress(OSError, termios.error):
        # As Textual: the program is drawn on standard error, and standard output may be a pipe.
        given, taken = sys.__stdin__.fileno(), sys.__stderr__.fileno()
        if os.isatty(taken):
            before = termios.tcgetattr(given)
            try:
                tty.setcbreak(given, termios.TCSANOW)
                os.write(taken, _ASK)
                return light_in(_answer(given))
            finally:
                termios.tcsetattr(given, termios.TCSANOW, before)
    return None


def _answer(fd: int) -> bytes:
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
