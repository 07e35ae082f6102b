"""The bottom line: the keys that matter for what is in focus."""

from __future__ import annotations

from typing import Final

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual.widget import Widget

from amltui.tui.theme import colour

FIRST: Final = "help"
LAST: Final = "quit"


class KeyBar(Widget):
    """As many `key description` pairs as fit; help comes first and quit is never cut."""

    def __init__(self) -> None:
        super().__init__()
        self.set_reactive(KeyBar.auto_links, False)

    def on_mount(self) -> None:
        """Follow the focus."""
        self.screen.bindings_updated_signal.subscribe(self, lambda _screen: self.refresh())

    def render(self) -> Text:
        """Pairs in the order in which the focus knows them; a click presses the key."""
        pairs: dict[str, tuple[str, str]] = {}
        for key, active in self.screen.active_bindings.items():
            binding = active.binding
            if binding.show and binding.description and active.enabled:
                shown = binding.key_display or self.app.get_key_display(binding)
                pairs.setdefault(binding.description, (key, shown.split()[0]))
        names = [name for name in pairs if name not in {FIRST, LAST}]
        order = [name for name in (FIRST, *names) if name in pairs]
        line = Text(no_wrap=True, end="")
        room = self.size.width
        if LAST in pairs:
            room -= self._width(LAST, pairs)
        for name in order:
            if cell_len(line.plain) + self._width(name, pairs) > room:
                break
            self._add(line, name, pairs)
        if LAST in pairs:
            self._add(line, LAST, pairs)
        return line

    @staticmethod
    def _width(name: str, pairs: dict[str, tuple[str, str]]) -> int:
        return cell_len(f" {pairs[name][1]} {name} ")

    def _add(self, line: Text, name: str, pairs: dict[str, tuple[str, str]]) -> None:
        key, shown = pairs[name]
        press = Style(meta={"@click": f"app.simulate_key({key!r})"})
        accent = Style.parse(f"bold {colour(self.app, 'footer-key-foreground')}")
        line.append(f" {shown}", accent + press)
        line.append(f" {name} ", Style.parse(colour(self.app, "foreground-muted")) + press)
