"""The first start: the workspace, its owner's tokens, the examples. Safe to repeat and to race."""

from __future__ import annotations

import hashlib
import re
import secrets as random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from amltui.models import GLOBAL_WORKSPACE_ID
from amltui.server import clock, experiments, references, settings, tokens
from amltui.server.database import schema_versions, tables
from amltui.server.database.engine import Database
from amltui.server.http_errors import StartError
from amltui.server.samples import CANCER, CENSUS, SAMPLES, Sample
from amltui.server.store.base import Store, Stored
from amltui.wire import messages
from amltui.wire.names import look_of

_SPLIT: Final = "a7c1f3d2-split"
_CONVERT: Final = "b8d2e4f3-convert"


async def workspace(
    database: Database, store: Store, data: Path, endpoint: str, *, recover: bool
) -> str:
    """The workspace's id; made with its owner's tokens when the database is new.

    What opens it is on the disk before the transaction ends, and becomes settings.json after it:
    a crash between the two leaves a file that the next start puts in its place, never a workspace
    that nobody can open. `recover`: when settings.json is gone or its token no longer works, put a
    fresh primary token there.

    Raises:
        StartError: the database is new, and the rest of a workspace is there already.
    """
    async with database.writing() as connection:
        await schema_versions.lock(connection, database)
        found = await connection.scalar(
            sa.select(tables.workspaces.c.id).where(tables.workspaces.c.id != GLOBAL_WORKSPACE_ID)
        )
        if found is None:
            await _check_new(store, data)
            workspace_id = await _found(connection, data, endpoint)
        else:
            workspace_id = str(found)
            if not settings.path(data).exists():
                settings.confirm(data)
            await _keep_settings(connection, workspace_id, data, endpoint, recover=recover)
    if found is None:
        settings.confirm(data)
    return workspace_id


async def _check_new(store: Store, data: Path) -> None:
    """Refuse to begin a workspace where another one lost its database."""
    what = "settings.json is" if settings.path(data).exists() else None
    if what is None:
        async for _ in store.list():
            what = "contents are"
            break
    if what is not None:
        raise StartError(
            f"The database holds no workspace, but {what} there: the database is lost, or not "
            f"where it was. Put it back, from a backup if need be ({data}). To begin a new "
            "workspace, move settings.json and the contents away first."
        )


async def _keep_settings(
    connection: AsyncConnection, workspace_id: str, data: Path, endpoint: str, *, recover: bool
) -> None:
    present = settings.read(data)
    token = present.get("authorization_token", "")
    ours = present.get("id") == workspace_id
    works = ours and await tokens.works(connection, workspace_id, token)
    if works:
        if present.get("api_endpoint") != endpoint:
            settings.write(data, workspace_id, token, endpoint)
    elif recover:
        _, fresh = await tokens.regenerate(connection, workspace_id, tokens.PRIMARY)
        settings.write(data, workspace_id, fresh, endpoint)


async def _found(connection: AsyncConnection, data: Path, endpoint: str) -> str:
    workspace_id = random.token_hex(16)
    for row_id, name in ((workspace_id, "Local workspace"), (GLOBAL_WORKSPACE_ID, "Examples")):
        await connection.execute(
            sa.insert(tables.workspaces).values(
                id=row_id, friendly_name=name, description="", region="local", revision=1
            )
        )
    await connection.execute(
        sa.insert(tables.secrets).values(name=tokens.LINK_KEY, value=random.token_bytes(32))
    )
    owner = tokens.grant("owner")
    _, primary = await tokens.create(connection, workspace_id, tokens.PRIMARY, owner, None)
    await tokens.create(connection, workspace_id, tokens.SECONDARY, owner, None)
    settings.write(data, workspace_id, primary, endpoint, settings.pending(data))
    return workspace_id


async def examples(database: Database, store: Store) -> None:
    """Offer the example datasets and the example experiments, unless they are there."""
    async with database.reading() as connection:
        if await _missing(connection) == set():
            return
    kept = {sample: await _keep(database, store, sample.read()) for sample in SAMPLES}
    halves = {example: await _keep(database, store, example.half()) for example in _EXPERIMENTS}
    async with database.writing() as connection:
        await schema_versions.lock(connection, database)
        missing = await _missing(connection)
        for example in _EXPERIMENTS:
            if example.id not in missing:
                continue
            if example.sample is CENSUS:  # all of them came with this one
                for sample, stored in kept.items():
                    await _add(connection, sample, stored)
            half = halves[example]
            await references.lock(connection, half.sha256)
            source = example.sample.instance_id(kept[example.sample].sha256)
            await experiments.save(connection, GLOBAL_WORKSPACE_ID, _experiment(example, source))
            await experiments.save_output(
                connection, example.id, _CONVERT, "Results dataset", "GenericCSV", half
            )


