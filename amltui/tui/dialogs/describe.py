"""A dataset's description and its tags, edited together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static, TextArea

from amltui.errors import UsageError
from amltui.models import Dataset
from amltui.services.tags import changed_tags, lines_of
from amltui.text import visible
from amltui.tui.widgets.dialog import Dialog
from amltui.tui.widgets.text_field import TextField


@dataclass(frozen=True, slots=True)
class Described:
    """What somebody wrote."""

    description: str
    tags: str
    """A line `KEY=VALUE` each."""


class DescribeScreen(Dialog[Described]):
    """Edit both; a line that is no tag is said beside them."""

    DEFAULT_CSS = """
    DescribeScreen TextArea { height: 5; }
    DescribeScreen Static { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "leave"),
        Binding("ctrl+s", "save", "save", priority=True),
    ]

    def __init__(self, dataset: Dataset, tags: Mapping[str, str]) -> None:
        """Show what is there; `tags` are those of the dataset that are lines."""
        super().__init__()
        self._dataset = dataset
        self._tags = dict(tags)

    def compose(self) -> ComposeResult:
        """The description, the tags, what is wrong with them, the keys."""
        with Vertical(classes="dialog") as box:
            box.border_title = Content(f"Description of {visible(self._dataset.name)}")
            yield TextField(self._dataset.description, compact=True, soft_wrap=True)
            yield Static("\nTags, a line KEY=VALUE each:", markup=False)
            yield TextField(lines_of(self._tags), compact=True, soft_wrap=True)
            left = len(self._dataset.tags) - len(self._tags)
            if left:
                yield Static(f"Not shown and kept: {left:,} more.", markup=False)
            yield Static("", classes="problem", markup=False)
            yield Static("^s save   tab the other field   esc leave", classes="hint", markup=False)

    @on(TextArea.Changed)
    def _changed(self) -> None:
        self.query_one(".problem", Static).update("")

    def action_save(self) -> None:
        """Take both, unless a line is no tag."""
        description, tags = (field.text for field in self.query(TextField))
        try:
            changed_tags(self._tags, tags)
        except UsageError as error:
            words = f"{error}. {error.hint or ''}".strip()
            self.query_one(".problem", Static).update(words)
        else:
            self.dismiss(Described(description, tags))
