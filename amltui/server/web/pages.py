"""Datasets in the browser: the list, one with its first rows, and code that opens it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, get_args

import msgspec
from starlette.responses import RedirectResponse, Response

from amltui.access_code import Kind, access_code
from amltui.config.connection import Connection
from amltui.errors import AmltuiError
from amltui.models import Dataset
from amltui.server import catalog, clock, links
from amltui.server.handlers.transfers import note_download
from amltui.server.http_errors import BadRequest, HTTPError
from amltui.server.links import Signer
from amltui.server.routing import base_uri
from amltui.server.statistics import StillPending, supported
from amltui.server.store.base import Stored
from amltui.wire import routes
from amltui.wire.messages import Schema

if TYPE_CHECKING:
    from amltui.server.web.site import Visit

PER_PAGE: Final = 200
"""Datasets of the list on one page."""
_LINK_LIFETIME: Final = 1_800.0
"""Seconds that the link of a download lives at least, and half of what it lives at most."""
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
"""Of code."""


async def listing(visit: Visit) -> Response:
    """The latest version of every dataset, or those whose names hold some words."""
    call = visit.call
    async with call.state.database.reading() as connection:
        found = await catalog.listed(connection, call.state.workspace_id, call.prefix)
    words = call.query("find").strip()[:256]
    wanted = words.casefold()
    chosen = [row for row in found if wanted in row.name.casefold()] if wanted else found
    number = _page_number(call.query("page"))
    last = max(1, -(-len(chosen) // PER_PAGE))
    shown = chosen[(number - 1) * PER_PAGE : number * PER_PAGE]
    return visit.render(
        "listing.html",
        datasets=[_facts(row) for row in shown],
        total=len(chosen),
        find=words,
        page=number,
        last=last,
    )


async def dataset(visit: Visit) -> Response:
    """What is known of one version, its versions, its columns and its first rows."""
    row = await _row(visit)
    call = visit.call
    async with call.state.database.reading() as connection:
        versions = await catalog.versions(connection, call.state.workspace_id, row.family_id)
    first, why = None, ""
    try:
        first = await visit.first_rows.of(Stored(row.sha256, row.size), row.data_type_id)
    except HTTPError as error:
        why = str(error)
    return visit.render(
        "dataset.html",
        dataset=_facts(row),
        versions=[_facts(version) for version in versions],
        schema=await _schema(visit, row),
        first=first,
        why=why,
    )


async def code(visit: Visit) -> Response:
    """Generate Data Access Code: it holds the address and no token."""
    row = await _row(visit)
    kind = visit.call.query("for", "amltui")
    if kind not in KINDS:
        raise BadRequest("There is no such kind of code.")
    connection = Connection(base_uri(visit.call), visit.call.state.workspace_id, "")
    named = Dataset(
        id=row.id,
        family_id=row.family_id,
        name=row.name,
        data_type_id=row.data_type_id,
        is_latest=row.is_latest,
    )
    text, why = "", ""
    try:
        text = access_code(named, connection, kind, explicit=True)
    except AmltuiError as error:
        why = f"{error}. {error.hint or ''}".strip()
    return visit.render(
        "code.html", dataset=_facts(row), kinds=KINDS, kind=kind, code=text, why=why
    )


async def download(visit: Visit) -> Response:
    """Send the browser to the contents, by a link that works for an hour at most."""
    row = await _row(visit)
    call, caller = visit.call, visit.call.caller
    assert caller is not None
    lifetime = min(_LINK_LIFETIME, call.state.options.link_lifetime)
    signer = Signer(caller.link_key, caller.token_id, links.expiry(lifetime))
    address = routes.path(routes.CONTENT, key=row.sha256)
    response = RedirectResponse(
        base_uri(call) + address + signer.credential(row.sha256, row.id), 303
    )
    note_download(call, response, call.origin, row.id, row.name)
    return response


async def _row(visit: Visit) -> Any:
    call = visit.call
    async with call.state.database.reading() as connection:
        row = await catalog.one(connection, call.state.workspace_id, call.part("id"))
        await catalog.check_prefix(connection, call.state.workspace_id, call.prefix, row.family_id)
    return row


async def _schema(visit: Visit, row: Any) -> Schema | str:
    """The columns; or why there are none, in words."""
    if not supported(row.data_type_id):
        return "Datasets of this type have no columns."
    stored = Stored(row.sha256, row.size)
    try:
        found = await visit.call.statistics.get(stored, row.data_type_id, "schema", patience=1.0)
    except StillPending:
        return "They are being computed. Load the page again in a moment."
    except HTTPError as error:
        return str(error)
    return msgspec.json.decode(found, type=Schema)


def _page_number(text: str) -> int:
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 8 else 1


def _facts(row: Any) -> dict[str, Any]:
    """What a page shows of a version."""
    return {
        "id": row.id,
        "name": row.name,
        "type": row.data_type_id,
        "size": row.size,
        "created": clock.moment(row.created),
        "description": row.description,
        "owner": row.created_by or row.owner,
        "number": row.number,
        "is_latest": row.is_latest,
        "sha256": row.sha256,
        "file": row.uploaded_from_filename,
    }
