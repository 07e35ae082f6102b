"""Experiments with their graphs, and the outputs that were published for them.

This server runs no experiments: their outputs come from whoever ran the work. Publishing to an
experiment that is not there makes it, with a node for the output.
"""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from amltui.models import GLOBAL_WORKSPACE_ID
from amltui.server import clock, references
from amltui.server.database.engine import upsert
from amltui.server.database.tables import experiments, outputs
from amltui.server.http_errors import BadRequest, Forbidden, NotFound
from amltui.server.store.base import Stored
from amltui.wire import dates, messages


async def listed(connection: AsyncConnection, workspace_id: str) -> list[messages.Experiment]:
    """All experiments without graphs, the workspace's own first, oldest first."""
    found = await connection.execute(
        sa.select(experiments)
        .where(experiments.c.workspace_id.in_([workspace_id, GLOBAL_WORKSPACE_ID]))
        .order_by(
            experiments.c.workspace_id == GLOBAL_WORKSPACE_ID,
            experiments.c.created,
            experiments.c.id,
        )
    )
    listed = []
    for row in found:
        experiment = read(row.document)
        experiment.graph = None
        experiment.node_statuses = ()
        listed.append(experiment)
    return listed


async def one(
    connection: AsyncConnection, workspace_id: str, experiment_id: str
) -> messages.Experiment:
    """An experiment with its graph.

    Raises:
        NotFound: there is none of that id.
    """
    row = await _row(connection, workspace_id, experiment_id)
    if row is None:
        raise NotFound("There is no experiment with this id.")
    return read(row.document)


async def output(
    connection: AsyncConnection, workspace_id: str, experiment_id: str, node_id: str, port: str
) -> sa.Row[Any]:
    """The published content of a port.

    Raises:
        NotFound: there is no such experiment or port, or nothing was published there.
    """
    await one(connection, workspace_id, experiment_id)
    found = await connection.execute(
        sa.select(outputs)
        .where(outputs.c.experiment_id == experiment_id)
        .where(outputs.c.node_id == node_id)
        .where(outputs.c.port == port)
    )
    row = found.first()
    if row is None:
        raise NotFound("This experiment has no contents for this output.")
    return row


async def publish(
    connection: AsyncConnection,
    workspace_id: str,
    experiment_id: str,
    node_id: str,
    port: str,
    data_type_id: str,
    stored: Stored,
    token_id: str | None = None,
) -> None:
    """Give a port its contents; experiment, node and port come to be where they are missing.

    Raises:
        Forbidden: the experiment is an example.
        BadRequest: the id is not one of this workspace.
    """
    check_publishable(workspace_id, experiment_id)
    await references.lock(connection, stored.sha256)
    row = await _row(connection, workspace_id, experiment_id)
    experiment = read(row.document) if row else new(experiment_id)
    with_output(experiment, node_id, port, data_type_id)
    await save(connection, workspace_id, experiment)
    await save_output(connection, experiment_id, node_id, port, data_type_id, stored, token_id)


async def delete_output(
    connection: AsyncConnection, workspace_id: str, experiment_id: str, node_id: str, port: str
) -> None:
    """Take a port's contents away; the port goes too, and a node that was only made for it.

    Raises:
        Forbidden: the experiment is an example.
        NotFound: there is no such experiment, or nothing was published there.
    """
    experiment = await _own(connection, workspace_id, experiment_id)
    await output(connection, workspace_id, experiment_id, node_id, port)
    await connection.execute(
        sa.delete(outputs)
        .where(outputs.c.experiment_id == experiment_id)
        .where(outputs.c.node_id == node_id)
        .where(outputs.c.port == port)
    )
    graph = experiment.graph or messages.Graph()
    nodes = []
    for node in graph.module_nodes or ():
        if node.id == node_id:
            left = [p for p in node.output_ports_internal or () if p.name != port]
            node.output_ports_internal = tuple(left)
            if not left and not node.module_id:
                continue
        nodes.append(node)
    graph.module_nodes = tuple(nodes)
    experiment.graph = graph
    await save(connection, workspace_id, experiment)


