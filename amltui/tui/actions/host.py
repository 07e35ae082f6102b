"""What an action may ask of the screen it works for, so that actions do not know its widgets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from amltui.models import Dataset
    from amltui.services.session import Session
    from amltui.tui.widgets.datasets import DatasetsPane
    from amltui.tui.widgets.details import Details
    from amltui.tui.widgets.dialog import Dialog
    from amltui.tui.widgets.header import Header
    from amltui.tui.widgets.preview import PreviewPane
    from amltui.tui.widgets.transfers import TransfersPane
    from amltui.workspaces.capabilities import Capabilities

T = TypeVar("T")
Action = Callable[[], Awaitable[None]]
"""What a key stands for."""


class ActionHost(Protocol):
    """The main screen, as its actions see it."""

    @property
    def dataset(self) -> Dataset | None:
        """The dataset that keys act on now."""

    @property
    def can(self) -> Capabilities | None:
        """What the workspace can do. None: it was not reached yet."""

    @property
    def listed(self) -> Sequence[Dataset]:
        """The datasets as they were listed last."""

    @property
    def marked(self) -> Sequence[Dataset]:
        """The datasets that are marked, while the list has the focus: keys act on them, then."""

    def unmark(self) -> None:
        """Take all marks away."""

    async def session(self) -> Session:
        """The open session."""

    async def ask(self, dialog: Dialog[T]) -> T | None:
        """Show a dialog and wait for its answer; None: it was left."""

    def say(
        self, message: str, *, warning: bool = False, seconds: float | None = None
    ) -> Callable[[], None]:
        """Tell the person something, as long as such is told or for `seconds`.

        Returns:
            What takes it off the screen before its time.
        """

    def report(self, error: Exception) -> None:
        """Say what went wrong and what to do about it."""

    def work(self, action: Action, *, group: str = "actions", exclusive: bool = False) -> None:
        """Do something beside the screen; what goes wrong is reported."""

    def work_first(self, action: Action) -> None:
        """As `work`, for what may open a dialog: keys wait for that, or until it is over."""

    async def reload(self, *, select: str | None = None) -> None:
        """Ask the workspace for its list again; go to the dataset of key `select`."""

    def relist(self, *, select: str | None = None) -> None:
        """Show the list as it is known, without what is about to be deleted."""


class ListHost(ActionHost, Protocol):
    """The main screen with its header and its datasets pane."""

    def redraw(self) -> None:
        """Write every cell of the screen again."""

    @property
    def header(self) -> Header:
        """The line that says whether the workspace answers."""

    @property
    def datasets(self) -> DatasetsPane:
        """The datasets pane."""


class PreviewHost(ActionHost, Protocol):
    """The main screen with its preview pane."""

    @property
    def preview(self) -> PreviewPane:
        """The preview pane."""

    @property
    def preview_dataset(self) -> Dataset | None:
        """The dataset whose rows are shown there."""

    def show_dataset(self, dataset: Dataset) -> None:
        """Begin to show a dataset, or a version of one, and go there."""


class TransferHost(ActionHost, Protocol):
    """The main screen with its transfers pane."""

    @property
    def transfers(self) -> TransfersPane:
        """The transfers pane."""


class MainHost(ListHost, PreviewHost, TransferHost, Protocol):
    """All of the main screen."""

    @property
    def details(self) -> Details:
        """The details pane."""
