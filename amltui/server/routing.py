"""Endpoints as data: what the router mounts, and what the OpenAPI description tells.

Each handler is an async function of a `Call`; the table of all endpoints is in `app`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeVar

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response

from amltui.server import audit
from amltui.server.audit import Origin
from amltui.server.http_errors import BadRequest, ContentTooLarge, Forbidden
from amltui.server.links import Signer, expiry
from amltui.server.responses import DatasetSerializer, ListCache
from amltui.server.rsgi import body_length
from amltui.server.state import ServerState
from amltui.server.statistics import StatisticsService
from amltui.server.tokens import Caller, Right

_T = TypeVar("_T")
Access = Right | Literal["open"]
"""The right that a token needs for an endpoint; or none is asked for."""
JSON_TYPE: Final = "application/json; charset=utf-8"
NO_EXPERIMENTS: Final = "This token is for data sets only, those whose names begin with its prefix."
ACTION: Final = "amltui.action"
"""Where in the scope of a page's request stands what the audit log calls it."""
BODY_LIMIT: Final = 1 << 20
"""Bytes of a JSON body at most."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request to an endpoint."""

    state: ServerState
    statistics: StatisticsService
    list_cache: ListCache
    request: Request
    caller: Caller | None
    """None where access is open."""
    origin: Origin
    """Who sent the request, for the audit log."""
    action: str
    """What the audit log calls it; see `Endpoint`."""

    async def record(
        self, connection: AsyncConnection, target: str = "", name: str = "", action: str = ""
    ) -> None:
        """Write down in the audit log what this transaction changes."""
        await audit.record(connection, self.origin, action or self.action, target, name)

    @property
    def prefix(self) -> str:
        """With what the names of the datasets begin that the caller's token opens."""
        return self.caller.prefix if self.caller else ""

    def check_name(self, name: str) -> None:
        """Refuse a name that the caller's token would not open.

        Raises:
            Forbidden: it does not begin with the token's prefix.
        """
        if not name.startswith(self.prefix):
            raise Forbidden(
                f'This token is for data sets whose names begin with "{self.prefix}". Choose such '
                "a name."
            )

    def part(self, name: str) -> str:
        """A part of the path, decoded."""
        return str(self.request.path_params[name])

    def query(self, name: str, default: str = "") -> str:
        """A query parameter."""
        return self.request.query_params.get(name, default)

    @property
    def size(self) -> int:
        """Bytes of the body, as the request says."""
        return body_length(self.request.scope) or 0

    def number(self, name: str) -> int:
        """A query parameter that is a whole number.

        Raises:
            BadRequest: it is none, or missing.
        """
        text = self.query(name)
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            raise BadRequest(f"{name} must be a whole number.")
        return int(text)

    async def json(self, kind: type[_T]) -> _T:
        """The body as a message.

        Raises:
            BadRequest: it is no such message.
            ContentTooLarge: it is longer than any of them.
        """
        body = bytearray()
        async for chunk in self.request.stream():
            body += chunk
            if len(body) > BODY_LIMIT:
                raise ContentTooLarge(f"The body is longer than {BODY_LIMIT} bytes.")
        try:
            message = msgspec.json.decode(body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise BadRequest(f"The body is not what it should be: {error}") from None
        if b"\\u0000" in body and _holds_nul(msgspec.to_builtins(message)):
            raise BadRequest("The body has forbidden characters: NUL.")
        return message

    def signer(self) -> Signer:
        """What signs the links for who sent the request."""
        assert self.caller is not None
        expires = expiry(self.state.options.link_lifetime)
        return Signer(self.caller.link_key, self.caller.token_id, expires)

    def serializer(self) -> DatasetSerializer:
        """What writes datasets into the answer."""
        return DatasetSerializer(self.signer(), base_uri(self))


def _holds_nul(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_holds_nul(part) for part in value.values())
    return isinstance(value, str) and "\x00" in value


def base_uri(call: Call) -> str:
    """The address under which the client reached this server, with a slash at its end."""
    if call.state.options.public_url:
        return call.state.options.public_url.rstrip("/") + "/"
    url = call.request.url
    return f"{url.scheme}://{url.netloc}/"


def raw_json_response(body: bytes) -> Response:
    """An answer that is JSON already."""
    return Response(body, media_type=JSON_TYPE)


def json_response(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(
        msgspec.json.encode(value), status_code=status, media_type=JSON_TYPE, headers=headers
    )


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter, for the description."""

    name: str
    description: str
    kind: Literal["string", "integer"] = "string"
    required: bool = True


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method on one path."""

    method: str
    path: str
    """A template of `wire.routes`."""
    handler: Callable[[Call], Awaitable[Response]]
    access: Access
    summary: str
    query: tuple[Parameter, ...] = ()
    body: type | None = None
    """A message, or bytes for raw contents."""
    answer: Any = None
    """A message type, or bytes, or None for an empty answer."""
    action: str = ""
    """What the audit log calls it; "" for what is not written down."""
    success: int = 200
    """The status of its answer; one without an answer has 204."""
    problems: dict[int, str] = field(default_factory=dict, hash=False)
    """Statuses that it may answer beside the usual ones."""
