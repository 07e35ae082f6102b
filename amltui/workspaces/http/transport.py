"""The HTTP client's way out: httpcore's pools, one for each proxy, over connections of ours.

httpx hands no network backend and no choice of proxies by request on to httpcore; a transport is
the public place for both.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterable, AsyncIterator
from typing import Final

import httpcore

from amltui.errors import ConfigError
from amltui.workspaces.http.certificates import trusted
from amltui.workspaces.http.httpx_alone import httpx
from amltui.workspaces.http.network import Backend
from amltui.workspaces.http.proxies import Proxy, proxy_for

CONNECTIONS: Final = 32
_IDLE_SECONDS: Final = 4.0


class Transport(httpx.AsyncBaseTransport):
    """Sends requests; exceptions are httpcore's own."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        """Prepare.

        Args:
            context: for TLS. None: read from the environment once TLS is spoken, which takes 20 ms.
        """
        self._context = context
        self._pools: dict[tuple[Proxy | None, bool], httpcore.AsyncConnectionPool] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; its answer's body is unread.

        Raises:
            ConfigError: the proxy in force cannot be used, or the environment names certificates
                that are not there.
        """
        assert isinstance(request.stream, httpx.AsyncByteStream)
        url = request.url
        pool = self._pool(proxy_for(str(url)), tls=url.scheme == "https")
        answer = await pool.handle_async_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        assert isinstance(answer.stream, AsyncIterable)
        return httpx.Response(
            status_code=answer.status,
            headers=answer.headers,
            stream=_Body(answer.stream),
            extensions=answer.extensions,
        )

    async def aclose(self) -> None:
        """Close all connections."""
        for pool in self._pools.values():
            await pool.aclose()

    def _pool(self, proxy: Proxy | None, *, tls: bool) -> httpcore.AsyncConnectionPool:
        tls = tls or (proxy is not None and proxy.scheme == "https")
        key = proxy, tls
        if key not in self._pools:
            if tls and self._context is None:
                self._context = trusted()
            self._pools[key] = _made(proxy, self._context)
        return self._pools[key]


class _Body(httpx.AsyncByteStream):
    def __init__(self, stream: AsyncIterable[bytes]) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._stream:
            yield piece

    async def aclose(self) -> None:
        if hasattr(self._stream, "aclose"):
            await self._stream.aclose()


def _made(proxy: Proxy | None, context: ssl.SSLContext | None) -> httpcore.AsyncConnectionPool:
    if proxy is None:
        return httpcore.AsyncConnectionPool(
            ssl_context=context,
            max_connections=CONNECTIONS,
            max_keepalive_connections=CONNECTIONS,
            keepalive_expiry=_IDLE_SECONDS,
            network_backend=Backend(),
        )
    scheme = proxy.scheme.encode()
    auth = (proxy.auth[0].encode(), proxy.auth[1].encode()) if proxy.auth else None
    url = httpcore.URL(scheme=scheme, host=proxy.host.encode(), port=proxy.port, target=b"/")
    if scheme in {b"http", b"https"}:
        return httpcore.AsyncHTTPProxy(
            url,
            proxy_auth=auth,
            proxy_ssl_context=context if scheme == b"https" else None,
            ssl_context=context,
            max_connections=CONNECTIONS,
            max_keepalive_connections=CONNECTIONS,
            keepalive_expiry=_IDLE_SECONDS,
            network_backend=Backend(),
        )
    try:
        import socksio
    except ImportError:
        raise ConfigError(
            f"{proxy.source} names a SOCKS proxy, which needs the extra `socks`",
            hint="Install it with: pip install 'amltui[socks]', or let NO_PROXY name the host.",
        ) from None
    del socksio
    return httpcore.AsyncSOCKSProxy(
        url,
        proxy_auth=auth,
        ssl_context=context,
        max_connections=CONNECTIONS,
        max_keepalive_connections=CONNECTIONS,
        keepalive_expiry=_IDLE_SECONDS,
        network_backend=Backend(),
    )
