"""Who may do what: tokens in headers and the rights that they give."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any, Final

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import Scope

from amltui.server import tokens
from amltui.server.failed_logins import FailedLogins
from amltui.server.http_errors import Forbidden, StartError, Unauthorized
from amltui.server.links import signing_key
from amltui.server.options import Oidc, ServeOptions
from amltui.server.state import ServerState
from amltui.server.tokens import Caller, Right
from amltui.wire import headers

if TYPE_CHECKING:
    from amltui.server.oidc import Issuer

CALLER: Final = "amltui.caller"
"""Where in a request's scope its `Caller` stands, also if it may not do what it asks for."""
_REMEMBERED: Final = 4_096
"""Addresses of which it is remembered whether they are proxies'."""


def token_of(request: Request) -> str:
    """The token that a request carries, in either header; "" for none."""
    token = request.headers.get(headers.TOKEN)
    if token is not None:
        return token.strip()
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else ""


def address_of(scope: Scope, options: ServeOptions) -> str:
    """Where a request comes from: as the proxy in front of this server says, if it is a known one.

    A proxy adds its client at the end of the list; what stands before it anybody may have written.
    """
    address = str((scope.get("client") or ("",))[0])
    if options.public_url is None:
        return address
    forwarded = ",".join(Headers(scope=scope).getlist("x-forwarded-for")).split(",")
    while forwarded and _is_proxy(address, options.proxies):
        before = forwarded.pop().strip()[:100]
        address = before or address
    return address


@lru_cache(_REMEMBERED)
def _is_proxy(address: str, proxies: tuple[str, ...]) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return any(found in ip_network(proxy, strict=False) for proxy in proxies)


def _issuer(options: Oidc | None) -> Issuer | None:
    if options is None:
        return None
    try:
        from amltui.server.oidc import Issuer
    except ModuleNotFoundError:
        raise StartError("Tokens of an issuer need more: pip install 'amltui[oidc]'.") from None
    return Issuer(options)


class Authenticator:
    """Finds out who sends a request, and whether they may."""

    def __init__(self, state: ServerState) -> None:
        self._state = state
        self._issuer = _issuer(state.options.oidc)
        self._failures = FailedLogins(state.database, state.options.failed_logins)

    async def authenticate(self, request: Request, workspace_id: str, right: Right) -> Caller:
        """Who sends this request, if their token has that right.

        Raises:
            Unauthorized: the token or the workspace is wrong.
            Forbidden: the token has not the right.
            TooManyRequests: this address failed too often.
        """
        token = token_of(request)
        row = await self._row(workspace_id, token) if token else None
        if row is None:
            if token:
                await self._count(request)
            raise Unauthorized
        return await self.admit(request, row, right)

    async def known(self, request: Request, token: str) -> Any | None:
        """The row of a token of this workspace that somebody typed; a wrong one is counted.

        Raises:
            TooManyRequests: this address failed too often.
        """
        row = await tokens.find(self._state.database, self._state.workspace_id, token)
        if row is None:
            await self._count(request)
        return row

    async def admit(self, request: Request, row: Any, right: Right) -> Caller:
        """Who the holder of a token that is valid now is.

        Raises:
            Forbidden: the token has not the right.
        """
        if tokens.wants_touch(row):
            async with self._state.database.writing() as connection:
                await tokens.touch(connection, row.id)
        rights = frozenset(row.rights.split(","))
        key = signing_key(row.workspace_key, row.hash)
        caller = Caller(row.id, row.name, rights, row.prefix, key, row.quota)
        request.scope[CALLER] = caller
        if right not in rights:
            raise Forbidden(f"This token may not {_MAY_NOT[right]}. Ask an owner of the workspace.")
        return caller

    async def _count(self, request: Request) -> None:
        await self._failures.count(address_of(request.scope, self._state.options))

    async def _row(self, workspace_id: str, token: str) -> Any | None:
        """The row of one of our tokens, or of the person whom an issuer's token is about."""
        database, issuer = self._state.database, self._issuer
        row = await tokens.find(database, workspace_id, token)
        if row is not None or issuer is None or token.count(".") != 2:
            return row
        if workspace_id != self._state.workspace_id:
            return None
        return await issuer.row(database, workspace_id, token)


_MAY_NOT: Final[dict[Right, str]] = {
    "read": "read data sets",
    "write": "write data sets",
    "delete": "delete anything",
    "administer": "administer the workspace",
}
