"""Who is signed in to the page: a cookie that says so itself, signed.

The signature's key is the one of the token's links. So a session ends with its time, with the
token that it was made by, when that is regenerated, and when the links' key is replaced; all
servers of a workspace know it, and none keeps anything.
"""

from __future__ import annotations

import hmac
import re
import secrets
import time
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from amltui.server import clock, tokens
from amltui.server.links import signing_key
from amltui.server.options import ServeOptions
from amltui.server.state import ServerState

PREFIX: Final = "/web"
"""Below it lies all but the first address; the cookies are sent nowhere else."""
SECONDS: Final = 12 * 3600
"""How long somebody stays signed in at most."""
_SESSION: Final = "amltui-session"
_VISITOR: Final = "amltui-visitor"
"""Who has not signed in yet; its value stands in the form too."""
_COOKIE: Final = re.compile(
    r"(?P<signed>(?P<token>[0-9a-f]{1,64})\.(?P<ends>[0-9]{1,12})\.[0-9a-f]{32})"
    r"\.(?P<signature>[0-9a-f]{64})"
)


@dataclass(frozen=True, slots=True)
class WebSession:
    """Somebody who is signed in."""

    row: Any
    """Of the token, as `tokens.find` gives it."""
    form_key: str
    """Stands in each form that changes something: no other site knows it."""


def root_of(options: ServeOptions) -> str:
    """What stands before the server's own paths where clients see them: a proxy's path, or ""."""
    return urlsplit(options.public_url or "").path.rstrip("/")


async def session_of(state: ServerState, request: Request) -> WebSession | None:
    """Who sent a request, if a session that still holds says so."""
    found = _COOKIE.fullmatch(request.cookies.get(_SESSION, ""))
    if found is None or int(found["ends"]) <= time.time():
        return None
    row = await tokens.by_id(state.database, found["token"])
    if row is None or row.workspace_id != state.workspace_id:
        return None
    if row.expires is not None and row.expires <= clock.now():
        return None
    if not hmac.compare_digest(_sign(row, "session", found["signed"]), found["signature"]):
        return None
    return WebSession(row, _sign(row, "form", found["signed"]))


def sign_in(response: Response, request: Request, options: ServeOptions, row: Any) -> None:
    """Begin a session of a token's holder."""
    signed = f"{row.id}.{int(time.time()) + SECONDS}.{secrets.token_hex(16)}"
    _set(response, request, options, _SESSION, f"{signed}.{_sign(row, 'session', signed)}")


def sign_out(response: Response, request: Request, options: ServeOptions) -> None:
    """End the browser's session."""
    _set(response, request, options, _SESSION, "", seconds=0)


def visitor_key(request: Request) -> str:
    """What the sign-in form of this browser must bring back; "" before it had one."""
    value = request.cookies.get(_VISITOR, "")
    return value if re.fullmatch("[0-9a-f]{32}", value) else ""


def mark_visitor(response: Response, request: Request, options: ServeOptions, key: str) -> None:
    """Give the browser what its sign-in form will bring back."""
    _set(response, request, options, _VISITOR, key)


def _sign(row: Any, purpose: str, text: str) -> str:
    key = signing_key(row.workspace_key, row.hash)
    return hmac.digest(key, f"web {purpose}\n{text}".encode(), "sha256").hex()


def _set(
    response: Response,
    request: Request,
    options: ServeOptions,
    name: str,
    value: str,
    *,
    seconds: int = SECONDS,
) -> None:
    scheme = urlsplit(options.public_url).scheme if options.public_url else request.url.scheme
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path=root_of(options) + PREFIX,
        secure=scheme == "https",
        httponly=True,
        samesite="strict",
    )
