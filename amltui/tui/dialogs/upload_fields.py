"""Fields of the dialog that sends a file: its path, and the type of its data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Final

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import OptionList, Static

from amltui.formats.guess import UNKNOWN_BINARY
from amltui.models import DataTypeIds
from amltui.tui.widgets.dialog import Dialog
from amltui.tui.widgets.fields import Field

TYPES: Final = {
    DataTypeIds.GenericCSV: "commas, names in the first line",
    DataTypeIds.GenericCSVNoHeader: "commas, no names",
    DataTypeIds.GenericTSV: "tabs, names in the first line",
    DataTypeIds.GenericTSVNoHeader: "tabs, no names",
    DataTypeIds.ARFF: "Weka's attribute-relation file",
    DataTypeIds.PlainText: "lines of text",
    "Zip": "an archive",
    "RData": "objects of R",
    UNKNOWN_BINARY: "bytes of any other kind",
}


class TypeField(Static, can_focus=True):
    """The data type; all types stand below while it is in focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,left", "step(-1)", "previous type"),
        Binding("down,right", "step(1)", "next type"),
    ]

    class Left(Message):
        """The focus went elsewhere, or came (`here`)."""

        def __init__(self, *, here: bool) -> None:
            super().__init__()
            self.here = here

    class Stepped(Message):
        """Another type is wanted."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    def action_step(self, by: int) -> None:
        """Take the next type."""
        self.post_message(self.Stepped(by))

    def on_focus(self) -> None:
        """Show all types."""
        self.post_message(self.Left(here=True))

    def on_blur(self) -> None:
        """Show the files again."""
        self.post_message(self.Left(here=False))


class PathInput(Field):
    """A path; tab completes it as a shell does, and goes on when there is nothing to complete."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", "complete"),
        Binding("down", "list", "to the list", show=False),
    ]

    def __init__(self, completion: Callable[[], str], **options: Any) -> None:
        """A field.

        Args:
            completion: how far what stands in it can be completed; "" while nobody knows.
            options: see `Field`.
        """
        super().__init__(**options)
        self._completion = completion

    def action_complete(self) -> None:
        """Complete, or go to the next field."""
        completion = self._completion()
        if completion and completion != self.value:
            self.value = completion
            self.cursor_position = len(completion)
        else:
            next(a for a in self.ancestors if isinstance(a, Dialog)).action_step(1)

    def action_list(self) -> None:
        """Go to the list."""
        self.screen.set_focus(self.screen.query_one(OptionList))
