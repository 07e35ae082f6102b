"""Choosing a file to send, and what the dataset is to be called."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Label, OptionList, Select, Static
from textual.widgets.option_list import Option

from amltui.models import DataTypeIds
from amltui.text import human_size, visible
from amltui.tui.folders import Look, file_problem, full_path, is_folder, look

Guess = Callable[[Path], Awaitable[str]]
"""Says which data type a file seems to be."""

TYPES: Final = {
    DataTypeIds.GenericCSV: "commas, names in the first line",
    DataTypeIds.GenericCSVNoHeader: "commas, no names",
    DataTypeIds.GenericTSV: "tabs, names in the first line",
    DataTypeIds.GenericTSVNoHeader: "tabs, no names",
    DataTypeIds.ARFF: "Weka's attribute-relation file",
    DataTypeIds.PlainText: "lines of text",
    "Zip": "an archive",
    "RData": "objects of R",
}


@dataclass(frozen=True, slots=True)
class UploadRequest:
    """What to send."""

    path: Path
    name: str
    data_type_id: str
    description: str


class PathInput(Input):
    """A path; tab completes it as a shell does, and goes on when there is nothing to complete."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", "complete"),
        Binding("down", "list", "to the list", show=False),
    ]

    def action_complete(self) -> None:
        """Complete, or go to the next field."""
        screen = self.screen
        assert isinstance(screen, UploadScreen)
        completion = screen.completion
        if completion and completion != self.value:
            self.value = completion
            self.cursor_position = len(completion)
        else:
            screen.focus_next()

    def action_list(self) -> None:
        """Go to the list."""
        self.screen.query_one(OptionList).focus()


class UploadScreen(ModalScreen[UploadRequest | None]):
    """Choose a file by typing or from the list, then edit what was guessed about it."""

    CSS_PATH: ClassVar[list[str]] = ["dialog.tcss", "upload.tcss"]  # type: ignore[assignment]  # wider there
    AUTO_FOCUS = "#path"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "leave"),
        Binding("ctrl+s", "send", "send", priority=True),
    ]

    def __init__(
        self,
        guess: Guess,
        *,
        title: str = "Upload a file",
        name: str = "",
        data_type_id: str = "",
        description: str = "",
    ) -> None:
        super().__init__()
        self._guess = guess
        self._title = title
        self._fixed_name = name
        self._data_type_id = data_type_id
        self._description = description
        self._look = Look("", "")
        self._path = ""
        """The file that name and type were last guessed for."""

    @property
    def completion(self) -> str:
        """How far the typed path can be completed; "" while the folder is being read."""
        typed = self.query_one("#path", Input).value
        return self._look.completion if self._look.typed == typed else ""

    def compose(self) -> ComposeResult:
        """Path, list of files, then the fields."""
        types = dict(TYPES)
        if self._data_type_id:
            types.setdefault(self._data_type_id, "")
        with Vertical(classes="dialog") as box:
            box.border_title = Content(self._title)
            box.border_subtitle = "^s send · tab next · esc leave"
            with Horizontal(classes="field"):
                yield Label("file")
                yield PathInput(id="path", placeholder="type a path, tab completes", compact=True)
            yield OptionList(compact=True, id="files")
            with Horizontal(classes="field"):
                yield Label("name")
                yield Input(
                    self._fixed_name, id="name", compact=True, placeholder="the file's name"
                )
            with Horizontal(classes="field"):
                yield Label("type")
                yield Select(
                    [(f"{key}  {words}", key) for key, words in types.items()],
                    value=self._data_type_id or DataTypeIds.GenericCSV,
                    allow_blank=False,
                    compact=True,
                    id="type",
                )
            with Horizontal(classes="field"):
                yield Label("description")
                yield Input(
                    self._description, id="description", compact=True, placeholder="optional"
                )
            yield Static("", classes="problem", markup=False)

    def on_mount(self) -> None:
        """Show where the program was started."""
        self._read_folder("")

    @on(Input.Changed, "#path")
    def _typed(self, event: Input.Changed) -> None:
        self._say("")
        self._read_folder(event.value)

    @on(Input.Submitted, "#path")
    def _path_submitted(self, event: Input.Submitted) -> None:
        self._choose(event.value)

    @on(Input.Submitted, "#name")
    @on(Input.Submitted, "#description")
    def _field_submitted(self) -> None:
        self.action_send()

    @on(OptionList.OptionSelected, "#files")
    def _file_selected(self, event: OptionList.OptionSelected) -> None:
        name = event.option.id or ""
        path = self.query_one("#path", Input)
        path.value = f"{self._look.base}{name}"
        path.cursor_position = len(path.value)
        if name.endswith("/"):
            self.query_one("#files").focus()
        else:
            self._choose(path.value)

    @work(exclusive=True, group="look")
    async def _read_folder(self, typed: str) -> None:
        found = await asyncio.to_thread(look, typed)
        self._look = found
        files = self.query_one("#files", OptionList)
        files.clear_options()
        up = [Option(Content.styled("../", "$foreground-muted"), id="../")]
        files.add_options(
            [
                *(up if typed == found.base else []),
                *(
                    Option(
                        Content.assemble(
                            (visible(entry.name) + "/", "$text-primary")
                            if entry.folder
                            else visible(entry.name),
                            ("" if entry.folder else f"  {human_size(entry.size)}")
                            and (f"  {human_size(entry.size)}", "$foreground-muted"),
                        ),
                        id=f"{entry.name}/" if entry.folder else entry.name,
                    )
                    for entry in found.entries
                ),
            ]
        )
        if found.problem:
            self._say(found.problem)
        elif found.more:
            self._say("Not all entries are listed; type the beginning of the name.")

    @work(exclusive=True, group="choose")
    async def _choose(self, typed: str) -> None:
        problem = await asyncio.to_thread(file_problem, typed)
        path = full_path(typed)
        folder = await asyncio.to_thread(is_folder, path)
        if folder:
            field = self.query_one("#path", Input)
            field.value = typed.rstrip("/") + "/"
            field.cursor_position = len(field.value)
            return
        if problem:
            self._say(problem)
            return
        await self._fill(path)
        self.query_one("#name").focus()

    async def _fill(self, path: Path) -> None:
        """Fill in what a chosen file tells, unless the person already said otherwise."""
        name = self.query_one("#name", Input)
        previous = Path(self._path).name if self._path else self._fixed_name
        if name.value in {"", previous} and not self._fixed_name:
            name.value = path.name
        self._path = str(path)
        guessed = await self._guess(path)
        types = self.query_one("#type", Select)
        if not self._data_type_id and guessed in TYPES:
            types.value = guessed

    @work(exclusive=True, group="choose")
    async def action_send(self) -> None:
        """Check the fields and dismiss with them."""
        typed = self.query_one("#path", Input).value
        problem = await asyncio.to_thread(file_problem, typed)
        if problem:
            self._say(problem)
            self.query_one("#path").focus()
            return
        path = full_path(typed)
        if str(path) != self._path:
            await self._fill(path)
        self.dismiss(
            UploadRequest(
                path,
                self.query_one("#name", Input).value.strip() or path.name,
                str(self.query_one("#type", Select).value),
                self.query_one("#description", Input).value,
            )
        )

    def _say(self, problem: str) -> None:
        self.query_one(".problem", Static).update(visible(problem))
