"""`AzureMLWorkspace`: data assets of Azure Machine Learning v2 as a `workspaces.base.Workspace`."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Self

import anyio

from amltui.config.azure import AzureWorkspaceId, Cloud
from amltui.errors import (
    AmltuiError,
    DatasetGone,
    NotFound,
    NotSupportedByServer,
    Rejected,
    Unreachable,
    UsageError,
)
from amltui.models import (
    Dataset,
    Level,
    Listing,
    OutputPort,
    WorkspaceInfo,
)
from amltui.text import visible
from amltui.workspaces.azureml.asset_ids import asset_name, parsed
from amltui.workspaces.base import Workspace, opened
from amltui.workspaces.capabilities import CAN, Capabilities, Capability
from amltui.workspaces.lists import ListBuilder
from amltui.workspaces.terms import Content, PartSizes, Route, Seen, Upload, VersionPage

if TYPE_CHECKING:
    from amltui.workspaces.azureml.arm import ResourceManager
    from amltui.workspaces.azureml.assets import Assets
    from amltui.workspaces.azureml.contents import Contents
    from amltui.workspaces.azureml.reading import Reader
    from amltui.workspaces.azureml.uploading import Uploading
    from amltui.workspaces.http.retries import Retry

_NO_RENAME: Final = Capability("Azure ML cannot rename a data asset: its name is its key.")
_NAME: Final = re.compile(r"[A-Za-z0-9][\w.-]{0,254}", re.ASCII)
_LONGEST_NAME: Final = 255
_AT_ONCE: Final = 4
"""Assets that are asked about at once, beside what a person waits for."""


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
        self._records: Assets | None = None
        self._reader: Reader | None = None
        self._contents: Contents | None = None
        self._uploading: Uploading | None = None

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
        from amltui.workspaces.azureml.assets import Assets
        from amltui.workspaces.azureml.contents import Contents
        from amltui.workspaces.azureml.reading import Reader
        from amltui.workspaces.azureml.stores import Stores
        from amltui.workspaces.azureml.tokens import Tokens
        from amltui.workspaces.azureml.uploading import Uploading
        from amltui.workspaces.azureml.writing import Uploads

        tokens = Tokens(self._cloud, subscription=self._id.subscription)
        self._manager = ResourceManager(self._cloud, tokens, self._retry)
        self._records = Assets(self._manager, self._id.path)
        stores = Stores(self._manager, self._id, tokens)
        self._reader = Reader(stores)
        self._contents = Contents(self._records, self._reader)
        uploads = Uploads(self._manager, stores, self._id.path, self._datastore)
        self._uploading = Uploading(uploads, self._records, self._id.address)

    async def __aexit__(self, *exc: object) -> None:
        manager, self._manager = self._manager, None
        uploading, self._uploading = self._uploading, None
        if uploading is not None:
            await uploading.close()
        if manager is not None:
            await manager.close()

    @property
    def _arm(self) -> ResourceManager:
        return opened(self._manager)

    @property
    def _assets(self) -> Assets:
        return opened(self._records)

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
        async for page, unreadable in self._assets.outlines():
            found.add(page, unreadable)
            seen(page)
        return found.listing(etag=etag)

    async def pages(self) -> AsyncIterator[tuple[Dataset, ...]]:
        """As `datasets`, as large as Azure makes a page, each asked for when it is wanted."""
        async with aclosing(self._assets.outlines()) as pages:
            async for page, _ in pages:
                yield page

    async def level(self, prefix: str) -> Level:
        """The assets; or, where an asset is a folder, the files and folders of one level of it."""
        name, _, inner = prefix.partition("/")
        if not name:
            return await super().level(prefix)
        asset = await self._assets.asset(name)
        latest = asset.properties.latest_version or ""
        version = await self._assets.version(name, latest, latest=latest)
        if version.source_origin != "uri_folder":
            raise NotFound(f"{visible(name)} is no folder", 404)
        place = version.download_location.location
        return await opened(self._reader).level(version, place, inner)

    async def find(self, name: str) -> Dataset:
        """An asset by its name, without its list; a wrong one is compared with all."""
        return await self.named(name) or await super().find(name)

    async def named(self, name: str) -> Dataset | None:
        """An asset, a version or a file in one by its name, without the list."""
        if not _NAME.fullmatch(re.split("[:/]", name, maxsplit=1)[0]):
            return None
        try:
            return await self.dataset(name)
        except (DatasetGone, UsageError):
            return None

    async def dataset(self, dataset_id: str) -> Dataset:
        """One version, or the latest where the id names none, with what its content is.

        Raises:
            DatasetGone: there is none, or the asset is archived.
        """
        name, version, inner = parsed(dataset_id)
        asset = await self._assets.asset(name)
        if asset.properties.is_archived:
            raise DatasetGone(
                f"{visible(name)} is archived",
                404,
                hint=f"Bring it back with: amltui azure restore {visible(name)}",
            )
        latest = asset.properties.latest_version or ""
        made = await self._assets.version(name, version or latest, latest=latest)
        return await self._described(made, inner)

    async def glance(self, datasets: Sequence[Dataset]) -> tuple[Dataset, ...]:
        """Type and size of assets that are files: two requests each, some at once."""
        limiter = anyio.Semaphore(_AT_ONCE)
        found: list[Dataset] = []
        away: list[AmltuiError] = []

        async def one(dataset: Dataset) -> None:
            async with limiter:
                try:
                    name, version, _ = parsed(dataset.id)
                    made = await self._assets.version(name, version or "", latest=version)
                    found.append(await self._described(made, ""))
                except Unreachable as error:
                    away.append(error)
                    group.cancel_scope.cancel()
                except AmltuiError:
                    pass  # what is gone or refused says so when it is looked at itself

        async with anyio.create_task_group() as group:
            for dataset in datasets:
                if dataset.is_brief and dataset.is_latest and dataset.source_origin == "uri_file":
                    group.start_soon(one, dataset)
        if away:
            raise away[0]
        return tuple(found)

    async def version_pages(self, key: str) -> AsyncIterator[VersionPage]:
        """The versions of an asset that are not archived, the latest first."""
        async with aclosing(self._assets.versions(asset_name(key), "ActiveOnly")) as pages:
            async for page in pages:
                yield page

    async def versions(self, key: str) -> tuple[Dataset, ...]:
        """All that `version_pages` gives."""
        return tuple([one async for page in self.version_pages(key) for one in page.versions])

    async def _described(self, dataset: Dataset, inner: str) -> Dataset:
        """A version, or a file in it, with type and size of its content."""
        from amltui.workspaces.azureml.messages import guessed

        if inner:
            name = f"{dataset.name}/{inner}"
            dataset = replace(dataset, id=f"{dataset.id}/{inner}", family_id=name, name=name)
        try:
            data = await opened(self._contents).find(dataset)
        except NotSupportedByServer as error:
            several = dataset.source_origin == "uri_folder" and not inner
            note = f"{error}. {error.hint}".strip()
            return guessed(replace(dataset, note=note, is_folder=several))
        return replace(
            dataset,
            data_type_id=data.data_type_id,
            size=data.size,
            uploaded_from_filename=data.filename,
            note=data.note,
        )

    async def addresses(self, dataset: Dataset) -> tuple[str, ...]:
        """The blobs, where their account is Azure's and their rows are as they lie."""
        data = await opened(self._contents).find(dataset, anew=False)
        return data.addresses()

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
        async with opened(self._contents).read(dataset, start, stop, etag) as content:
            yield content

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
    def _sending(self) -> Uploading:
        return opened(self._uploading)

    async def begin_upload(
        self, data_type_id: str, *, name: str = "", replaces: str | None = None
    ) -> Upload:
        """Begin a blob in the datastore."""
        begun = await self._sending.begin(name, data_type_id, replaces=replaces is not None)
        return Upload(begun, data_type_id)

    async def send_part(self, upload: Upload, index: int, data: bytes, *, total: int) -> None:
        """Send a part of the blob."""
        del total
        await self._sending.send(upload.id, index, data)

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
        del filename
        self.check_name(name)
        if replaces not in {None, name}:
            _NO_RENAME.require()
        kind = data_type_id or upload.data_type_id
        return await self._sending.commit(upload.id, kind, name, description, replaces)

    async def begin_folder(self, files: Sequence[str], *, name: str) -> str:
        """Choose a folder of the datastore."""
        return await self._sending.begin_folder(files, name)

    async def send_folder_part(self, upload: str, file: str, index: int, data: bytes) -> None:
        """Send a part of a blob in the folder."""
        await self._sending.send_in_folder(upload, file, index, data)

    async def end_folder_file(self, upload: str, file: str) -> None:
        """Make a blob of its parts."""
        await self._sending.end_in_folder(upload, file)

    async def commit_folder(
        self, upload: str, *, name: str, description: str = "", replaces: str | None = None
    ) -> str:
        """Make a version of an asset that points at the folder."""
        self.check_name(name)
        if replaces not in {None, name}:
            _NO_RENAME.require()
        return await self._sending.commit_folder(upload, name, description, replaces)

    async def edit(
        self,
        dataset: Dataset,
        *,
        name: str | None = None,
        description: str | None = None,
        begun: Callable[[str], None] = lambda _: None,
    ) -> Dataset:
        """Describe the latest version, and the asset, which the list shows."""
        del begun
        if name not in {None, dataset.name}:
            _NO_RENAME.require()
        if description is not None:
            name = asset_name(dataset.key)
            version = parsed(dataset.id)[1] or ""
            await self._assets.change(name, version, description=description)
            await self._assets.change(name, None, description=description)
        return await self.dataset(dataset.id)

    async def tag(self, dataset: Dataset, tags: Mapping[str, str | None]) -> Dataset:
        """Add tags to one version."""
        name, version, _ = parsed(dataset.id)
        asset_name(dataset.id)
        after = {**dict(dataset.tags), **tags}
        kept = {key: value for key, value in after.items() if value is not None}
        await self._assets.change(name, version or "", tags=kept)
        return await self.dataset(dataset.id)

    async def delete(self, key: str) -> None:
        """Archive the asset: Azure ML deletes none."""
        name = asset_name(key)
        if (await self._assets.asset(name)).properties.is_archived:
            raise DatasetGone(f"{visible(name)} is archived already", 404)
        await self._assets.change(name, None, isArchived=True)

    async def restore(self, dataset_id: str) -> Dataset:
        """Make a new version that points where an old one does."""
        name, version, _ = parsed(dataset_id)
        asset_name(dataset_id)
        asset = await self._assets.asset(name)
        old = await self._assets.version(name, version or "", latest=None)
        about = {
            "dataType": old.source_origin,
            "dataUri": old.download_location.location,
            "description": old.description,
            "tags": dict(old.tags),
        }
        made = await self._assets.create(name, asset.properties.next_version or "1", about)
        return await self.dataset(made)

    async def archived(self) -> tuple[Dataset, ...]:
        """Assets that are archived."""
        return tuple(
            [one async for page, _ in self._assets.outlines("ArchivedOnly") for one in page]
        )

    async def archive(self, dataset_id: str) -> None:
        """Archive one version, or the asset where the id names none."""
        await self._set_archived(dataset_id, archived=True)

    async def unarchive(self, dataset_id: str) -> None:
        """Bring one version back, or the asset where the id names none."""
        await self._set_archived(dataset_id, archived=False)

    async def _set_archived(self, dataset_id: str, *, archived: bool) -> None:
        name, version, _ = parsed(dataset_id)
        asset_name(dataset_id)
        await self._assets.change(name, version, isArchived=archived)
