"""Who may do what: tokens in headers, roles, and a limit on failed logins.

The limit counts failures of one address in this process, and each server of a workspace counts
for itself: a token's 128 random bits cannot be guessed at any rate, so the limit only spares work,
and a table of failures would cost a write for each of them. A token that worked lately passes
although its address is over the limit, so that one bad client behind a shared address does not
lock its neighbours out; whether it still works is asked of the database every time.
"""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import Scope

from amltui.server import tokens
from amltui.server.links import signing_key
from amltui.server.problems import Forbidden, TooMany, Unknown
from amltui.server.state import State
from amltui.server.tokens import Caller
from amltui.wire import headers

_WINDOW: Final = 60.0
"""Seconds over which failures are counted."""
_REMEMBERED: Final = 4_096
"""Addresses and tokens that are remembered; the oldest go first."""


def token_of(request: Request) -> str:
    """The token that a request carries, in either header; "" for none."""
    token = request.headers.get(headers.TOKEN)
    if token is not None:
        return token.strip()
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else ""


def address_of(scope: Scope, *, proxied: bool) -> str:
    """Where a request comes from. `proxied`: as the proxy in front of this server says.

    A proxy adds its client at the end of the list; what stands before it anybody may have written.
    """
    if proxied:
        told = Headers(scope=scope).getlist("x-forwarded-for")
        if told:
            return told[-1].rpartition(",")[2].strip()[:100]
    return str((scope.get("client") or ("",))[0])


class Gate:
    """Lets requests in, or not."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()
        self._worked: OrderedDict[str, None] = OrderedDict()

    async def enter(self, request: Request, workspace_id: str, *, writes: bool) -> Caller:
        """Who sends this request.

        Raises:
            Unknown: the token or the workspace is wrong.
            Forbidden: the token only reads.
            TooMany: this address failed too often.
        """
        token = token_of(request)
        address = address_of(request.scope, proxied=self._state.options.public_url is not None)
        known = tokens.hashed(f"{workspace_id}\n{token}")
        if known not in self._worked:
            self._check_rate(address)
        async with self._state.database.reading() as connection:
            row = await tokens.find(connection, workspace_id, token) if token else None
        if row is None:
            self._worked.pop(known, None)
            self._failed(address)
            raise Unknown
        _remember(self._worked, known, None)
        if tokens.wants_touch(row):
            async with self._state.database.writing() as connection:
                await tokens.touch(connection, row.id)
        key = signing_key(row.workspace_key, row.hash)
        caller = Caller(row.id, row.name, row.role, key)
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
            raise TooMany(
                "Too many failed logins from this address. Wait a little.",
                headers={"Retry-After": str(wait)},
            )

    def _failed(self, address: str) -> None:
        times = self._failures.get(address, deque())
        times.append(time.monotonic())
        _remember(self._failures, address, times)


def _remember(memory: OrderedDict[str, Any], key: str, value: Any) -> None:
    memory[key] = value
    memory.move_to_end(key)
    while len(memory) > _REMEMBERED:
        memory.popitem(last=False)
