"""`AzureMLWorkspace`: data assets of Azure Machine Learning v2 as a `workspaces.base.Workspace`."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import quote

from amltui.config.azure import AzureWorkspaceId, Cloud
from amltui.errors import (
    ContentChanged,
    DatasetGone,
    NotFound,
    NotSupportedByServer,
    Unauthorized,
    UsageError,
)
from amltui.formats import data_type_of_name
from amltui.models import ContentInfo, Dataset, Listing, OutputPort, WorkspaceInfo
from amltui.text import visible
from amltui.workspaces.base import CAN, Capabilities, Capability, Content, Route, Upload, Workspace

if TYPE_CHECKING:
    from amltui.workspaces.azureml.arm import ResourceManager
    from amltui.workspaces.azureml.messages import Asset
    from amltui.workspaces.azureml.reading import Data, Reader
    from amltui.workspaces.http.retries import Retry

NO_WRITING: Final = Capability("amltui only reads from Azure ML workspaces.")
_KEPT: Final = 512
"""Versions of which it is remembered where their bytes lie."""


class AzureMLWorkspace(Workspace):
    """The data assets of one workspace. An asset's name is its key; `name:version` is an id.

    A file of an asset that is a folder is named `name/path`, its id is `name:version/path`.
    """

    def __init__(
        self,
        workspace: AzureWorkspaceId,
        cloud: Cloud,
        *,
        datastore: str = "",
        retry: Retry | None = None,
    ) -> None:
        """Take a workspace; `datastore` is where uploads go, "" its default one."""
        self._id = workspace
        self._cloud = cloud
        self._datastore = datastore
        self._retry = retry
        self._manager: ResourceManager | None = None
        self._reader: Reader | None = None
        self._data: dict[str, Data] = {}

    def __repr__(self) -> str:
        return f"AzureMLWorkspace({self._id.address!r})"

    @property
    def key(self) -> str:
        """The workspace's address."""
        return self._id.address

    async def __aenter__(self) -> Self:
        import anyio.to_thread

        # httpx and the certificates take 0.2 s to load: not on the loop that draws a screen.
        await anyio.to_thread.run_sync(self._open)
        return self

    def _open(self) -> None:
        from amltui.workspaces.azureml.arm import ResourceManager
        from amltui.workspaces.azureml.reading import Reader
        from amltui.workspaces.azureml.stores import Stores
        from amltui.workspaces.azureml.tokens import Tokens

        tokens = Tokens(self._cloud)
        self._manager = ResourceManager(self._cloud, tokens, self._retry)
        self._reader = Reader(Stores(self._manager, self._id, tokens))

    async def __aexit__(self, *exc: object) -> None:
        manager, self._manager = self._manager, None
        if manager is not None:
            await manager.close()

    @property
    def _arm(self) -> ResourceManager:
        if self._manager is None:
            raise UsageError("This workspace is not open: use it within `async with`")
        return self._manager

    async def info(self) -> WorkspaceInfo:
        """Name and region."""
        from amltui.workspaces.azureml.messages import ManagedWorkspace

        operation = "reading the workspace's settings"
        about = await self._arm.get(self._id.path, ManagedWorkspace, operation=operation)
        more = about.properties
        return WorkspaceInfo(
            self._id.workspace,
            friendly_name=(more and more.friendly_name) or about.name,
            description=(more and more.description) or "",
            region=about.location or "",
            server="Azure Machine Learning",
        )

    async def route(self) -> Route:
        """How Azure Resource Manager is reached, found out by one request without a token."""
        return await self._arm.client.route()

    async def capabilities(self) -> Capabilities:
        """What Azure ML has for data assets."""
        return Capabilities(
            write=NO_WRITING,
            edit=Capability("Azure ML cannot rename a data asset."),
            versions=CAN,
            restore=NO_WRITING,
            experiments=Capability("amltui shows only the data of an Azure ML workspace."),
        )

    # Listing

    async def datasets(self, *, etag: str | None = None) -> Listing | None:
        """The latest version of every asset that is not archived."""
        found: list[Dataset] = []
        unreadable = 0
        digest = hashlib.sha256()
        async for page, missing in self._pages():
            found += page
            unreadable += missing
            for one in page:
                digest.update(f"{one.id}\0{one.description}\0{one.tags}\n".encode())
        digest.update(str(unreadable).encode())
        now = digest.hexdigest()
        return None if now == etag else Listing(tuple(found), now, unreadable)

    async def pages(self) -> AsyncIterator[tuple[Dataset, ...]]:
        """As `datasets`, as large as Azure makes a page, each asked for when it is wanted."""
        async with aclosing(self._pages()) as pages:
            async for page, _ in pages:
                yield page

    async def _pages(
        self, view: str = "ActiveOnly"
    ) -> AsyncGenerator[tuple[tuple[Dataset, ...], int]]:
        from amltui.workspaces.azureml.messages import Asset, outline

        path, operation = f"{self._id.path}/data", "listing data assets"
        seen: set[str] = set()  # a list that changes while it is read may say one twice
        async for found, unreadable in self._arm.pages(
            path, Asset, operation=operation, listViewType=view
        ):
            outlines = [one for asset in found if (one := outline(asset)) and one.key not in seen]
            seen.update(one.key for one in outlines)
            yield tuple(_guessed(one) for one in outlines), unreadable

    async def find(self, name: str) -> Dataset:
        """An asset by its name, without its list; a wrong one is compared with all."""
        if name:
            try:
                return await self.dataset(name)
            except (DatasetGone, UsageError):
                pass  # something that is near
        return await super().find(name)

    async def dataset(self, dataset_id: str) -> Dataset:
        """One version, or the latest where the id names none, with what its content is.

        Raises:
            DatasetGone: there is none, or the asset is archived.
        """
        name, version, inner = _parsed(dataset_id)
        asset = await self._asset(name)
        if asset.properties.is_archived:
            raise DatasetGone(
                f"{visible(name)} is archived",
                404,
                hint=f"Bring it back with: amltui azure restore {visible(name)}",
            )
        version = version or asset.properties.latest_version or ""
        made = await self._version(asset, version)
        return await self._described(made, inner)

    async def versions(self, key: str) -> tuple[Dataset, ...]:
        """All versions of an asset that are not archived, the latest first."""
        return await self._versions(_asset_name(key), "ActiveOnly")

    async def _versions(self, name: str, view: str) -> tuple[Dataset, ...]:
        from amltui.workspaces.azureml.messages import Asset, version_of

        asset = await self._asset(name)
        found: list[Dataset] = []
        operation = f"listing the versions of {visible(name)}"
        async for page, _ in self._arm.pages(
            f"{self._path(name)}/versions", Asset, operation=operation, listViewType=view
        ):
            latest = asset.properties.latest_version
            made = (version_of(name, one, latest=latest) for one in page)
            found += [_guessed(replace(one, is_brief=True)) for one in made]
        # Latest is by time, not by number; Azure itself says which it is.
        found.sort(key=_moment, reverse=True)
        return tuple(sorted(found, key=lambda one: not one.is_latest))

    async def _asset(self, name: str) -> Asset:
        from amltui.workspaces.azureml.messages import Asset

        operation = f"reading the data asset {visible(name)}"
        try:
            return await self._arm.get(self._path(name), Asset, operation=operation)
        except NotFound as error:
            raise DatasetGone(str(error), 404) from None

    async def _version(self, asset: Asset, version: str) -> Dataset:
        from amltui.workspaces.azureml.messages import Asset, version_of

        operation = f"reading version {visible(version)} of {visible(asset.name)}"
        path = f"{self._path(asset.name)}/versions/{quote(version, safe='')}"
        try:
            found = await self._arm.get(path, Asset, operation=operation)
        except NotFound as error:
            raise DatasetGone(str(error), 404) from None
        return version_of(asset.name, found, latest=asset.properties.latest_version)

    async def _described(self, dataset: Dataset, inner: str) -> Dataset:
        """A version, or a file in it, with type and size of its content."""
        if inner:
            name = f"{dataset.name}/{inner}"
            dataset = replace(dataset, id=f"{dataset.id}/{inner}", family_id=name, name=name)
        try:
            data = await self._find_data(dataset)
        except NotSupportedByServer as error:
            return _guessed(replace(dataset, note=f"{error}. {error.hint}".strip()))
        return replace(
            dataset,
            data_type_id=data.data_type_id,
            size=data.size,
            uploaded_from_filename=data.filename,
            note=data.note,
        )

    # Reading

    async def _find_data(self, dataset: Dataset, *, anew: bool = True) -> Data:
        """Where a version's bytes lie; `anew` false: as it was found before, if it was."""
        from amltui.workspaces.azureml.messages import AssetProperties

        if not anew and (known := self._data.get(dataset.id)) is not None:
            return known
        if not dataset.download_location.location:
            name, version, _ = _parsed(dataset.id)
            asset = await self._asset(name)
            known_there = await self._version(asset, version or "")
            dataset = replace(
                dataset,
                download_location=known_there.download_location,
                source_origin=known_there.source_origin,
                tags=known_there.tags,
            )
        assert self._reader is not None
        about = AssetProperties(
            data_type=dataset.source_origin,
            data_uri=dataset.download_location.location,
            tags=dict(dataset.tags),
        )
        inner = _parsed(dataset.id)[2]
        data = await self._reader.data(dataset.name, about, inner)
        while len(self._data) >= _KEPT:
            del self._data[next(iter(self._data))]
        self._data[dataset.id] = data
        return data

    @asynccontextmanager
    async def read(
        self,
        source: Dataset | OutputPort,
        *,
        start: int = 0,
        stop: int | None = None,
        etag: str | None = None,
    ) -> AsyncIterator[Content]:
        """Read from where the asset points; what is changed while it is read comes from byte 0."""
        if isinstance(source, OutputPort):
            raise NotFound("amltui shows only the data of an Azure ML workspace", 404)
        async with AsyncExitStack() as opened:
            try:
                data = await self._find_data(source, anew=False)
                content = await self._opened(opened, data, start, stop, etag)
            except (Unauthorized, ContentChanged, DatasetGone):
                # A signature that ended, or other bytes at the same place: look once more.
                data = await self._find_data(source)
                content = await self._opened(opened, data, start, stop, etag)
            yield content

    async def _opened(
        self, opened: AsyncExitStack, data: Data, start: int, stop: int | None, etag: str | None
    ) -> Content:
        from amltui.workspaces.azureml.contents import PiecesContent, pieces

        if len(data.parts) == 1 and data.rows is None:
            part = data.parts[0]
            assert part.store is not None
            assert part.blob is not None
            reading = part.store.read(part.blob, start=start, stop=stop, etag=etag)
            return await opened.enter_async_context(reading)
        size = data.size
        if size is None:
            made = data.made()
            info = ContentInfo(0, None, data.etag)
            most = stop if start == 0 else None
        else:
            begin = start if etag in {None, data.etag} else 0
            end = size if stop is None or begin != start else min(stop, size)
            made = pieces(data.parts, min(begin, size), end)
            info = ContentInfo(min(begin, size), size, data.etag, ranges=True)
            most = None
        return await opened.enter_async_context(aclosing(PiecesContent(info, made, most)))

    def _path(self, name: str) -> str:
        return f"{self._id.path}/data/{quote(name, safe='')}"

    # Writing

    async def begin_upload(self, data_type_id: str, *, name: str = "") -> Upload:
        """Refuse."""
        del data_type_id, name
        raise NotSupportedByServer(NO_WRITING.missing, 405)

    async def send_part(self, upload: Upload, index: int, data: bytes, *, total: int) -> None:
        """Refuse."""
        del upload, index, data, total
        NO_WRITING.require()

    async def commit(self, upload: Upload, **about: Any) -> str:
        """Refuse."""
        del upload, about
        raise NotSupportedByServer(NO_WRITING.missing, 405)

    async def edit(
        self, dataset: Dataset, *, name: str | None = None, description: str | None = None
    ) -> Dataset:
        """Refuse."""
        del dataset, name, description
        await self._require("edit")
        raise NotImplementedError

    async def delete(self, key: str) -> None:
        """Refuse."""
        del key
        NO_WRITING.require()


def _guessed(dataset: Dataset) -> Dataset:
    """With the data type that names tell."""
    said = dataset.download_location.location or dataset.name
    return replace(dataset, data_type_id=data_type_of_name(said))


def _moment(dataset: Dataset) -> float:
    return dataset.created_date.timestamp() if dataset.created_date else 0.0


def _parsed(dataset_id: str) -> tuple[str, str | None, str]:
    """Name, version (None: the latest) and the path of a file in a folder ("": none)."""
    whole, _, inner = dataset_id.partition("/")
    name, colon, version = whole.partition(":")
    if not name or (colon and not version):
        raise DatasetGone(f"There is no data asset {visible(dataset_id)}", 404)
    return name, version or None, inner


def _asset_name(key: str) -> str:
    name, _, inner = _parsed(key)
    if inner:
        raise NotSupportedByServer(
            f"{visible(key)} is a file in a data asset, which only changes as a whole",
            405,
            hint=f"Name the asset: {visible(name)}",
        )
    return name
