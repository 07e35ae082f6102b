"""What a dataset may be called: the server's rule, which clients can check before they send."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

LONGEST: Final = 256
"""Characters of a name."""
FORBIDDEN: Final = re.compile("[:\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""Colons, control characters, and what cannot be written as UTF-8."""
_INVISIBLE: Final = frozenset({"Cf", "Cc"})
"""Unicode's categories of characters that have no width of their own."""


def look_of(name: str) -> str:
    """What a name looks like: the same for two names that nobody can tell apart on a screen.

    Without invisible characters, with accents composed, with single spaces and none at the ends.
    """
    seen = "".join(c for c in name if unicodedata.category(c) not in _INVISIBLE)
    return " ".join(unicodedata.normalize("NFC", seen).split())


def problem_with(name: str) -> str:
    """Why no dataset can be called `name`; "" if one can."""
    if not look_of(name):
        return "The name of a data set cannot be empty."
    if len(name) > LONGEST:
        return f"The name of a data set cannot be longer than {LONGEST} characters."
    if FORBIDDEN.search(name):
        return (
            "The name of the data set contains forbidden characters: "
            "colons and control characters are not allowed."
        )
    return ""
