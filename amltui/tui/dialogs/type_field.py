"""The field for the type of the data that a file holds."""

from __future__ import annotations

from typing import ClassVar, Final

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Static

from amltui.formats.guess import UNKNOWN_BINARY
from amltui.models import DataTypeIds

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
