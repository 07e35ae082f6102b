"""What copying datasets to another workspace will do, before it is done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, Final, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from amltui.errors import AmltuiError
from amltui.redact import redacted
from amltui.text import human_size, visible, visible_lines
from amltui.tui.widgets.choices import Choice, Choices
from amltui.tui.widgets.dataset_list import fit
from amltui.tui.widgets.dialog import Dialog, beside

if TYPE_CHECKING:
    from amltui.services.copying import CopyStep

_NAME: Final = 30
"""Cells of a name that are shown."""
Answer = Literal["new", "all"]
"""Copy what is not there, or replace what is as well."""
Plan = Callable[[], Awaitable[Sequence["CopyStep"]]]
"""Asks the other workspace what is there."""


class CopiesScreen(Dialog[Answer]):
    """One line for each: what it will be called, and whether that name is taken."""

    WIDTH = 78
    DEFAULT_CSS = "CopiesScreen Choices { max-height: 12; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "leave"),
        Binding("enter", "copy", "copy", show=False, priority=True),
        Binding("o", "replace", "replace", show=False),
    ]

    def __init__(self, count: int, workspace: str, plan: Plan) -> None:
        """Ask for a plan, and show it once it is there.

        Args:
            count: how many datasets.
            workspace: where to, safe to show.
            plan: says what would be done.
        """
        super().__init__()
        self._title = f"Copy {count:,} dataset{'s' * (count != 1)} to {workspace}"
        self._plan = plan
        self._steps: Sequence[CopyStep] | None = None

    def compose(self) -> ComposeResult:
        """The datasets and the keys."""
        with Vertical(classes="dialog") as box:
            box.border_title = Content(self._title)
            box.border_subtitle = "esc leave"
            yield Choices(nothing="Asking what is there.")
            yield Static("", classes="problem", markup=False)
            yield Static("", classes="hint", markup=False)

    def on_mount(self) -> None:
        """Ask the other workspace."""
        self._ask()

    @beside("plan")
    async def _ask(self) -> None:
        try:
            steps = await self._plan()
        except AmltuiError as error:
            hint = f"\n{error.hint}" if error.hint else ""
            self.query_one(Choices).display = False  # nothing is asked any more
            self.query_one(".problem", Static).update(visible_lines(redacted(f"{error}{hint}")))
            return
        self._steps = steps
        choices = self.query_one(Choices)
        choices.show([_line(step) for step in steps])
        choices.refresh(layout=True)
        taken = sum(step.there is not None for step in steps)
        self.query_one(".hint", Static).update(self._hint(taken))
        box = self.query_one(Vertical)
        box.border_subtitle = "o replace them too · esc leave" if taken else "esc leave"
        if taken < len(steps):
            box.border_subtitle = f"enter copy · {box.border_subtitle}"

    def _hint(self, taken: int) -> str:
        assert self._steps is not None
        if not taken:
            return "Description, type and tags go along."
        left = len(self._steps) - taken
        copies = f"enter copies the other {left:,} only; " if left else ""
        return (
            f"{taken:,} of these names {'is' if taken == 1 else 'are'} taken there: {copies}"
            "o replaces, as a new version where versions are kept."
        )

    def action_copy(self) -> None:
        """Copy what is not there."""
        if self._steps and any(step.there is None for step in self._steps):
            self.dismiss("new")

    def action_replace(self) -> None:
        """Copy all, and replace what is there."""
        if self._steps and any(step.there is not None for step in self._steps):
            self.dismiss("all")


def _line(step: CopyStep) -> Choice:
    """What becomes of one dataset."""
    facts = [human_size(step.source.size)] if step.source.size is not None else []
    if step.there is not None:
        facts.append("is there already")
    if step.name != step.source.name:
        facts.append(f"as {visible(step.name)}")
    mark = "!" if step.there is not None else "+"
    return Choice(step.source.id, mark, fit(visible(step.source.name), _NAME), " · ".join(facts))
