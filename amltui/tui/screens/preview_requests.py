"""What is asked of the preview: by its keys, by its line, by its grid."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from textual import on
from textual.message import Message

from amltui.tui.actions.host import Action, PreviewHost
from amltui.tui.actions.previews import PreviewActions
from amltui.tui.grid.messages import (
    CellSelected,
    LayoutChanged,
    RowLabelSelected,
    SortRequested,
)
from amltui.tui.history import load, note
from amltui.tui.screens.work import ScreenWork
from amltui.tui.widgets.preview import PreviewPane
from amltui.tui.widgets.query_line import QueryLine

if TYPE_CHECKING:
    from amltui.models import Dataset
    from amltui.tui.actions.copy_menu import CopyActions
    from amltui.tui.actions.workspaces import Choose

F = TypeVar("F", bound=Callable[..., None])


class PreviewRequests:
    """Does what the preview pane reports, as work beside the screen."""

    def __init__(
        self,
        host: PreviewHost,
        work: ScreenWork,
        previews: PreviewActions,
        copying: Callable[[], CopyActions],
        choose: Choose,
        read_again: Callable[[Dataset], None],
    ) -> None:
        """Begin.

        Args:
            host: the screen.
            work: runs it.
            previews: what is open there.
            copying: has what sends text to the clipboard.
            choose: lets one of several names be chosen.
            read_again: shows a dataset anew, which is read otherwise now.
        """
        self._host = host
        self._work = work
        self._previews = previews
        self._copying = copying
        self._choose = choose
        self._read_again = read_again

    def handle(self, message: Message) -> None:
        """Do what one of the messages of `HANDLERS` asks for."""
        self.HANDLERS[type(message)](self, message)

    async def remember(self) -> None:
        """Know what earlier programs asked."""
        self._host.preview.line.remember(await asyncio.to_thread(load))

    def take_back(self) -> bool:
        """Stop what runs, or take the last result away; false when there is neither."""
        if self._work.runs("query"):
            settling = self._previews.queries.stack.settling
            self._work.cancel("query")
            if not settling:
                return True
        return self._previews.back()

    def _ask(self, action: Action) -> None:
        self._work.start(action, group="query", exclusive=True)

    def _ask_first(self, action: Action) -> None:
        """As `_ask`, of what may open a dialog."""
        self._work.start_first(action, group="query", exclusive=True)

    def _entered(self, event: QueryLine.Entered) -> None:
        self._work.start(partial(asyncio.to_thread, note, event.kind, event.text), group="history")
        self._ask(partial(self._previews.queries.answer, event.kind, event.text))

    def _sql_opened(self, _event: QueryLine.SqlOpened) -> None:
        self._work.start(self._know_words, group="words", exclusive=True)

    async def _know_words(self) -> None:
        self._host.preview.line.complete_by(await self._previews.queries.completing())

    def _save(self, event: QueryLine.SaveRequested) -> None:
        from amltui.tui.actions.named_queries import NamedQueries

        self._work.start_first(partial(NamedQueries(self._host, self._choose).save, event.text))

    def _open_named(self, _event: QueryLine.NamedRequested) -> None:
        from amltui.tui.actions.named_queries import NamedQueries

        self._work.start_first(NamedQueries(self._host, self._choose).open)

    def _left(self, _event: QueryLine.Left) -> None:
        self._work.cancel("query")

    def _find_again(self, event: PreviewPane.FindAgain) -> None:
        self._ask(partial(self._previews.queries.find_again, event.step))

    def _sort(self, event: SortRequested) -> None:
        sort = self._previews.queries.sort
        self._ask(partial(sort, event.column_index, descending=event.descending))

    def _malformed(self, _event: PreviewPane.Malformed) -> None:
        self._ask(self._previews.queries.malformed)

    def _fetch_all(self, _event: PreviewPane.FetchAllRequested) -> None:
        self._work.start_first(self._previews.fetch_all)

    def _dialect(self, _event: PreviewPane.DialectRequested) -> None:
        self._work.start_first(self._change_dialect)

    async def _change_dialect(self) -> None:
        dataset = await self._previews.change_dialect()
        if dataset is not None:
            self._read_again(dataset)

    def _export(self, _event: PreviewPane.ExportRequested) -> None:
        from amltui.tui.actions.exporting import export

        self._ask_first(partial(export, self._host, self._previews.queries))

    def _record(self, _event: PreviewPane.RecordRequested) -> None:
        self._work.start_first(partial(self._show_record, self._host.preview.grid.cursor_row))

    def _laid_out(self, _event: LayoutChanged) -> None:
        self._previews.looked_at.note()

    def _row_selected(self, event: RowLabelSelected) -> None:
        self._work.start(partial(self._show_record, event.cursor_row))

    async def _show_record(self, row: int) -> None:
        from amltui.tui.actions.row_dialogs import show_record

        if await show_record(self._host, row):
            self._copying().send(self._host.preview.grid.copy("row").text, "the row")

    def _profile(self, event: PreviewPane.ProfileRequested) -> None:
        self._ask_first(partial(self._previews.profile, event.column))

    def _profile_all(self, _event: PreviewPane.AllColumnsRequested) -> None:
        self._ask(self._previews.queries.profile_all)

    def _cell_selected(self, event: CellSelected) -> None:
        at = event.coordinate
        self._work.start_first(partial(self._show_cell, at.row, at.column))

    async def _show_cell(self, row: int, column: int) -> None:
        from amltui.tui.actions.row_dialogs import show_cell

        if await show_cell(self._host, row, column):
            self._copying().send(self._host.preview.grid.copy("cell").text, "the cell")

    HANDLERS: ClassVar[dict[type[Message], Callable[[PreviewRequests, Any], None]]] = {
        QueryLine.Entered: _entered,
        QueryLine.SqlOpened: _sql_opened,
        QueryLine.SaveRequested: _save,
        QueryLine.NamedRequested: _open_named,
        QueryLine.Left: _left,
        PreviewPane.FindAgain: _find_again,
        SortRequested: _sort,
        PreviewPane.Malformed: _malformed,
        PreviewPane.FetchAllRequested: _fetch_all,
        PreviewPane.DialectRequested: _dialect,
        PreviewPane.ExportRequested: _export,
        PreviewPane.RecordRequested: _record,
        LayoutChanged: _laid_out,
        RowLabelSelected: _row_selected,
        PreviewPane.ProfileRequested: _profile,
        PreviewPane.AllColumnsRequested: _profile_all,
        CellSelected: _cell_selected,
    }
    """What is done for each kind of message."""


def on_requests(handler: F) -> F:
    """Textual's `on`, for every kind of message that `PreviewRequests` handles."""
    for message in PreviewRequests.HANDLERS:
        on(message)(handler)
    return handler
