"""What is taken out of anything that is shown or logged when something goes wrong.

Tokens are remembered at the doors through which they come in; signed links, passwords in
addresses and what looks like a token are known by their shape.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

_USER: Final = re.compile(r"(\w+://)[^\s/@'\"<>]*@")
_QUERY: Final = re.compile(r"(?<=[/\w)\]])[?#][^\s\"'<>]+|[?&][\w.~%-]+=[^\s\"'<>]*")
"""A link's query or fragment, or what looks like one without its link."""
_TOKEN: Final = re.compile(
    r"(?i)(authorization_?token|x-ms-metaanalytics-authorizationtoken|authorization|token|"
    r"signature|credential|account_?key|client_?secret|client_?assertion|\bsig)"
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


def redacted(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` without `secrets`, remembered ones, signed queries, passwords and tokens.

    Takes time in proportion to the text, whatever it holds.
    """
    for secret in (*_KNOWN, *secrets):
        if secret:
            text = text.replace(secret, "…").replace(quote(secret, safe=""), "…")
    text = _USER.sub(r"\1…@", text)
    text = _QUERY.sub("?…", text)
    return _TOKEN.sub(r"\1\2…", text)
