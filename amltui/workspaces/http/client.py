"""Requests to one server: headers, redirects, retries, limits."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import anyio
import anyio.lowlevel

from amltui import __version__
from amltui.errors import HttpError, NotFound, UsageError, WorkspaceError
from amltui.wire import headers as names
from amltui.workspaces.http import faults
from amltui.workspaces.http.api_answers import ApiAnswer, TooSlow, close, whole
from amltui.workspaces.http.certificates import trusted
from amltui.workspaces.http.httpx_alone import httpx
from amltui.workspaces.http.proxies import proxy_for
from amltui.workspaces.http.retries import Retry, repeated
from amltui.workspaces.http.transport import Transport
from amltui.workspaces.repeating import may_repeat
from amltui.workspaces.silence import waiting_for
from amltui.workspaces.terms import Route

TIMEOUT: Final = httpx.Timeout(60.0, connect=10.0)
"""Seconds for a connection, and between two pieces of an answer or a request."""
HEAD_SECONDS: Final = 90.0
"""Until an answer's headers are whole, from the end of the request on."""
BODY_SECONDS: Final = 300.0
"""Until the body of an answer is whole. Contents have no such limit: they may be of any size."""
_REDIRECTS: Final = 5
_PIECE: Final = 512 * 1024
"""Bytes of a request's body that are handed over at once."""


class Credential(Protocol):
    """What lets requests in."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no error may hold."""

    async def headers(self) -> Mapping[str, str]:
        """What each request carries; its names stay behind along a redirect elsewhere."""

    async def renew(self) -> bool:
        """After a 401: whether the next `headers` are others, so that it is worth asking again."""


