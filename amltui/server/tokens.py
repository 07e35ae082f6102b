"""Access tokens: random, shown once, kept as hashes.

A token holds 128 random bits, so a plain SHA-256 of it cannot be turned back, and looking a token
up by its hash tells nothing about the stored ones.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from amltui.models import GLOBAL_WORKSPACE_ID, TokenInfo
from amltui.server import clock
from amltui.server.database.engine import Database
from amltui.server.database.tables import instances, tokens
from amltui.server.database.tables import secrets as shared
from amltui.server.http_errors import BadRequest, Conflict, NotFound
from amltui.server.links import Link, signing_key
from amltui.wire import names

Right = Literal["read", "write", "delete", "administer"]
RIGHTS: Final[tuple[Right, ...]] = ("read", "write", "delete", "administer")
ROLES: Final[dict[str, tuple[Right, ...]]] = {
    "reader": ("read",),
    "writer": ("read", "write"),
    "owner": RIGHTS,
}
"""Names for the usual sets of rights; a token with others is `custom`."""
PRIMARY: Final = "primary"
SECONDARY: Final = "secondary"
LINK_KEY: Final = "links"
"""The secret that all servers of a workspace sign links with."""
_TOUCH_EVERY: Final = 60_000_000
"""Microseconds: `last_used` is not written more often."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request."""

    token_id: str
    name: str
    rights: frozenset[str]
    prefix: str
    """With what the names of the datasets begin that it opens."""
    link_key: bytes
    """Signs the links that it gets."""
    quota: int | None = None
    """Bytes that all it stores may take. None: no limit of its own."""

    @property
    def is_owner(self) -> bool:
        """Whether it may do everything."""
        return "administer" in self.rights


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token may do."""

    rights: tuple[str, ...]
    prefix: str = ""
    quota: int | None = None
    """Bytes that all it stores may take."""

    @property
    def role(self) -> str:
        """The name of these rights."""
        named = (role for role, rights in ROLES.items() if set(rights) == set(self.rights))
        return next(named, "custom")


def grant(
    role: str, rights: Sequence[str] = (), prefix: str = "", quota: int | None = None
) -> Grant:
    """A role's rights, or the ones that are named, within a prefix and a quota in bytes.

    Raises:
        BadRequest: there is no such role or right, or they do not go together.
    """
    if role not in ROLES and not (role == "custom" and rights):
        raise BadRequest("A token's role is reader, writer or owner.")
    unknown = set(rights) - set(RIGHTS)
    if unknown:
        raise BadRequest("A token's rights are some of read, write, delete and administer.")
    chosen = tuple(right for right in RIGHTS if right in (rights or ROLES[role]))
    if prefix and (problem := names.problem_with(prefix)):
        raise BadRequest(f"No data set can begin with this prefix. {problem}")
    if prefix and "administer" in chosen:
        raise BadRequest("A token that administers the workspace cannot have a prefix.")
    if quota is not None and not 0 <= quota < 1 << 63:
        raise BadRequest("A token's quota is a number of bytes.")
    return Grant(chosen, prefix, quota)


def hashed(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


async def find(database: Database, workspace_id: str, token: str) -> Any | None:
    """The row of a token that is valid now, with `workspace_key`, or None."""
    digest = hashed(token)
    row = next(iter(await database.rows(_FIND, {"digest": digest})), None)
    return row if _is_valid(row, workspace_id, digest) else None


async def by_id(database: Database, token_id: str) -> Any | None:
    """A token's row, as `find` gives it, whether it is valid or not."""
    return next(iter(await database.rows(_BY_ID, {"wanted": token_id})), None)


async def works(connection: AsyncConnection, workspace_id: str, token: str) -> bool:
    """Whether a token is valid now."""
    digest = hashed(token)
    found = await connection.execute(_FIND, {"digest": digest})
    return _is_valid(found.first(), workspace_id, digest)


def _is_valid(row: Any, workspace_id: str, digest: str) -> bool:
    if row is None or not hmac.compare_digest(row.hash, digest):
        return False
    if not hmac.compare_digest(row.workspace_id.encode(), workspace_id.encode()):
        return False
    return row.expires is None or row.expires > clock.now()


async def link_target(
    connection: AsyncConnection, workspace_id: str, link: Link
) -> sa.Row[Any] | None:
    """The instance that a link opens now: `sha256`, None when it is deleted; None: no such link."""
    ids = [f"{owner}.{link.instance}" for owner in (workspace_id, GLOBAL_WORKSPACE_ID)]
    found = await connection.execute(
        sa.select(
            tokens.c.hash,
            tokens.c.expires,
            tokens.c.name.label("token_name"),
            _workspace_key(),
            instances.c.id,
            instances.c.name,
            instances.c.sha256,
            instances.c.size,
            instances.c.data_type_id,
        )
        .select_from(sa.outerjoin(tokens, instances, instances.c.id.in_(ids)))
        .where(tokens.c.id == link.token_id)
        .where(tokens.c.workspace_id == workspace_id)
    )
    row = found.first()
    if row is None or (row.expires is not None and row.expires <= clock.now()):
        return None
    return row if link.opens(signing_key(row.workspace_key, row.hash)) else None


