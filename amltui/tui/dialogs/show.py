"""A text to read: a whole cell, the profile of a column."""

from __future__ import annotations

from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content

from amltui.text import visible_lines
from amltui.tui.widgets.dialog import Dialog
from amltui.tui.widgets.text_field import TextField

LIMIT: Final = 200_000
"""Characters that are shown; more are said to be there."""


class ShowText(Dialog[bool]):
    """Show a text over several lines; `y` dismisses with True: it is to be copied."""

    DEFAULT_CSS = """
    ShowText TextArea { height: auto; max-height: 70vh; background: $surface; }
    """
    WIDTH = 90
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "dismiss(None)", "leave", priority=True),
        Binding("y", "dismiss(True)", "copy", priority=True),
    ]

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title = title
        self._text = text

    def compose(self) -> ComposeResult:
        """The text, which scrolls and can be selected."""
        with Vertical(classes="dialog") as box:
            box.border_title = Content(self._title)
            more = len(self._text) - LIMIT
            keys = "y copy · esc leave"
            box.border_subtitle = Content(
                f"first {LIMIT:,} of {len(self._text):,} characters · {keys}" if more > 0 else keys
            )
            yield TextField(
                visible_lines(self._text[:LIMIT]),
                read_only=True,
                compact=True,
                soft_wrap=True,
                show_cursor=False,
            )
