"""Sending contents into a datastore, in parts that a later process can go on with."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Self, TypeVar

import anyio.to_thread

from amltui.errors import ConfigError, NotFound, Unauthorized, WorkspaceError
from amltui.formats import file_name
from amltui.workspaces.azureml import messages
from amltui.workspaces.azureml.arm import ResourceManager
from amltui.workspaces.azureml.stores import Container, Stores, forbidden
from amltui.workspaces.azureml.uris import InDatastore
from amltui.workspaces.folder.store_writing import ObjectPlace

FOLDER: Final = "LocalUpload"
"""Where Azure's own client puts what it uploads, too."""
_LIMITS: Final[dict[str, Any]] = {"retry_total": 0, "connection_timeout": 10, "read_timeout": 120}
"""Nothing is repeated by Azure's client, which waits 15 s for that: whoever sends repeats."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Begun:
    """An upload that was begun, as its id keeps it."""

    datastore: str
    path: str
    token: str

    @property
    def text(self) -> str:
        """The id."""
        return json.dumps([self.datastore, self.path, self.token])

    def below(self, file: str) -> Self:
        """One file of a folder that was begun."""
        return type(self)(self.datastore, f"{self.path}/{file}", self.token)

    @classmethod
    def of(cls, text: str) -> Self:
        """The upload of an id.

        Raises:
            NotFound: it is no id of one.
        """
        try:
            return cls(*json.loads(text))
        except (ValueError, TypeError):
            raise NotFound("There is no such upload", 404) from None


class Uploads:
    """Blobs that are made of parts; close it."""

    def __init__(self, manager: ResourceManager, stores: Stores, home: str, datastore: str) -> None:
        self._manager = manager
        self._stores = stores
        self._home = home
        self._datastore = datastore
        self._writers: dict[str, tuple[Container, Any]] = {}
        self._turn = anyio.Lock()

    async def close(self) -> None:
        """Let go of all connections."""
        for _, writer in self._writers.values():
            await anyio.to_thread.run_sync(writer.close)

    async def begin(self, name: str, data_type_id: str) -> Begun:
        """Begin the parts of a blob at a place that nobody else has."""
        begun = await self.place(file_name(name, data_type_id))
        await self.open(begun)
        return begun

    async def place(self, name: str) -> Begun:
        """A place that nobody else has, in the workspace's default datastore or the chosen one.

        Raises:
            WorkspaceError: the workspace has no default datastore.
        """
        self._datastore = self._datastore or await self._default()
        token = secrets.token_hex(16)
        return Begun(self._datastore, f"{FOLDER}/{token}/{name}", token)

    async def open(self, begun: Begun) -> None:
        """Begin an upload whose place is known."""
        await self._using(begun, lambda writer, place: writer.begin(place, begun.token))

    async def send(self, begun: Begun, index: int, data: bytes) -> None:
        """Send a part."""
        await self._using(begun, lambda writer, place: writer.send(place, begun.token, index, data))

    async def complete(self, begun: Begun) -> None:
        """Make the blob of its parts, on the condition that there is none; safe to repeat."""
        await self._using(
            begun,
            lambda writer, place: writer.complete(place, begun.token, begun.token, etag=None),
        )

    async def _default(self) -> str:
        operation = "looking for the default datastore"
        async for page in self._manager.pages(
            f"{self._home}/datastores", messages.Datastore, operation=operation, isDefault="true"
        ):
            for one in page.found:
                if one.properties.is_default:
                    return one.name
        raise WorkspaceError(
            "The workspace has no default datastore",
            hint="Name one when you add the profile: --datastore NAME",
        )

    async def _using(self, begun: Begun, ask: Callable[[Any, ObjectPlace], T]) -> T:
        """What the store answers; where it refuses, once more with new credentials."""
        where = InDatastore(begun.datastore, begun.path)
        container: Container
        for renew in (False, True):
            container, writer = await self._writer(where, renew=renew)
            place = ObjectPlace(container.container, begun.path)
            try:
                return await anyio.to_thread.run_sync(ask, writer, place)
            except Unauthorized:
                continue
        raise forbidden(where, container.account, write=True)

    async def _writer(self, where: InDatastore, *, renew: bool) -> tuple[Container, Any]:
        async with self._turn:
            known = self._writers.get(where.datastore)
            if known is None or renew or time.time() > known[0].ends:
                container = await self._stores.container(where, fresh=renew)
                if known is not None:
                    await anyio.to_thread.run_sync(known[1].close)
                writer = await anyio.to_thread.run_sync(_writer_of, container)
                known = self._writers[where.datastore] = (container, writer)
            return known


class _Given:
    """A token as Azure's client of storage accounts asks for one."""

    def __init__(self, token: str, ends: float) -> None:
        self._token = token
        self._ends = int(ends)

    def get_token(self, *_scopes: str, **_: Any) -> Any:
        from azure.core.credentials import AccessToken

        return AccessToken(self._token, self._ends)


def _writer_of(container: Container) -> Any:
    try:
        from azure.storage.blob import BlobServiceClient

        from amltui.workspaces.folder.store_azure import AzureWriter
    except ImportError:
        raise ConfigError(
            "Writing to Azure ML needs the package azure-storage-blob",
            hint="pip install 'amltui[azure]'",
        ) from None
    given = container.credential or {}
    credential: Any = None
    if "access_key" in given:
        credential = {"account_name": container.account, "account_key": given["access_key"]}
    elif "sas_token" in given:
        credential = given["sas_token"]
    elif "token" in given:
        credential = _Given(given["token"], container.ends)
    return AzureWriter(BlobServiceClient(container.address, credential=credential, **_LIMITS))
