"""The program: no arguments is the terminal program, anything else the command line."""

from __future__ import annotations

import sys


def main() -> int:
    """Run amltui; returns the exit code."""
    if sys.argv[1:] == ["--version"]:
        from amltui import __version__

        sys.stdout.write(f"amltui {__version__}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
