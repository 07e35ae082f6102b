"""ASCII for terminals whose locale is not UTF-8: one sign in place of each that the program draws.

It is applied where cells go to the terminal, so nothing that draws has to know of it.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

_SIGNS: Final = {
    "-": "─━╌╍┄┅┈┉═╴╶╸╺\u2013\u2014\u2010\u2011\u2012\u2212▔▁",
    "|": "│┃╎╏┆┇┊┋║╵╷╹╻▏▎▍▕",
    "+": "┌┐└┘┏┓┗┛╭╮╰╯├┤┬┴┼┣┫┳┻╋┠┨┯┷┿╂╔╗╚╝╠╣╦╩╬",
    "_": "▂",
    ".": "▃·•∙░",
    ":": "▄▒",
    "=": "▅",
    "*": "▆●◆★✓✔",
    "%": "▇◐◑",
    "#": "█▉▊▋▌▐▓■",
    "o": "○◌□☐",
    "x": "✗✘\u00d7☒",
    "^": "▲↑△",
    "v": "▼↓▽",
    ">": "→▶▸\u203a»",
    "<": "←◀◂\u2039«",
    "~": "…⋯",
    '"': "\u201c\u201d\u201e",
    "'": "\u2018\u2019\u201a",
    " ": "\u00a0",
}
_ASCII: Final = {sign: plain for plain, signs in _SIGNS.items() for sign in signs}
_COERCED: Final = frozenset({"C.UTF-8", "C.utf8", "UTF-8"})
"""What Python itself sets `LC_CTYPE` to where the locale is C (PEP 538)."""


_KEYS: Final = {
    "⏎": "enter",
    "⌫": "bksp",
    "↑": "up",
    "↓": "down",
    "←": "left",
    "→": "right",
}


def key_in_ascii(shown: str) -> str:
    """A key's name in ASCII: in one sign for each, several would be called the same."""
    for sign, name in _KEYS.items():
        shown = shown.replace(sign, name)
    return shown


@lru_cache(4096)
def ascii_of(cell: str) -> str:
    """What a cell shows where only ASCII is known: an accent goes, any other sign is `?`."""
    if cell.isascii():
        return cell
    found = _ASCII.get(cell)
    if found is None:
        found = unicodedata.normalize("NFKD", cell)[:1]
    return found if found.isascii() and found.isprintable() else "?"


def only_ascii(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the locale names another encoding than UTF-8. One that names none says nothing."""
    language = environment.get("LANG", "")
    kind = environment.get("LC_CTYPE", "")
    if kind in _COERCED and language in {"C", "POSIX"}:
        kind = ""
    name = environment.get("LC_ALL") or kind or language
    return bool(name) and "utf8" not in name.lower().replace("-", "")
