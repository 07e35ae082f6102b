"""A bucket or a container as a workspace, for reading: S3, Azure Blob, Google Cloud Storage.

Through obstore, whose credentials are those of the cloud's usual environment variables. It is
called in threads: its async interface can abort the interpreter at exit.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Self, TypeVar
from urllib.parse import urlsplit

import anyio.to_thread

from amltui.errors import (
    AmltuiError,
    ConfigError,
    ContentChanged,
    DatasetGone,
    NotFound,
    NotSupportedByServer,
    ServerFailed,
    TooManyRequests,
    Unauthorized,
    Unreachable,
)
from amltui.formats import data_type_of_name
from amltui.models import ContentInfo, Dataset, Listing, OutputPort, WorkspaceInfo
from amltui.redact import redacted
from amltui.text import visible
from amltui.workspaces.base import Capabilities, Capability, Content, Route, Upload, Workspace

READ_ONLY: Final = Capability("Object stores can only be read here: amltui does not write to them.")
_PIECE: Final = 1 << 20
_PAGE: Final = 1_000
_RETRY: Final[Any] = {"max_retries": 3, "retry_timeout": timedelta(seconds=30)}
_CLIENT: Final[Any] = {
    "connect_timeout": timedelta(seconds=10),
    "timeout": timedelta(minutes=5),
}
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Object:
    """An object as the store listed it."""

    key: str
    etag: str
    """Without quotes: lists give it bare, heads quoted, of one store."""
    dataset: Dataset


class StoreWorkspace(Workspace):
    """The objects below a prefix, each a dataset named by its path from there."""

    def __init__(self, url: str) -> None:
        """Take `scheme://bucket/prefix` as a workspace; it is connected when it is entered."""
        self._url = url
        self._store: Any = None

    @property
    def key(self) -> str:
        """The address; credentials are never part of it."""
        return self._url

    async def __aenter__(self) -> Self:
        await anyio.to_thread.run_sync(self._connect)
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._store = None

    def _connect(self) -> None:
        try:
            from obstore.store import from_url
        except ImportError:
            raise ConfigError(
                "Object stores need the package obstore", hint="pip install 'amltui[cloud]'"
            ) from None
        options = _CLIENT | {"allow_http": _http_allowed()}
        with _mapped(self._url):
            self._store = from_url(self._url, client_options=options, retry_config=_RETRY)

    async def info(self) -> WorkspaceInfo:
        """The address."""
        return WorkspaceInfo(self._url, friendly_name=self._url)

    async def route(self) -> Route | None:
        """Which way obstore takes is not known here."""
        return None

    async def capabilities(self) -> Capabilities:
        """Reading."""
        return Capabilities(
            write=READ_ONLY,
            edit=READ_ONLY,
            versions=Capability("Older versions of objects are not listed here."),
            restore=READ_ONLY,
            experiments=Capability("An object store has no experiments."),
        )

    async def datasets(self, *, etag: str | None = None) -> Listing | None:
        """All objects below the prefix; a change of any of them changes the list's validator."""
        found: list[Dataset] = []
        digest = hashlib.sha256()
        async for page in self.pages():
            found += page
            for one in page:
                digest.update(f"{one.id}\n".encode())
        now = digest.hexdigest()
        return None if now == etag else Listing(tuple(found), now)

    async def pages(self) -> AsyncIterator[tuple[Dataset, ...]]:
        """As `datasets`, a thousand at a time."""
        import obstore

        def begin() -> Iterator[Any]:
            return iter(obstore.list(self._store, chunk_size=_PAGE))

        chunks = await self._call(self._url, begin)
        while (chunk := await self._call(self._url, lambda: next(chunks, None))) is not None:
            yield tuple(
                _object(meta).dataset for meta in chunk if not str(meta["path"]).endswith("/")
            )

    async def find(self, name: str) -> Dataset:
        """One by its path; a wrong one is compared with all."""
        if name:
            with contextlib.suppress(NotFound):
                return (await self._head(name)).dataset
        return await super().find(name)

    async def dataset(self, dataset_id: str) -> Dataset:
        """An object in the version that an id names, which is the present one or gone."""
        key = dataset_id.rpartition("@")[0]
        found = (await self._head(key)).dataset
        if found.id != dataset_id:
            raise DatasetGone(
                f"{visible(key)} was changed since", 404, hint="Refresh the list to see it anew."
            )
        return found

    @asynccontextmanager
    async def read(
        self,
        source: Dataset | OutputPort,
        *,
        start: int = 0,
        stop: int | None = None,
        etag: str | None = None,
    ) -> AsyncIterator[Content]:
        """Read a range of the object in the version that was listed, or say that it changed."""
        import obstore

        if isinstance(source, OutputPort):
            raise NotFound("An object store has no experiments", 404)
        listed = source.id.rpartition("@")[2]
        validator = f'"{listed}"'
        begin = start if etag in {None, validator} else 0
        size = source.size or 0
        end = size if stop is None or begin != start else min(stop, size)
        info = ContentInfo(min(begin, size), size, validator, ranges=True)
        if begin >= end:
            yield _StoreContent(info, iter(()))
            return
        options: Any = {"range": (begin, end), "if_match": validator}

        def get() -> Any:
            result = obstore.get(self._store, source.key, options=options)
            given = tuple(result.range)
            if given != (begin, end):
                raise ServerFailed(
                    f"Bytes {given[0]} to {given[1]} of {visible(source.key)} came, "
                    f"not {begin} to {end}",
                    502,
                )
            return iter(result.stream(min_chunk_size=_PIECE))

        yield _StoreContent(info, await self._call(source.key, get))

    def check_name(self, name: str) -> None:
        """Refuse: nothing can be made here."""
        del name
        READ_ONLY.require()

    async def begin_upload(self, data_type_id: str, *, name: str = "") -> Upload:
        """Refuse."""
        del data_type_id, name
        READ_ONLY.require()
        raise NotSupportedByServer(READ_ONLY.missing, 405)

    async def send_part(self, upload: Upload, index: int, data: bytes, *, total: int) -> None:
        """Refuse."""
        del upload, index, data, total
        READ_ONLY.require()

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
        """Refuse."""
        del upload, name, description, data_type_id, replaces, filename
        raise NotSupportedByServer(READ_ONLY.missing, 405)

    async def edit(
        self, dataset: Dataset, *, name: str | None = None, description: str | None = None
    ) -> Dataset:
        """Refuse."""
        del dataset, name, description
        raise NotSupportedByServer(READ_ONLY.missing, 405)

    async def delete(self, key: str) -> None:
        """Refuse."""
        del key
        READ_ONLY.require()

    async def _head(self, key: str) -> _Object:
        import obstore

        return _object(await self._call(key, lambda: obstore.head(self._store, key)))

    async def _call(self, what: str, function: Callable[[], _T]) -> _T:
        """Run it in a thread, its failures mapped."""

        def work() -> _T:
            with _mapped(what):
                return function()

        return await anyio.to_thread.run_sync(work)