async def delete(connection: AsyncConnection, workspace_id: str, experiment_id: str) -> None:
    """Take an experiment with its outputs away; datasets that were made of them stay.

    Raises:
        Forbidden: the experiment is an example.
        NotFound: there is no such experiment.
    """
    await _own(connection, workspace_id, experiment_id)
    await connection.execute(sa.delete(experiments).where(experiments.c.id == experiment_id))


async def _own(
    connection: AsyncConnection, workspace_id: str, experiment_id: str
) -> messages.Experiment:
    if experiment_id.startswith(GLOBAL_WORKSPACE_ID):
        raise Forbidden("Example experiments cannot be changed.")
    return await one(connection, workspace_id, experiment_id)


def check_publishable(workspace_id: str, experiment_id: str) -> None:
    """Refuse ids that are an example's, or not of this workspace's; see `publish`."""
    if experiment_id.startswith(GLOBAL_WORKSPACE_ID):
        raise Forbidden("Example experiments cannot be changed.")
    prefix = f"{workspace_id}.f-id."
    if not experiment_id.startswith(prefix) or not 0 < len(experiment_id) - len(prefix) <= 100:
        raise BadRequest(f"The experiment's id must begin with {prefix} and go on.")


def new(experiment_id: str, description: str = "", creator: str = "") -> messages.Experiment:
    """An experiment without nodes."""
    now = dates.to_wire(clock.moment(clock.now()))
    return messages.Experiment(
        experiment_id=experiment_id,
        description=description or experiment_id.rpartition(".")[2],
        creator=creator,
        status=messages.Status(
            status_code="Finished", creation_time=now, start_time=now, end_time=now
        ),
        graph=messages.Graph(),
    )


def with_output(
    experiment: messages.Experiment, node_id: str, port: str, data_type_id: str
) -> None:
    """Let the graph tell of an output, in place."""
    graph = experiment.graph or messages.Graph()
    nodes = list(graph.module_nodes or ())
    node = next((n for n in nodes if n.id == node_id), None)
    if node is None:
        node = messages.ModuleNode(id=node_id, module_id="", comment=node_id)
        nodes.append(node)
    output_port = messages.OutputPort(name=port, node_id=node_id, output_type=data_type_id)
    ports = [p for p in node.output_ports_internal or () if p.name != port]
    node.output_ports_internal = (*ports, output_port)
    graph.module_nodes = tuple(nodes)
    experiment.graph = graph
    done = [s for s in experiment.node_statuses or () if s.node_id != node_id]
    status = messages.NodeStatus(node_id=node_id, status=messages.Status(status_code="Finished"))
    experiment.node_statuses = (*done, status)


async def save(
    connection: AsyncConnection, workspace_id: str, experiment: messages.Experiment
) -> None:
    """Insert or replace an experiment."""
    insert = upsert(connection.dialect.name == "sqlite")
    document = msgspec.json.encode(experiment)
    statement = insert(experiments).values(
        id=experiment.experiment_id,
        workspace_id=workspace_id,
        created=clock.now(),
        document=document,
    )
    await connection.execute(
        statement.on_conflict_do_update(index_elements=["id"], set_={"document": document})
    )


async def save_output(
    connection: AsyncConnection,
    experiment_id: str,
    node_id: str,
    port: str,
    data_type_id: str,
    stored: Stored,
    token_id: str | None = None,
) -> None:
    """Insert or replace a port's content."""
    insert = upsert(connection.dialect.name == "sqlite")
    values = {
        "sha256": stored.sha256,
        "size": stored.size,
        "data_type_id": data_type_id,
        "created": clock.now(),
        "token_id": token_id,
    }
    statement = insert(outputs).values(
        experiment_id=experiment_id, node_id=node_id, port=port, **values
    )
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["experiment_id", "node_id", "port"], set_=values
        )
    )


def read(document: bytes) -> messages.Experiment:
    """An experiment as it is kept."""
    return msgspec.json.decode(document, type=messages.Experiment)


async def _row(
    connection: AsyncConnection, workspace_id: str, experiment_id: str
) -> sa.Row[Any] | None:
    found = await connection.execute(
        sa.select(experiments)
        .where(experiments.c.id == experiment_id)
        .where(experiments.c.workspace_id.in_([workspace_id, GLOBAL_WORKSPACE_ID]))
    )
    return found.first()
