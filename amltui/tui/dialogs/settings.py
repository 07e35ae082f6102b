"""The settings of `config.toml`: what each is, and another value for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from amltui.config.settings import Written
from amltui.errors import ConfigError
from amltui.text import visible
from amltui.tui.widgets.choices import Choice, Choices
from amltui.tui.widgets.dialog import Dialog, beside
from amltui.tui.widgets.fields import Field

Settings = tuple[Sequence[Written], Sequence[str]]
"""As `config.settings.read_settings` gives them."""
Change = Callable[[str, str | None], Awaitable[Settings]]
"""Writes a setting, by its key, or takes it out; what the file says then."""

_UNSET: Final = "not set"
_VALUE: Final = "="
"""What stands before the ids of values, which are no settings."""
_ROOM: Final = 26
"""Characters of a value that are shown in the list."""


class SettingsScreen(Dialog[None]):
    """Look at the settings and change them, one after the other."""

    WIDTH = 78
    DEFAULT_CSS = """
    SettingsScreen Choices { max-height: 40vh; }
    SettingsScreen .about { height: 4; }
    SettingsScreen .hint { margin-top: 0; }
    SettingsScreen .values { max-height: 8; }
    SettingsScreen .values, SettingsScreen Field { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "step_back", "leave"),
        Binding("q", "step_back", "leave", show=False),
    ]

    def __init__(self, place: str, settings: Settings, change: Change) -> None:
        """Show them.

        Args:
            place: the file.
            settings: what it says.
            change: writes one.
        """
        super().__init__()
        self._place = place
        self._settings, self._others = settings
        self._change = change
        self._saving = False
        self._done = ("", "")
        """The setting that was written last, and what to say of it while the cursor is there."""

    def compose(self) -> ComposeResult:
        """The settings, what the one under the cursor is, and where another value is given."""
        with Vertical(classes="dialog") as box:
            box.border_title = Content(f"Settings: {visible(self._place)}")
            yield Choices(self._lines())
            if self._others:
                names = ", ".join(visible(name) for name in self._others)
                yield Static(f"Not known here, and kept: {names}", classes="hint", markup=False)
            yield Static("", classes="about", markup=False)
            values = Choices()
            values.add_class("values")
            yield values
            yield Field(compact=True)
            yield Static("", classes="problem", markup=False)

    def on_mount(self) -> None:
        """Say what the first one is."""
        self._tell()

    @property
    def _list(self) -> Choices:
        return self.query(Choices).first()

    @property
    def _values(self) -> Choices:
        return self.query_one(".values", Choices)

    @property
    def _field(self) -> Field:
        return self.query_one(Field)

    @property
    def _current(self) -> Written:
        current = self._list.current
        assert current is not None  # there is always one
        return next(one for one in self._settings if one.setting.key == current.id)

    @property
    def _editing(self) -> bool:
        return bool(self._values.display or self._field.display)

    def _lines(self) -> list[Choice]:
        lines = []
        for one in self._settings:
            value = _UNSET if one.value is None else visible(one.value) or "not shown"
            if len(value) > _ROOM:
                value = f"{value[: _ROOM - 1]}…"
            mark = "!" if one.problem is not None else " "
            lines.append(
                Choice(one.setting.key, f"{mark} {one.setting.key}", value, one.setting.about)
            )
        return lines

    def _tell(self) -> None:
        """Say what the setting under the cursor is."""
        one = self._current
        setting = one.setting
        if self._done[0] != setting.key:
            self._done = ("", "")
        done = self._done[1]
        lines = [f"Not set, it is: {setting.unset}.", done or f"A change counts {setting.since}."]
        if one.overruled:
            lines.append(f"{setting.variable} in the environment is set and goes before it.")
        if setting.more:
            lines.append(setting.more)
        self.query_one(".about", Static).update("\n".join(lines))
        self._say(one.problem)
        if self._editing:
            leave = "enter save · esc leave it as it is"
        else:
            leave = "esc leave" if setting.section else "enter change · esc leave"
        self.query_one(Vertical).border_subtitle = leave

    def _say(self, problem: ConfigError | None) -> None:
        words = ""
        if problem is not None:
            words = visible(f"{problem}. {problem.hint or ''}".strip())
        self.query_one(".problem", Static).update(words)

    @on(Choices.Moved)
    def _moved(self) -> None:
        if not self._editing:
            self._tell()

    @on(Choices.Chosen)
    def _chosen(self, event: Choices.Chosen) -> None:
        event.stop()
        if not self._editing:
            if not self._current.setting.section:
                self._edit(self._current)
        elif event.choice.id.startswith(_VALUE):
            self._save(self._current.setting.key, event.choice.id.removeprefix(_VALUE) or None)
        else:
            self._stop_editing()  # a click on another setting

    def _edit(self, one: Written) -> None:
        if one.choices:
            lines = [Choice(_VALUE, "", _UNSET, one.setting.unset)]
            lines += [Choice(_VALUE + v, "", visible(v), about) for v, about in one.choices.items()]
            self._values.show(lines)
            at = next((i for i, each in enumerate(lines) if each.id == f"{_VALUE}{one.value}"), 0)
            self._values.action_move(at)
            self._values.display = True
            self.query_one(".about").display = False  # there is no room for both
            self.screen.set_focus(self._values)
        else:
            with self._field.prevent(Input.Changed):
                self._field.value = one.value or ""
            self._field.placeholder = f"empty: {one.setting.unset}"
            self._field.display = True
            self.screen.set_focus(self._field)
        self._list.can_focus = False
        self._tell()

    def _stop_editing(self) -> None:
        self._list.can_focus = True
        self.screen.set_focus(self._list)
        self._values.display = self._field.display = False
        self.query_one(".about").display = True
        self._tell()

    @on(Input.Changed)
    def _typed(self) -> None:
        self._say(None)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        self._save(self._current.setting.key, event.value.strip() or None)

    @beside("save")
    async def _save(self, key: str, value: str | None) -> None:
        if self._saving:
            return
        self._saving = True
        try:
            # What was written counts at once, also when this dialog is left meanwhile.
            self._settings, self._others = await asyncio.shield(self._change(key, value))
        except ConfigError as error:
            self._say(error)
            return
        finally:
            self._saving = False
        at = next(i for i, one in enumerate(self._settings) if one.setting.key == key)
        self._list.show(self._lines())
        self._list.action_move(at)
        what = "Taken out" if value is None else "Saved"
        self._done = (key, f"{what}; it counts {self._settings[at].setting.since}.")
        self._stop_editing()

    def action_step_back(self) -> None:
        """Leave the value as it is, or all of them."""
        if self._editing:
            self._stop_editing()
        else:
            self.dismiss()
