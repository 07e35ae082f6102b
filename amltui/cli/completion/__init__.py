"""Completion scripts for shells, made from the reference of all commands.

For names they run `amltui __complete`: see `cli.candidates`. Whatever a script offers stands in
lines of a word, a tab, and a few words about it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from amltui.cli.reference import CommandEntry, entries

if TYPE_CHECKING:
    from collections.abc import Callable

    from cyclopts import App

Shell = Literal["bash", "zsh", "fish", "powershell"]


def script(shell: Shell, app: App) -> str:
    """The completion script for a shell."""
    from amltui.cli.completion import bash, fish, powershell, zsh

    makers: dict[Shell, Callable[[list[CommandEntry]], str]] = {
        "bash": bash.script,
        "zsh": zsh.script,
        "fish": fish.script,
        "powershell": powershell.script,
    }
    return makers[shell](entries(app))
