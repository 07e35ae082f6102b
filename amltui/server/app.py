"""The ASGI application: all endpoints, and what happens around each of them.

Around every request: an id, the map from exceptions to answers, one line in the log.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import Message, Receive, Scope, Send

from amltui.models import GLOBAL_WORKSPACE_ID
from amltui.server import catalog, log
from amltui.server.audit import Origin
from amltui.server.auth import CALLER, Authenticator, address_of, token_of
from amltui.server.database.failures import is_failure, is_full
from amltui.server.endpoints import ENDPOINTS
from amltui.server.http_errors import (
    BadRequest,
    Conflict,
    ContentLost,
    Forbidden,
    HTTPError,
    InsufficientStorage,
    InternalError,
    LengthRequired,
    MethodNotAllowed,
    NotFound,
    RequestTimeout,
    ServiceUnavailable,
    Unauthorized,
)
from amltui.server.quota import DISK_FULL
from amltui.server.responses import ListCache
from amltui.server.routing import ACTION, NO_EXPERIMENTS, Call, Endpoint, json_response
from amltui.server.rsgi import SEND_FILE, TOKEN_ID, body_length
from amltui.server.state import ServerState
from amltui.server.statistics import StatisticsService
from amltui.wire import headers
from amltui.wire.messages import Error

if TYPE_CHECKING:
    from amltui.server.web.site import Site

_DRAIN_BYTES: Final = 64 << 20
_DRAIN_SECONDS: Final = 10.0
_REQUEST: Final = "amltui.request"
"""Where in a request's scope its id stands."""
_ROUTE: Final = "amltui.route"
"""And the template of its address, once it is known."""
_PAGES: Final = ("/", "/web", "/web/{page:path}")
"""Addresses for browsers."""
_REQUEST_ID: Final = headers.REQUEST_ID.encode()


