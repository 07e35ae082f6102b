"""Naming one version of a dataset, in the same words everywhere.

    NAME                the latest version
    NAME@latest         the same
    NAME@1, NAME@2      the first, the second
    NAME@-1, NAME@-2    one, two before the latest
    NAME@2026-11-01     the latest at the end of that day; with a time, at that moment
    ID                  the version of this id

A name that holds such an ending itself is found first: `a@1` is the dataset of that name where
there is one.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from amltui.errors import DatasetGone, NotFound, Rejected, Unreachable, UsageError
from amltui.models import Dataset
from amltui.text import visible
from amltui.workspaces.base import Workspace
from amltui.workspaces.lists import find_dataset
from amltui.workspaces.terms import VersionPage

LATEST: Final = "latest"
_NUMBER: Final = re.compile(r"[+-]?\d{1,9}")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT: Final = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?"
)

Which = int | str | datetime
"""A number from 1, or below 0 from the latest back; `latest`; a day or moment; an id."""


@dataclass(frozen=True, slots=True)
class Version:
    """One of a dataset's versions."""

    number: int
    """1 is the first that the workspace keeps. Below that of a list that goes on, where nobody
    counted yet: 0 is the latest, -1 the one before it, as `NAME@-1` has it."""
    dataset: Dataset

    @property
    def label(self) -> str:
        """What stands behind the `@` of its name."""
        return str(self.number or LATEST)


def numbered(newest_first: Iterable[Dataset], *, more: bool = False) -> tuple[Version, ...]:
    """A workspace's answer with numbers, newest first; `more`: the oldest are not among them."""
    found = tuple(newest_first)
    count = 0 if more else len(found)
    return tuple(Version(count - place, one) for place, one in enumerate(found))


class VersionList:
    """The versions of one dataset, newest first, as far as they were read."""

    def __init__(self, workspace: Workspace, key: str) -> None:
        """Of the dataset with a key; nothing is asked before `read`."""
        self._workspace = workspace
        self._key = key
        self._found: list[Dataset] = []
        self._pages = self._older()
        self.more = True
        """Whether there may be older ones."""

    @property
    def versions(self) -> tuple[Version, ...]:
        """Those that were read."""
        return numbered(self._found, more=self.more)

    async def read(self) -> tuple[Version, ...]:
        """Read the next page, if there is one; what came, as steps back where it is not all.

        Raises:
            NotSupportedByServer: this workspace cannot list versions.
            DatasetGone: there is no such dataset.
        """
        before = len(self._found)
        try:
            page = await anext(self._pages, VersionPage(()))
        except BaseException:  # that ends the pages; what is read next are still older ones
            self._pages = self._older()
            raise
        self._found += page.versions
        self.more = page.more
        return numbered(self._found, more=self.more or before > 0)[before:]

    async def _older(self) -> AsyncGenerator[VersionPage]:
        known = {one.id for one in self._found}
        async for page in self._workspace.version_pages(self._key):
            older = tuple(one for one in page.versions if one.id not in known)
            if older or not page.more:
                yield VersionPage(older, page.more)

    async def pick(self, which: Which, name: str) -> Dataset:
        """As the function `pick`, of as many pages as it takes."""
        while self.more and not _is_among(which, self._found):
            await self.read()
        return pick(self._found, which, name)


def _is_among(which: Which, newest_first: Sequence[Dataset]) -> bool:
    """Whether older versions make no difference to what `which` means."""
    parsed: Which | None = which
    if isinstance(which, str):
        if any(one.id == which for one in newest_first):
            return True
        parsed = parse_which(which)
    match parsed:
        case datetime():
            made = (one.created_date for one in newest_first)
            return any(when is not None and when <= parsed.astimezone() for when in made)
        case int():
            return parsed == 0 or -len(newest_first) < parsed < 0
        case _:
            return parsed == LATEST and bool(newest_first)


def prunable(
    versions: Iterable[Version], *, keep: int = 1, before: datetime | None = None
) -> tuple[Version, ...]:
    """Which of a dataset's versions are deleted; never the latest.

    Args:
        versions: all of them, newest first.
        keep: how many of the newest stay, at least 1.
        before: only those that were made before this moment.
    """
    return tuple(
        one
        for one in list(versions)[max(keep, 1) :]
        if before is None
        or (one.dataset.created_date is not None and one.dataset.created_date < before)
    )


