"""The workspace's list of datasets: the cached copy at once, the fresh one when it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from amltui.cache import Cache
from amltui.models import Dataset, Listing
from amltui.workspaces.base import Workspace
from amltui.workspaces.lists import find_dataset
from amltui.workspaces.terms import Seen


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The list as it was at one moment."""

    datasets: tuple[Dataset, ...]
    """In the order of their names, letter case ignored."""
    fetched: datetime
    """When the workspace last confirmed this list (UTC)."""
    cached: bool
    """Whether it came from this disk and not from the workspace."""
    unreadable: int = 0
    """Entries that the workspace listed and that could not be understood, so are left out."""
    missing: tuple[str, ...] = ()
    """For each part of the workspace that could not be listed at all, a sentence that says why."""
    more: bool = False
    """Whether the list goes on, and the rest was not there yet."""

    @property
    def gap(self) -> str:
        """What the list lacks, in sentences; "" when nothing."""
        lacks = list(self.missing)
        if self.unreadable:
            total = len(self.datasets) + self.unreadable
            lacks.append(f"{self.unreadable} of {total} entries of the list could not be read.")
        return "\n".join(lacks)

    def find(self, name: str) -> Dataset:
        """The dataset of this name (case-sensitive) or id.

        Raises:
            UsageError: no name given, or several datasets have it.
            NotFound: none has it; the hint names near ones.
        """
        return find_dataset(name, self.datasets)


class Catalog:
    """The list of one workspace."""

    def __init__(self, key: str, cache: Cache, connect: Callable[[], Awaitable[Workspace]]) -> None:
        self._key = key
        self._cache = cache
        self._connect = connect
        self._current: Snapshot | None = None
        self._etag: str | None = None
        self._learnt: dict[str, Dataset] | None = None
        """By id, all that is known of versions of which a list says less. None: not looked up."""

    def learn(self, *datasets: Dataset) -> None:
        """Remember all that is known of versions, for lists that say less of them."""
        self._known.update((one.id, one) for one in datasets)
        if self._current is not None:
            found = tuple(self._whole(one) for one in self._current.datasets)
            self._current = replace(self._current, datasets=found)

    @property
    def _known(self) -> dict[str, Dataset]:
        if self._learnt is None:
            before = self.cached()
            self._learnt = {}
            for one in before.datasets if before is not None else ():
                if not one.is_brief:
                    self._learnt[one.id] = one
        return self._learnt

    def _whole(self, dataset: Dataset) -> Dataset:
        """What a list says of a version, with what was learnt of it: a version does not change.

        What may change, a list says itself.
        """
        known = self._known.get(dataset.id) if dataset.is_brief else None
        if known is None:
            return dataset
        return replace(known, description=dataset.description, is_latest=dataset.is_latest)

    def cached(self) -> Snapshot | None:
        """The list as it was last seen, by this process or on this disk; None when never.

        Reads one file the first time.
        """
        if self._current is None:
            stored = self._cache.load_listing(self._key)
            if stored is not None:
                self._current = _snapshot(stored.listing, stored.fetched, cached=True)
        return self._current

    async def refresh(self, seen: Seen | None = None) -> Snapshot:
        """Ask the workspace; an unchanged list costs one small answer.

        `seen` is given each page of a long list as it comes.

        Raises:
            Unreachable, Unauthorized, ServerFailed: `cached()` still has the last list.
        """
        workspace = await self._connect()

        def page(datasets: tuple[Dataset, ...]) -> None:
            if seen is not None:
                seen(tuple(map(self._whole, datasets)))

        listing = await workspace.listed(page, etag=self._etag)
        fetched = datetime.now(UTC)
        if listing is None:
            assert self._current is not None  # an etag is only known with a list
            self._current = replace(self._current, fetched=fetched, cached=False)
        else:
            self._etag = listing.etag
            whole = replace(listing, datasets=tuple(map(self._whole, listing.datasets)))
            self._current = _snapshot(whole, fetched, cached=False)
        current = self._current
        remembered = Listing(current.datasets, unreadable=current.unreadable)
        await asyncio.to_thread(self._cache.save_listing, self._key, remembered)
        return self._current


def in_order(datasets: Iterable[Dataset]) -> tuple[Dataset, ...]:
    """As lists show them: by name, letter case ignored."""
    return tuple(sorted(datasets, key=lambda d: (d.name.casefold(), d.id)))


def _snapshot(listing: Listing, fetched: datetime, *, cached: bool) -> Snapshot:
    datasets = in_order(listing.datasets)
    return Snapshot(datasets, fetched, cached, listing.unreadable, listing.missing)
