"""`amltui server`: what is done to a whole workspace that this machine serves."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from amltui.cli import exit_codes
from amltui.cli.administer import server_errors
from amltui.cli.byte_progress import ByteProgress
from amltui.cli.commands.token import WhoseTokens
from amltui.cli.options import PLAIN, Plain
from amltui.cli.output import Col
from amltui.config.paths import data_dir
from amltui.errors import LocalError, UsageError
from amltui.text import human_size

if TYPE_CHECKING:
    from amltui.server.retention import Old
    from amltui.server.run import ServeOptions
    from amltui.server.workspace_copy import Copied


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Whole(WhoseTokens):
    """Which workspace."""

    contents: Annotated[
        str | None, Parameter(help="The server's contents, where they are not in the directory.")
    ] = None

    @property
    def options(self) -> ServeOptions:
        """As the server takes it."""
        from amltui.server.options import ServeOptions

        return ServeOptions(
            data=(self.data or data_dir()).absolute(),
            database=self.database,
            contents=self.contents,
        )


HERE = Whole()


def backup(directory: Path, /, *, common: Whole = HERE) -> int:
    """Copy a workspace while it is served, into a directory that `amltui serve` can be started on.

    The copy is consistent and verified; into the same directory only what is new is copied.

    Args:
        directory: Where to; made for you only.
        common: Common options.
    """
    from amltui.server import admin

    with ByteProgress(common.out) as progress, _writing("backup"):
        saved = admin.backup(common.options, directory.absolute(), progress.show)
    return _copied(common, saved, "Saved")


def restore(directory: Path, /, *, common: Whole = HERE) -> int:
    """Bring a workspace back from a backup, with its ids, tokens and links.

    Where to is said as for `amltui serve`. It must be empty, or hold what an earlier run left
    there: what is broken off is done to its end by the same command again.

    Args:
        directory: The backup.
        common: Common options.
    """
    from amltui.server import moving

    with ByteProgress(common.out) as progress, _writing("workspace"):
        copied = moving.restore(common.options, directory.absolute(), progress.show)
    return _copied(common, copied, "Restored")


def migrate(
    *,
    from_: Annotated[str, Parameter(name="--from")],
    to: str,
    from_contents: str | None = None,
    to_contents: str | None = None,
    common: Plain = PLAIN,
) -> int:
    """Copy a workspace into another database or store, with its ids, tokens and links.

    Run it while the workspace is served: most is copied then. Stop its servers and run it again:
    only what is new is copied. Then serve the copy. What is broken off is done to its end by the
    same command again. Uploads that were not committed do not come along.

    Args:
        from_: The data directory or the URL of the database.
        to: A new data directory, or the URL of an empty database.
        from_contents: Where the contents are, if not in that directory.
        to_contents: Where they go; else into the new directory, or they stay where they are.
        common: Common options.
    """
    from amltui.server import moving

    with ByteProgress(common.out) as progress, _writing("copy"):
        copied = moving.migrate(
            moving.Seat.of(from_, from_contents), moving.Seat.of(to, to_contents), progress.show
        )
    return _copied(common, copied, "Copied")


@contextmanager
def _writing(what: str) -> Iterator[None]:
    os.umask(0o077)
    with server_errors():
        try:
            yield
        except OSError as error:
            raise LocalError(f"The {what} cannot be written: {error}") from error


def _copied(common: Plain, copied: Copied, done: str) -> int:
    if common.json:
        common.out.document(asdict(copied))
    else:
        for sha256 in copied.damaged:
            common.out.line(f"Content {sha256} is damaged or missing in the store, and not copied.")
        common.out.note(
            f"{done} {copied.contents} contents, {human_size(copied.bytes)}; "
            f"{copied.copied} of them are new."
        )
        if not copied.current:
            common.out.note(
                "The workspace was changed meanwhile. Stop its servers and run this again."
            )
    if copied.damaged:
        return exit_codes.DAMAGED
    return exit_codes.DONE if copied.current else exit_codes.REFUSED


def usage(*, by: Literal["owner", "dataset", "version"] = "dataset", common: Whole = HERE) -> None:
    """Print what takes how much room, and how much its removal would give back.

    Equal contents are kept once: removing one of two datasets with the same bytes frees nothing.

    Args:
        by: What to add up.
        common: Common options.
    """
    from amltui.server import admin

    with server_errors():
        found = admin.usage(common.options, by)
    if common.json:
        common.out.document(asdict(found))
        return
    columns = (
        Col("NAME", wide=True),
        Col("VERSIONS", "count"),
        Col("TAKES", "size"),
        Col("FREES", "size"),
        Col("ID"),
    )
    common.out.table(
        columns,
        [
            (f"{g.name} (outputs)" if g.is_output else g.name, g.versions, g.bytes, g.frees, g.id)
            for g in found.groups
        ],
    )
    common.out.note(
        f"Stored: {human_size(found.stored)}, of this {human_size(found.examples)} examples and "
        f"{human_size(found.unused)} that nothing refers to. "
        f"Uploads not committed: {human_size(found.uploads)}."
    )


def retention(
    *,
    keep: int | None = None,
    days: float | None = None,
    audit_days: float | None = None,
    off: bool = False,
    dry_run: bool = False,
    common: Whole = HERE,
) -> None:
    """Show or set how long old versions and the audit log are kept.

    The latest version of a dataset always stays. An old one goes when each rule that is set says
    so. All servers of the workspace follow it, once an hour; `amltui serve --clean` does so now.

    Args:
        keep: Versions of each dataset that stay, the latest one counted.
        days: Days that a version stays after it was replaced.
        audit_days: Days that entries of the audit log stay.
        off: Keep all versions.
        dry_run: Set nothing: list the versions that would go.
        common: Common options.
    """
    from amltui.server import admin
    from amltui.server.retention import Policy, in_words

    _check_rules(keep, days, audit_days, off=off)

    def changed(policy: Policy) -> Policy:
        if off or keep is not None or days is not None:
            policy = replace(policy, keep=keep, days=days)
        return policy if audit_days is None else replace(policy, audit_days=audit_days)

    with server_errors():
        policy, old = admin.retention(common.options, changed, dry_run=dry_run)
    if common.json:
        document: dict[str, Any] = {"policy": asdict(policy), "due": [asdict(one) for one in old]}
        common.out.document(document)
        return
    if dry_run:
        columns = (
            Col("NAME", wide=True),
            Col("VERSION", "count"),
            Col("SIZE", "size"),
            Col("REPLACED", "time"),
            Col("ID"),
        )
        common.out.table(columns, [(o.name, o.number, o.size, o.replaced, o.id) for o in old])
    else:
        common.out.line(in_words(policy))
    common.out.note(_what_goes(old, "would go" if dry_run else "are to go"))


def _check_rules(
    keep: int | None, days: float | None, audit_days: float | None, *, off: bool
) -> None:
    if off and (keep is not None or days is not None):
        raise UsageError("--off excludes --keep and --days", hint="Leave one out.")
    if keep is not None and keep < 1:
        raise UsageError("--keep is 1 or more: the latest version always stays")
    for option, value in (("--days", days), ("--audit-days", audit_days)):
        if value is not None and not 0 <= value <= 36_500:
            raise UsageError(f"{option} is 0 to 36500")


def _what_goes(old: list[Old], how: str) -> str:
    if not old:
        return f"No versions {how}."
    size = human_size(sum(one.size for one in old))
    return f"{len(old)} versions of {size} {how}; equal contents count each time."
