"""What a shell's Tab key asks: names of datasets and profiles, at once and never with an error.

The scripts that `amltui completion` prints know commands and options themselves; they only come
here for names, which are read from this disk without any parser.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from amltui.text import visible


def complete(arguments: list[str]) -> int:
    """Print the names of a kind, one a line: `datasets`, `profiles` or a dataset's `columns`.

    `arguments`: kind, profile, dataset. Columns are those of a dataset whose rows were seen here.
    A name with characters that a line or a terminal cannot carry is left out.
    """
    kind, profile, dataset = [*arguments, "", "", ""][:3]
    try:
        names: Iterable[str] = ()
        if kind == "datasets":
            from amltui.services.offline import remembered_list

            names = [one.name for one in remembered_list(profile or None).listing.datasets]
        elif kind == "columns":
            names = _columns(profile or None, dataset)
        elif kind == "profiles":
            from amltui.config.profiles import profiles
            from amltui.config.values import LOCAL

            names = [*(one.name for one in profiles()), LOCAL]
        sys.stdout.writelines(f"{name}\n" for name in names if visible(name) == name)
    except Exception:  # noqa: BLE001 - somebody is typing: no words, only no suggestions
        return 1
    return 0


def _columns(profile: str | None, name: str) -> list[str]:
    """The columns of a dataset, as its table on this disk names them."""
    from amltui.cache.entries import Entry
    from amltui.cache.listings import layout_root
    from amltui.config.paths import cache_dir
    from amltui.services.offline import remembered_list
    from amltui.tables.state import read_state

    listed = remembered_list(profile)
    found = next(one for one in listed.listing.datasets if one.name == name)
    entry = Entry(layout_root(cache_dir()), listed.workspace, found.id)
    return [column.name for column in read_state(entry.table).columns]
