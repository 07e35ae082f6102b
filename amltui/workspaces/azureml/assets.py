"""The data assets and their versions as Azure Resource Manager keeps them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote

from amltui.errors import Conflict, DatasetGone, NotFound
from amltui.models import Dataset
from amltui.text import visible
from amltui.workspaces.azureml.arm import ResourceManager
from amltui.workspaces.azureml.messages import (
    Asset,
    asset_id,
    guessed,
    outline,
    version_of,
)
from amltui.workspaces.terms import VersionPage

_NEWEST_FIRST: Final = "createdtime desc"
"""As Azure's own client asks for it."""


class Assets:
    """Asks for records of assets and versions, and changes them; no bytes of theirs."""

    def __init__(self, manager: ResourceManager, home: str) -> None:
        """Of the workspace whose path below the manager is `home`."""
        self._manager = manager
        self._home = home

    async def outlines(
        self, view: str = "ActiveOnly"
    ) -> AsyncGenerator[tuple[tuple[Dataset, ...], int]]:
        """Each page of the assets, the latest version for each, and how many it could not read."""
        path, operation = f"{self._home}/data", "listing data assets"
        seen: set[str] = set()  # a list that changes while it is read may say one twice
        async for page in self._manager.pages(path, Asset, operation=operation, listViewType=view):
            outlines = [
                one for asset in page.found if (one := outline(asset)) and one.key not in seen
            ]
            seen.update(one.key for one in outlines)
            yield tuple(guessed(one) for one in outlines), page.unreadable

    async def asset(self, name: str) -> Asset:
        """One asset, archived or not.

        Raises:
            DatasetGone: there is none.
        """
        operation = f"reading the data asset {visible(name)}"
        try:
            return await self._manager.get(self._path(name), Asset, operation=operation)
        except NotFound as error:
            raise DatasetGone(str(error), 404) from None

    async def version(self, name: str, version: str, *, latest: str | None) -> Dataset:
        """One version of an asset, whose latest one is `latest`.

        Raises:
            DatasetGone: there is none.
        """
        operation = f"reading version {visible(version)} of {visible(name)}"
        path = f"{self._path(name)}/versions/{quote(version, safe='')}"
        try:
            found = await self._manager.get(path, Asset, operation=operation)
        except NotFound as error:
            raise DatasetGone(str(error), 404) from None
        return version_of(name, found, latest=latest)

    async def versions(self, name: str, view: str) -> AsyncGenerator[VersionPage]:
        """Each page of an asset's versions, the latest first.

        Latest is by time, not by number; Azure itself says which it is.
        """
        latest = (await self.asset(name)).properties.latest_version
        operation = f"listing the versions of {visible(name)}"
        query = {"listViewType": view, "$orderBy": _NEWEST_FIRST}
        async for page in self._manager.pages(
            f"{self._path(name)}/versions", Asset, operation=operation, **query
        ):
            made = (version_of(name, one, latest=latest) for one in page.found)
            found = [guessed(replace(one, is_brief=True)) for one in made]
            found.sort(key=lambda one: (one.is_latest, _moment(one)), reverse=True)
            yield VersionPage(tuple(found), more=page.more)

    async def pointing_at(self, name: str, uri: str) -> str | None:
        """The id of a version that points there, of the latest ones. None: no such version.

        Nobody but one upload makes a version that points at the place of that upload.
        """
        async with aclosing(self.versions(name, "All")) as pages:
            async for page in pages:
                for one in page.versions:
                    if one.download_location.location == uri:
                        return one.id
                break
        return None

    async def next_version(self, name: str, *, replaces: bool) -> str:
        """The version that a new one of an asset gets.

        Raises:
            Conflict: it is to be a new asset, and there is one.
            DatasetGone: there is no asset that it could be a version of.
        """
        try:
            about = (await self.asset(name)).properties
        except DatasetGone:
            if replaces:
                raise
            return "1"
        if about.is_archived:
            hint = f"Bring it back with: amltui azure restore {visible(name)}"
            if replaces:
                raise DatasetGone(f"{visible(name)} is archived", 404, hint=hint)
            raise Conflict(f"An archived data asset has the name {visible(name)}", 409, hint=hint)
        if not replaces:
            raise Conflict(f"There is a data asset {visible(name)} already", 409)
        return about.next_version or "1"

    async def refuse_archived(self, name: str, *, replaces: bool = False) -> None:
        """See before bytes go that no archived asset has a name: no list shows that one.

        Raises:
            Conflict: one has it.
            DatasetGone: one has it that was to get a new version.
        """
        try:
            archived = (await self.asset(name)).properties.is_archived
        except DatasetGone:
            return
        if archived:
            await self.next_version(name, replaces=replaces)

    async def create(self, name: str, version: str, about: dict[str, Any]) -> str:
        """A version that is not there yet; its id."""
        operation = f"making version {visible(version)} of {visible(name)}"
        path = f"{self._path(name)}/versions/{quote(version, safe='')}"
        body = {"properties": {"isAnonymous": False, "isArchived": False, **about}}
        # A version never points elsewhere: doing it twice is the same, or is refused.
        await self._manager.put(path, body, Asset, operation=operation, repeat=True)
        return asset_id(name, version)

    async def change(self, name: str, version: str | None, **changes: Any) -> None:
        """Change what may be changed of a version, or of the asset (`version` None)."""
        path = self._path(name)
        if version is not None:
            path += f"/versions/{quote(version, safe='')}"
        operation = f"changing the data asset {visible(name)}"
        try:
            there = (await self._manager.get(path, Asset, operation=operation)).properties
        except NotFound as error:
            raise DatasetGone(str(error), 404) from None
        about = {
            "dataType": there.data_type,
            "description": there.description,
            "tags": there.tags or {},
            "properties": there.properties or {},
            "isArchived": bool(there.is_archived),
            **({} if version is None else {"dataUri": there.data_uri}),
        }
        body = {"properties": about | changes}
        await self._manager.put(path, body, Asset, operation=operation, repeat=True)

    def _path(self, name: str) -> str:
        return f"{self._home}/data/{quote(name, safe='')}"


def _moment(dataset: Dataset) -> float:
    return dataset.created_date.timestamp() if dataset.created_date else 0.0
