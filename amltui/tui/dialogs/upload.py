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
from textual.message import Message
from textual.widgets import Input, Label, OptionList, Static
from textual.widgets.option_list import Option

from amltui.formats.guess import UNKNOWN_BINARY
from amltui.models import DataTypeIds
from amltui.text import human_size, visible
from amltui.tui.path_completion import Completion, complete, file_problem, full_path, is_folder
from amltui.tui.widgets.choices import Choice, Choices
from amltui.tui.widgets.dialog import Dialog
from amltui.tui.widgets.fields import Field

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
    UNKNOWN_BINARY: "bytes of any other kind",
}


@dataclass(frozen=True, slots=True)
class UploadChoice:
    """What to send."""

    path: Path
    name: str
    data_type_id: str
    description: str


class TypeField(Static, can_focus=True):
    """The data type; all types stand below while it is in focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,left", "step(-1)", "previous type"),
        Binding("down,right", "step(1)", "next type"),
    ]

    class Left(Message):
        """The focus went elsewhere, or came (`here`)."""

        def __init__(self, *, here: bool) -> None:
            super().__init__()
            self.here = here

    class Stepped(Message):
        """Another type is wanted."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    def action_step(self, by: int) -> None:
        """Take the next type."""
        self.post_message(self.Stepped(by))

    def on_focus(self) -> None:
        """Show all types."""
        self.post_message(self.Left(here=True))

    def on_blur(self) -> None:
        """Show the files again."""
        self.post_message(self.Left(here=False))


class PathInput(Field):
    """A path; tab completes it as a shell does, and goes on when there is nothing to complete."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", "complete"),
        Binding("down", "list", "to the list", show=False),
    ]

    def action_complete(self) -> None:
        """Complete, or go to the next field."""
        dialog = next(a for a in self.ancestors if isinstance(a, UploadScreen))
        completion = dialog.completion
        if completion and completion != self.value:
            self.value = completion
            self.cursor_position = len(completion)
        else:
            dialog.action_step(1)

    def action_list(self) -> None:
        """Go to the list."""
        self.screen.query_one(OptionList).focus()


class UploadScreen(Dialog[UploadChoice]):
    """Choose a file by typing or from the list, then edit what was guessed about it."""

    FIRST = "#path"
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
        self._type = data_type_id or DataTypeIds.GenericCSV
        self._types = dict(TYPES)
        self._types.setdefault(self._type, "")
        self._warned = ""
        """The file and type that did not seem to fit, and were sent for the second time."""
        self._completion = Completion("", "")
        self._guessed = ""
        self._path = ""
        """The file that name and type were last guessed for."""

    @property
    def completion(self) -> str:
        """How far the typed path can be completed; "" while the folder is being read."""
        typed = self.query_one("#path", Input).value
        return self._completion.completion if self._completion.typed == typed else ""

    def compose(self) -> ComposeResult:
        """Path, list of files, then the fields."""
        with Vertical(classes="dialog") as box:
            box.border_title = Content(self._title)
            box.border_subtitle = "^s send · tab next · esc leave"
            with Horizontal(classes="field"):
                yield Label("file")
                yield PathInput(id="path", placeholder="type a path, tab completes", compact=True)
            yield Static("", classes="problem", markup=False)
            yield OptionList(compact=True, id="files")
            yield Choices([Choice(key, "", key, about) for key, about in self._types.items()])
            with Horizontal(classes="field"):
                yield Label("name")
                yield Field(
                    self._fixed_name, id="name", compact=True, placeholder="the file's name"
                )
            with Horizontal(classes="field"):
                yield Label("type")
                yield TypeField("", id="type", markup=False)
            with Horizontal(classes="field"):
                yield Label("description")
                yield Field(
                    self._description, id="description", compact=True, placeholder="optional"
                )

    def on_mount(self) -> None:
        """Show where the program was started."""
        self._set_type(self._type)
        self.query_one(Choices).display = False
        self.query_one(Choices).can_focus = False
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
        path.value = f"{self._completion.base}{name}"
        path.cursor_position = len(path.value)
        if name.endswith("/"):
            self.query_one("#files").focus()
        else:
            self._choose(path.value)

    @work(exclusive=True, group="look")
    async def _read_folder(self, typed: str) -> None:
        found = await asyncio.to_thread(complete, typed)
        self._completion = found
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
        if problem:
            found = await asyncio.to_thread(complete, typed)
            if len(found.entries) == 1 and found.completion != typed:
                typed = found.completion  # the beginning of one name alone
                field = self.query_one("#path", Input)
                field.value, field.cursor_position = typed, len(typed)
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
        self._guessed = await self._guess(path)
        if not self._data_type_id:
            self._set_type(self._guessed, guessed=True)

    def _set_type(self, data_type_id: str, *, guessed: bool = False) -> None:
        if data_type_id not in self._types:
            self._types[data_type_id] = ""
        self._type = data_type_id
        words = ", guessed" if guessed else ""
        self.query_one("#type", Static).update(
            f"{data_type_id}{words}: {self._types[data_type_id]}".removesuffix(": ")
        )
        types = self.query_one(Choices)
        types.show([Choice(key, "", key, about) for key, about in self._types.items()])
        types.action_move(list(self._types).index(data_type_id))

    @on(TypeField.Left)
    def _type_in_focus(self, event: TypeField.Left) -> None:
        self.query_one(Choices).display = event.here
        self.query_one("#files").display = not event.here

    @on(TypeField.Stepped)
    def _type_stepped(self, event: TypeField.Stepped) -> None:
        names = list(self._types)
        at = (names.index(self._type) + event.by) % len(names)
        self._set_type(names[at])

    @on(Choices.Chosen)
    def _type_chosen(self, event: Choices.Chosen) -> None:
        event.stop()
        self._set_type(event.choice.id)

    def _doubt(self) -> str:
        """What speaks against the type that the dataset has, said once for each file and type."""
        doubt = f"{self._path}\n{self._type}"
        if not self._data_type_id or self._guessed == self._type or self._warned == doubt:
            return ""
        self._warned = doubt
        return (
            f"This looks like {self._guessed}, and would be read as {self._type}. "
            "Choose another type, or send it all the same with ^s."
        )

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
        doubt = self._doubt()
        if doubt:
            self._say(doubt)
            self.query_one("#type").focus()
            return
        self.dismiss(
            UploadChoice(
                path,
                self.query_one("#name", Input).value.strip() or path.name,
                self._type,
                self.query_one("#description", Input).value,
            )
        )

    def _say(self, problem: str) -> None:
        self.query_one(".problem", Static).update(visible(problem))
