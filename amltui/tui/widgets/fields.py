"""Fields to type in. Their caret stands still: a blinking one writes to the terminal for ever."""

from __future__ import annotations

from typing import Any

from textual.widgets import Input


class Field(Input):
    """One line."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.cursor_blink = False
