"""The stores that assets point into, opened with what their datastores say, in memory only."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, TypeVar
from urllib.parse import quote

import anyio

from amltui.config.azure import STORAGE_SCOPE, AzureWorkspaceId
from amltui.errors import (
    ConfigError,
    DatasetGone,
    NotSupportedByServer,
    Unauthorized,
    WorkspaceError,
)
from amltui.models import Dataset
from amltui.redact import remember
from amltui.text import visible
from amltui.workspaces.azureml import messages
from amltui.workspaces.azureml.arm import ResourceManager
from amltui.workspaces.azureml.tokens import EARLY, Token, Tokens, granted
from amltui.workspaces.azureml.uris import InAccount, InDatastore, OnTheWeb, Place
from amltui.workspaces.folder.store import StoreWorkspace
from amltui.workspaces.folder.store_errors import READ, mapped
from amltui.workspaces.folder.store_objects import StoreObjects

_SECRETS_SECONDS: Final = 3_000.0
"""How long a datastore's key or signature is used before it is asked for again."""
_RETRY: Final[Any] = {"max_retries": 3, "retry_timeout": timedelta(seconds=30)}
_CLIENT: Final[Any] = {"connect_timeout": timedelta(seconds=10), "timeout": timedelta(minutes=5)}
_T = TypeVar("_T")
_ROLE: Final = "Ask for the role Storage Blob Data {} on the storage account {}."


@dataclass(frozen=True, slots=True)
class Container:
    """A container of a storage account, and what opens it for a while."""

    account: str
    container: str
    address: str
    """Of the account's blob service, without a slash at its end."""
    credential: dict[str, Any] | None
    """As obstore takes it. None: nobody is asked for one there."""
    ends: float
    """Seconds since 1970 from which it is asked for anew."""

    def __repr__(self) -> str:
        return f"Container({self.address}/{self.container})"


class BlobStore(StoreWorkspace):
    """The blobs of one container, or the files of one host."""

    def __init__(self, url: str, make: Callable[[], Any], container: Container | None) -> None:
        super().__init__(url)
        self._make = make
        self.container = container
        """None: files on the web."""

    @property
    def fresh(self) -> bool:
        """Whether its credential is still good for a while."""
        return self.container is None or time.time() < self.container.ends

    async def open(self) -> None:
        """Make obstore's store; nothing is asked over the network."""
        self._connected = StoreObjects(self._url, await _asked(self._url, self._make))

    async def head(self, path: str) -> Dataset:
        """One blob as it is now: its key is its path, its id holds its validator.

        Raises:
            DatasetGone: there is none.
        """
        import obstore

        return _blob(await _asked(path, lambda: obstore.head(self._objects.store, path)))

    async def files(self, prefix: str, most: int) -> list[Dataset]:
        """The blobs below a folder, by name, at most `most` + 1."""
        import obstore

        def take() -> list[Any]:
            found: list[Any] = []
            for chunk in obstore.list(self._objects.store, prefix=prefix or None, chunk_size=1_000):
                found += chunk
                if len(found) > most:
                    break
            return found[: most + 1]

        return sorted(map(_blob, await _asked(prefix, take)), key=lambda one: one.key)

    async def bytes(self, blob: Dataset, start: int, stop: int) -> bytes:
        """Some bytes of a blob."""
        async with self.read(blob, start=start, stop=min(stop, blob.size or 0)) as content:
            return b"".join([piece async for piece in content])


async def _asked(what: str, function: Callable[[], _T]) -> _T:
    """Run it in a thread, its failures mapped."""

    def work() -> _T:
        with mapped(what, READ):
            return function()

    return await anyio.to_thread.run_sync(work)


def _blob(meta: Any) -> Dataset:
    etag = str(meta.get("e_tag") or "").removeprefix("W/").strip('"')
    if not etag:  # a web server that gives none: size and time must do
        etag = f"{int(meta['size']):x}-{meta['last_modified'].timestamp():.0f}"
    key = str(meta["path"])
    return Dataset(
        id=f"{key}@{etag}",
        family_id=key,
        name=key,
        data_type_id="",
        size=int(meta["size"]),
        created_date=meta["last_modified"],
    )


