"""What is shown in a terminal too small for anything else; it goes when the terminal grows."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.events import Resize
from textual.screen import Screen
from textual.widgets import Static

from amltui.tui.screens.pane_layout import MINIMUM, too_small


class TooSmallScreen(Screen[None]):
    """A message until there is room."""

    DEFAULT_CSS = """
    TooSmallScreen { align: center middle; background: $background; }
    TooSmallScreen Static { width: auto; max-width: 100%; text-align: center; }
    """

    def compose(self) -> ComposeResult:
        """The message."""
        yield Static("", markup=False)

    def on_resize(self, event: Resize) -> None:
        """Say how much is missing."""
        width, height = event.size
        if too_small(width, height):
            wanted, rows = MINIMUM
            self.query_one(Static).update(
                f"The terminal is too small:\n{width} columns by {height} rows.\n"
                f"Make it {wanted} by {rows} or larger."
            )
