"""`amltui audit`: who did what in the workspace that this machine serves."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final, Literal

from amltui.cli.administer import server_errors
from amltui.cli.commands.token import HERE, WhoseTokens
from amltui.cli.moments import moment
from amltui.cli.output import Col, Out
from amltui.errors import UsageError
from amltui.text import iso_utc, visible

if TYPE_CHECKING:
    from amltui.server.audit import AuditEntry

_LAST: Final = 100
"""Entries that are shown on a terminal where nobody said how many."""
_FIELDS: Final = (
    "time", "actor", "token_id", "client", "action", "target", "name", "status", "request_id",
)  # fmt: skip


def audit(
    *,
    since: str | None = None,
    until: str | None = None,
    actor: str = "",
    action: str = "",
    dataset: str = "",
    client: str = "",
    refused: bool = False,
    last: int | None = None,
    format: Literal["table", "csv", "jsonl"] | None = None,  # noqa: A002 - as elsewhere
    common: WhoseTokens = HERE,
) -> None:
    """Print the audit log, oldest first: changes, downloads, refusals, work on the server itself.

    On a terminal these are the last 100 entries, elsewhere all. One entry of a download or a
    refusal stands for all that are alike within ten minutes.

    Args:
        since: Only from then on: 2026-11-01, "2 weeks ago", today.
        until: Only before then.
        actor: Only what was done by the token of that name, or USER@local on the server itself.
        action: Only that action, such as dataset.delete, or that kind, such as token.
        dataset: Only what was done to the dataset, experiment or token of that name or id.
        client: Only what came from that address.
        refused: Only what was refused.
        last: Only so many, the newest.
        format: csv or jsonl to export them, a table else.
        common: Common options.
    """
    from amltui.server import admin
    from amltui.server.audit import Filter

    if last is not None and last < 1:
        raise UsageError("--last is 1 or more")
    if format not in {None, "table"} and common.json:
        raise UsageError("Give --json or --format, not both")
    out = common.out
    shown = _LAST if last is None and out.on_terminal and format is None else last
    which = Filter(
        since=moment("--since", since),
        until=moment("--until", until),
        actor=actor,
        action=action,
        dataset=dataset,
        client=client,
        refused=refused,
        last=shown,
    )
    found: list[AuditEntry] = []
    take = _exporter(format, out) or found.extend
    with server_errors():
        total = admin.read_audit(common.options, which, take)
    if common.json:
        out.document([_document(entry) for entry in found])
    elif format in {None, "table"}:
        _table(common, found, as_table=True if format == "table" else None)
        if last is None and len(found) < total:
            out.note(f"The last {len(found)} of {total:,} entries; --last N shows more.")


def _exporter(form: str | None, out: Out) -> Callable[[Sequence[AuditEntry]], None] | None:
    """What prints entries as they come, where that is asked for."""
    if form == "jsonl":

        def lines(entries: Sequence[AuditEntry]) -> None:
            for entry in entries:
                out.json_line(_document(entry))

        return lines
    if form == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(_FIELDS)
        return lambda entries: writer.writerows(_cells(entry) for entry in entries)
    return None


def _table(common: WhoseTokens, entries: list[AuditEntry], *, as_table: bool | None) -> None:
    columns = (
        Col("TIME", "time"),
        Col("WHO"),
        Col("FROM"),
        Col("ACTION"),
        Col("RESULT"),
        Col("WHAT", wide=True),
        Col("ID"),
        Col("REQUEST"),
    )
    rows = [
        (e.time, e.actor, e.client, e.action, _result(e), e.name or e.target, e.target,
         e.request_id)
        for e in entries
    ]  # fmt: skip
    common.out.table(columns, rows, as_table=as_table)


def _result(entry: AuditEntry) -> str:
    return "done" if entry.status < 400 else f"refused {entry.status}"


def _document(entry: AuditEntry) -> dict[str, Any]:
    return {**asdict(entry), "refused": entry.status >= 400}


def _cells(entry: AuditEntry) -> list[Any]:
    document = _document(entry) | {"time": iso_utc(entry.time)}
    return [visible(str(document[field] or "")) for field in _FIELDS]
