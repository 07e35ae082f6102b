"""How `--help` looks: texts flow in their column, and lines that are broken are indented."""

from __future__ import annotations

import sys
import textwrap
from typing import TYPE_CHECKING, Any, Final

from cyclopts.help.formatters import DefaultFormatter, PlainFormatter
from cyclopts.help.inline_text import InlineText
from rich.text import Text

if TYPE_CHECKING:
    from cyclopts.help import HelpPanel
    from rich.console import Console, ConsoleOptions

_HANGING: Final = " " * 6


class _Panels(DefaultFormatter):
    """For a terminal."""

    def __call__(self, console: Console, options: ConsoleOptions, panel: HelpPanel) -> None:
        """Print a panel."""
        _flow(panel)
        super().__call__(console, options, panel)

    def render_description(
        self, console: Console, options: ConsoleOptions, description: Any
    ) -> None:
        """Print what a command does."""
        super().render_description(console, options, _flowing(description))


class _Lines(PlainFormatter):
    """For a pipe or a screen reader."""

    def __call__(self, console: Console, options: ConsoleOptions, panel: HelpPanel) -> None:
        """Print a panel."""
        _flow(panel)
        super().__call__(console, options, panel)

    def render_description(
        self, console: Console, options: ConsoleOptions, description: Any
    ) -> None:
        """Print what a command does."""
        super().render_description(console, options, _flowing(description))

    def _print_plain(self, console: Console, text: str) -> None:
        if text.startswith(self.indent):
            text = textwrap.fill(
                " ".join(text.split()),
                console.width,
                initial_indent=self.indent,
                subsequent_indent=_HANGING,
                break_long_words=False,
                break_on_hyphens=False,
            )
        super()._print_plain(console, text)


def formatter() -> DefaultFormatter | PlainFormatter:
    """What prints help to standard output as it is now."""
    return _Panels() if sys.stdout.isatty() else _Lines()


def _flow(panel: HelpPanel) -> None:
    """Take away the line breaks that a docstring has in its source."""
    for entry in panel.entries:
        _flowing(entry.description)


def _flowing(text: Any) -> Any:
    """`text` with line breaks between its paragraphs only."""
    if isinstance(text, InlineText) and isinstance(text.primary_renderable, Text):
        paragraphs = text.primary_renderable.plain.split("\n\n")
        flowing = "\n\n".join(" ".join(one.split()) for one in paragraphs)
        text.primary_renderable = Text(flowing)
    return text
