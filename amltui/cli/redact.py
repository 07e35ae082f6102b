"""What is taken out of anything that is shown when something goes wrong."""

from __future__ import annotations

import logging
import re
from typing import Final

_QUERY: Final = re.compile(r"(https?://[^\s?'\"<>]*)\?[^\s'\"<>]*")
_USER: Final = re.compile(r"(\w+://)[^\s/@'\"]*@")
_TOKEN: Final = re.compile(
    r"(?i)(authorization_?token|x-ms-metaanalytics-authorizationtoken|authorization|token|sig)"
    r"(['\"]?\s*[:=]\s*(?:bearer\s+)?b?['\"]?)[^\s'\",&)}\]]+"
)


def redacted(text: str, *secrets: str) -> str:
    """`text` without signed queries, passwords in addresses, tokens, and `secrets`."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "…")
    text = _QUERY.sub(r"\1?…", text)
    text = _USER.sub(r"\1…@", text)
    return _TOKEN.sub(r"\1\2…", text)


class RedactingFormatter(logging.Formatter):
    """A log format whose lines hold no secret, tracebacks included."""

    def __init__(self, *secrets: str) -> None:
        super().__init__("amltui: %(relativeCreated)d ms %(name)s: %(message)s")
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        """The record as one redacted text."""
        return redacted(super().format(record), *self._secrets)