def parse_which(text: str) -> Which | None:
    """What follows the `@` of a name. None: it names no version.

    A day or moment without a zone is local time.
    """
    if text == LATEST:
        return LATEST
    if _NUMBER.fullmatch(text):
        return int(text)
    if not _DAY.fullmatch(text) and not _MOMENT.fullmatch(text):
        return None
    from amltui.times import parse_time

    try:
        moment = parse_time(text)
        whole_day = timedelta(days=1) if _DAY.fullmatch(text) else timedelta()
        return moment + whole_day - (timedelta(microseconds=1) if whole_day else timedelta())
    except (ValueError, OverflowError):
        return None


def pick(versions: Iterable[Dataset], which: Which, name: str) -> Dataset:
    """The version that `which` means, of all versions of a dataset, newest first.

    Raises:
        UsageError: `which` is no name of a version.
        NotFound: there is no such version; the hint says which there are.
    """
    found = numbered(versions)
    chosen: Dataset | None = None
    said = f"version {which}"
    if isinstance(which, str):
        chosen = next((one.dataset for one in found if one.dataset.id == which), None)
        parsed = parse_which(which) if chosen is None else None
        if parsed == LATEST:
            chosen = found[0].dataset if found else None
        elif parsed is not None:
            return pick([one.dataset for one in found], parsed, name)
        elif chosen is None and which.isalpha():
            raise UsageError(
                f'"{visible(which)}" names no version.',
                hint="Take a number from 1, -1, latest, a date like 2026-11-01, or an id.",
            )
    elif isinstance(which, datetime):
        moment = which if which.tzinfo else which.astimezone()
        said = f"version of {moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC or before"
        made = ((one.dataset.created_date, one.dataset) for one in found)
        chosen = next((one for when, one in made if when and when <= moment), None)
    else:
        if which == 0:
            raise UsageError("Versions are counted from 1.", hint="-1 is one before the latest.")
        place = len(found) - which if which > 0 else -which
        chosen = found[place].dataset if 0 <= place < len(found) else None
    if chosen is None:
        raise NotFound(f'"{visible(name)}" has no {visible(said)}.', 404, hint=_kept(found))
    return chosen


def _kept(found: tuple[Version, ...]) -> str:
    first = found[-1].dataset.created_date if found else None
    since = f", since {first:%Y-%m-%d %H:%M} UTC" if first else ""
    return f"It has versions 1 to {len(found)}{since}." if found else "It has none."


async def find_by_key(text: str, workspace: Workspace) -> Dataset | None:
    """As `find_version`, without the list; None: only the list can tell.

    Raises:
        UsageError, NotFound: as `find_version` does.
    """
    if not text or not workspace.named_by_key:
        return None
    found = await workspace.named(text)
    if found is not None:
        return found
    name, at, ending = text.rpartition("@")
    which = parse_which(ending) if at and name else None
    if which is None or which == LATEST:
        return await workspace.named(name) if which else None
    try:
        return await VersionList(workspace, name).pick(which, name)
    except DatasetGone:
        return None


async def find_version(
    text: str,
    datasets: Iterable[Dataset],
    connect: Callable[[], Awaitable[Workspace]],
) -> Dataset:
    """The dataset, or the version of one, that `text` names; `datasets` are the latest of each.

    Raises:
        UsageError: no name given, or several datasets have it.
        NotFound: there is none; the hint names near ones.
        NotSupportedByServer: this workspace cannot list versions.
    """
    datasets = tuple(datasets)
    try:
        return find_dataset(text, datasets)
    except NotFound as missing:
        name, at, ending = text.rpartition("@")
        which = parse_which(ending) if at and name else None
        if which is not None:
            latest = find_dataset(name, datasets)
            if which == LATEST:
                return latest
            return await VersionList(await connect(), latest.key).pick(which, name)
        if any(letter.isspace() for letter in text):  # no id has blanks
            raise
        try:
            return await (await connect()).dataset(text)
        except (NotFound, Rejected, Unreachable):
            raise missing from None
