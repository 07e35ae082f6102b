"""The pages' addresses, who may see which, and what stands around every answer."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any, Final
from urllib.parse import parse_qs

import jinja2
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import compile_path

from amltui.server.auth import Authenticator
from amltui.server.http_errors import (
    BadRequest,
    ContentTooLarge,
    Forbidden,
    HTTPError,
    MethodNotAllowed,
    NotFound,
    Unauthorized,
)
from amltui.server.routing import ACTION, Call
from amltui.server.state import ServerState
from amltui.server.tokens import Right
from amltui.server.web import pages, sessions, settings
from amltui.server.web.rows import FirstRows
from amltui.server.web.sessions import PREFIX, WebSession
from amltui.text import human_size, visible

_FORM_LIMIT: Final = 64 << 10
"""Bytes of a form at most."""
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Of every answer: nothing is run, loaded from elsewhere, framed or kept."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A request of somebody who is signed in."""

    call: Call
    session: WebSession
    form: dict[str, str]
    first_rows: FirstRows
    render: Callable[..., Response]
    go: Callable[[str], Response]

    def may(self, right: Right) -> bool:
        """Whether they have a right."""
        assert self.call.caller is not None
        return right in self.call.caller.rights


@dataclass(frozen=True, slots=True)
class Page:
    """One method on one path below `PREFIX`."""

    method: str
    path: str
    handler: Callable[[Any], Awaitable[Response]]
    right: Right
    action: str = ""
    """As `Endpoint.action`."""


_REGENERATE: Final = "/settings/tokens/{token}/regenerate"
_REVOKE: Final = "/settings/tokens/{token}/revoke"
PAGES: Final = (
    Page("GET", "/", pages.listing, "read"),
    Page("GET", "/datasets/{id}", pages.dataset, "read"),
    Page("GET", "/datasets/{id}/code", pages.code, "read"),
    Page("GET", "/datasets/{id}/content", pages.download, "read", "download"),
    Page("GET", "/settings", settings.overview, "read"),
    Page("GET", "/settings/tokens", settings.tokens_page, "administer"),
    Page("POST", "/settings/tokens", settings.create, "administer", "token.create"),
    Page("GET", _REGENERATE, settings.confirm, "administer"),
    Page("POST", _REGENERATE, settings.regenerate, "administer", "token.regenerate"),
    Page("GET", _REVOKE, settings.confirm, "administer"),
    Page("POST", _REVOKE, settings.revoke, "administer", "token.revoke"),
    Page("GET", "/settings/users", settings.users, "administer"),
    Page("GET", "/settings/usage", settings.usage_page, "administer"),
)
_ROUTES: Final = tuple((compile_path(page.path)[0], page) for page in PAGES)


