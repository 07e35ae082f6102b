"""Commands about experiments and their outputs (intermediate datasets)."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

from amltui.cli.data_types import Type, data_type
from amltui.cli.json_output import of_experiment, of_output
from amltui.cli.local_files import readable
from amltui.cli.options import COMMON, Common
from amltui.cli.output import Col
from amltui.cli.saving import Output, save
from amltui.cli.session import run
from amltui.models import Experiment, OutputPort
from amltui.text import human_size, visible

if TYPE_CHECKING:
    from amltui.services.session import Session

_BLOCK = 1 << 20


def experiments(*, common: Common = COMMON) -> None:
    """List the workspace's experiments, examples included.

    Args:
        common: Common options.
    """

    async def work(session: Session) -> tuple[Experiment, ...]:
        return await (await session.connect()).experiments()

    found = sorted(run(common, work), key=lambda one: one.description.casefold())
    if common.json:
        common.out.document([of_experiment(one) for one in found])
        return
    columns = (
        Col("NAME", wide=True), Col("STATUS"), Col("CREATED", "time"), Col("CREATOR"), Col("ID"),
    )  # fmt: skip
    common.out.table(
        columns,
        [
            (one.description, one.status.status_code, one.status.creation_time, one.creator,
             one.experiment_id)
            for one in found
        ],
    )  # fmt: skip


def outputs(experiment: str, /, *, common: Common = COMMON) -> None:
    """List the outputs of an experiment's modules.

    Args:
        experiment: Its name or id.
        common: Common options.
    """

    async def work(session: Session) -> Experiment:
        from amltui.services.experiments import find_experiment

        return await find_experiment(await session.connect(), experiment)

    found = run(common, work)
    pairs = [(node, port) for node in found.nodes for port in node.outputs]
    if common.json:
        common.out.document([of_output(port, node) for node, port in pairs])
        return
    columns = (Col("NODE"), Col("PORT"), Col("TYPE"), Col("MODULE", wide=True), Col("STATUS"))
    common.out.table(
        columns,
        [
            (port.node_id, port.port_name, port.data_type_id, port.module, node.status)
            for node, port in pairs
        ],
    )


def output(
    experiment: str,
    node: str,
    port: str,
    /,
    *,
    type_: Type = None,
    output_: Output = None,
    force: bool = False,
    common: Common = COMMON,
) -> None:
    """Download an output of an experiment, and print the path of the file.

    Args:
        experiment: The experiment's name or id.
        node: The module's name or id in it.
        port: The output's name.
        type_: The data type to take it for, where the workspace does not say the right one.
        output_: A file, a directory, or - for standard output; else a file named after it here.
        force: Replace a file that is there.
        common: Common options.
    """

    async def work(session: Session) -> None:
        from amltui.services.experiments import find_experiment, find_output

        found = await find_experiment(await session.connect(), experiment)
        source = find_output(found, node, port)
        if type_ is not None:
            source = dataclasses.replace(source, data_type_id=type_)
        await save(session, common, source, output_, force=force)

    run(common, work)


def publish(
    experiment: str,
    node: str,
    port: str,
    file: str,
    /,
    *,
    type_: Type = None,
    common: Common = COMMON,
) -> None:
    """Give an experiment an output. Experiment and node come to be where there are none yet.

    Args:
        experiment: The experiment's name or id, or a name for a new one.
        node: The module's id.
        port: The output's name.
        file: The file, or - for standard input.
        type_: Its data type, for example GenericCSV; else by its extension and first bytes.
        common: Common options.
    """
    with readable(file, suffix=Path(port).suffix) as path:
        data_type_id = data_type(type_, path)
        size = path.stat().st_size

        async def work(session: Session) -> OutputPort:
            from amltui.services.experiments import experiment_to_publish

            workspace = await session.connect()
            found = await experiment_to_publish(workspace, experiment)
            target = OutputPort(found, node, port, data_type_id)
            await workspace.publish(target, _blocks(path), size=size)
            return target

        made = run(common, work)
    if common.json:
        common.out.document(
            {
                "experiment_id": made.experiment_id,
                "node_id": made.node_id,
                "port": made.port_name,
                "data_type_id": made.data_type_id,
                "size": size,
            }
        )
    else:
        common.out.note(f'Published "{visible(port)}", {human_size(size)}, {data_type_id}.')


async def _blocks(path: Path) -> AsyncIterator[bytes]:
    import asyncio

    descriptor = os.open(path, os.O_RDONLY)
    try:
        while block := await asyncio.to_thread(os.read, descriptor, _BLOCK):
            yield block
    finally:
        os.close(descriptor)
