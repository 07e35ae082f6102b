"""`amltui token`: who may use the workspace that this machine serves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from amltui.cli.administer import server_errors
from amltui.cli.options import Plain
from amltui.cli.output import Col
from amltui.config.paths import data_dir
from amltui.errors import UsageError
from amltui.models import TokenInfo
from amltui.times import local_time, parse_time

if TYPE_CHECKING:
    from amltui.server.run import ServeOptions


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class WhoseTokens(Plain):
    """Whose tokens."""

    data: Annotated[Path | None, Parameter(help="The server's data directory.")] = None
    database: Annotated[
        str | None, Parameter(help="The server's database, where it is not in the data directory.")
    ] = None

    @property
    def options(self) -> ServeOptions:
        """As the server takes it."""
        from amltui.server.options import ServeOptions

        return ServeOptions(data=(self.data or data_dir()).absolute(), database=self.database)


HERE = WhoseTokens()


def list_(*, common: WhoseTokens = HERE) -> None:
    """List the tokens, expired ones too; their values are kept nowhere.

    Args:
        common: Common options.
    """
    from amltui.server import admin

    with server_errors():
        tokens = admin.list_tokens(common.options)
    if common.json:
        common.out.document([_document(token) for token in tokens])
        return
    columns = (
        Col("ID"),
        Col("NAME"),
        Col("ROLE"),
        Col("PREFIX"),
        Col("QUOTA", "size"),
        Col("CREATED", "time"),
        Col("EXPIRES", "time"),
        Col("LAST USED", "time"),
    )
    common.out.table(
        columns,
        [
            (
                one.id,
                one.name,
                _role(one),
                one.prefix,
                one.quota,
                one.created,
                one.expires,
                one.last_used,
            )
            for one in tokens
        ],
    )


def _role(token: TokenInfo) -> str:
    """The name of its rights, or what they are."""
    return "+".join(token.rights) if token.role == "custom" else token.role


def create(
    name: str,
    /,
    *,
    role: Literal["reader", "writer", "owner"] = "reader",
    right: tuple[Literal["read", "write", "delete", "administer"], ...] = (),
    prefix: str = "",
    quota: int | None = None,
    days: float | None = None,
    expires: str | None = None,
    common: WhoseTokens = HERE,
) -> None:
    """Make a token and print it: this once, for only its hash is kept.

    Args:
        name: What to call it.
        role: A reader reads, a writer also uploads and edits, an owner may do everything.
        right: Only these rights, in place of a role's; may be given several times.
        prefix: Only datasets whose names begin with this, for all rights.
        quota: Bytes that all it stores may take.
        days: How long it works; without it and --expires, for good.
        expires: When it ends: 2027-01-31, "1 Feb 2027 18:00", tomorrow.
        common: Common options.
    """
    from amltui.server import admin

    with server_errors():
        made = admin.create_token(
            common.options,
            name,
            "custom" if right else role,
            _end(days, expires),
            rights=right,
            prefix=prefix,
            quota=quota,
        )
    _print_secret(common, made.info, made.secret)


def _end(days: float | None, expires: str | None) -> datetime | None:
    now = datetime.now(UTC)
    if days is not None:
        if expires is not None:
            raise UsageError("Give --days or --expires, not both")
        if not 0 < days <= 36_500:
            raise UsageError("--days is more than 0 and at most 36500")
        return now + timedelta(days=days)
    if expires is None:
        return None
    try:
        end = parse_time(expires, now=now)
    except ValueError as error:
        raise UsageError(f"--expires: {error}") from None
    if end <= now:
        raise UsageError(f"--expires: {local_time(end)} is not in the future")
    return end


def regenerate(token: str, /, *, common: WhoseTokens = HERE) -> None:
    """Replace a token's value and print the new one; the old one ends at once.

    Args:
        token: Its id or name; `primary` is the owner's own.
        common: Common options.
    """
    from amltui.server import admin

    with server_errors():
        made = admin.regenerate_token(common.options, token)
    _print_secret(common, made.info, made.secret)


def revoke(token: str, /, *, common: WhoseTokens = HERE) -> None:
    """End a token for good. `primary` and `secondary` can only be regenerated.

    Args:
        token: Its id or name.
        common: Common options.
    """
    from amltui.server import admin

    with server_errors():
        admin.revoke_token(common.options, token)
    common.out.note(f'The token "{token}" ends now.')


def rotate_links(*, common: WhoseTokens = HERE) -> None:
    """End all links to contents that were given out. Clients get new ones with the next list.

    Args:
        common: Common options.
    """
    from amltui.server import admin

    with server_errors():
        admin.rotate_links(common.options)
    common.out.note("All links that were given out end now; the tokens stay.")


def _print_secret(common: WhoseTokens, info: TokenInfo, secret: str) -> None:
    common.out.note("This is shown once. Keep it where only its user can read it.")
    if common.json:
        common.out.document({**_document(info), "token": secret})
    else:
        common.out.line(secret)


def _document(token: TokenInfo) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "role": token.role,
        "rights": list(token.rights),
        "prefix": token.prefix,
        "quota": token.quota,
        "created": token.created,
        "expires": token.expires,
        "last_used": token.last_used,
    }
