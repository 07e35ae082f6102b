"""Choosing a file by typing its path or from a list of what lies there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Label, OptionList, Static
from textual.widgets.option_list import Option

from amltui.text import human_size, visible
from amltui.tui.path_completion import (
    Candidate,
    Completion,
    complete,
    file_problem,
    full_path,
    is_folder,
)
from amltui.tui.widgets.dialog import Dialog, beside
from amltui.tui.widgets.fields import Field


class PathInput(Field):
    """A path; tab completes it as a shell does, and goes on when there is nothing to complete."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", "complete"),
        Binding("down", "list", "to the list", show=False),
    ]

    def __init__(self, completion: Callable[[], str], **options: Any) -> None:
        """A field.

        Args:
            completion: how far what stands in it can be completed; "" while nobody knows.
            options: see `Field`.
        """
        super().__init__(**options)
        self._completion = completion

    def action_complete(self) -> None:
        """Complete, or go to the next field."""
        completion = self._completion()
        if completion and completion != self.value:
            self.value = completion
            self.cursor_position = len(completion)
        else:
            next(a for a in self.ancestors if isinstance(a, Dialog)).action_step(1)

    def action_list(self) -> None:
        """Go to the list."""
        self.screen.set_focus(self.screen.query_one(OptionList))


class FileChooser(Vertical):
    """A path, what is wrong with it, and what lies in its folder; a part of a dialog."""

    class Chosen(Message):
        """A file was chosen, which is there and can be read."""

        def __init__(self, path: Path) -> None:
            super().__init__()
            self.path = path

    def __init__(self, path: str, *, of_folder: Callable[[], str]) -> None:
        """Begin with a path, or "" for where the program was started.

        Args:
            path: what stands in the field.
            of_folder: says what can be done with a folder that was entered.
        """
        super().__init__()
        self._of_folder = of_folder
        self._given = path
        self._completion = Completion("", "")

    @property
    def typed(self) -> str:
        """What stands in the field."""
        return self.query_one("#path", Input).value

    @property
    def completion(self) -> str:
        """How far the typed path can be completed; "" while the folder is being read."""
        return self._completion.completion if self._completion.typed == self.typed else ""

    def compose(self) -> ComposeResult:
        """The path, and the list below."""
        with Horizontal(classes="field"):
            yield Label("file")
            yield PathInput(
                lambda: self.completion,
                value=self._given,
                id="path",
                placeholder="type a path, tab completes",
                compact=True,
            )
        yield Static("", id="path-problem", classes="problem", markup=False)
        yield OptionList(compact=True, id="files")

    def on_mount(self) -> None:
        """Show what lies there."""
        self._read_folder(self._given)

    def say(self, problem: str) -> None:
        """Say what is wrong with the path; "": nothing is."""
        line = self.query_one("#path-problem", Static)
        line.display = bool(problem)
        line.update(visible(problem))

    def show_list(self, *, shown: bool) -> None:
        """Show the list, or leave its place to another."""
        self.query_one("#files").display = shown
        self.set_class(not shown, "-list-hidden")

    @on(Input.Changed, "#path")
    def _typed(self, event: Input.Changed) -> None:
        self.say("")
        self._read_folder(event.value)

    @on(Input.Submitted, "#path")
    def _submitted(self, event: Input.Submitted) -> None:
        self._choose(event.value)

    @on(OptionList.OptionSelected, "#files")
    def _selected(self, event: OptionList.OptionSelected) -> None:
        name = event.option.id or ""
        self._put(f"{self._completion.base}{name}")
        if name.endswith("/"):
            self.screen.set_focus(self.query_one("#files"))
        else:
            self._choose(self.typed)

    @beside("look")
    async def _read_folder(self, typed: str) -> None:
        found = await asyncio.to_thread(complete, typed)
        self._completion = found
        files = self.query_one("#files", OptionList)
        files.clear_options()
        up = [Option(Content.styled("../", "$foreground-muted"), id="../")]
        files.add_options(
            [*(up if typed == found.base else []), *(_option(entry) for entry in found.entries)]
        )
        if found.problem:
            self.say(found.problem)
        elif found.more:
            self.say("Not all entries are listed; type the beginning of the name.")
        elif typed != found.base and not found.entries:
            folder = await asyncio.to_thread(is_folder, full_path(typed))
            if not folder and not self.query_one("#path-problem").display:
                self.say("Nothing that is there begins so.")

    @beside("choose")
    async def _choose(self, typed: str) -> None:
        problem = await asyncio.to_thread(file_problem, typed)
        if problem:
            found = await asyncio.to_thread(complete, typed)
            if len(found.entries) == 1 and found.completion != typed:
                typed = found.completion  # the beginning of one name alone
                self._put(typed)
                problem = await asyncio.to_thread(file_problem, typed)
        path = full_path(typed)
        if await asyncio.to_thread(is_folder, path):
            self._put(typed.rstrip("/") + "/")
            if words := self._of_folder():
                self.say(words)
        elif problem:
            self.say(problem)
        else:
            self.post_message(self.Chosen(path))

    def _put(self, typed: str) -> None:
        field = self.query_one("#path", Input)
        field.value, field.cursor_position = typed, len(typed)


def _option(entry: Candidate) -> Option:
    name = visible(entry.name)
    if entry.folder:
        return Option(Content.styled(f"{name}/", "$text-primary"), id=f"{entry.name}/")
    size = f"  {human_size(entry.size)}"
    return Option(Content.assemble(name, (size, "$foreground-muted")), id=entry.name)
