"""Settings in the browser: tokens, users and usage."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from starlette.responses import Response

from amltui.models import TokenInfo
from amltui.server import clock, quota, tokens, usage
from amltui.server.handlers import workspace
from amltui.server.http_errors import BadRequest, HTTPError
from amltui.server.web import sessions

if TYPE_CHECKING:
    from amltui.server.web.site import Visit

_FIELDS: Final = ("name", "role", "days", "prefix")
_LONGEST: Final = 36_500
"""Days that a token may be valid, where an end is said."""


async def overview(visit: Visit) -> Response:
    """Straight to what the visitor may see."""
    if visit.may("administer"):
        return visit.go("/settings/tokens")
    call, caller = visit.call, visit.call.caller
    assert caller is not None
    async with call.state.database.reading() as connection:
        own = await quota.used_by(connection, caller.token_id)
    return visit.render("own.html", used=own)


async def tokens_page(visit: Visit) -> Response:
    """All tokens, never their secrets."""
    return await _tokens(visit)


async def create(visit: Visit) -> Response:
    """Make a token; its secret is in this answer and nowhere else."""
    call, form = visit.call, visit.form
    try:
        granted = tokens.grant(form.get("role", ""), (), form.get("prefix", ""))
        async with call.state.database.writing() as connection:
            info, secret = await tokens.create(
                connection,
                call.state.workspace_id,
                form.get("name", ""),
                granted,
                _end(form.get("days", "")),
            )
            await call.record(connection, info.id, info.name)
    except HTTPError as error:
        return await _tokens(visit, problem=str(error), status=error.status)
    return await _tokens(visit, made=info, secret=secret)


async def confirm(visit: Visit) -> Response:
    """Ask before somebody is shut out."""
    call = visit.call
    async with call.state.database.reading() as connection:
        info = await tokens.one(connection, call.state.workspace_id, call.part("token"))
    verb = call.request.scope["path"].rpartition("/")[2].capitalize()
    return visit.render("confirm.html", verb=verb, token=info, form_key=visit.session.form_key)


async def regenerate(visit: Visit) -> Response:
    """Replace a token's secret, which is in this answer and nowhere else."""
    call = visit.call
    info, secret = await workspace.regenerated(call)
    response = await _tokens(visit, made=info, secret=secret)
    if info.id == visit.session.row.id:  # their own: they stay signed in by the new one
        row = await tokens.by_id(call.state.database, info.id)
        sessions.sign_in(response, call.request, call.state.options, row)
    return response


async def revoke(visit: Visit) -> Response:
    """Delete a token."""
    await workspace.revoked(visit.call)
    return visit.go("/settings/tokens")


async def users(visit: Visit) -> Response:
    """Who has access: the workspace knows its people by their tokens' names."""
    return visit.render("users.html", users=await _listed(visit))


async def usage_page(visit: Visit) -> Response:
    """Who takes how much room."""
    by = visit.call.query("by", "owner")
    if by not in {"owner", "dataset", "version"}:
        raise BadRequest("Usage is told by owner, dataset or version.")
    state = visit.call.state
    async with state.database.reading() as connection:
        found = await usage.usage(connection, by)  # type: ignore[arg-type]
        used = await quota.used(connection)
    return visit.render(
        "usage.html", usage=found, groups=found.groups[:1000], by=by, used=used,
        quota=state.options.quota,
    )  # fmt: skip


async def _tokens(
    visit: Visit,
    *,
    made: TokenInfo | None = None,
    secret: str = "",
    problem: str = "",
    status: int = 200,
) -> Response:
    return visit.render(
        "tokens.html",
        status,
        tokens=await _listed(visit),
        roles=tuple(tokens.ROLES),
        permanent=(tokens.PRIMARY, tokens.SECONDARY),
        made=made,
        secret=secret,
        problem=problem,
        form={field: visit.form.get(field, "") if problem else "" for field in _FIELDS},
        form_key=visit.session.form_key,
        now=clock.moment(clock.now()),
    )


async def _listed(visit: Visit) -> list[TokenInfo]:
    state = visit.call.state
    async with state.database.reading() as connection:
        return await tokens.listed(connection, state.workspace_id)


def _end(days: str) -> datetime | None:
    """When a token ends that is valid for so many days; "" is for ever."""
    if not days.strip():
        return None
    if not (days.isascii() and days.strip().isdigit() and 1 <= int(days[:9]) <= _LONGEST):
        raise BadRequest(f"Days are a whole number of 1 to {_LONGEST}, or nothing.")
    return datetime.now(UTC) + timedelta(days=int(days))
