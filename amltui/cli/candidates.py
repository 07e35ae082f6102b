"""`amltui __complete`: the names that a Tab key asks for, from this disk, never with an error.

Somebody waits for it at each press, so it imports next to nothing. Which workspace is in force
takes settings and a keyring to find out. That is noted beside the list, with the state of each
file that it was read from, and found out again when one of them has changed.
"""

from __future__ import annotations

import os
import sys
from hashlib import sha256

from amltui.cache.cache_paths import NAMES, lists_of

_DECIDES = (
    "AMLTUI_PROFILE",
    "AMLTUI_ENDPOINT",
    "AMLTUI_WORKSPACE_ID",
    "AMLTUI_CONFIG_DIR",
    "AMLTUI_DATA_DIR",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "HOME",
    "USERPROFILE",
    "APPDATA",
    "LOCALAPPDATA",
)
"""Variables that say which workspace is in force."""


def complete(arguments: list[str]) -> int:
    """Print what can stand there, one a line: a name, a tab, and a few words about it.

    `arguments`: `datasets`, `profiles` or `columns`; profile; for columns, the dataset, whose rows
    were seen here; for datasets what is typed: behind a name and `@` its versions are offered too.
    A name with characters that a line or a terminal cannot carry is left out.
    """
    kind, profile, dataset = [*arguments, "", "", ""][:3]
    profile = profile.strip()
    try:
        if kind == "datasets":
            lines = _datasets(profile)
            lines += _versions(dataset, lines) if "@" in dataset else ""
        elif kind == "columns":
            lines = _lines(_columns(profile or None, dataset))
        else:
            lines = _lines(_profiles()) if kind == "profiles" else ""
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
        sys.stdout.write(lines)
        sys.stdout.flush()
    except Exception:  # noqa: BLE001 - somebody is typing: no words, only no suggestions
        return 1
    return 0


def _datasets(profile: str) -> str:
    lists = lists_of(_cache_dir())
    note = f"{lists}/tab-{_question(profile)}"
    try:
        return _noted(lists, note)
    except (OSError, ValueError):
        return _found(profile or None, lists, note)


def _versions(typed: str, names: str) -> str:
    """Ways to name a version of the dataset whose name stands before the last `@`."""
    name = typed.rpartition("@")[0]
    if f"\n{name}\t" not in f"\n{names}":
        return ""
    # How many there are is not known here.
    ways = {"latest": "The latest version", "-1": "The one before", "1": "The first"}
    return "".join(f"{name}@{way}\t{about}\n" for way, about in ways.items())


def _noted(lists: str, note: str) -> str:
    """The names of the workspace that was in force when nothing was different from now.

    Raises:
        OSError, ValueError: nothing is noted, or a file has changed.
    """
    with open(note, encoding="utf-8", errors="surrogateescape") as file:
        names, *states = file.read().split("\0")
    for state in states:
        path, _, stamp = state.rpartition("=")
        if _stamp(path) != stamp:
            raise ValueError(path)
    with open(f"{lists}/{names}", encoding="utf-8") as file:
        return file.read()


def _found(profile: str | None, lists: str, note: str) -> str:
    """The names, from the settings and the list; what is in force is noted for the next time."""
    import contextlib
    from pathlib import Path

    from amltui.cache.listings import listing_path, names_of
    from amltui.config.legacy import legacy_files
    from amltui.config.profiles import profiles_file
    from amltui.disk import write_whole
    from amltui.services.offline import remembered_list

    files = [str(path) for path in (profiles_file(), *legacy_files())]
    states = [f"{path}={_stamp(path)}" for path in files]  # before they are read
    remembered = remembered_list(profile)
    names = listing_path(Path(lists).parent, remembered.workspace).with_suffix(NAMES)
    with contextlib.suppress(OSError):
        text = "\0".join([names.name, *states])
        write_whole(Path(note), text.encode(errors="surrogateescape"))
    return names_of(remembered.listing)


def _stamp(path: str) -> str:
    """What differs once a file was written; "" while it is not there."""
    try:
        found = os.stat(path)
    except OSError:
        return ""
    return f"{found.st_mtime_ns} {found.st_size} {found.st_ino}"


def _cache_dir() -> str:
    """As `config.paths.cache_dir`, which takes longer to import than all else here."""
    if place := os.environ.get("AMLTUI_CACHE_DIR"):
        return os.path.abspath(os.path.expanduser(place))
    if sys.platform != "linux":
        from amltui.config.paths import cache_dir

        return str(cache_dir())
    base = os.environ.get("XDG_CACHE_HOME", "").strip() or os.path.expanduser("~/.cache")
    return f"{base}/amltui"


def _question(profile: str) -> str:
    """What names the answer to which workspace is in force, as far as no file decides."""
    said = [profile, *(f"{name}={os.environ.get(name)}" for name in _DECIDES)]
    named = profile or os.environ.get("AMLTUI_PROFILE", "")
    if os.sep in named or "." in named:  # it may be a path
        said.append(os.getcwd())
    said.append(str(bool(os.environ.get("AMLTUI_TOKEN"))))
    return sha256("\0".join(said).encode(errors="surrogateescape")).hexdigest()[:32]


def _lines(named: list[tuple[str, str]]) -> str:
    from amltui.text import visible

    return "".join(f"{name}\t{visible(about)}\n" for name, about in named if visible(name) == name)


def _profiles() -> list[tuple[str, str]]:
    from amltui.config.connection_values import LOCAL
    from amltui.config.profiles import profiles

    return [*((one.name, one.endpoint) for one in profiles()), (LOCAL, "The embedded workspace")]


def _columns(profile: str | None, name: str) -> list[tuple[str, str]]:
    """The columns of a dataset, as its table on this disk names them."""
    from amltui.cache.entries import Entry
    from amltui.cache.listings import layout_root
    from amltui.config.paths import cache_dir
    from amltui.services.offline import remembered_list
    from amltui.tables.table_state import read_state

    listed = remembered_list(profile)
    found = next(one for one in listed.listing.datasets if one.name == name)
    entry = Entry(layout_root(cache_dir()), listed.workspace, found.id)
    return [(column.name, column.type or "") for column in read_state(entry.table).columns]
