"""JSON over several lines, as it is written: no number or key changes on the way."""

from __future__ import annotations

import json
import re
from typing import Final

_TOKENS: Final = re.compile(r'"(?:\\.|[^"\\])*"|[{}\[\],:]|[^\s{}\[\],:"]+')
LIMIT: Final = 1_000_000
"""Characters above which a text is shown as it is."""


def indented(text: str) -> str | None:
    """`text` with a line for each member and element; None: it is no JSON object or array."""
    if text.lstrip()[:1] not in {"{", "["} or len(text) > LIMIT:
        return None
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return None
    parts: list[str] = []
    depth = 0
    pieces = _TOKENS.findall(text)
    for place, piece in enumerate(pieces):
        before = pieces[place - 1] if place else ""
        if piece in {"}", "]"}:
            depth -= 1
            if before not in {"{", "["}:
                parts.append("\n" + "  " * depth)
        elif before in {"{", "["}:
            parts.append("\n" + "  " * depth)
        parts.append(piece)
        if piece in {"{", "["}:
            depth += 1
        elif piece == ",":
            parts.append("\n" + "  " * depth)
        elif piece == ":":
            parts.append(" ")
    return "".join(parts)
