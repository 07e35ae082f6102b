"""Bearer tokens of an OpenID Connect issuer, as another way in beside the workspace's own tokens.

The issuer signs who somebody is and, in a claim, which role they have; this server only verifies.
A person has a row among the workspace's tokens, without a secret, so that what they do is written
down and bounded as with any token, and the links that they get end with their last token.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import time
import urllib.request
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import anyio.to_thread
import jwt
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from amltui.server import clock, log, tokens
from amltui.server.database.engine import Database
from amltui.server.database.tables import tokens as table
from amltui.server.http_errors import ServiceUnavailable, StartError
from amltui.server.options import Oidc
from amltui.server.tokens import ROLES, Grant

_ALGORITHMS: Final = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
)  # fmt: skip
"""Of key pairs only: with a shared secret whoever can verify could also sign."""
_LEEWAY: Final = 30.0
"""Seconds by which clocks may differ."""
_FRESH: Final = 3_600.0
"""Seconds after which the issuer's keys are asked for again."""
_PAUSE: Final = 10.0
"""Seconds between two times that they are asked for, whatever tokens say about their key."""
_TIMEOUT: Final = 10.0
_LATEST: Final = 1 << 62
"""Microseconds since 1970 that a database takes."""
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


def check(options: Oidc) -> None:
    """Refuse an issuer whose keys anybody on the way could replace.

    Raises:
        StartError: the text says why.
    """
    address = urlsplit(options.issuer)
    safe = address.scheme == "https" or (address.scheme == "http" and address.hostname in _LOOPBACK)
    if not safe or not address.netloc:
        raise StartError(f"{options.issuer} is no issuer: write it as https://login.example.org.")
    if not options.audience:
        raise StartError("--oidc-issuer needs --oidc-audience: for whom its tokens are made.")


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a token is about."""

    id: str
    """Alike for all tokens of the same person."""
    name: str
    role: str
    expires: int
    """When the token ends, in microseconds since 1970."""


class Issuer:
    """Verifies the tokens of one issuer."""

    def __init__(self, options: Oidc) -> None:
        check(options)
        self._options = options
        self._keys: dict[str | None, jwt.PyJWK] = {}
        self._asked = self._read = float("-inf")
        self._turn = asyncio.Lock()

    async def row(self, database: Database, workspace_id: str, token: str) -> Any | None:
        """The row of the person whom a token is about; see `tokens.find` and `person`."""
        person = await self.person(token)
        return await _admit(database, workspace_id, person) if person else None

    async def person(self, token: str) -> Person | None:
        """Whom a token is about; None when it is none of this issuer's, or of nobody with a role.

        Raises:
            ServiceUnavailable: the issuer's keys are not known, and it does not give them.
        """
        try:
            kid = jwt.get_unverified_header(token).get("kid")
            key = await self._key(kid)
            if key is None:
                return None
            claims = jwt.decode(
                token,
                key,
                algorithms=_ALGORITHMS,
                audience=self._options.audience,
                issuer=self._options.issuer,
                leeway=_LEEWAY,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except jwt.PyJWTError:
            return None
        role = _role(claims, self._options.claim)
        return self._described(claims, role) if role else None

    def _described(self, claims: dict[str, Any], role: str) -> Person:
        subject = str(claims["sub"])
        given = (claims.get(name) for name in ("preferred_username", "email", "sub"))
        name = next(str(one) for one in given if one)
        host = urlsplit(self._options.issuer).netloc
        shown = f"{''.join(c for c in name if c.isprintable())[:60]}@{host}"
        identity = tokens.hashed(f"{self._options.issuer}\n{subject}")[:32]
        expires = min(int(claims["exp"]) * 1_000_000, _LATEST)
        return Person(identity, shown[:90], role, expires)

    async def _key(self, kid: str | None) -> jwt.PyJWK | None:
        if self._fits(kid) and time.monotonic() - self._read <= _FRESH:
            return self._fits(kid)
        async with self._turn:
            now = time.monotonic()
            wanted = self._fits(kid) is None or now - self._read > _FRESH
            if wanted and now - self._asked > _PAUSE:
                self._asked = now
                try:
                    async with asyncio.timeout(2 * _TIMEOUT):  # one that drips its answer, too
                        self._keys = await anyio.to_thread.run_sync(self._fetch)
                    self._read = now
                except (OSError, ValueError, KeyError, jwt.PyJWTError) as error:
                    words = f"{type(error).__name__}: {error}"
                    log.event("issuer failed", logging.WARNING, words=words)
        if not self._keys:
            raise ServiceUnavailable("The issuer of this token does not answer. Try again later.")
        return self._fits(kid)

    def _fits(self, kid: str | None) -> jwt.PyJWK | None:
        """The key of that name; an issuer with one key need not name it."""
        if kid is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(kid)

    def _fetch(self) -> dict[str | None, jwt.PyJWK]:
        issuer = self._options.issuer
        where = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        with urllib.request.urlopen(where, timeout=_TIMEOUT) as answer:  # noqa: S310 - see `check`
            found = json.loads(answer.read(1 << 20))
        if found["issuer"] != issuer:
            raise ValueError(f"it calls itself {found['issuer']}")
        check(Oidc(found["jwks_uri"], "keys"))
        client = jwt.PyJWKClient(found["jwks_uri"], timeout=_TIMEOUT, cache_jwk_set=False)
        return {key.key_id: key for key in client.get_signing_keys()}


def _role(claims: dict[str, Any], path: str) -> str | None:
    """The highest of our roles that a claim names; `a.b` is claim `b` within claim `a`."""
    value: Any = claims
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    named = {value} if isinstance(value, str) else set()
    if isinstance(value, list):
        named = set(map(str, value))
    return next((role for role in reversed(ROLES) if role in named), None)


async def _admit(database: Database, workspace_id: str, person: Person) -> Any:
    """The person's row among the tokens, as their token says now; see `tokens.find`."""
    row = await tokens.by_id(database, person.id)
    granted = Grant(ROLES[person.role])
    rights = ",".join(granted.rights)
    if row is None or row.rights != rights or (row.expires or 0) < person.expires:
        async with database.writing() as connection:
            await _write(connection, workspace_id, person, rights)
        row = await tokens.by_id(database, person.id)
    return row


async def _write(
    connection: AsyncConnection, workspace_id: str, person: Person, rights: str
) -> None:
    values = {"role": person.role, "rights": rights, "expires": person.expires}
    changed = await connection.execute(
        sa.update(table).where(table.c.id == person.id).values(values)
    )
    if changed.rowcount:
        return
    taken = await connection.scalar(
        sa.select(table.c.id)
        .where(table.c.workspace_id == workspace_id)
        .where(table.c.name == person.name)
    )
    await connection.execute(
        sa.insert(table).values(
            id=person.id,
            workspace_id=workspace_id,
            name=f"{person.name} {person.id[:8]}" if taken else person.name,
            hash=tokens.hashed(secrets.token_hex(32)),  # of a secret that nobody has
            created=clock.now(),
            **values,
        )
    )
