"""The program: no arguments is the terminal program, anything else the command line.

`--plain` is the terminal program line by line.
"""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from amltui.formats.lens import Lens
    from amltui.models import Dataset

_YOUNG: Final = 200_000
"""New objects after which cycles to free are looked for: more than a command imports, all of which
is needed. At Python's 700 an `amltui sql` looked 170 times, which took 50 to 70 ms."""
_LIVE_LONG: Final = frozenset({"serve", "open", "pick"})
"""Commands in which that would be a long look at a bad time."""


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
        if not _LIVE_LONG.intersection(arguments):
            gc.set_threshold(_YOUNG)
        from amltui.cli.app import main as command_line

        return command_line(arguments, choose=_choose, look=_look)
    except KeyboardInterrupt:
        return 130
    finally:
        gc.freeze()  # the exit would look through all that was imported for cycles to free


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
    from amltui.cli.line_mode import talk

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


def _look(places: Sequence[str], reading: Callable[[Lens], Lens] | None = None) -> int:
    """Run the terminal program on folders and files, for the command line."""
    if "-" in places:
        return _look_at_input(places, reading)
    if len(places) == 1:
        return _terminal_program(_folder(places[0]), debug=False, reading=reading)
    from amltui.config.connection_values import several_address

    return _terminal_program(several_address(places), debug=False, reading=reading)


def _look_at_input(places: Sequence[str], reading: Callable[[Lens], Lens] | None) -> int:
    """Run the terminal program on what is piped into it, and on other places beside it."""
    from amltui.cli import exit_codes
    from amltui.cli.output import warn

    if sys.stdin is not None and sys.stdin.isatty():
        warn("Nothing is piped into amltui.\nFor example: zcat data.csv.gz | amltui open -")
        return exit_codes.USAGE
    from amltui.config.connection_values import several_address
    from amltui.tui.terminal import take_piped_input

    piped = take_piped_input() if sys.stdout is not None and sys.stdout.isatty() else None
    if piped is None:
        warn("The terminal program needs a terminal.\nCommands for scripts: amltui --help")
        return exit_codes.USAGE
    from amltui.services.standard_input import standard_input

    with standard_input(piped) as kept:
        if all(one == "-" for one in places):
            return _terminal_program(kept, debug=False, reading=reading)
        named = several_address([kept if one == "-" else one for one in places])
        return _terminal_program(named, debug=False, reading=reading)


def _terminal_program(
    profile: str | None, *, debug: bool, reading: Callable[[Lens], Lens] | None = None
) -> int:
    """Run the terminal program until its user leaves it; the exit code."""
    if not all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout)):
        from amltui.cli import exit_codes
        from amltui.cli.output import warn

        warn("The terminal program needs a terminal.\nCommands for scripts: amltui --help")
        return exit_codes.USAGE
    if profile is not None and (missing := _all_missing(profile)):
        from amltui.cli import exit_codes
        from amltui.cli.output import warn
        from amltui.text import visible

        said = "\n".join(f"There is no {visible(one)}" for one in missing)
        warn(f"{said}\nCheck the path that was named.")
        return exit_codes.NOT_FOUND
    told = ""
    if debug:
        from amltui.cli.debug import log_to_file

        told = f"amltui: what happened is told in {log_to_file()}\n"
    # The many objects of the imports are all needed: looked through once, in a quiet moment.
    gc.disable()
    from amltui.services.embedded_process import begin

    begin(profile)
    from amltui.tui.app import run

    code = run(profile, reading)
    sys.stderr.write(told)
    return code


def _all_missing(place: str) -> list[str]:
    """The paths of a place if none of them leads anywhere; else none.

    Names of profiles and addresses are looked at later.
    """
    if "/" not in place:
        return []
    from amltui.config.connection_values import places_of
    from amltui.disk import expanded

    paths = [one.removeprefix("file://") for one in places_of(place)]
    if paths:
        from urllib.parse import unquote

        paths = [unquote(one) for one in paths]
    else:
        paths = [place]
    there = ("://" in one or os.path.lexists(expanded(one)) for one in paths)
    return [] if any(there) else paths


def _asks_for_the_terminal_program(arguments: list[str]) -> tuple[bool, str | None]:
    """Whether there is no command, and the profile if that is all there is."""
    match arguments:
        case []:
            return True, None
        case ["--profile" | "--at" | "open", profile] if not profile.startswith("-"):
            return True, _folder(profile) if arguments[0] != "--profile" else profile
        case ["open", *places] if places and not any(one.startswith("-") for one in places):
            from amltui.config.connection_values import several_address
            from amltui.errors import ConfigError

            try:
                return True, several_address(places)
            except ConfigError:  # the command line says it
                return False, None
        case [only] if only.startswith(("--profile=", "--at=")):
            name, _, profile = only.partition("=")
            return True, _folder(profile) if name == "--at" else profile
    return False, None


def _folder(text: str) -> str:
    """A path that cannot be taken for a profile's name."""
    return text if "/" in text else f"./{text}"


if __name__ == "__main__":
    sys.exit(main())
