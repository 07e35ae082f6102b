"""Naming a dataset, or a place for one, wherever it lies: what `cp` and `sync` take.

    team:Sales              the dataset `Sales` of the profile `team`; `local` is the embedded one
    :Sales                  of the workspace in force
    team:                   all of it; as a target: there, by the names that they have
    team:in/                as a target: there, with `in/` before their names
    s3://bucket/in/a.csv    an object; any address that `amltui open` takes
    s3://bucket/in/         all below
    data/a.csv, data/       a file, a folder of this disk

The first colon ends a profile's name, so a file with one in its name is written ./a:b. In the name
of what is copied `*`, `?` and `[...]` stand for others. A dataset keeps its name from the place on
that was named.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import unquote

from amltui.config import Connection
from amltui.config.connection_values import WEB, folder_address
from amltui.disk import expanded
from amltui.errors import NotFound, UsageError
from amltui.models import Dataset
from amltui.services.selection import is_pattern, matching
from amltui.services.session import Session, open_session
from amltui.text import visible

if TYPE_CHECKING:
    from amltui.transfers import Options

_PROFILE: Final = re.compile(r"([A-Za-z0-9_][A-Za-z0-9_.-]*)?:(?!//)(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Place:
    """A workspace, and a name or the beginning of names in it."""

    workspace: str | None
    """A profile, an address or a path. None: the one in force."""
    name: str
    """A name; "": all; with `/` at its end, of a target: what stands before names."""
    on_disk: bool = False


def place_of(text: str, *, target: bool = False) -> Place:
    """What an argument names.

    Raises:
        UsageError: it is empty, or a folder of this disk that is not there.
        NotFound: it is the name of a file that is not there.
    """
    if not text:
        raise UsageError("An empty name is no place.", hint="See: amltui help folders")
    if (match := _PROFILE.fullmatch(text)) is not None:
        return Place(match[1], match[2])
    scheme, separator, rest = text.partition("://")
    if scheme in WEB:
        return Place(text, "" if text.endswith("/") else unquote(rest.rpartition("/")[2]))
    if separator and scheme != "file":
        folder, _, name = rest.rpartition("/")
        return Place(f"{scheme}://{folder}", name) if folder else Place(text, "")
    return _on_disk(text, expanded(rest if separator else text).absolute(), target=target)


def goal_of(workspace: str) -> Place:
    """A whole workspace as a target: of a profile, an address or an absolute path."""
    return Place(workspace, "", on_disk=workspace.startswith(("/", "file://")))


def folder_to_make(text: str) -> Path | None:
    """The folder of this disk that a target names, where it is not there yet; else None.

    Raises:
        UsageError: it is a file.
    """
    if _PROFILE.fullmatch(text) is not None or "://" in text:
        return None
    path = expanded(text).absolute()
    if path.exists() and not path.is_dir():
        raise UsageError(f"{visible(text)} is a file", hint="Name a folder.")
    return None if path.is_dir() else path


def _on_disk(text: str, path: Path, *, target: bool) -> Place:
    if path.is_dir():
        return Place(str(path), "", on_disk=True)
    if target:
        if text.endswith("/") or not path.parent.is_dir():
            missing = path if text.endswith("/") else path.parent
            raise UsageError(f"There is no folder {visible(str(missing))}", hint="Make it first.")
        return Place(str(path.parent), path.name, on_disk=True)
    if not path.exists() and any(mark in path.name for mark in "*?["):
        return Place(str(path.parent), path.name, on_disk=True)
    if "/" not in text and not path.exists():
        raise NotFound(
            f"There is no file {visible(text)}",
            404,
            hint=f"A dataset of the workspace in force has a colon before its name: :{text}",
        )
    # Of one file the workspace is that file alone: its folder may be large.
    return Place(str(path), path.name, on_disk=True)


class Places:
    """The workspaces of one command, each opened once; use as an async context manager."""

    def __init__(self, in_force: str | None, options: Options | None = None) -> None:
        self._in_force = in_force
        self._options = options
        self._open = AsyncExitStack()
        self._sessions: dict[tuple[str | None, bool], Session] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._open.aclose()

    async def session(self, place: Place, *, target: bool = False) -> Session:
        """The session with a place's workspace.

        A folder of this disk is written to as a target, as by `get`; an object store only where a
        profile allows it.
        """
        named = place.workspace or self._in_force
        key = named, target and place.on_disk
        if key not in self._sessions:
            connection = None
            if place.on_disk:
                assert named is not None
                connection = Connection(folder_address(named), "", "", write=target)
            self._sessions[key] = await self._open.enter_async_context(
                open_session(named, connection=connection, options=self._options)
            )
        return self._sessions[key]


def is_elsewhere(text: str) -> bool:
    """Whether a word names a dataset by its whole place: an address, or of a profile that is there.

    A dataset's own name may have a colon in it too.
    """
    if (match := _PROFILE.fullmatch(text)) is None:
        return "://" in text
    from amltui.config.connection_values import LOCAL
    from amltui.config.profiles import profiles

    return not match[1] or match[1] == LOCAL or match[1] in {one.name for one in profiles()}


async def dataset_at(places: Places, text: str) -> tuple[Session, Dataset]:
    """The one dataset at a place, and the session with its workspace.

    Raises:
        NotFound: there is none.
        UsageError: there are several.
    """
    place = place_of(text)
    session = await places.session(place)
    found = await datasets_at(session, place.name)
    if len(found) != 1:
        raise UsageError(f"{visible(text)} names {len(found):,} datasets", hint="Name one of them.")
    return session, found[0]


def names_one(name: str, *, regex: bool = False) -> bool:
    """Whether it is the name of one dataset, not a pattern, a folder, or "" for all."""
    return bool(name) and not regex and not name.endswith("/") and not is_pattern(name)


async def datasets_at(session: Session, name: str, *, regex: bool = False) -> list[Dataset]:
    """The datasets of a name, of a pattern, or, of "", all that are no examples.

    `regex`: the pattern is a regular expression, as Python has them.

    Raises:
        NotFound: there is none.
        UsageError: it is no regular expression.
    """
    if names_one(name, regex=regex):
        found = await (await session.connect()).named(name)
        return [found if found is not None else await session.find(name)]
    listed = (await session.current_list()).datasets
    if name.endswith("/") and not regex:
        listed = tuple(one for one in listed if one.name.startswith(name))
        if not listed:
            # Of this disk, where `sync` takes it for a dataset's name.
            here = await asyncio.to_thread(Path(name).is_dir)
            hint = f"The folder of this disk is ./{visible(name)}" if here else ""
            raise NotFound(f"There is no folder {visible(name)}", 404, hint=hint)
        return list(listed)
    if not name:
        return [one for one in listed if not one.is_example]
    fitting = set(matching(name, [one.name for one in listed], regex=regex))
    found_some = [one for one in listed if one.name in fitting]
    if not found_some:
        raise NotFound(f'No dataset is named like "{visible(name)}".', 404)
    return found_some
