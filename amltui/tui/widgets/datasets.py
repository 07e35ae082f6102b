"""The datasets pane: the list, its filter, and what to say when there is nothing to list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from amltui.text import visible
from amltui.tui.keymap import bound
from amltui.tui.widgets.dataset_list import ALL, DatasetList, FolderRow, Presence, Row
from amltui.tui.widgets.fields import Field
from amltui.tui.widgets.pane import Pane

if TYPE_CHECKING:
    from amltui.models import Dataset

LEGEND: Final = "● here ◐ partly ○ remote"
"""What the marks of the list say, where there is room for it."""


class FilterInput(Field):
    """One line in which a filter is typed; escape is the pane's to decide."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,down", "leave(True)", "keep the filter"),
        Binding("escape", "leave(False)", "drop the filter"),
    ]

    def action_leave(self, keep: bool) -> None:  # noqa: FBT001  Textual passes action arguments so
        """Go back to the list."""
        pane = self.parent
        assert isinstance(pane, DatasetsPane)
        pane.end_filter(keep=keep)


class DatasetsPane(Pane):
    """The datasets of one folder of the workspace, or all below it that a filter finds.

    A folder is what names have before a slash, in workspaces of any kind.
    """

    HELP_TITLE = "datasets"
    BINDINGS: ClassVar[list[BindingType]] = [
        bound("filter_list", "filter", "filter", show=True),
        bound("folder_above", "leave_folder", "the folder above"),
        bound("folder_table", "screen.run('folder_table')", "the folder as one table"),
        bound("compare", "screen.run('compare')", "compare the two marked, or with another"),
    ]

    def __init__(
        self,
        *,
        id: str | None = None,  # noqa: A002  Textual's own name for it
        kind: type[DatasetList] = DatasetList,
    ) -> None:
        # As in focus, where a program begins: its styles are found once.
        super().__init__(id=id, classes="pane -current")
        self._kind = kind
        self._all: Sequence[Dataset] = ()
        self._folded: list[str] = []
        self._more = False
        self._table = 0
        """Datasets that are one table, all together. 0: they are none, or that is not known."""
        self._filter = ""
        self._filtered_from: str | None = None
        """Where the cursor stood when the filter was opened: it goes back from where nothing is."""
        self._found = 0
        """Datasets that the filter finds."""
        self._folder = ""
        """The folder that is shown, with a slash at its end; "": the top."""
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
        self,
        datasets: Sequence[Dataset],
        *,
        select: str | None = None,
        more: bool = False,
        table: int = 0,
    ) -> None:
        """Show these datasets; the cursor goes to the dataset of key `select` where given.

        `more`: others are still on their way. `table`: how many of them can be shown as one table,
        by a row above the others. 0: none.
        """
        self._all = datasets
        self._more = more
        self._table = table
        if not more:
            self.list.keep_marks({dataset.key for dataset in datasets})
        self._folded = [dataset.name.casefold() for dataset in datasets]
        self._empty = self.nothing
        if not any(name.startswith(self._folder.casefold()) for name in self._folded):
            self._folder = ""  # The last of its datasets went.
        chosen = next((d for d in datasets if d.key == select), None) if select else None
        if chosen is not None:
            if self._filter.casefold() not in chosen.name.casefold():
                self.end_filter(keep=False)
            self._go_to_folder_of(chosen)
        self._show(select)

    def mark(self, presence: dict[str, Presence]) -> None:
        """Say which datasets (by id) are on this disk."""
        self.list.mark(presence)

    def say(self, empty: str) -> None:
        """What to show in place of an empty list."""
        self._empty = empty
        self._show()

    @property
    def marked(self) -> Sequence[Dataset]:
        """The datasets that are marked, in the order in which they were, also those not seen."""
        known = {dataset.key: dataset for dataset in self._all}
        return [known[key] for key in self.list.marked if key in known]

    def unmark(self) -> None:
        """Take all marks away."""
        self.list.keep_marks(())

    @on(DatasetList.MarksChanged)
    def _marks_changed(self) -> None:
        self._describe()

    @property
    def filtering(self) -> bool:
        """Whether a filter hides some of the list, or is going to be typed."""
        return bool(self._filter) or self.query_one("#filter").display

    @property
    def inside(self) -> bool:
        """Whether a folder is open."""
        return bool(self._folder)

    @property
    def folder(self) -> str:
        """The folder under the cursor, else the one that is shown, with its slash; "": none."""
        row = self.list.row
        return row.name if isinstance(row, FolderRow) else self._folder

    def _go_to_folder_of(self, dataset: Dataset) -> None:
        if not self._filter:
            self._folder = dataset.name[: dataset.name.rfind("/") + 1]

    @on(DatasetList.Opened)
    async def _opened(self, event: DatasetList.Opened) -> None:
        event.stop()
        if event.folder.name == ALL:
            await self.run_action("screen.run('folder_table')")
        elif event.folder.count:
            self._folder = event.folder.name
            self._show()
        else:
            self.action_leave_folder()

    def action_leave_folder(self) -> None:
        """Show the folder above, with the cursor on the one that was shown."""
        left = self._folder
        if left:
            self._folder = left[: left.rstrip("/").rfind("/") + 1]
            self._show(left)

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
        if not self._filter and self.list.row is not None:
            self._filtered_from = self.list.row.key
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
        current = self.list.current
        if not keep and current is not None:
            self._go_to_folder_of(current)
        self._show(current.key if current is not None else None)

    @on(Input.Changed, "#filter")
    def _filter_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._filter = event.input.value
        self._show()

    def _show(self, select: str | None = None) -> None:
        wanted = self._filter.casefold()
        shown: Sequence[Row]
        found: Sequence[Dataset]
        if wanted:
            folder = self._folder.casefold()
            pairs = zip(self._all, self._folded, strict=True)
            found = [d for d, name in pairs if wanted in name and name.startswith(folder)]
            shown, inside = found, ""
        else:
            shown, found, inside = self._level(), self._all, self._folder
        self.list.empty = (
            "No name holds that text.\n\nesc shows all again." if self._all else self._empty
        )
        if self.list.row is None:
            select = select or self._filtered_from
        self.list.show(shown, select=select, inside=inside)
        self._found = len(found)
        self._describe()

    def _describe(self) -> None:
        """Say in the borders how many there are, which are shown, and what is marked."""
        count = f" ({len(self._all):,}{' so far' if self._more else ''})" if self._all else ""
        self.write_title(f"1 Datasets{count}")
        marked = len(self.list.marked)
        parts = [f"{marked:,} marked"] if marked else []
        if self._filter:
            parts.append(f"/{visible(self._filter)} {self._found:,} of {len(self._all):,}")
        elif self._folder:
            parts.append(visible(self._folder))
        self.write_subtitle(" · ".join(parts) or self._legend)

    def _level(self) -> Sequence[Row]:
        """The folders and datasets directly in the folder that is shown, folders first."""
        whole = [FolderRow(ALL, self._table)] if self._table and not self._folder else []
        if not self._folder and not any("/" in name for name in self._folded):
            return [*whole, *self._all] if whole else self._all
        counts: dict[str, int] = {}
        here: list[Row] = []
        for dataset in self._all:
            if dataset.name.startswith(self._folder):
                head, slash, _ = dataset.name[len(self._folder) :].partition("/")
                if slash and head:
                    name = f"{self._folder}{head}/"
                    counts[name] = counts.get(name, 0) + 1
                else:
                    here.append(dataset)
        up = [FolderRow(self._folder)] if self._folder else []
        return [*whole, *up, *(FolderRow(name, count) for name, count in counts.items()), *here]
