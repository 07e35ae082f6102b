"""Streaming a content: what the host said about it, checked, then its bytes, counted."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from typing import Final, cast

from amltui.errors import (
    ContentChanged,
    ContentError,
    Damaged,
    TransferCut,
    Unreachable,
)
from amltui.models import ContentInfo
from amltui.wire import headers
from amltui.workspaces.http.client import TIMEOUT, ApiClient
from amltui.workspaces.http.httpx_alone import httpx
from amltui.workspaces.http.network import NetworkStream

_CONTENT_RANGE: Final = re.compile(r"bytes (?:(\d{1,18})-(\d{1,18})|\*)/(\d{1,18}|\*)")
_MOST_DIGITS: Final = 18
"""Of a number of bytes: more stand for no content that there is."""
_LARGE: Final = 2 << 20
_PIECE: Final = 1 << 20
_PAGE: Final = ("text/html", "application/xhtml+xml")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What part of a content was asked for, and what is known about the whole."""

    operation: str
    start: int = 0
    stop: int | None = None
    etag: str | None = None
    size: int | None = None
    """Bytes of the whole content as its metadata say. None: not known."""

    def headers(self) -> dict[str, str]:
        """Request headers; contents are never asked for compressed, so that ranges mean bytes."""
        fields = {"Accept-Encoding": "identity"}
        if self.start or self.stop is not None:
            last = "" if self.stop is None else str(self.stop - 1)
            fields["Range"] = f"bytes={self.start}-{last}"
            if self.etag:
                fields["If-Range"] = self.etag
        return fields


