"""Links to contents that carry their own permission: signed, expiring, unguessable.

A link opens one instance's contents for whoever holds it. It ends with its time, with the token
that it was made for, with the instance, and when the workspace's key is replaced: the signature
covers the whole query under a key made of the workspace's key and the token's hash, and both are
looked up each time. Links of one hour are alike, so that an unchanged list stays unchanged.
"""

from __future__ import annotations

import base64
import hmac
import re
import time
from dataclasses import dataclass
from typing import Final, Literal

View = Literal["", "schema", "visualization"]
"""What of the contents a link opens: the bytes, or what is known of them."""

LIFETIME: Final = 7 * 86_400.0
"""Seconds that a link lives at least: an old script keeps a list for long, a slow line resumes."""
_STEP: Final = 3_600
"""Seconds between two different links to one content, at most."""
_QUERY: Final = re.compile(
    r"(?P<signed>i=(?P<instance>[0-9A-Za-z]+\.[0-9A-Za-z]+)&k=(?P<token>[0-9a-f]+)"
    r"&se=(?P<expires>[0-9]{1,15})(?:&v=(?P<view>schema|visualization))?)&sig=(?P<signature>.+)"
)


def signing_key(workspace_key: bytes, token_hash: str) -> bytes:
    """The key of one token's links: another one once either of the two is replaced."""
    return hmac.digest(workspace_key, token_hash.encode(), "sha256")


@dataclass(frozen=True, slots=True)
class Signer:
    """Makes links for the holder of one token."""

    key: bytes
    """See `signing_key`."""
    token_id: str
    expires: int
    """When the links end, in seconds since 1970; see `expiry`."""

    def credential(self, sha256: str, instance_id: str, view: View = "") -> str:
        """The query string that opens `content/<sha256>`."""
        instance = instance_id.partition(".")[2]
        query = f"i={instance}&k={self.token_id}&se={self.expires}"
        if view:
            query += f"&v={view}"
        return f"?{query}&sig={_sign(self.key, sha256, query)}"


@dataclass(frozen=True, slots=True)
class Link:
    """A link as it came back: nothing of it is known to be true before `opens` says so."""

    sha256: str
    instance: str
    """Family and instance, without the workspace."""
    token_id: str
    expires: int
    view: View
    signed: str
    signature: str

    def opens(self, key: bytes) -> bool:
        """Whether it is genuine and not expired; compares in constant time."""
        expected = _sign(key, self.sha256, self.signed)
        genuine = hmac.compare_digest(expected.encode(), self.signature.encode("utf-8", "replace"))
        return genuine and self.expires > time.time()


def parse(sha256: str, query: str) -> Link | None:
    """The link to `content/<sha256>` with this query; None when it cannot be one of ours."""
    match = _QUERY.fullmatch(query)
    if match is None:
        return None
    view: View = match["view"] or ""  # type: ignore[assignment]  # as the expression says
    return Link(
        sha256,
        match["instance"],
        match["token"],
        int(match["expires"]),
        view,
        match["signed"],
        match["signature"],
    )


def expiry(lifetime: float) -> int:
    """When links made now end, in seconds since 1970: a whole multiple of their step."""
    step = max(1, min(_STEP, int(lifetime)))
    return int((time.time() + lifetime) // step + 1) * step


def _sign(key: bytes, sha256: str, query: str) -> str:
    digest = hmac.digest(key, f"{sha256}\n{query}".encode("utf-8", "replace"), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
