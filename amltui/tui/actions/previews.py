"""Opening datasets in the preview pane and moving in it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

from textual.coordinate import Coordinate

from amltui.models import Dataset
from amltui.text import human_size, visible
from amltui.tui.actions.desk import Desk
from amltui.tui.widgets.details import Facts
from amltui.tui.widgets.preview import PreviewPane, View

if TYPE_CHECKING:
    from amltui.services.previews import Preview

SMALL: Final = 8 << 20
"""Bytes up to which a dataset is previewed as soon as the cursor rests on it."""


class PreviewDesk(Desk, Protocol):
    """The main screen with its preview pane."""

    @property
    def preview(self) -> PreviewPane:
        """The preview pane."""


class PreviewActions:
    """What is open in the preview pane."""

    def __init__(self, desk: PreviewDesk, changed: Callable[[], None]) -> None:
        self._desk = desk
        self._changed = changed
        self._dataset: Dataset | None = None
        self._preview: Preview | None = None

    @property
    def dataset(self) -> Dataset | None:
        """The dataset whose rows are shown."""
        return self._dataset

    def small(self, dataset: Dataset) -> bool:
        """Whether a dataset is previewed without being asked for."""
        return dataset.size is not None and dataset.size <= SMALL

    def shows(self, dataset: Dataset) -> bool:
        """Whether this dataset's rows are on the screen."""
        return self._dataset is not None and self._dataset.id == dataset.id

    def offer(self, dataset: Dataset) -> None:
        """Say that a large dataset can be previewed."""
        self._desk.preview.say(
            f"{human_size(dataset.size)}: enter shows the first rows at once.", title=dataset.name
        )
        self.close()

    async def open(self, dataset: Dataset) -> None:
        """Show a dataset's first rows at once, then all as they arrive."""
        pane = self._desk.preview
        pane.say("Fetching the first rows…", title=dataset.name)
        self.close()
        self._dataset = dataset
        try:
            session = await self._desk.session()
            preview = await session.preview(dataset)
        except BaseException:
            if self._dataset is dataset:
                self._dataset = None
                pane.say("There is no preview of this dataset.", title=dataset.name)
            raise
        self._preview = preview
        shown = preview.rows
        pane.show(shown, self._view())
        self._changed()
        async with contextlib.aclosing(preview.changes()) as changes:
            async for _ in changes:
                if preview.rows is shown:
                    pane.describe(self._view())
                else:
                    shown = preview.rows
                    pane.show(shown, self._view(), keep=True)
                self._changed()
        pane.describe(self._view())
        self._changed()
        if preview.problem is not None:
            raise preview.problem

    def close(self) -> None:
        """Let go of what is shown; the pane must show something else by then, or be gone."""
        preview, self._preview, self._dataset = self._preview, None, None
        if preview is not None:
            preview.close()

    def facts(self, dataset: Dataset) -> Facts:
        """What is known about the dataset and the column under the cursor."""
        pane = self._desk.preview
        rows = pane.rows
        column = None
        if rows is not None and rows.columns:
            at = min(pane.grid.cursor_column, len(rows.columns) - 1)
            column = rows.columns[at]
        return Facts(dataset, rows, column)

    def go_to(self, number: int) -> None:
        """Go to a row, counted from 1; past the end is the last."""
        pane = self._desk.preview
        rows = pane.rows
        if rows is None or not rows.row_count:
            self._desk.say("There are no rows to go to.", warning=True)
            return
        row = max(0, min(number - 1, rows.row_count - 1))
        pane.grid.cursor_coordinate = Coordinate(row, pane.grid.cursor_column)
        pane.grid.focus()
        if number > rows.row_count:
            more = "" if rows.complete else " so far"
            self._desk.say(f"{visible(pane.title)} has {rows.row_count:,} rows{more}.")

    def back(self) -> bool:
        """Take back the last question; false when there was none."""
        return False

    def _view(self) -> View:
        preview, dataset = self._preview, self._dataset
        if preview is None or dataset is None:
            return View()
        note = "complete"
        if not preview.rows.complete:
            note = f"{human_size(preview.received)} of {human_size(preview.size)} read"
            if preview.problem is not None:
                note += ", then it stopped"
        return View(dataset.name, note)
