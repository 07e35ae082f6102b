"""A real HTTP server on a socket that answers exactly the bytes a test wants.

For what no well-behaved server does: cut connections, wrong lengths, pages instead of data.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import h11

from tests.support.listening import listening


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; `cut` bytes of the body are sent before the connection is closed."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None
    """The Content-Length that is claimed. None: the true one; -1: none is given."""
    cut: int | None = None


def json_answer(value: object, status: int = 200, **headers: str) -> Answer:
    fields = {"Content-Type": "application/json", **headers}
    return Answer(status, json.dumps(value).encode(), fields)


Handler = Callable[[Request], Answer | Awaitable[Answer | None] | None]
"""None closes the connection without an answer."""


@dataclass(slots=True)
class RawServer:
    port: int
    requests: list[Request]

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}/"


@asynccontextmanager
async def raw_server(handler: Handler) -> AsyncIterator[RawServer]:
    requests: list[Request] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await _one(reader, writer):
                pass
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        request = await _receive(reader)
        if request is None:
            return False
        requests.append(request)
        answer = handler(request)
        if not (answer is None or isinstance(answer, Answer)):
            answer = await answer
        if answer is None:
            return False
        writer.write(_head(answer))
        writer.write(answer.body if answer.cut is None else answer.body[: answer.cut])
        await writer.drain()
        return answer.cut is None and answer.length != -1

    async with listening(serve) as port:
        yield RawServer(port, requests)


async def _receive(reader: asyncio.StreamReader) -> Request | None:
    connection = h11.Connection(h11.SERVER)
    head: h11.Request | None = None
    body = b""
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            data = await reader.read(1 << 16)
            if not data and head is None:
                return None
            connection.receive_data(data)
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            assert head is not None
            fields = {k.decode().lower(): v.decode() for k, v in head.headers}
            return Request(head.method.decode(), head.target.decode(), fields, body)
        else:
            return None


def _head(answer: Answer) -> bytes:
    fields = dict(answer.headers)
    length = len(answer.body) if answer.length is None else answer.length
    if length >= 0 and answer.status not in {204, 304}:
        fields["Content-Length"] = str(length)
    else:
        fields["Connection"] = "close"
    lines = [f"HTTP/1.1 {answer.status} X", *(f"{k}: {v}" for k, v in fields.items()), "", ""]
    return "\r\n".join(lines).encode()
