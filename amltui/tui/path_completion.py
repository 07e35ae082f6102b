"""Looking at a folder while its path is being typed. Blocks on the disk: call it in a thread."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from amltui.disk import expanded

LIMIT: Final = 5_000
"""Entries that are listed; the rest can still be reached by typing."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file or folder."""

    name: str
    folder: bool
    size: int = 0
    """Bytes; 0 for folders."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What a typed path leads to."""

    typed: str
    base: str
    """The folder part of what was typed, with its slash; "" when there is none."""
    entries: tuple[Candidate, ...] = ()
    """What the folder holds that begins with the rest of the text, folders first."""
    more: bool = False
    """Whether entries were left out."""
    problem: str = ""

    @property
    def completion(self) -> str:
        """The typed path, as far as all entries agree."""
        common = _common_prefix([entry.name for entry in self.entries])
        if len(self.entries) == 1 and self.entries[0].folder:
            common += "/"
        return self.base + common if self.entries else self.typed


def _common_prefix(names: Sequence[str]) -> str:
    if not names:
        return ""
    first, last = min(names), max(names)
    end = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), None)
    return first[: min(len(first), len(last)) if end is None else end]


def full_path(typed: str) -> Path:
    """The absolute path that a person typed, `~` included. Reads no file."""
    return expanded(typed).absolute()


def complete(typed: str) -> Completion:
    """List what a typed path can become; hidden entries only when their dot was typed."""
    base, _, start = typed.rpartition("/")
    base = f"{base}/" if "/" in typed else ""
    if typed == "~":
        base, start = "~/", ""
    folder = expanded(base or ".")
    entries: list[Candidate] = []
    more = False
    try:
        with os.scandir(folder) as scan:
            for entry in scan:
                if not entry.name.startswith(start) or (
                    entry.name.startswith(".") and not start.startswith(".")
                ):
                    continue
                if len(entries) >= LIMIT:
                    more = True
                    break
                entries.append(_found(entry))
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        return Completion(typed, base, problem=f"{folder}: {reason}")
    entries.sort(key=lambda found: (not found.folder, found.name.casefold()))
    return Completion(typed, base, tuple(entries), more)


def _found(entry: os.DirEntry[str]) -> Candidate:
    try:
        folder = entry.is_dir()
        return Candidate(entry.name, folder, 0 if folder else entry.stat().st_size)
    except OSError:
        return Candidate(entry.name, folder=False)


def is_folder(path: Path) -> bool:
    """Whether a path is a folder that can be looked at."""
    try:
        return path.is_dir()
    except OSError:
        return False


def file_problem(typed: str) -> str:
    """Why a path cannot be sent, or ""."""
    if not typed.strip():
        return "Type the path of a file, or choose one in the list."
    path = expanded(typed)
    try:
        if path.is_dir():
            return f"{path} is a folder: choose a file in it."
        with path.open("rb"):
            return ""
    except OSError as error:
        return f"{path}: {(error.strerror or 'cannot be read').lower()}"


def free_name(path: Path, taken: Sequence[str] = ()) -> Path:
    """`path`, or the first of `name-2.csv`, `name-3.csv`… that is not there yet."""
    number = 2
    found = path
    while found.exists() or found.name in taken:
        found = path.with_name(f"{path.stem}-{number}{path.suffix}")
        number += 1
    return found