def _object(meta: Any) -> _Object:
    key, size = str(meta["path"]), int(meta["size"])
    etag = str(meta.get("e_tag") or "").removeprefix("W/").strip('"')
    if not etag:  # some stores give none: size and time must do
        etag = f"{size:x}-{meta['last_modified'].timestamp():.6f}"
    made = Dataset(
        id=f"{key}@{etag}",
        family_id=key,
        name=key,
        data_type_id=data_type_of_name(key),
        size=size,
        created_date=meta["last_modified"],
        uploaded_from_filename=key.rpartition("/")[2],
        source_origin="Object store",
    )
    return _Object(key, etag, made)


class _StoreContent:
    """The chunks of one answer, handed on in pieces of any size."""

    def __init__(self, info: ContentInfo, chunks: Iterator[Any]) -> None:
        self.info = info
        self._chunks = chunks
        self._rest = memoryview(b"")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while await self._more():
            piece, self._rest = bytes(self._rest[:_PIECE]), self._rest[_PIECE:]
            yield piece

    async def readinto(self, view: memoryview) -> int:
        """See `Content.readinto`."""
        if not await self._more():
            return 0
        count = min(len(view), len(self._rest))
        view[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    async def _more(self) -> bool:
        """Have something to give, unless all was given."""
        while not self._rest:
            chunk = await anyio.to_thread.run_sync(self._next)
            if chunk is None:
                return False
            self._rest = memoryview(chunk)
        return True

    def _next(self) -> bytes | None:
        with _mapped("the contents"):
            chunk = next(self._chunks, None)
            return None if chunk is None else bytes(chunk)


@contextlib.contextmanager
def _mapped(what: str) -> Iterator[None]:
    """Turn what obstore raises into errors of ours."""
    from obstore import exceptions

    try:
        yield
    except AmltuiError:
        raise
    except (exceptions.NotFoundError, FileNotFoundError):
        raise DatasetGone(f"There is no {visible(what)} in the store", 404) from None
    except exceptions.PreconditionError:
        raise ContentChanged(f"{visible(what)} was changed in the store meanwhile") from None
    except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError):
        raise _forbidden(what) from None
    except (exceptions.BaseError, OSError, ValueError) as error:
        raise _by_text(what, str(error)) from None
    except BaseException as error:
        # obstore is written in Rust: a bug there is a PanicException, which is no Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise ServerFailed(f"The store's answer on {visible(what)} cannot be read", 502) from None


def _by_text(what: str, text: str) -> AmltuiError:
    """An error that tells its status in its text only."""
    # The first line: those below are the chain of causes, with addresses that may be signed.
    first = visible(redacted(text.strip().partition("\n")[0]))[:300]
    for mark, make in (
        ("403", lambda: _forbidden(what)),
        ("401", lambda: _forbidden(what)),
        ("AccessDenied", lambda: _forbidden(what)),
        ("404", lambda: NotFound(f"There is no {visible(what)} in the store", 404)),
        ("NoSuchBucket", lambda: NotFound(f"There is no bucket {visible(what)}", 404)),
        ("429", lambda: TooManyRequests("The store asks to be asked less often")),
    ):
        if mark in text:
            return make()
    if "error sending request" in text or "dns error" in text or "timed out" in text:
        return Unreachable(f"No answer from the store of {visible(what)}: {first}")
    if ("Invalid" in text and "URL" in text) or "Unable to recognise" in text:
        return ConfigError(f"{visible(what)} is no address of an object store: {first}")
    return ServerFailed(f"The store failed at {visible(what)}: {first}", 502)


def _forbidden(what: str) -> Unauthorized:
    return Unauthorized(
        f"The store lets nobody read {visible(what)} with these credentials",
        403,
        hint="Set the cloud's usual variables, for example AWS_ACCESS_KEY_ID.",
    )


def _http_allowed() -> bool:
    """Whether an address without TLS was asked for, as for an emulator on this machine."""
    endpoints = ("AWS_ENDPOINT", "AWS_ENDPOINT_URL", "AZURE_STORAGE_ENDPOINT")
    return any(urlsplit(os.environ.get(name, "")).scheme == "http" for name in endpoints)
