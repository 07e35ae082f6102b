"""The line of open workspaces; there is none as long as one alone is open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual.widget import Widget

from amltui.tui.theme import colour

_ROOM: Final = 24
"""Cells of a name that are shown."""
_LESS: Final = " … "
"""What stands for those that have no room."""


class TabLine(Widget):
    """One line; a click on a name goes there."""

    DEFAULT_CSS = """
    TabLine { height: 1; width: 100%; background: $background; display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.set_reactive(TabLine.auto_links, False)
        self._names: Sequence[str] = ()
        self._at = 0

    def show(self, names: Sequence[str], at: int) -> None:
        """Show what is open, and which of them is seen."""
        self._names, self._at = names, at
        self.display = len(names) > 1
        self.refresh()

    def render(self) -> Text:
        """The one that is seen, and as many around it as there is room for."""
        labels = [f" {at + 1} {_cut(name)} " for at, name in enumerate(self._names)]
        seen = _around(labels, self._at, self.size.width)
        line = Text(no_wrap=True)
        here = Style.parse(f"bold reverse {colour(self.app, 'text-primary')}")
        faint = Style.parse(colour(self.app, "foreground-muted"))
        if seen.start:
            line.append(_LESS, faint)
        for at in seen:
            press = Style(meta={"@click": f"app.tab({at})"})
            line.append(labels[at], (here if at == self._at else faint) + press)
        if seen.stop < len(labels):
            line.append(_LESS, faint)
        return line


def _cut(name: str) -> str:
    """The end of a long name: it tells more than the beginning."""
    while cell_len(name) > _ROOM:
        name = f"…{name.removeprefix('…')[1:]}"
    return name


def _around(labels: Sequence[str], at: int, width: int) -> range:
    """Which labels are shown: as many as fit, the one at `at` among them."""
    first, last = at, at
    room = width - cell_len(labels[at]) - 2 * len(_LESS)
    grown = True
    while grown:
        grown = False
        for near in (last + 1, first - 1):
            if 0 <= near < len(labels) and cell_len(labels[near]) <= room:
                room -= cell_len(labels[near])
                first, last = min(first, near), max(last, near)
                grown = True
    return range(first, last + 1)
