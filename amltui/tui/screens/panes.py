"""The panes of the main screen: which has the focus, which are seen."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import DescendantFocus, Resize
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget

from amltui.tui.grid import Grid
from amltui.tui.screens.layout import (
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
from amltui.tui.widgets.dialog import DialogLayer, Modal
from amltui.tui.widgets.palette import Palette
from amltui.tui.widgets.transfers import TransfersPane


class PanesScreen(Screen[None]):
    """A screen of four panes; the subclass composes them and says what they show."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "pane(1)", "datasets pane", show=False),
        Binding("2", "pane(2)", "preview pane", show=False),
        Binding("3", "pane(3)", "details pane", show=False),
        Binding("4", "pane(4)", "transfers pane", show=False),
        Binding("tab", "cycle(1)", "next pane", show=False),
        Binding("shift+tab", "cycle(-1)", "previous pane", show=False),
        Binding("plus", "zoom", "zoom the pane", show=False),
    ]

    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    """As of any screen. Whoever gets or loses the focus draws itself; not everything is drawn."""

    def __init__(self) -> None:
        super().__init__()
        self._state = LayoutState()

    def pane_changed(self) -> None:
        """Another pane has the focus."""

    def on_resize(self, _event: Resize) -> None:
        """Arrange for the new size."""
        self._arrange()
        self.query_one(DialogLayer).fit()
        self.query_one(Palette).fit()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Note which pane has the focus; a dialog that lies over the panes keeps it."""
        dialog = self.query_one(DialogLayer).shown
        if dialog is not None and not any(
            isinstance(node, Modal) for node in event.widget.ancestors_with_self
        ):
            dialog.focus_first()
            return
        numbers = {"datasets": LIST, "preview": PREVIEW, "details": DETAILS, "transfers": TRANSFERS}
        for ancestor in event.widget.ancestors_with_self:
            number = numbers.get(ancestor.id or "")
            if number is not None and number != self._state.pane:
                self._state = replace(self._state, pane=number)
                self._arrange()
                self.pane_changed()

    def action_pane(self, pane: int) -> None:
        """Focus a pane, showing it if need be."""
        self._state = replace(self._state, pane=pane)
        self._arrange()
        target: Widget = {
            LIST: self.query_one(DatasetList),
            PREVIEW: self.query_one(Grid),
            DETAILS: self.query_one(Details),
            TRANSFERS: self.query_one(TransfersPane),
        }[pane]
        self.set_focus(target)  # now: what is typed next is for it
        self.pane_changed()

    def action_cycle(self, step: int) -> None:
        """Focus the next pane that is seen, or in a narrow terminal the next of all."""
        state = replace(self._state, zoomed=False)
        seen = self._panes_for(state)
        panes = sorted(seen.panes) if not seen.single else [LIST, PREVIEW, DETAILS, TRANSFERS]
        at = panes.index(self._state.pane) if self._state.pane in panes else 0
        self.action_pane(panes[(at + step) % len(panes)])

    def action_zoom(self) -> None:
        """Give the pane in focus the whole screen, or take it back."""
        self._state = replace(self._state, zoomed=not self._state.zoomed)
        self._arrange()

    def action_details(self) -> None:
        """Show or hide the details."""
        shown = DETAILS in self._panes_for(self._state).panes
        self._state = replace(self._state, details=not shown)
        if self.size.width < TWO:
            self.action_pane(LIST if self._state.pane == DETAILS else DETAILS)
        elif self._state.pane == DETAILS:
            self.action_pane(LIST)
        else:
            self._arrange()

    def action_transfers(self) -> None:
        """Go to the transfers, or back from them."""
        if self._state.pane == TRANSFERS:
            self._state = replace(self._state, transfers=False)
            self.action_pane(LIST)
        else:
            self._state = replace(self._state, transfers=True)
            self.action_pane(TRANSFERS)

    def step_back(self) -> bool:
        """Undo the last change of the panes; false when there is none left."""
        if self._state.zoomed:
            self.action_zoom()
        elif self._state.details and self.size.width < WIDE:
            self._state = replace(self._state, details=None)
            self.action_pane(LIST if self._state.pane == DETAILS else self._state.pane)
        elif self._state.pane != LIST:
            self._state = replace(self._state, transfers=False)
            self.action_pane(LIST)
        else:
            return False
        return True

    def _panes_for(self, state: LayoutState) -> PaneLayout:
        transfers = len(self.query_one(TransfersPane).rows)
        return arrange(self.size.width, self.size.height, state, transfers=transfers)

    def _arrange(self) -> None:
        seen = self._panes_for(self._state)
        for number, widget in (
            (LIST, "#datasets"),
            (PREVIEW, "#preview"),
            (DETAILS, "#details"),
            (TRANSFERS, "#transfers"),
        ):
            pane = self.query_one(widget)
            pane.display = number in seen.panes
            # A class, not :focus-within: that would draw the pane again when the palette comes.
            pane.set_class(number == self._state.pane, "-current")
        self.query_one("#body").display = seen.panes != {TRANSFERS}
        self.set_class(seen.overlay, "-overlay")
        self.set_class(seen.single, "-single")
        self.set_class(seen.compact, "-compact")
        self.set_class(self.size.width < WIDE, "-medium")
        self.set_class(self.size.width >= BROAD, "-broad")
