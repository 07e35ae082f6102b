"""From the list to the preview: what comes there as the cursor rests on it, or is chosen."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from textual.screen import Screen
from textual.timer import Timer

from amltui.errors import AmltuiError
from amltui.tui.actions.folder_datasets import FileActions
from amltui.tui.actions.host import ListHost
from amltui.tui.actions.listing import ListActions
from amltui.tui.actions.previews import PreviewActions
from amltui.tui.actions.transfers import presence
from amltui.tui.pace import PACE
from amltui.tui.screens.work import ScreenWork

if TYPE_CHECKING:
    from amltui.models import Dataset
    from amltui.services.catalog import Snapshot

PAUSE: Final = 0.15
"""Seconds that the cursor rests on a dataset before its rows are fetched."""
TYPING: Final = 0.6
"""As many while a filter is being typed, of which each letter may bring another dataset up."""


class Browsing:
    """Shows the list and opens what is looked at; a large one, not here, once it is asked for."""

    def __init__(
        self,
        host: ListHost,
        screen: Screen[Any],
        *,
        work: ScreenWork,
        listing: ListActions,
        previews: PreviewActions,
        files: FileActions,
        show_facts: Callable[[], None],
    ) -> None:
        """Begin.

        Args:
            host: the screen, as actions see it.
            screen: the same, which has timers.
            work: runs what is fetched.
            listing: knows what the list does not say of a dataset.
            previews: shows rows.
            files: shows the files of a folder that is not one table.
            show_facts: shows what is known of the dataset that keys act on.
        """
        self._host = host
        self._screen = screen
        self._work = work
        self._listing = listing
        self._previews = previews
        self._files = files
        self._show_facts = show_facts
        self._pause: Timer | None = None
        self._at_first = True
        """Whether no list was shown yet: the first one begins where the last program was."""
        self._at_start = True
        """Whether the cursor rested on no dataset yet: nobody is on the way to another one."""
        self._offered = ""
        """The id of a dataset whose rows are shown once it is known to be on this disk."""

    def rest_on(self, dataset: Dataset | None) -> None:
        """The cursor came to a dataset: open it if it stays there."""
        self._stop_pause()
        if dataset is None:
            self._show_facts()
            return
        if self._at_start:
            self._at_start = False
            self._rested(dataset)
            return
        pause = PAUSE if self._host.datasets.list.has_focus else TYPING
        self._pause = self._screen.set_timer(pause, partial(self._rested, dataset))

    def open(self, dataset: Dataset) -> None:
        """Open a dataset, or a version of one, because it was asked for."""
        self._stop_pause()
        self._open(dataset, asked=True)

    def read_again(self, dataset: Dataset) -> None:
        """Show a dataset anew: it is read otherwise now."""
        self._work.cancel("query", "summaries")
        self._start(partial(self._preview, dataset))

    def show_list(self, snapshot: Snapshot, select: str | None) -> None:
        """Show the list, with the dataset of key `select` under the cursor."""
        if self._at_first:
            self._at_first, select = False, select or self._previews.looked_at.memory.at
        self._host.datasets.show(
            snapshot.datasets, select=select, more=snapshot.more, table=self._table(snapshot)
        )
        for dataset in snapshot.datasets:
            self._previews.renamed(dataset)
        self._show_facts()
        self.cache_changed()

    def _table(self, snapshot: Snapshot) -> int:
        """How many of the datasets can be shown as one table. 0: none, as far as is known."""
        can = self._host.can
        if snapshot.more or can is None or not can.tables:
            return 0
        from amltui.workspaces.joining import parts_of_one

        return parts_of_one(snapshot.datasets)

    def cache_changed(self) -> None:
        """What is on this disk may be other than what the list says."""
        self._work.start(self._look_at_cache, group="cache", exclusive=True)

    async def _look_at_cache(self) -> None:
        """Mark what is on this disk; what was only offered is shown once it is there."""
        here, used, quota = await presence(self._host)
        self._host.datasets.mark(here)
        self._host.header.change(cache_used=used, cache_quota=quota)
        chosen = self._host.dataset
        if chosen is not None and self._offered == chosen.id and self._shown_unasked(chosen):
            self._open(chosen, asked=False)

    def _stop_pause(self) -> None:
        if self._pause is not None:
            self._pause.stop()

    def _rested(self, dataset: Dataset) -> None:
        self._open(dataset, asked=False)
        self._work.start(self._glance, group="glance")

    async def _glance(self) -> None:
        """Look at what stands around the cursor, where the list says little of it."""
        with suppress(AmltuiError):  # the header says it, and the row itself when it is looked at
            await self._listing.glance(lambda: self._host.datasets.list.in_view)

    def _start(self, opening: Callable[[], Any]) -> None:
        self._work.start(opening, group="preview", exclusive=True)

    def _open(self, dataset: Dataset, *, asked: bool) -> None:
        self._previews.looked_at.at(dataset)
        if self._previews.shows(dataset):
            self._show_facts()
            return
        self._work.cancel("query", "summaries")
        if dataset.is_brief and not asked:
            self._show_facts()
            self._start(partial(self._learn, dataset))
        elif asked or self._shown_unasked(dataset):
            self._offered = ""
            self._previews.expect(dataset)
            unknown = asked and (dataset.is_brief or dataset.is_folder)
            self._start(partial(self._show if unknown else self._preview, dataset))
        else:
            self._work.cancel("preview")
            self._offer(dataset)

    def _offer(self, dataset: Dataset) -> None:
        self._offered = dataset.id
        self._previews.offer(dataset)
        self._show_facts()

    def _shown_unasked(self, dataset: Dataset) -> bool:
        return not PACE.low and self._small_or_here(dataset)

    def _small_or_here(self, dataset: Dataset) -> bool:
        return self._previews.small(dataset) or self._host.datasets.list.is_cached(dataset)

    async def _learn(self, dataset: Dataset) -> None:
        whole = await self._known(dataset)
        if self._host.dataset is None or self._host.dataset.id != whole.id:
            return
        if self._shown_unasked(whole):
            await self._preview(whole)
        else:
            self._offer(whole)

    async def _known(self, dataset: Dataset) -> Dataset:
        """A dataset with what its list did not say; why it is not known stands for its rows."""
        try:
            return await self._listing.learn(dataset)
        except AmltuiError as error:
            shown = self._previews.opening or self._host.dataset
            if shown is not None and shown.id == dataset.id:
                self._previews.refuse(dataset, error)
            raise

    async def _show(self, dataset: Dataset) -> None:
        whole = await self._known(dataset)
        if whole.is_folder:
            self._offer(whole)
            await self._files.choose(f"{whole.name}/")
        else:
            await self._preview(whole)

    async def _preview(self, dataset: Dataset) -> None:
        await self._previews.open(dataset)
        await self._look_at_cache()  # It is on this disk now.
        await self._previews.finish()
        await self._previews.rest()
