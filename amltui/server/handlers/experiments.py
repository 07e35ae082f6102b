"""Experiments and their outputs."""

from __future__ import annotations

from starlette.responses import Response

from amltui.server import catalog, content, experiments, keeping, uploads
from amltui.server.handlers.transfers import body_of
from amltui.server.problems import BadRequest
from amltui.server.routing import Call, answer
from amltui.server.store.base import Stored


async def list_all(call: Call) -> Response:
    """All experiments, without graphs."""
    async with call.state.database.reading() as connection:
        return answer(await experiments.listed(connection, call.state.workspace_id))


async def one(call: Call) -> Response:
    """One experiment with its graph."""
    state = call.state
    async with state.database.reading() as connection:
        return answer(await experiments.one(connection, state.workspace_id, call.part("e")))


async def output(call: Call) -> Response:
    """The bytes of an intermediate dataset."""
    state = call.state
    async with state.database.reading() as connection:
        row = await experiments.output(
            connection, state.workspace_id, call.part("e"), call.part("node"), call.part("port")
        )
    return await content.respond(state, Stored(row.sha256, row.size), call.request)


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
    room = await uploads.room_left(state)
    received = 0
    async with state.store.stage() as staged:
        async for chunk in body_of(call):
            received += len(chunk)
            uploads.check_room(state, received, room)
            await staged.write(chunk)
        stored = await keeping.keep(state.database, staged)
    async with state.database.writing() as connection:
        await catalog.change(connection, state.workspace_id)
        await experiments.publish(
            connection, state.workspace_id, experiment_id, node, port, data_type_id, stored
        )
    return Response(status_code=204)
