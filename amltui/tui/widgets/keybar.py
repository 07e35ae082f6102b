"""The bottom line: the keys that matter for what is in focus, or for a while what was told.

Notes take the place of the keys and not of anything else: a note that lies over the panes hides an
input, a progress bar or a count just when it is needed.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from time import monotonic
from typing import Final

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual.binding import ActiveBinding
from textual.events import Resize
from textual.timer import Timer
from textual.widget import Widget

from amltui.tui.notifications import Notification, Notifications, Severity
from amltui.tui.theme import colour
from amltui.tui.widgets.dialog import Modal

FIRST: Final = "help"
LAST: Final = "quit"
LINES: Final = 4
"""Lines that notes take at most."""
_REST: Final = " … (all of it: the command `messages`)"
_SHADES: Final[dict[Severity, str]] = {
    "information": "foreground",
    "warning": "text-warning",
    "error": "text-error",
}


class KeyBar(Widget):
    """As many `key description` pairs as fit; help comes first and quit is never cut."""

    def __init__(self, notes: Notifications) -> None:
        super().__init__()
        self.set_reactive(KeyBar.auto_links, False)
        self._notes = notes
        self._told: list[tuple[str, Severity]] = []
        """Lines of the notes on the screen."""
        self._expiry: Timer | None = None
        self._shown = Text()
        self._made_of: object = None
        """What `_shown` was made of."""

    def on_mount(self) -> None:
        """Follow the focus and the notes."""
        self.screen.bindings_updated_signal.subscribe(self, lambda _screen: self._keys_changed())
        self.attend()

    def attend(self) -> None:
        """Be the one that shows notes: the screen is seen now."""
        self._notes.changed = self._tell
        self._tell()

    def on_resize(self, _event: Resize) -> None:
        """Wrap for the new width."""
        self._tell()

    def _keys_changed(self) -> None:
        if not self._told:
            before = self._shown
            if self._keys() != before:
                self.refresh()

    def _tell(self) -> None:
        """Show the notes that are to be seen now, until the first of them has to go."""
        if self._expiry is not None:
            self._expiry.stop()
            self._expiry = None
        live = self._notes.live
        lines: list[tuple[str, Severity]] = []
        for note in reversed(live):  # the newest stay where not all fit
            told = [(line, note.severity) for line in self._wrapped(note)]
            if lines and len(told) + len(lines) > LINES:
                break
            lines = told + lines
        if lines != self._told:
            self._told = lines
            self.styles.height = max(len(lines), 1)
            self.refresh()
        if live:
            first = min(note.until for note in live)
            self._expiry = self.set_timer(max(first - monotonic(), 0.05), self._tell)

    def _wrapped(self, note: Notification) -> list[str]:
        text = "  ".join(line for line in note.text.split("\n") if line)
        width = max(self.size.width - 2, len(_REST) + 1)  # no size is known before the first layout
        return textwrap.wrap(text, width, max_lines=LINES, placeholder=_REST)

    def render(self) -> Text:
        """The notes, else the keys."""
        if self._told:
            return Text("\n").join(
                Text(f" {line}", style=colour(self.app, _SHADES[severity]), no_wrap=True)
                for line, severity in self._told
            )
        return self._keys()

    def _keys(self) -> Text:
        """The keys as they are now; several are told of a move of the focus, and it is drawn."""
        active, focused = self.screen.active_bindings, self.screen.focused
        made_of = (active, focused, self.size, self.app.theme_variables)
        if made_of != self._made_of:
            self._made_of = made_of
            self._shown = self._line(active, focused)
        return self._shown

    def _line(self, bindings: Mapping[str, ActiveBinding], focused: Widget | None) -> Text:
        """Pairs in the order in which the focus knows them; a click presses the key."""
        pairs: dict[str, tuple[str, str]] = {}
        above = [] if focused is None else focused.ancestors_with_self
        modal = next((node for node in above if isinstance(node, Modal)), None)
        typing = focused is not None and focused.check_consume_key("a", "a")
        for key, active in bindings.items():
            binding = active.binding
            if modal is not None and modal not in active.node.ancestors_with_self:
                continue  # it does nothing as long as the dialog is there
            if typing and modal is None and active.node is not focused:
                continue  # it is of a pane behind, where the person is not now
            if binding.show and binding.description and active.enabled:
                shown = binding.key_display or self.app.get_key_display(binding)
                pairs.setdefault(binding.description, (key, shown.split()[0]))
        names = [name for name in pairs if name not in {FIRST, LAST}]
        order = [name for name in (FIRST, *names) if name in pairs]
        line = Text(no_wrap=True, end="")
        styles = (
            Style.parse(f"bold {colour(self.app, 'footer-key-foreground')}"),
            Style.parse(colour(self.app, "foreground-muted")),
        )
        room = self.size.width
        if LAST in pairs:
            room -= self._width(LAST, pairs)
        for name in order:
            if cell_len(line.plain) + self._width(name, pairs) > room:
                break
            self._add(line, name, pairs, styles)
        if LAST in pairs:
            self._add(line, LAST, pairs, styles)
        return line

    @staticmethod
    def _width(name: str, pairs: dict[str, tuple[str, str]]) -> int:
        return cell_len(f" {pairs[name][1]} {name} ")

    @staticmethod
    def _add(
        line: Text, name: str, pairs: dict[str, tuple[str, str]], styles: tuple[Style, Style]
    ) -> None:
        key, shown = pairs[name]
        press = Style(meta={"@click": f"app.simulate_key({key!r})"})
        accent, faint = styles
        line.append(f" {shown}", accent + press)
        line.append(f" {name} ", faint + press)
