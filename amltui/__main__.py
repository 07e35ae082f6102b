"""The program: no arguments is the terminal program, anything else the command line."""

from __future__ import annotations

import sys


def main() -> int:
    """Run amltui; returns the exit code."""
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        # Before anything is imported: scripts ask this to see whether the program is there.
        from amltui import __version__

        sys.stdout.write(f"amltui {__version__}\n")
        return 0
    try:
        asked, profile = _asks_for_the_terminal_program(arguments)
        if asked:
            return _terminal_program(profile)
        from amltui.cli.app import main as command_line

        if "pick" in arguments:
            _lend_the_picker()
        return command_line(arguments)
    except KeyboardInterrupt:
        return 130


def _lend_the_picker() -> None:
    """Let the command line ask with the terminal program, which it must not know itself."""
    from amltui.cli.hooks import HOOKS
    from amltui.models import Dataset

    def pick(profile: str | None) -> Dataset | None:
        from amltui.tui.pick import pick as ask

        return ask(profile)

    HOOKS.pick = pick


def _terminal_program(profile: str | None) -> int:
    """Run the terminal program until its user leaves it; the exit code."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        from amltui.cli import exits
        from amltui.cli.output import warn

        warn("The terminal program needs a terminal.\nCommands for scripts: amltui --help")
        return exits.USAGE
    from amltui.tui.app import run

    return run(profile=profile)


def _asks_for_the_terminal_program(arguments: list[str]) -> tuple[bool, str | None]:
    """Whether there is no command, and the profile if that is all there is."""
    match arguments:
        case []:
            return True, None
        case ["--profile", profile] if not profile.startswith("-"):
            return True, profile
        case [only] if only.startswith("--profile="):
            return True, only.partition("=")[2]
    return False, None


if __name__ == "__main__":
    sys.exit(main())
