"""Dates written by a pattern of Java's letters, as ARFF headers hold them, to ISO 8601."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Final

DEFAULT: Final = "yyyy-MM-dd'T'HH:mm:ss"
"""Weka's, where the header names none."""
_ISO: Final = re.compile(r"yyyy-MM-dd(('T'| )HH:mm(:ss(\.S+)?)?)?")
_PIECE: Final = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+")
_LETTERS: Final = {
    "d": "%d", "H": "%H", "k": "%H", "h": "%I", "K": "%I", "m": "%M", "s": "%S", "S": "%f",
    "a": "%p", "D": "%j", "Z": "%z", "X": "%z", "z": "%Z",
}  # fmt: skip


def reader_of(pattern: str) -> Callable[[str], str] | None:
    """What turns a date into ISO 8601; a text that is no such date stays as it is.

    None: there is nothing to turn, for the pattern is ISO 8601 itself or not understood.
    """
    form = None if _ISO.fullmatch(pattern) else _form(pattern)
    if form is None:
        return None
    wanted = form
    only_date = not any(part in wanted for part in ("%H", "%I", "%M", "%S", "%f"))

    @lru_cache(maxsize=4096)
    def read(text: str) -> str:
        try:
            found = datetime.strptime(text, wanted)  # noqa: DTZ007 - the zone is in the text, or none
        except ValueError:
            return text
        return found.date().isoformat() if only_date else found.isoformat(" ")

    return read


def _form(pattern: str) -> str | None:
    """The pattern for `strptime`; None when it has letters that are not known here."""
    form = ""
    for match in _PIECE.finditer(pattern):
        piece, letter = match.group(), match.group(2)
        if letter is None:
            quoted = match.group(1)
            text = piece if quoted is None else quoted.replace("''", "'") or "'"
            form += text.replace("%", "%%")
        elif letter in "yu":
            form += "%y" if len(piece) == 2 else "%Y"
        elif letter in "ML":
            form += "%m" if len(piece) < 3 else "%b" if len(piece) == 3 else "%B"
        elif letter == "E":
            form += "%a" if len(piece) < 4 else "%A"
        elif letter in _LETTERS:
            form += _LETTERS[letter]
        else:
            return None
    return form