class ApiClient:
    """An open HTTP client for one endpoint. Proxies and certificates come from the environment.

    The credential goes to the endpoint's own origin only: not to a content host, and not
    along a redirect to another origin. Making one for https reads the trusted certificates: 20 ms.

    Raises:
        ConfigError: the environment names certificates that are not there.
    """

    def __init__(self, endpoint: str, credential: Credential, retry: Retry) -> None:
        self.endpoint = endpoint
        self.retry = retry
        self._credential = credential
        self._private: set[str] = set()
        """Names of headers that go to the endpoint's own origin only."""
        self._closed = False
        self._sending: set[anyio.CancelScope] = set()
        """The requests that wait for an answer."""
        self._client = httpx.AsyncClient(
            headers={"User-Agent": f"amltui/{__version__}", "Accept-Encoding": "gzip"},
            timeout=TIMEOUT,
            follow_redirects=False,
            transport=Transport(trusted() if urlsplit(endpoint).scheme == "https" else None),
            trust_env=False,  # the transport reads the proxies; a .netrc would add credentials
        )

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

    async def request(
        self,
        method: str,
        path: str,
        *,
        operation: str,
        content: bytes | AsyncIterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        idempotent: bool = True,
        not_found: type[NotFound] = NotFound,
    ) -> ApiAnswer:
        """The whole answer to an API request; 304 counts as a success.

        What is safe to repeat is tried again after what may pass, unless the caller does that.

        Raises:
            HttpError: the server refused; `not_found` for 404.
            Unreachable: there was no answer, also not to what was repeated.
        """
        url = self.endpoint + path

        async def ask() -> ApiAnswer:
            fields = await self._authenticated(headers)
            with self.mapped(operation, url):
                request = self._request(method, url, fields, content)
                return await whole(await self._send(request), BODY_SECONDS)

        async def attempt() -> ApiAnswer:
            answer = await ask()
            again = content is None or isinstance(content, bytes)
            if answer.status_code == 401 and again and await self._credential.renew():
                answer = await ask()
            if answer.is_success or answer.status_code == 304:
                return answer
            raise self._error_from(answer, operation, not_found=not_found)

        if not may_repeat():
            return await attempt()
        return await repeated(attempt, self.retry, idempotent=idempotent)

    @asynccontextmanager
    async def stream(
        self, url: str, *, operation: str, headers: Mapping[str, str], authenticated: bool
    ) -> AsyncIterator[httpx.Response]:
        """The answer to a GET with its body unread; 416 counts as a success. Never repeated.

        `authenticated`: an API request, sent with the token.

        Raises:
            HttpError: the host refused.
            WorkspaceError: a link that the workspace gave is no address.
        """
        fields = await self._authenticated(headers) if authenticated else dict(headers)

        if not authenticated and not _is_address(url):
            raise WorkspaceError(
                f"While {operation}: the workspace gave a link that is no address",
                hint="Refresh the list; if it stays, tell whoever runs the server.",
            )
        with self.mapped(operation, url):
            response = await self._send(self._request("GET", url, fields, None))
            refused = not response.is_success and response.status_code != 416
            answer = await whole(response, BODY_SECONDS) if refused else None
        if answer is not None:
            raise self._error_from(answer, operation)
        try:
            yield response
        finally:
            await close(response)

    async def route(self) -> Route:
        """The way to the endpoint, by one request without a token; any answer will do."""
        operation, url = "looking at the way to the endpoint", self.endpoint
        with self.mapped(operation, url):
            response = await self._answer(self._request("GET", url, {}, None))
            stream = response.extensions.get("network_stream")
            encrypted = stream.get_extra_info("ssl_object") if stream is not None else None
            date = response.headers.get("Date")
            await response.aclose()
        parts = urlsplit(url)
        proxy = proxy_for(url)
        return Route(
            address=f"{parts.scheme}://{parts.netloc}/",
            encrypted=parts.scheme == "https",
            tls=f"{encrypted.version()} {encrypted.cipher()[0]}" if encrypted else None,
            proxy=str(proxy) if proxy else None,
            clock_skew=_skew(date),
        )

    @contextmanager
    def mapped(self, operation: str, url: str) -> Iterator[None]:
        """`faults.map_exceptions`, with the secrets of this client."""
        with faults.map_exceptions(operation, url, self._credential.secrets):
            yield

    def _error_from(
        self, answer: ApiAnswer, operation: str, *, not_found: type[NotFound] = NotFound
    ) -> HttpError:
        return faults.error_from(answer, operation, self._credential.secrets, not_found=not_found)

    async def _authenticated(self, more: Mapping[str, str] | None) -> dict[str, str]:
        own = await self._credential.headers()
        self._private.update(own)
        return {**own, "Content-Type": names.JSON, **(more or {})}

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
        return self._client.build_request(method, _checked(url), headers=fields, content=content)

    async def _send(self, request: httpx.Request) -> httpx.Response:
        digest = None
        for _ in range(_REDIRECTS):
            response = await self._answer(request)
            following = response.next_request
            if following is None or request.method != "GET":
                if digest is not None:
                    response.headers[names.REPR_DIGEST] = digest
                return response
            await response.aclose()
            # Who sends us to a store knows the content's hash; the store itself does not say it.
            digest = response.headers.get(names.REPR_DIGEST, digest)
            if not _same_origin(request.url, following.url):
                if (request.url.scheme, following.url.scheme) == ("https", "http"):
                    raise httpx.UnsupportedProtocol("redirected from https to http")
                for name in self._private:
                    following.headers.pop(name, None)
            request = following
        raise httpx.TooManyRedirects(f"more than {_REDIRECTS} redirects")

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        _checked(request.url)
        with anyio.CancelScope() as scope:

            async def limit(event: str, _info: Any) -> None:
                if event.endswith("receive_response_headers.started"):
                    scope.deadline = anyio.current_time() + HEAD_SECONDS
                elif event.endswith("receive_response_headers.complete"):
                    scope.deadline = math.inf

            request.extensions["trace"] = limit
            self._sending.add(scope)
            try:
                if not self._closed:
                    with waiting_for(request.url.host):
                        return await self._client.send(request, stream=True)
            finally:
                self._sending.discard(scope)
        if scope.cancelled_caught and not self._closed:
            raise TooSlow(f"its headers took more than {HEAD_SECONDS:g} s")
        raise UsageError("The workspace was closed while this was under way")


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    """A body in pieces: each layer below copies what it is given, whole bodies several times."""
    view = memoryview(content)
    for start in range(0, len(content), _PIECE):
        yield bytes(view[start : start + _PIECE])


def _checked(url: httpx.URL | str) -> httpx.URL:
    """`url` as an address.

    Raises:
        httpx.InvalidURL: it is none. httpx lets a bracket stay open, and ports that do not exist,
            which a socket takes modulo 65,536.
    """
    try:
        port = urlsplit(str(url)).port
    except ValueError as error:
        raise httpx.InvalidURL(str(error)) from None
    if port == 0:
        raise httpx.InvalidURL("Port 0 does not exist")
    return httpx.URL(url)


def _skew(date: str | None) -> float | None:
    """Seconds that this clock is ahead; a Date header tells whole seconds only."""
    try:
        there = parsedate_to_datetime(date or "").astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None
    return round((datetime.now(UTC) - there).total_seconds() - 0.5, 1)


def _is_address(url: str) -> bool:
    try:
        address = _checked(url)
    except httpx.InvalidURL:
        return False
    return address.scheme in {"http", "https"} and bool(address.host)


def _same_origin(one: httpx.URL, other: httpx.URL) -> bool:
    return (one.scheme, one.host, one.port) == (other.scheme, other.host, other.port)
