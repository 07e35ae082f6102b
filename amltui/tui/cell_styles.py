"""Styles of cells as numbers, and the shortest way from one to another."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from rich.color import ColorSystem
from rich.style import Style
from textual.strip import Strip

REMEMBERED: Final = 4096
"""Rich styles whose number is looked up: those with a place of the mouse in them are many."""
_OFF: Final = {
    "1": "22", "2": "22", "3": "23", "4": "24", "5": "25", "7": "27", "8": "28", "9": "29",
    "21": "24", "53": "55",
}  # fmt: skip
"""What ends each attribute. Bold and dim, and the two underlines, end together."""
_ON_BLANKS: Final = frozenset({"4", "5", "7", "9", "21", "53"})
"""Attributes that a blank shows, and with them its colour."""


class CellLook(NamedTuple):
    """How a cell is drawn, in the terminal's own codes."""

    attributes: frozenset[str] = frozenset()
    foreground: str = ""
    background: str = ""
    link: str = ""


class CellStyles:
    """Numbers of looks, from 0, which is the terminal's own."""

    def __init__(self) -> None:
        self._looks = [CellLook()]
        self._numbers = {CellLook(): 0}
        self._known: dict[tuple[Style, ColorSystem], int] = {}
        self._changes: dict[tuple[int, int], str] = {}
        self.blank = [0]
        """For each number that of the look with which a blank looks the same."""

    def number(self, style: Style | None, colours: ColorSystem) -> int:
        """The number of a style in a terminal with such colours."""
        if style is None:
            return 0
        found = self._known.get((style, colours))
        if found is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            link = f"id={style.link_id};{style.link}" if style.link else ""
            found = self._of(parse(Strip.render_ansi(style, colours), link))
            self._known[style, colours] = found
        return found

    def _of(self, look: CellLook) -> int:
        number = self._numbers.get(look)
        if number is None:
            bare = CellLook(background=look.background)
            seen = look.attributes & _ON_BLANKS or look.link or bare == look
            other = None if seen else self._of(bare)
            number = self._numbers[look] = len(self._looks)
            self._looks.append(look)
            self.blank.append(number if other is None else other)
        return number

    def change(self, before: int, after: int) -> str:
        """What takes the terminal from one look to another."""
        if before == after:
            return ""
        found = self._changes.get((before, after))
        if found is None:
            found = change(self._looks[before], self._looks[after])
            self._changes[before, after] = found
        return found


@lru_cache(REMEMBERED)
def parse(codes: str, link: str) -> CellLook:
    """Take a sequence of codes of "Select Graphic Rendition" apart."""
    attributes, foreground, background = set[str](), "", ""
    parts = codes.split(";") if codes else []
    while parts:
        code = parts.pop(0)
        if code in {"38", "48"}:
            more = 4 if parts[0] == "2" else 2
            colour = ";".join([code, *parts[:more]])
            del parts[:more]
        else:
            colour = code
        if code in {"38", "39"} or (colour[:-1] in {"3", "9"} and len(colour) == 2):
            foreground = "" if code == "39" else colour
        elif code in {"48", "49"} or (colour[:-1] in {"4", "10"} and len(colour) > 1):
            background = "" if code == "49" else colour
        else:
            attributes.add(code)
    return CellLook(frozenset(attributes), foreground, background, link)


def change(before: CellLook, after: CellLook) -> str:
    """The shortest sequence from one look to another."""
    link = "" if before.link == after.link else f"\x1b]8;{after.link or ';'}\x1b\\"
    if not (after.attributes or after.foreground or after.background):
        bare = not (before.attributes or before.foreground or before.background)
        return link + ("" if bare else "\x1b[m")
    anew = ["0", *sorted(after.attributes), after.foreground, after.background]
    ends = {_OFF.get(one, "0") for one in before.attributes - after.attributes}
    kept = {one for one in before.attributes & after.attributes if _OFF.get(one) not in ends}
    step = [*sorted(ends), *sorted(after.attributes - kept)]
    if before.foreground != after.foreground:
        step.append(after.foreground or "39")
    if before.background != after.background:
        step.append(after.background or "49")
    ways = [anew] if "0" in ends else [step, anew]
    best = min((";".join(filter(None, way)) for way in ways), key=len)
    return link + (f"\x1b[{best}m" if best else "")