async def _missing(connection: AsyncConnection) -> set[str]:
    """Ids of example experiments that are not there."""
    found = await connection.execute(
        sa.select(tables.experiments.c.id).where(
            tables.experiments.c.workspace_id == GLOBAL_WORKSPACE_ID
        )
    )
    return {example.id for example in _EXPERIMENTS} - set(found.scalars())


async def _keep(database: Database, store: Store, data: bytes) -> Stored:
    async with store.stage() as staged:
        await staged.write(data)
        return await references.store(database, staged)


async def _add(connection: AsyncConnection, sample: Sample, stored: Stored) -> None:
    await references.lock(connection, stored.sha256)
    await connection.execute(
        sa.insert(tables.families).values(
            id=sample.family_id,
            workspace_id=GLOBAL_WORKSPACE_ID,
            name=sample.name,
            look=look_of(sample.name),
        )
    )
    await connection.execute(
        sa.insert(tables.instances).values(
            id=sample.instance_id(stored.sha256),
            family_id=sample.family_id,
            workspace_id=GLOBAL_WORKSPACE_ID,
            number=1,
            is_latest=True,
            sha256=stored.sha256,
            size=stored.size,
            created=clock.now(),
            name=sample.name,
            description=sample.description,
            data_type_id=sample.data_type_id,
            owner="amltui",
            source_origin="FromResourceUpload",
            uploaded_from_filename=sample.file.removesuffix(".gz"),
        )
    )


@dataclass(frozen=True, slots=True)
class _Example:
    """An example experiment: Split (a random half of the rows), then Convert to CSV."""

    id: str
    description: str
    sample: Sample
    converted: Callable[[bytes], tuple[bytes, list[bytes]]]
    """The header and the rows of the sample, as CSV."""

    def half(self) -> bytes:
        """What came out. The half is chosen by each row's own hash: the same on every server."""
        header, rows = self.converted(self.sample.read())
        half = [row for row in rows if row and hashlib.sha256(row).digest()[0] < 128]
        return b"\r\n".join([header, *half, b""])


def _of_csv(data: bytes) -> tuple[bytes, list[bytes]]:
    header, *rows = data.replace(b", ", b",").splitlines()
    return header, rows


def _of_arff(data: bytes) -> tuple[bytes, list[bytes]]:
    head, _, rows = data.partition(b"@DATA")
    attributes = re.findall(rb"^@ATTRIBUTE (?:'([^']+)'|(\S+)) ", head, re.MULTILINE)
    return b",".join(quoted or plain for quoted, plain in attributes), rows.split()


_EXPERIMENTS: Final = (
    _Example(
        f"{GLOBAL_WORKSPACE_ID}.f-id.5f1c3a7e9b2d4c6f8a0e1d3b5c7f9a2e",
        "Example: half of the census as CSV",
        CENSUS,
        _of_csv,
    ),
    # The one that the old client's own tests look for.
    _Example(
        f"{GLOBAL_WORKSPACE_ID}.f-id.1f022fd4578847dc867d662a51f0a105",
        "Binary Classification: Breast cancer detection",
        CANCER,
        _of_arff,
    ),
)


def _experiment(example: _Example, source_id: str) -> messages.Experiment:
    experiment = experiments.new(example.id, example.description, creator="amltui")
    source = messages.InputPort(data_source_id=source_id, name="Dataset", node_id=_SPLIT)
    split = messages.ModuleNode(
        id=_SPLIT,
        module_id="506153734175476c4f62416c57734963.70530644c97a4ab685f788bf30a8be5f",
        comment="Split",
        input_ports_internal=(source,),
        output_ports_internal=tuple(
            messages.OutputPort(name=name, node_id=_SPLIT, output_type="Dataset")
            for name in ("Results dataset1", "Results dataset2")
        ),
    )
    convert = messages.ModuleNode(
        id=_CONVERT,
        module_id="506153734175476c4f62416c57734963.faa6ba63383c4086ba587abf26b85814",
        comment="Convert to CSV",
        input_ports_internal=(messages.InputPort(name="Dataset", node_id=_CONVERT),),
        output_ports_internal=(
            messages.OutputPort(name="Results dataset", node_id=_CONVERT, output_type="GenericCSV"),
        ),
    )
    edge = {
        "SourceOutputPortId": f"{_SPLIT}:Results dataset1",
        "DestinationInputPortId": f"{_CONVERT}:Dataset",
    }
    experiment.graph = messages.Graph(module_nodes=(split, convert), edges_internal=(edge,))
    finished = messages.Status(status_code="Finished")
    experiment.node_statuses = tuple(
        messages.NodeStatus(node_id=node, status=finished) for node in (_SPLIT, _CONVERT)
    )
    return experiment
