"""`AzureMLWorkspace`: data assets of Azure Machine Learning v2 as a `workspaces.base.Workspace`."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import quote

from amltui.config.azure import AzureWorkspaceId, Cloud
from amltui.errors import (
    Conflict,
    ContentChanged,
    DatasetGone,
    NotFound,
    NotSupportedByServer,
    Rejected,
    Unauthorized,
    UsageError,
)
from amltui.formats import UNKNOWN_BINARY, data_type_of_name
from amltui.models import (
    TYPE_TAG,
    ContentInfo,
    Dataset,
    Level,
    Listing,
    LocalFile,
    OutputPort,
    WorkspaceInfo,
)
from amltui.text import visible
from amltui.workspaces.base import Workspace, opened
from amltui.workspaces.capabilities import CAN, Capabilities, Capability
from amltui.workspaces.chunks import bytes_given
from amltui.workspaces.lists import ListBuilder
from amltui.workspaces.terms import Content, PartSizes, Route, Seen, Upload

if TYPE_CHECKING:
    from amltui.workspaces.azureml.arm import ResourceManager
    from amltui.workspaces.azureml.messages import Asset
    from amltui.workspaces.azureml.reading import Data, Reader
    from amltui.workspaces.azureml.writing import Uploads
    from amltui.workspaces.http.retries import Retry

_NO_RENAME: Final = Capability("Azure ML cannot rename a data asset: its name is its key.")
_NAME: Final = re.compile(r"[A-Za-z0-9][\w.-]{0,254}", re.ASCII)
_LONGEST_NAME: Final = 255
_KEPT: Final = 512
"""Versions of which it is remembered where their bytes lie."""


class AzureMLWorkspace(Workspace):
    """The data assets of one workspace. An asset's name is its key; `name:version` is an id.

    A file of an asset that is a folder is named `name/path`, its id is `name:version/path`.
    """

    part_sizes = PartSizes(smallest=1, largest=64 << 20, most=40_000)
    named_by_key = True

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
        self._uploads: Uploads | None = None
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
        from amltui.workspaces.azureml.writing import Uploads

        tokens = Tokens(self._cloud, subscription=self._id.subscription)
        self._manager = ResourceManager(self._cloud, tokens, self._retry)
        stores = Stores(self._manager, self._id, tokens)
        self._reader = Reader(stores)
        self._uploads = Uploads(self._manager, stores, self._id.path, self._datastore)

    async def __aexit__(self, *exc: object) -> None:
        manager, self._manager = self._manager, None
        uploads, self._uploads = self._uploads, None
        if uploads is not None:
            await uploads.close()
        if manager is not None:
            await manager.close()

    @property
    def _arm(self) -> ResourceManager:
        return opened(self._manager)

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
            edit=CAN,
            rename=_NO_RENAME,
            versions=CAN,
            restore=CAN,
            archive=CAN,
            folders=CAN,
            tags=CAN,
            experiments=Capability("amltui shows only the data of an Azure ML workspace."),
        )

    # Listing

    async def datasets(self, *, etag: str | None = None) -> Listing | None:
        """The latest version of every asset that is not archived."""
        return await self.listed(lambda _: None, etag=etag)

    async def listed(self, seen: Seen, *, etag: str | None = None) -> Listing | None:
        """As `datasets`, with each page as Azure gives it."""
        found = ListBuilder()
        async for page, unreadable in self._pages():
            found.add(page, unreadable)
            seen(page)
        return found.listing(etag=etag)

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

    async def level(self, prefix: str) -> Level:
        """The assets; or, where an asset is a folder, the files and folders of one level of it."""
        name, _, inner = prefix.partition("/")
        if not name:
            return await super().level(prefix)
        asset = await self._asset(name)
        version = await self._version(asset, asset.properties.latest_version or "")
        if version.source_origin != "uri_folder":
            raise NotFound(f"{visible(name)} is no folder", 404)
        place = version.download_location.location
        return await opened(self._reader).level(version, place, inner)

    async def find(self, name: str) -> Dataset:
        """An asset by its name, without its list; a wrong one is compared with all."""
        return await self.named(name) or await super().find(name)

    async def named(self, name: str) -> Dataset | None:
        """An asset, a version or a file in one by its name, without the list."""
        try:
            return await self.dataset(name)
        except (DatasetGone, UsageError):
            return None

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
        found: list[Dataset] = []
        async with aclosing(self._version_pages(name, view)) as pages:
            async for page in pages:
                found += page
        # Latest is by time, not by number; Azure itself says which it is.
        found.sort(key=_moment, reverse=True)
        return tuple(sorted(found, key=lambda one: not one.is_latest))

    async def _version_pages(self, name: str, view: str) -> AsyncGenerator[tuple[Dataset, ...]]:
        from amltui.workspaces.azureml.messages import Asset, version_of

        latest = (await self._asset(name)).properties.latest_version
        operation = f"listing the versions of {visible(name)}"
        async for page, _ in self._arm.pages(
            f"{self._path(name)}/versions", Asset, operation=operation, listViewType=view
        ):
            made = (version_of(name, one, latest=latest) for one in page)
            yield tuple(_guessed(replace(one, is_brief=True)) for one in made)

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
        about = AssetProperties(
            data_type=dataset.source_origin,
            data_uri=dataset.download_location.location,
            tags=dict(dataset.tags),
        )
        inner = _parsed(dataset.id)[2]
        data = await opened(self._reader).data(dataset.name, about, inner)
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
        dataset = await self._dataset_to_read(source)
        async with AsyncExitStack() as stack:
            try:
                data = await self._find_data(dataset, anew=False)
                content = await self._content(stack, data, start, stop, etag)
            except (Unauthorized, ContentChanged, DatasetGone):
                # A signature that ended, or other bytes at the same place: look once more.
                data = await self._find_data(dataset)
                content = await self._content(stack, data, start, stop, etag)
            yield content

    async def _content(
        self, stack: AsyncExitStack, data: Data, start: int, stop: int | None, etag: str | None
    ) -> Content:
        from amltui.workspaces.parts import PiecesContent, pieces

        if len(data.parts) == 1 and data.rows is None:
            part = data.parts[0]
            assert part.source is not None
            assert part.file is not None
            reading = part.source.read(part.file, start=start, stop=stop, etag=etag)
            return await stack.enter_async_context(reading)
        size = data.size
        if size is None:
            made = data.made()
            info = ContentInfo(0, None, data.etag)
            most = stop if start == 0 else None
        else:
            info, end = bytes_given(size, data.etag, start=start, stop=stop, etag=etag)
            made = pieces(data.parts, info.start, end)
            most = None
        return await stack.enter_async_context(aclosing(PiecesContent(info, made, most)))

    def _path(self, name: str) -> str:
        return f"{self._id.path}/data/{quote(name, safe='')}"

    # Writing

    def check_name(self, name: str) -> None:
        """See that an asset can have this name.

        Raises:
            Rejected: it cannot.
        """
        if not _NAME.fullmatch(name):
            raise Rejected(
                "A data asset's name has 1 to 255 letters, digits, '.', '-' or '_'",
                400,
                hint="It begins with a letter or a digit.",
            )

    def name_for(self, dataset: Dataset, name: str) -> str:
        """A name that an asset can have."""
        del dataset
        if _NAME.fullmatch(name):
            return name
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
        plain = re.sub(r"[^\w.-]+", "-", plain, flags=re.ASCII).strip("-_.")[:_LONGEST_NAME]
        return plain or f"dataset-{hashlib.sha256(name.encode()).hexdigest()[:12]}"

    @property
    def _sending(self) -> Uploads:
        return opened(self._uploads)

    async def begin_upload(
        self, data_type_id: str, *, name: str = "", replaces: str | None = None
    ) -> Upload:
        """Begin a blob in the datastore."""
        del replaces
        begun = await self._sending.begin(name or "data", data_type_id)
        return Upload(begun.text, data_type_id)

    async def send_part(self, upload: Upload, index: int, data: bytes, *, total: int) -> None:
        """Send a part of the blob."""
        from amltui.workspaces.azureml.writing import Begun

        del total
        await self._sending.send(Begun.of(upload.id), index, data)

    async def commit(
        self,
        upload: Upload,
        *,
        name: str,
        description: str = "",
        data_type_id: str | None = None,
        replaces: str | None = None,
        filename: str = "",
    ) -> str:
        """Make the blob of its parts, and a version of an asset that points at it."""
        from amltui.workspaces.azureml.writing import Begun

        del filename
        self.check_name(name)
        if replaces not in {None, name}:
            _NO_RENAME.require()
        begun = Begun.of(upload.id)
        uri = self._uri(begun.datastore, begun.path)
        try:
            if replaces is not None and (made := await self._pointing_at(name, uri)):
                return made
            version = await self._next_version(name, replaces=replaces is not None)
        except Conflict:  # perhaps with what an earlier try made, whose answer was lost
            if made := await self._pointing_at(name, uri):
                return made
            raise
        await self._sending.complete(begun)
        kind = data_type_id or upload.data_type_id
        about = {
            "dataType": "uri_file",
            "dataUri": uri,
            "description": description,
            "tags": {} if data_type_of_name(begun.path) == kind else {TYPE_TAG: kind},
        }
        return await self._create(name, version, about)

    async def put_folder(
        self,
        files: Sequence[LocalFile],
        *,
        name: str,
        description: str = "",
        replaces: str | None = None,
        sent: Callable[[int], None],
    ) -> str:
        """Put the files into one folder of the datastore, and make a version that points there."""
        from amltui.workspaces.azureml.folders import send_folder
        from amltui.workspaces.http.retries import Retry

        self.check_name(name)
        if replaces not in {None, name}:
            _NO_RENAME.require()
        await self._next_version(name, replaces=replaces is not None)  # before bytes go
        retry = self._retry or Retry()
        place = await send_folder(self._sending, name, files, sent, retry)
        about = {
            "dataType": "uri_folder",
            "dataUri": f"{self._uri(place.datastore, place.path)}/",
            "description": description,
            "tags": {},
        }
        version = await self._next_version(name, replaces=replaces is not None)
        return await self._create(name, version, about)

    async def _pointing_at(self, name: str, uri: str) -> str | None:
        """The id of a version that points there, of the latest ones. None: no such version.

        Nobody but one upload makes a version that points at the place of that upload.
        """
        async with aclosing(self._version_pages(name, "All")) as pages:
            async for page in pages:
                return next((one.id for one in page if one.download_location.location == uri), None)
        return None

    def _uri(self, datastore: str, path: str) -> str:
        return f"{self._id.address}/datastores/{quote(datastore, safe='')}/paths/{path}"

    async def _next_version(self, name: str, *, replaces: bool) -> str:
        """The version that a new one of an asset gets.

        Raises:
            Conflict: it is to be a new asset, and there is one.
            DatasetGone: there is no asset that it could be a version of.
        """
        try:
            about = (await self._asset(name)).properties
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

    async def _create(self, name: str, version: str, about: dict[str, Any]) -> str:
        """A version that is not there yet; its id."""
        from amltui.workspaces.azureml.messages import Asset, asset_id

        operation = f"making version {visible(version)} of {visible(name)}"
        path = f"{self._path(name)}/versions/{quote(version, safe='')}"
        body = {"properties": {"isAnonymous": False, "isArchived": False, **about}}
        # A version never points elsewhere: doing it twice is the same, or is refused.
        await self._arm.put(path, body, Asset, operation=operation, repeat=True)
        return asset_id(name, version)

    async def edit(
        self, dataset: Dataset, *, name: str | None = None, description: str | None = None
    ) -> Dataset:
        """Describe the latest version, and the asset, which the list shows."""
        if name not in {None, dataset.name}:
            _NO_RENAME.require()
        if description is not None:
            asset_name = _asset_name(dataset.key)
            version = _parsed(dataset.id)[1] or ""
            await self._change(asset_name, version, description=description)
            await self._change(asset_name, None, description=description)
        return await self.dataset(dataset.id)

    async def tag(self, dataset: Dataset, tags: Mapping[str, str | None]) -> Dataset:
        """Add tags to one version."""
        name, version, _ = _parsed(dataset.id)
        _asset_name(dataset.id)
        after = {**dict(dataset.tags), **tags}
        kept = {key: value for key, value in after.items() if value is not None}
        await self._change(name, version or "", tags=kept)
        return await self.dataset(dataset.id)

    async def _change(self, name: str, version: str | None, **changes: Any) -> None:
        """Change what may be changed of a version, or of the asset (`version` None)."""
        from amltui.workspaces.azureml.messages import Asset

        path = self._path(name)
        if version is not None:
            path += f"/versions/{quote(version, safe='')}"
        operation = f"changing the data asset {visible(name)}"
        try:
            there = (await self._arm.get(path, Asset, operation=operation)).properties
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
        await self._arm.put(path, body, Asset, operation=operation, repeat=True)

    async def delete(self, key: str) -> None:
        """Archive the asset: Azure ML deletes none."""
        name = _asset_name(key)
        if (await self._asset(name)).properties.is_archived:
            raise DatasetGone(f"{visible(name)} is archived already", 404)
        await self._change(name, None, isArchived=True)

    async def restore(self, dataset_id: str) -> Dataset:
        """Make a new version that points where an old one does."""
        name, version, _ = _parsed(dataset_id)
        _asset_name(dataset_id)
        asset = await self._asset(name)
        old = await self._version(asset, version or "")
        about = {
            "dataType": old.source_origin,
            "dataUri": old.download_location.location,
            "description": old.description,
            "tags": dict(old.tags),
        }
        made = await self._create(name, asset.properties.next_version or "1", about)
        return await self.dataset(made)

    async def archived(self) -> tuple[Dataset, ...]:
        """Assets that are archived."""
        return tuple([one async for page, _ in self._pages("ArchivedOnly") for one in page])

    async def archive(self, dataset_id: str) -> None:
        """Archive one version, or the asset where the id names none."""
        await self._set_archived(dataset_id, archived=True)

    async def unarchive(self, dataset_id: str) -> None:
        """Bring one version back, or the asset where the id names none."""
        await self._set_archived(dataset_id, archived=False)

    async def _set_archived(self, dataset_id: str, *, archived: bool) -> None:
        name, version, _ = _parsed(dataset_id)
        _asset_name(dataset_id)
        await self._change(name, version, isArchived=archived)


def _guessed(dataset: Dataset) -> Dataset:
    """With the data type that names tell, or else the kind of asset that it is."""
    kind = data_type_of_name(dataset.download_location.location or dataset.name)
    if kind == UNKNOWN_BINARY:
        kind = dataset.source_origin or kind
    return replace(dataset, data_type_id=kind)


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
