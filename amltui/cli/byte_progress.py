"""How many of how many bytes are done, on standard error."""

from __future__ import annotations

import sys
import time
from typing import Final, Self

from amltui.cli.output import Out
from amltui.text import human_size

QUIET_SECONDS: Final = 10.0
"""Between two lines where nobody watches, for example in a log file."""
_LIVE_SECONDS: Final = 0.1


class ByteProgress:
    """Shows how many of how many bytes are done; what is drawn goes at the end of the block."""

    def __init__(self, out: Out) -> None:
        self._out = out
        self._live = sys.stderr.isatty() and not out.quiet
        self._shown = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()

    def show(self, done: int, total: int) -> None:
        """Show it now, if it was not shown just before."""
        now = time.monotonic()
        if now - self._shown < (_LIVE_SECONDS if self._live else QUIET_SECONDS):
            return
        self._shown = now
        percent = done * 100 // total if total else 100
        text = f"{percent}%  {human_size(done)} of {human_size(total)}"
        if self._live:
            sys.stderr.write(f"\r\x1b[2K{text}")
            sys.stderr.flush()
        else:
            self._out.note(text)
