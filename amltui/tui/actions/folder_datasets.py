"""Folders that are one dataset: as one table, or file by file where they are none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from amltui.errors import UsageError
from amltui.text import visible
from amltui.tui.actions.host import MainHost, PreviewHost
from amltui.tui.keymap import key_of
from amltui.tui.widgets.dataset_list import ALL


class FileActions:
    """Enter on such a folder."""

    def __init__(
        self,
        host: PreviewHost,
        choose: Callable[[str, Sequence[str], Callable[[int], None]], None],
    ) -> None:
        """Begin.

        Args:
            host: the screen.
            choose: lets a person choose one of names, under a title; is told which.
        """
        self._host = host
        self._choose = choose

    async def choose(self, prefix: str) -> None:
        """Let a file below `prefix` be chosen, which ends in a slash, and show it."""
        workspace = await (await self._host.session()).connect()
        level = await workspace.level(prefix)
        names = [*level.folders, *(one.name for one in level.datasets)]

        def chosen(at: int) -> None:
            if at < len(level.folders):
                self._host.work_first(partial(self.choose, level.folders[at]))
            else:
                self._host.show_dataset(level.datasets[at - len(level.folders)])

        self._choose(f"Files of {visible(prefix)}", [name[len(prefix) :] for name in names], chosen)


class FolderTable:
    """The key that shows all files of a folder of the list as one table."""

    def __init__(self, host: MainHost) -> None:
        self._host = host

    async def show(self) -> None:
        """Show the folder under the cursor so, or the one that the list shows, at last all of it.

        Raises:
            UsageError: there is no folder, and all of it is no table in such a workspace.
            AmltuiError: its files are not one table.
        """
        can = self._host.can
        folder = self._host.datasets.folder or (ALL if can is not None and can.tables else "")
        if not folder:
            raise UsageError(
                f"No folder is selected: {key_of('folder_table')} shows the files of one "
                "as one table."
            )
        self._host.show_dataset(await (await self._host.session()).find(folder))
