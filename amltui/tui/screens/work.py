"""Work beside a screen: in groups, with its errors reported; keys may wait for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.screen import Screen

from amltui.errors import Cancelled
from amltui.tui.actions.host import Action
from amltui.tui.key_queue import KeyQueue


class ScreenWork:
    """The workers of one screen; they end with it."""

    def __init__(self, screen: Screen[Any], report: Callable[[Exception], None]) -> None:
        """Begin; `report` says what went wrong."""
        self._screen = screen
        self._report = report

    def start(self, action: Action, *, group: str = "actions", exclusive: bool = False) -> None:
        """Do something beside the screen; what goes wrong is reported.

        Args:
            action: what is done.
            group: what `cancel` and `runs` name it by.
            exclusive: what runs of the group is cancelled first.
        """

        async def guarded() -> None:
            try:
                await action()
            except Cancelled:
                pass
            except Exception as error:  # noqa: BLE001  the last border before the person
                if self._screen.is_running:  # else the program ends, and widgets are gone
                    self._report(error)

        # The function and not its coroutine, which nobody would await were the worker cancelled
        # before it begins.
        begun: Callable[[], Any] = guarded
        self._screen.run_worker(begun, group=group, exclusive=exclusive, exit_on_error=False)

    def start_first(
        self, action: Action, *, group: str = "actions", exclusive: bool = False
    ) -> None:
        """Do something that may open a dialog: keys wait for it, or until it is over.

        Args: as of `start`.
        """
        release = self._key_queue.hold_keys()

        async def released() -> None:
            try:
                await action()
            finally:
                release()

        self.start(released, group=group, exclusive=exclusive)

    def runs(self, group: str) -> bool:
        """Whether anything of a group is not over."""
        return any(w.group == group and not w.is_finished for w in self._screen.workers)

    def cancel(self, *groups: str) -> None:
        """Stop what runs of these groups."""
        for group in groups:
            self._screen.workers.cancel_group(self._screen, group)

    @property
    def _key_queue(self) -> KeyQueue[Any]:
        app = self._screen.app
        assert isinstance(app, KeyQueue)
        return app
