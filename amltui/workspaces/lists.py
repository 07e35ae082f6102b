"""What a list of datasets answers: one by its name, one level of folders, whether it changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from amltui.errors import NotFound, UsageError
from amltui.models import Dataset, Level, Listing
from amltui.text import near_names, visible


class ListBuilder:
    """A list that is put together page by page, with a validator made of what it shows."""

    def __init__(self) -> None:
        self._datasets: list[Dataset] = []
        self._unreadable = 0
        self._missing: list[str] = []
        self._digest = hashlib.sha256()

    def add(self, page: Iterable[Dataset], unreadable: int = 0) -> None:
        """Take a page, and how many entries beside it could not be read."""
        for one in page:
            shown = (one.id, one.description, one.data_type_id, one.tags, one.size)
            self._digest.update(f"{shown}\n".encode("utf-8", "surrogatepass"))
            self._datasets.append(one)
        self._unreadable += unreadable

    def lacks(self, why: str) -> None:
        """Take it that a part of the workspace could not be listed, and why."""
        self._missing.append(why)

    def listing(self, *, etag: str | None) -> Listing | None:
        """The list of all pages. None: unchanged since `etag`."""
        missing = tuple(self._missing)
        self._digest.update(f"{self._unreadable}{missing}".encode("utf-8", "surrogatepass"))
        now = self._digest.hexdigest()
        if now == etag:
            return None
        return Listing(tuple(self._datasets), now, self._unreadable, missing)


def level_of(prefix: str, datasets: Iterable[Dataset]) -> Level:
    """The level of a list of all; see `Workspace.level`."""
    folders: dict[str, None] = {}
    here = []
    for one in datasets:
        if one.name.startswith(prefix):
            head, slash, _ = one.name[len(prefix) :].partition("/")
            if slash:
                folders[f"{prefix}{head}/"] = None
            else:
                here.append(one)
    if prefix and not folders and not here:
        raise NotFound(f"There is no folder {visible(prefix)}", 404)
    return Level(tuple(folders), tuple(here))


def find_dataset(name: str, datasets: Iterable[Dataset]) -> Dataset:
    """The dataset of this id, name (case-sensitive) or key; see `Workspace.find`."""
    if not name:
        raise UsageError("A dataset's name is needed.", hint="The list shows what there is.")
    datasets = tuple(datasets)
    for dataset in datasets:
        if name == dataset.id:
            return dataset
    named = [one for one in datasets if one.name == name]
    named = named or [one for one in datasets if one.key == name]
    if len(named) == 1:
        return named[0]
    if named:
        raise UsageError(
            f'{len(named)} datasets are named "{visible(name)}".',
            hint="Name one by its id: " + " or ".join(dataset.id for dataset in named),
        )
    near = near_names(name, (dataset.name for dataset in datasets))
    raise NotFound(
        f'No dataset is named "{visible(name)}".',
        404,
        hint=f"Did you mean {near}?" if near else "The list shows what there is.",
    )
