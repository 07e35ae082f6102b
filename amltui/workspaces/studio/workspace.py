"""`StudioWorkspace`: the protocol of Studio (classic) as a `workspaces.base.Workspace`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self, TypeVar

import msgspec

from amltui.config.paths import content_file
from amltui.errors import (
    ConfigError,
    ContentLost,
    DatasetGone,
    HttpError,
    LinkExpired,
    NotFound,
    NotSupportedByServer,
    Rejected,
    ServerFailed,
    Unreachable,
    UsageError,
)
from amltui.models import (
    Dataset,
    Experiment,
    Listing,
    Location,
    OutputPort,
    Quota,
    User,
    WorkspaceInfo,
)
from amltui.wire import lenient, messages, names, routes
from amltui.workspaces.base import Workspace, opened
from amltui.workspaces.capabilities import CAN, Capabilities, Capability
from amltui.workspaces.http.retries import Retry
from amltui.workspaces.studio.address import normal_endpoint
from amltui.workspaces.studio.token import WorkspaceToken
from amltui.workspaces.terms import Content, LocalContent, Route, Upload

if TYPE_CHECKING:
    import httpx

    from amltui.workspaces.http.client import ApiClient
    from amltui.workspaces.studio.contents import Wanted

M = TypeVar("M", bound=msgspec.Struct)
T = TypeVar("T")

OWNER: Final = "Python SDK"
"""What the old client gave as every dataset's owner."""
_LARGE: Final = 1 << 20
"""Answers above this many bytes are decoded on a thread."""
_LINKS_KEPT: Final = 512


def _capabilities(known: frozenset[str]) -> Capabilities:
    """What a server with these extensions can do; the original protocol has none of them."""

    def extension(name: str, what: str) -> Capability:
        if name in known:
            return CAN
        return Capability(
            f"This workspace's server cannot {what}: it speaks only the original protocol."
        )

    return Capabilities(
        edit=extension(messages.Extension.EDIT, "rename or describe a dataset in place"),
        versions=extension(messages.Extension.VERSIONS, "list a dataset's versions"),
        restore=extension(messages.Extension.RESTORE, "restore an old version"),
        prune=extension(messages.Extension.PRUNE, "delete single versions"),
        publish=extension(messages.Extension.PUBLISH, "take an experiment's outputs"),
        tokens=extension(messages.Extension.TOKENS, "manage access tokens"),
        experiments=CAN,
        users=CAN,
        quota=CAN,
    )


def _lost(error: HttpError) -> ContentLost:
    """What a host means that has nothing behind a link which the workspace has just given."""
    if error.status_code == 410:  # our own server's word, which says it all
        return ContentLost(str(error))
    return ContentLost(f"{error}: these contents are gone from the server's store")


