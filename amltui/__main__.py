"""The program: no arguments is the terminal program, anything else the command line.

`--plain` is the terminal program line by line.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from amltui.formats.lens import Lens
    from amltui.models import Dataset


def main() -> int:
    """Run amltui; returns the exit code."""
    arguments = sys.argv[1:]
    if arguments == ["--version"] and _print_version():
        return 0
    if arguments[:1] == ["__complete"]:
        from amltui.cli.candidates import complete

        return complete(arguments[1:])
    try:
        asked, profile = _asks_for_the_terminal_program(
            [word for word in arguments if word not in {"--debug", "--plain"}]
        )
        if asked and _plainly(arguments):
            return _line_by_line(profile)
        if asked:
            return _terminal_program(profile, debug="--debug" in arguments)
        from amltui.cli.app import main as command_line

        return command_line(arguments, choose=_choose, look=_look)
    except KeyboardInterrupt:
        return 130


def _plainly(arguments: list[str]) -> bool:
    """Whether the terminal program is to run line by line."""
    if "--plain" in arguments:
        return True
    dumb = os.environ.get("TERM") == "dumb" and sys.stdin is not None and sys.stdin.isatty()
    if dumb:
        sys.stderr.write("amltui: TERM is dumb, so this is amltui --plain.\n")
    return dumb


def _line_by_line(place: str | None) -> int:
    """Run the terminal program line by line; the exit code."""
    from amltui.cli.app import main as command_line
    from amltui.cli.plain import talk

    option = "--profile" if place is None or "/" not in place else "--at"
    return talk(place, option=option, command=command_line)


def _print_version() -> bool:
    """Print it before anything is imported: scripts ask to see whether the program is there.

    False: it could not be printed. Then the command line says why.
    """
    from amltui import __version__

    try:
        sys.stdout.write(f"amltui {__version__}\n")
        sys.stdout.flush()
    except (OSError, AttributeError):  # it is None where it is closed
        return False
    return True


def _choose(profile: str | None) -> Dataset | None:
    """Let a person choose a dataset in the terminal program, for the command line."""
    from amltui.tui.pick import pick

    return pick(profile)


def _look(place: str, reading: Callable[[Lens], Lens]) -> int:
    """Run the terminal program on a folder or a file, for the command line."""
    return _terminal_program(_folder(place), debug=False, reading=reading)


def _terminal_program(
    profile: str | None, *, debug: bool, reading: Callable[[Lens], Lens] | None = None
) -> int:
    """Run the terminal program until its user leaves it; the exit code."""
    if not all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout)):
        from amltui.cli import exit_codes
        from amltui.cli.output import warn

        warn("The terminal program needs a terminal.\nCommands for scripts: amltui --help")
        return exit_codes.USAGE
    told = ""
    if debug:
        from amltui.cli.debug import log_to_file

        told = f"amltui: what happened is told in {log_to_file()}\n"
    from amltui.tui.app import run

    code = run(profile, reading)
    sys.stderr.write(told)
    return code


def _asks_for_the_terminal_program(arguments: list[str]) -> tuple[bool, str | None]:
    """Whether there is no command, and the profile if that is all there is."""
    match arguments:
        case []:
            return True, None
        case ["--profile" | "--at" | "open", profile] if not profile.startswith("-"):
            return True, _folder(profile) if arguments[0] != "--profile" else profile
        case [only] if only.startswith(("--profile=", "--at=")):
            name, _, profile = only.partition("=")
            return True, _folder(profile) if name == "--at" else profile
    return False, None


def _folder(text: str) -> str:
    """A path that cannot be taken for a profile's name."""
    return text if "/" in text else f"./{text}"


if __name__ == "__main__":
    sys.exit(main())
