"""Who may do what: tokens in headers, roles, and a limit on failed logins.

The limit counts wrong tokens of one address in this process, and each server of a workspace counts
for itself: a token's 128 random bits cannot be guessed at any rate, and a table of failures would
cost a write for each of them. A right token always gets in, whatever its address did before, so
that one bad client behind a shared address does not lock its neighbours out.
"""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import Scope

from amltui.server import tokens
from amltui.server.http_errors import Forbidden, TooManyRequests, Unauthorized
from amltui.server.links import signing_key
from amltui.server.options import ServeOptions
from amltui.server.state import ServerState
from amltui.server.tokens import Caller
from amltui.wire import headers

CALLER: Final = "amltui.caller"
"""Where in a request's scope its `Caller` stands, also if it may not do what it asks for."""
_WINDOW: Final = 60.0
"""Seconds over which failures are counted."""
_REMEMBERED: Final = 4_096
"""Addresses that are remembered; the oldest go first."""


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


class Authenticator:
    """Finds out who sends a request, and whether they may."""

    def __init__(self, state: ServerState) -> None:
        self._state = state
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    async def authenticate(self, request: Request, workspace_id: str, *, writes: bool) -> Caller:
        """Who sends this request.

        Raises:
            Unauthorized: the token or the workspace is wrong.
            Forbidden: the token only reads.
            TooManyRequests: this address failed too often.
        """
        token = token_of(request)
        async with self._state.database.lookup() as connection:
            row = await tokens.find(connection, workspace_id, token) if token else None
        if row is None:
            if token:
                address = address_of(request.scope, self._state.options)
                self._check_rate(address)
                self._failed(address)
            raise Unauthorized
        if tokens.wants_touch(row):
            async with self._state.database.writing() as connection:
                await tokens.touch(connection, row.id)
        key = signing_key(row.workspace_key, row.hash)
        caller = Caller(row.id, row.name, row.role, key)
        request.scope[CALLER] = caller
        if writes and not caller.is_owner:
            raise Forbidden("This token may only read. Ask an owner of the workspace.")
        return caller

    def _check_rate(self, address: str) -> None:
        times = self._failures.get(address)
        if times is None:
            return
        while times and times[0] < time.monotonic() - _WINDOW:
            times.popleft()
        if len(times) >= self._state.options.failed_logins:
            wait = int(times[0] + _WINDOW - time.monotonic()) + 1
            raise TooManyRequests(
                "Too many failed logins from this address. Wait a little.",
                headers={"Retry-After": str(wait)},
            )

    def _failed(self, address: str) -> None:
        times = self._failures.get(address, deque())
        times.append(time.monotonic())
        self._failures[address] = times
        self._failures.move_to_end(address)
        while len(self._failures) > _REMEMBERED:
            self._failures.popitem(last=False)
