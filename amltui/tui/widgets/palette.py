"""The command palette: everything that can be done now, found by typing; a number goes to a row.

Columns are found in it as well, by name or number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from amltui.text import visible
from amltui.tui.widgets.choices import Choice, Choices
from amltui.tui.widgets.dialog import DialogLayer, Modal
from amltui.tui.widgets.fields import Field


@dataclass(frozen=True, slots=True)
class PaletteCommand:
    """Something that can be done; `id` is what is told when it is chosen."""

    id: str
    label: str
    keys: str = ""


_SHARE: Final = re.compile(r"(\d{1,3}(?:\.\d+)?)\s*%")


def matching(
    commands: Sequence[PaletteCommand], typed: str, *, number: str = "row", other: str = ""
) -> list[PaletteCommand]:
    """Commands that hold every typed word, those that begin with the text first.

    Behind them those whose letters include what was typed, in this order: `dlp` finds "download
    to a path". A number is a command of its own: go to that row, or whatever `number` names. So is
    `90%`: go to the row that nine tenths of all rows are before. `other`: what is done with a text
    that names none of them, or is a path; "": nothing.
    """
    text = typed.strip().casefold()
    words = text.split()
    found = [c for c in commands if all(word in c.label.casefold() for word in words)]
    found.sort(key=lambda c: not c.label.casefold().startswith(text))
    digits = text.replace(",", "").replace("_", "")
    if number and digits.isdecimal():
        return [
            *found,
            PaletteCommand(f"{number}:{int(digits)}", f"go to {number} {int(digits):,}"),
        ]
    share = _SHARE.fullmatch(text)
    if share and number == "row" and float(share[1]) <= 100:
        return [*found, PaletteCommand(f"share:{share[1]}", f"go to {share[1]} % of all rows")]
    letters = [c for c in commands if c not in found and _in_order(text, c.label.casefold())]
    if other and text and (not found or "/" in text):
        plain = typed.strip()
        return [*found, *letters, PaletteCommand(f"other:{plain}", f"{other} {visible(plain)}")]
    return found + letters


def _in_order(wanted: str, text: str) -> bool:
    """Whether all characters of `wanted` but spaces stand in `text`, in this order."""
    left = iter(text)
    return all(letter in left for letter in wanted if letter != " ")


class Palette(Modal):
    """Type, choose, done. It lies over the panes of its screen: nothing else is drawn again.

    A screen of its own would redraw all others when it comes and when it goes, which is 50 KB.
    """

    DEFAULT_CSS = """
    Palette { display: none; }
    Palette Choices { margin-top: 1; height: 10; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave", priority=True),
        Binding("enter", "choose", "do", show=False, priority=True),
        Binding("down,ctrl+n", "move(1)", "Down", show=False, priority=True),
        Binding("up,ctrl+p", "move(-1)", "Up", show=False, priority=True),
        Binding("pagedown", "page(1)", "page down", show=False, priority=True),
        Binding("pageup", "page(-1)", "page up", show=False, priority=True),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.add_class("dialog")
        self.can_focus = False
        self._commands: Sequence[PaletteCommand] = ()
        self._chosen: Callable[[str], None] = lambda _command: None
        self._number = "row"
        """What a number that is typed goes to."""
        self._other = ""
        """What is done with another text that is typed."""
        self.border_subtitle = "enter do · esc leave"

    def compose(self) -> ComposeResult:
        """A line to type in and what it finds."""
        yield Field(compact=True)
        yield Choices(nothing="Nothing is called so.")

    def open(
        self,
        commands: Sequence[PaletteCommand],
        chosen: Callable[[str], None],
        *,
        title: str = "Commands",
        asks: str = "a command, or the number of a row",
        number: str = "row",
        other: str = "",
    ) -> None:
        """Let one of the commands be chosen.

        Args:
            commands: what there is.
            chosen: called with the command's id, at once, so that what it changes and the palette's
                end are one frame, and the next key is for what it leads to.
            title: what stands above.
            asks: what is to be typed.
            number: what a number goes to; chosen with the id `number:N`. "": to nothing.
            other: what is done with another text; chosen with the id `other:TEXT`. "": nothing.
        """
        self._commands, self._chosen = commands, chosen
        self._number, self._other = number, other
        self.border_title = title
        over = self._over
        over.comes_over()
        with over.one_frame():
            self.fit()
            self.display = True
            line = self.query_one(Input)
            line.placeholder = asks
            with line.prevent(Input.Changed):
                line.value = ""
            self._find("")
            self.screen.set_focus(line)

    def choose(
        self,
        title: str,
        names: Sequence[str],
        chosen: Callable[[int], None],
        typed: Callable[[str], None] | None = None,
    ) -> None:
        """Let one of several names be chosen, under a title; its place among them is told.

        `typed`: told of a text that is another one. None: it must be one of them.
        """

        def tell(command: str) -> None:
            kind, _, what = command.partition(":")
            if kind == "at":
                chosen(int(what))
            elif typed is not None:
                typed(what)

        self.open(
            [PaletteCommand(f"at:{at}", visible(name)) for at, name in enumerate(names)],
            tell,
            title=title,
            asks="a name" if typed is None else "a name, a folder or an address",
            number="",
            other="" if typed is None else "open",
        )

    def fit(self) -> None:
        """Show as many commands as the terminal has room for."""
        # Not by CSS: a container as high as its content takes no notice of a limit to that.
        self.query_one(Choices).styles.height = max(min(10, self.screen.size.height - 9), 1)

    def close(self) -> None:
        """Give the focus back and go."""
        over = self._over
        with over.one_frame():
            over.focus_behind()
            self.display = False

    @property
    def _over(self) -> DialogLayer:
        over = self.parent
        assert isinstance(over, DialogLayer)
        return over

    def action_leave(self) -> None:
        """Choose nothing."""
        self.close()

    def action_choose(self) -> None:
        """Do what is marked."""
        # What was typed counts, also when the list has not caught up with fast fingers.
        found = self._matching(self.query_one(Input).value)
        current = self.query_one(Choices).current
        if current is not None and any(one.id == current.id for one in found):
            self._do(current.id)
        elif found:
            self._do(found[0].id)

    def action_move(self, by: int) -> None:
        """Move through what was found while typing goes on."""
        self.query_one(Choices).action_move(by)

    def action_page(self, pages: int) -> None:
        """Move by what is in view."""
        self.query_one(Choices).action_page(pages)

    def on_descendant_blur(self) -> None:
        """Go when something else was clicked; not when only the terminal lost the focus."""
        focused = self.screen.focused
        if self.display and focused is not None and self not in focused.ancestors:
            self.display = False

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self._find(event.input.value)

    @on(Choices.Chosen)
    def _selected(self, event: Choices.Chosen) -> None:
        event.stop()
        self._do(event.choice.id)

    def _do(self, command: str) -> None:
        self.close()
        self._chosen(command)

    def _matching(self, typed: str) -> list[PaletteCommand]:
        return matching(self._commands, typed, number=self._number, other=self._other)

    def _find(self, typed: str) -> None:
        self.query_one(Choices).show([Choice(c.id, c.keys, c.label) for c in self._matching(typed)])
