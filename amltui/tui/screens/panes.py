"""The four panes of the main screen: which has the focus, which are seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from textual.screen import Screen
from textual.widget import Widget

from amltui.tui.grid import Grid
from amltui.tui.screens.pane_layout import (
    BROAD,
    DETAILS,
    LIST,
    PREVIEW,
    TRANSFERS,
    TWO,
    WIDE,
    LayoutState,
    PaneLayout,
    arrange,
)
from amltui.tui.widgets.dataset_list import DatasetList
from amltui.tui.widgets.details import Details
from amltui.tui.widgets.transfers import TransfersPane

_IDS: Final = {"datasets": LIST, "preview": PREVIEW, "details": DETAILS, "transfers": TRANSFERS}
"""The panes by their ids on the screen."""


class Panes:
    """Arranges the panes of a screen, which composes them and says what they show."""

    def __init__(self, screen: Screen[Any], changed: Callable[[], None]) -> None:
        """Begin; `changed` is called when another pane has the focus."""
        self._screen = screen
        self._changed = changed
        self.state = LayoutState()

    @property
    def at_list(self) -> bool:
        """Whether the datasets have the focus."""
        return self.state.pane == LIST

    @property
    def at_preview(self) -> bool:
        """Whether the preview has it."""
        return self.state.pane == PREVIEW

    def note_focus(self, widget: Widget) -> None:
        """Note which pane has the focus, as one of its widgets got it."""
        for ancestor in widget.ancestors_with_self:
            number = _IDS.get(ancestor.id or "")
            if number is not None and number != self.state.pane:
                self.state = replace(self.state, pane=number)
                self.arrange()
                self._changed()

    def focus(self, pane: int) -> None:
        """Focus a pane, showing it if need be."""
        self.state = replace(self.state, pane=pane)
        self.arrange()
        kinds: dict[int, type[Widget]] = {
            LIST: DatasetList,
            PREVIEW: Grid,
            DETAILS: Details,
            TRANSFERS: TransfersPane,
        }
        # Now: what is typed next is for it.
        self._screen.set_focus(self._screen.query_one(kinds[pane]))
        self._changed()

    def cycle(self, step: int) -> None:
        """Focus the next pane that is seen, or in a narrow terminal the next of all."""
        seen = self._layout_of(replace(self.state, zoomed=False))
        panes = sorted(seen.panes) if not seen.single else [LIST, PREVIEW, DETAILS, TRANSFERS]
        at = panes.index(self.state.pane) if self.state.pane in panes else 0
        self.focus(panes[(at + step) % len(panes)])

    def zoom(self) -> None:
        """Give the pane in focus the whole screen, or take it back."""
        self.state = replace(self.state, zoomed=not self.state.zoomed)
        self.arrange()

    def toggle_details(self) -> None:
        """Show or hide the details."""
        shown = DETAILS in self._layout_of(self.state).panes
        self.state = replace(self.state, details=not shown)
        if self._screen.size.width < TWO:
            self.focus(LIST if self.state.pane == DETAILS else DETAILS)
        elif self.state.pane == DETAILS:
            self.focus(LIST)
        else:
            self.arrange()

    def toggle_transfers(self) -> None:
        """Go to the transfers, or back from them."""
        there = self.state.pane == TRANSFERS
        self.state = replace(self.state, transfers=not there)
        self.focus(LIST if there else TRANSFERS)

    def step_back(self) -> None:
        """Undo the last change of the panes, if one is left."""
        if self.state.zoomed:
            self.zoom()
        elif self.state.details and self._screen.size.width < WIDE:
            self.state = replace(self.state, details=None)
            self.focus(LIST if self.state.pane == DETAILS else self.state.pane)
        elif self.state.pane != LIST:
            self.state = replace(self.state, transfers=False)
            self.focus(LIST)

    def arrange(self) -> None:
        """Show each pane where it belongs at this size."""
        screen, seen = self._screen, self._layout_of(self.state)
        width = screen.size.width
        wanted = {
            "-overlay": seen.overlay,
            "-single": seen.single,
            "-compact": seen.compact,
            "-medium": width < WIDE,
            "-broad": width >= BROAD,
        }
        other = {name for name, holds in wanted.items() if screen.has_class(name) != holds}
        for name, number in _IDS.items():
            pane = screen.query_one(f"#{name}")
            pane.display = number in seen.panes
            # A class, not :focus-within: that would draw the pane again when the palette comes.
            pane.set_class(number == self.state.pane, "-current", update=not other)
        screen.query_one("#body").display = seen.panes != {TRANSFERS}
        for name in other:
            screen.set_class(wanted[name], name, update=False)
        if other:
            screen.update_node_styles()  # once: it looks through all rules for all that is in it

    def _layout_of(self, state: LayoutState) -> PaneLayout:
        transfers = len(self._screen.query_one(TransfersPane).rows)
        return arrange(*self._screen.size, state, transfers=transfers)
