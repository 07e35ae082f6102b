"""Datasets: list, one, create or update, edit, delete, versions, restore."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import partial
from typing import Any, Final

import anyio.to_thread
import sqlalchemy as sa
from starlette.responses import Response

from amltui.models import GLOBAL_WORKSPACE_ID
from amltui.server import audit, catalog, experiments, uploads
from amltui.server.catalog import NewInstance
from amltui.server.http_errors import BadRequest, Forbidden
from amltui.server.routing import (
    JSON_TYPE,
    NO_EXPERIMENTS,
    Call,
    base_uri,
    json_response,
    raw_json_response,
)
from amltui.server.statistics import PENDING, StillPending
from amltui.server.store.base import Stored
from amltui.wire.messages import CreateDataSource, DataSource, EditDataSource

PROMOTION: Final = "FromOutputPromotion"


async def list_all(call: Call) -> Response:
    """The latest instance of every family; 304 when the client's ETag is the present one."""
    state = call.state
    own, examples = await catalog.revision(state.database, state.workspace_id)
    signer, base = call.signer(), base_uri(call)
    named = f"{own}.{examples}.{signer.expires}.{signer.key.hex()}.{base}".encode()
    etag = f'"{hashlib.sha256(named).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Accept-Encoding"}
    given = call.request.headers.get("if-none-match", "")
    if etag in {tag.strip().removeprefix("W/") for tag in given.split(",")}:
        return Response(status_code=304, headers=headers)
    packed = _takes_gzip(call)
    if packed:
        headers["Content-Encoding"] = "gzip"
    body = call.list_cache.get(etag, packed=packed)
    if body is None:
        async with state.database.reading() as connection:
            rows = await catalog.listed(connection, state.workspace_id, call.prefix)
        body = await anyio.to_thread.run_sync(
            lambda: call.list_cache.make(
                etag, rows, signer, base, revision=(own, examples), packed=packed
            )
        )
    return Response(body, media_type=JSON_TYPE, headers=headers)


async def one(call: Call) -> Response:
    """One instance, latest or not."""
    return await _answer(call, call.part("id"))


async def create(call: Call) -> Response:
    """Make a dataset or the next instance of a family, from an upload or an experiment's output."""
    body = await call.json(CreateDataSource)
    source = body.data_source
    description = source.description or ""
    catalog.check_text(source.name, description, source.data_type_id)
    new = NewInstance(
        name=source.name,
        description=description,
        data_type_id=source.data_type_id,
        sha256="",
        size=0,
        owner=(source.owner or "")[:200],
        token_id=call.origin.token_id,
        created_by=call.origin.actor,
        uploaded_from_filename=(body.uploaded_from_file_name or "")[:1000],
    )
    call.check_name(source.name)
    if call.prefix and source.family_id:
        async with call.state.database.lookup() as connection:
            workspace_id = call.state.workspace_id
            await catalog.check_prefix(connection, workspace_id, call.prefix, source.family_id)
    if source.source_origin == PROMOTION:
        made, stored = await _promote(call, body, new)
    elif body.upload_id:
        made, stored = await uploads.commit(
            call.state,
            call.caller,
            body.upload_id,
            new,
            source.family_id or None,
            partial(_entry, call, body),
        )
    else:
        raise BadRequest("UploadId is missing.")
    if stored is not None:
        call.statistics.compute_later(stored, source.data_type_id)
    return json_response(made)


async def schema(call: Call) -> Response:
    """Columns and their types."""
    return await _profile(call, "schema")


async def visualization(call: Call) -> Response:
    """Statistics and histograms of the columns."""
    return await _profile(call, "visualization")


async def edit(call: Call) -> Response:
    """Rename or describe the latest instance without its contents (ours)."""
    body = await call.json(EditDataSource)
    if body.name is not None:
        catalog.check_name(body.name)
        call.check_name(body.name)
    if body.description is not None:
        catalog.check_description(body.description)
    state = call.state
    async with catalog.changing(state.database, state.workspace_id) as connection:
        edited, name = await catalog.edit(
            connection,
            state.workspace_id,
            call.part("family"),
            name=body.name,
            description=body.description,
        )
        await call.record(connection, edited, name)
    return await _answer(call, edited)


async def delete(call: Call) -> Response:
    """Remove a family with all its instances."""
    state = call.state
    async with catalog.changing(state.database, state.workspace_id) as connection:
        name = await catalog.delete(connection, state.workspace_id, call.part("family"))
        await call.record(connection, call.part("family"), name)
    state.freed.set()
    return Response(status_code=204)


