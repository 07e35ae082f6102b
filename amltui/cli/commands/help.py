"""`amltui help`: texts about exit codes, environment, files and output, and on each command."""

from __future__ import annotations

import difflib

from amltui.cli.common import PLAIN, Plain
from amltui.cli.registry import COMMANDS
from amltui.cli.topics import TOPICS
from amltui.errors import NotFound


def help_(topic: str | None = None, /, *, common: Plain = PLAIN) -> None:
    """Explain a topic or a command.

    Args:
        topic: exit-codes, environment, files, output, profiles, or a command.
        common: Common options.
    """
    if topic in TOPICS:
        common.out.text(TOPICS[topic])
        return
    names = [command.name for command in COMMANDS]
    if topic is not None and topic not in names:
        near = " or ".join(difflib.get_close_matches(topic, [*TOPICS, *names], n=2))
        raise NotFound(
            f'There is no help on "{topic}"',
            404,
            hint=f"Did you mean {near}?" if near else f"Topics: {', '.join(TOPICS)}.",
        )
    from amltui.cli.app import app

    app().help_print([topic] if topic else [])
