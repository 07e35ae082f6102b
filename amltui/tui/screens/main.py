"""The main screen: datasets, preview, details and transfers, and what their keys do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.events import DescendantFocus, Resize, ScreenResume
from textual.message import Message
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget

from amltui.text import visible_lines
from amltui.tui.actions.folder_datasets import FileActions
from amltui.tui.actions.host import Action
from amltui.tui.actions.listing import ListActions
from amltui.tui.actions.looked_at import look_as_set
from amltui.tui.actions.previews import PreviewActions
from amltui.tui.actions.transfers import TransferActions
from amltui.tui.grid.messages import CellHighlighted
from amltui.tui.keymap import key_of
from amltui.tui.notifications import Notifications, Report, from_workspace
from amltui.tui.screens.browsing import Browsing
from amltui.tui.screens.keys import KEYS
from amltui.tui.screens.pane_layout import PREVIEW
from amltui.tui.screens.panes import Panes
from amltui.tui.screens.preview_requests import PreviewRequests, on_requests
from amltui.tui.screens.work import ScreenWork
from amltui.tui.session_loader import SessionLoader
from amltui.tui.widgets.dataset_list import DatasetList
from amltui.tui.widgets.datasets import DatasetsPane
from amltui.tui.widgets.details import Details, Facts
from amltui.tui.widgets.dialog import Dialog, DialogLayer, Modal
from amltui.tui.widgets.header import Header
from amltui.tui.widgets.keybar import KeyBar
from amltui.tui.widgets.palette import Palette
from amltui.tui.widgets.preview import PreviewPane
from amltui.tui.widgets.tab_line import TabLine
from amltui.tui.widgets.transfers import TransfersPane

if TYPE_CHECKING:
    from amltui.models import Dataset
    from amltui.services.catalog import Snapshot
    from amltui.services.session import Session
    from amltui.tui.actions.copy_menu import CopyActions
    from amltui.tui.screens.commands import Commands
    from amltui.tui.tabs import Tabs
    from amltui.workspaces.capabilities import Capabilities

T = TypeVar("T")


class MainScreen(Screen[None]):
    """Composes the panes and what acts on them, and tells each what is for it."""

    AUTO_FOCUS = "DatasetList"
    BINDINGS = KEYS

    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    """As of any screen. Whoever gets or loses the focus draws itself; not everything is drawn."""

    def __init__(
        self,
        loader: SessionLoader,
        notes: Notifications,
        report: Report,
        tabs: Tabs,
        *,
        rows: type[DatasetList] = DatasetList,
    ) -> None:
        """Show one workspace.

        Args:
            loader: opens the workspace.
            notes: what was told so far.
            report: tells what went wrong.
            tabs: the workspaces that are open.
            rows: the list of datasets, with what enter does there.
        """
        super().__init__()
        self._loader = loader
        self._notes = notes
        self._tell_error = report
        self._tabs = tabs
        self._list_kind = rows
        self._seen_before = False
        self._panes = Panes(self, self._show_facts)
        self._work = ScreenWork(self, self.report)
        self._list = ListActions(self, self._show_list, partial(notes.answers, loader))
        self._transfers = TransferActions(self, self._transfers_changed)
        self._previews = PreviewActions(self, self._show_facts)
        self._browsing = Browsing(
            self,
            self,
            work=self._work,
            listing=self._list,
            previews=self._previews,
            files=FileActions(self, self._choose),
            show_facts=self._show_facts,
        )
        self._requests = PreviewRequests(
            self,
            self._work,
            self._previews,
            lambda: self._copying,
            self._choose,
            self._browsing.read_again,
        )

    @cached_property
    def _copying(self) -> CopyActions:
        from amltui.tui.actions.copy_menu import CopyActions

        return CopyActions(self, lambda: self.app)

    @cached_property
    def _commands(self) -> Commands:
        """What keys and the palette run; the first frame does without it and all dialogs."""
        from amltui.tui.screens.commands import Commands

        return Commands(
            self,
            self,
            work=self._work,
            loader=self._loader,
            notes=self._notes,
            listing=self._list,
            transfers=self._transfers,
            previews=self._previews,
            copying=self._copying,
            choose=self._choose,
            tabs=self._tabs,
            show_facts=self._show_facts,
        )

    def compose(self) -> ComposeResult:
        """Header, panes, keys."""
        # First, so that its coming and going does not renumber the others, which draws them again;
        # in a container, for what holds it is drawn again too.
        yield DialogLayer(Palette(), report=self.report, id="over")
        yield Header()
        yield TabLine()
        with Horizontal(id="body"):
            yield DatasetsPane(id="datasets", kind=self._list_kind)
            yield PreviewPane(id="preview")
            yield Details(id="details")
        yield TransfersPane(id="transfers")
        yield KeyBar(self._notes)

    def on_mount(self) -> None:
        """Show what this disk remembers, then what the workspace says."""
        self._panes.arrange()
        self._show_facts()
        self.preview.line.check = self._previews.queries.problem
        self.work(self._begin)
        self.work(self._requests.remember, group="history")
        self.work(partial(look_as_set, self), group="look")

    def on_screen_resume(self, event: ScreenResume) -> None:
        """Be the one that is seen."""
        # What was just made has its styles: to find them anew takes a tenth of the first frame.
        event.refresh_styles, self._seen_before = self._seen_before, True
        for line in self.query(TabLine).results():  # none before the first layout
            line.show(self._tabs.names, self._tabs.at)
            self.query_one(KeyBar).attend()
            self.work(partial(look_as_set, self), group="look", exclusive=True)

    def on_unmount(self) -> None:
        """Let go of what is shown, and keep how it was looked at."""
        self._previews.close()
        self._previews.looked_at.memory.write()

    # For the actions

    @property
    def dataset(self) -> Dataset | None:
        """The dataset that keys act on: the one in the preview when that has the focus."""
        if self._panes.at_preview and self._previews.dataset is not None:
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
    def marked(self) -> Sequence[Dataset]:
        """The datasets that are marked, while the list has the focus."""
        return self.datasets.marked if self._panes.at_list else ()

    def unmark(self) -> None:
        """Take all marks away."""
        self.datasets.unmark()

    @property
    def header(self) -> Header:
        """The top line."""
        return self.query_one(Header)

    @property
    def datasets(self) -> DatasetsPane:
        """The datasets pane."""
        return self.query_one(DatasetsPane)

    @property
    def preview(self) -> PreviewPane:
        """The preview pane."""
        return self.query_one(PreviewPane)

    @property
    def details(self) -> Details:
        """The details pane."""
        return self.query_one(Details)

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

    async def ask(self, dialog: Dialog[T]) -> T | None:
        """Show a dialog and wait for its answer."""
        if self._where:
            self.say("There is a question.", warning=True)
        return await self.query_one(DialogLayer).ask(dialog)

    @property
    def _where(self) -> str:
        """The name of this workspace, where another one is seen."""
        return "" if self.is_current else self._loader.name

    def say(
        self, message: str, *, warning: bool = False, seconds: float | None = None
    ) -> Callable[[], None]:
        """Tell the person something; see `ActionHost`."""
        text = visible_lines(from_workspace(self._where, message))
        return self._notes.say(text, "warning" if warning else "information", seconds)

    def report(self, error: Exception) -> None:
        """Say what went wrong and what to do about it."""
        self._tell_error(error, line=self._loader, where=self._where)

    async def finish(self) -> None:
        """Do what still waits, before this workspace is closed."""
        if "_commands" in self.__dict__:  # else nothing was begun
            await self._commands.finish()

    def work(self, action: Action, *, group: str = "actions", exclusive: bool = False) -> None:
        """Do something beside the screen; what goes wrong is reported."""
        self._work.start(action, group=group, exclusive=exclusive)

    def work_first(self, action: Action) -> None:
        """As `work`, for what may open a dialog: keys wait for that, or until it is over."""
        self._work.start_first(action)

    def show_dataset(self, dataset: Dataset) -> None:
        """Begin to show a dataset, or a version of one, and go there."""
        self._panes.focus(PREVIEW)
        self._browsing.open(dataset)

    def redraw(self) -> None:
        """Write every cell again."""
        self.call_later(self.run_action, "app.redraw")

    # The list

    async def _begin(self) -> None:
        try:
            session = await self._list.open()
            await self._previews.looked_at.memory.load(session.key)
            await self._list.remember()
            current = self.dataset
            if current is not None and not current.is_brief and self._previews.small(current):
                # To reach the workspace brings imports that keep the interpreter to themselves.
                await self._previews.settled()
            await self._list.begin()
        finally:
            self._previews.may_open.set()
            self.work(self._list.watch, group="poll")
            # Its imports keep the interpreter to themselves: the list is drawn before.
            self.call_after_refresh(self.work, self._warm_up, group="warm")
        self.work(self._transfers.watch, group="transfers")

    async def _warm_up(self) -> None:
        await self._loader.warm_up_previews()
        await self._previews.settled()  # the first rows, of who pressed a key at once, come first
        await self._loader.warm_up_keys()
        await self._commands.go_on()

    async def reload(self, *, select: str | None = None) -> None:
        """Ask the workspace for its list again; go to the dataset of key `select`."""
        await self._list.reload(select=select)

    def relist(self, *, select: str | None = None) -> None:
        """Show the list as it is known, without what is about to be deleted."""
        self._list.show_again(select)

    def _transfers_changed(self) -> None:
        self._panes.arrange()
        self._browsing.cache_changed()

    @on(TransfersPane.ActionRequested)
    def _transfer_asked(self, event: TransfersPane.ActionRequested) -> None:
        self._work.start_first(partial(self._transfers.asked, event.transfer, event.what))

    def _show_list(self, snapshot: Snapshot, select: str | None) -> None:
        self._browsing.show_list(snapshot, select)

    @on(DatasetList.Highlighted)
    def _highlighted(self, event: DatasetList.Highlighted) -> None:
        self._browsing.rest_on(event.dataset)

    @on(DatasetList.Chosen)
    def _chosen(self, event: DatasetList.Chosen) -> None:
        self.show_dataset(event.dataset)

    def _choose(
        self,
        title: str,
        names: Sequence[str],
        chosen: Callable[[int], None],
        typed: Callable[[str], None] | None = None,
    ) -> None:
        self.query_one(Palette).choose(title, names, chosen, typed)

    # The preview

    @on_requests
    def _preview_asks(self, message: Message) -> None:
        self._requests.handle(message)

    def _show_facts(self) -> None:
        dataset = self.dataset
        facts = Facts(dataset)
        if dataset is not None and self._previews.shows(dataset):
            facts = self._previews.facts(dataset)
        self.query_one(Details).show(facts)

    @on(CellHighlighted)
    def _cell_highlighted(self) -> None:
        self._show_facts()

    # The panes

    def on_resize(self, _event: Resize) -> None:
        """Arrange for the new size."""
        self._panes.arrange()
        self.query_one(DialogLayer).fit()
        self.query_one(Palette).fit()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Note which pane has the focus; a dialog that lies over the panes keeps it."""
        dialog = self.query_one(DialogLayer).shown
        if dialog is not None and not any(
            isinstance(node, Modal) for node in event.widget.ancestors_with_self
        ):
            dialog.focus_first()
        else:
            self._panes.note_focus(event.widget)

    def action_pane(self, pane: int) -> None:
        """Focus a pane, showing it if need be."""
        self._panes.focus(pane)

    def action_cycle(self, step: int) -> None:
        """Focus the next pane."""
        self._panes.cycle(step)

    def action_zoom(self) -> None:
        """Give the pane in focus the whole screen, or take it back."""
        self._panes.zoom()

    def action_details(self) -> None:
        """Show or hide the details."""
        self._panes.toggle_details()

    def action_transfers(self) -> None:
        """Go to the transfers, or back from them."""
        self._panes.toggle_transfers()

    def action_back(self) -> None:
        """Undo the last thing that stands in the way; never quit."""
        dialog, datasets = self.query_one(DialogLayer).shown, self.datasets
        at_list = self._panes.at_list and not self._panes.state.zoomed
        if dialog is not None:
            dialog.dismiss()  # it had lost the focus
        elif self.preview.line.display:
            self.preview.line.leave()  # left open by a click or a tab to another pane
        elif self._panes.at_preview and self._requests.take_back():
            pass
        elif at_list and datasets.filtering:
            datasets.end_filter(keep=False)
        elif at_list and self.marked:
            self.unmark()
        elif at_list and datasets.inside:
            datasets.action_leave_folder()
        else:
            self._panes.step_back()

    # Keys

    def action_elsewhere(self, pane: str, goes: str) -> None:
        """Say whose key that was, rather than nothing."""
        self.say(f"That key is for the {pane} pane: {key_of(goes)} goes there.")

    def action_run(self, action: str) -> None:
        """Do what a key stands for."""
        self._commands.run(action)

    def action_help(self) -> None:
        """Show the keys of what is in focus."""
        self._commands.show_help()

    def action_palette(self) -> None:
        """Choose from everything that can be done now."""
        self._commands.open_palette()

    def action_quit(self) -> None:
        """Quit; asks first while transfers run."""
        self._commands.quit()
