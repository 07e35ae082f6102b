"""A cell's text on its way to the screen: visible, measured in terminal cells, cut and aligned.

Terminals disagree about sequences that only a font can join (families of emoji, emoji made from
a text character), and one cell of disagreement shifts the rest of the line. So the grid shows
such sequences in parts, whose widths all terminals agree on; nothing of the text is lost.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from rich.cells import cell_len, split_graphemes

from amltui.text import visible

EMPTY: Final = '""'
"""What stands for the empty string, in a style of its own."""
CUT: Final = "…"

_JOINS: Final = re.compile("[\u200d\ufe00-\ufe0f]")
_NUMBER: Final = re.compile(
    r"[+\-\u2212]?(?:\d[\d,_' \u00a0\u202f]*(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?\s*%?"
)


def shown(text: str) -> str:
    """`text` as the grid draws it: on one line, nothing hidden, each character in its own cells."""
    if text.isascii() and text.isprintable():
        return text
    text = visible(text)
    if text.isascii():
        return text
    text = _JOINS.sub("", text)
    if text and unicodedata.combining(text[0]):
        # A mark needs something of its own cell to stand on.
        text = "◌" + text
    return text


def width_of(text: str) -> int:
    """Cells that `text`, as `shown` gives it, takes."""
    return len(text) if text.isascii() else cell_len(text)


def cut(text: str, width: int) -> str:
    """`text` in at most `width` cells; what does not fit ends in an ellipsis."""
    if width_of(text) <= width:
        return text
    if width <= 0:
        return ""
    return take(text, width - 1) + CUT


def take(text: str, width: int) -> str:
    """The longest start of `text` of at most `width` cells, no character torn from its marks."""
    if text.isascii():
        return text[:width]
    used = 0
    for start, _, cells in split_graphemes(text)[0]:
        used += cells
        if used > width:
            return text[:start]
    return text


def fit(text: str, width: int, *, right: bool = False) -> str:
    """`text` in exactly `width` cells: padded, or cut with an ellipsis."""
    text = cut(text, width)
    padding = " " * (width - width_of(text))
    return padding + text if right else text + padding


def looks_numeric(text: str) -> bool:
    """Whether `text` reads as a number, in any of the usual ways to write one."""
    return _NUMBER.fullmatch(text.strip()) is not None
