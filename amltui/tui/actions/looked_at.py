"""How datasets are looked at: as the settings say, and as it was noted the last time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from amltui.config import look
from amltui.config.display import display
from amltui.tables.hexrows import HexRows
from amltui.tui.actions.host import MainHost, PreviewHost

if TYPE_CHECKING:
    from amltui.models import Dataset
    from amltui.tui.actions.queries import QueryActions
    from amltui.tui.view_memory import DatasetView, ViewMemory


class LookedAt:
    """The memory of one workspace, as the panes use it."""

    def __init__(self, host: PreviewHost, queries: Callable[[], QueryActions]) -> None:
        self._host = host
        self._queries = queries

    @cached_property
    def memory(self) -> ViewMemory:
        """What was noted."""
        from amltui.tui.view_memory import ViewMemory  # the first frame does without

        return ViewMemory()

    def at(self, dataset: Dataset) -> None:
        """Note which dataset is under the cursor of the list."""
        if self.memory.note_at(dataset.key):
            self._write()

    def note(self) -> None:
        """Note how the rows on the screen are looked at."""
        from amltui.tui.view_memory import ColumnView, DatasetView

        pane, stack = self._host.preview, self._queries().stack
        dataset, rows = self._host.preview_dataset, pane.rows
        if dataset is None or rows is None or stack.replaced or isinstance(rows, HexRows):
            return
        grid = pane.grid
        widths, hidden = grid.chosen_widths, grid.hidden_columns
        order = stack.order
        view = DatasetView(
            tuple(
                ColumnView(at, rows.columns[at].name, widths.get(at), at in hidden)
                for at in sorted({*widths, *hidden})
                if at < len(rows.columns)
            ),
            grid.fixed_columns,
            None if order is None else (order[0], rows.columns[order[0]].name, order[1]),
        )
        if self.memory.note_view(dataset.key, view):
            self._write()

    def give_back(self) -> DatasetView:
        """Lay the rows on the screen out as they were looked at last; that view."""
        from amltui.tui.view_memory import DatasetView

        pane, dataset = self._host.preview, self._host.preview_dataset
        rows = pane.rows
        if dataset is None or rows is None or isinstance(rows, HexRows):
            return DatasetView()
        view = self.memory.view(dataset.key).fitting(rows.columns)
        if view.columns or view.frozen:
            pane.grid.lay_out(
                widths={one.at: one.width for one in view.columns if one.width is not None},
                hidden={one.at for one in view.columns if one.hidden},
                frozen=view.frozen,
            )
        return view

    def _write(self) -> None:
        self._host.work(self.memory.write_soon, group="views", exclusive=True)


async def look_as_set(host: MainHost) -> None:
    """Draw missing values, numbers and dates as the settings say."""
    host.preview.grid.show_missing_as(await asyncio.to_thread(look.missing_sign))
    formats = await asyncio.to_thread(display)
    host.preview.grid.show_values_as(formats)
    host.details.show_dates_as(formats)
