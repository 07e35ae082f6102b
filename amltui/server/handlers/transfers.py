"""Bytes in and out: uploads by block or whole, contents by signed link."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Final

from starlette.responses import Response

from amltui.server import content, links, quota, tokens, uploads
from amltui.server.audit import Origin
from amltui.server.handlers.datasources import statistics_response
from amltui.server.http_errors import BadRequest, Forbidden, NotFound
from amltui.server.routing import Call, json_response
from amltui.server.store.base import Stored
from amltui.server.turns import turn
from amltui.wire.messages import ResourceUpload

_IN_LINE: Final = 20.0
"""Seconds that a download waits until it may begin."""
_NO_LINK: Final = "This link is not valid or has ended. Ask the workspace for a new one."


async def begin(call: Call) -> Response:
    """Begin an upload; a body, if there is one, is its whole content."""
    data_type_id = call.query("dataTypeId")
    if not data_type_id or len(data_type_id) > 100:
        raise BadRequest("dataTypeId is missing or too long.")
    quota.check_disk(call.state, call.size)
    if call.size:
        upload_id = await uploads.begin_whole(
            call.state, call.caller, data_type_id, call.size, body_of(call)
        )
    else:
        upload_id = await uploads.begin(call.state, call.caller, data_type_id)
    link = await call.state.store.upload_url(uploads.direct_key(upload_id))
    return json_response(
        ResourceUpload(
            id=upload_id,
            data_type_id=data_type_id,
            content_type=call.request.headers.get("content-type"),
            committed=False,
            workspace_id=call.state.workspace_id,
            shared_access_uri=link,
        )
    )


async def block(call: Call) -> Response:
    """Take one block of an upload."""
    upload_id = call.query("uploadId")
    number, count = call.number("blockId"), call.number("numberOfBlocks")
    await uploads.receive_block(
        call.state, call.caller, upload_id, number, count, call.size, body_of(call)
    )
    return json_response({"Id": upload_id, "BlockId": number})


async def download(call: Call) -> Response:
    """A content, a schema or a visualisation, by signed link; no token is looked at."""
    state = call.state
    link = links.parse(call.part("key"), call.request.url.query)
    if link is None:
        raise Forbidden(_NO_LINK)
    async with turn(state.beginning, _IN_LINE, "Too many downloads begin now."):
        async with state.database.lookup() as connection:
            found = await tokens.link_target(connection, state.workspace_id, link)
        if found is None:
            raise Forbidden(_NO_LINK)
        if found.sha256 is None:
            raise NotFound("These contents were deleted.")
        stored = Stored(found.sha256, found.size)
        if not link.view:
            response = await content.respond(state, stored, found.name, call.request)
    if link.view:
        return await statistics_response(call, stored, found.data_type_id, link.view)
    origin = replace(call.origin, actor=found.token_name, token_id=link.token_id)
    note_download(call, response, origin, found.id, found.name)
    return response


def note_download(call: Call, response: Response, origin: Origin, target: str, name: str) -> None:
    """Remember for the audit log that contents are sent."""
    if call.request.method == "GET" and response.status_code != 304:
        call.state.audit.add(origin, "download", target, name)


async def body_of(call: Call) -> AsyncIterator[bytes]:
    """The request's body without empty chunks."""
    async for chunk in call.request.stream():
        if chunk:
            yield chunk