class Stores:
    """Opens what assets point at, once for each datastore or account."""

    def __init__(self, manager: ResourceManager, here: AzureWorkspaceId, tokens: Tokens) -> None:
        self._manager = manager
        self._here = here
        self._tokens = tokens
        self._opened: dict[str, BlobStore] = {}
        self._turn = anyio.Lock()

    async def open(self, place: Place, *, renew: bool = False) -> tuple[BlobStore, str]:
        """The store of a place and the path in it; `renew`: with credentials asked for anew.

        Raises:
            NotFound: there is no such datastore.
            NotSupportedByServer: such a datastore cannot be read here.
        """
        name = _name(place)
        async with self._turn:
            store = self._opened.get(name)
            if store is None or renew or not store.fresh:
                store = await self._made(place, fresh=renew)
                await store.open()
                self._opened[name] = store
        return store, place.path

    async def _made(self, place: Place, *, fresh: bool) -> BlobStore:
        if isinstance(place, OnTheWeb):
            return BlobStore(place.origin, lambda: _web(place.origin), None)
        if isinstance(place, InAccount):
            address = f"https://{place.account}.blob.{place.endpoint}"
            credential, ends = await self._own(place, fresh=fresh)
            return _azure(Container(place.account, place.container, address, credential, ends))
        return _azure(await self.container(place, fresh=fresh))

    async def container(self, place: InDatastore, *, fresh: bool = False) -> Container:
        """The container of a datastore, with what opens it.

        Raises:
            NotSupportedByServer: the datastore is of another kind.
        """
        home = (place.workspace or self._here).path
        name = visible(place.datastore)
        path = f"{home}/datastores/{quote(place.datastore, safe='')}"
        operation = f"reading where the datastore {name} is"
        about = (await self._manager.get(path, messages.Datastore, operation=operation)).properties
        container = about.container_name or about.filesystem
        if about.datastore_type not in {"AzureBlob", "AzureDataLakeGen2"}:
            raise NotSupportedByServer(
                f"The datastore {name} is of the kind {visible(about.datastore_type or '')}, "
                "which cannot be read here",
                405,
                hint="Blob containers and Data Lake Gen2 file systems can be.",
            )
        if not about.account_name or not container:
            raise WorkspaceError(f"The datastore {name} does not say where it is")
        endpoint = about.endpoint or self._manager.cloud.storage or "core.windows.net"
        protocol = "http" if about.protocol == "http" else "https"
        address = f"{protocol}://{about.account_name}.blob.{endpoint}"
        access = about.credentials or messages.DatastoreCredentials()
        credential, ends = await self._credential(path, name, access, fresh=fresh)
        return Container(about.account_name, container, address, credential, ends)

    async def _credential(
        self, path: str, name: str, access: messages.DatastoreCredentials, *, fresh: bool
    ) -> tuple[dict[str, Any], float]:
        if access.credentials_type in {None, "", "None"}:
            return _bearer(await self._tokens.get(STORAGE_SCOPE, fresh=fresh))
        operation = f"fetching what opens the datastore {name}"
        secrets = await self._manager.post(
            f"{path}/listSecrets", messages.Secrets, operation=operation
        )
        for secret in (secrets.key, secrets.sas_token, secrets.client_secret):
            if secret:
                remember(secret)
        ends = time.time() + _SECRETS_SECONDS
        if secrets.key:
            return {"access_key": secrets.key, "expires_at": None}, ends
        if secrets.sas_token:
            return {"sas_token": secrets.sas_token.lstrip("?"), "expires_at": None}, ends
        if secrets.client_secret and access.tenant_id and access.client_id:
            authority = access.authority_url or self._manager.cloud.authority
            token = await granted(
                authority,
                access.tenant_id,
                STORAGE_SCOPE,
                client_id=access.client_id,
                client_secret=secrets.client_secret,
            )
            return _bearer(token)
        raise NotSupportedByServer(
            f"The datastore {name} is opened by {visible(secrets.secrets_type or 'nothing')}, "
            "which cannot be used here",
            405,
            hint="Account keys, shared access signatures, service principals and your own "
            "sign-in can be.",
        )

    async def _own(self, place: InAccount, *, fresh: bool) -> tuple[dict[str, Any] | None, float]:
        """The person's own token, for accounts of this cloud; `fresh`: nobody's, it was refused.

        Examples lie in containers that everybody may read, and that refuse foreign tokens.
        """
        if fresh or place.endpoint != self._manager.cloud.storage:
            return None, math.inf
        return _bearer(await self._tokens.get(STORAGE_SCOPE))


def forbidden(place: Place, account: str, *, write: bool = False) -> Unauthorized:
    """What to say where a store refuses."""
    need = "Contributor" if write else "Reader"
    return Unauthorized(
        f"The store of {visible(place.path) or 'the datastore'} refuses this sign-in",
        403,
        hint=_ROLE.format(need, account),
    )


def missing(place: Place) -> DatasetGone:
    """What to say where an asset points at nothing."""
    return DatasetGone(
        f"The asset points at {visible(place.path)}, and nothing is there",
        404,
        hint="Whoever owns the store moved or deleted it; the asset only names the place.",
    )


def _name(place: Place) -> str:
    if isinstance(place, InDatastore):
        home = place.workspace.path.lower() if place.workspace else ""
        return f"{home}/{place.datastore}"
    if isinstance(place, InAccount):
        return f"{place.account}.{place.endpoint}/{place.container}"
    return place.origin


def _bearer(token: Token) -> tuple[dict[str, Any], float]:
    return {"token": token.value, "expires_at": None}, token.ends - EARLY / 2


def _azure(container: Container) -> BlobStore:
    def make() -> Any:
        try:
            from obstore.store import AzureStore
        except ImportError:
            raise _no_package() from None
        credential = container.credential
        more: dict[str, Any] = {"skip_signature": True}
        if credential is not None:
            more = {"credential_provider": lambda: credential}
        return AzureStore(
            container.container,
            account_name=container.account,
            endpoint=container.address,
            client_options=_CLIENT | {"allow_http": container.address.startswith("http:")},
            retry_config=_RETRY,
            **more,
        )

    return BlobStore(f"{container.address}/{container.container}", make, container)


def _web(origin: str) -> Any:
    try:
        from obstore.store import HTTPStore
    except ImportError:
        raise _no_package() from None
    return HTTPStore.from_url(origin, client_options=_CLIENT, retry_config=_RETRY)


def _no_package() -> ConfigError:
    return ConfigError(
        "Contents of Azure ML need the package obstore", hint="pip install 'amltui[azure]'"
    )
