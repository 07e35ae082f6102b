"""`amltui transfers`: what was begun and not finished."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import asdict
from typing import TYPE_CHECKING

from amltui.cli.exit_codes import DONE, code_of
from amltui.cli.options import COMMON, Common
from amltui.cli.output import Col, warn
from amltui.cli.session import run
from amltui.cli.several_names import JOBS
from amltui.errors import AmltuiError
from amltui.redact import redacted
from amltui.text import visible

if TYPE_CHECKING:
    from amltui.services.session import Session
    from amltui.services.unfinished import Unfinished
    from amltui.transfers.entries import CopyEntry


def list_(*, common: Common = COMMON) -> None:
    """List the unfinished transfers of the workspace: how far they are, and why they stopped.

    A copy is among those of the workspace that it comes from, that it goes to, and that it was
    asked for in.

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
        from amltui.services.copies import left_by_others

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
        copies = left_by_others(session)
        for entry in copies:
            code = max(code, await _go_on(common, session, entry))
        if not taken and not copies:
            common.out.note("Nothing is unfinished.")
        return code

    return run(common, work)


async def _go_on(common: Common, session: Session, entry: CopyEntry) -> int:
    """Go on with copies and wait for them; the exit code of the worst."""
    from amltui.cli.progress import watched
    from amltui.services.copies import take_up
    from amltui.services.copying import CopyStep
    from amltui.services.one_copy import Made
    from amltui.services.selection import work_through

    name = visible(entry.record.name)
    code = DONE

    def failed(what: str, error: AmltuiError) -> int:
        warn(f"{what}: {error}\n{error.hint}".rstrip())
        return max(code, code_of(error))

    try:
        async with take_up(entry, session, (await session.transfers()).options) as copies:

            async def work() -> None:
                nonlocal code
                results = work_through(copies.steps, copies.make, at_once=JOBS)
                async with aclosing(results):
                    step: CopyStep
                    result: Made | AmltuiError
                    async for step, result in results:
                        if isinstance(result, AmltuiError):
                            code = failed(f'"{visible(step.source.name)}"', result)

            await watched(await copies.target.transfers(), common.out, work())
    except AmltuiError as error:
        return failed(name, error)
    if code == DONE:
        common.out.note(f"Finished the copy of {name}.")
    return code


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
