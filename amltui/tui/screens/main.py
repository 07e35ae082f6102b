"""The main screen: datasets, preview, details and transfers, and what their keys do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.timer import Timer

from amltui.models import Dataset
from amltui.text import visible
from amltui.tui.actions.copying import CopyActions
from amltui.tui.actions.datasets import DatasetActions
from amltui.tui.actions.host import Action
from amltui.tui.actions.listing import ListActions
from amltui.tui.actions.previews import PreviewActions
from amltui.tui.actions.program import ProgramActions, palette_commands
from amltui.tui.actions.python_prompt import PythonPrompt
from amltui.tui.actions.transfers import TransferActions, presence
from amltui.tui.actions.versions import VersionActions
from amltui.tui.dialogs.help import HelpScreen, keys_in_focus
from amltui.tui.grid.messages import (
    CellHighlighted,
)
from amltui.tui.notifications import Notifications
from amltui.tui.screens.asking import AskingScreen
from amltui.tui.screens.layout import LIST, PREVIEW
from amltui.tui.session_loader import SessionLoader
from amltui.tui.widgets.dataset_list import DatasetList
from amltui.tui.widgets.datasets import DatasetsPane
from amltui.tui.widgets.details import Details, Facts
from amltui.tui.widgets.dialog import Dialog, DialogLayer
from amltui.tui.widgets.header import Header
from amltui.tui.widgets.keybar import KeyBar
from amltui.tui.widgets.palette import Palette, PaletteCommand
from amltui.tui.widgets.preview import PreviewPane
from amltui.tui.widgets.transfers import TransfersPane

if TYPE_CHECKING:
    from amltui.services.catalog import Snapshot
    from amltui.services.session import Session
    from amltui.workspaces.capabilities import Capabilities

T = TypeVar("T")

_PAUSE = 0.15
"""Seconds that the cursor rests on a dataset before its rows are fetched."""
_TYPING = 0.6
"""As many while a filter is being typed, of which each letter may bring another dataset up."""


class MainScreen(AskingScreen):
    """All panes."""

    CSS_PATH: ClassVar[list[str]] = [  # type: ignore[assignment]  # wider there
        "main.tcss",
        "../dialogs/dialog.tcss",
        "../dialogs/upload.tcss",
        "../dialogs/dialect.tcss",
    ]
    AUTO_FOCUS = "DatasetList"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,f1", "help", "help"),
        Binding("d", "run('download')", "download"),
        Binding("u", "run('upload')", "upload"),
        Binding("r,f2", "run('rename')", "rename"),
        Binding("y", "run('copy')", "copy"),
        Binding("U", "run('update')", "update contents", show=False),
        Binding("e", "run('describe')", "edit the description", show=False),
        Binding("D", "run('delete')", "delete", show=False),
        Binding("V", "run('versions')", "versions: show, restore, compare", show=False),
        Binding("P", "run('prompt')", "Python with df, ds and ws", show=False),
        Binding("z", "run('undo')", "undo the last change to a dataset", show=False),
        Binding("R", "run('refresh')", "refresh the list", show=False),
        Binding("S", "run('sign_in')", "sign in with another token", show=False),
        Binding("colon,ctrl+p", "palette", "commands"),
        Binding("i", "details", "details"),
        Binding("w", "transfers", "transfers"),
        Binding("escape", "back", "step back", show=False),
        Binding(
            "s,I,m,n,N,c,o,E,F,X,ampersand,f,minus,underscore,left_square_bracket,right_square_bracket",
            "elsewhere('preview', '2')",
            show=False,
        ),
        Binding("x,p", "elsewhere('transfers', 'w')", show=False),
        Binding("q", "quit", "quit"),
    ]

    def __init__(
        self,
        loader: SessionLoader,
        notes: Notifications,
        report: Callable[[Exception], None],
        *,
        rows: type[DatasetList] = DatasetList,
    ) -> None:
        """Show one workspace.

        Args:
            loader: opens the workspace.
            notes: what was told so far.
            report: tells what went wrong.
            rows: the list of datasets, with what enter does there.
        """
        super().__init__()
        self._loader = loader
        self._notes = notes
        self._report = report
        self._host = self
        self._list_kind = rows
        self._pause: Timer | None = None
        self._offered = ""
        """The id of a dataset whose rows are shown once it is known to be on this disk."""
        self._list = ListActions(self, self._show_list)
        self._transfers = TransferActions(self, self._transfers_changed)
        self._datasets = DatasetActions(self, self._transfers)
        self._previews = PreviewActions(self, self._show_facts)
        self._versions = VersionActions(self, self._previews, self._choose_dataset)
        self._copying = CopyActions(self, lambda: self.app)
        self._program = ProgramActions(
            self, lambda: self.app, notes, self._recoloured, self._finish
        )
        self._actions: dict[str, Action] = {
            "download": self._datasets.download,
            "download_to": self._datasets.download_to,
            "upload": self._datasets.upload,
            "update": self._datasets.update,
            "rename": self._datasets.rename,
            "describe": self._datasets.describe,
            "delete": self._datasets.delete,
            "refresh": self._datasets.refresh,
            "sign_in": self._list.sign_in,
            "forget": self._transfers.forget,
            "copy": self._copying.menu,
            "undo": self._datasets.undo,
            "versions": self._versions.versions,
            "compare": self._versions.compare,
            "colours": self._program.other_colours,
            "messages": self._program.messages,
            "prompt": PythonPrompt(self, lambda: self.app, loader.profile or "").prompt,
        }

    def compose(self) -> ComposeResult:
        """Header, panes, keys."""
        # First, so that its coming and going does not renumber the others, which draws them again;
        # in a container, for what holds it is drawn again too.
        yield DialogLayer(Palette(), report=self._report, id="over")
        yield Header()
        with Horizontal(id="body"):
            yield DatasetsPane(id="datasets", kind=self._list_kind)
            yield PreviewPane(id="preview")
            yield Details(id="details")
        yield TransfersPane(id="transfers")
        yield KeyBar(self._notes)

    def on_mount(self) -> None:
        """Show what this disk remembers, then what the workspace says."""
        self._arrange()
        self._show_facts()
        self.preview.line.check = self._previews.queries.problem
        self.work(self._begin)
        self.work(self.remember, group="history")

    def on_unmount(self) -> None:
        """Let go of what is shown."""
        self._previews.close()

    # For the actions

    @property
    def dataset(self) -> Dataset | None:
        """The dataset that keys act on: the one in the preview when that has the focus."""
        if self._state.pane == PREVIEW and self._previews.dataset is not None:
            return self._previews.dataset
        return self.query_one(DatasetList).current

    @property
    def can(self) -> Capabilities | None:
        """What the workspace can do. None: it was not reached yet."""
        return self._list.can

    @property
    def listed(self) -> Sequence[Dataset]:
        """The datasets as they were listed last."""
        return self._list.listed

    @property
    def header(self) -> Header:
        """The top line."""
        return self.query_one(Header)

    @property
    def datasets(self) -> DatasetsPane:
        """The datasets pane."""
        return self.query_one(DatasetsPane)

    @property
    def preview_dataset(self) -> Dataset | None:
        """The dataset whose rows are shown there."""
        return self._previews.dataset

    @property
    def transfers(self) -> TransfersPane:
        """The transfers pane."""
        return self.query_one(TransfersPane)

    async def session(self) -> Session:
        """The open session."""
        return await self._loader.session()

    async def _finish(self) -> None:
        """Send what still waits; without a session nothing does, and none is waited for."""
        if self._loader.loaded is not None:
            await self._datasets.finish_deletes()

    async def ask(self, dialog: Dialog[T]) -> T | None:
        """Show a dialog and wait for its answer."""
        return await self.query_one(DialogLayer).ask(dialog)

    def say(self, message: str, *, warning: bool = False) -> None:
        """Tell the person something."""
        self.notify(message, severity="warning" if warning else "information")

    def report(self, error: Exception) -> None:
        """Say what went wrong and what to do about it."""
        self._report(error)

    # The list

    async def _begin(self) -> None:
        try:
            await self._list.begin()
        finally:
            self.work(self._list.watch, group="poll")
            self.work(self._loader.warm_up, group="warm")
        self.work(self._transfers.watch, group="transfers")

    async def reload(self, *, select: str | None = None) -> None:
        """Ask the workspace for its list again; go to the dataset of key `select`."""
        await self._list.reload(select=select)

    def relist(self, *, select: str | None = None) -> None:
        """Show the list as it is known, without what is about to be deleted."""
        self._list.show_again(select)

    async def _look_at_cache(self) -> None:
        here, used, quota = await presence(self)
        self.query_one(DatasetsPane).mark(here)
        self.query_one(Header).change(cache_used=used, cache_quota=quota)
        chosen = self.dataset
        if chosen is not None and self._offered == chosen.id and self._shown_unasked(chosen):
            self._open_preview(chosen, asked=False)

    def _transfers_changed(self) -> None:
        self._arrange()
        self._cache_changed()

    def _cache_changed(self) -> None:
        self.work(self._look_at_cache, group="cache", exclusive=True)

    @on(TransfersPane.ActionRequested)
    def _transfer_asked(self, event: TransfersPane.ActionRequested) -> None:
        self.work(partial(self._transfers.asked, event.transfer, event.what))

    def _show_list(self, snapshot: Snapshot, select: str | None) -> None:
        self.datasets.show(snapshot.datasets, select=select, more=snapshot.more)
        for dataset in snapshot.datasets:
            self._previews.renamed(dataset)
        self._show_facts()
        self._cache_changed()

    @on(DatasetList.Highlighted)
    def _highlighted(self, event: DatasetList.Highlighted) -> None:
        if self._pause is not None:
            self._pause.stop()
        if event.dataset is None:
            self._show_facts()
            return
        chosen = event.dataset
        pause = _PAUSE if self.datasets.list.has_focus else _TYPING
        self._pause = self.set_timer(pause, lambda: self._open_preview(chosen, asked=False))

    @on(DatasetList.Chosen)
    def _chosen(self, event: DatasetList.Chosen) -> None:
        self.show_dataset(event.dataset)

    def show_dataset(self, dataset: Dataset) -> None:
        """Begin to show a dataset, or a version of one, and go there."""
        if self._pause is not None:
            self._pause.stop()
        self.action_pane(PREVIEW)
        self._open_preview(dataset, asked=True)

    def _choose_dataset(self, title: str, chosen: Callable[[Dataset], None]) -> None:
        listed = self.listed
        self.query_one(Palette).open(
            [PaletteCommand(f"at:{at}", visible(one.name)) for at, one in enumerate(listed)],
            lambda command: chosen(listed[int(command.partition(":")[2])]),
            title=title,
            asks="a dataset's name",
            number="",
        )

    def _open_preview(self, dataset: Dataset, *, asked: bool) -> None:
        if self._previews.shows(dataset):
            self._show_facts()
            return
        self.workers.cancel_group(self, "query")
        self.workers.cancel_group(self, "summaries")
        if dataset.is_brief and not asked:
            self._show_facts()
            self.work(partial(self._learn, dataset), group="preview", exclusive=True)
        elif asked or self._shown_unasked(dataset):
            self._offered = ""
            self.work(partial(self._preview, dataset), group="preview", exclusive=True)
        else:
            self.workers.cancel_group(self, "preview")
            self._offer(dataset)

    def _offer(self, dataset: Dataset) -> None:
        self._offered = dataset.id
        self._previews.offer(dataset)
        self._show_facts()

    def _shown_unasked(self, dataset: Dataset) -> bool:
        return self._previews.small(dataset) or self.datasets.list.is_cached(dataset)

    async def _learn(self, dataset: Dataset) -> None:
        whole = await self._list.learn(dataset)
        if self.dataset is None or self.dataset.id != whole.id:
            return
        if self._shown_unasked(whole):
            await self._preview(whole)
        else:
            self._offer(whole)

    def read_again(self, dataset: Dataset) -> None:
        """Show a dataset anew: it is read otherwise now."""
        self.workers.cancel_group(self, "query")
        self.workers.cancel_group(self, "summaries")
        self.work(partial(self._preview, dataset), group="preview", exclusive=True)

    async def _preview(self, dataset: Dataset) -> None:
        await self._previews.open(dataset)
        await self._look_at_cache()  # It is on this disk now.
        await self._previews.finish()
        await self._previews.rest()

    def _show_facts(self) -> None:
        dataset = self.dataset
        facts = Facts(dataset)
        if dataset is not None and self._previews.shows(dataset):
            facts = self._previews.facts(dataset)
        self.query_one(Details).show(facts)

    @on(CellHighlighted)
    def _cell_highlighted(self) -> None:
        self._show_facts()

    def pane_changed(self) -> None:
        """Keys may act on another dataset now."""
        self._show_facts()

    def action_back(self) -> None:
        """Undo the last thing that stands in the way; never quit."""
        dialog = self.query_one(DialogLayer).shown
        if dialog is not None:
            dialog.dismiss()  # it had lost the focus
            return
        if self.preview.line.display:
            self.preview.line.leave()  # left open by a click or a tab to another pane
            return
        if self._state.pane == PREVIEW and self.take_back_query():
            return
        datasets = self.query_one(DatasetsPane)
        if self._state.pane == LIST and not self._state.zoomed and datasets.filtering:
            datasets.end_filter(keep=False)
        elif self._state.pane == LIST and not self._state.zoomed and datasets.inside:
            datasets.action_leave_folder()
        else:
            self.step_back()

    # Keys

    def action_elsewhere(self, pane: str, key: str) -> None:
        """Say whose key that was, rather than nothing."""
        self.say(f"That key is for the {pane} pane: {key} goes there.")

    def action_run(self, action: str) -> None:
        """Do what a key stands for."""
        self.work_first(self._actions[action])

    async def action_help(self) -> None:
        """Show the keys of what is in focus."""
        await self.query_one(DialogLayer).show(HelpScreen(keys_in_focus(self)))

    def action_palette(self) -> None:
        """Choose from everything that can be done now."""
        self.query_one(Palette).open(palette_commands(self), self._command)

    def _command(self, command: str) -> None:
        kind, _, value = command.partition(":")
        if kind == "row":
            self._previews.go_to(int(value))
        elif kind == "share":
            self._previews.go_to_share(float(value) / 100)
        elif kind == "key":
            self.app.simulate_key(value)
        else:
            self.action_run(value)

    def _recoloured(self) -> None:
        self.refresh(recompose=False, layout=True)
        self._show_facts()  # Its text carries colours of its own.

    def action_quit(self) -> None:
        """Quit; asks first while transfers run."""
        self.work(self._program.quit)