class StudioContent:
    """An open content; may be read once, by iterating or by `readinto`. Close it."""

    def __init__(self, client: ApiClient, response: httpx.Response, wanted: Wanted) -> None:
        self.info, self._expected = examine(response, wanted)
        self._client = client
        self._response = response
        self._wanted = wanted
        self._limit = None if wanted.stop is None else wanted.stop - self.info.start
        self._promised = self._expected
        """Bytes without which it is not what was asked for: a host may send a shorter part."""
        if wanted.stop is None and self.info.size is not None and self._expected is not None:
            self._promised = self.info.size - self.info.start
        self._received = 0
        self._parser = cast("AsyncGenerator[bytes]", response.aiter_bytes())
        self._parsed = memoryview(b"")
        """What the parser gave and nobody has taken."""
        self._unparsed = _plain_length(response)
        """Bytes of the body that the parser has not given."""
        self._direct = False
        """Whether they come from the connection, past the parser."""

    async def aclose(self) -> None:
        """Let go of the connection."""
        await self._parser.aclose()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The bytes from `info.start` on; see `readinto`."""
        while True:
            left = _PIECE if self._expected is None else self._expected - self._received
            piece = memoryview(bytearray(max(1, min(_PIECE, left))))
            count = await self.readinto(piece)
            if not count:
                return
            yield bytes(piece[:count])

    async def readinto(self, view: memoryview) -> int:
        """See `terms.Content`.

        Raises:
            TransferCut: fewer bytes came than were promised.
            Damaged: more bytes came than were promised.
        """
        if self._response.status_code == 416:
            return 0
        if self._limit is not None:
            view = view[: self._limit - self._received]
            if not view:  # a host that ignored the range would go on
                return 0
        try:
            with self._client.mapped(self._wanted.operation, str(self._response.url)):
                count = await self._next(view)
        except Unreachable as error:
            came = f"{error} after {self._received:,} bytes"
            raise TransferCut(came, received=self._received) from None
        self._received += count
        if not count and self._promised not in {None, self._received}:
            text = f"{self._received:,} of {self._promised:,} bytes came"
            raise TransferCut(f"While {self._wanted.operation}: {text}", received=self._received)
        if self._expected is not None and self._received > self._expected:
            raise Damaged(
                f"While {self._wanted.operation}: more than {self._expected:,} bytes came"
            )
        return count

    async def _next(self, view: memoryview) -> int:
        """The next bytes of the body, decoded if need be.

        Of a large one only the first piece goes through the HTTP parser, which has nothing to do
        there; the rest goes from its connection into the memory that wants it. That connection
        is closed afterwards instead of being used again.
        """
        if not self._parsed and self._direct:
            view = view[: self._unparsed]
            if not view:
                return 0
            connection: NetworkStream = self._response.extensions["network_stream"]
            count = await connection.readinto(view, timeout=TIMEOUT.read)
            self._unparsed -= count
            return count
        if not self._parsed:
            self._parsed = memoryview(await anext(self._parser, b""))
            self._unparsed -= len(self._parsed)
            stream = self._response.extensions.get("network_stream")
            self._direct = self._unparsed > _LARGE and isinstance(stream, NetworkStream)
        count = min(len(view), len(self._parsed))
        view[:count] = self._parsed[:count]
        self._parsed = self._parsed[count:]
        return count


def _plain_length(response: httpx.Response) -> int:
    """Bytes of a body that follows on the connection as it is; 0 where it is written otherwise."""
    fields = response.headers
    if response.http_version != "HTTP/1.1" or "Transfer-Encoding" in fields:
        return 0
    if fields.get("Content-Encoding", "identity").lower() != "identity":
        return 0
    return _number(fields.get("Content-Length")) or 0


def examine(response: httpx.Response, wanted: Wanted) -> tuple[ContentInfo, int | None]:
    """What a successful or 416 answer says, and how many bytes must follow (None: not known).

    Raises:
        ContentError: this is not the part that was asked for, or not a content at all.
        ContentChanged: the content is shorter than what was asked to go on from.
    """
    fields = response.headers
    encoded = fields.get("Content-Encoding", "identity").lower() != "identity"
    length = _number(fields.get("Content-Length")) if not encoded else None
    start, size, expected = 0, length, length
    part = response.status_code == 206 or "Content-Range" in fields
    if response.status_code == 416:
        match = _CONTENT_RANGE.fullmatch(fields.get("Content-Range", ""))
        size = _number(match.group(3)) if match else None
        size = wanted.size if size is None else size
        if size is None or size != wanted.start:
            raise ContentChanged(
                f"While {wanted.operation}: there is no byte {wanted.start:,} in it any more"
            )
        start, expected = size, 0
    elif part:  # also with status 200, as some stores answer
        start, expected, size = _part(response, wanted)
    elif size is None and not encoded:
        expected = wanted.size
    _refuse_page(response, wanted, size)
    etag = fields.get("ETag")
    whole = response.status_code == 200 and not part
    return ContentInfo(
        start=start,
        size=size if size is not None else wanted.size,
        etag=etag if etag and not etag.startswith("W/") else None,
        sha256=headers.sha256_of(fields.get(headers.REPR_DIGEST)),
        md5=headers.md5_of(fields.get(headers.CONTENT_MD5)) if whole else None,
        ranges=part or response.status_code == 416 or fields.get("Accept-Ranges") == "bytes",
    ), expected


def _part(response: httpx.Response, wanted: Wanted) -> tuple[int, int, int | None]:
    """Which part an answer holds: its first byte, its length, the size of the whole if said.

    Raises:
        ContentError: it does not say that, or this is not what was asked for.
    """
    fields = response.headers
    match = _CONTENT_RANGE.fullmatch(fields.get("Content-Range", ""))
    size = _number(match.group(3)) if match else None
    start, last = (int(match[1]), int(match[2])) if match and match[1] else (0, -1)
    encoded = fields.get("Content-Encoding", "identity").lower() != "identity"
    if encoded or last < start or (size is not None and last >= size):
        raise ContentError(f"While {wanted.operation}: the host sent a part and not which one")
    count = last - start + 1
    if start != wanted.start and (start, count) != (0, size):
        raise ContentError(
            f"While {wanted.operation}: asked for byte {wanted.start:,}, got byte {start:,}"
        )
    if size is None and wanted.size is None and wanted.stop is None:
        raise ContentError(f"While {wanted.operation}: the host sent a part and not of how much")
    return start, count, size


def _refuse_page(response: httpx.Response, wanted: Wanted, size: int | None) -> None:
    """Some hosts and proxies answer 200 with a page that says that something went wrong."""
    page = response.headers.get("Content-Type", "").lower().startswith(_PAGE)
    known = wanted.size is not None and size == wanted.size
    if page and not known and (not wanted.etag or response.headers.get("ETag") != wanted.etag):
        raise ContentError(
            f"While {wanted.operation}: the host answered with a web page instead of the content",
            hint="A proxy or a login page may stand in between.",
        )
    if wanted.size is not None and size is not None and size != wanted.size:
        raise Damaged(
            f"While {wanted.operation}: the host has {size:,} bytes, "
            f"the workspace says {wanted.size:,}"
        )


def _number(text: str | None) -> int | None:
    """The number that a header gives; None when it is none, or larger than any content."""
    plain = text and text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
    return int(text or "") if plain else None
