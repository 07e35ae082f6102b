"""Several places looked at as one workspace: files, folders, object stores, web folders.

A file is named by its own name, what lies in a folder by the folder's and its path there. Names
that two places share are told apart by the folders above them, `sales (2024).csv`. A place that
cannot be opened is told in the list, and tried again with the next one; the others are there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Final, Self
from urllib.parse import unquote, urlsplit

from amltui.config.connection_values import input_path
from amltui.errors import AmltuiError, DatasetGone
from amltui.models import Dataset, Level, Listing, OutputPort, WorkspaceInfo
from amltui.text import visible
from amltui.workspaces.arrival import Arrival
from amltui.workspaces.capabilities import CAN, Capabilities, Capability
from amltui.workspaces.folder.files import TOP, FileWorkspace
from amltui.workspaces.lists import ListBuilder
from amltui.workspaces.terms import Content, LocalContent, Route

_READ_ONLY: Final = Capability("What is looked at by `amltui open` is only read.")


@dataclass(slots=True)
class _Place:
    """One of the places."""

    workspace: FileWorkspace
    name: str
    """Of a file its name here; of a folder what stands before the names in it, without the `/`."""
    entered: bool = False

    @property
    def below(self) -> str | None:
        """What stands before the names in a folder, with a `/`; None: it is a file."""
        return f"{self.name}/" if self.workspace.only is None else None

    def outer(self, dataset: Dataset) -> Dataset:
        """A dataset of the place as it is called here."""
        return _named(dataset, self.name if self.below is None else f"{self.below}{dataset.key}")

    def inner(self, key: str) -> str | None:
        """What is called `key` here, as the place calls it; None: it is not of this place."""
        if self.below is not None:
            return key.removeprefix(self.below) if key.startswith(self.below) else None
        return self.workspace.only if key == self.name else None


class SeveralPlaces(FileWorkspace):
    """The files of several places, for reading."""

    def __init__(self, places: Mapping[str, FileWorkspace]) -> None:
        """Take places by their addresses, none of them entered."""
        super().__init__()
        self._key = f"several:{' '.join(places)}"
        names = _told_apart([_parts(one) for one in places])
        self._places = [_Place(one, name) for one, name in zip(places.values(), names, strict=True)]
        self._opened = AsyncExitStack()

    @property
    def key(self) -> str:
        """All addresses."""
        return self._key

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._opened.aclose()
        for place in self._places:
            place.entered = False

    async def info(self) -> WorkspaceInfo:
        """How many they are."""
        return WorkspaceInfo(self.key, friendly_name=f"{len(self._places)} places")

    async def route(self) -> Route | None:
        """By several, or none."""
        return None

    async def capabilities(self) -> Capabilities:
        """Reading."""
        return Capabilities(
            write=_READ_ONLY,
            edit=_READ_ONLY,
            versions=Capability("Only the present version of a file is looked at here."),
            restore=_READ_ONLY,
            experiments=Capability("Files have no experiments."),
            tables=CAN,
        )

    async def datasets(self, *, etag: str | None = None) -> Listing | None:
        """The files of all places; which could not be opened stands beside them."""
        found = ListBuilder()
        for place in self._places:
            try:
                listing = await (await self._open(place)).datasets()
            except AmltuiError as error:
                found.lacks(f"{error}".rstrip(".") + ".")
                continue
            assert listing is not None  # asked without an etag
            found.add(map(place.outer, listing.datasets), listing.unreadable)
        return found.listing(etag=etag)

    async def level(self, prefix: str) -> Level:
        """One folder; of those of other places nothing is looked at."""
        for place in self._places:
            below = f"{place.name}/"
            if prefix.startswith(below):
                found = await (await self._open(place)).level(prefix.removeprefix(below))
                return Level(
                    tuple(f"{below}{one}" for one in found.folders),
                    tuple(map(place.outer, found.datasets)),
                    found.unreadable,
                )
        return await super().level(prefix)

    async def local_content(self, dataset: Dataset) -> LocalContent | None:
        """Where the file lies, if it lies on this disk."""
        if dataset.key.endswith("/"):
            return None
        place, key = await self._place(dataset.key)
        return await place.workspace.local_content(_named(dataset, key))

    async def arrival(self, dataset: Dataset) -> Arrival | None:
        """What brings it, if it still comes."""
        if dataset.key.endswith("/"):
            return None
        place, key = await self._place(dataset.key)
        return await place.workspace.arrival(_named(dataset, key))

    async def addresses(self, dataset: Dataset) -> tuple[str, ...]:
        """Where its place finds it."""
        if dataset.key == TOP:
            return ()
        place, key = await self._place(dataset.key)
        return await place.workspace.addresses(_named(dataset, key))

    @asynccontextmanager
    async def read(
        self,
        source: Dataset | OutputPort,
        *,
        start: int = 0,
        stop: int | None = None,
        etag: str | None = None,
    ) -> AsyncIterator[Content]:
        """Read where it lies."""
        dataset = await self._dataset_to_read(source)
        if dataset.key.endswith("/"):
            async with self._read_folder(dataset, start, stop, etag) as folder:
                yield folder
            return
        place, key = await self._place(dataset.key)
        there = _named(dataset, key)
        async with place.workspace.read(there, start=start, stop=stop, etag=etag) as content:
            yield content

    async def _present(self, key: str) -> Dataset:
        place, inner = await self._place(key)
        found = await place.workspace.named(inner)
        if found is None:
            raise DatasetGone(f"There is no file {visible(key)}", 404)
        return place.outer(found)

    async def _place(self, key: str) -> tuple[_Place, str]:
        """Whose a key is, opened, and what it is called there.

        Raises:
            DatasetGone: nobody's.
        """
        for place in self._places:
            if key == place.name or key.startswith(f"{place.name}/"):
                await self._open(place)
                if (inner := place.inner(key)) is not None:
                    return place, inner
        raise DatasetGone(f"There is no file {visible(key)}", 404)

    async def _open(self, place: _Place) -> FileWorkspace:
        if not place.entered:
            await self._opened.enter_async_context(place.workspace)
            place.entered = True
        return place.workspace


def _named(dataset: Dataset, key: str) -> Dataset:
    version = dataset.id.removeprefix(dataset.key)
    return replace(dataset, id=f"{key}{version}", family_id=key, name=key)


def _parts(address: str) -> tuple[str, ...]:
    if input_path(address) is not None:
        return ("standard input",)
    parts = urlsplit(address.removeprefix("web+"))
    path = PurePosixPath(unquote(parts.path)).parts
    where = "" if parts.scheme == "file" else f"{parts.scheme}:{parts.netloc}"
    return (where, *(one for one in path if one != "/"))


def _told_apart(paths: Sequence[tuple[str, ...]]) -> list[str]:
    """For each path its last part, with as many before it as tell it from the others.

    They have no slash, so that all stand beside each other: `sales (2024).csv`.
    """
    above = [0] * len(paths)
    while True:
        names = [_called(path, count) for path, count in zip(paths, above, strict=True)]
        shared = {name for name, count in Counter(names).items() if count > 1}
        grown = [
            at for at, name in enumerate(names) if name in shared and above[at] < len(paths[at]) - 1
        ]
        if not grown:
            break
        for at in grown:
            above[at] += 1
    return [name if name not in shared else f"{name} {at}" for at, name in enumerate(names, 1)]


def _called(path: tuple[str, ...], above: int) -> str:
    """The last part of a path, with some that stand before it, as a part of a name."""
    last = PurePosixPath(path[-1] or "root")
    more = " ".join(one for one in path[-1 - above : -1] if one)
    return f"{last.stem} ({more}){last.suffix}" if more else last.name
