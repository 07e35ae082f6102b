"""`amltui serve --embedded --data DIR`: the child process of a program with a local workspace.

The person at the terminal waits for this start, so it goes without the parser of arguments and
imports nothing but the server.
"""

from __future__ import annotations

import gc
from pathlib import Path

from amltui.errors import UsageError


def serve_embedded(arguments: list[str]) -> int:
    """Serve for the parent process until standard input ends; returns the exit code.

    Raises:
        UsageError: the arguments are not those that a parent gives.
    """
    match arguments:
        case ["--data", data]:
            # Until it answers: an eighth of the start went into looking through what it imports.
            gc.disable()
            from amltui.server.run import ServeOptions, serve

            return serve(ServeOptions(data=Path(data).absolute(), embedded=True))
    raise UsageError("An embedded server takes: --embedded --data DIR")