class StudioWorkspace(Workspace):
    """A workspace on a Studio (classic) style server.

    `key` names it in caches; by default endpoint and id. Give one where the endpoint changes.
    `data` is the directory of a server on this machine that keeps its contents there.
    """

    def __init__(
        self,
        endpoint: str,
        workspace_id: str,
        token: str,
        *,
        key: str | None = None,
        retry: Retry | None = None,
        data: Path | None = None,
    ) -> None:
        token = token.strip()
        if not workspace_id or not token:
            raise ConfigError("A workspace needs an id and an authorization token")
        if not (token.isascii() and token.isprintable()):
            raise ConfigError("The authorization token holds characters that no token has")
        self._endpoint = normal_endpoint(endpoint)
        self._id = workspace_id
        self._token = token
        self._key = key or f"{self._endpoint}{workspace_id}"
        self._retry = retry or Retry()
        self._data = data
        self._opened: ApiClient | None = None
        self._capabilities: Capabilities | None = None
        self._renewed_links: dict[str, Location] = {}

    def __repr__(self) -> str:
        return f"StudioWorkspace({self._endpoint!r}, {self._id!r})"

    @property
    def key(self) -> str:
        """What names this workspace in caches, the same at every start; no secret in it."""
        return self._key

    async def __aenter__(self) -> Self:
        import anyio.to_thread

        # httpx and the certificates take 0.2 s to load: not on the loop that draws a screen.
        self._opened = await anyio.to_thread.run_sync(self._open)
        return self

    def _open(self) -> ApiClient:
        from amltui.workspaces.http.client import ApiClient

        return ApiClient(self._endpoint, WorkspaceToken(self._token), self._retry)

    async def __aexit__(self, *exc: object) -> None:
        client, self._opened = self._opened, None
        if client is not None:
            await client.close()

    @property
    def _client(self) -> ApiClient:
        return opened(self._opened)

    async def info(self) -> WorkspaceInfo:
        """Name, region, and for owners the tokens."""
        operation = "reading the workspace's settings"
        response = await self._client.request(
            "GET", self._path(routes.WORKSPACE), operation=operation
        )
        settings = await self._decode(response.content, messages.WorkspaceSettings, operation)
        return settings.model(response.headers.get("Server", ""))

    async def route(self) -> Route:
        """How it is reached, found out by one request without a token."""
        return await self._client.route()

    async def capabilities(self) -> Capabilities:
        """What can be done here; asked once, then remembered."""
        if self._capabilities is None:
            try:
                known = (await self.info()).extensions
            except (NotFound, NotSupportedByServer):
                known = frozenset()
            self._capabilities = _capabilities(known)
        return self._capabilities

    async def datasets(self, *, etag: str | None = None) -> Listing | None:
        """The latest instance of every family. None: unchanged since `etag`."""
        operation = "listing datasets"
        response = await self._client.request(
            "GET",
            self._path(routes.DATASOURCES),
            operation=operation,
            headers={"If-None-Match": etag} if etag else None,
        )
        if response.status_code == 304:
            return None
        found, unreadable = await self._decode_list(
            response.content, messages.DataSource, operation
        )
        datasets = tuple(one.model() for one in found)
        return Listing(datasets, response.headers.get("ETag"), unreadable)

    async def dataset(self, dataset_id: str) -> Dataset:
        """One instance, with fresh links.

        Raises:
            DatasetGone: the workspace does not know it.
        """
        operation = "reading a dataset's metadata"
        path = self._path(routes.DATASOURCE, id=dataset_id)
        response = await self._client.request(
            "GET", path, operation=operation, not_found=DatasetGone
        )
        return (await self._decode(response.content, messages.DataSource, operation)).model()

    async def local_content(self, dataset: Dataset) -> LocalContent | None:
        """Where the contents lie, of a server on this machine that keeps them as files."""
        if self._data is None:
            return None
        sha256 = dataset.sha256 or (await self.dataset(dataset.id)).sha256
        if sha256 is None:
            return None
        path = content_file(self._data, sha256)

        def there() -> bool:
            try:
                return path.is_file() and path.stat().st_size == dataset.size
            except OSError:
                return False

        import anyio.to_thread

        return LocalContent(path, sha256) if await anyio.to_thread.run_sync(there) else None

    @asynccontextmanager
    async def read(
        self,
        source: Dataset | OutputPort,
        *,
        start: int = 0,
        stop: int | None = None,
        etag: str | None = None,
    ) -> AsyncIterator[Content]:
        """Open bytes `start` to before `stop`; see `base.Workspace.read`."""
        if start < 0 or (stop is not None and stop <= start):
            raise UsageError(f"There are no bytes from {start} to before {stop}")
        opening = (
            self._read_dataset(source, start, stop, etag)
            if isinstance(source, Dataset)
            else self._read_output(source, start, stop, etag)
        )
        async with opening as content:
            yield content

    @asynccontextmanager
    async def _read_output(
        self, port: OutputPort, start: int, stop: int | None, etag: str | None
    ) -> AsyncIterator[Content]:
        from amltui.workspaces.studio.contents import StudioContent, Wanted

        wanted = Wanted("reading an experiment's output", start, stop, etag)
        url = self._endpoint + self._output_path(port)
        answer = self._client.stream(
            url, operation=wanted.operation, headers=wanted.headers(), authenticated=True
        )
        async with AsyncExitStack() as stack:
            try:
                response = await stack.enter_async_context(answer)
            except HttpError as error:
                if error.status_code == 410:
                    raise _lost(error) from None
                raise
            yield await stack.enter_async_context(
                aclosing(StudioContent(self._client, response, wanted))
            )

    @asynccontextmanager
    async def _read_dataset(
        self, dataset: Dataset, start: int, stop: int | None, etag: str | None
    ) -> AsyncIterator[Content]:
        from amltui.workspaces.studio.contents import StudioContent, Wanted

        wanted = Wanted("reading a dataset's contents", start, stop, etag, dataset.size)
        async with AsyncExitStack() as stack:
            response = await self._follow_link(stack, dataset, wanted)
            yield await stack.enter_async_context(
                aclosing(StudioContent(self._client, response, wanted))
            )

    async def _follow_link(
        self, stack: AsyncExitStack, dataset: Dataset, wanted: Wanted
    ) -> httpx.Response:
        """The answer of the content's host, by a fresh link where the old one is refused."""
        location = self._renewed_links.get(dataset.id, dataset.download_location)
        renewed = False
        if not location.access_credential:
            # Credentials are never stored, so a link without one is old, its host too.
            location, renewed = await self._renew(dataset.id), True
        while True:
            answer = self._client.stream(
                location.url,
                operation=wanted.operation,
                headers=wanted.headers(),
                authenticated=False,
            )
            try:
                return await stack.enter_async_context(answer)
            except HttpError as error:
                if error.status_code not in {401, 403, 404, 410}:
                    raise
                if renewed:
                    if error.status_code in {404, 410}:
                        raise _lost(error) from None
                    raise LinkExpired(f"{error}: even a fresh link was refused") from None
            location, renewed = await self._renew(dataset.id), True

    async def _renew(self, dataset_id: str) -> Location:
        place = (await self.dataset(dataset_id)).download_location
        if not place.url:
            raise NotFound("The workspace gave no link to the dataset's contents", 404)
        while len(self._renewed_links) >= _LINKS_KEPT:
            del self._renewed_links[next(iter(self._renewed_links))]
        self._renewed_links[dataset_id] = place
        return place

    def check_name(self, name: str) -> None:
        """See before contents are sent that a dataset can have this name at all."""
        problem = names.problem_with(name)
        if problem:
            raise Rejected(problem, 400, hint="Choose another name.")

    async def begin_upload(
        self, data_type_id: str, *, name: str = "", replaces: str | None = None
    ) -> Upload:
        """Begin an upload of any number of parts, also none."""
        del name, replaces
        operation = "beginning an upload"
        path = routes.resource_upload(self._id, data_type_id)
        response = await self._client.request("POST", path, operation=operation, content=b"")
        answer = await self._decode(response.content, messages.ResourceUpload, operation)
        return Upload(answer.id, data_type_id)

    async def send_part(self, upload: Upload, index: int, data: bytes, *, total: int) -> None:
        """Send part `index` (0-based) of `total`; safe to repeat with equal bytes."""
        path = routes.blob_upload(
            self._id,
            blocks=total,
            block=index,
            upload_id=upload.id,
            data_type_id=upload.data_type_id,
        )
        await self._client.request(
            "POST", path, operation="sending a part of an upload", content=data
        )

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
        """Make the uploaded parts a dataset, or the latest instance of a family; its id."""
        operation = "making the uploaded contents a dataset"
        body = messages.CreateDataSource(
            data_source=messages.NewDataSource(
                name=name,
                data_type_id=data_type_id or upload.data_type_id,
                description=description,
                family_id=replaces,
                owner=OWNER,
            ),
            upload_id=upload.id,
            uploaded_from_file_name=filename,
        )
        response = await self._client.request(
            "POST",
            self._path(routes.DATASOURCES),
            operation=operation,
            content=msgspec.json.encode(body),
            idempotent=False,
            not_found=DatasetGone,
        )
        return await self._decoded(
            lambda: msgspec.json.decode(response.content, type=str), 0, operation
        )

    async def edit(
        self,
        dataset: Dataset,
        *,
        name: str | None = None,
        description: str | None = None,
        begun: Callable[[str], None] = lambda _: None,
    ) -> Dataset:
        """Change the name or description of the latest instance without its contents."""
        del begun
        await self._require("edit")
        operation = "changing a dataset's name or description"
        response = await self._client.request(
            "PATCH",
            self._path(routes.FAMILY, family=dataset.family_id),
            operation=operation,
            content=msgspec.json.encode(
                messages.EditDataSource(name=name, description=description)
            ),
            not_found=DatasetGone,
        )
        return (await self._decode(response.content, messages.DataSource, operation)).model()

    async def delete(self, key: str) -> None:
        """Delete a dataset with all its instances."""
        await self._delete("deleting a dataset", self._path(routes.FAMILY, family=key))

    async def delete_version(self, dataset_id: str) -> None:
        """Delete one instance that is not the latest."""
        await self._require("prune")
        await self._delete("deleting a version", self._path(routes.DATASOURCE, id=dataset_id))

    async def _delete(self, operation: str, path: str) -> None:
        try:
            await self._client.request(
                "DELETE", path, operation=operation, not_found=DatasetGone, idempotent=False
            )
        except (Unreachable, ServerFailed):
            # The answer may be lost and the dataset gone: asking again tells, and does no harm.
            try:
                await self._client.request(
                    "DELETE", path, operation=operation, not_found=DatasetGone
                )
            except DatasetGone:
                return

    async def versions(self, key: str) -> tuple[Dataset, ...]:
        """All instances of a family, newest first."""
        await self._require("versions")
        operation = "listing a dataset's versions"
        path = self._path(routes.VERSIONS, family=key)
        response = await self._client.request(
            "GET", path, operation=operation, not_found=DatasetGone
        )
        found, _ = await self._decode_list(response.content, messages.DataSource, operation)
        return tuple(one.model() for one in found)

    async def restore(self, dataset_id: str) -> Dataset:
        """Make an old instance's contents the family's latest again, as a new instance."""
        await self._require("restore")
        operation = "restoring an old version"
        path = self._path(routes.RESTORE, id=dataset_id)
        response = await self._client.request(
            "POST", path, operation=operation, content=b"", idempotent=False, not_found=DatasetGone
        )
        return (await self._decode(response.content, messages.DataSource, operation)).model()

    async def experiments(self) -> tuple[Experiment, ...]:
        """All experiments, examples included, without graphs."""
        operation = "listing experiments"
        response = await self._client.request(
            "GET", self._path(routes.EXPERIMENTS), operation=operation
        )
        found, _ = await self._decode_list(response.content, messages.Experiment, operation)
        return tuple(one.model() for one in found)

    async def experiment(self, experiment_id: str) -> Experiment:
        """One experiment with its graph."""
        operation = "reading an experiment"
        path = self._path(routes.EXPERIMENT, e=experiment_id)
        response = await self._client.request("GET", path, operation=operation)
        return (await self._decode(response.content, messages.Experiment, operation)).model()

    async def publish(self, port: OutputPort, data: AsyncIterator[bytes], *, size: int) -> None:
        """Give an experiment's output port its contents: `size` bytes of `port.data_type_id`."""
        await self._require("publish")
        query: dict[str, str | int] = {"dataTypeId": port.data_type_id}
        await self._client.request(
            "PUT",
            self._output_path(port, query=query),
            operation="publishing an experiment's output",
            content=data,
            headers={"Content-Length": str(size)},
            idempotent=False,
        )

    async def quota(self) -> Quota:
        """Storage used and allowed."""
        operation = "reading the workspace's quota"
        response = await self._client.request("GET", self._path(routes.QUOTA), operation=operation)
        return (await self._decode(response.content, messages.Quota, operation)).model()

    async def users(self) -> tuple[User, ...]:
        """Who has access, with roles."""
        operation = "listing the workspace's users"
        response = await self._client.request("GET", self._path(routes.USERS), operation=operation)
        found, _ = await self._decode_list(response.content, messages.User, operation)
        return tuple(one.model() for one in found)

    def _path(self, template: str, **parts: str) -> str:
        return routes.path(template, query=None, w=self._id, **parts)

    def _output_path(self, port: OutputPort, query: dict[str, str | int] | None = None) -> str:
        return routes.path(
            routes.OUTPUT,
            query=query,
            w=self._id,
            e=port.experiment_id,
            node=port.node_id,
            port=port.port_name,
        )

    async def _decode(self, body: bytes, kind: type[M], operation: str) -> M:
        return await self._decoded(lambda: lenient.read_one(body, kind), len(body), operation)

    async def _decode_list(self, body: bytes, kind: type[M], operation: str) -> tuple[list[M], int]:
        """What is in a list, and how many entries of it could not be read."""
        return await self._decoded(lambda: lenient.read_list(body, kind), len(body), operation)

    async def _decoded(self, decode: Callable[[], T], size: int, operation: str) -> T:
        with self._client.mapped(operation, self._endpoint):
            if size < _LARGE:
                return decode()
            import anyio.to_thread

            return await anyio.to_thread.run_sync(decode)
