"""The way to the terminal program, for a person at a terminal."""

from __future__ import annotations

import sys

from amltui.cli import exits
from amltui.cli.output import warn


def run_terminal_program(profile: str | None) -> int:
    """Run the terminal program until its user leaves it; returns the exit code."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        warn(
            "The terminal program needs a terminal.\nFor scripts there are commands: amltui --help"
        )
        return exits.USAGE
    from importlib import import_module

    code: int = import_module("amltui.tui.app").run(profile=profile)
    return code
