"""The editor of an SQL statement: several lines, what was asked before, names that complete."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, Protocol

from textual.binding import Binding, BindingType
from textual.widgets.text_area import Selection

from amltui.tui.sql_completion import Completions
from amltui.tui.widgets.text_field import TextField

if TYPE_CHECKING:
    from textual.document._document import Location

Complete = Callable[[str], Completions]
"""Says what the end of a text can become."""


class SqlHost(Protocol):
    """What the editor is in."""

    def ask(self) -> None:
        """Ask what is written."""

    def leave(self) -> None:
        """Close without an answer."""

    def recall(self, step: int) -> None:
        """Write what was asked before (-1) or after (1)."""

    def search(self) -> None:
        """Let a person choose from what was asked before."""

    def save(self) -> None:
        """Give what is written a name."""

    def open_named(self) -> None:
        """Let a person choose from the statements that have a name."""

    def offer(self, names: Sequence[str], at: int) -> None:
        """Show names that fit, of which the one at `at` stands in the text; none: no longer."""


class SqlEditor(TextField):
    """Enter asks; a new line comes by ^j, or by alt or shift with enter where a terminal has it."""

    DEFAULT_CSS = """
    SqlEditor { height: auto; max-height: 8; background: $panel; padding: 0; border: none; }
    SqlEditor:focus { border: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "ask", "ask", priority=True),
        Binding("ctrl+j,alt+enter,shift+enter", "new_line", "new line", priority=True),
        Binding("tab", "complete(1)", "complete", priority=True),
        Binding("shift+tab", "complete(-1)", "the name before", show=False, priority=True),
        Binding("ctrl+r", "history", "what was asked before", priority=True),
        Binding("ctrl+s", "save", "save under a name", show=False, priority=True),
        Binding("ctrl+o", "open_named", "named statements", priority=True),
        Binding("up", "up", "the line before, or what was asked before", show=False, priority=True),
        Binding(
            "down", "down", "the next line, or what was asked after", show=False, priority=True
        ),
        Binding("ctrl+u", "clear", "begin anew", show=False, priority=True),
        Binding("escape", "leave", "leave", priority=True),
    ]

    def __init__(self, host: SqlHost, *, id: str | None = None) -> None:  # noqa: A002  Textual's own name for it
        super().__init__(
            id=id, compact=True, soft_wrap=True, show_line_numbers=False, tab_behavior="focus"
        )
        self._host = host
        self.complete: Complete = lambda text: Completions(len(text), ())
        self._offer = Completions(0, ())
        self._at = 0
        self._completed = ""
        """The text up to the caret as the last completion left it."""

    def write(self, text: str) -> None:
        """Have another statement, with the caret at its end."""
        self.text = text
        self.selection = Selection.cursor(self.document.end)

    def point_at(self, position: int) -> None:
        """Put the caret on a character of the text."""
        self.move_cursor(_place(self.text, position))

    @property
    def _before(self) -> str:
        start: Location = (0, 0)
        return self.document.get_text_range(start, self.cursor_location)

    def action_ask(self) -> None:
        """Ask what stands here."""
        self._host.ask()

    def action_leave(self) -> None:
        """Go back to the grid."""
        self._host.leave()

    def action_clear(self) -> None:
        """Take away all that stands here."""
        self.write("")

    def action_history(self) -> None:
        """Search what was asked before."""
        self._host.search()

    def action_save(self) -> None:
        """Give what stands here a name."""
        self._host.save()

    def action_open_named(self) -> None:
        """Choose from the statements that have a name."""
        self._host.open_named()

    def action_new_line(self) -> None:
        """Begin another line."""
        self.insert("\n")

    def action_up(self) -> None:
        """Go up a line, and from the first to what was asked before."""
        if self.navigator.is_first_wrapped_line(self.cursor_location):
            self._host.recall(-1)
        else:
            self.action_cursor_up()

    def action_down(self) -> None:
        """Go down a line, and from the last to what was asked after."""
        if self.navigator.is_last_wrapped_line(self.cursor_location):
            self._host.recall(1)
        else:
            self.action_cursor_down()

    def action_complete(self, by: int) -> None:
        """Complete the word before the caret; again: by the next of the names that fit."""
        before = self._before
        if before == self._completed and self._offer.texts:
            self._at = (self._at + by) % len(self._offer.texts)
        else:
            self._offer, self._at = self.complete(before), 0
            if not self._offer.texts:
                self._host.offer((), 0)
                return
        chosen = self._offer.texts[self._at]
        begin = _place(before, self._offer.start)
        self.replace(chosen, begin, self.cursor_location)
        self._completed = self._before
        self._host.offer(self._offer.texts, self._at)


def _place(text: str, index: int) -> Location:
    """Line and column of a character, from 0."""
    return text.count("\n", 0, index), index - text.rfind("\n", 0, index) - 1
