"""What is asked of the preview: by its keys, by its line, by its grid."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from textual import on

from amltui.errors import Cancelled
from amltui.models import Dataset
from amltui.tui.actions.copying import CopyActions
from amltui.tui.actions.exporting import export
from amltui.tui.actions.host import Action, PreviewHost
from amltui.tui.actions.previews import PreviewActions
from amltui.tui.grid.messages import CellSelected, RowLabelSelected, SortRequested
from amltui.tui.history import load, note
from amltui.tui.key_queue import KeyQueue
from amltui.tui.screens.panes import PanesScreen
from amltui.tui.widgets.preview import PreviewPane
from amltui.tui.widgets.query_line import QueryLine


class AskingScreen(PanesScreen):
    """Hands on what its preview pane reports, as work beside the screen.

    The subclass makes the actions, and says what the screen is to them.
    """

    _previews: PreviewActions
    _copying: CopyActions
    _host: PreviewHost
    """The screen itself, as its actions see it."""

    @property
    def preview(self) -> PreviewPane:
        """The preview pane."""
        return self.query_one(PreviewPane)

    def read_again(self, dataset: Dataset) -> None:
        """Show a dataset anew: it is read otherwise now. Each screen has its own way to."""
        raise NotImplementedError

    def report(self, error: Exception) -> None:
        """Say what went wrong and what to do about it; each screen says where."""
        raise NotImplementedError

    def work(self, action: Action, *, group: str = "actions", exclusive: bool = False) -> None:
        """Do something beside the screen; what goes wrong is reported."""

        async def guarded() -> None:
            try:
                await action()
            except Cancelled:
                pass
            except Exception as error:  # noqa: BLE001  the last border before the person
                if self.is_running:  # else the program ends, and widgets are gone
                    self.report(error)

        # The function and not its coroutine, which nobody would await were the worker cancelled
        # before it begins.
        begun: Callable[[], Any] = guarded
        self.run_worker(begun, group=group, exclusive=exclusive, exit_on_error=False)

    def work_first(self, action: Action) -> None:
        """Do something that may open a dialog: keys wait for it, or until it is over."""

        async def released() -> None:
            try:
                await action()
            finally:
                self._key_queue.release_keys()

        self._key_queue.hold_keys()
        self.work(released)

    @property
    def _key_queue(self) -> KeyQueue[Any]:
        app = self.app
        assert isinstance(app, KeyQueue)
        return app

    async def remember(self) -> None:
        """Know what earlier programs asked."""
        self.preview.line.remember(await asyncio.to_thread(load))

    def take_back_query(self) -> bool:
        """Stop what runs, or take the last result away; false when there is neither."""
        if any(w.group == "query" and not w.is_finished for w in self.workers):
            settling = self._previews.queries.stack.settling
            self.workers.cancel_group(self, "query")
            if not settling:
                return True
        return self._previews.back()

    def _ask(self, action: Action) -> None:
        self.work(action, group="query", exclusive=True)

    @on(QueryLine.Entered)
    def _asked(self, event: QueryLine.Entered) -> None:
        self.work(partial(asyncio.to_thread, note, event.kind, event.text), group="history")
        self._ask(partial(self._previews.queries.answer, event.kind, event.text))

    @on(QueryLine.SqlOpened)
    def _sql_opened(self) -> None:
        self.work(self._know_words, group="words", exclusive=True)

    async def _know_words(self) -> None:
        self.preview.line.complete_by(await self._previews.queries.completing())

    @on(QueryLine.Left)
    def _stopped(self) -> None:
        self.workers.cancel_group(self, "query")

    @on(PreviewPane.FindAgain)
    def _find_again(self, event: PreviewPane.FindAgain) -> None:
        self._ask(partial(self._previews.queries.find_again, event.step))

    @on(SortRequested)
    def _sort(self, event: SortRequested) -> None:
        sort = self._previews.queries.sort
        self._ask(partial(sort, event.column_index, descending=event.descending))

    @on(PreviewPane.Malformed)
    def _malformed(self) -> None:
        self._ask(self._previews.queries.malformed)

    @on(PreviewPane.FetchAllRequested)
    def _fetch_all(self) -> None:
        self.work(self._previews.fetch_all)

    @on(PreviewPane.DialectRequested)
    def _dialect(self) -> None:
        self.work_first(self._change_dialect)

    async def _change_dialect(self) -> None:
        dataset = await self._previews.change_dialect()
        if dataset is not None:
            self.read_again(dataset)

    @on(PreviewPane.ExportRequested)
    def _export(self) -> None:
        self._ask(partial(export, self._host, self._previews.queries))

    @on(PreviewPane.RecordRequested)
    def _record_asked(self) -> None:
        self.work_first(partial(self._show_record, self.preview.grid.cursor_row))

    @on(RowLabelSelected)
    def _row_selected(self, event: RowLabelSelected) -> None:
        self.work(partial(self._show_record, event.cursor_row))

    async def _show_record(self, row: int) -> None:
        if await self._previews.show_record(row):
            self._copying.send(self.preview.grid.copy("row").text, "the row")

    @on(PreviewPane.ProfileRequested)
    def _profile(self, event: PreviewPane.ProfileRequested) -> None:
        self._ask(partial(self._previews.profile, event.column))

    @on(CellSelected)
    def _cell_selected(self, event: CellSelected) -> None:
        self.work_first(partial(self._show_cell, event.coordinate.row, event.coordinate.column))

    async def _show_cell(self, row: int, column: int) -> None:
        if await self._previews.show_cell(row, column):
            self._copying.send(self.preview.grid.copy("cell").text, "the cell")