async def delete_version(call: Call) -> Response:
    """Remove one instance, which is not the latest (ours)."""
    state = call.state
    async with catalog.changing(state.database, state.workspace_id) as connection:
        name = await catalog.delete_version(connection, state.workspace_id, call.part("id"))
        await call.record(connection, call.part("id"), name)
    state.freed.set()
    return Response(status_code=204)


async def versions(call: Call) -> Response:
    """All instances of a family, newest first (ours)."""
    state = call.state
    async with state.database.reading() as connection:
        rows = await catalog.versions(connection, state.workspace_id, call.part("family"))
    found = call.serializer().datasets(rows)
    for row, dataset in zip(rows, found, strict=True):
        _complete(dataset, row)
    return json_response(found)


async def restore(call: Call) -> Response:
    """Make an old instance's contents the family's latest, as a new instance (ours).

    It is called as the family is now: the name of then may be another dataset's today.
    """
    state = call.state
    async with catalog.changing(state.database, state.workspace_id) as connection:
        row = await catalog.one(connection, state.workspace_id, call.part("id"))
        name = (await catalog.latest_of(connection, state.workspace_id, row.family_id)).name
        new = NewInstance(
            name=name,
            description=row.description,
            data_type_id=row.data_type_id,
            sha256=row.sha256,
            size=row.size,
            owner=row.owner,
            token_id=call.origin.token_id,
            created_by=call.origin.actor,
            source_origin=row.source_origin,
            uploaded_from_filename=row.uploaded_from_filename,
            experiment_id=row.experiment_id,
            promoted_from=row.promoted_from,
        )
        entry = partial(audit.row, call.origin, call.action, name=name)
        restored = await catalog.add(connection, state.workspace_id, new, row.family_id, entry)
    return await _answer(call, restored)


async def _promote(
    call: Call, body: CreateDataSource, new: NewInstance
) -> tuple[str, Stored | None]:
    if not (body.experiment_id and body.module_node_id and body.output_name):
        raise BadRequest("ExperimentId, ModuleNodeId and OutputName say what to promote.")
    if call.prefix and not body.experiment_id.startswith(GLOBAL_WORKSPACE_ID):
        raise Forbidden(NO_EXPERIMENTS)
    state = call.state
    async with catalog.changing(state.database, state.workspace_id) as connection:
        output = await experiments.output(
            connection,
            state.workspace_id,
            body.experiment_id,
            body.module_node_id,
            body.output_name,
        )
        new = replace(
            new,
            sha256=output.sha256,
            size=output.size,
            source_origin=PROMOTION,
            experiment_id=body.experiment_id,
            promoted_from=f"{body.experiment_id}/{body.module_node_id}/{body.output_name}",
        )
        family_id = body.data_source.family_id or None
        entry = partial(_entry, call, body)
        made = await catalog.add(connection, state.workspace_id, new, family_id, entry)
        return made, Stored(output.sha256, output.size)


def _entry(call: Call, body: CreateDataSource, instance_id: str) -> dict[str, Any]:
    """The audit log's, that a dataset, or its next instance, was made."""
    source = body.data_source
    action = "dataset.update" if source.family_id else "dataset.create"
    return audit.row(call.origin, action, instance_id, source.name)


def _takes_gzip(call: Call) -> bool:
    """Whether a long answer is worth compressing: not within one machine."""
    accepted = call.request.headers.get("accept-encoding", "")
    coded = {part.partition(";")[0].strip() for part in accepted.split(",")}
    return "gzip" in coded and not call.state.options.embedded


async def _profile(call: Call, view: str) -> Response:
    async with call.state.database.lookup() as connection:
        row = await catalog.one(connection, call.state.workspace_id, call.part("id"))
    return await statistics_response(call, Stored(row.sha256, row.size), row.data_type_id, view)


async def statistics_response(call: Call, stored: Stored, data_type_id: str, view: str) -> Response:
    """A schema or visualisation; 202 while it is being computed."""
    try:
        return raw_json_response(await call.statistics.get(stored, data_type_id, view))
    except StillPending:
        pending = {"SchemaStatus": PENDING, "Message": "It is being computed. Ask again."}
        return json_response(pending, 202, {"Retry-After": "2"})


async def _answer(call: Call, instance_id: str) -> Response:
    state = call.state
    async with state.database.lookup() as connection:
        row = await catalog.one(connection, state.workspace_id, instance_id)
    dataset = call.serializer().dataset(row)
    _complete(dataset, row)
    return json_response(dataset)


def _complete(dataset: DataSource, row: sa.Row[Any]) -> None:
    """What is told of one dataset and of versions: a list would be half as long again with it."""
    dataset.sha256 = row.sha256
    dataset.created_by = row.created_by
