"""The whole body of an answer, as large and as slow as it may be and no more.

A server, or who pretends to be one, decides what it sends: a small compressed body can hold
gigabytes, and one byte each second never ends.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final, cast

import anyio
import anyio.lowlevel

from amltui.workspaces.http.httpx_alone import httpx

MOST: Final = 256 << 20
"""Bytes of an answer, decompressed: a list of 200,000 datasets."""
MOST_OF_AN_ERROR: Final = 64 << 10
"""Bytes of an error's body that are read; only its first words are shown."""


_GENERATORS: Final = 6
"""Of httpx, this package and httpcore, one within the other: what a body comes through."""


class TooSlow(httpx.ReadTimeout):
    """An answer that comes, and takes too long: asking again would take as long again."""


class TooLarge(httpx.DecodingError):
    """An answer of more than `MOST` bytes."""


@dataclass(frozen=True, slots=True)
class ApiAnswer:
    """What a server said to an API request."""

    status_code: int
    headers: httpx.Headers
    content: bytes
    reason: str = ""

    @property
    def is_success(self) -> bool:
        """Whether the status is one of success."""
        return 200 <= self.status_code < 300


async def whole(response: httpx.Response, seconds: float) -> ApiAnswer:
    """The answer with all of its body, of an error with the beginning; the response is closed.

    Raises:
        TooSlow: it is not whole after `seconds`.
        TooLarge: it is larger than `MOST`.
        httpx.DecodingError: it is compressed in a way that was not asked for.
    """
    refused = response.status_code >= 400
    content = b""
    try:
        with anyio.move_on_after(seconds) as limit:
            content = await (_beginning if refused else _all)(response)
        if limit.cancelled_caught and not refused:
            raise TooSlow(f"it took more than {seconds:g} s")
    finally:
        await close(response)
    return ApiAnswer(response.status_code, response.headers, content, response.reason_phrase)


async def close(response: httpx.Response) -> None:
    """Let go of an answer, and come back when nothing of it is under way.

    What a body comes through are generators of other libraries, which nobody closes where it was
    not read to its end: then each of them, as it is forgotten, is closed by a task of its own that
    takes two turns of the loop, and so forgets the next. A program could end meanwhile.
    """
    if response.is_closed:
        return
    await response.aclose()
    for _ in range(2 * _GENERATORS):
        await anyio.lowlevel.cancel_shielded_checkpoint()


async def _all(response: httpx.Response) -> bytes:
    body = bytearray()
    async for piece in _decoded(response, MOST):
        body += piece
        if len(body) > MOST:
            raise TooLarge(f"it is larger than {MOST >> 20} MiB")
    return bytes(body)


async def _beginning(response: httpx.Response) -> bytes:
    body = bytearray()
    try:
        async with aclosing(_decoded(response, MOST_OF_AN_ERROR)) as pieces:
            async for piece in pieces:
                body += piece
                if len(body) >= MOST_OF_AN_ERROR:
                    break
    except httpx.DecodingError:
        pass  # the status alone says enough
    return bytes(body[:MOST_OF_AN_ERROR])


async def _decoded(response: httpx.Response, most: int) -> AsyncGenerator[bytes]:
    """The body's pieces; none holds more than one byte above `most`, however it is compressed."""
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    raw = cast("AsyncGenerator[bytes]", response.aiter_raw())
    async with aclosing(raw):
        if encoding in {"identity", ""}:
            async for piece in raw:
                yield piece
            return
        if encoding not in {"gzip", "x-gzip"}:
            raise httpx.DecodingError("it is compressed in a way that was not asked for")
        inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)
        try:
            async for piece in raw:
                # More than `most` ends the reading, so what is left of the piece is never needed.
                yield inflate.decompress(piece, most + 1)
        except zlib.error:
            raise httpx.DecodingError("it is not compressed as it says") from None
        if not inflate.eof:
            raise httpx.DecodingError("its compressed body is cut")
