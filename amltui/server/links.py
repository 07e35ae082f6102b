"""Links to contents that carry their own permission: signed, expiring, unguessable.

The signature covers what the link opens and when it ends, under a key that all servers of a
workspace share through the database. Links of one hour are alike, so that an unchanged list stays
unchanged byte by byte. A link tells all that sending the content takes, so that many downloads
that begin at once do not queue for the database.
"""

from __future__ import annotations

import base64
import hmac
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal
from urllib.parse import quote

View = Literal["schema", "visualization"]

LIFETIME: Final = 7 * 86_400
"""Seconds that a link lives at least: an old script keeps a list for long, a slow line resumes."""
STEP: Final = 3_600
"""Seconds between two different links to one content."""


@dataclass(frozen=True, slots=True)
class Links:
    """Signs and verifies; `key` is the workspace's secret."""

    key: bytes

    def expiry(self) -> int:
        """When links made now end, in seconds since 1970: a whole multiple of `STEP`."""
        return (int(time.time()) // STEP + 1) * STEP + LIFETIME

    def credential(self, sha256: str, size: int, expires: int, data_type_id: str) -> str:
        """The query string that opens `content/<sha256>`, of `size` bytes, until `expires`.

        With `in_view` it opens what is known of the content instead: who may have the one may
        have the other, so they share a signature.
        """
        signature = self._sign(sha256, str(size), str(expires), data_type_id)
        return f"?t={_quoted(data_type_id)}&n={size}&se={expires}&sig={signature}"

    def opens(
        self, sha256: str, size: str, expires: str, signature: str, data_type_id: str
    ) -> bool:
        """Whether the parts of a link are genuine and not expired; compares in constant time."""
        expected = self._sign(sha256, size, expires, data_type_id)
        genuine = hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace"))
        return genuine and int(expires) > time.time()

    def _sign(self, sha256: str, size: str, expires: str, data_type_id: str) -> str:
        message = f"{sha256}\n{size}\n{expires}\n{data_type_id}".encode("utf-8", "replace")
        digest = hmac.digest(self.key, message, "sha256")
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def in_view(credential: str, view: View) -> str:
    """A content's credential as that of its schema or visualisation."""
    return f"{credential}&v={view}"


@lru_cache
def _quoted(data_type_id: str) -> str:
    return quote(data_type_id, safe="")
