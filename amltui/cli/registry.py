"""All commands: where each one's code is, in one line what it does, and how it is used.

A command's module is imported when the command runs: what one command needs slows no other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Command:
    """A command, or a group of them (`target` empty, `commands` not)."""

    name: str
    target: str
    """`module:function` below `amltui.cli.commands`."""
    summary: str
    examples: tuple[str, ...] = ()
    commands: tuple[Command, ...] = ()
    title: str = "Commands"
    """Heading that it stands under in the help."""


SERVER: Final = "Server"

COMMANDS: Final = (
    Command(
        "serve",
        "serve:serve",
        "Run a workspace server.",
        (
            "amltui serve",
            "amltui serve --data /srv/aml --host 0.0.0.0 --port 8443 --tls-cert C --tls-key K",
        ),
        title=SERVER,
    ),
    Command(
        "token",
        "",
        "Access tokens of the server's own data directory.",
        title=SERVER,
        commands=(
            Command("list", "token:list_", "List the tokens, never their values."),
            Command(
                "create",
                "token:create",
                "Make a token and print it, once.",
                ("amltui token create nightly --role reader --days 90",),
            ),
            Command("regenerate", "token:regenerate", "Replace a token's value."),
            Command("revoke", "token:revoke", "End a token for good."),
        ),
    ),
)

GROUPS: Final = {command.name: command for command in COMMANDS if command.commands}
