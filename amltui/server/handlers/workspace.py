"""The workspace itself: settings, users, quota, data types, tokens, health."""

from __future__ import annotations

import hashlib

import sqlalchemy as sa
from starlette.responses import Response

from amltui.models import TokenInfo
from amltui.server import auth, catalog, janitor, settings, tokens
from amltui.server import quota as room
from amltui.server.database.tables import workspaces
from amltui.server.http_errors import BadRequest, ServiceUnavailable
from amltui.server.routing import Call, json_response
from amltui.wire import dates
from amltui.wire.messages import (
    AuthorizationToken,
    DataType,
    Extension,
    NewToken,
    Quota,
    Token,
    User,
    WorkspaceSettings,
)

_TYPES = (
    DataType(id="GenericCSV", name="Generic CSV", file_extension="csv"),
    DataType(id="GenericCSVNoHeader", name="Generic CSV without header", file_extension="csv"),
    DataType(id="GenericTSV", name="Generic TSV", file_extension="tsv"),
    DataType(id="GenericTSVNoHeader", name="Generic TSV without header", file_extension="tsv"),
    DataType(id="PlainText", name="Plain text", file_extension="txt"),
    DataType(id="ARFF", name="Attribute-relation file", file_extension="arff"),
    DataType(id="SvmLight", name="SVMLight", file_extension="svmlight"),
    DataType(id="Zip", name="Zip file", file_extension="zip"),
    DataType(id="RData", name="R object", file_extension="rdata"),
    DataType(id="Dataset", name="Dataset of a module", file_extension=""),
)


async def one(call: Call) -> Response:
    """The workspace's settings; for the two owners' tokens, the one that asked."""
    state, caller = call.state, call.caller
    assert caller is not None
    async with state.database.reading() as connection:
        found = await connection.execute(
            sa.select(workspaces).where(workspaces.c.id == state.workspace_id)
        )
        row = found.one()
    shown = None
    if caller.is_owner:
        token = auth.token_of(call.request)
        shown = AuthorizationToken(
            primary_token=token if caller.name == tokens.PRIMARY else None,
            secondary_token=token if caller.name == tokens.SECONDARY else None,
        )
    return json_response(
        WorkspaceSettings(
            workspace_id=row.id,
            friendly_name=row.friendly_name,
            description=row.description,
            region=row.region,
            etag=hashlib.sha256(f"{row.id}.{row.revision}".encode()).hexdigest()[:32],
            authorization_token=shown,
            extensions=Extension.ALL,
        )
    )


async def users(call: Call) -> Response:
    """Who has access: the workspace knows its people by their tokens' names."""
    async with call.state.database.reading() as connection:
        listed = await tokens.listed(connection, call.state.workspace_id)
    return json_response([User(name=t.name, email="", role=t.role.capitalize()) for t in listed])


async def quota(call: Call) -> Response:
    """Bytes used and allowed: the token's own where it has a quota of its own."""
    caller, state = call.caller, call.state
    async with state.database.reading() as connection:
        if caller is not None and caller.quota is not None:
            used = await room.used_by(connection, caller.token_id)
            return json_response(Quota(used_storage=used, maximum_storage=caller.quota))
        used = await room.used(connection)
    return json_response(Quota(used_storage=used, maximum_storage=state.options.quota))


async def data_types(_call: Call) -> Response:
    """The data types that clients know; others are kept as well."""
    return json_response(_TYPES)


async def list_tokens(call: Call) -> Response:
    """All tokens, never their secrets (ours)."""
    async with call.state.database.reading() as connection:
        listed = await tokens.listed(connection, call.state.workspace_id)
    return json_response([_token(info) for info in listed])


async def create_token(call: Call) -> Response:
    """Make a token; its secret is in this answer and nowhere else (ours)."""
    body = await call.json(NewToken)
    expires = dates.from_wire(body.expires)
    if body.expires and expires is None:
        raise BadRequest("Expires is not a time: write it as 2026-01-31T12:00:00Z.")
    granted = tokens.grant(body.role, body.rights, body.prefix, body.quota)
    async with call.state.database.writing() as connection:
        info, secret = await tokens.create(
            connection, call.state.workspace_id, body.name, granted, expires
        )
        await call.record(connection, info.id, info.name)
    return json_response(_token(info, secret), 201)


async def regenerate_token(call: Call) -> Response:
    """Replace a token's secret; the old one is dead when this answers (ours)."""
    return json_response(_token(*await regenerated(call)))


async def regenerated(call: Call) -> tuple[TokenInfo, str]:
    """Replace a token's secret; what is told of the token, and the new secret."""
    state = call.state
    async with state.database.writing() as connection:
        info, secret = await tokens.regenerate(connection, state.workspace_id, call.part("token"))
        await call.record(connection, info.id, info.name)
    if info.name == tokens.PRIMARY:
        await settings.replace_token(state.options.data, state.workspace_id, secret)
    return info, secret


async def revoke_token(call: Call) -> Response:
    """Delete a token (ours)."""
    await revoked(call)
    return Response(status_code=204)


async def revoked(call: Call) -> None:
    """Delete a token."""
    async with call.state.database.writing() as connection:
        info = await tokens.revoke(connection, call.state.workspace_id, call.part("token"))
        await call.record(connection, info.id, info.name)


async def health(call: Call) -> Response:
    """Whether database and store answer."""
    async with call.state.database.reading() as connection:
        await catalog.probe(connection, call.state.workspace_id)
    await call.state.store.probe()
    room.check_disk(call.state)
    return json_response({"Status": "ok"})


async def live(_call: Call) -> Response:
    """That the process answers; nothing else is touched."""
    return json_response({"Status": "ok"})


async def ready(call: Call) -> Response:
    """Whether this server should be asked: it is well, and does not stop."""
    if call.state.stopping.is_set():
        raise ServiceUnavailable("This server stops.")
    return await health(call)


async def clean(call: Call) -> Response:
    """Take away now what nobody refers to, uploads that lie for an hour included (ours)."""
    cleaned = await janitor.clean(call.state, upload_age=janitor.CLEAN_UPLOAD_AGE)
    async with call.state.database.writing() as connection:
        await call.record(connection)
    return json_response(
        {
            "Uploads": cleaned.uploads,
            "Contents": cleaned.contents,
            "Leftovers": cleaned.leftovers,
        }
    )


async def web_services(_call: Call) -> Response:
    """None: this server deploys nothing. The R client asks."""
    return json_response([])


def _token(info: TokenInfo, secret: str | None = None) -> Token:
    return Token(
        id=info.id,
        name=info.name,
        role=info.role,
        created=dates.to_wire(info.created) if info.created else None,
        expires=dates.to_wire(info.expires) if info.expires else None,
        last_used=dates.to_wire(info.last_used) if info.last_used else None,
        rights=info.rights,
        prefix=info.prefix,
        quota=info.quota,
        secret=secret,
    )