class Application:
    """ASGI: answers one workspace's protocol."""

    def __init__(self, state: ServerState) -> None:
        self._authenticator = Authenticator(state)
        self._state = state
        self.statistics = StatisticsService(state)
        self.watcher = state.watcher
        self._list_cache = ListCache()
        paths: dict[str, dict[str, Endpoint]] = {}
        for endpoint in ENDPOINTS:
            paths.setdefault(endpoint.path, {})[endpoint.method] = endpoint
        self._site: Site | None = None
        self._router = Router(
            [
                Route(f"/{template}", _Mounted(self, methods))
                for path, methods in paths.items()
                for template in _templates(path)
            ]
            + [Route(path, _Pages(self)) for path in _PAGES if state.options.web],
            redirect_slashes=False,
            default=_nothing_here,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        # The R client joins an endpoint that ends with a slash and a path that begins with one.
        scope["path"] = "/" + scope["path"].lstrip("/")
        request_id = scope[_REQUEST] = secrets.token_hex(8)
        began = time.perf_counter()
        status = sent = 0
        body = _Body(scope, receive)

        async def watched(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == SEND_FILE:
                sent += message["stop"] - message["start"]
            elif message["type"] == "http.response.body":
                sent += len(message.get("body", b""))
            elif message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message.get("headers", ()),
                    (_REQUEST_ID, request_id.encode()),
                    (b"server", b"amltui"),
                ]
            await send(message)

        try:
            try:
                _check_head(scope)
                await self._router(scope, body, watched)
            except ClientDisconnect:
                status = status or 499
            except Exception as error:  # the border: every failure becomes an answer
                if status:
                    log.event("cut", logging.ERROR, failed=True, id=request_id)
                    raise
                refusal = error_response(error, request_id)
                await body.drain()
                await refusal(scope, body, watched)
        finally:
            seconds = time.perf_counter() - began
            self.watcher.request(*_labels(scope), status, seconds, body.received, sent)
            log.event(
                "request",
                id=request_id,
                method=scope["method"],
                path=scope["path"],
                status=status,
                ms=round(seconds * 1000, 1),
                client=address_of(scope, self._state.options),
                token=scope.get(TOKEN_ID),
            )

    async def handle(self, endpoint: Endpoint, request: Request) -> Response:
        """Let the request in and answer it."""
        caller = None
        try:
            if endpoint.access != "open":
                caller = await self._authenticator.authenticate(
                    request, request.path_params["w"], endpoint.access
                )
                request.scope[TOKEN_ID] = caller.token_id
                if caller.prefix:
                    await self._check_prefix(caller.prefix, request.path_params)
            return await endpoint.handler(
                Call(
                    self._state,
                    self.statistics,
                    self._list_cache,
                    request,
                    caller,
                    self._origin(request),
                    endpoint.action,
                )
            )
        except Exception as error:
            self._note_refusal(endpoint.action, request, error)
            raise

    async def page(self, request: Request) -> Response:
        """The page for browsers that a request asks for."""
        if self._site is None:
            from amltui.server.web.site import Site  # templates cost a start that has no browser

            self._site = Site(self._authenticator, self._state)
        call = Call(
            self._state,
            self.statistics,
            self._list_cache,
            request,
            None,
            self._origin(request),
            "",
        )
        try:
            return await self._site.respond(call)
        except Exception as error:  # noqa: BLE001 - the border: every failure becomes a page
            self._note_refusal(request.scope.get(ACTION, ""), request, error)
            return self._site.failed(call, _answer_of(error, request.scope[_REQUEST]))

    async def _check_prefix(self, prefix: str, parts: dict[str, str]) -> None:
        """Keep a token within its prefix, whatever the route does with a dataset."""
        if not parts.get("e", GLOBAL_WORKSPACE_ID).startswith(GLOBAL_WORKSPACE_ID):
            raise Forbidden(NO_EXPERIMENTS)
        family = parts.get("family") or ".".join(parts.get("id", "").split(".")[1:2])
        if family:
            async with self._state.database.lookup() as connection:
                await catalog.check_prefix(connection, self._state.workspace_id, prefix, family)

    def _origin(self, request: Request) -> Origin:
        caller = request.scope.get(CALLER)
        return Origin(
            caller.name if caller else "",
            caller.token_id if caller else None,
            address_of(request.scope, self._state.options),
            request.scope[_REQUEST],
        )

    def _note_refusal(self, action: str, request: Request, error: Exception) -> None:
        """Remember for the audit log what was not done, and who tried to get in."""
        status = error.status if isinstance(error, HTTPError) else _kind_of(error).status
        if request.scope.get(CALLER) is None:
            if status == Unauthorized.status and token_of(request):
                self._state.audit.add(self._origin(request), "login", status=status)
            return
        if action:
            parts = request.path_params
            target = next((parts[part] for part in _TARGETS if part in parts), "")
            self._state.audit.add(self._origin(request), action, target, status=status)


_TARGETS: Final = ("id", "family", "e", "token")
"""Parts of a path that say what something is done to."""


class _Body:
    """A request's body, of which the rest can be thrown away.

    A connection that is closed while its client still sends is reset, and the client never sees
    the answer that says why.
    """

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._receive = receive
        self._ended = False
        self.received = 0
        self._asks = Headers(scope=scope).get("expect", "").lower() == "100-continue"

    async def __call__(self) -> Message:
        self._asks = False
        try:
            message = await self._receive()
        except TimeoutError:
            self._ended = True
            raise RequestTimeout from None
        self.received += len(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body", False):
            self._ended = True
        return message

    async def drain(self) -> None:
        """Read what the client still sends, within limits; one that asks first sends nothing."""
        if self._asks:
            return
        left = _DRAIN_BYTES
        with contextlib.suppress(TimeoutError, RequestTimeout):
            async with asyncio.timeout(_DRAIN_SECONDS):
                while not self._ended and left > 0:
                    left -= len((await self()).get("body", b""))


class _Mounted:
    """All methods of one path, as an ASGI application."""

    def __init__(self, app: Application, methods: dict[str, Endpoint]) -> None:
        self._app = app
        self._methods = methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"]
        endpoint = self._methods.get("GET" if method == "HEAD" else method)
        if endpoint is None:
            allowed = ", ".join(sorted(self._methods))
            raise MethodNotAllowed(
                "This method is not for this address.", headers={"Allow": allowed}
            )
        scope[_ROUTE] = endpoint.path
        request = Request(scope, receive)
        with self._app.watcher.active(*_labels(scope)):
            response = await self._app.handle(endpoint, request)
            await response(scope, receive, send)


class _Pages:
    """All pages for browsers, as an ASGI application."""

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[_ROUTE] = "web"
        request = Request(scope, receive)
        with self._app.watcher.active(*_labels(scope)):
            response = await self._app.page(request)
            await response(scope, receive, send)


def _labels(scope: Scope) -> tuple[str, str]:
    """Method and route for the metrics: nothing that clients could make up, and few."""
    route = scope.get(_ROUTE, "")
    return scope["method"] if route else "", route


def _check_head(scope: Scope) -> None:
    """Refuse what no id or name holds and PostgreSQL cannot even compare, and unknown lengths."""
    if body_length(scope) is None:
        raise LengthRequired
    hosts = Headers(scope=scope).getlist("host")
    if len(hosts) > 1 or (not hosts and scope["http_version"] not in {"1", "1.0"}):
        raise BadRequest("A request has one Host.")
    if "\x00" in scope["path"] or b"%00" in scope["query_string"]:
        raise BadRequest("An address cannot hold a NUL character.")


async def _nothing_here(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise NotFound("There is nothing at this address.")


def error_response(error: Exception, request_id: str) -> Response:
    """The answer for whatever went wrong."""
    answer = _answer_of(error, request_id)
    message = str(answer)
    return json_response(
        Error(message=message, error_message=message, id=request_id), answer.status, answer.headers
    )


def _answer_of(error: Exception, request_id: str) -> HTTPError:
    """What went wrong as clients are told; failures of ours are logged with their cause."""
    if not isinstance(error, HTTPError):
        return _own_failure(error, request_id)
    if error.status >= 500 or isinstance(error, ContentLost):
        log.event("refused", logging.WARNING, id=request_id, status=error.status, words=_why(error))
    return error


def _kind_of(error: Exception) -> type[HTTPError]:
    """How an exception that is no answer itself is answered."""
    if isinstance(error, sa.exc.IntegrityError):
        return Conflict
    if is_full(error):
        return InsufficientStorage
    return ServiceUnavailable if is_failure(error) else InternalError


def _own_failure(error: Exception, request_id: str) -> HTTPError:
    kind = _kind_of(error)
    if kind is Conflict:
        log.event("clash", logging.WARNING, failed=True, id=request_id)
        return Conflict("Somebody else changed this at the same moment. Look at it and try again.")
    if kind is InsufficientStorage:
        log.event("refused", logging.WARNING, id=request_id, status=507, words=_why(error))
        return InsufficientStorage(DISK_FULL)
    if kind is ServiceUnavailable:
        log.event("refused", logging.ERROR, id=request_id, status=503, words=_why(error))
        return ServiceUnavailable(
            f"The server's database cannot be used now (error id {request_id})."
        )
    log.event("failed", logging.ERROR, failed=True, id=request_id)
    return InternalError(f"The server failed (error id {request_id}).")


def _why(error: BaseException) -> str:
    """What happened, down to the first cause, in one line each."""
    words = []
    cause: BaseException | None = error
    while cause is not None:
        words.append(f"{type(cause).__name__}: {cause}".partition("\n")[0])
        cause = cause.__cause__
    return "; ".join(words)


def _templates(path: str) -> tuple[str, ...]:
    """A route's templates for the router: a port's name may hold slashes, a last one may lack."""
    template = path.replace("{port}", "{port:path}")
    return (template, template.rstrip("/")) if template.endswith("/") else (template,)
