"""What is taken out of anything that is shown when something goes wrong."""

from __future__ import annotations

import logging
import re
from typing import Final

from amltui.text import visible_lines

_QUERY: Final = re.compile(r"(https?://[^\s?'\"<>]*)\?[^\s'\"<>]*")
_USER: Final = re.compile(r"(\w+://)[^\s/@'\"]*@")
_TOKEN: Final = re.compile(
    r"(?i)(authorization_?token|x-ms-metaanalytics-authorizationtoken|authorization|token|sig)"
    r"(['\"]?\s*[:=]\s*(?:bearer\s+)?b?['\"]?)[^\s'\",&)}\]]+"
)


_KNOWN: Final[set[str]] = set()


def remember(secret: str) -> None:
    """Take `secret` out of everything from now on, wherever it stands."""
    if secret:
        _KNOWN.add(secret)


def redacted(text: str) -> str:
    """`text` without signed queries, passwords in addresses and tokens."""
    for secret in _KNOWN:
        text = text.replace(secret, "…")
    text = _QUERY.sub(r"\1?…", text)
    text = _USER.sub(r"\1…@", text)
    return _TOKEN.sub(r"\1\2…", text)


class RedactingFormatter(logging.Formatter):
    """A log format whose lines hold no secret, tracebacks included."""

    def __init__(self) -> None:
        super().__init__("amltui: %(relativeCreated)d ms %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """The record as one redacted text."""
        return visible_lines(redacted(super().format(record)))
