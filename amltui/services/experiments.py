"""Finding an experiment and one of its outputs by what a person knows them by."""

from __future__ import annotations

import re
from typing import Final

from amltui.errors import NotFound, UsageError
from amltui.models import Experiment, ModuleNode, OutputPort
from amltui.text import near_names, visible
from amltui.workspaces.base import Workspace

_NEW: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


async def find_experiment(workspace: Workspace, name: str) -> Experiment:
    """The experiment of this id or description, with its graph.

    Raises:
        UsageError: no name given, or several experiments have it.
        NotFound: none has it; the hint names near ones.
    """
    if not name:
        raise UsageError("An experiment's name is needed.", hint="`amltui experiments` lists them.")
    known = await workspace.experiments()
    found = [one for one in known if one.experiment_id == name]
    found = found or [one for one in known if one.description == name]
    if len(found) > 1:
        raise UsageError(
            f'{len(found)} experiments are named "{visible(name)}".',
            hint="Name one by its id: " + " or ".join(one.experiment_id for one in found),
        )
    if not found:
        near = near_names(name, (one.description for one in known))
        raise NotFound(
            f'No experiment is named "{visible(name)}".',
            404,
            hint=f"Did you mean {near}?" if near else "`amltui experiments` lists them.",
        )
    return await workspace.experiment(found[0].experiment_id)


def find_output(experiment: Experiment, node: str, port: str) -> OutputPort:
    """The output of the node with this id or comment.

    Raises:
        UsageError: several nodes have this comment.
        NotFound: there is no such node or port; the hint names what there is.
    """
    nodes = [one for one in experiment.nodes if one.id == node]
    nodes = nodes or [one for one in experiment.nodes if one.comment and one.comment == node]
    if len(nodes) > 1:
        raise UsageError(
            f'{len(nodes)} nodes are named "{visible(node)}".',
            hint="Name one by its id: " + " or ".join(one.id for one in nodes),
        )
    if not nodes:
        near = near_names(node, [text for one in experiment.nodes for text in _names(one)])
        raise NotFound(
            f'The experiment has no node "{visible(node)}".',
            404,
            hint=f"Did you mean {near}?" if near else "`amltui outputs` lists them.",
        )
    ports = {one.port_name: one for one in nodes[0].outputs}
    if port not in ports:
        there = ", ".join(f'"{visible(name)}"' for name in ports)
        raise NotFound(
            f'The node has no output "{visible(port)}".', 404, hint=f"It has {there or 'none'}."
        )
    return ports[port]


async def experiment_to_publish(workspace: Workspace, name: str) -> str:
    """The id of the experiment of this id or description, or of a new one with this name.

    Raises:
        UsageError: several have it, or a new one cannot be named so.
    """
    try:
        return (await find_experiment(workspace, name)).experiment_id
    except NotFound:
        own = (await workspace.info()).workspace_id
        if name.startswith(f"{own}.f-id."):
            return name
        if not _NEW.fullmatch(name):
            raise UsageError(
                f'A new experiment cannot be named "{visible(name)}".',
                hint="Take up to 64 letters, digits, '-' and '_'.",
            ) from None
        return f"{own}.f-id.{name}"


def _names(node: ModuleNode) -> tuple[str, ...]:
    return tuple(filter(None, (node.id, node.comment)))
