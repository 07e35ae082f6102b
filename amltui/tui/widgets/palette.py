"""The command palette: everything that can be done now, found by typing; a number goes to a row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Key
from textual.widget import Widget
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

_AROUND: Final = 8
"""Lines of the screen that are not for what was found: above, border, input, space, keys."""
_ONE_FRAME: Final = 0.005
"""Seconds after which what a command changed is drawn together with what the palette covered."""


@dataclass(frozen=True, slots=True)
class Command:
    """Something that can be done; `id` is what is told when it is chosen."""

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


class Palette(Vertical):
    """Type, choose, done. It lies over the panes of its screen: nothing else is drawn again.

    A screen of its own would redraw all others when it comes and when it goes, which is 50 KB.
    """

    DEFAULT_CSS = """
    Palette { display: none; }
    Palette OptionList { margin-top: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave", priority=True),
        Binding("enter", "choose", "do", show=False, priority=True),
        Binding("down,ctrl+n", "move(1)", "Down", show=False, priority=True),
        Binding("up,ctrl+p", "move(-1)", "Up", show=False, priority=True),
    ]

    def __init__(self) -> None:
        super().__init__(classes="dialog")
        self._commands: Sequence[Command] = ()
        self._chosen: Callable[[str], None] = lambda _command: None
        self._before: Widget | None = None
        """What had the focus."""
        self.border_title = "Commands"
        self.border_subtitle = "enter do · esc leave"

    def compose(self) -> ComposeResult:
        """A line to type in and what it finds."""
        yield Input(placeholder="a command, or the number of a row", compact=True)
        yield OptionList(compact=True)

    def open(self, commands: Sequence[Command], chosen: Callable[[str], None]) -> None:
        """Let one of the commands be chosen.

        Args:
            commands: what there is.
            chosen: called with the command's id, at once, so that what it changes and the palette's
                end are one frame, and the next key is for what it leads to.
        """
        self._commands, self._chosen = commands, chosen
        self._before = self.screen.focused
        self.display = True
        line = self.query_one(Input)
        with line.prevent(Input.Changed):
            line.value = ""
        self._find("")
        self.screen.set_focus(line)

    def close(self) -> None:
        """Give the focus back and go."""
        self.screen.set_focus(self._before)
        self.display = False

    def action_leave(self) -> None:
        """Choose nothing."""
        self.close()

    def action_choose(self) -> None:
        """Do what is marked."""
        # What was typed counts, also when the list has not caught up with fast fingers.
        found = matching(self._commands, self.query_one(Input).value)
        at = self.query_one(OptionList).highlighted or 0
        if found:
            self._do(found[min(at, len(found) - 1)].id)

    def action_move(self, by: int) -> None:
        """Move through what was found while typing goes on."""
        found = self.query_one(OptionList)
        (found.action_cursor_down if by > 0 else found.action_cursor_up)()

    def on_key(self, event: Key) -> None:
        """Keep keys that are of no use here from the panes behind."""
        active = self.screen.active_bindings.get(event.key)
        if active is None or self not in active.node.ancestors_with_self:
            event.stop()

    def on_descendant_blur(self) -> None:
        """Go when something else was clicked; not when only the terminal lost the focus."""
        focused = self.screen.focused
        if self.display and focused is not None and self not in focused.ancestors:
            self.display = False

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self._find(event.input.value)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._do(event.option.id or "")

    def _do(self, command: str) -> None:
        until_both = ExitStack()
        until_both.callback(self.screen.check_idle)  # it draws when it has nothing else to do
        until_both.enter_context(self.app.batch_update())
        self.set_timer(_ONE_FRAME, until_both.close)
        self.close()
        self._chosen(command)

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
        # Not by CSS: a container as high as its content takes no notice of a limit to that.
        found.styles.height = min(len(commands), self.screen.size.height - _AROUND)
