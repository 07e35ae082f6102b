"""`amltui transfers`: what was begun and not finished."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from amltui.cli.exit_codes import DONE, code_of
from amltui.cli.options import COMMON, Common
from amltui.cli.output import Col, warn
from amltui.cli.session import run
from amltui.errors import AmltuiError
from amltui.redact import redacted
from amltui.text import visible

if TYPE_CHECKING:
    from amltui.services.session import Session
    from amltui.services.unfinished import Unfinished


def list_(*, common: Common = COMMON) -> None:
    """List the unfinished transfers of the workspace: how far they are, and why they stopped.

    Args:
        common: Common options.
    """

    async def work(session: Session) -> tuple[tuple[Unfinished, ...], int, str]:
        from amltui.services.unfinished import unfinished, unfinished_elsewhere

        elsewhere = unfinished_elsewhere(session.cache, session.key)
        return unfinished(session.cache, session.key), elsewhere, session.name

    found, elsewhere, name = run(common, work)
    if elsewhere:
        common.out.note(
            f"These are of {visible(redacted(name))} alone; {elsewhere:,} of other workspaces "
            f"{'is' if elsewhere == 1 else 'are'} unfinished: name one by --profile or --at."
        )
    if common.json:
        common.out.document([asdict(one) | {"error": one.error or None} for one in found])
        return
    columns = (
        Col("ID"),
        Col("KIND"),
        Col("NAME", wide=True),
        Col("STATE"),
        Col("DONE", "size"),
        Col("SIZE", "size"),
        Col("BEGUN", "time"),
        Col("PATH", wide=True),
        Col("REASON", wide=True),
    )
    common.out.table(
        columns,
        [(u.id, u.kind, u.name, u.state, u.done, u.total, u.begun, u.path, u.error) for u in found],
    )


def resume(*, common: Common = COMMON) -> int:
    """Go on with all unfinished transfers of the workspace, and wait for them.

    Args:
        common: Common options.
    """

    async def work(session: Session) -> int:
        from amltui.cli.progress import watched

        queue = await session.transfers()
        code = DONE
        taken = queue.resume_unfinished()
        for transfer in taken:
            try:
                await watched(queue, common.out, session.finished(transfer, keep=True))
            except AmltuiError as error:
                warn(f"{visible(transfer.name)}: {error}\n{error.hint}".rstrip())
                code = code or code_of(error)
            else:
                common.out.note(f'Finished the {transfer.kind} of "{visible(transfer.name)}".')
        if not taken:
            common.out.note("Nothing is unfinished.")
        return code

    return run(common, work)


def clear(*ids: str, common: Common = COMMON) -> None:
    """Drop unfinished transfers of the workspace, and what lies half done at their targets.

    Args:
        ids: Which ones, by the ids that the list shows; else all that no process runs.
        common: Common options.
    """

    async def work(session: Session) -> int:
        from amltui.services.unfinished import drop_unfinished

        dropped = drop_unfinished(session.cache, session.key, ids)
        if dropped.parts:
            try:
                await session.transfers()  # whose end removes them at the workspace
            except AmltuiError:
                common.out.note("What the workspace holds of them is removed at the next start.")
        return dropped.count

    dropped = run(common, work)
    common.out.note(f"Dropped {dropped} transfer{'' if dropped == 1 else 's'}.")
