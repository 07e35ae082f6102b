"""What an action may ask of the screen it works for, so that actions do not know its widgets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from textual.screen import ModalScreen

    from amltui.models import Dataset
    from amltui.services.session import Session
    from amltui.tui.widgets.preview import PreviewPane
    from amltui.tui.widgets.transfers import TransfersPane

T = TypeVar("T")


class Desk(Protocol):
    """The main screen, as its actions see it."""

    @property
    def dataset(self) -> Dataset | None:
        """The dataset that keys act on now."""

    async def session(self) -> Session:
        """The open session."""

    async def ask(self, dialog: ModalScreen[T]) -> T | None:
        """Show a dialog and wait for its answer; None: it was left."""

    def say(self, message: str, *, warning: bool = False) -> None:
        """Tell the person something."""

    def work(self, deed: Callable[[], Awaitable[None]]) -> None:
        """Do something beside the screen; what goes wrong is reported."""

    async def reload(self, *, select: str | None = None) -> None:
        """Ask the workspace for its list again; go to family `select`."""


class PreviewDesk(Desk, Protocol):
    """The main screen with its preview pane."""

    @property
    def preview(self) -> PreviewPane:
        """The preview pane."""


class TransferDesk(Desk, Protocol):
    """The main screen with its transfers pane."""

    @property
    def transfers(self) -> TransfersPane:
        """The transfers pane."""