class Site:
    """Answers what stands below `PREFIX`."""

    def __init__(self, authenticator: Authenticator, state: ServerState) -> None:
        self._authenticator = authenticator
        self._first_rows = FirstRows(state)

    async def respond(self, call: Call) -> Response:
        """The page that is asked for; the sign-in form for whoever has not signed in."""
        request = call.request
        if not request.scope["path"].startswith(PREFIX):
            return self._go(call, "/")  # where the cookies are sent
        path = request.scope["path"].removeprefix(PREFIX) or "/"
        try:
            response = await self._answer(call, path)
        except Unauthorized:
            response = self._sign_in_form(call, 401 if request.method == "POST" else 200)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    def failed(self, call: Call, error: HTTPError) -> Response:
        """An error as a page."""
        text = self._page(call, "error.html", status=error.status, words=str(error))
        return Response(
            text, error.status, headers={**HEADERS, **error.headers}, media_type="text/html"
        )

    async def _answer(self, call: Call, path: str) -> Response:
        request = call.request
        if path == "/style.css" and request.method in {"GET", "HEAD"}:
            return Response(
                _style(), media_type="text/css", headers={"Cache-Control": "max-age=3600"}
            )
        if path == "/sign-in" and request.method == "POST":
            return await self._sign_in(call)
        if path == "/sign-in":
            return self._sign_in_form(call)
        session = await sessions.session_of(call.state, request)
        if session is None:
            raise Unauthorized
        form = await _form(request) if request.method == "POST" else {}
        if request.method == "POST" and not hmac.compare_digest(
            form.get("form_key", "").encode(), session.form_key.encode()
        ):
            raise Forbidden("This form is not of this session. Go back, load the page again.")
        if path == "/sign-out" and request.method == "POST":
            response = self._go(call, "/sign-in")
            sessions.sign_out(response, request, call.state.options)
            return response
        return await self._page_of(call, path, session, form)

    async def _page_of(
        self,
        call: Call,
        path: str,
        session: WebSession,
        form: dict[str, str],
    ) -> Response:
        method = "GET" if call.request.method == "HEAD" else call.request.method
        found = [(page, match) for pattern, page in _ROUTES if (match := pattern.match(path))]
        if not found:
            raise NotFound("There is nothing at this address.")
        chosen = next((one for one in found if one[0].method == method), None)
        if chosen is None:
            allowed = ", ".join(sorted({page.method for page, _ in found}))
            raise MethodNotAllowed(
                "This method is not for this address.", headers={"Allow": allowed}
            )
        page, match = chosen
        call.request.scope[ACTION] = page.action
        call.request.scope["path_params"] = match.groupdict()
        caller = await self._authenticator.admit(call.request, session.row, page.right)
        origin = replace(call.origin, actor=caller.name, token_id=caller.token_id)
        call = replace(call, caller=caller, origin=origin, action=page.action)

        def render(template: str, status: int = 200, **values: Any) -> Response:
            text = self._page(call, template, session=session, **values)
            return Response(text, status, media_type="text/html")

        def go(path: str) -> Response:
            return self._go(call, path)

        return await page.handler(Visit(call, session, form, self._first_rows, render, go))

    def _sign_in_form(self, call: Call, status: int = 200, problem: str = "") -> Response:
        key = sessions.visitor_key(call.request) or secrets.token_hex(16)
        text = self._page(call, "sign_in.html", form_key=key, problem=problem)
        response = Response(text, status, media_type="text/html")
        sessions.mark_visitor(response, call.request, call.state.options, key)
        return response

    async def _sign_in(self, call: Call) -> Response:
        request = call.request
        form, key = await _form(request), sessions.visitor_key(request)
        if not key or not hmac.compare_digest(form.get("form_key", "").encode(), key.encode()):
            return self._sign_in_form(call, 403, "The form was too old. Try again.")
        row = await self._authenticator.known(request, form.get("token", "").strip())
        if row is None:
            call.state.audit.add(call.origin, "login", status=Unauthorized.status)
            return self._sign_in_form(call, 401, "This token is not one of the workspace's.")
        await self._authenticator.admit(request, row, "read")
        response = self._go(call, "/")
        sessions.sign_in(response, request, call.state.options, row)
        return response

    def _go(self, call: Call, path: str) -> Response:
        return RedirectResponse(sessions.root_of(call.state.options) + PREFIX + path, 303)

    def _page(self, call: Call, template: str, **values: Any) -> str:
        caller = call.caller
        return (
            _templates()
            .get_template(template)
            .render(
                root=sessions.root_of(call.state.options) + PREFIX,
                caller=caller,
                administers=caller is not None and "administer" in caller.rights,
                **values,
            )
        )


async def _form(request: Request) -> dict[str, str]:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _FORM_LIMIT:
            raise ContentTooLarge(f"A form is not longer than {_FORM_LIMIT} bytes.")
    try:
        found = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=100, errors="strict")
    except ValueError:
        raise BadRequest("The form is not what it should be.") from None
    if any("\x00" in value for values in found.values() for value in values):
        raise BadRequest("A form cannot hold a NUL character.")
    return {name: values[-1] for name, values in found.items()}


@cache
def _style() -> str:
    return (files("amltui.server.web") / "templates" / "style.css").read_text("utf-8")


@cache
def _templates() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("amltui.server.web"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["visible"] = visible
    made.filters["human_size"] = human_size
    made.filters["moment"] = lambda moment: moment.strftime("%Y-%m-%d %H:%M") if moment else ""
    return made
