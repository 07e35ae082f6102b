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
from textual.widgets import Static

from amltui.tui.widgets.choices import Choice, Choices
from amltui.tui.widgets.dialog import Dialog


@dataclass(frozen=True, slots=True)
class MenuItem:
    """One choice."""

    letter: str
    label: str
    example: str = ""
    """Safe to show."""


class Menu(Dialog[str]):
    """Choose an entry; the value is its letter."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "leave"),
    ]

    def __init__(self, title: str, entries: Sequence[MenuItem], *, question: str = "") -> None:
        super().__init__()
        self._title = title
        self._question = question
        self._entries = entries

    def compose(self) -> ComposeResult:
        """The entries."""
        with Vertical(classes="dialog") as box:
            box.border_title = Content(self._title)
            box.border_subtitle = "enter choose · esc leave"
            if self._question:
                yield Static(self._question, markup=False)
                yield Static("", markup=False)
            yield Choices(
                [
                    Choice(each.letter, each.letter, each.label, each.example)
                    for each in self._entries
                ]
            )

    def on_key(self, event: Key) -> None:
        """A letter chooses its entry."""
        if event.character and event.character in {entry.letter for entry in self._entries}:
            event.stop()
            self.dismiss(event.character)
            return
        super().on_key(event)

    @on(Choices.Chosen)
    def _selected(self, event: Choices.Chosen) -> None:
        self.dismiss(event.choice.id)
