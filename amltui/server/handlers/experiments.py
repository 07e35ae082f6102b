"""Experiments and their outputs."""

from __future__ import annotations

from starlette.responses import Response

from amltui.models import GLOBAL_WORKSPACE_ID
from amltui.server import catalog, content, experiments, uploads
from amltui.server.handlers.transfers import body_of, note_download
from amltui.server.http_errors import BadRequest
from amltui.server.routing import Call, json_response
from amltui.server.store.base import Stored


async def list_all(call: Call) -> Response:
    """All experiments, without graphs."""
    async with call.state.database.reading() as connection:
        found = await experiments.listed(connection, call.state.workspace_id)
    if call.prefix:
        found = [one for one in found if one.experiment_id.startswith(GLOBAL_WORKSPACE_ID)]
    return json_response(found)


async def one(call: Call) -> Response:
    """One experiment with its graph."""
    state = call.state
    async with state.database.reading() as connection:
        return json_response(await experiments.one(connection, state.workspace_id, call.part("e")))


async def output(call: Call) -> Response:
    """The bytes of an intermediate dataset."""
    state = call.state
    async with state.database.reading() as connection:
        row = await experiments.output(
            connection, state.workspace_id, call.part("e"), call.part("node"), call.part("port")
        )
    stored = Stored(row.sha256, row.size)
    response = await content.respond(state, stored, _port(call), call.request)
    note_download(call, response, call.origin, call.part("e"), _port(call))
    return response


async def publish(call: Call) -> Response:
    """Give a port its contents: the body, of type `dataTypeId` (ours)."""
    state = call.state
    data_type_id, node, port = call.query("dataTypeId"), call.part("node"), call.part("port")
    experiment_id = call.part("e")
    experiments.check_publishable(state.workspace_id, experiment_id)
    catalog.check_text(node, "", data_type_id)
    catalog.check_text(port, "", data_type_id)
    if len(node) > 200 or len(port) > 200:
        raise BadRequest("Names of nodes and ports have at most 200 characters.")
    stored = await uploads.receive(state, call.caller, call.size, body_of(call))
    async with catalog.changing(state.database, state.workspace_id) as connection:
        await experiments.publish(
            connection,
            state.workspace_id,
            experiment_id,
            node,
            port,
            data_type_id,
            stored,
            call.origin.token_id,
        )
        await call.record(connection, experiment_id, _port(call))
    state.freed.set()  # by the contents that this port had before
    return Response(status_code=204)


async def delete_output(call: Call) -> Response:
    """Take a port's contents away (ours)."""
    state = call.state
    async with catalog.changing(state.database, state.workspace_id) as connection:
        await experiments.delete_output(
            connection, state.workspace_id, call.part("e"), call.part("node"), call.part("port")
        )
        await call.record(connection, call.part("e"), _port(call))
    state.freed.set()
    return Response(status_code=204)


async def delete(call: Call) -> Response:
    """Take an experiment with all its outputs away (ours)."""
    state = call.state
    async with catalog.changing(state.database, state.workspace_id) as connection:
        await experiments.delete(connection, state.workspace_id, call.part("e"))
        await call.record(connection, call.part("e"))
    state.freed.set()
    return Response(status_code=204)


def _port(call: Call) -> str:
    """An output as the audit log names it."""
    return f"{call.part('node')}/{call.part('port')}"
