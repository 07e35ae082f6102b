"""Adapts the ASGI application to RSGI, the native interface of Granian.

RSGI moves bytes outside of Python: Granian's own threads send a file or a range of one, and a body
of moderate size arrives in one piece, not in pieces of 64 KiB. All else is plain ASGI 2.4.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Scope

SEND_FILE: Final = "amltui.send_file"
"""The message, and the extension, by which a response is a file's bytes `start` to before `stop`.

Its `path` must exist; the head is that of `http.response.start` before it."""
TOKEN_ID: Final = "amltui.token"  # noqa: S105 - a key, no token
"""Key of the scope where the application writes the id of the request's token, once it is known."""
_ONE_PIECE: Final = 8 << 20
"""Bytes of the largest body that is taken in one piece, from authenticated clients only: others
could fill the memory."""
_PIECE: Final = 256 << 10
"""Bytes of a response that are buffered for a slow client at most."""
_SLOWEST: Final = 4 << 10
"""Bytes per second below which the request is ended."""


class RSGIAdapter:
    """The application as Granian calls it (RSGI 1.x)."""

    def __init__(self, app: ASGIApp, idle_timeout: float) -> None:
        self._app = app
        self._idle_timeout = idle_timeout

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        """Answer one request."""
        if scope.proto == "http":
            translated = _asgi(scope)
            exchange = _Exchange(translated, protocol, self._idle_timeout)
            await self._app(translated, exchange.receive, exchange.send)


def _asgi(scope: Any) -> Scope:
    names = [(name.encode(), value.encode("latin-1")) for name, value in scope.headers.items()]
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": scope.http_version,
        "method": scope.method,
        "scheme": scope.scheme,
        "path": scope.path,
        "raw_path": None,
        "query_string": scope.query_string.encode("latin-1", "replace"),
        "root_path": "",
        "headers": names,
        "client": _address(scope.client),
        "server": _address(scope.server),
        "extensions": {SEND_FILE: {}},
    }


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port) if port.isdigit() else 0


def body_length(scope: Scope) -> int | None:
    """Bytes of a request's body. None: it does not say."""
    fields = Headers(scope=scope)
    length = fields.get("content-length", "")
    if length.isdecimal():
        return int(length)
    return None if "transfer-encoding" in fields else 0


class _Exchange:
    """One request's `receive` and `send`."""

    def __init__(self, scope: Scope, protocol: Any, idle_timeout: float) -> None:
        self._scope = scope
        self._protocol = protocol
        self._idle_timeout = idle_timeout
        self._chunks: AsyncIterator[bytes] | None = None
        self._length = body_length(scope)
        self._received = 0
        self._ended = False
        self._head: tuple[int, list[tuple[str, str]]] = (500, [])
        self._stream: Any = None

    async def receive(self) -> Message:
        """The body, chunk after chunk; then word that the client is gone, once it is.

        Raises:
            TimeoutError: the client sends nothing more, or hardly anything.
        """
        if self._ended:
            await self._protocol.client_disconnect()
            return {"type": "http.disconnect"}
        small = self._length is not None and self._length <= _ONE_PIECE
        if self._chunks is None and small and TOKEN_ID in self._scope:
            async with asyncio.timeout(self._idle_timeout + (self._length or 0) / _SLOWEST):
                body = await self._whole()
        else:
            self._chunks = self._chunks or self._iterate()
            async with asyncio.timeout(self._idle_timeout):
                body = await anext(self._chunks, b"")
        self._received += len(body)
        self._ended = not body or self._received == self._length
        if self._ended and self._received < (self._length or 0):
            return {"type": "http.disconnect"}  # Granian ends a body that broke off like any other
        return {"type": "http.request", "body": body, "more_body": not self._ended}

    async def _whole(self) -> bytes:
        try:
            body: bytes = await self._protocol()
        except RuntimeError:  # Granian's own: it broke off
            return b""
        return body

    async def _iterate(self) -> AsyncIterator[bytes]:
        async for chunk in self._protocol:  # only one loop may ever run over it
            if chunk:
                yield chunk

    async def send(self, message: Message) -> None:
        """Take a part of the response.

        Raises:
            OSError: the client is gone.
        """
        if message["type"] == "http.response.start":
            fields = message.get("headers", ())
            self._head = (
                message["status"],
                [(name.decode("latin-1"), value.decode("latin-1")) for name, value in fields],
            )
        elif message["type"] == SEND_FILE:
            start, stop = message["start"], message["stop"]
            self._protocol.response_file_range(*self._head, message["path"], start, stop)
        else:
            await self._body(message.get("body", b""), more=message.get("more_body", False))

    async def _body(self, data: bytes, *, more: bool) -> None:
        if self._stream is None and not more and len(data) <= _PIECE:
            self._protocol.response_bytes(*self._head, bytes(data))
            return
        if self._stream is None:
            self._stream = self._protocol.response_stream(*self._head)
        view = memoryview(data)
        while view:
            try:
                async with asyncio.timeout(self._idle_timeout):
                    await self._stream.send_bytes(bytes(view[:_PIECE]))
            except RuntimeError as error:  # Granian's own "transport is closed"
                raise OSError("The client is gone") from error
            except TimeoutError as error:
                raise OSError("The client reads nothing") from error
            view = view[_PIECE:]
