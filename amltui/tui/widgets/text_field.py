"""A field for several lines. Apart from others, for the start does without Textual's text area."""

from __future__ import annotations

from typing import Any

from textual.widgets import TextArea


class TextField(TextArea):
    """Its caret stands still, as that of `widgets.fields`."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.cursor_blink = False
