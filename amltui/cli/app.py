"""From arguments to an exit code: finds the command, runs it, and says what went wrong."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, TextIO

from amltui.cli import exits
from amltui.cli.output import warn
from amltui.cli.registry import COMMANDS, GROUPS, Command
from amltui.errors import AmltuiError, Exists

if TYPE_CHECKING:
    from cyclopts import App, CycloptsError

_FLAGS: Final = frozenset({"--json", "--quiet", "-q", "--debug", "--offline"})
_HELP: Final = frozenset({"--help", "-h"})
_VALUES: Final = frozenset({"--profile", "--at"})

_DASH: Final = "\0-"
"""Stands for the argument `-` while arguments are parsed: no argument can hold a NUL, and the
parser would take a lone dash for an option."""


def main(arguments: list[str]) -> int:
    """Run one command; returns the exit code. Never raises, apart from `SystemExit`."""
    _make_streams_safe()
    debug = "--debug" in arguments
    if debug:
        from amltui.cli.debug import log_to_stderr

        log_to_stderr()
    try:
        return _ended(arguments, debug=debug)
    except BrokenPipeError:
        _write_no_more(sys.stdout, sys.stderr)
        return exits.BROKEN_PIPE


def _ended(arguments: list[str], *, debug: bool) -> int:
    """Run one command; what went wrong is explained. The exit code."""
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except (KeyboardInterrupt, AmltuiError, OSError) as error:
        if isinstance(error, OSError):
            _write_no_more(sys.stdout)
        _explain(error, debug=debug)
        return exits.code_of(error, _command(arguments))
    except Exception as error:  # noqa: BLE001 - the last border: a bug ends as one clear line
        _explain(error, debug=debug)
        return exits.code_of(error, _command(arguments))
    return code


def _command(arguments: list[str]) -> str:
    """The command that was asked for; "" if none."""
    return next((word for word in _ordered(arguments) if not word.startswith("-")), "")


def _make_streams_safe() -> None:
    """Make every standard stream one that can be used without a traceback."""
    # In place of one that whoever started us closed: else a file that is opened later would be it.
    # What is read from or printed to it fails; what is told to the person is lost.
    for name, mode in (("stdin", os.O_WRONLY), ("stdout", os.O_RDONLY), ("stderr", os.O_WRONLY)):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, mode)
            setattr(sys, name, os.fdopen(descriptor, "r" if name == "stdin" else "w"))
    for stream in (sys.stdout, sys.stderr):
        # A terminal or a locale that cannot show a letter gets an escape, never a traceback.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]


def _write_no_more(*streams: TextIO) -> None:
    """Nobody reads any more: what is still in a buffer must not fail once more at the exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in streams:
        os.dup2(nowhere, stream.fileno())


def _run(arguments: list[str]) -> int:
    if arguments[:2] == ["serve", "--embedded"]:
        # The terminal program waits for this start: no parser, nothing else is imported.
        from amltui.cli.embedded import serve_embedded

        return serve_embedded(arguments[2:])
    if arguments[:1] == ["__complete"]:
        from amltui.cli.complete import complete

        return complete(arguments[1:])
    arguments = _ordered(arguments)
    if arguments[:1] == ["ls"]:
        import gc

        gc.disable()  # a twentieth of this short life went into looking for cycles to free
        from amltui.cli.listing import print_list, understood

        asked = understood(arguments[1:])
        if asked is not None:
            print_list(asked)
            return exits.DONE
    from cyclopts import CycloptsError

    tokens = [_DASH if word == "-" else word for word in arguments]
    try:
        command, bound, _ = app().parse_args(tokens, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        warn(_usage(error, arguments))
        return exits.USAGE
    for name, value in bound.arguments.items():
        bound.arguments[name] = _undashed(value)
    code = command(*bound.args, **bound.kwargs)
    return code if isinstance(code, int) else exits.DONE


def app() -> App:
    """The whole command line; no command's module is imported by it."""
    from cyclopts import App, Parameter

    settings: dict[str, Any] = {
        "version_flags": [],
        "default_parameter": Parameter(negative=()),
        "help_format": "plaintext",
        "help_formatter": "default" if sys.stdout.isatty() else "plain",
    }
    root = App(
        name="amltui",
        help="Datasets of an Azure ML Studio (classic) style workspace.\n\n"
        "Without a command: the terminal program.",
        help_epilogue="More: amltui help topics",
        **settings,
    )
    _add(root, COMMANDS, settings)
    return root


def _add(
    parent: App, commands: Iterable[Command], settings: dict[str, Any], *, title: str = ""
) -> None:
    """Add commands, each under a heading of its own or all under `title`."""
    from cyclopts import App

    for command in commands:
        if command.commands:
            group = App(name=command.name, help=command.summary, group=command.title, **settings)
            _add(group, command.commands, settings, title="Commands")
            parent.command(group)
            continue
        epilogue = "\n".join(("Examples:", *(f"  {one}" for one in command.examples)))
        parent.command(
            f"amltui.cli.commands.{command.target}",
            name=command.name,
            help=command.summary,
            group=title or command.title,
            help_epilogue=epilogue if command.examples else "",
        )


def _ordered(arguments: list[str]) -> list[str]:
    """Common options that stand before the command, moved behind it."""
    before: list[str] = []
    rest = list(arguments)
    while rest:
        if rest[0] in _FLAGS or rest[0].startswith(tuple(f"{name}=" for name in _VALUES)):
            before.append(rest.pop(0))
        elif rest[0] in _VALUES and len(rest) > 1:
            before += [rest.pop(0), rest.pop(0)]
        else:
            break
    if not rest or rest[0] not in GROUPS:
        return [*rest[:1], *before, *rest[1:]]
    default = GROUPS[rest[0]].default
    if default and (len(rest) == 1 or (rest[1].startswith("-") and rest[1] not in _HELP)):
        rest.insert(1, default)
    return [*rest[:2], *before, *rest[2:]]


def _undashed(value: Any) -> Any:
    if value == _DASH:
        return "-"
    if isinstance(value, tuple):
        return tuple(map(_undashed, value))
    return value


def _usage(error: CycloptsError, arguments: list[str]) -> str:
    from cyclopts import UnusedCliTokensError

    text = str(error).replace(_DASH, "-")
    if isinstance(error, UnusedCliTokensError):
        extra = " ".join(map(repr, error.unused_tokens or ())).replace("\\x00-", "-")
        text = f"Too many arguments: {extra}. A name with spaces needs quotes."
    words = [word for word in arguments[:2] if not word.startswith("-")]
    known = [word for word in words[:1] if word in {one.name for one in COMMANDS}]
    return f"{text}\nSee: {' '.join(['amltui', *known])} --help"


def _explain(error: BaseException, *, debug: bool) -> None:
    """Say what went wrong and what to do. An interrupt needs no words."""
    from amltui.redact import redacted

    if debug:
        import traceback

        warn(redacted("".join(traceback.format_exception(error))))
    if isinstance(error, KeyboardInterrupt):
        return
    if isinstance(error, Exists):
        text = f"{error}\nChoose another name with -o, or replace it with --force."
    elif isinstance(error, AmltuiError):
        text = f"{error}\n{error.hint}" if error.hint else str(error)
    elif isinstance(error, OSError) and error.errno == errno.EBADF:
        text = "Standard input or output is closed."
    elif isinstance(error, OSError) and error.strerror:
        text = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    else:
        text = (
            f"This should not happen ({type(error).__name__}: {error}).\n"
            "Run it again with --debug and report what it prints."
        )
    warn(redacted(text))
