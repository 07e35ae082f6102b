"""The terminal program as a question: which dataset? Enter answers, q leaves without an answer."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType

from amltui.models import Dataset
from amltui.tui.app import AmltuiApp
from amltui.tui.keymap import key_of
from amltui.tui.sighup import end_with_terminal
from amltui.tui.widgets.dataset_list import DatasetList


class PickList(DatasetList):
    """The list, where enter takes the dataset."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "choose", "take this dataset")]


class Picker(AmltuiApp):
    """amltui until a dataset is chosen."""

    LIST = PickList
    SEVERAL = False  # whoever asked reads the dataset in this one

    def __init__(self, profile: str | None = None) -> None:
        super().__init__(profile)
        self.picked: Dataset | None = None

    def on_mount(self) -> None:
        """Say what Enter does here; Textual itself also calls the parent's method."""
        self.notify(f"Enter takes the dataset, {key_of('quit')} takes none.")

    @on(DatasetList.Chosen)
    def _take(self, event: DatasetList.Chosen) -> None:
        self.picked = event.dataset
        self.exit(0)


def pick(profile: str | None = None) -> Dataset | None:
    """Let the user choose a dataset. None: they left without choosing.

    The screen is drawn on standard error, so that standard output can be captured.
    """
    end_with_terminal()
    app = Picker(profile)
    app.look_at_settings()
    app.run()
    return app.picked
