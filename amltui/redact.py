"""What is taken out of anything that is shown or logged when something goes wrong.

Tokens are remembered at the doors through which they come in; signed links, passwords in
addresses and what looks like a token are known by their shape.
"""

from __future__ import annotations

import re
from typing import Final

_QUERY: Final = re.compile(r"(https?://[^\s?'\"<>]*)\?[^\s'\"<>]*")
_USER: Final = re.compile(r"(\w+://)[^\s/@'\"]*@")
_TOKEN: Final = re.compile(
    r"(?i)(authorization_?token|x-ms-metaanalytics-authorizationtoken|authorization|token|sig)"
    r"(['\"]?\s*[:=]\s*(?:bearer\s+)?b?['\"]?)[^\s'\",&)}\]]+"
)
_SHORTEST: Final = 8
_KNOWN: Final[set[str]] = set()


def remember(secret: str) -> None:
    """Take `secret` out of everything from now on, wherever it stands.

    What is shorter than any real token could stand in every word, and is left alone.
    """
    if len(secret) >= _SHORTEST:
        _KNOWN.add(secret)


def redacted(text: str) -> str:
    """`text` without signed queries, passwords in addresses and tokens."""
    for secret in _KNOWN:
        text = text.replace(secret, "…")
    text = _QUERY.sub(r"\1?…", text)
    text = _USER.sub(r"\1…@", text)
    return _TOKEN.sub(r"\1\2…", text)
