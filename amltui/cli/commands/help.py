"""`amltui help`: the documentation's topics, and each command's own help."""

from __future__ import annotations

import difflib

from amltui import help as documentation
from amltui.cli.options import PLAIN, Plain
from amltui.cli.registry import COMMANDS, GROUPS
from amltui.errors import NotFound


def help_(
    topic: str | None = None, command: str | None = None, /, *, common: Plain = PLAIN
) -> None:
    """Explain a topic or a command; with `--json` all commands, or those of a word, for programs.

    Args:
        topic: A topic or a command; `topics` lists the topics.
        command: A command of that group, for example the `add` of `profile add`.
        common: Common options.
    """
    topics = documentation.topics()
    if topic == "topics":
        for name in topics:
            common.out.line(f"{name:<16}{_title(documentation.read(name))}")
        return
    commands = [one.name for one in COMMANDS]
    if topic in topics and not (common.json and topic in commands):
        common.out.markdown(documentation.read(topic))
        return
    if topic is not None:
        _must_be_one_of(topic, [*commands, *topics, "topics"])
    if topic is not None and command is not None:
        group = GROUPS.get(topic)
        _must_be_one_of(command, [one.name for one in group.commands] if group else [])
    from amltui.cli.app import app

    words = [word for word in (topic, command) if word]
    if common.json:
        from amltui.cli.reference import document

        common.out.document(document(app(), tuple(words)))
        return
    app(explained=words).help_print(words)


def _title(markdown: str) -> str:
    return markdown.partition("\n")[0].removeprefix("# ")


def _must_be_one_of(word: str, known: list[str]) -> None:
    if word in known:
        return
    near = " or ".join(difflib.get_close_matches(word, known, n=2))
    raise NotFound(
        f'There is no help on "{word}"',
        404,
        hint=f"Did you mean {near}?" if near else f"There is: {', '.join(known) or 'none'}.",
    )