async def rotate_links(connection: AsyncConnection) -> None:
    """Replace the key of all links: those that were given out end now."""
    await connection.execute(
        sa.update(shared).where(shared.c.name == LINK_KEY).values(value=secrets.token_bytes(32))
    )


def _workspace_key() -> sa.Label[bytes]:
    return (
        sa.select(shared.c.value)
        .where(shared.c.name == LINK_KEY)
        .scalar_subquery()
        .label("workspace_key")
    )


_FIND: Final = sa.select(tokens, _workspace_key()).where(tokens.c.hash == sa.bindparam("digest"))


_BY_ID: Final = sa.select(tokens, _workspace_key()).where(tokens.c.id == sa.bindparam("wanted"))


def wants_touch(row: Any) -> bool:
    """Whether `last_used` is old enough to be written again."""
    return row.last_used is None or clock.now() - row.last_used > _TOUCH_EVERY


async def touch(connection: AsyncConnection, token_id: str) -> None:
    """Remember that a token was used."""
    await connection.execute(
        sa.update(tokens).where(tokens.c.id == token_id).values(last_used=clock.now())
    )


async def listed(connection: AsyncConnection, workspace_id: str) -> list[TokenInfo]:
    """All tokens, the two owners' first, then the oldest first; expired ones too."""
    found = await connection.execute(
        sa.select(tokens)
        .where(tokens.c.workspace_id == workspace_id)
        .order_by(
            tokens.c.name != PRIMARY, tokens.c.name != SECONDARY, tokens.c.created, tokens.c.id
        )
    )
    return [info(row) for row in found]


async def create(
    connection: AsyncConnection,
    workspace_id: str,
    name: str,
    granted: Grant,
    expires: datetime | None,
    *,
    token: str | None = None,
) -> tuple[TokenInfo, str]:
    """Make a token; what is listed of it, and the token itself, which nobody can ask for again.

    Raises:
        BadRequest: the name is empty, or it would be expired already.
        Conflict: a token of that name exists.
    """
    if not name.strip() or len(name) > 100 or not name.isprintable():
        raise BadRequest("A token needs a name of 1 to 100 printable characters.")
    if expires is not None and clock.microseconds(expires) <= clock.now():
        raise BadRequest("This token would be expired already.")
    taken = await connection.scalar(
        sa.select(tokens.c.id)
        .where(tokens.c.workspace_id == workspace_id)
        .where(tokens.c.name == name)
    )
    if taken:
        raise Conflict(f'A token named "{name}" already exists.')
    token = token or secrets.token_hex(16)
    row = {
        "id": secrets.token_hex(8),
        "workspace_id": workspace_id,
        "name": name,
        "role": granted.role,
        "rights": ",".join(granted.rights),
        "prefix": granted.prefix,
        "quota": granted.quota,
        "hash": hashed(token),
        "created": clock.now(),
        "expires": clock.microseconds(expires) if expires else None,
    }
    await connection.execute(sa.insert(tokens).values(row))
    return info(await _row(connection, workspace_id, str(row["id"]))), token


async def one(connection: AsyncConnection, workspace_id: str, token_id: str) -> TokenInfo:
    """What may be shown of one token. `token_id` may be its name.

    Raises:
        NotFound: there is no such token.
    """
    return info(await _row(connection, workspace_id, token_id))


async def regenerate(
    connection: AsyncConnection, workspace_id: str, token_id: str
) -> tuple[TokenInfo, str]:
    """Replace a token's secret; the old one dies at once. `token_id` may be its name.

    Raises:
        NotFound: there is no such token.
    """
    row = await _row(connection, workspace_id, token_id)
    token = secrets.token_hex(16)
    await connection.execute(
        sa.update(tokens)
        .where(tokens.c.id == row.id)
        .values(hash=hashed(token), created=clock.now(), last_used=None)
    )
    return info(await _row(connection, workspace_id, row.id)), token


async def revoke(connection: AsyncConnection, workspace_id: str, token_id: str) -> TokenInfo:
    """Delete a token; it dies at once. What it was. `token_id` may be its name.

    Raises:
        NotFound: there is no such token.
        BadRequest: the two owners' tokens can only be regenerated.
    """
    row = await _row(connection, workspace_id, token_id)
    if row.name in {PRIMARY, SECONDARY}:
        raise BadRequest(f"The {row.name} token cannot be revoked, only regenerated.")
    await connection.execute(sa.delete(tokens).where(tokens.c.id == row.id))
    return info(row)


def info(row: sa.Row[Any]) -> TokenInfo:
    """What may be shown of a token."""
    return TokenInfo(
        id=row.id,
        name=row.name,
        role=row.role,
        rights=tuple(row.rights.split(",")),
        prefix=row.prefix,
        quota=row.quota,
        created=clock.moment(row.created),
        expires=clock.moment(row.expires) if row.expires is not None else None,
        last_used=clock.moment(row.last_used) if row.last_used is not None else None,
    )


async def _row(connection: AsyncConnection, workspace_id: str, token_id: str) -> sa.Row[Any]:
    found = await connection.execute(
        sa.select(tokens)
        .where(tokens.c.workspace_id == workspace_id)
        .where((tokens.c.id == token_id) | (tokens.c.name == token_id))
        .order_by(tokens.c.id != token_id)
    )
    row = found.first()
    if row is None:
        raise NotFound("There is no token with this id or name.")
    return row
