"""`amltui transfers`: what was begun and not finished."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amltui.cli.common import COMMON, Common
from amltui.cli.output import Col, warn
from amltui.cli.work import run
from amltui.errors import AmltuiError
from amltui.text import visible

if TYPE_CHECKING:
    from amltui.services.session import Session
    from amltui.transfers import Record


def list_(*, common: Common = COMMON) -> None:
    """List the unfinished transfers of the workspace.

    Args:
        common: Common options.
    """

    async def work(session: Session) -> tuple[Record, ...]:
        from amltui.services.unfinished import unfinished

        return unfinished(session.cache, session.key)

    found = run(common, work)
    if common.json:
        common.out.document(
            [
                {
                    "id": one.id,
                    "kind": one.kind,
                    "name": one.name,
                    "begun": one.begun,
                    "path": _path(one),
                }
                for one in found
            ]
        )
        return
    columns = (Col("KIND"), Col("NAME", wide=True), Col("BEGUN", "time"), Col("PATH", wide=True))
    common.out.table(columns, [(one.kind, one.name, one.begun, _path(one)) for one in found])


def resume(*, common: Common = COMMON) -> None:
    """Go on with all unfinished transfers of the workspace, and wait for them.

    Args:
        common: Common options.
    """

    async def work(session: Session) -> None:
        from amltui.cli.progress import watched

        queue = await session.transfers()
        failure: AmltuiError | None = None
        taken = queue.resume_unfinished()
        for transfer in taken:
            try:
                await watched(queue, common.out, queue.finished(transfer.id))
            except AmltuiError as error:
                warn(f"{visible(transfer.name)}: {error}")
                failure = failure or error
            else:
                common.out.note(f'Finished the {transfer.kind} of "{visible(transfer.name)}".')
        if not taken:
            common.out.note("Nothing is unfinished.")
        if failure is not None:
            raise failure

    run(common, work)


def clear(*, common: Common = COMMON) -> None:
    """Drop all unfinished transfers of the workspace, and what lies half done at their targets.

    Args:
        common: Common options.
    """

    async def work(session: Session) -> int:
        from amltui.services.unfinished import drop_unfinished

        return drop_unfinished(session.cache, session.key)

    common.out.note(f"Dropped {run(common, work)} transfers.")


def _path(record: Record) -> str | None:
    if record.upload is not None:
        return record.upload.path
    return record.download.target if record.download is not None else None
