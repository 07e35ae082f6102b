"""What is said of arguments that the parser could not understand."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from amltui.cli.registry import COMMANDS, Command
from amltui.errors import UsageError

if TYPE_CHECKING:
    from cyclopts import CycloptsError

_ELSEWHERE: Final = {
    "cat": "amltui get NAME -o -",
    "cp": "amltui get NAME, or amltui put FILE",
    "copy": "amltui get NAME, or amltui put FILE",
    "delete": "amltui rm NAME",
    "del": "amltui rm NAME",
    "download": "amltui get NAME",
    "find": "amltui ls --filter TEXT",
    "info": "amltui show NAME",
    "list": "amltui ls",
    "login": "amltui profile add NAME",
    "mv": "amltui rename NAME NEW",
    "preview": "amltui head NAME",
    "query": 'amltui sql NAME "select ... from data"',
    "remove": "amltui rm NAME",
    "search": "amltui ls --filter TEXT",
    "upload": "amltui put FILE",
    "version": "amltui --version",
    "view": "amltui head NAME",
}
"""What other programs call a command, and how it is done here."""


def usage_error(text: str, error: CycloptsError, arguments: list[str]) -> UsageError:
    """An error that says what is wrong with `arguments` and what to write instead.

    `text` is what the parser says of `error`.
    """
    from cyclopts import MissingArgumentError, UnusedCliTokensError
    from cyclopts.exceptions import UnknownCommandError, UnknownOptionError

    known = _known(arguments)
    command = " ".join(["amltui", *known])
    hint = f"See: {command} --help"
    if isinstance(error, UnusedCliTokensError):
        extra = " ".join(map(repr, error.unused_tokens or ())).replace("\\x00-", "-")
        text = f"Too many arguments: {extra}. A name with spaces needs quotes."
        if known == ["ls"]:
            text = f"ls takes no name: {extra}."
            hint = "Write: amltui ls --filter TEXT, or amltui show NAME"
    elif isinstance(error, UnknownCommandError) and not known and arguments[0] in _ELSEWHERE:
        text = f'There is no command "{arguments[0]}".'
        hint = f"Write: {_ELSEWHERE[arguments[0]]}"
    elif isinstance(error, UnknownOptionError) and "Did you mean" not in text:
        word = error.token.keyword or error.token.value
        if not word.startswith("--") and _takes_names(known):
            hint += f"\nA name that begins with a dash needs -- before it: {command} -- {word}"
    elif isinstance(error, MissingArgumentError):
        option = _before_dash(arguments)
        if option:
            hint += f"\nA value that begins with a dash is written so: {option}"
    return UsageError(text, hint=hint)


def _known(arguments: list[str]) -> list[str]:
    """The words in front that name a command, or a group of them and one of these."""
    found: list[str] = []
    commands: tuple[Command, ...] = COMMANDS
    for word in arguments[:2]:
        one = next((one for one in commands if one.name == word), None)
        if one is None:
            break
        found.append(word)
        commands = one.commands
    return found


def _takes_names(known: list[str]) -> bool:
    return bool(known) and any(
        one.name == known[-1] and one.places
        for command in COMMANDS
        if command.name == known[0]
        for one in command.commands or (command,)
    )


def _before_dash(arguments: list[str]) -> str:
    """The first option that a word with a dash follows, as it would be understood; "" if none."""
    for option, value in pairwise(arguments):
        if option.startswith("--") and "=" not in option and value.startswith("-"):
            return f"{option}={value}"
    return ""
