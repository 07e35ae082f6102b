"""From arguments to an exit code: finds the command, runs it, and says what went wrong."""

from __future__ import annotations

import dataclasses
import errno
import os
import sys
from collections.abc import Container, Iterable
from typing import TYPE_CHECKING, Any, Final, TextIO

from amltui import __version__
from amltui.cli import exit_codes
from amltui.cli.output import console, error_line, warn
from amltui.cli.registry import COMMANDS, GROUPS, Command
from amltui.cli.usage_errors import usage_error
from amltui.errors import AmltuiError, Exists

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cyclopts import App

    from amltui.formats.lens import Lens
    from amltui.models import Dataset

    Choose = Callable[[str | None], Dataset | None]
    """Gives what a user chose from a profile's workspace; None if nothing."""
    Look = Callable[[Sequence[str], Callable[[Lens], Lens]], int]
    """Shows places whose texts are read so, until its user leaves; the exit code."""

_FLAGS: Final = frozenset({"--json", "--quiet", "-q", "--debug", "--offline"})
_HELP: Final = frozenset({"--help", "-h"})
_VALUES: Final = frozenset({"--profile", "--at"})

_DASH: Final = "\0-"
"""Stands for the argument `-` while arguments are parsed: no argument can hold a NUL, and the
parser would take a lone dash for an option."""


def main(arguments: list[str], *, choose: Choose | None = None, look: Look | None = None) -> int:
    """Run one command; returns the exit code. Never raises, apart from `SystemExit`.

    What the terminal program does, which the command line must not know: `choose` lets the user of
    a terminal choose a dataset, for `amltui pick`; `look` shows places, for `amltui open`.
    """
    _make_streams_safe()
    debug = "--debug" in arguments
    if debug:
        from amltui.cli.debug import log_to_stderr

        log_to_stderr()
    try:
        return _ended(arguments, {"choose": choose, "look": look}, debug=debug)
    except BrokenPipeError:
        _write_no_more(sys.stdout, sys.stderr)
        return exit_codes.BROKEN_PIPE


def _ended(arguments: list[str], doors: dict[str, Any], *, debug: bool) -> int:
    """Run one command; what went wrong is explained. The exit code."""
    try:
        code = _run(arguments, doors)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except (KeyboardInterrupt, Exception) as error:  # noqa: BLE001 - the last border: one clear line
        if isinstance(error, OSError):
            _write_no_more(sys.stdout)
        code = exit_codes.code_of(error, _command(arguments))
        _explain(error, debug=debug, as_json=_asks_for_json(arguments), code=code)
    return code


def _asks_for_json(arguments: list[str]) -> bool:
    return (
        "--json" in arguments[: arguments.index("--")]
        if "--" in arguments
        else ("--json" in arguments)
    )


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


def _run(arguments: list[str], doors: dict[str, Any]) -> int:
    if arguments[:2] == ["serve", "--embedded"]:
        # The terminal program waits for this start: no parser, nothing else is imported.
        from amltui.cli.embedded import serve_embedded

        return serve_embedded(arguments[2:])
    if arguments == ["--version"]:
        sys.stdout.write(f"amltui {__version__}\n")
        return exit_codes.DONE
    arguments = _ordered(arguments)
    if arguments[:1] == ["ls"]:
        import gc

        gc.disable()  # a twentieth of this short life went into looking for cycles to free
        from amltui.cli.ls import parse_fast, print_list

        options = parse_fast(arguments[1:])
        if options is not None:
            print_list(options)
            return exit_codes.DONE
    from cyclopts import CycloptsError

    tokens = [_DASH if word == "-" else word for word in arguments]
    try:
        parser = _parser(set(arguments))
        command, bound, unparsed = parser.parse_args(tokens, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        raise usage_error(str(error).replace(_DASH, "-"), error, arguments) from error
    for name, value in bound.arguments.items():
        bound.arguments[name] = _undashed(value)
    if command == parser.help_print:
        _show_help_well(parser)
        bound.arguments["console"] = parser.console  # in place of one that is not ours
    given = {name: door for name, door in doors.items() if name in unparsed}
    code = command(*bound.args, **bound.kwargs, **given)
    return code if isinstance(code, int) else exit_codes.DONE


def app(explained: Container[str] = ()) -> App:
    """The whole command line; no command's module is imported by it.

    `explained`: names of commands whose own help may be asked for, which is all that their
    docstrings say; that imports their modules.
    """
    made = _parser(explained)
    _show_help_well(made)
    return made


def _parser(explained: Container[str]) -> App:
    """See `app`; its help is not shown as ours is."""
    from cyclopts import App, Parameter

    settings: dict[str, Any] = {
        "version_flags": [],
        "default_parameter": Parameter(negative=()),
        "help_format": "plaintext",
    }
    root = App(
        name="amltui",
        help="Datasets of an Azure ML Studio (classic) style workspace.\n\n"
        "Without a command: the terminal program; with --plain line by line, for screen readers.",
        help_epilogue="More: amltui help topics",
        **settings,
    )
    _add(root, COMMANDS, settings, explained)
    return root


def _show_help_well(parser: App) -> None:
    """Have help drawn as ours; that brings in rich, half of what the parser itself takes."""
    from amltui.cli.help_format import formatter

    parser.console = console()
    parser.help_formatter = formatter()


def _add(
    parent: App,
    commands: Iterable[Command],
    settings: dict[str, Any],
    explained: Container[str],
    *,
    title: str = "",
) -> None:
    """Add commands, each under a heading of its own or all under `title`."""
    from cyclopts import App

    for command in commands:
        if command.commands:
            group = App(name=command.name, help=command.summary, group=command.title, **settings)
            _add(group, command.commands, settings, explained, title="Commands")
            parent.command(group)
            continue
        epilogue = "\n".join(("Examples:", *(f"  {one}" for one in command.examples)))
        parent.command(
            f"amltui.cli.commands.{command.target}",
            name=command.name,
            help=None if command.name in explained else command.summary,
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
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        values = {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}
        dashed = {name: "-" for name, one in values.items() if one == _DASH}
        return dataclasses.replace(value, **dashed) if dashed else value
    return value


def _explain(error: BaseException, *, debug: bool, as_json: bool, code: int) -> None:
    """Say what went wrong and what to do. An interrupt needs no words."""
    from amltui.redact import redacted

    if debug:
        import traceback

        warn(redacted("".join(traceback.format_exception(error))))
    if isinstance(error, KeyboardInterrupt):
        return
    message, hint = (redacted(text) for text in _words(error))
    if as_json:
        error_line(code, message, hint)
    else:
        warn(f"{message}\n{hint}" if hint else message)


def _words(error: BaseException) -> tuple[str, str]:
    """What went wrong, and what can be done about it or ""."""
    if isinstance(error, Exists):
        return str(error), "Choose another name with -o, or replace it with --force."
    if isinstance(error, AmltuiError):
        return str(error), error.hint or ""
    if isinstance(error, OSError) and error.errno == errno.EBADF:
        return "Standard input or output is closed.", ""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror, ""
    return (
        f"This should not happen ({type(error).__name__}: {error}).",
        "Run it again with --debug and report what it prints.",
    )
