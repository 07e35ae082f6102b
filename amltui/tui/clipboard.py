"""Copying by OSC 52: the terminal at the user's end takes the text, also over SSH.

Nothing answers, so it cannot be known whether it worked; what was sent is said instead.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

LIMIT: Final = 74_994
"""Bytes of text: more would make a sequence of over 100,000 bytes, which terminals drop."""
_SCREEN_CHUNK: Final = 240
"""GNU screen passes on at most 256 bytes of a device control string."""


@dataclass(frozen=True, slots=True)
class ClipboardWrite:
    """What goes to the terminal."""

    sequence: str
    """To be written to the terminal as it is."""
    sent: int
    """Bytes of text in it."""
    total: int
    """Bytes of the whole text."""

    def say(self, what: str) -> str:
        """A sentence on what was sent."""
        if self.sent < self.total:
            return (
                f"Sent the first {self.sent:,} of {self.total:,} bytes of {what}: "
                "a terminal takes no more."
            )
        return f"Sent {what} to the terminal's clipboard ({self.sent:,} bytes)."


def clipboard_write(text: str, environment: Mapping[str, str]) -> ClipboardWrite:
    """The sequence that copies `text`, wrapped for what `environment` says runs between."""
    whole = text.encode("utf-8", "replace")
    data = whole
    if len(whole) > LIMIT:
        data = whole[:LIMIT].decode("utf-8", "ignore").encode()
    osc = f"\x1b]52;c;{base64.b64encode(data).decode('ascii')}\x07"
    return ClipboardWrite(_wrapped(osc, environment), len(data), len(whole))


def _wrapped(osc: str, environment: Mapping[str, str]) -> str:
    if environment.get("TMUX"):
        # tmux takes the bare one when `set-clipboard` is on and passes the wrapped one through
        # when `allow-passthrough` is: both set the same text.
        doubled = osc.replace("\x1b", "\x1b\x1b")
        return f"{osc}\x1bPtmux;{doubled}\x1b\\"
    if environment.get("STY") or environment.get("TERM", "").startswith("screen"):
        parts = [osc[i : i + _SCREEN_CHUNK] for i in range(0, len(osc), _SCREEN_CHUNK)]
        return "".join(f"\x1bP{part}\x1b\\" for part in parts)
    return osc
