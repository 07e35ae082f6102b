"""Requests to one workspace's server: headers, redirects, retries, time limits."""

from __future__ import annotations

import os
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

import anyio.lowlevel
import httpx

from amltui import __version__
from amltui.errors import AmltuiError, NotFound, UsageError, WorkspaceError
from amltui.wire import headers
from amltui.workspaces.studio import faults
from amltui.workspaces.studio.network import Backend
from amltui.workspaces.studio.retries import Retry, repeated

TIMEOUT: Final = httpx.Timeout(60.0, connect=10.0)
"""Seconds for a connection, and between two pieces of an answer or a request."""
_LIMITS: Final = httpx.Limits(max_connections=32, max_keepalive_connections=32, keepalive_expiry=4)
_REDIRECTS: Final = 5
_PIECE: Final = 512 * 1024
"""Bytes of a request's body that are handed over at once."""
_SESSION: Final = "DefaultSession"


class Link:
    """An open HTTP client for one endpoint. Proxies and `SSL_CERT_FILE` come from the environment.

    The workspace token goes to the endpoint's own origin only: not to a content host, and not
    along a redirect to another origin.
    """

    def __init__(self, endpoint: str, token: str, retry: Retry) -> None:
        self.endpoint = endpoint
        self.retry = retry
        self._token = token
        self._closed = False
        self._sending: set[anyio.CancelScope] = set()
        """The requests that wait for an answer."""
        self._client = httpx.AsyncClient(
            headers={"User-Agent": f"amltui/{__version__}"},
            timeout=TIMEOUT,
            limits=_LIMITS,
            follow_redirects=False,
            verify=_certificates(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")),
        )
        _connect_by(self._client, Backend())

    async def close(self) -> None:
        """Cut off requests under way and close all connections.

        httpcore's pool closes the connections that it has and forgets those that are being made,
        which would then stay open until the garbage collector finds them. So requests that wait
        for an answer are ended first.
        """
        self._closed = True
        for scope in self._sending:
            scope.cancel()
        try:
            while self._sending:  # each ends within some turns of the loop
                await anyio.lowlevel.checkpoint()
        finally:
            await self._client.aclose()

    async def call(
        self,
        method: str,
        path: str,
        *,
        doing: str,
        content: bytes | AsyncIterator[bytes] | None = None,
        extra: Mapping[str, str] | None = None,
        idempotent: bool = True,
        missing: type[NotFound] = NotFound,
    ) -> httpx.Response:
        """The whole answer to an API request; 304 counts as a success.

        Raises:
            HttpError: the server refused; `missing` for 404.
            Unreachable: there was no answer, also not to what was repeated.
        """
        url = self.endpoint + path

        async def attempt() -> httpx.Response:
            with self.border(doing, url):
                request = self._request(method, url, self._own(extra), content)
                response = await self._send(request)
                try:
                    await response.aread()
                finally:
                    await response.aclose()
            if response.is_success or response.status_code == 304:
                return response
            raise self.refusal(response, doing, missing=missing)

        return await repeated(attempt, self.retry, idempotent=idempotent)

    @asynccontextmanager
    async def stream(
        self, url: str, *, doing: str, extra: Mapping[str, str], own: bool
    ) -> AsyncIterator[httpx.Response]:
        """The answer to a GET with its body unread. `own`: an API request, sent with the token.

        Any status comes back, 429 and 5xx after the repetitions; their bodies have been read.

        Raises:
            WorkspaceError: `url`, which the workspace gave, is no address.
        """

        async def attempt() -> httpx.Response:
            with self.border(doing, url):
                if not own:
                    _check_link(url, doing)
                request = self._request("GET", url, self._own(extra) if own else dict(extra), None)
                response = await self._send(request)
                if response.status_code >= 400:
                    try:
                        await response.aread()
                    finally:
                        await response.aclose()
            if response.status_code == 429 or response.status_code >= 500:
                raise self.refusal(response, doing)
            return response

        response = await repeated(attempt, self.retry, idempotent=True)
        try:
            yield response
        finally:
            await response.aclose()

    @contextmanager
    def border(self, doing: str, url: str) -> Iterator[None]:
        """`faults.border` with this link's secrets."""
        with faults.border(doing, url, (self._token,)):
            yield

    def refusal(
        self, response: httpx.Response, doing: str, *, missing: type[NotFound] = NotFound
    ) -> AmltuiError:
        """`faults.refusal` with this link's secrets."""
        return faults.refusal(response, doing, (self._token,), missing=missing)

    def _own(self, extra: Mapping[str, str] | None) -> dict[str, str]:
        return {
            headers.TOKEN: self._token,
            headers.SESSION: _SESSION,
            "Content-Type": headers.JSON,
            **(extra or {}),
        }

    def _request(
        self,
        method: str,
        url: str,
        fields: dict[str, str],
        content: bytes | AsyncIterator[bytes] | None,
    ) -> httpx.Request:
        if isinstance(content, bytes) and len(content) > _PIECE:
            fields = {**fields, "Content-Length": str(len(content))}
            content = _pieces(content)
        return self._client.build_request(method, url, headers=fields, content=content)

    async def _send(self, request: httpx.Request) -> httpx.Response:
        digest = None
        for _ in range(_REDIRECTS):
            response = await self._answer(request)
            following = response.next_request
            if following is None or request.method != "GET":
                if digest is not None:
                    response.headers[headers.REPR_DIGEST] = digest
                return response
            await response.aclose()
            # Who sends us to a store knows the content's hash; the store itself does not say it.
            digest = response.headers.get(headers.REPR_DIGEST, digest)
            if not _same_origin(request.url, following.url):
                if (request.url.scheme, following.url.scheme) == ("https", "http"):
                    raise httpx.UnsupportedProtocol("redirected from https to http")
                for name in (headers.TOKEN, headers.SESSION):
                    following.headers.pop(name, None)
            request = following
        raise httpx.TooManyRedirects(f"more than {_REDIRECTS} redirects")

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        if not self._closed:
            with anyio.CancelScope() as scope:
                self._sending.add(scope)
                try:
                    return await self._client.send(request, stream=True)
                finally:
                    self._sending.discard(scope)
        raise UsageError("The workspace was closed while this was under way")


@lru_cache(maxsize=4)
def _certificates(_file: str | None, _directory: str | None) -> ssl.SSLContext:
    """Whom to trust, as httpx reads it from these variables: 20 ms, so once for each setting."""
    return httpx.create_ssl_context()


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    """A body in pieces: each layer below copies what it is given, whole bodies several times."""
    view = memoryview(content)
    for start in range(0, len(content), _PIECE):
        yield bytes(view[start : start + _PIECE])


def _connect_by(client: httpx.AsyncClient, backend: Backend) -> None:
    """Let a client make its connections by `backend`, also those to proxies.

    httpcore takes a backend; httpx does not hand one on, so it is put where httpx keeps it. Where
    another release keeps it elsewhere, httpcore's own is used: slower, not wrong.
    """
    with suppress(AttributeError):
        for transport in (client._transport, *client._mounts.values()):  # noqa: SLF001 - see above
            if isinstance(transport, httpx.AsyncHTTPTransport):
                transport._pool._network_backend = backend  # noqa: SLF001 - see above


def _check_link(url: str, doing: str) -> None:
    """See that a link is an address: who typed the endpoint cannot help if it is not.

    Raises:
        WorkspaceError: it is none.
    """
    link = httpx.URL()
    with suppress(httpx.InvalidURL, ValueError):
        if urlsplit(url).hostname:  # stricter with brackets than httpx
            link = httpx.URL(url)
    if link.scheme not in {"http", "https"} or not link.host:
        raise WorkspaceError(
            f"While {doing}: the workspace gave a link that is no address",
            hint="Refresh the list; if it stays, tell whoever runs the server.",
        )


def _same_origin(one: httpx.URL, other: httpx.URL) -> bool:
    return (one.scheme, one.host, one.port) == (other.scheme, other.host, other.port)
