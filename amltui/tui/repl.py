"""The Python prompt of the key `P`: a program of its own, with the dataset as `df`.

Nothing is read before it is asked for: the prompt is there at once, also before a large dataset.
"""

from __future__ import annotations

import code
import contextlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from amltui.errors import AmltuiError
from amltui.text import visible


class Names(dict[str, Any]):
    """The prompt's variables, of which some are made when they are first used."""

    def __init__(self, made: dict[str, Callable[[], object]]) -> None:
        super().__init__()
        self._made = made

    def __missing__(self, name: str) -> object:
        """Make it now."""
        if name not in self._made:
            raise KeyError(name)
        value = self[name] = self._made.pop(name)()
        return value


class Prompt(code.InteractiveConsole):
    """Says in its own words what the library says went wrong."""

    def showtraceback(self) -> None:
        """A traceback of the prompt's own, or the library's message."""
        error = sys.exc_info()[1]
        if isinstance(error, AmltuiError):
            self.write(f"{visible(str(error))}\n")
            if error.hint:
                self.write(f"{visible(error.hint)}\n")
        else:
            super().showtraceback()


def main(arguments: Sequence[str]) -> int:
    """Ask for statements.

    Args:
        arguments: the file with the dataset's contents, its data type, its name, its id, and the
            profile of its workspace ("" for the one that the environment names).
    """
    path, data_type_id, name, dataset_id, profile = arguments

    def frame() -> object:
        from amltui.errors import LocalError
        from amltui.formats.frames import deserialize_dataframe
        from amltui.text import reason_of

        sys.stdout.write(f"Reading {visible(name)}…\n")
        sys.stdout.flush()
        try:
            with Path(path).open("rb") as file:
                return deserialize_dataframe(file, data_type_id)
        except OSError as error:
            raise LocalError(f"Cannot read {name}: {reason_of(error)}") from error

    def workspace() -> object:
        import amltui

        return amltui.Workspace.from_profile(profile) if profile else amltui.Workspace()

    names = Names(
        {"df": frame, "ws": workspace, "ds": lambda: names["ws"].datasets.get(dataset_id)}
    )
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401  its import gives the prompt line editing
    banner = (
        f"{visible(name)}: df is a pandas DataFrame of it, ds the dataset, ws its workspace.\n"
        "Each is made when it is first used. Ctrl-D goes back to amltui."
    )
    Prompt(names).interact(banner, exitmsg="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
