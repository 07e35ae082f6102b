"""Opening datasets in the preview pane and moving in it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial
from time import monotonic, time
from typing import TYPE_CHECKING, Final

from amltui.errors import TOO_MUCH, AmltuiError, Cancelled
from amltui.redact import redacted
from amltui.tables.hexrows import HexRows
from amltui.tables.rows import PlacedRows
from amltui.text import human_size, visible, visible_lines
from amltui.tui.actions.host import PreviewHost
from amltui.tui.actions.looked_at import LookedAt
from amltui.tui.actions.preview_state import (
    encoding_of,
    note_of,
    part_words,
    state_of,
    state_of_page,
)
from amltui.tui.actions.queries import QueryActions
from amltui.tui.actions.whole_or_part import asks_part, wants_all
from amltui.tui.pace import PACE
from amltui.tui.widgets.details import Facts
from amltui.tui.widgets.preview import PreviewState

if TYPE_CHECKING:
    from amltui.models import Dataset
    from amltui.services.previews import Preview
    from amltui.services.session import Session
    from amltui.tables.rows import Rows

SMALL: Final = 8 << 20
"""Bytes up to which a dataset is previewed as soon as the cursor rests on it."""


STAY: Final = 10.0
"""Seconds on a dataset after which its columns are read although nothing was asked."""
SOON: Final = 0.25
"""Seconds that rows may take to come before their place says that they are being fetched."""
AT_ONCE: Final = 0.5
"""Seconds in which rows come that this disk has, on a machine that is not busy."""
CALM: Final = 0.2
"""Seconds between two frames that only say how many rows came: keys go before them."""


class PreviewActions:
    """What is open in the preview pane."""

    def __init__(self, host: PreviewHost, changed: Callable[[], None]) -> None:
        self._host = host
        self._changed = changed
        self._dataset: Dataset | None = None
        self._preview: Preview | None = None
        self._columns: asyncio.Task[None] | None = None
        """Makes the table that queries need."""
        self._peeks: asyncio.Task[None] | None = None
        """Brings the rows that are looked at and are not here."""
        self.opening: Dataset | None = None
        """What will take the place of what is shown."""
        self._shown_now = asyncio.Event()
        """Set when what is being opened is on the screen, or will not come."""
        self._seen = asyncio.Event()
        """Set when that holds, or its first rows are drawn as they were kept."""
        self.may_open = asyncio.Event()
        """Set when the workspace was asked for its list: what a kept page is of is opened then."""
        self.looked_at = LookedAt(host, lambda: self.queries)
        self.queries = QueryActions(
            host,
            self._describe,
            self._want_columns,
            self._plain,
            lambda: self._preview,
            self._shown_again,
        )

    @property
    def dataset(self) -> Dataset | None:
        """The dataset whose rows are shown."""
        return self._dataset

    def small(self, dataset: Dataset) -> bool:
        """Whether a dataset is previewed without being asked for."""
        return dataset.arriving or (dataset.size is not None and dataset.size <= SMALL)

    def shows(self, dataset: Dataset) -> bool:
        """Whether this dataset's rows are on the screen."""
        if self.opening is not None:
            return self.opening.id == dataset.id
        return self._dataset is not None and self._dataset.id == dataset.id

    def offer(self, dataset: Dataset) -> None:
        """Say what enter does with a dataset that is not previewed unasked."""
        says = f"{human_size(dataset.size)}: enter shows the first rows at once."
        if dataset.is_folder:
            says = "A folder of files that are not one table: enter shows them."
        elif dataset.size is None:
            says = "Its size is not known: enter shows the first rows at once."
        self._host.preview.say(says, title=dataset.name)
        self.opening = None
        self._shown_or_not()
        self.close()

    def expect(self, dataset: Dataset) -> None:
        """A dataset is about to be opened: who waits for it waits from now on."""
        if self.opening is None or self.opening.id != dataset.id:
            self._host.preview.expect()
        self.opening = dataset
        self._shown_now.clear()
        self._seen.clear()

    def _shown_or_not(self) -> None:
        self._shown_now.set()
        self._seen.set()

    def refuse(self, dataset: Dataset, error: BaseException) -> None:
        """Say why nothing can be shown of a dataset; what was shown was another one."""
        words = ["There is no preview of this dataset."]
        if isinstance(error, AmltuiError):
            words = [str(error), *([error.hint] if error.hint else [])]
        self._host.preview.say(visible_lines(redacted("\n\n".join(words))), title=dataset.name)
        self.opening = None
        self._shown_or_not()
        self.close()

    async def open(self, dataset: Dataset) -> None:
        """Show a dataset's first rows at once, then all as they arrive."""
        pane = self._host.preview
        self.expect(dataset)
        session = await self._host.session()
        kept = await self._show_first_page(session, dataset)
        began = time()
        coming = asyncio.ensure_future(session.previews.open(dataset))
        try:
            await asyncio.wait({coming}, timeout=SOON)
            if not coming.done() and not kept:
                pane.say("Fetching the first rows…", title=dataset.name, coming=True)
                self.close()
                self._dataset = dataset
                self._changed()
            preview = await coming
        except BaseException as error:
            await _left(coming)
            if self.opening is dataset:
                self.refuse(dataset, error)
                self._changed()
            raise
        self.opening = None
        let_go = self._detach()
        self._dataset, self._preview = dataset, preview
        shown = _all(preview)
        self._show(preview, keep=kept)
        let_go()
        sort = self.looked_at.give_back().sort
        if sort is not None and self.small(dataset):
            action = partial(self.queries.sort, sort[0], descending=sort[2])
            self._host.work(action, group="query", exclusive=True)
        self._shown_or_not()
        self._peeks = asyncio.create_task(self._bring_places(preview))
        self._changed()
        await self._follow(preview, shown)
        rows = preview.rows
        if not isinstance(rows, HexRows) and not preview.changed:
            await session.previews.keep_first_page(dataset, rows, note_of(preview), began)

    async def _follow(self, preview: Preview, shown: Rows) -> None:
        """Show what comes of the rows until all are here; `shown` is on the screen."""
        self._note_table()
        async with contextlib.aclosing(preview.changes()) as changes:
            async for _ in changes:
                self._note_table()
                if _all(preview) is not shown and not self.queries.stack.results:
                    self._show(preview)
                shown = _all(preview)
                self._describe()
                if not shown.complete:
                    await asyncio.sleep(CALM)
        self._describe()
        if isinstance(preview.problem, TOO_MUCH):
            self._host.say(f"Only the first rows are shown. {preview.problem}.", warning=True)
        elif preview.problem is not None:
            raise preview.problem

    async def _show_first_page(self, session: Session, dataset: Dataset) -> bool:
        """Show the rows that were kept of the last time, if any, until the content is open."""
        page = await session.previews.first_page(dataset)
        if page is None or self.looked_at.memory.view(dataset.key).sort is not None:
            return False
        let_go = self._detach()
        self._dataset = dataset
        self._host.preview.show(page, state_of_page(page, dataset), is_page=True)
        let_go()
        self.looked_at.give_back()
        self._host.preview.call_after_refresh(self._seen.set)
        # To open it brings imports that keep the interpreter to themselves.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(AT_ONCE):
                await self.may_open.wait()
        return True

    async def opened(self, dataset: Dataset) -> None:
        """Wait until a dataset that is being opened is on the screen.

        Raises:
            Cancelled: something else is.
        """
        if self._preview is None or self.opening is not None:
            await self._shown_now.wait()
        if self._preview is None or not self.shows(dataset):
            raise Cancelled("Something else was opened.")

    async def settled(self) -> None:
        """Wait until the first rows are on the screen, or cannot be at once."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(AT_ONCE):
                await self._seen.wait()

    def _shown_again(self, *, anew: bool) -> None:
        """Other rows of the dataset are shown: sorted, filtered, or behind an SQL result."""
        if anew:
            self.looked_at.give_back()
        self.looked_at.note()

    def _show(self, preview: Preview, *, keep: bool = True) -> None:
        pane = self._host.preview
        pane.show(_all(preview), self._view(), keep=keep, goes_on=keep, moved=_moved(preview))
        if preview.indexed or preview.peeked is not None:
            pane.grid.mark_malformed(preview.malformed)

    async def _bring_places(self, preview: Preview) -> None:
        """Fetch what is looked at."""
        while True:
            try:
                async with contextlib.aclosing(preview.peeks()) as steps:
                    async for _ in steps:
                        self._describe()
            except (AmltuiError, OSError) as error:
                self._host.report(error)
            else:
                return  # Rows of which all are here.

    async def fetch_all(self) -> None:
        """`F`: fetch what is missing of a large content, once the person knows how much it is."""
        preview = self._preview
        if preview is None:
            return
        if not preview.waits:
            here = preview.rows.complete or preview.received == preview.size
            self._host.say("All of it is here." if here else "All of it is being fetched.")
        elif await wants_all(self._host, preview):
            await self._fetch_all(preview)

    async def _fetch_all(self, preview: Preview) -> None:
        """Fetch what is missing; what was asked of the first rows is asked again of all."""
        await preview.fetch_all()
        asked, self.queries.stack.part = self.queries.stack.part, False
        self._describe()
        if asked:
            self._want_columns()

    async def rest(self) -> None:
        """Make what queries need while the person stays, where that costs nothing else."""
        preview = self._preview
        if preview is None or not preview.indexed or preview.waits:
            return
        await asyncio.sleep(STAY)
        if await preview.has_room():
            self._want_columns()

    def _want_columns(self) -> None:
        """Begin to make the table, unless it is being made."""
        if self._preview is not None and (self._columns is None or self._columns.done()):
            self._columns = asyncio.create_task(self._make_columns(self._preview))

    async def _make_columns(self, preview: Preview) -> None:
        try:
            if preview.waits:
                if await asks_part(self._host, preview, all_rows=self.queries.stack.needs_all):
                    await self._make_part(preview)
                    return
                await preview.fetch_all()
                self.queries.stack.part = False
            try:
                await self._make_all_columns(preview)
            except TOO_MUCH as error:
                if not self.queries.stack.needs_all:
                    await self._make_part(preview)
                    self._host.say(f"Only the first rows are asked. {error}.", warning=True)
                    return
                raise
            self._note_table()
            if not self.queries.stack.results:
                self._show(preview)
            self._host.work(self.finish, group="finish")
        except (AmltuiError, OSError) as error:
            self.queries.stack.fail(error)
            self._describe()

    async def _make_part(self, preview: Preview) -> None:
        table = await preview.part_table()
        self.queries.stack.part = True
        self.queries.stack.set_table(table)

    async def _make_all_columns(self, preview: Preview) -> None:
        if await preview.table_in_place() is None:
            said = monotonic()
            async with contextlib.aclosing(preview.build()) as steps:
                async for _ in steps:
                    self._note_table()
                    if PACE.allows(last=said):
                        self._describe()
                        said = monotonic()
                    await asyncio.sleep(CALM)
            self._describe()

    def _plain(self) -> Rows | None:
        return _all(self._preview) if self._preview is not None else None

    async def finish(self) -> None:
        """Do what waits for all rows: ask again, mark what is malformed, sum up the columns."""
        table = self._preview.table if self._preview else None
        if table is not None and table.complete:
            await self.queries.stack.rerun()
            await self.queries.mark_malformed()
            self.queries.summaries.make()

    def renamed(self, dataset: Dataset) -> None:
        """The same dataset has another name or description now."""
        if self.shows(dataset):
            self._dataset = dataset
            self._describe()

    async def profile(self, column: int) -> None:
        """`I`: a column in numbers, and how its values are spread.

        Where the profile of all columns is shown, the one that the cursor's line is about.
        """
        from amltui.tui.actions.column_profile import profile_text
        from amltui.tui.dialogs.show import ShowText

        pane = self._host.preview
        if self.queries.stack.profiled is not None and pane.rows is not None:
            if not pane.rows.row_count:
                return
            at = pane.grid.cursor_row
            column = pane.rows.row_numbers(at, at + 1)[0]
        text = await self.queries.profile(column)
        name = visible(text[0].name) or f"column {column + 1}"
        part = part_words(self._preview, self.queries.stack)
        about = f" · {part}" if part else ""
        await self._host.ask(ShowText(f"Profile of {name}{about}", profile_text(*text)))

    async def change_dialect(self) -> Dataset | None:
        """`X`: say how the text is written, or which sheet counts.

        Returns:
            The dataset that is to be read again, if any.
        """
        from amltui.tui.actions.read_otherwise import read_otherwise

        preview, dataset = self._preview, self._dataset
        if preview is None or dataset is None:
            self._host.say("There is no text to read otherwise.", warning=True)
            return None
        return dataset if await read_otherwise(self._host, preview, dataset) else None

    def close(self) -> None:
        """Let go of what is shown; the pane must show something else by then, or be gone."""
        self._detach()()

    def _detach(self) -> Callable[[], None]:
        """Forget what is shown; what is returned closes it, once the pane shows something else."""
        drop = self.queries.detach()
        for task in (self._columns, self._peeks):
            if task is not None:
                task.cancel()
        self._columns = self._peeks = None
        preview, self._preview, self._dataset = self._preview, None, None

        def let_go() -> None:
            drop()
            if preview is not None:
                preview.close()

        return let_go

    def facts(self, dataset: Dataset) -> Facts:
        """What is known about the dataset and the column under the cursor."""
        pane = self._host.preview
        rows = pane.rows
        column = None
        if rows is not None and rows.columns:
            at = min(pane.grid.cursor_column, len(rows.columns) - 1)
            column = rows.columns[at]
        whole = self._preview.rows if self._preview is not None else None
        return Facts(dataset, whole, column, encoding_of(whole))

    def go_to(self, number: int) -> None:
        """Go to a row, counted from 1; past the end is the last."""
        pane = self._host.preview
        rows = pane.rows
        if rows is None or not rows.row_count:
            self._host.say("There are no rows to go to.", warning=True)
            return
        pane.grid.go_to(number - 1)
        pane.screen.set_focus(pane.grid)
        known = pane.view.whole if pane.view.first else rows.row_count
        if known is not None and number > known:
            more = "" if rows.complete or pane.view.first else " so far"
            about = "about " if isinstance(rows, PlacedRows) else ""
            self._host.say(f"{visible(pane.title)} has {about}{known:,} rows{more}.")

    def go_to_share(self, share: float) -> None:
        """Go to where so much of the rows, 0 to 1, is before."""
        pane = self._host.preview
        count = pane.rows.row_count if pane.rows is not None else 0
        if pane.view.first:
            count = pane.view.whole or count
        elif not pane.view.labels:
            count = max(count, pane.view.expected)
        self.go_to(max(1, round(share * count)))

    def back(self) -> bool:
        """Take back the last query; false when there was none."""
        taken = self.queries.stack.pop()
        if taken and self.queries.stack.results:
            self._host.work(self.finish, group="finish")  # they may not be of all rows yet
        return taken

    def _note_table(self) -> None:
        if self._preview is not None and self._preview.table is not None:
            self.queries.stack.set_table(self._preview.table)

    def _describe(self) -> None:
        if self._preview is not None:
            self._host.preview.describe(self._view(), _moved(self._preview))
            self._changed()

    def _view(self) -> PreviewState:
        if self._preview is None or self._dataset is None:
            return PreviewState()
        return state_of(self._preview, self._dataset, self.queries.stack)


def _all(preview: Preview) -> Rows:
    """All rows as far as can be told, or those that are here."""
    return preview.peeked or preview.rows


def _moved(preview: Preview) -> Callable[[int], int] | None:
    """By how much the row of a number until now is further; None: none is."""
    moves = preview.take_moves()

    def moved(row: int) -> int:
        at = row
        for move in moves:
            at += move.by if at in move.rows else 0
        return at - row

    return moved if moves else None


async def _left(coming: asyncio.Future[Preview]) -> None:
    """Nobody waits for a preview any more: close it if it came."""
    coming.cancel()
    with contextlib.suppress(asyncio.CancelledError, Exception):
        (await coming).close()
