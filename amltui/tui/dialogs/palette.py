"""The command palette: everything that can be done now, found by typing; a number goes to a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option


@dataclass(frozen=True, slots=True)
class Command:
    """Something that can be done; `id` is what the palette dismisses with."""

    id: str
    label: str
    keys: str = ""


def matching(commands: Sequence[Command], typed: str) -> list[Command]:
    """Commands that hold every typed word, those that begin with the text first.

    A number is a command of its own: go to that row.
    """
    text = typed.strip().casefold()
    number = text.replace(",", "").replace("_", "")
    if number.isdecimal():
        return [Command(f"row:{int(number)}", f"go to row {int(number):,}")]
    words = text.split()
    found = [c for c in commands if all(word in c.label.casefold() for word in words)]
    return sorted(found, key=lambda c: not c.label.casefold().startswith(text))


class Palette(ModalScreen[str | None]):
    """Type, choose, done."""

    CSS_PATH = "dialog.tcss"
    DEFAULT_CSS = """
    Palette { align: center top; }
    Palette .dialog { margin-top: 2; }
    Palette OptionList { max-height: 60vh; margin-top: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "leave"),
        Binding("down,ctrl+n", "move(1)", "Down", show=False, priority=True),
        Binding("up,ctrl+p", "move(-1)", "Up", show=False, priority=True),
    ]

    def __init__(self, commands: Sequence[Command]) -> None:
        super().__init__()
        self._commands = commands

    def compose(self) -> ComposeResult:
        """A line to type in and what it finds."""
        with Vertical(classes="dialog") as box:
            box.border_title = "Commands"
            box.border_subtitle = "enter do · esc leave"
            yield Input(placeholder="a command, or the number of a row", compact=True)
            yield OptionList(compact=True)

    def on_mount(self) -> None:
        """Show all commands."""
        self._find("")

    def action_move(self, by: int) -> None:
        """Move through what was found while typing goes on."""
        found = self.query_one(OptionList)
        (found.action_cursor_down if by > 0 else found.action_cursor_up)()

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        self._find(event.value)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        # What was typed counts, also when the list has not caught up with fast fingers.
        found = matching(self._commands, event.value)
        at = self.query_one(OptionList).highlighted or 0
        if found:
            self.dismiss(found[min(at, len(found) - 1)].id)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option.id)

    def _find(self, typed: str) -> None:
        found = self.query_one(OptionList)
        found.clear_options()
        commands = matching(self._commands, typed)
        found.add_options(
            Option(
                Content.assemble((f" {c.keys:<9}", "bold $footer-key-foreground"), f" {c.label}"),
                id=c.id,
            )
            for c in commands
        )
        found.highlighted = 0 if commands else None
