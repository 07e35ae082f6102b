"""The versions of a dataset, and what is to be done with one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from amltui.services.versions import LATEST, Version, VersionList
from amltui.text import human_size, visible
from amltui.tui.keymap import bound
from amltui.tui.widgets.choices import Choice, Choices
from amltui.tui.widgets.dialog import Dialog, beside

What = Literal["show", "restore", "compare"]

_NEAR: Final = 20
"""Versions below the cursor at least, while there are older ones to be read."""


@dataclass(frozen=True, slots=True)
class VersionChoice:
    """A version, and what is wanted of it."""

    what: What
    version: Version
    other: Version | None = None
    """The one to compare it with."""


class VersionsScreen(Dialog[VersionChoice]):
    """Choose one of them; the newest stands first."""

    WIDTH = 72
    DEFAULT_CSS = "VersionsScreen Choices { max-height: 16; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "leave"),
        bound("versions", "dismiss", "leave"),
        Binding("r", "restore", "restore"),
        Binding("c", "compare", "compare"),
        Binding("space", "mark", "mark"),
    ]

    def __init__(self, name: str, found: VersionList, *, shown: str = "") -> None:
        """Let a version be chosen.

        Args:
            name: the dataset's name.
            found: of which the first page was read; older ones are read as the cursor nears them.
            shown: id of the version whose rows are shown.
        """
        super().__init__()
        self._title = name
        self._found = found
        self._versions = found.versions
        self._shown = shown
        self._marked: Version | None = None
        self._reading = False

    def compose(self) -> ComposeResult:
        """The versions and the keys."""
        with Vertical(classes="dialog") as box:
            box.border_title = self._heading()
            box.border_subtitle = "enter show · r restore · c compare · space mark · esc leave"
            yield Choices(self._lines())
            yield Static(self._against(), classes="hint", markup=False)

    def _heading(self) -> Content:
        known = f": the newest {len(self._versions):,}" if self._found.more else ""
        return Content(f"Versions of {visible(self._title)}{known}")

    @on(Choices.Moved)
    def _moved(self, event: Choices.Moved) -> None:
        if self._found.more and event.left < _NEAR and not self._reading:
            self._read_older()

    @beside("older")
    async def _read_older(self) -> None:
        self._reading = True
        try:
            await self._found.read()
        finally:
            self._reading = False
        self._versions = self._found.versions
        self.query_one(Vertical).border_title = self._heading()
        self._show_lines()

    def _show_lines(self) -> None:
        choices = self.query_one(Choices)
        at = self._versions.index(self._current)
        choices.show(self._lines())
        choices.action_move(at)

    def _lines(self) -> list[Choice]:
        return [self._line(version) for version in self._versions]

    def _line(self, version: Version) -> Choice:
        made, dataset = version.dataset.created_date, version.dataset
        facts = [human_size(dataset.size)] if dataset.size is not None else []
        if maker := dataset.created_by or dataset.owner:
            facts.append(visible(maker))
        if version is self._versions[0] and version.label != LATEST:
            facts.append("latest")
        if dataset.id == self._shown:
            facts.append("shown")
        mark = "*" if self._is_marked(version) else " "
        when = f"{made:%Y-%m-%d %H:%M}" if made is not None else "no date"
        return Choice(dataset.id, f"{mark}{version.label}", when, " · ".join(facts))

    @property
    def _current(self) -> Version:
        current = self.query_one(Choices).current
        assert current is not None  # there is at least one
        return next(one for one in self._versions if one.dataset.id == current.id)

    def _other(self, version: Version) -> Version | None:
        """The marked version, else the latest; for the latest the one before it."""
        if self._marked is not None and not self._is_marked(version):
            return self._marked
        if version is not self._versions[0]:
            return self._versions[0]
        return self._versions[1] if len(self._versions) > 1 else None

    def _is_marked(self, version: Version) -> bool:
        return self._marked is not None and self._marked.dataset.id == version.dataset.id

    def _against(self) -> str:
        if len(self._versions) == 1:
            return "There is one version only."
        if self._marked is not None:
            return f"c compares with version {self._marked.label}, which is marked."
        return "c compares with the latest, and the latest with the one before it."

    @on(Choices.Chosen)
    def _chosen(self) -> None:
        self.dismiss(VersionChoice("show", self._current))

    def action_restore(self) -> None:
        """Make it the latest again."""
        self.dismiss(VersionChoice("restore", self._current))

    def action_compare(self) -> None:
        """Compare it with another one."""
        version = self._current
        other = self._other(version)
        if other is not None:
            self.dismiss(VersionChoice("compare", version, other))

    def action_mark(self) -> None:
        """Mark it, to be compared with, or no longer."""
        version = self._current
        self._marked = None if self._is_marked(version) else version
        self._show_lines()
        self.query_one(".hint", Static).update(self._against())
