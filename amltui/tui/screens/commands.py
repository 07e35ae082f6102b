"""What keys and the palette run: the actions of the main screen by their names."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from textual.screen import Screen

from amltui.tui.actions.archive import ArchiveActions
from amltui.tui.actions.carrying import CarryActions
from amltui.tui.actions.closing import ClosingActions
from amltui.tui.actions.copy_menu import CopyActions
from amltui.tui.actions.datasets import DatasetActions
from amltui.tui.actions.file_uploads import FileUploads
from amltui.tui.actions.folder_datasets import FolderTable
from amltui.tui.actions.host import Action, MainHost
from amltui.tui.actions.listing import ListActions
from amltui.tui.actions.marked import MarkedActions
from amltui.tui.actions.previews import PreviewActions
from amltui.tui.actions.program import ProgramActions, keys_now, palette_commands
from amltui.tui.actions.python_prompt import PythonPrompt
from amltui.tui.actions.sending import SendActions
from amltui.tui.actions.transfers import TransferActions
from amltui.tui.actions.versions import VersionActions
from amltui.tui.actions.workspaces import Choose, WorkspaceActions
from amltui.tui.dialogs.help import HelpScreen
from amltui.tui.notifications import Notifications
from amltui.tui.screens.work import ScreenWork
from amltui.tui.session_loader import SessionLoader
from amltui.tui.widgets.palette import Palette

if TYPE_CHECKING:
    from amltui.models import Dataset
    from amltui.tui.tabs import Tabs


class Commands:
    """Everything that can be done, run by name, and offered by the palette and the help."""

    def __init__(
        self,
        host: MainHost,
        screen: Screen[Any],
        *,
        work: ScreenWork,
        loader: SessionLoader,
        notes: Notifications,
        listing: ListActions,
        transfers: TransferActions,
        previews: PreviewActions,
        copying: CopyActions,
        choose: Choose,
        tabs: Tabs,
        show_facts: Callable[[], None],
    ) -> None:
        """Begin.

        Args:
            host: the screen, as actions see it.
            screen: the same, whose keys in focus are offered.
            work: runs what is done.
            loader: opened the workspace.
            notes: what was told so far.
            listing: the workspace's list.
            transfers: what is on its way.
            previews: what is open in the preview.
            copying: what is copied.
            choose: lets one of several names be chosen.
            tabs: the workspaces that are open.
            show_facts: shows what is known of the dataset that keys act on.
        """
        self._host = host
        self._screen = screen
        self._work = work
        self._loader = loader
        self._previews = previews
        self._choose = choose
        self._show_facts = show_facts
        self._datasets = DatasetActions(host)
        self._program = ProgramActions(host, lambda: screen.app, notes, self._recoloured)
        self._closing = ClosingActions(host, lambda: screen.app, tabs)
        marked = MarkedActions(host, self._datasets.delete_agreed)
        versions = VersionActions(host, previews, self._choose_dataset)
        workspaces = WorkspaceActions(host, loader, choose, tabs)
        carrying = CarryActions(host, transfers, workspaces.offer)
        self.go_on = carrying.go_on
        copying.elsewhere = carrying.begin
        uploads = FileUploads(host, transfers)
        sending = SendActions(host, transfers, uploads, carrying, workspaces.offer)
        self._actions: Final[dict[str, Action]] = {
            "workspaces": workspaces.choose,
            "next": workspaces.next,
            "before": workspaces.before,
            "close": self._closing.close,
            "download": self._one_or_marked(self._datasets.download, marked.download),
            "download_to": self._datasets.download_to,
            "upload": sending.upload,
            "update": uploads.update,
            "rename": self._datasets.rename,
            "describe": self._datasets.describe,
            "delete": self._one_or_marked(self._datasets.delete, marked.delete),
            "refresh": self._datasets.refresh,
            "sign_in": listing.sign_in,
            "forget": transfers.forget,
            "copy": copying.menu,
            "carry": carrying.begin,
            "archived": ArchiveActions(host, choose).archived,
            "undo": self._datasets.undo,
            "versions": versions.versions,
            "compare": versions.compare,
            "colours": self._program.other_colours,
            "messages": self._program.messages,
            "settings": self._program.settings,
            "folder_table": FolderTable(host).show,
            "prompt": PythonPrompt(host, lambda: screen.app, loader.profile or "").prompt,
        }

    def run(self, name: str) -> None:
        """Do what is called so; keys wait for the dialog that it may open."""
        self._work.start_first(self._actions[name])

    def quit(self) -> None:
        """Quit; asks first while transfers run."""
        self._work.start_first(self._closing.quit)

    def show_help(self) -> None:
        """Show the keys of what is in focus."""
        keys = keys_now(self._screen, self._host.can)

        async def show() -> None:
            await self._host.ask(HelpScreen(keys))

        self._work.start_first(show)

    def open_palette(self) -> None:
        """Let one of all be chosen that can be done now."""
        commands = palette_commands(self._screen, self._host.can)
        self._screen.query_one(Palette).open(commands, self._chosen)

    def _chosen(self, command: str) -> None:
        kind, _, value = command.partition(":")
        if kind == "row":
            self._previews.go_to(int(value))
        elif kind == "share":
            self._previews.go_to_share(float(value) / 100)
        elif kind == "key":
            self._screen.app.simulate_key(value)
        else:
            self.run(value)

    def _one_or_marked(self, one: Action, several: Action) -> Action:
        """What a key does to the dataset in focus, or to those that are marked."""

        async def act() -> None:
            await (several() if self._host.marked else one())

        return act

    def _choose_dataset(self, title: str, chosen: Callable[[Dataset], None]) -> None:
        listed = self._host.listed
        self._choose(title, [one.name for one in listed], lambda at: chosen(listed[at]))

    def _recoloured(self) -> None:
        self._screen.refresh(recompose=False, layout=True)
        # Its text carries colours of its own, which are known once the styles are.
        self._screen.call_after_refresh(self._show_facts)

    async def finish(self) -> None:
        """Send what still waits; without a session nothing does, and none is waited for."""
        if self._loader.loaded is not None:
            await self._datasets.finish_deletes()
