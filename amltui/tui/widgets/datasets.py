"""The datasets pane: the list, its filter, and what to say when there is nothing to list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from amltui.models import Dataset
from amltui.text import visible
from amltui.tui.widgets.dataset_list import DatasetList, Presence
from amltui.tui.widgets.fields import Field
from amltui.tui.widgets.pane import Pane

LEGEND: Final = "● here ◐ partly ○ remote"
"""What the marks of the list say, where there is room for it."""


class FilterInput(Field):
    """One line in which a filter is typed; escape is the pane's to decide."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave(False)", "Drop the filter", show=False),
        Binding("down,enter", "leave(True)", "Keep the filter", show=False),
    ]

    def action_leave(self, keep: bool) -> None:  # noqa: FBT001  Textual passes action arguments so
        """Go back to the list."""
        pane = self.parent
        assert isinstance(pane, DatasetsPane)
        pane.end_filter(keep=keep)


class DatasetsPane(Pane):
    """All datasets of the workspace, or those whose name holds the filter text."""

    HELP_TITLE = "datasets"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "filter"),
    ]

    def __init__(
        self,
        *,
        id: str | None = None,  # noqa: A002  Textual's own name for it
        kind: type[DatasetList] = DatasetList,
    ) -> None:
        super().__init__(id=id, classes="pane")
        self._kind = kind
        self._all: Sequence[Dataset] = ()
        self._folded: list[str] = []
        self._more = False
        self._filter = ""
        self._empty = "Opening the workspace…"
        self.nothing = "No datasets."
        """What stands in place of a list that is empty."""

    def compose(self) -> ComposeResult:
        """The list, then the filter line."""
        yield self._kind(id="list")
        yield FilterInput(id="filter", placeholder="part of a name", compact=True)

    def on_mount(self) -> None:
        """Begin without a filter."""
        self.query_one("#filter").display = False
        self._show()

    @property
    def list(self) -> DatasetList:
        """The rows."""
        return self.query_one(DatasetList)

    def show(
        self, datasets: Sequence[Dataset], *, select: str | None = None, more: bool = False
    ) -> None:
        """Show these datasets; the cursor goes to family `select` where given.

        `more`: others are still on their way.
        """
        self._all = datasets
        self._more = more
        self._folded = [dataset.name.casefold() for dataset in datasets]
        self._empty = self.nothing
        if select is not None and self._filter:
            chosen = next((d for d in datasets if d.key == select), None)
            if chosen and self._filter.casefold() not in chosen.name.casefold():
                self.end_filter(keep=False)
        self._show(select)

    def mark(self, presence: dict[str, Presence]) -> None:
        """Say which datasets (by id) are on this disk."""
        self.list.mark(presence)

    def say(self, empty: str) -> None:
        """What to show in place of an empty list."""
        self._empty = empty
        self._show()

    @property
    def filtering(self) -> bool:
        """Whether a filter hides some of the list."""
        return bool(self._filter)

    @property
    def _legend(self) -> str:
        return LEGEND if self.size.width >= len(LEGEND) + 4 else ""

    def on_resize(self) -> None:
        """Say what the marks mean where there is room for it."""
        self._show()

    def action_filter(self) -> None:
        """Open the filter line."""
        line = self.query_one("#filter", Input)
        line.display = True
        # Now, not by a message: what is typed next is for the line.
        self.screen.set_focus(line)

    def end_filter(self, *, keep: bool) -> None:
        """Leave the filter line; without `keep` all datasets show again."""
        line = self.query_one("#filter", Input)
        if not keep:
            with line.prevent(Input.Changed):
                line.value = ""
        self._filter = line.value
        self.screen.set_focus(self.list)
        line.display = False
        self._show()

    @on(Input.Changed, "#filter")
    def _filter_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._filter = event.input.value
        self._show()

    def _show(self, select: str | None = None) -> None:
        wanted = self._filter.casefold()
        pairs = zip(self._all, self._folded, strict=True)
        shown = [d for d, name in pairs if wanted in name] if wanted else self._all
        self.list.empty = (
            "No name holds that text.\n\nesc shows all again." if self._all else self._empty
        )
        self.list.show(shown, select=select)
        count = f" ({len(self._all):,}{' so far' if self._more else ''})" if self._all else ""
        self.write_title(f"1 Datasets{count}")
        self.write_subtitle(
            f"/{visible(self._filter)} {len(shown):,} of {len(self._all):,}"
            if wanted
            else self._legend
        )
