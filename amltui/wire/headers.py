"""Header names of the protocol, and how digests are written in them."""

from __future__ import annotations

import base64
import binascii
from typing import Final

TOKEN: Final = "x-ms-metaanalytics-authorizationtoken"  # noqa: S105 - a name, not a secret
SESSION: Final = "x-ms-client-session-id"
REQUEST_ID: Final = "x-ms-request-id"
"""On every answer of our server; errors repeat it in the log."""
REPR_DIGEST: Final = "Repr-Digest"
CONTENT_MD5: Final = "Content-MD5"
JSON: Final = "application/json;charset=UTF8"
"""The content type that the old client sends with every request, binary ones included."""


def repr_digest(sha256: str) -> str:
    """A hex SHA-256 as a `Repr-Digest` value (RFC 9530)."""
    return f"sha-256=:{base64.b64encode(bytes.fromhex(sha256)).decode()}:"


def sha256_of(value: str | None) -> str | None:
    """The hex SHA-256 in a `Repr-Digest` value, or None when it holds none that is well formed."""
    for item in (value or "").split(","):
        key, _, rest = item.strip().partition("=")
        if key.lower() == "sha-256":
            return _hex(rest.strip().strip(":"), 32)
    return None


def md5_of(value: str | None) -> str | None:
    """The hex MD5 in a `Content-MD5` value, or None when it is missing or not well formed."""
    return _hex(value.strip(), 16) if value else None


def _hex(text: str, length: int) -> str | None:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw.hex() if len(raw) == length else None
