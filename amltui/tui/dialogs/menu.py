"""A menu whose entries are chosen by their letter, by the arrows or by the mouse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Key
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from amltui.tui.widgets.dataset_list import fit


@dataclass(frozen=True, slots=True)
class Entry:
    """One choice."""

    letter: str
    label: str
    example: str = ""
    """Safe to show."""


class Menu(ModalScreen[str | None]):
    """Choose an entry; the value is its letter."""

    CSS_PATH = "dialog.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "leave"),
        Binding("j,down", "move(1)", "Down", show=False),
        Binding("k,up", "move(-1)", "Up", show=False),
    ]

    def __init__(self, title: str, entries: Sequence[Entry], *, question: str = "") -> None:
        super().__init__()
        self._title = title
        self._question = question
        self._entries = entries

    def compose(self) -> ComposeResult:
        """The entries."""
        width = max(len(entry.label) for entry in self._entries)
        with Vertical(classes="dialog") as box:
            box.border_title = Content(self._title)
            box.border_subtitle = "enter choose · esc leave"
            if self._question:
                yield Static(self._question, markup=False)
                yield Static("", markup=False)
            yield OptionList(
                *(
                    Option(
                        Content.assemble(
                            (f" {entry.letter} ", "bold $footer-key-foreground"),
                            f" {entry.label:<{width}}  ",
                            (fit(entry.example, 44).rstrip(), "$foreground-muted"),
                        ),
                        id=entry.letter,
                    )
                    for entry in self._entries
                ),
                compact=True,
            )

    def on_key(self, event: Key) -> None:
        """A letter chooses its entry."""
        if event.character and event.character in {entry.letter for entry in self._entries}:
            event.stop()
            self.dismiss(event.character)

    def action_move(self, by: int) -> None:
        """Move through the entries."""
        menu = self.query_one(OptionList)
        (menu.action_cursor_down if by > 0 else menu.action_cursor_up)()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option.id)
