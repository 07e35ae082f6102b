"""Which keys work where the focus is: read from the bindings themselves, so always true."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from rich.table import Table
from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import Screen
from textual.widgets import Static

from amltui.tui.keymap import bound
from amltui.tui.theme import colour
from amltui.tui.widgets.dialog import Dialog

EVERYWHERE: Final = "everywhere"


@dataclass(frozen=True, slots=True)
class KeyHelp:
    """One thing that can be done now."""

    place: str
    """The widget that knows the keys."""
    keys: tuple[str, ...]
    """As a person reads them."""
    press: str
    """One of them as Textual names it."""
    description: str
    name: str | None
    """In the keymap; None: its keys stay what they are."""
    moves: bool = False
    """Whether it only moves a cursor or the focus: of less interest than what does something."""


_MOVING: Final = re.compile(
    r"(cursor|page|half_page|scroll|extend|first_of|move|go\b|cycle|pane\b|select_all|toggle_sel)"
)


def keys_in_focus(screen: Screen[Any]) -> list[KeyHelp]:
    """What each key does for the widget in focus, one entry per description.

    What does something comes before what moves, the nearest widget's before those around it.
    """
    merged: dict[tuple[str, str], list[tuple[str, Binding]]] = {}
    for key, active in screen.active_bindings.items():
        binding = active.binding
        if not binding.description or not active.enabled or binding.system:
            continue
        words = binding.description
        if words[1:2].islower():
            words = words[0].lower() + words[1:]
        place = (_place(active), words)
        merged.setdefault(place, []).append((key, binding))
    found = [
        KeyHelp(
            place,
            tuple(dict.fromkeys(_shown(screen.app, binding) for _, binding in keys)),
            keys[0][0],
            description,
            keys[0][1].id,
            bool(_MOVING.match(keys[0][1].action)),
        )
        for (place, description), keys in merged.items()
    ]
    return sorted(found, key=lambda entry: entry.moves)


def _place(active: ActiveBinding) -> str:
    for node in active.node.ancestors_with_self:
        title = getattr(node, "HELP_TITLE", "")
        if title:
            return str(title)
    return EVERYWHERE


def _shown(app: App[object], binding: Binding) -> str:
    return binding.key_display or app.get_key_display(binding)


class HelpScreen(Dialog[None]):
    """The keys of what was in focus."""

    DEFAULT_CSS = """
    HelpScreen VerticalScroll {
        height: auto; max-height: 14; scrollbar-gutter: stable; scrollbar-size-vertical: 1;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "leave"),
        bound("help", "dismiss", "leave"),
        Binding("j", "scroll(1)", "Down", show=False),
        Binding("k", "scroll(-1)", "Up", show=False),
    ]

    def __init__(self, keys: Iterable[KeyHelp]) -> None:
        super().__init__()
        self._keys = list(keys)

    def compose(self) -> ComposeResult:
        """A table of keys that scrolls."""
        with Vertical(classes="dialog") as box:
            box.border_title = "Keys"
            box.border_subtitle = "esc leave"
            with VerticalScroll():
                yield Static(self._table())

    def action_scroll(self, by: int) -> None:
        """Scroll by lines."""
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)

    def _table(self) -> Table:
        grid = Table.grid(padding=(0, 2))
        grid.add_column(no_wrap=True, style=f"bold {colour(self.app, 'footer-key-foreground')}")
        grid.add_column(ratio=1)
        place = None
        for entry in sorted(self._keys, key=lambda e: (e.moves, e.place == EVERYWHERE)):
            if entry.place != place:
                if place is not None:
                    grid.add_row("", "")
                heading = f"bold {colour(self.app, 'text-primary')}"
                grid.add_row("", Text(entry.place, style=heading))
                place = entry.place
            grid.add_row(Text(" ".join(entry.keys)), Text(entry.description))
        return grid
