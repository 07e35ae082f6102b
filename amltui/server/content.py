"""Answering with a content: ranges, validators, digests; never compressed.

A content never changes, so its hash is its validator. Local files are handed to the server's own
sender; with an object store the client is sent there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from amltui.server import references
from amltui.server.http_errors import RangeNotSatisfiable
from amltui.server.rsgi import SEND_FILE
from amltui.server.state import ServerState
from amltui.server.store.base import Stored
from amltui.wire import headers as names

_RANGE: Final = re.compile(r"bytes\s*=\s*([0-9]{0,18})\s*-\s*([0-9]{0,18})\s*", re.IGNORECASE)
_TYPE: Final = "application/octet-stream"


class FileRangeResponse(Response):
    """Bytes `start` to before `stop` of a file, sent by the server itself from its path."""

    def __init__(
        self, path: Path, start: int, stop: int, status: int, headers: dict[str, str]
    ) -> None:
        self._message = {"type": SEND_FILE, "path": str(path), "start": start, "stop": stop}
        self.status_code = status
        self.background = None
        self.init_headers(headers)

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Hand the path over."""
        head = {"type": "http.response.start", "status": self.status_code}
        await send(head | {"headers": self.raw_headers})
        await send(self._message)


async def respond(state: ServerState, stored: Stored, name: str, request: Request) -> Response:
    """The content, the part of it that was asked for, or word that the client has it already.

    `name` is what an error calls it by.

    Raises:
        RangeNotSatisfiable: no byte of it is in the range.
        NotFound: it was deleted.
        ContentLost: it should be in the store and is not.
        ServiceUnavailable: the store is away.
    """
    store = state.store
    etag = f'"{stored.sha256}"'
    headers = {
        "ETag": etag,
        "Accept-Ranges": "bytes",
        names.REPR_DIGEST: names.repr_digest(stored.sha256),
        "Cache-Control": "private, max-age=604800, immutable, no-transform",
        "Content-Type": _TYPE,
        "X-Content-Type-Options": "nosniff",
    }
    if _matches(request.headers.getlist("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    span = _span(request, etag, stored.size)
    # Before a redirect, too: a store would answer for itself, and not say what is lost.
    if not await store.has(stored.sha256, stored.size):
        raise await references.missing_reason(state, stored.sha256, name)
    url = await store.signed_url(stored.sha256) if _can_redirect(request, etag) else None
    if url is not None:
        headers["Cache-Control"] = "private, no-store"
        return Response(status_code=307, headers=headers | {"Location": url})
    start, stop = span or (0, stored.size)
    if span is not None:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{stored.size}"
    headers["Content-Length"] = str(stop - start)
    status = 200 if span is None else 206
    if request.method == "HEAD" or start == stop:
        return Response(status_code=status, headers=headers)
    path = store.path(stored.sha256)
    if path is not None and SEND_FILE in request.scope.get("extensions", {}):
        return FileRangeResponse(path, start, stop, status, headers)
    return StreamingResponse(store.read(stored.sha256, start, stop), status, headers)


def _span(request: Request, etag: str, size: int) -> tuple[int, int] | None:
    """First byte and end of the range asked for; None for the whole content.

    A Range that is malformed, or of several parts, is ignored, as RFC 9110 allows.
    """
    match = _RANGE.fullmatch(request.headers.get("range", ""))
    condition = request.headers.get("if-range")
    if match is None or (condition is not None and condition != etag):
        return None
    first, last = match.groups()
    if not first and not last:
        return None
    if not first:
        start, stop = max(0, size - int(last)), size
    else:
        start, stop = int(first), min(size, int(last) + 1 if last else size)
        if last and int(last) < start:
            return None
    if start >= size:
        raise RangeNotSatisfiable(
            "The range begins after the end of the contents.",
            headers={"Content-Range": f"bytes */{size}"},
        )
    return start, stop


def _can_redirect(request: Request, etag: str) -> bool:
    """Whether an object store would answer this as we would.

    Azure knows no suffix ranges, and no store knows our validators: those we answer ourselves.
    """
    match = _RANGE.fullmatch(request.headers.get("range", ""))
    suffix = match is not None and not match.group(1)
    return not suffix and request.headers.get("if-range") != etag


def _matches(values: Sequence[str], etag: str) -> bool:
    tags = {tag.strip().removeprefix("W/") for value in values for tag in value.split(",")}
    return bool(tags & {etag, "*"})
