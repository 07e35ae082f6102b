"""Streaming a content: what the host said about it, checked, then its bytes, counted."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final, cast

import httpx

from amltui.errors import (
    ContentChanged,
    ContentError,
    Damaged,
    TransferCut,
    Unreachable,
)
from amltui.models import ContentInfo
from amltui.wire import headers
from amltui.workspaces.studio.link import TIMEOUT, Link

_CONTENT_RANGE: Final = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")
_LARGE: Final = 2 << 20
_PIECE: Final = 1 << 20
_PAGE: Final = ("text/html", "application/xhtml+xml")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What part of a content was asked for, and what is known about the whole."""

    doing: str
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
    """An open content; may be iterated once."""

    def __init__(self, link: Link, response: httpx.Response, wanted: Wanted) -> None:
        self.info, self._expected = examine(response, wanted)
        self._link = link
        self._response = response
        self._wanted = wanted

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The bytes from `info.start` on.

        Raises:
            TransferCut: fewer bytes came than were promised.
            Damaged: more bytes came than were promised.
        """
        if self._response.status_code == 416:
            return
        received = 0
        limit = None if self._wanted.stop is None else self._wanted.stop - self.info.start
        try:
            with self._link.border(self._wanted.doing, str(self._response.url)):
                async for chunk in self._chunks():
                    received += len(chunk)
                    if limit is not None and received > limit:  # the host ignored the range
                        yield chunk[: len(chunk) - (received - limit)]
                        return
                    yield chunk
        except Unreachable as error:
            raise TransferCut(f"{error} after {received:,} bytes", received=received) from None
        if self._expected is None or received == self._expected:
            return
        text = f"While {self._wanted.doing}: {received:,} of {self._expected:,} bytes came"
        if received > self._expected:
            raise Damaged(text)
        raise TransferCut(text, received=received)

    async def _chunks(self) -> AsyncIterator[bytes]:
        """The body, decoded if need be.

        Of a large one only the first piece goes through the HTTP parser, which has nothing to do
        there and takes 64 KiB at a time; the rest comes from its connection, three times faster.
        That connection is closed afterwards instead of being used again.
        """
        received = 0
        length = _plain_length(self._response)
        # Closing this iterator closes the connection, so it is kept until the end.
        async with aclosing(cast("AsyncGenerator[bytes]", self._response.aiter_bytes())) as parsed:
            async for chunk in parsed:
                yield chunk
                received += len(chunk)
                if length - received > _LARGE:
                    break
            else:
                return
            stream = self._response.extensions["network_stream"]
            while received < length:
                chunk = await stream.read(min(_PIECE, length - received), timeout=TIMEOUT.read)
                if not chunk:
                    return
                yield chunk
                received += len(chunk)


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
    if response.status_code in {206, 416}:
        match = _CONTENT_RANGE.fullmatch(fields.get("Content-Range", ""))
        size = _number(match.group(3)) if match else None
        if response.status_code == 416:
            size = wanted.size if size is None else size
            if size is None or size != wanted.start:
                raise ContentChanged(
                    f"While {wanted.doing}: there is no byte {wanted.start:,} in it any more"
                )
            start, expected = size, 0
        elif match is None or match.group(1) is None or encoded:
            raise ContentError(f"While {wanted.doing}: the host sent a part and not which one")
        else:
            start, last = int(match.group(1)), int(match.group(2))
            if start != wanted.start:
                raise ContentError(
                    f"While {wanted.doing}: asked for byte {wanted.start:,}, got byte {start:,}"
                )
            expected = last - start + 1
    elif size is None and not encoded:
        expected = wanted.size
    _refuse_page(response, wanted, size)
    etag = fields.get("ETag")
    whole = response.status_code == 200
    return ContentInfo(
        start=start,
        size=size if size is not None else wanted.size,
        etag=etag if etag and not etag.startswith("W/") else None,
        sha256=headers.sha256_of(fields.get(headers.REPR_DIGEST)),
        md5=headers.md5_of(fields.get(headers.CONTENT_MD5)) if whole else None,
        ranges=response.status_code in {206, 416} or fields.get("Accept-Ranges") == "bytes",
    ), expected


def _refuse_page(response: httpx.Response, wanted: Wanted, size: int | None) -> None:
    """Some hosts and proxies answer 200 with a page that says that something went wrong."""
    page = response.headers.get("Content-Type", "").lower().startswith(_PAGE)
    known = wanted.size is not None and size == wanted.size
    if page and not known and (not wanted.etag or response.headers.get("ETag") != wanted.etag):
        raise ContentError(
            f"While {wanted.doing}: the host answered with a web page instead of the content",
            hint="A proxy or a login page may stand in between.",
        )
    if wanted.size is not None and size is not None and size != wanted.size:
        raise Damaged(
            f"While {wanted.doing}: the host has {size:,} bytes, the workspace says {wanted.size:,}"
        )


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() else None
