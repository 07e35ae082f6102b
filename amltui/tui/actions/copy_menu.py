"""The copy menu: what is under the cursor, to the clipboard of the terminal."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from textual.app import App

from amltui.errors import UsageError
from amltui.models import Dataset
from amltui.text import visible, visible_lines
from amltui.tui.actions.host import Action, PreviewHost
from amltui.tui.actions.python_prompt import local_contents
from amltui.tui.clipboard import LIMIT, clipboard_write
from amltui.tui.dialogs.menu import Menu, MenuItem
from amltui.tui.keymap import key_of
from amltui.tui.terminal import show_plainly, write

if TYPE_CHECKING:
    from amltui.services.snippets import Kind

_SNIPPETS: Final[dict[Kind, str]] = {
    "amltui": "Python, this library",
    "azureml": "Python, Azure's client",
    "pandas": "Python, pandas alone",
    "cli": "a command for the shell",
    "az": "a command of the Azure CLI, for v2 workspaces",
}
_ELSEWHERE: Final = MenuItem("w", "to another workspace", "with what is in it")


class CopyActions:
    """The key `y`."""

    def __init__(self, host: PreviewHost, app: Callable[[], App[object]]) -> None:
        self._host = host
        self._app = app
        self._last = ""
        self.elsewhere: Action | None = None
        """Copies datasets to another workspace."""

    async def menu(self) -> None:
        """`y`: choose what to copy."""
        if self._host.marked:
            await self._marked()
            return
        dataset = self._host.dataset
        entries = self._of_cells() + (self._of_dataset(dataset) if dataset else [])
        if self._last:
            entries.append(MenuItem("v", "show what was copied", "for the mouse to take"))
        if not entries:
            raise UsageError("There is nothing to copy.", hint="Choose a dataset first.")
        letter = await self._host.ask(Menu("Copy", entries))
        if letter is None:
            return
        if letter == "w" and self.elsewhere is not None:
            await self.elsewhere()
            return
        if letter == "v":
            await show_plainly(self._app(), visible_lines(self._last))
            return
        if letter == "s" and dataset is not None:
            await self._snippet(dataset)
            return
        text, what = await self._text(letter, dataset)
        self.send(text, what)

    async def _marked(self) -> None:
        """Choose what to copy of the datasets that are marked."""
        marked = self._host.marked
        letter = await self._host.ask(
            Menu(
                f"Copy of {len(marked):,} datasets",
                [
                    MenuItem("n", "names", "a line each"),
                    MenuItem("i", "ids", "a line each"),
                    _ELSEWHERE,
                ],
            )
        )
        if letter == "w" and self.elsewhere is not None:
            await self.elsewhere()
        elif letter is not None:
            texts = [one.name if letter == "n" else one.id for one in marked]
            what = "the names" if letter == "n" else "the ids"
            self.send("\n".join(texts), what)

    async def _snippet(self, dataset: Dataset) -> None:
        from amltui.services.snippets import snippet

        kinds: dict[str, Kind] = {"a": "amltui", "z": "azureml", "p": "pandas", "c": "cli"}
        session = await self._host.session()
        if session.connection is not None and session.connection.is_azure:
            kinds["x"] = "az"
        entries = [MenuItem(letter, kind, _SNIPPETS[kind]) for letter, kind in kinds.items()]
        letter = await self._host.ask(Menu("Copy a snippet", entries))
        if letter is not None:
            # Without the token: a clipboard is no place for one.
            text = snippet(dataset, session.connection, kinds[letter])
            self.send(text, f"the {kinds[letter]} snippet")

    def send(self, text: str, what: str) -> None:
        """Copy a text and say what was sent."""
        self._last = text
        result = clipboard_write(text, os.environ)
        write(self._app(), result.sequence)
        self._host.say(
            f"{result.say(what)}\nIf it did not arrive, {key_of('copy')} v shows it for the mouse."
        )

    def _of_cells(self) -> list[MenuItem]:
        grid, rows = self._host.preview.grid, self._host.preview.rows
        if rows is None or not rows.row_count:
            return []
        cell = rows.window(grid.cursor_row, grid.cursor_row + 1, [grid.cursor_column])[0]
        value = cell[0] if cell else None
        entries = [
            MenuItem("c", "cell", "missing" if value is None else visible(value)),
            MenuItem("r", "row", "its cells, parted by tabs"),
            MenuItem("l", "column", visible(rows.columns[grid.cursor_column].name)),
        ]
        if grid.has_selection:
            entries.append(MenuItem("a", "selected cells", "parted by tabs"))
        return entries

    def _of_dataset(self, dataset: Dataset) -> list[MenuItem]:
        return [
            MenuItem("n", "name", visible(dataset.name)),
            MenuItem("i", "id", visible(dataset.id)),
            MenuItem("s", "snippet", "code that reads it: amltui, azureml, pandas or cli"),
            MenuItem("p", "path", "of its contents on this disk"),
            _ELSEWHERE,
        ]

    async def _text(self, letter: str, dataset: Dataset | None) -> tuple[str, str]:
        """What to copy, and what to call it."""
        grid = self._host.preview.grid
        if letter == "c":
            return grid.copy("cell").text, "the cell"
        if letter == "r":
            return grid.copy("row").text, "the row"
        if letter in {"l", "a"}:
            cells = grid.copy("column" if letter == "l" else "selection", limit=LIMIT)
            name = "the column" if letter == "l" else "the selected cells"
            return cells.text, name if cells.complete else f"{cells.rows:,} rows of {name}"
        assert dataset is not None  # the other entries are offered only with one
        if letter == "n":
            return dataset.name, "the name"
        if letter == "i":
            return dataset.id, "the id"
        return str(await local_contents(self._host, dataset)), "the path"
