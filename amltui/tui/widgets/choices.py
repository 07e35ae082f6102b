"""A list to choose from: the palette's, a menu's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.events import Click
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from amltui.tui.line_view import LineView
from amltui.tui.widgets.dataset_list import fit


@dataclass(frozen=True, slots=True)
class Choice:
    """One of them; all texts are safe to show."""

    id: str
    key: str
    label: str
    about: str = ""


class Choices(LineView, can_focus=True, inherit_bindings=False):
    """Key, label and what it is about, one line each, with a cursor."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "choices--row",
        "choices--key",
        "choices--about",
        "choices--cursor",
    }
    DEFAULT_CSS = """
    Choices {
        height: auto; background: $surface;
        scrollbar-size-vertical: 1; scrollbar-gutter: stable;
    }
    Choices > .choices--row { color: $foreground; background: $surface; }
    Choices > .choices--key {
        color: $footer-key-foreground; background: $surface; text-style: bold;
    }
    Choices > .choices--about { color: $foreground-muted; background: $surface; }
    Choices > .choices--cursor {
        color: $block-cursor-foreground; background: $block-cursor-background; text-style: bold;
    }
    Choices:nocolor > .choices--cursor { text-style: reverse; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "choose", show=False),
        Binding("up,k", "move(-1)", "up", show=False),
        Binding("down,j", "move(1)", "down", show=False),
        Binding("pageup", "page(-1)", "page up", show=False),
        Binding("pagedown", "page(1)", "page down", show=False),
        Binding("home", "move(-1000000)", "first", show=False),
        Binding("end", "move(1000000)", "last", show=False),
    ]

    class Chosen(Message):
        """One of them was chosen."""

        def __init__(self, choice: Choice) -> None:
            super().__init__()
            self.choice = choice

    class Moved(Message):
        """The cursor went to another one; `left` stand below it."""

        def __init__(self, left: int) -> None:
            super().__init__()
            self.left = left

    def __init__(self, choices: Sequence[Choice] = (), *, nothing: str = "") -> None:
        super().__init__()
        self._choices = choices
        self._nothing = nothing
        """What stands there when there are none."""
        self._cursor = 0

    @property
    def current(self) -> Choice | None:
        """The one under the cursor."""
        return self._choices[self._cursor] if self._choices else None

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._choices)

    def show(self, choices: Sequence[Choice]) -> None:
        """Show others, with the cursor on the first."""
        self._choices, self._cursor = choices, 0
        self.hold(Size(1, len(choices)))
        self.scroll_to(y=0, animate=False, force=True, immediate=True)
        self.refresh()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as there are choices, where the style sheet says nothing else."""
        del container, viewport, width
        return max(len(self._choices), 1)

    def on_mount(self) -> None:
        """Scroll where they are more than fit."""
        self.hold(Size(1, len(self._choices)))

    def on_resize(self) -> None:
        """Keep the cursor in sight."""
        self.action_move(0)

    def action_move(self, by: int) -> None:
        """Move the cursor, stopping at both ends."""
        before = self._cursor
        self._cursor = max(0, min(before + by, len(self._choices) - 1))
        if self._cursor != before:
            self.post_message(self.Moved(len(self._choices) - 1 - self._cursor))
        top, height = self.scroll_offset.y, max(self.size.height, 1)
        top = max(min(top, self._cursor), self._cursor - height + 1)
        self.scroll_to(y=top, animate=False, force=True, immediate=True)
        self.refresh()

    def action_page(self, pages: int) -> None:
        """Move the cursor by what is in view."""
        self.action_move(pages * max(self.size.height - 1, 1))

    def action_choose(self) -> None:
        """Report the one under the cursor."""
        if self.current is not None:
            self.post_message(self.Chosen(self.current))

    def on_click(self, event: Click) -> None:
        """A click chooses."""
        row = int(event.y + self.scroll_offset.y)
        if row < len(self._choices):
            self._cursor = row
            self.action_choose()

    def draw(self, y: int) -> Strip:
        """One choice, cut to the width."""
        index = y + self.scroll_offset.y
        width = self.scrollable_content_region.width
        row, key, about = (
            self.get_component_rich_style(f"choices--{part}") for part in ("row", "key", "about")
        )
        if index >= len(self._choices):
            text = f" {self._nothing}" if not self._choices and y == 0 else ""
            return Strip([Segment(text, about)]).adjust_cell_length(self.size.width, row)
        choice = self._choices[index]
        if index == self._cursor:
            row = key = about = self.get_component_rich_style("choices--cursor")
        keys = max((len(one.key) for one in self._choices), default=0)
        labels = max((len(one.label) for one in self._choices if one.about), default=0)
        room = max(width - keys - 3, 1)
        name = f"{choice.label:<{labels}}  {choice.about}" if choice.about else choice.label
        cut = fit(name, room)
        split = min(labels + 2, room) if choice.about else room
        return Strip(
            [
                Segment(f" {choice.key:<{keys}} ", key),
                Segment(f" {cut[:split]}", row),
                Segment(cut[split:], about),
            ]
        ).adjust_cell_length(self.size.width, row)
