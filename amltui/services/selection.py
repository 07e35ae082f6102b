"""Several datasets at once: which are meant, where their files go, and working through them."""

from __future__ import annotations

import asyncio
import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final, TypeVar

from amltui.errors import (
    AmltuiError,
    DiskFull,
    NotFound,
    Unauthorized,
    Unreachable,
    UsageError,
)
from amltui.formats import file_name
from amltui.models import Dataset
from amltui.services.session import Session
from amltui.services.versions import find_version
from amltui.text import visible

T = TypeVar("T")
R = TypeVar("R")

_WILD: Final = frozenset("*?[")
_DIGITS: Final = (8, 32)
"""How many tell a file from one of the same name. The few are the same for all versions; the many,
where that is not enough, are of one version alone."""


@dataclass(frozen=True, slots=True)
class Selected:
    """What one word meant, or one of the things that it meant."""

    word: str
    found: Dataset | AmltuiError

    @property
    def name(self) -> str:
        """What to call it; not made safe to show."""
        return self.found.name if isinstance(self.found, Dataset) else self.word


def is_pattern(word: str) -> bool:
    """Whether `*`, `?` or `[...]` in it may stand for other letters."""
    return any(letter in _WILD for letter in word)


def matching(pattern: str, names: Iterable[str], *, regex: bool = False) -> list[str]:
    """The names that a pattern with `*`, `?` and `[...]` fits as a whole, letter case counts.

    `regex`: it is a regular expression, as Python has them.

    Raises:
        UsageError: it is none.
    """
    if not regex:
        return [name for name in names if fnmatchcase(name, pattern)]
    try:
        fits = re.compile(pattern, re.DOTALL).fullmatch
    except re.error as error:
        raise UsageError(f"{visible(pattern)} is no regular expression: {error}") from None
    return [name for name in names if fits(name)]


async def select(
    session: Session, words: Sequence[str], *, mine: bool = False, regex: bool = False
) -> list[Selected]:
    """The datasets that words mean, each once, in the order of the words.

    A word is what `Session.find` takes, or a pattern of names. A name that is spelled like a
    pattern is found first.

    Args:
        session: whose workspace is meant.
        words: names, versions, ids and patterns.
        mine: also all of the workspace's own.
        regex: whether each word is a regular expression that whole names fit.

    Raises:
        AmltuiError: the list cannot be had, or a word is no regular expression. What else is wrong
            with a word stands in its place.
    """
    datasets = (await session.current_list()).datasets
    names = {one.name for one in datasets}
    found: list[Selected] = []
    for word in words:
        if regex or (is_pattern(word) and word not in names):
            fitting = set(matching(word, names, regex=regex))
            fits = [Selected(word, one) for one in datasets if one.name in fitting]
            missing = NotFound(
                f'No dataset fits "{visible(word)}".', 404, hint="The list shows what there is."
            )
            found += fits or [Selected(word, missing)]
            continue
        try:
            found.append(Selected(word, await find_version(word, datasets, session.connect)))
        except (NotFound, UsageError) as error:
            found.append(Selected(word, error))
    if mine:
        found += [Selected(one.name, one) for one in datasets if not one.is_example]
    once = {one.found.id if isinstance(one.found, Dataset) else one.word: one for one in found}
    return list(once.values())


def file_targets(datasets: Sequence[Dataset], directory: Path, *, tree: bool = False) -> list[Path]:
    """Where the file of each dataset goes, never two to one file.

    Names that would meet, also on a disk that tells neither capitals from small letters nor how a
    letter is composed, each get some digits that only their dataset gives, always the same.

    Args:
        datasets: what is saved.
        directory: below which.
        tree: make folders of the `/` in names.
    """
    plain = [_relative(one, tree=tree) for one in datasets]
    folders = {_folded(parent) for path in plain for parent in path.parents}
    digits = [0] * len(plain)
    while True:
        paths = list(map(_marked, plain, datasets, digits))
        count = Counter(map(_folded, paths))
        met = [
            at
            for at, path in enumerate(paths)
            if (count[_folded(path)] > 1 or _folded(path) in folders) and digits[at] < _DIGITS[-1]
        ]
        if not met:
            return [directory / path for path in paths]
        for at in met:
            digits[at] = next(more for more in _DIGITS if more > digits[at])


def _relative(dataset: Dataset, *, tree: bool) -> Path:
    folders = [part for part in dataset.name.split("/") if part.strip()] if tree else []
    last = folders.pop() if folders else dataset.name
    safe = [file_name(part, "Zip").removesuffix(".zip") for part in folders]
    return Path(*safe, file_name(last, dataset.data_type_id))


def _folded(path: Path) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", str(path)).casefold())


def _marked(path: Path, dataset: Dataset, digits: int) -> Path:
    if not digits:
        return path
    what = dataset.family_id if digits == _DIGITS[0] else dataset.id
    digest = hashlib.sha256(f"{what}\0{dataset.name}".encode("utf-8", "replace")).hexdigest()
    return path.with_name(f"{path.stem}-{digest[:digits]}{path.suffix}")


def _ends(error: AmltuiError) -> bool:
    """Whether the next one would fail of it, too."""
    return isinstance(error, Unreachable | DiskFull) or (
        isinstance(error, Unauthorized) and error.status_code == 401
    )


async def work_through(
    items: Iterable[T], work: Callable[[T], Awaitable[R]], *, at_once: int
) -> AsyncGenerator[tuple[T, R | AmltuiError]]:
    """Do `work` for each, some at once, and give what came of each as it is done.

    After an error that all others would meet, as a network that is away, none is begun. Whoever
    stops early cancels what runs.
    """
    waiting = iter(items)
    running: dict[asyncio.Future[R], T] = {}
    going_on = True
    try:
        while True:
            while going_on and len(running) < at_once:
                try:
                    item = next(waiting)
                except StopIteration:
                    break
                running[asyncio.ensure_future(work(item))] = item
            if not running:
                return
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                item = running.pop(task)
                try:
                    yield item, task.result()
                except AmltuiError as error:
                    going_on = going_on and not _ends(error)
                    yield item, error
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
