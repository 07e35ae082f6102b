"""Rows that are not as their format wants them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

TEXT_KEPT: Final = 4 * 1024
"""Characters kept of a malformed row's text."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """A row that is not as its format wants it. It is in the table too, filled up or joined."""

    row: int
    """0-based, in the block and later in the table."""
    line: int
    """1-based line of the file on which it begins (in a `Parsed`: of the block)."""
    reason: str
    text: str
    """As it stands in the file, at most `TEXT_KEPT` characters."""
