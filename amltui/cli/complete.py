"""What a shell's Tab key asks: names of datasets and profiles, at once and never with an error.

The scripts that `amltui completion` prints know commands and options themselves; they only come
here for names, which are read from this disk without any parser.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from amltui.text import visible


def complete(arguments: list[str]) -> int:
    """Print the names of a kind (`datasets`, `profiles`), one a line; `arguments`: kind, profile.

    A name with characters that a line or a terminal cannot carry is left out.
    """
    kind, profile = [*arguments, "", ""][:2]
    try:
        names: Iterable[str] = ()
        if kind == "datasets":
            from amltui.services.offline import remembered_list

            names = [one.name for one in remembered_list(profile or None).listing.datasets]
        elif kind == "profiles":
            from amltui.config.profiles import profiles
            from amltui.config.values import LOCAL

            names = [*(one.name for one in profiles()), LOCAL]
        sys.stdout.writelines(f"{name}\n" for name in names if visible(name) == name)
    except Exception:  # noqa: BLE001 - somebody is typing: no words, only no suggestions
        return 1
    return 0
