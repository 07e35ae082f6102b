"""Dialogs that ask one thing: a line of text, a longer text, yes or no."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static, TextArea

from amltui.tui.widgets.dialog import Dialog
from amltui.tui.widgets.fields import Field
from amltui.tui.widgets.text_field import TextField

Check = Callable[[str], str]
"""Says what is wrong with a text, or "" when it can be taken."""


def anything(_text: str) -> str:
    """Take every text."""
    return ""


class AskLine(Dialog[str]):
    """Ask for one line of text. Enter takes it once `check` has nothing against it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "leave")]

    def __init__(
        self,
        title: str,
        question: str = "",
        *,
        text: str = "",
        accept: str = "save",
        check: Check = anything,
        placeholder: str = "",
        secret: bool = False,
    ) -> None:
        super().__init__()
        self._title = title
        self._question = question
        self._text = text
        self._accept = accept
        self._check = check
        self._placeholder = placeholder
        self._secret = secret

    def compose(self) -> ComposeResult:
        """The question, the line, what is wrong with it, the keys."""
        with Vertical(classes="dialog") as box:
            box.border_title = self._title
            if self._question:
                yield Static(self._question, markup=False)
            yield Field(
                self._text, compact=True, placeholder=self._placeholder, password=self._secret
            )
            yield Static("", classes="problem", markup=False)
            yield Static(f"enter {self._accept}   esc leave", classes="hint", markup=False)

    @on(Input.Changed)
    def _changed(self) -> None:
        self.query_one(".problem", Static).update("")

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        problem = self._check(event.value)
        if problem:
            self.query_one(".problem", Static).update(problem)
        else:
            self.dismiss(event.value)


class AskText(Dialog[str]):
    """Ask for a text of several lines."""

    DEFAULT_CSS = "AskText TextArea { height: 12; max-height: 60vh; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "leave"),
        Binding("ctrl+s", "save", "save", priority=True),
    ]

    def __init__(self, title: str, *, text: str = "") -> None:
        super().__init__()
        self._title = title
        self._text = text

    def compose(self) -> ComposeResult:
        """The text and the keys."""
        with Vertical(classes="dialog") as box:
            box.border_title = self._title
            yield TextField(self._text, compact=True, soft_wrap=True)
            yield Static("^s save   esc leave", classes="hint", markup=False)

    def action_save(self) -> None:
        """Take the text."""
        self.dismiss(self.query_one(TextArea).text)


class Confirm(Dialog[bool]):
    """Ask a question whose answer is yes or no; no is what enter alone does not say."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "dismiss(True)", "yes"),
        Binding("n,escape", "dismiss(False)", "no"),
    ]

    def __init__(self, title: str, question: str, *, yes: str = "yes", no: str = "no") -> None:
        super().__init__()
        self._title = title
        self._question = question
        self._keys = f"y {yes}   n {no}"

    def compose(self) -> ComposeResult:
        """The question and the keys."""
        with Vertical(classes="dialog") as box:
            box.border_title = self._title
            yield Static(self._question, markup=False)
            yield Static(self._keys, classes="hint", markup=False)
